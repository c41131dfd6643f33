"""Blood of an area above that of other skin of the same person, with its uncertainty.

An area differs from other skin by shade, melanin and blood at once. The three amounts are the most probable ones given
what is usual for each, and given that the colours of shade, melanin and blood are themselves known with a spread only
(photo 8). The blood of an area in shade is thus uncertain, since the colour of its shade may look like blood, and so is
that of dark skin, where blood hardly shows.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.limits import limit, limit_entry
from skinbeam.photo.pigment_maps.darkening import DarkeningKind, darkening_direction
from skinbeam.photo.pigment_maps.skin_colours import skin_colour_grid
from skinbeam.photo.pigment_maps.skin_level import SkinLevel

__all__ = ["BloodContrast", "blood_contrast", "shows_redness"]

Array = NDArray[np.float64]

_KINDS: tuple[DarkeningKind, ...] = ("wide-shade", "brown", "red")
_ROUNDS = 4  # the amounts set the uncertainty, which sets the amounts


@compared_by_value
@dataclass(frozen=True)
class BloodContrast:
    """Blood of an area above that of other skin, in green density.

    Parameters
    ----------
    density, density_sd : the most probable value and its standard deviation.
    gain : (3,), by which the differences of its pixels in red, green and blue density add to the blood of each.
    """

    density: float
    density_sd: float
    gain: Array

    @property
    def is_certain(self) -> bool:
        """Whether it is enough to be reported and surely more than none."""
        certain = self.density > limit("redness", "deviations") * self.density_sd
        return certain and self.density > limit("redness", "contrast_min")


def blood_contrast(darker: Array, ita_deg: Estimate) -> BloodContrast:
    """Return the blood of an area whose density (3,) is above that of other skin by `darker`.

    Parameters
    ----------
    ita_deg : typology angle of the skin, as uncertain as the picture leaves it.
    """
    directions = [darkening_direction(kind, ita_deg) for kind in _KINDS]
    usual = np.array([limit_entry("redness", kind)["value"] for kind in _KINDS])
    made = np.stack([direction.vector for direction in directions], axis=1)
    squares = np.array([darker[1] ** 2, 0.0, 0.0])  # at first all of the darkening is taken for shade
    for _ in range(_ROUNDS):
        noise = limit("redness", "noise") ** 2 * np.eye(3)
        noise = noise + sum(square * direction.spread for square, direction in zip(squares, directions, strict=True))
        covariance = np.linalg.inv(made.T @ np.linalg.solve(noise, made) + np.diag(usual**-2))
        gain = covariance @ np.linalg.solve(noise, made).T
        amounts = gain @ darker
        squares = amounts**2 + np.diag(covariance)
    return BloodContrast(float(amounts[2]), float(np.sqrt(covariance[2, 2])), np.asarray(gain[2]))


_TWICE = 2.0


def shows_redness(level: SkinLevel) -> bool:
    """Return whether twice the blood of an evenly lit face would be reported.

    How much darker it makes green light is taken from the optics of the skin, its colour from measured skin. Melanin
    absorbs the light before blood does; it is assumed as high as the face may have, two standard deviations above its
    estimate. Brown spots need no such check: their contrast in red light grows with the melanin around them.
    """
    colours = skin_colour_grid().colours
    melanin = level.melanin * math.exp(2 * level.melanin_ln_sd)
    green = float(np.log(colours(melanin, level.blood)[1] / colours(melanin, _TWICE * level.blood)[1]))
    darker = green * level.contrast * darkening_direction("red", level.ita_deg).vector
    return blood_contrast(darker, level.ita_deg).is_certain
