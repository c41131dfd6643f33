"""Reduce a picture to its green light, which shows marks of brown and of red alike where colours cannot be read."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.limits import limit

__all__ = ["clipped_ends", "green_picture", "is_green_readable"]

_GREEN = 1


def clipped_ends(levels: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where levels of 0 to 255 are clipped to full light, and where to black."""
    return levels >= 254, levels <= 1


def green_picture(rgb: Picture) -> Picture:
    """Return a grey picture of the green channel."""
    return np.ascontiguousarray(np.repeat(rgb[..., _GREEN : _GREEN + 1], 3, axis=-1))


def is_green_readable(skin: Picture) -> bool:
    """Whether no more of skin (n, 3) is clipped in green than may be in any channel of a picture with colours."""
    full, black = clipped_ends(skin[..., _GREEN])
    return float(np.mean(full | black)) <= limit("gate", "clipped_fraction_max")
