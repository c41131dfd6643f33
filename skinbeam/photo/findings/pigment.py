"""What more melanin and more blood do to the colour of this face, by the optics of skin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.photo.maps.level import Level
from skinbeam.photo.maps.optics import skin_colours

__all__ = ["Pigments", "pigments_at"]

Array = NDArray[np.float64]

_TIMES = 2.0  # of the face's pigment: a spot holds about twice as much


@dataclass(frozen=True)
class Pigments:
    """Directions (3,) in optical density, green set to 1, and what twice the melanin adds in green.

    On light skin melanin takes most of blue, on dark skin, whose blue is gone, most of red: one direction for all
    faces would take a spot on dark skin for a shadow.
    """

    melanin: Array
    blood: Array
    green_per_ln_melanin: float


def pigments_at(level: Level) -> Pigments:
    """Return the directions at the level of a face."""
    colours = skin_colours()
    before = np.log(colours.colours(level.melanin, level.blood))
    melanin = before - np.log(colours.colours(_TIMES * level.melanin, level.blood))
    blood = before - np.log(colours.colours(level.melanin, _TIMES * level.blood))
    return Pigments(melanin / melanin[1], blood / blood[1], float(melanin[1] / np.log(_TIMES)))
