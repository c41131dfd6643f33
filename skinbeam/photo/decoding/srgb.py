"""Brings a decoded picture to upright 8-bit sRGB: orientation, transparency, depth and the colours of its coding.

The colours are those of the embedded profile, else those that the file names: Display P3 by the numbers of a HEIC
picture (ISO/IEC 23091-2), Adobe RGB by the mark that cameras write (Exif 2.3, DCF 2.0). Without either they are sRGB.
"""

import io
from typing import Any

from PIL import Image, ImageCms, ImageOps

from skinbeam.photo.reading.asked import RefusedPictureError
from skinbeam.photo.reading.profile import ADOBE_RGB, DISPLAY_P3

__all__ = ["upright_srgb"]

_INTEROPERABILITY, _INDEX = 0xA005, 1
_P3_PRIMARIES = 12
_BT2020_PRIMARIES, _HIGH_RANGE = 9, (16, 18)  # the curves PQ and HLG


def upright_srgb(image: Image.Image, *, profile: bytes | None = None) -> Image.Image:
    """Return an RGB image in sRGB, 8 bit: turned by its Exif orientation, transparency laid over white.

    Parameters
    ----------
    profile : a colour profile that stands in place of the one in the file.

    Raises
    ------
    RefusedPictureError : numbers whose white is not known, or colours of high dynamic range.
    """
    profile = profile or image.info.get("icc_profile") or _named(image)
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
            converted = None  # a broken profile says nothing; the file's numbers are then read as sRGB
        if converted is not None:
            return _clipped_as_before(converted, image)
    return image.convert("RGB")


def _named(image: Image.Image) -> bytes | None:
    """Return the profile of the colours that a file names without describing them."""
    numbers: dict[str, Any] = image.info.get("nclx_profile") or {}
    if numbers.get("transfer_characteristics") in _HIGH_RANGE or numbers.get("color_primaries") == _BT2020_PRIMARIES:
        raise RefusedPictureError("high_range")
    if numbers.get("color_primaries") == _P3_PRIMARIES:
        return DISPLAY_P3
    try:
        index = str(image.getexif().get_ifd(_INTEROPERABILITY).get(_INDEX, ""))
        return ADOBE_RGB if index.startswith("R03") else None
    except Exception:  # what is written beside a picture may be damaged in any way; the picture is still there
        return None


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return an image of 8 bits; 16-bit grey by its upper half."""
    if image.mode in ("I", "F"):
        raise RefusedPictureError("deep")
    if not image.mode.startswith("I;16"):
        return image
    import numpy as np  # late: few pictures need it

    return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))


def _clipped_as_before(converted: Image.Image, image: Image.Image) -> Image.Image:
    """Return the converted picture with a channel at either end only where the file has one there.

    A wider space has colours that sRGB has not: converted, they end at full light or black though nothing was lost in
    the camera, and what looks for clipping would find it. A pixel that the file clips may end a level inside instead.
    """
    import numpy as np  # late: few pictures need it

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
