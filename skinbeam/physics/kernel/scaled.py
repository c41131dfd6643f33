"""Histories of many samples times a factor of time and place that all of them share."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["scale_between"]

Array = NDArray[np.float64]


@njit(cache=True, parallel=True)
def scale_between(  # pragma: no cover - compiled
    history: Array, factor: Array, before: NDArray[np.int64], share: Array
) -> None:
    """Multiply `history` (sample, time, cell) by the factor between two places, in place.

    Parameters
    ----------
    factor : (time, place).
    before : (sample, cell) the last place before each cell; the factor is straight from there to the next.
    share : (sample, cell) how far along that way the cell lies, 0 to 1.
    """
    for s in prange(history.shape[0]):
        for n in range(history.shape[1]):
            for i in range(history.shape[2]):
                at = before[s, i]
                history[s, n, i] *= factor[n, at] + share[s, i] * (factor[n, at + 1] - factor[n, at])
