"""Compress a picture for a page."""

import io

from PIL import Image

__all__ = ["compress_for_page"]

_QUALITY = 85  # of JPEG, at which letters and thin lines on a photograph keep their edges


def compress_for_page(picture: Image.Image, **metadata: bytes) -> bytes:
    """Return a picture as JPEG for a page, with metadata by the names of Pillow."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0, optimize=True, **metadata)
    return file.getvalue()
