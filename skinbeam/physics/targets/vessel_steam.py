"""The dose at which a vessel is hot enough for vapour: over its whole cross-section at one time, or anywhere at any."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["steam_doses"]

Array = NDArray[np.float64]


def steam_doses(short: Array, coldest: Array, hottest: Array, least_rise: float) -> tuple[Array, Array]:
    """Return the dose at which all places reach a temperature at one time, and the one at which any does, (row,).

    Parameters
    ----------
    short : (row, time) by how much the temperature without a dose lies below it.
    coldest, hottest : (row, place, time) change a unit dose, on the colder side and on the hotter one.
    least_rise : stands for smaller changes.
    """
    everywhere, somewhere = np.empty((2, len(short)))
    rows = (np.require(each, np.float64, ["C", "W"]) for each in (short, coldest, hottest))
    _fill(*rows, least_rise, everywhere, somewhere)
    return everywhere, somewhere


@njit(cache=True, parallel=True)
def _fill(  # pragma: no cover - compiled
    short: Array, coldest: Array, hottest: Array, least_rise: float, everywhere: Array, somewhere: Array
) -> None:
    for row in prange(short.shape[0]):
        slowest = np.full(short.shape[1], -np.inf)
        first = np.inf
        for place in range(coldest.shape[1]):
            for n in range(short.shape[1]):
                slowest[n] = max(slowest[n], short[row, n] / max(coldest[row, place, n], least_rise))
                first = min(first, short[row, n] / max(hottest[row, place, n], least_rise))
        everywhere[row], somewhere[row] = slowest.min(), first
