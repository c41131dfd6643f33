"""The mean rate, over a step, of damage that needs several stages one after another.

    1 / k = sum over stages of 1 / k_stage,   k_stage = sum of the rates of its processes              (stages 1)

The times that the stages take add, so the slowest sets the pace. Temperature is linear within a step. The rate is
integrated with Gauss points in parts of a step: four points where no exponent changes by more than two leave less than
1e-6 of the rate (2^9 (4!)^4 / (9 (8!)^3) for an exponential; a change of stage has its poles at i pi, further off), two
points where none changes by more than a tenth, 3e-8. Ends of the range of a process are ends of parts.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["mean_rate", "rate"]

Array = NDArray[np.float64]

_TWO, _TWO_WEIGHT = np.polynomial.legendre.leggauss(2)
_FOUR, _FOUR_WEIGHT = np.polynomial.legendre.leggauss(4)
_NONE = -60.0  # below exp(-60) per second nothing adds up within a lifetime


@njit(cache=True)
def rate(  # pragma: no cover - compiled
    t: float, ln_a: Array, b: Array, low: Array, high: Array, stage: NDArray[np.int64]
) -> float:
    """Rate of (stages 1) at a temperature in K, 1/s; processes stand in the order of their stages."""
    slowness, p = 0.0, 0
    while p < stage.size:
        here, total = stage[p], 0.0
        while p < stage.size and stage[p] == here:
            if low[p] <= t < high[p]:
                total += math.exp(ln_a[p] - b[p] / t)
            p += 1
        if total == 0.0:
            return 0.0
        slowness += 1.0 / total
    return 1.0 / slowness


@njit(cache=True)
def mean_rate(  # pragma: no cover - compiled
    cold: float, hot: float, ln_a: Array, b: Array, low: Array, high: Array, stage: NDArray[np.int64]
) -> float:
    """Mean of the rate while the temperature goes evenly from `cold` to `hot`, K, 1/s; arrays are (process,)."""
    if hot <= cold:
        return rate(cold, ln_a, b, low, high, stage)
    fastest = -np.inf
    for p in range(stage.size):
        fastest = max(fastest, ln_a[p] - b[p] / hot)
    if fastest < _NONE:
        return 0.0
    total, start = 0.0, cold
    while start < hot:
        end = hot
        for p in range(stage.size):
            if start < low[p] < end:
                end = low[p]
            if start < high[p] < end:
                end = high[p]
        change = b.max() * (1.0 / start - 1.0 / end)
        few = change < 0.1
        nodes, weights = (_TWO, _TWO_WEIGHT) if few else (_FOUR, _FOUR_WEIGHT)
        parts = 1 if few else math.ceil(change / 2.0)
        width = (end - start) / parts
        for part in range(parts):
            for node in range(nodes.size):
                t = start + width * (part + 0.5 * (1.0 + nodes[node]))
                total += 0.5 * width * weights[node] * rate(t, ln_a, b, low, high, stage)
        start = end
    return total / (hot - cold)
