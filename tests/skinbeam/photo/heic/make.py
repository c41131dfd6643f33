"""Makes the HEIC pictures of this folder, of drawings and of the portrait of the example, with made-up metadata.

It needs `pillow-heif`, whose encoder (x265) is under the GPL: install it in an environment of its own, never in this
program's. Run as `python tests/skinbeam/photo/heic/make.py` from the repository.
"""

import sys
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[2]))
from skinbeam.photo.decoding.srgb import DISPLAY_P3  # noqa: E402

pillow_heif.register_heif_opener()


def quarters() -> Image.Image:
    """160 x 128 pixels, each quarter with its own colour, so that no turn leaves it as it is."""
    pixels = np.zeros((128, 160, 3), np.uint8)
    pixels[:64, :80], pixels[:64, 80:], pixels[64:, :80], pixels[64:, 80:] = (
        (200, 40, 30),
        (30, 180, 70),
        (50, 60, 200),
        (180, 180, 180),
    )
    return Image.fromarray(pixels)


def about() -> Image.Exif:
    """What a telephone writes beside a picture: who, where, with what."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "Madeupphone", "Model Zebra", "Quillon Featherstonehaugh"
    exif.get_ifd(0x8769).update({0xA430: "Owner Featherstonehaugh", 0xA431: "SN-4711-0815"})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.5), 3: "E", 4: (16.0, 22.0, 11.25)})
    return exif


def save(name: str, image: Image.Image, **options: object) -> None:
    image.save(HERE / name, "HEIF", quality=95, chroma=444, **options)


if __name__ == "__main__":
    save("telephone.heic", quarters(), exif=about().tobytes(), icc_profile=DISPLAY_P3)
    # The numbers of ISO/IEC 23091-2: primaries of P3 (12) with the curve of sRGB (13), and BT.2020 (9) with PQ (16).
    save("named-p3.heic", quarters(), color_primaries=12, transfer_characteristics=13, matrix_coefficients=6)
    save("high-range.heic", quarters(), color_primaries=9, transfer_characteristics=16, matrix_coefficients=9)
    turned = about()
    turned[0x0112] = 6
    save("turned.heic", quarters().transpose(Image.Transpose.ROTATE_90), exif=turned.tobytes())
    face = Image.open(HERE.parents[2] / "examples" / "first-consultation" / "face.jpg")
    face.save(HERE / "portrait.heic", "HEIF", quality=60, exif=about().tobytes())
    heif = pillow_heif.from_pillow(quarters())
    heif.add_from_pillow(Image.new("RGB", (160, 128), "black"))
    heif.save(HERE / "burst.heic", quality=95, chroma=444, primary_index=0)
