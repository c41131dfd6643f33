"""A photograph that a patient sends: decoded apart, made smaller, and written anew without what its camera wrote."""

import io
import threading

from PIL import Image

from skinbeam.errors import InputError
from skinbeam.photo.gates import limit
from skinbeam.photo.reading.read import decode

__all__ = ["written_anew"]

_SIDE_PX = 2400  # shows pores at arm's length; telephones take four thousand and more
_QUALITY = 88
_ONE = threading.Semaphore(2)  # each may take a gigabyte


def written_anew(content: bytes) -> bytes | None:
    """Return a photograph as JPEG of its pixels alone; None where it is none, or asks for too much."""
    if len(content) > limit("read", "bytes_max"):
        return None
    try:
        with _ONE:
            image = Image.fromarray(decode(content, name="photograph"))
    except InputError:
        return None
    image.thumbnail((_SIDE_PX, _SIDE_PX))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
