"""Histories of cells at places between their middles, many samples at once."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["history_at"]

Array = NDArray[np.float64]


def history_at(middles: Array, history: Array, places: Array) -> Array:
    """Return a history on straight lines between the middles of cells, (sample, place, time).

    Before the first middle and after the last it is as there.

    Parameters
    ----------
    middles : (sample, cell) rising. history : (sample, time, cell). places : (sample, place).

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    if not len(middles) == len(history) == len(places) or middles.shape[1] != history.shape[2] or middles.shape[1] < 2:
        raise ValueError("middles, history and places are of the same samples, of two cells and more")
    result = np.empty((len(places), places.shape[1], history.shape[1]))
    # What is read-only is another type to Numba and would be compiled for anew.
    _fill(*(np.require(each, np.float64, ["C", "W"]) for each in (middles, history, places)), result)
    return result


@njit(cache=True, parallel=True)
def _fill(middles: Array, history: Array, places: Array, result: Array) -> None:  # pragma: no cover - compiled
    last = middles.shape[1] - 2
    for s in prange(places.shape[0]):
        for v in range(places.shape[1]):
            low = min(max(np.searchsorted(middles[s], places[s, v]) - 1, 0), last)
            share = (places[s, v] - middles[s, low]) / (middles[s, low + 1] - middles[s, low])
            share = min(max(share, 0.0), 1.0)
            for n in range(history.shape[1]):
                result[s, v, n] = (1.0 - share) * history[s, n, low] + share * history[s, n, low + 1]
