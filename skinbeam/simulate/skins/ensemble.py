"""Summaries of weighted draws: the only place where draws become estimates.

Every summary uses the weights, so that a reading or a measured colour sharpens all results alike.
"""

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Estimate, Kind, Unknown, Value, wilson

__all__ = [
    "CHUNK",
    "LEVEL",
    "chunks",
    "effective_draws",
    "normalised",
    "probability",
    "quantiles",
    "share",
    "summarise",
]

LEVEL = 0.8  # central probability of every interval that is not asked for otherwise
CHUNK = 256  # draws simulated at once: bounds the memory whatever --draws is
_Z_LEVEL = 1.2815515655446004  # normal quantile at 0.9, for a central interval of 0.8

Floats = NDArray[np.float64]
Chances = NDArray[np.bool_] | NDArray[np.float64]


def chunks(draws: int, size: int = CHUNK) -> Iterator[slice]:
    """Yield slices of at most `size` draws that cover `draws`."""
    for start in range(0, draws, size):
        yield slice(start, min(start + size, draws))


def effective_draws(weights: Floats) -> float:
    """Return Kish's effective number of draws, (sum w)² / sum w²."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> list[float]:
    """Return weighted quantiles by linear interpolation of the midpoint distribution function.

    Infinite values are allowed and sort last.

    Raises
    ------
    ValueError : no draws, or a weight that is not positive in sum.
    """
    if values.size == 0 or not weights.sum() > 0:
        raise ValueError("no draws to summarise")
    order = np.argsort(values, kind="stable")
    sorted_values, sorted_weights = values[order], weights[order]
    position = (np.cumsum(sorted_weights) - sorted_weights / 2) / sorted_weights.sum()
    result = []
    for level in levels:
        upper = int(np.searchsorted(position, level))
        lower = max(upper - 1, 0)
        upper = min(upper, values.size - 1)
        low, high = float(sorted_values[lower]), float(sorted_values[upper])
        if low == high or not math.isfinite(high):
            result.append(high)
            continue
        span = position[upper] - position[lower]
        part = (level - position[lower]) / span if span > 0 else 0.0
        share_high = float(np.clip(part, 0, 1))
        # This form gives the ends themselves back, where low + (high - low) would miss them by rounding.
        result.append(low * (1 - share_high) + high * share_high)
    return result


def summarise(
    values: NDArray[np.floating],
    weights: Floats,
    basis: Sequence[str],
    *,
    kind: Kind = "modelled",
    level: float = LEVEL,
) -> Value:
    """Return median and central interval of draws; NaN or infinite draws inside the interval make it unknown."""
    array = np.asarray(values, dtype=np.float64)
    if np.isnan(array).any():
        return Unknown("the model gives no value for some of such skins")
    low, median, high = quantiles(array, weights, ((1 - level) / 2, 0.5, (1 + level) / 2))
    if not all(map(math.isfinite, (low, median, high))):
        return Unknown("not reached in some of such skins")
    return Estimate(median, low, high, level, kind, array.size, tuple(basis))


def share(met: Chances, weights: Floats) -> tuple[float, float]:
    """Return the weighted share of draws that meet a condition, and its Monte Carlo standard error.

    The error counts four more draws, two that meet it and two that do not (Agresti and Coull), so that a share of 0 or
    1 does not pretend to be exact. Where draws only may meet it, their chances scatter less than yes and no would.

    Parameters
    ----------
    met : (sample,) whether each draw meets it, or with which probability.
    """
    p, squared = _moments(met, weights)
    n = effective_draws(weights)
    mean, square = ((part * n + 2) / (n + 4) for part in (p, squared))
    return p, math.sqrt((square - mean * mean) / (n + 4))


def probability(met: Chances, weights: Floats, basis: Sequence[str]) -> Estimate:
    """Return the share of such skins that meet a condition; the interval is its Monte Carlo error (Wilson).

    Parameters
    ----------
    met : (sample,) whether each draw meets it, or with which probability.
    """
    p, squared = _moments(met, weights)
    low, high = wilson(p, max(squared - p * p, 0.0), effective_draws(weights), _Z_LEVEL)
    return Estimate(
        p, min(p, max(0.0, low)), max(p, min(1.0, high)), LEVEL, "modelled", int(weights.size), tuple(basis)
    )


def _moments(met: Chances, weights: Floats) -> tuple[float, float]:
    """Weighted means of the chances and of their squares; of yes and no they are the same."""
    total = weights.sum()
    return float((weights * met).sum() / total), float((weights * met * met).sum() / total)


def normalised(weights: NDArray[np.floating]) -> Floats:
    """Return weights that sum to 1."""
    array = np.asarray(weights, dtype=np.float64)
    return cast(Floats, array / array.sum())
