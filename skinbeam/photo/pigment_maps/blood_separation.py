"""Decide whether a change of blood can be distinguished from a change of melanin or of shade, by the optics of this
skin.

Red, green and blue are solved for melanin, blood and shade. The solution is exact for the directions of the model; real
skin darkens in measured directions, which differ between people. On medium brown skin melanin is nearly as grey as
shade, the three directions lie almost in a plane, and a person's own brown may be read as much blood.
"""

import numpy as np

from skinbeam.photo.pigment_maps.darkening import DarkeningKind, darkening_direction
from skinbeam.photo.pigment_maps.pigment_density import pigment_directions
from skinbeam.photo.pigment_maps.skin_level import SkinLevel

__all__ = ["blood_separation"]


def blood_separation(level: SkinLevel) -> float:
    """Return by how many standard deviations red is read as more blood than brown or shade, whichever is nearer.

    All three have the same green density and the directions that were measured on skin of this tone, with their spread
    between people.
    """
    pigment = pigment_directions(level)
    reading = np.linalg.inv(np.stack([pigment.melanin, pigment.blood, np.ones(3)], axis=1))[1]

    def read(kind: DarkeningKind) -> tuple[float, float]:
        direction = darkening_direction(kind, level.ita_deg)
        return float(reading @ direction.vector), float(reading @ direction.spread @ reading)

    red, variance = read("red")
    others = (read(kind) for kind in ("brown", "shade"))
    return min((red - other) / float(np.sqrt(variance + own)) for other, own in others)
