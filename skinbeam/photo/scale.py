"""Estimate millimetres per pixel from a given length, from a printed card, or from the iris and pupils of a face."""

import math
from collections.abc import Sequence

from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.photo.face.face import Face
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.printed_card.finder import FoundCard
from skinbeam.text import Message

__all__ = [
    "check_length",
    "face_scale",
    "is_face_length",
    "scale_from_card",
    "scale_from_length",
]

_WIDE = 1.96  # standard deviations of a normal distribution to the ends of the level (95 %)


def scale_from_length(rgb: Picture, length: Sequence[float]) -> Estimate:
    """Return mm per pixel from a known length on the skin, such as that of a ruler, a coin or a card.

    Each of the two points is set to within a pixel or two, so their distance d has the standard deviation sqrt(2) times
    that of a point; the interval of mm/d is from d + 1.96 to d - 1.96 of those. The interval does not include the error
    of an object that is nearer to the camera than the skin, or at a slant to it.

    Parameters
    ----------
    length : x and y of two points of the upright picture, and the distance between them in mm.

    Raises
    ------
    InputError : not five numbers, a point outside the picture, points too close to each other, or a length that gives
        an implausible scale for a photograph of skin.
    """
    height, width = rgb.shape[:2]
    hint = Message("photo-length.hint").text
    if len(length) != 5 or not all(math.isfinite(value) for value in length):
        raise InputError("bad-length", Message("photo-length.five").text, field="length", hint=hint)
    x0, y0, x1, y1, mm = (float(value) for value in length)
    if not all(0 <= x < width and 0 <= y < height for x, y in ((x0, y0), (x1, y1))):
        params = {"width": width, "height": height}
        raise InputError("bad-length", Message("photo-length.outside", params).text, field="length", hint=hint)
    apart_px, least_px = math.hypot(x1 - x0, y1 - y0), limit("scale", "length_px_min")
    if apart_px < least_px:
        message = Message("photo-length.near", {"px": apart_px, "least": least_px})
        raise InputError("bad-length", message.text, field="length", hint=hint)
    likely = limit_entry("scale", "mm_per_px")
    if not float(likely["low"]) <= mm / apart_px <= float(likely["high"]):
        params = {"mm": mm, "px": apart_px, "low": likely["low"], "high": likely["high"]}
        raise InputError("bad-length", Message("photo-length.unlikely", params).text, field="length", hint=hint)
    spread_px = _WIDE * math.sqrt(2) * limit("scale", "point_px")
    low, middle, high = (mm / (apart_px + sign * spread_px) for sign in (1, 0, -1))
    level, source = limit("scale", "level"), limit_entry("scale", "point_px")["source"]
    return Estimate(middle, low, high, level, "measured", basis=(source,))


def scale_from_card(card: FoundCard) -> Estimate:
    """Return mm per pixel at a printed card, taken for that of the skin beside it.

    The interval includes that the print is a little too large or too small, and that the card is nearer to the camera
    than the skin or farther from it. A tilted card is foreshortened along one direction only, so that the other counts.
    """
    apart = _WIDE * math.hypot(limit("printed-card", "depth_share"), limit("printed-card", "print_share"))
    middle = 1 / card.px_per_mm
    low, high = (middle * math.exp(sign * apart) for sign in (-1, 1))
    return Estimate(middle, low, high, limit("scale", "level"), "measured", basis=("skinbeam2026photo",))


def is_face_length(face: Face, scale: Estimate) -> bool:
    """Return whether a scale gives a possible pupil distance for this face."""
    likely = limit_entry("scale", "pupils_given_mm")
    return float(likely["low"]) <= scale.median * face.pupil_px <= float(likely["high"])


# Scale of a face from the visible iris and the pupil distance, whose sizes are known.


def face_scale(face: Face) -> Estimate:
    """Return mm per pixel at the eyes.

    The size of the iris is known to 4 % between people, the pupil distance to 10 %: logarithms of both lengths over
    their pixels are taken as independent and combined with inverse-variance weights. A turned head shortens only the
    pupil distance, which has less weight than the iris. Without an iris only the pupil distance is used.
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


def check_length(face: Face, scale: Estimate) -> None:
    """Refuse a scale given by the user that implies an impossible pupil distance for this face.

    Raises
    ------
    InputError : with the distance.
    """
    if not is_face_length(face, scale):
        apart_mm, likely = scale.median * face.pupil_px, limit_entry("scale", "pupils_given_mm")
        message = Message("photo-length.pupils", {"mm": apart_mm, "low": likely["low"], "high": likely["high"]})
        raise InputError("bad-length", message.text, field="length", hint=Message("photo-length.hint").text)
