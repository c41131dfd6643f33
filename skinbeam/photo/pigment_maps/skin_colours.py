"""Colour of skin as a function of its melanin and its blood, interpolated from a derived table.

The table `data/derived/skin_colours.toml` is computed with the optics that every pulse is simulated with, as a camera
records them: linear sRGB of the median skin of a face, relative to a white surface in the same light. Between its nodes
the logarithm of the light is interpolated by cubic splines over the logarithms of both pigments. The spline weights are
computed here so that a photograph needs no more of SciPy.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value

__all__ = [
    "SkinColourGrid",
    "cubic_weights",
    "linear_weights",
    "skin_colour_grid",
]

Array = NDArray[np.float64]


def cubic_weights(nodes: Array, at: Array, *, slope: bool = False) -> Array:
    """Return the weights (place, node) of the cubic spline through four or more increasing nodes, or of its slope.

    Its third derivative is continuous at the second node and at the last but one ("not a knot"; de Boor 1978).
    """
    width = nodes[-1] - nodes[0]
    t, x = ((values - nodes[0]) / width for values in (nodes, at))
    through = np.linalg.inv(_spline_terms(t, t[2:-2]))
    return np.asarray(_spline_slopes(x, t[2:-2]) @ through / width if slope else _spline_terms(x, t[2:-2]) @ through)


def _spline_terms(x: Array, knots: Array) -> Array:
    """Return the terms (place, term) of a cubic spline: powers up to the third, and the truncated cube of each knot."""
    return np.concatenate([x[:, None] ** np.arange(4), np.maximum(x[:, None] - knots, 0.0) ** 3], axis=1)


def _spline_slopes(x: Array, knots: Array) -> Array:
    powers = np.stack([np.zeros_like(x), np.ones_like(x), 2 * x, 3 * x**2], axis=1)
    return np.concatenate([powers, 3 * np.maximum(x[:, None] - knots, 0.0) ** 2], axis=1)


def linear_weights(nodes: Array, at: Array) -> Array:
    """Return the weights (place, node) of linear interpolation between nodes, constant beyond the ends."""
    return np.stack([np.interp(at, nodes, unit) for unit in np.eye(nodes.size)], axis=1)


# The grid of skin colours.

_SHAPE = (121, 161)  # of the dense grid, blood by melanin: fine enough for bilinear interpolation


@compared_by_value
@dataclass(frozen=True)
class SkinColourGrid:
    """Colours of skin on a dense grid.

    Parameters
    ----------
    ln_melanin, ln_blood : logarithms of the volume fractions, evenly increasing: of melanosomes in the epidermis, of
        blood in the dermis.
    planes : (blood, melanin, 10): ln of red, green, blue light; their slopes by ln melanin; by ln blood; the ITA in
        degrees.
    covariance : (blood, melanin, 3): variance of ln(red/green), its covariance with ln(green/blue), and the variance of
        the latter, over skins of this pigment.
    """

    ln_melanin: Array
    ln_blood: Array
    planes: Array
    covariance: Array

    def colours(self, melanin: ArrayLike, blood: ArrayLike) -> Array:
        """Return linear sRGB (..., 3) of skin under white light of 1; pigment is clipped to the ends of the table."""
        with np.errstate(divide="ignore"):  # the logarithm of 0 is clipped to the end of the table
            return np.exp(self.read(np.log(melanin), np.log(blood), slice(0, 3)))

    def ita_deg(self, melanin: ArrayLike, blood: ArrayLike) -> Array:
        """Return the individual typology angle of skin as an instrument measures it."""
        return self.read(np.log(melanin), np.log(blood), slice(9, 10))[..., 0]

    def read(self, ln_melanin: ArrayLike, ln_blood: ArrayLike, which: slice) -> Array:
        """Interpolate some of `planes` (..., n) bilinearly at logarithms of the pigments."""
        column, right = self._place(ln_melanin, self.ln_melanin)
        row, below = self._place(ln_blood, self.ln_blood)
        grid = self.planes[..., which]
        upper = grid[row, column] * (1 - right) + grid[row, column + 1] * right
        lower = grid[row + 1, column] * (1 - right) + grid[row + 1, column + 1] * right
        return np.asarray(upper * (1 - below) + lower * below)

    @staticmethod
    def _place(values: ArrayLike, axis: Array) -> tuple[NDArray[np.intp], Array]:
        """Return the step of an evenly spaced axis that contains a value, and the fraction within it, (..., 1)."""
        at = np.clip((np.asarray(values) - axis[0]) / (axis[1] - axis[0]), 0.0, axis.size - 1.0)
        step = np.minimum(at.astype(np.intp), axis.size - 2)
        return step, (at - step)[..., None]


@cache
def _build_grid() -> SkinColourGrid:
    table = load_derived_table("skin_colours")
    melanin, blood = (np.log(np.asarray(table[name])) for name in ("melanin", "blood"))
    u, v = np.linspace(melanin[0], melanin[-1], _SHAPE[1]), np.linspace(blood[0], blood[-1], _SHAPE[0])
    light, ita = np.log(np.asarray(table["light"])), np.asarray(table["ita_deg"])[..., None]
    down, across = cubic_weights(blood, v), cubic_weights(melanin, u)
    steep_down, steep_across = cubic_weights(blood, v, slope=True), cubic_weights(melanin, u, slope=True)
    parts = [(down, across, light), (down, steep_across, light), (steep_down, across, light), (down, across, ita)]
    planes = np.concatenate([_interpolate_nodes(*part) for part in parts], axis=-1)
    spread = table["spread"]
    at = [np.log(np.asarray(spread[name])) for name in ("blood", "melanin")]
    covariance = _interpolate_nodes(
        linear_weights(at[0], v), linear_weights(at[1], u), np.asarray(spread["covariance"])
    )
    return SkinColourGrid(u, v, planes, covariance)


def _interpolate_nodes(down: Array, across: Array, nodes: Array) -> Array:
    """Interpolate nodes (i, k, n) by the weights (row, i) and (column, k): (row, column, n)."""
    return np.asarray(np.einsum("ri,ck,ikn->rcn", down, across, nodes, optimize=True))


def skin_colour_grid() -> SkinColourGrid:
    """Return the grid of skin colours; its sources count as cited."""
    cite_sources(load_derived_table("skin_colours")["source"])
    return _build_grid()
