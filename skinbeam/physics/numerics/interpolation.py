"""Interpolate and scale temperature histories of cells, and take root-finding steps.

All functions work on many samples at once.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = [
    "interpolate_history",
    "inverse_quadratic_step",
    "scale_history",
]

Array = NDArray[np.float64]


def interpolate_history(centres: Array, history: Array, places: Array) -> Array:
    """Interpolate a history linearly between the centres of cells, (sample, place, time).

    Before the first centre and after the last, the history is held at its value there.

    Parameters
    ----------
    centres : (sample, cell) rising. history : (sample, time, cell). places : (sample, place).

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    if not len(centres) == len(history) == len(places) or centres.shape[1] != history.shape[2] or centres.shape[1] < 2:
        raise ValueError("middles, history and places are of the same samples, of two cells and more")
    result = np.empty((len(places), places.shape[1], history.shape[1]))
    # A read-only array is another type to Numba and would be compiled again.
    _interpolate_samples(*(np.require(array, np.float64, ["C", "W"]) for array in (centres, history, places)), result)
    return result


@njit(cache=True, parallel=True)
def _interpolate_samples(
    middles: Array, history: Array, places: Array, result: Array
) -> None:  # pragma: no cover - compiled
    last = middles.shape[1] - 2
    for s in prange(places.shape[0]):
        for v in range(places.shape[1]):
            low = min(max(np.searchsorted(middles[s], places[s, v]) - 1, 0), last)
            share = (places[s, v] - middles[s, low]) / (middles[s, low + 1] - middles[s, low])
            share = min(max(share, 0.0), 1.0)
            for n in range(history.shape[1]):
                result[s, v, n] = (1.0 - share) * history[s, n, low] + share * history[s, n, low + 1]


@njit(cache=True, parallel=True)
def scale_history(  # pragma: no cover - compiled
    history: Array, factor: Array, before: NDArray[np.int64], share: Array
) -> None:
    """Multiply `history` (sample, time, cell) in place by a shared factor, interpolated between two places.

    Parameters
    ----------
    factor : (time, place).
    before : (sample, cell) the last place before each cell; the factor is linear from there to the next.
    share : (sample, cell) position of the cell between these two places, 0 to 1.
    """
    for s in prange(history.shape[0]):
        for n in range(history.shape[1]):
            for i in range(history.shape[2]):
                at = before[s, i]
                history[s, n, i] *= factor[n, at] + share[s, i] * (factor[n, at + 1] - factor[n, at])


@njit(cache=True)
def inverse_quadratic_step(  # pragma: no cover - compiled
    start: float, end: float, other: float, at_start: float, at_end: float, at_other: float
) -> float:
    """Return an estimate of a root by inverse quadratic interpolation, or by linear interpolation where that fails.

    Parameters
    ----------
    start, end : places, the first below the second, with values of opposite signs.
    other : a third place; it is left out where the parabola does not exist or leads out of the first two.
    """
    if at_other != at_start and at_other != at_end:
        found = start * at_end * at_other / ((at_start - at_end) * (at_start - at_other))
        found += end * at_start * at_other / ((at_end - at_start) * (at_end - at_other))
        found += other * at_start * at_end / ((at_other - at_start) * (at_other - at_end))
        if start < found < end:
            return found
    return start + (end - start) * at_start / (at_start - at_end)
