"""Decodes a photograph in a process of its own, which may be killed: what a file does to its decoder is not foreseen.

Run as a program with the limits as JSON in its argument and the file on its standard input. It prints one line of JSON,
`width` and `height` or `refused` with what is said of it, and then the pixels. It imports nothing of this package, so
that it starts fast.
"""

import io
import json
import resource
import sys
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageOps

__all__ = ["Limits", "RefusedPictureError", "picture_of", "scans_of"]

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
_START_OF_SCAN, _END, _RESTARTS = 0xDA, 0xD9, range(0xD0, 0xD8)


@dataclass(frozen=True)
class Limits:
    """What a photograph may ask for: pixels, least of them on a side, scans of a JPEG, bytes and processor seconds."""

    pixels: int
    side_px: int
    scans: int
    memory_bytes: int
    seconds: int


class RefusedPictureError(Exception):
    """A file that is no photograph, or one that asks for too much; `code` and `params` are those of its message."""

    def __init__(self, code: str, **params: int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def picture_of(data: bytes, limits: Limits) -> Image.Image:
    """Return the picture in the bytes of a file: upright, RGB, sRGB, 8 bit.

    Raises
    ------
    RefusedPictureError : what is wrong with it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns where the checks below refuse
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise RefusedPictureError("pixels_many", most=limits.pixels) from None
    except Exception:
        # A decoder that is fed arbitrary bytes may fail in any way; all of them mean the same to the caller.
        raise RefusedPictureError("not_picture") from None
    with image, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _check(image, data, limits)
            image.load()
            return _srgb(ImageOps.exif_transpose(image))
        except (RefusedPictureError, MemoryError):
            raise
        except Exception:
            raise RefusedPictureError("truncated") from None


def scans_of(data: bytes) -> int:
    """Return how often a JPEG goes over its picture; a progressive one does so about ten times.

    Segments are passed over by their length: what they hold, a small copy of the picture among it, is not counted. In
    the data of a scan every 0xFF is followed by a zero, by the mark of a restart, or by the mark that ends it.
    """
    place, scans = data.find(b"\xff\xd8") + 2, 0
    while 2 <= place < len(data) - 3:
        if data[place] != 0xFF or data[place + 1] in (0, 0xFF, *_RESTARTS):
            place = data.find(b"\xff", place + 1)
            continue
        mark = data[place + 1]
        if mark == _END:
            break
        scans += mark == _START_OF_SCAN
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return scans


def _check(image: Image.Image, data: bytes, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.pixels:
        raise RefusedPictureError("pixels", width=width, height=height, most=limits.pixels)
    if min(width, height) < limits.side_px:
        raise RefusedPictureError("small", width=width, height=height, least=limits.side_px)
    if image.format in ("JPEG", "MPO") and (scans := scans_of(data)) > limits.scans:
        raise RefusedPictureError("scans", scans=scans, most=limits.scans)
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:  # MPO: a camera's JPEG with a preview behind it
        raise RefusedPictureError("animated")


def _srgb(image: Image.Image) -> Image.Image:
    """Return an RGB image in sRGB: an embedded colour profile is applied, transparency is laid over white."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        import numpy as np  # late: few pictures need it

        image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        under = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(under, image).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a broken profile says nothing; the file's numbers are then read as sRGB
        if converted is not None:
            return _clipped_as_before(converted, image)
    return image.convert("RGB")


def _clipped_as_before(converted: Image.Image, image: Image.Image) -> Image.Image:
    """Return the converted picture with a channel at either end only where the file has one there.

    A wider space has colours that sRGB has not: converted, they end at full light or black though nothing was lost in
    the camera, and what looks for clipping would find it. A pixel that the file clips may end a level inside instead.
    """
    import numpy as np  # late: few pictures need it

    inks = 255 - np.asarray(image) if image.mode == "CMYK" else np.asarray(image)
    shown = np.array(converted)
    full, black = (inks >= 254).any(axis=2), (inks <= 1).any(axis=2)
    shown[~full] = np.minimum(shown[~full], 253)
    shown[~black] = np.maximum(shown[~black], 2)
    for at, end, brightest in (
        (full & (shown < 254).all(axis=2), 255, True),
        (black & (shown > 1).all(axis=2), 0, False),
    ):
        rows, columns = np.nonzero(at)
        pixels = shown[rows, columns]
        shown[rows, columns, pixels.argmax(axis=1) if brightest else pixels.argmin(axis=1)] = end
    return Image.fromarray(shown)


def _main() -> None:
    limits = Limits(**json.loads(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    told: dict[str, Any]
    pixels = b""
    try:
        image = picture_of(sys.stdin.buffer.read(), limits)
        told = {"width": image.width, "height": image.height}
        pixels = image.tobytes()
    except RefusedPictureError as refused:
        told = {"refused": refused.code, "params": refused.params}
    except MemoryError:
        told = {"refused": "memory", "params": {}}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    sys.stdout.buffer.write(pixels)


if __name__ == "__main__":
    _main()
