"""Decode a photograph in a separate process, which may be killed, since a file may do anything to its decoder.

The process gets the limits as JSON in its argument and the file on its standard input. It writes one line of JSON, with
`width` and `height` or with `refused` and the parameters of the message, and then the pixels; nothing else of a file
leaves it. It imports little of this package, so that it starts fast.
"""

import io
import json
import resource
import sys
import warnings
from importlib.util import find_spec
from typing import Any

from PIL import Image

from skinbeam.photo.decoding.budget import DecoderBudget, RefusedPictureError
from skinbeam.photo.decoding.dicom import dicom_picture, is_dicom
from skinbeam.photo.decoding.srgb import upright_srgb

__all__ = ["count_scans", "decode_picture", "main"]

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_START_OF_SCAN, _END, _RESTARTS = 0xDA, 0xD9, range(0xD0, 0xD8)


def decode_picture(data: bytes, limits: DecoderBudget) -> Image.Image:
    """Decode the picture in the bytes of a file: upright, RGB, sRGB, 8 bit.

    Raises
    ------
    RefusedPictureError : the picture is refused, with the reason.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about pictures that the checks below refuse
        try:
            if is_dicom(data):
                image, profile = dicom_picture(
                    data, limits, lambda coded, formats: _decode_first(coded, formats, limits)
                )
                return upright_srgb(image, profile=profile)
            return upright_srgb(_decode_first(data, _formats(data), limits))
        except (RefusedPictureError, MemoryError):
            raise
        except Exception:
            # A decoder of arbitrary bytes may fail in any way; all failures mean the same to the caller.
            raise RefusedPictureError("truncated") from None


def _formats(data: bytes) -> tuple[str, ...]:
    """Return the formats that the bytes may have; HEIC needs an optional library."""
    if data[4:8] != b"ftyp" or data[8:12] not in _HEIC_BRANDS:
        return _FORMATS
    if find_spec("pi_heif") is None:
        raise RefusedPictureError("heic_absent")
    from pi_heif import register_heif_opener

    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=2)
    return ("HEIF",)


def _decode_first(data: bytes, formats: tuple[str, ...], limits: DecoderBudget) -> Image.Image:
    """Decode the first picture of a file after checking its limits."""
    try:
        image = Image.open(io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError:
        raise RefusedPictureError("pixels_many", most=limits.pixels) from None
    except MemoryError:
        raise
    except Exception:
        raise RefusedPictureError("not_picture") from None
    limits.check_size(*image.size)
    if image.format in ("JPEG", "MPO") and (scans := count_scans(data)) > limits.scans:
        raise RefusedPictureError("scans", scans=scans, most=limits.scans)
    # MPO: a camera's JPEG followed by a preview; HEIF: the primary picture of the file.
    if image.format not in ("MPO", "HEIF") and _has_another(image):
        raise RefusedPictureError("animated")
    image.load()
    limits.check_size(*image.size)  # the size of a decoded HEIC picture may differ from its header
    return image


def _has_another(image: Image.Image) -> bool:
    """Whether a second picture follows; a TIFF may contain a million, so they are not counted."""
    try:
        image.seek(1)
    except EOFError:
        return False
    return True


def count_scans(data: bytes) -> int:
    """Return the number of scans of a JPEG; a progressive one has about ten.

    Segments are skipped by their length, so their contents, such as a thumbnail, are not counted. In the data of a scan
    every 0xFF is followed by a zero, by a restart marker, or by the marker that ends it.
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


def main() -> None:
    """Decode the photograph on the standard input under the limits in the first argument."""
    limits = DecoderBudget(**json.loads(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    answer: dict[str, Any]
    pixels = b""
    try:
        image = decode_picture(sys.stdin.buffer.read(), limits)
        answer = {"width": image.width, "height": image.height}
        pixels = image.tobytes()
    except RefusedPictureError as refused:
        answer = {"refused": refused.code, "params": refused.params}
    except MemoryError:
        answer = {"refused": "memory", "params": {}}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(pixels)
