"""Directions of brown, red and shade: how dark each makes red and blue light for each unit of green density.

The directions of brown and red are measured ones, of people of all tones (`data/photo.toml`), each with its spread
between people, so that the optics of the package do not enter. That of shade is grey, or what light from other skin
makes of it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.model.value_equality import compared_by_value
from skinbeam.photo.limits import limit, limit_entry

__all__ = ["DarkeningDirection", "DarkeningKind", "darkening_direction"]

Array = NDArray[np.float64]
DarkeningKind = Literal["brown", "red", "shade", "wide-shade"]

_ITA_SCALE_DEG = 50.0  # of the polynomials in `data/photo.toml`
_NORMAL_90 = 1.645  # half width of the central 90 % of a normal law, in standard deviations


@compared_by_value
@dataclass(frozen=True)
class DarkeningDirection:
    """Red and blue over green density of a kind of darkening: mean (2,) and covariance (2, 2)."""

    mean: Array
    covariance: Array

    @property
    def vector(self) -> Array:
        """Return the mean density (3,), green 1."""
        return np.array([self.mean[0], 1.0, self.mean[1]])

    @property
    def spread(self) -> Array:
        """Return the covariance (3, 3) of the vector, whose green part is certain."""
        return np.array(
            [
                [self.covariance[0, 0], 0.0, self.covariance[0, 1]],
                [0.0, 0.0, 0.0],
                [self.covariance[1, 0], 0.0, self.covariance[1, 1]],
            ]
        )


def darkening_direction(kind: DarkeningKind, ita_deg: Estimate) -> DarkeningDirection:
    """Return the direction of a kind on skin of a typology angle, which the picture leaves uncertain."""
    row = limit_entry("darkening", kind)
    factors = np.asarray(row["value"], np.float64)  # (power, ratio)
    tone = ita_deg.median / _ITA_SCALE_DEG
    deviation = (ita_deg.high - ita_deg.low) / (2 * _NORMAL_90) / _ITA_SCALE_DEG
    powers = np.arange(len(factors))
    slope = (powers[1:] * tone ** (powers[1:] - 1)) @ factors[1:]
    red, both, blue = row["covariance"]
    own = np.array([[red, both], [both, blue]]) + limit("darkening", "camera") ** 2 * np.eye(2)
    return DarkeningDirection(tone**powers @ factors, own + np.outer(slope, slope) * deviation**2)
