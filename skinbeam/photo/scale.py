"""Millimetres per pixel: by a length that a person gives, or by the iris and pupils of a face.

How many millimetres a pixel is where a person says how long something in the picture is: a ruler, a coin, a card.
"""

import math
from collections.abc import Sequence

from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.text import Message

__all__ = [
    "check_length",
    "face_scale",
    "scale_from_length",
]

_WIDE = 1.96  # standard deviations of a normal distribution to the ends of the level (95 %)


def scale_from_length(rgb: Picture, length: Sequence[float], *, field: str = "length") -> Estimate:
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
    likely = limit_entry("scale", "mm_per_px")
    if not float(likely["low"]) <= mm / apart_px <= float(likely["high"]):
        params = {"mm": mm, "px": apart_px, "low": likely["low"], "high": likely["high"]}
        raise InputError("bad-length", Message("photo-length.unlikely", params).text, field=field, hint=hint)
    spread_px = _WIDE * math.sqrt(2) * limit("scale", "point_px")
    low, middle, high = (mm / (apart_px + sign * spread_px) for sign in (1, 0, -1))
    level, source = limit("scale", "level"), limit_entry("scale", "point_px")["source"]
    return Estimate(middle, low, high, level, "measured", basis=(source,))


# How many millimetres a pixel is at the eyes: from the visible iris and the pupil distance, whose sizes are known.


def face_scale(face: Face) -> Estimate:
    """Return mm per pixel at the eyes.

    The iris alone is known to 4 % between people, the pupil distance to 10 %: logarithms of both lengths over their
    pixels are taken as independent and joined by their inverse variances. A head that is turned shortens the pupil
    distance alone, which the iris outweighs. Without an iris the pupil distance stands alone.
    """
    pupils, level = limit_entry("scale", "pupil_distance_mm"), limit("scale", "level")
    value, low, high = (float(pupils[name]) / face.pupil_px for name in ("value", "low", "high"))
    if face.iris_px is None:
        return Estimate(value, low, high, level, "assumed", basis=(pupils["source"],))
    iris = limit_entry("scale", "iris_mm")
    by_pupils, by_iris = math.log(value), math.log(float(iris["value"]) / face.iris_px)
    spread_pupils = math.log(high / low) / (2 * _WIDE)
    spread_iris = math.hypot(float(iris["sd"]) / float(iris["value"]), limit("iris", "error_px") / face.iris_px)
    weights = spread_pupils**-2, spread_iris**-2
    middle = (weights[0] * by_pupils + weights[1] * by_iris) / sum(weights)
    apart = _WIDE / math.sqrt(sum(weights))
    low, high = (math.exp(middle + sign * apart) for sign in (-1, 1))
    return Estimate(math.exp(middle), low, high, level, "assumed", basis=(iris["source"], pupils["source"]))


def check_length(face: Face, given: Estimate, *, field: str = "length") -> None:
    """Refuse mm per pixel that a person gave where they put the pupils of this face as far apart as nobody's are.

    Raises
    ------
    InputError : with the distance.
    """
    apart_mm, likely = given.median * face.pupil_px, limit_entry("scale", "pupils_given_mm")
    if not float(likely["low"]) <= apart_mm <= float(likely["high"]):
        said = Message("photo-length.pupils", {"mm": apart_mm, "low": likely["low"], "high": likely["high"]})
        raise InputError("bad-length", said.text, field=field, hint=Message("photo-length.hint").text)
