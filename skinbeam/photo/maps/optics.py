"""Colour of skin by its melanin and its blood: the optics that every pulse is simulated with, as a camera sees them.

The table is `data/derived/skin_colours.toml`: linear sRGB of the middle skin of a face over that of a white surface in
the same light. Between its nodes the logarithm of the light is laid by splines over the logarithms of both pigments.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.derived import derived_table
from skinbeam.provenance import used

__all__ = ["SkinColours", "skin_colours"]

Array = NDArray[np.float64]
_SHAPE = (121, 161)  # of the dense grid, blood by melanin: between its points a plane is near enough


@dataclass(frozen=True)
class SkinColours:
    """Colours of skin on a dense grid.

    Parameters
    ----------
    ln_melanin, ln_blood : logarithms of the volume fractions, rising evenly: of melanosomes in the epidermis, of blood
        in the dermis.
    planes : (blood, melanin, 10): ln of red, green, blue light; their slopes by ln melanin; by ln blood; the ITA in
        degrees.
    covariance : (blood, melanin, 3): of ln(red/green), of it with ln(green/blue), and of that, over such skins.
    """

    ln_melanin: Array
    ln_blood: Array
    planes: Array
    covariance: Array

    def colours(self, melanin: ArrayLike, blood: ArrayLike) -> Array:
        """Return linear sRGB (..., 3) of skin under white light of 1; pigment beyond the table is held at its ends."""
        with np.errstate(divide="ignore"):  # no pigment at all is held at the end
            return np.exp(self.read(np.log(melanin), np.log(blood), slice(0, 3)))

    def ita_deg(self, melanin: ArrayLike, blood: ArrayLike) -> Array:
        """Return the individual typology angle of skin as an instrument reads it."""
        return self.read(np.log(melanin), np.log(blood), slice(9, 10))[..., 0]

    def read(self, ln_melanin: ArrayLike, ln_blood: ArrayLike, which: slice) -> Array:
        """Return some of `planes` (..., n) at logarithms of the pigments, bilinearly."""
        column, right = self._place(ln_melanin, self.ln_melanin)
        row, below = self._place(ln_blood, self.ln_blood)
        grid = self.planes[..., which]
        upper = grid[row, column] * (1 - right) + grid[row, column + 1] * right
        lower = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
        return np.asarray(upper * (1 - below) + lower * below)

    @staticmethod
    def _place(values: ArrayLike, axis: Array) -> tuple[NDArray[np.intp], Array]:
        """Which step of an even axis a value is in, and how far into it, with a last axis of one."""
        at = np.clip((np.asarray(values) - axis[0]) / (axis[1] - axis[0]), 0.0, axis.size - 1.0)
        step = np.minimum(at.astype(np.intp), axis.size - 2)
        return step, (at - step)[..., None]


@cache
def _made() -> SkinColours:
    from scipy.interpolate import RectBivariateSpline  # late: a page without a photograph need not load it

    found = derived_table("skin_colours")
    melanin, blood = (np.log(np.asarray(found[name])) for name in ("melanin", "blood"))
    u, v = np.linspace(melanin[0], melanin[-1], _SHAPE[1]), np.linspace(blood[0], blood[-1], _SHAPE[0])
    light = np.log(np.asarray(found["light"]))
    laid = [RectBivariateSpline(blood, melanin, light[..., k]) for k in range(3)]
    ita = RectBivariateSpline(blood, melanin, np.asarray(found["ita_deg"]))
    values = [one(v, u) for one in laid]
    slopes = [one(v, u, dx=dx, dy=dy) for dx, dy in ((0, 1), (1, 0)) for one in laid]
    spread = found["spread"]
    nodes = np.asarray(spread["covariance"])
    at = [np.log(np.asarray(spread[name])) for name in ("blood", "melanin")]
    coarse = [RectBivariateSpline(*at, nodes[..., k], kx=1, ky=1)(v, u) for k in range(3)]
    return SkinColours(u, v, np.stack([*values, *slopes, ita(v, u)], axis=-1), np.stack(coarse, axis=-1))


def skin_colours() -> SkinColours:
    """Return the colours of skin; its sources count as read."""
    used(derived_table("skin_colours")["source"])
    return _made()
