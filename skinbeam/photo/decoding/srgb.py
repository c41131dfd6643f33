"""Convert a decoded picture to upright 8-bit sRGB: orientation, transparency, bit depth and colour profile.

The colours are those of the embedded profile, else those that the file names without a profile: Display P3 by the
numbers of a HEIC picture (ISO/IEC 23091-2), Adobe RGB by the mark that cameras write (Exif 2.3, DCF 2.0). Without
either they are sRGB. The profiles of Display P3 and Adobe RGB are built as bytes (ICC.1:2001-04): three primaries
adapted to D50, a white, and one curve for all of them.
"""

import io
import struct
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageCms, ImageOps

from skinbeam.photo.decoding.budget import RefusedPictureError

__all__ = [
    "ADOBE_RGB",
    "DISPLAY_P3",
    "matrix_profile",
    "upright_srgb",
]

_D50 = (0.9642, 1.0, 0.8249)
_SRGB_STEPS = 1024


def _fixed_point(value: float) -> bytes:
    return struct.pack(">i", round(65536 * value))


def matrix_profile(primaries: Sequence[Sequence[float]], curve: Sequence[int]) -> bytes:
    """Return an ICC profile of RGB as bytes.

    Parameters
    ----------
    primaries : X, Y, Z under D50 of full red, green and blue.
    curve : one number, the exponent times 256, or the curve from 0 to 65535 in even steps.
    """
    points = b"XYZ " + bytes(4)
    line = b"curv" + bytes(4) + struct.pack(f">I{len(curve)}H", len(curve), *curve)
    tags = {b"wtpt": points + b"".join(map(_fixed_point, _D50))}
    for name, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        tags[name] = points + b"".join(map(_fixed_point, primary))
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), line + bytes(-len(line) % 4))
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0" + bytes(3)
    tags[b"desc"] = b"desc" + bytes(4) + struct.pack(">I", 4) + b"RGB\0" + bytes(12 + 67)
    tags[b"desc"] += bytes(-len(tags[b"desc"]) % 4)
    place = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, place + len(content), len(tag))
        content += tag
    head = struct.pack(">I4xI4s4s4s12x4s", place + len(content), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += bytes(28) + b"".join(map(_fixed_point, _D50))
    return head + bytes(128 - len(head)) + table + content


def _srgb_curve() -> list[int]:
    """Return the tone curve of sRGB (IEC 61966-2-1), which Display P3 shares."""
    steps = (k / (_SRGB_STEPS - 1) for k in range(_SRGB_STEPS))
    return [round(65535 * (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4)) for s in steps]


# Primaries of SMPTE RP 431-2 with the white of D65, as Display P3 has them, adapted to D50 (Bradford).
DISPLAY_P3 = matrix_profile(
    ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)), _srgb_curve()
)
# Adobe RGB (1998), section 4.3.5.3: primaries adapted to D50, exponent 563/256.
ADOBE_RGB = matrix_profile(
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), (563,)
)

# Conversion of pictures.

_INTEROPERABILITY, _INDEX = 0xA005, 1
_P3_PRIMARIES = 12
_BT2020_PRIMARIES, _HIGH_RANGE = 9, (16, 18)  # the curves PQ and HLG


def upright_srgb(image: Image.Image, *, profile: bytes | None = None) -> Image.Image:
    """Convert to an RGB image in sRGB, 8 bit: turned by its Exif orientation, transparency composited over white.

    Parameters
    ----------
    profile : a colour profile that replaces the one in the file.

    Raises
    ------
    RefusedPictureError : pixel values whose white level is unknown, or colours of high dynamic range.
    """
    profile = profile or image.info.get("icc_profile") or _named_profile(image)
    image = _eight_bit(ImageOps.exif_transpose(image))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        under = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(under, image).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # with a broken profile, the pixel values are read as sRGB
        if converted is not None:
            return _restore_clipping(converted, image)
    return image.convert("RGB")


def _named_profile(image: Image.Image) -> bytes | None:
    """Return the profile of a colour space that a file names without embedding its profile."""
    numbers: dict[str, Any] = image.info.get("nclx_profile") or {}
    if numbers.get("transfer_characteristics") in _HIGH_RANGE or numbers.get("color_primaries") == _BT2020_PRIMARIES:
        raise RefusedPictureError("high_range")
    if numbers.get("color_primaries") == _P3_PRIMARIES:
        return DISPLAY_P3
    try:
        index = str(image.getexif().get_ifd(_INTEROPERABILITY).get(_INDEX, ""))
        return ADOBE_RGB if index.startswith("R03") else None
    except Exception:  # damaged metadata must not prevent the use of the picture
        return None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Convert an image to 8 bits; 16-bit grey by its upper half."""
    if image.mode in ("I", "F"):
        raise RefusedPictureError("deep")
    if not image.mode.startswith("I;16"):
        return image
    import numpy as np  # imported late: few pictures need it

    return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))


def _restore_clipping(converted: Image.Image, image: Image.Image) -> Image.Image:
    """Return the converted picture, clipped only where the file is clipped.

    Colours of a wider space that sRGB cannot represent are converted to full light or black though the camera lost
    nothing, and the check for clipping would count them. A pixel that is clipped in the file may instead end one level
    inside.
    """
    import numpy as np  # imported late: few pictures need it

    stored = np.asarray(image)
    inks = {"CMYK": lambda: 255 - stored, "L": lambda: stored[..., None]}.get(image.mode, lambda: stored)()
    shown = np.array(converted)
    full, black = (inks.max(axis=2) >= 254), (inks.min(axis=2) <= 1)
    shown[~full] = np.minimum(shown[~full], 253)
    shown[~black] = np.maximum(shown[~black], 2)
    for at, end, brightest in (
        (full & (shown.max(axis=2) < 254), 255, True),
        (black & (shown.min(axis=2) > 1), 0, False),
    ):
        rows, columns = np.nonzero(at)
        pixels = shown[rows, columns]
        shown[rows, columns, pixels.argmax(axis=1) if brightest else pixels.argmin(axis=1)] = end
    return Image.fromarray(shown)
