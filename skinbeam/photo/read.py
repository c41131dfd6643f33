"""Reads a photograph: upright, sRGB, 8 bit, without its metadata; hostile files are refused early."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from skinbeam.document import sha256_of
from skinbeam.errors import InputError
from skinbeam.messages import Message
from skinbeam.photo.gates import limit
from skinbeam.schema.load import read_bytes

__all__ = ["Photograph", "Picture", "decode", "read"]

Picture = NDArray[np.uint8]  # (height, width, 3), sRGB, upright

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")


@dataclass(frozen=True)
class Photograph:
    """A photograph as it was decoded, once for all that look at it; `sha256` is that of the file's content."""

    rgb: Picture
    sha256: str


def read(path: Path | str, *, field: str = "photo") -> Photograph:
    """Return the photograph in a file, turned upright by its EXIF orientation.

    Nothing else of the file is kept: place, time and camera are never read.

    Raises
    ------
    InputError : missing, a folder, too large, not a picture, truncated, animated, too many or too few pixels.
    """
    path = Path(path)
    data = read_bytes(path, field=field, most=int(limit("read", "bytes_max")), what="a photograph")
    return Photograph(decode(data, name=path.name, field=field), sha256_of(data))


def decode(data: bytes, *, name: str, field: str = "photo") -> Picture:
    """Return the picture in the bytes of a file; `name` is used in complaints only. Raises as `read`."""
    if not data:
        raise _refusal("not-a-picture", "empty", name, field)
    most, least = int(limit("read", "pixels_max")), int(limit("read", "side_px_min"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns where the checks below refuse
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _refusal("too-many-pixels", "pixels_many", name, field, most=most) from None
    except Exception:
        # A decoder that is fed arbitrary bytes may fail in any way; all of them mean the same to the caller.
        raise _refusal("not-a-picture", "not_picture", name, field) from None
    with image:
        width, height = image.size
        if width * height > most:
            raise _refusal("too-many-pixels", "pixels", name, field, width=width, height=height, most=most)
        if min(width, height) < least:
            raise _refusal("too-few-pixels", "small", name, field, width=width, height=height, least=least)
        if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:  # MPO: a camera's JPEG with a preview behind it
            raise _refusal("animated-picture", "animated", name, field)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image.load()
                return np.ascontiguousarray(_srgb(ImageOps.exif_transpose(image)), dtype=np.uint8)
        except Exception:
            raise _refusal("truncated-picture", "truncated", name, field) from None


def _srgb(image: Image.Image) -> Image.Image:
    """Return an RGB image in sRGB: an embedded colour profile is applied, transparency is laid over white."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
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
            return converted
    return image.convert("RGB")


def _refusal(code: str, message: str, name: str, field: str, **params: int) -> InputError:
    return InputError(
        code,
        Message(f"photo-read.{message}", {"file": name, **params}).text,
        field=field,
        hint=Message(f"photo-read.{message}_hint").text,
        file=name,
    )
