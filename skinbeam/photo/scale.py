"""How many millimetres a pixel is where a person says how long something in the picture is: a ruler, a coin, a card."""

import math
from collections.abc import Sequence

from skinbeam.errors import InputError
from skinbeam.estimate import Estimate
from skinbeam.messages import Message
from skinbeam.photo.gates import entry, limit
from skinbeam.photo.reading.read import Picture

__all__ = ["scale_given"]

_WIDE = 1.96  # standard deviations of a normal distribution to the ends of the level (95 %)


def scale_given(rgb: Picture, length: Sequence[float], *, field: str = "length") -> Estimate:
    """Return mm per pixel by a length that lies on the skin.

    Each of the two points is set to a pixel or two, so that their distance d has the standard deviation sqrt(2) times
    that of a point; mm/d is given from d + 1.96 to d - 1.96 of those. That the length lies nearer to the camera than
    the skin, or at a slant to it, is not in the interval.

    Parameters
    ----------
    length : x and y of two points of the upright picture, and what lies between them in mm.

    Raises
    ------
    InputError : not five numbers, a point outside the picture, points that are too near to each other, or a length
        that no photograph of skin shows so large or so small.
    """
    height, width = rgb.shape[:2]
    hint = Message("photo-length.hint").text
    if len(length) != 5 or not all(math.isfinite(value) for value in length):
        raise InputError("bad-length", Message("photo-length.five").text, field=field, hint=hint)
    x0, y0, x1, y1, mm = (float(value) for value in length)
    if not all(0 <= x < width and 0 <= y < height for x, y in ((x0, y0), (x1, y1))):
        params = {"width": width, "height": height}
        raise InputError("bad-length", Message("photo-length.outside", params).text, field=field, hint=hint)
    apart_px, least_px = math.hypot(x1 - x0, y1 - y0), limit("scale", "length_px_min")
    if apart_px < least_px:
        said = Message("photo-length.near", {"px": apart_px, "least": least_px})
        raise InputError("bad-length", said.text, field=field, hint=hint)
    likely = entry("scale", "mm_per_px")
    if not float(likely["low"]) <= mm / apart_px <= float(likely["high"]):
        params = {"mm": mm, "px": apart_px, "low": likely["low"], "high": likely["high"]}
        raise InputError("bad-length", Message("photo-length.unlikely", params).text, field=field, hint=hint)
    spread_px = _WIDE * math.sqrt(2) * limit("scale", "point_px")
    low, middle, high = (mm / (apart_px + sign * spread_px) for sign in (1, 0, -1))
    level, source = limit("scale", "level"), entry("scale", "point_px")["source"]
    return Estimate(middle, low, high, level, "measured", basis=(source,))
