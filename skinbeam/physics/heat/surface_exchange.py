"""The skin's surface: half a cell below, a film above, and what radiates and evaporates.

    g (T - T_s) = h (T_s - T_out) + q(T_s)                                                                   (surface 1)

with g the conductance from the centre of the cell to the surface, h of the film, T_out beyond it, and q an outgoing
flux that follows a table of the surface's temperature, along straight lines between its rows and beyond its ends.
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.kernel.checks import require

__all__ = ["NO_OUTGOING", "outgoing_table", "surface"]

Array = NDArray[np.float64]
NO_OUTGOING: Final = np.empty((0, 2))


def outgoing_table(outgoing: tuple[ArrayLike, ArrayLike] | None) -> Array:
    """Return the table, (row, 2), of surface temperatures, K, and outgoing fluxes, W/m²; no rows without one.

    Raises
    ------
    ValueError : fewer than two rows, temperatures that do not rise, or a flux that falls as the surface gets hotter.
    """
    if outgoing is None:
        return NO_OUTGOING.copy()
    table = np.stack([np.asarray(column, dtype=np.float64) for column in outgoing], axis=1)
    require(len(table) >= 2, "an outgoing flux needs two temperatures or more", float(len(table)))
    require(np.isfinite(table), "an outgoing flux must be finite", table)
    require(np.diff(table[:, 0]) > 0, "temperatures of an outgoing flux must rise", table[1:, 0])
    require(np.diff(table[:, 1]) >= 0, "an outgoing flux cannot fall as the surface gets hotter", table[1:, 1])
    return np.ascontiguousarray(table)


@njit(cache=True)
def surface(
    t: float, g: float, h: float, outside: float, table: Array
) -> tuple[float, float, float]:  # pragma: no cover - compiled
    """Return the flux into the cell, W/m², its fall with the cell's temperature, W/m²K, and the surface's temperature.

    Both sides of (surface 1) are straight between two rows, and their difference falls with T_s, so the piece that
    holds the answer is found by halving and the answer is exact.
    """
    last = len(table) - 1
    if last < 1 or h == math.inf:
        slope = g if h == math.inf else g * h / (g + h)
        flux = slope * (outside - t)
        return flux, slope, t + flux / g
    low, high = 0, last - 1  # of pieces
    while low < high:
        middle = (low + high + 1) // 2
        if g * (t - table[middle, 0]) > h * (table[middle, 0] - outside) + table[middle, 1]:
            low = middle
        else:
            high = middle - 1
    rise = (table[low + 1, 1] - table[low, 1]) / (table[low + 1, 0] - table[low, 0])
    constant = table[low, 1] - rise * table[low, 0]
    at = (g * t + h * outside - constant) / (g + h + rise)
    return g * (at - t), g * (h + rise) / (g + h + rise), at
