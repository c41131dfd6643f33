"""How many millimetres a pixel is at the eyes: from the visible iris and the pupil distance, whose sizes are known."""

import math

from skinbeam.errors import InputError
from skinbeam.estimate import Estimate
from skinbeam.messages import Message
from skinbeam.photo.face.record import Face
from skinbeam.photo.gates import entry, limit

__all__ = ["check_length", "scale_of"]

_WIDE = 1.96  # standard deviations of a normal distribution to the ends of the level (95 %)


def scale_of(face: Face) -> Estimate:
    """Return mm per pixel at the eyes.

    The iris alone is known to 4 % between people, the pupil distance to 10 %: logarithms of both lengths over their
    pixels are taken as independent and joined by their inverse variances. A head that is turned shortens the pupil
    distance alone, which the iris outweighs. Without an iris the pupil distance stands alone.
    """
    pupils, level = entry("scale", "pupil_distance_mm"), limit("scale", "level")
    value, low, high = (float(pupils[name]) / face.pupil_px for name in ("value", "low", "high"))
    if face.iris_px is None:
        return Estimate(value, low, high, level, "assumed", basis=(pupils["source"],))
    iris = entry("scale", "iris_mm")
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
    apart_mm, likely = given.median * face.pupil_px, entry("scale", "pupils_given_mm")
    if not float(likely["low"]) <= apart_mm <= float(likely["high"]):
        said = Message("photo-length.pupils", {"mm": apart_mm, "low": likely["low"], "high": likely["high"]})
        raise InputError("bad-length", said.text, field=field, hint=Message("photo-length.hint").text)
