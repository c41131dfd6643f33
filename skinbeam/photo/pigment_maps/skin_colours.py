"""Colour of skin by its melanin and its blood: the optics that every pulse is simulated with, as a camera sees them.

The table is `data/derived/skin_colours.toml`: linear sRGB of the middle skin of a face over that of a white surface in
the same light. Between its nodes the logarithm of the light is laid by splines over the logarithms of both pigments.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.derived import derived_table
from skinbeam.photo.maps.splines import cubic, straight
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
    found = derived_table("skin_colours")
    melanin, blood = (np.log(np.asarray(found[name])) for name in ("melanin", "blood"))
    u, v = np.linspace(melanin[0], melanin[-1], _SHAPE[1]), np.linspace(blood[0], blood[-1], _SHAPE[0])
    light, ita = np.log(np.asarray(found["light"])), np.asarray(found["ita_deg"])[..., None]
    down, across = cubic(blood, v), cubic(melanin, u)
    steep_down, steep_across = cubic(blood, v, slope=True), cubic(melanin, u, slope=True)
    parts = [(down, across, light), (down, steep_across, light), (steep_down, across, light), (down, across, ita)]
    planes = np.concatenate([_laid(*part) for part in parts], axis=-1)
    spread = found["spread"]
    at = [np.log(np.asarray(spread[name])) for name in ("blood", "melanin")]
    covariance = _laid(straight(at[0], v), straight(at[1], u), np.asarray(spread["covariance"]))
    return SkinColours(u, v, planes, covariance)


def _laid(down: Array, across: Array, nodes: Array) -> Array:
    """Return nodes (i, k, n) laid between them by the weights (row, i) and (column, k): (row, column, n)."""
    return np.asarray(np.einsum("ri,ck,ikn->rcn", down, across, nodes, optimize=True))


def skin_colours() -> SkinColours:
    """Return the colours of skin; its sources count as read."""
    used(derived_table("skin_colours")["source"])
    return _made()
