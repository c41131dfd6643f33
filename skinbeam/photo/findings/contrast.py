"""Whether skin as dark as a face's would still show redness: what twice its blood changes in the picture."""

import math

from skinbeam.photo.gates import limit
from skinbeam.photo.maps.level import Level
from skinbeam.photo.maps.optics import skin_colours
from skinbeam.photo.maps.pigments import blood_index, density

__all__ = ["shows_redness"]

_TWICE = 2.0


def shows_redness(level: Level) -> bool:
    """Return whether twice the blood of a face passes the least contrast of redness, by the optics of its skin.

    Melanin takes the light before blood does; it is taken to be as much as a face may hold, two standard deviations
    above its middle. Brown spots need no such question: their contrast in red light grows with the melanin around them.
    """
    colours = skin_colours().colours
    melanin = level.melanin * math.exp(2 * level.melanin_ln_sd)
    flushed, usual = (
        float(blood_index(density(colours(melanin, blood)))) for blood in (_TWICE * level.blood, level.blood)
    )
    return (flushed - usual) * level.contrast >= limit("redness", "contrast_min")
