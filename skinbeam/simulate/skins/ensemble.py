"""Summaries of weighted draws: quantiles, shares and their errors; the only place where draws become estimates.

Every summary uses the weights, so that a measured reflectance or colour narrows all results.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value, wilson_interval

__all__ = [
    "CHUNK_DRAWS",
    "INTERVAL_LEVEL",
    "SampledQuantities",
    "chunk_slices",
    "effective_draws",
    "is_peak_temperature",
    "join_chunks",
    "summarise_draws",
    "value_or_unknown",
    "weighted_probability",
    "weighted_quantiles",
    "weighted_share",
]

INTERVAL_LEVEL = 0.8  # central probability of every interval, by default
CHUNK_DRAWS = 256  # draws simulated at once: bounds the memory whatever --draws is
_Z_LEVEL = 1.2815515655446004  # normal quantile at 0.9, for a central interval of 0.8

Floats = NDArray[np.float64]
Chances = NDArray[np.bool_] | NDArray[np.float64]


def chunk_slices(draws: int, size: int = CHUNK_DRAWS) -> Iterator[slice]:
    """Yield slices of at most `size` draws that cover `draws`."""
    for start in range(0, draws, size):
        yield slice(start, min(start + size, draws))


def effective_draws(weights: Floats) -> float:
    """Return Kish's effective number of draws, (sum w)² / sum w²."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def weighted_quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> list[float]:
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


def summarise_draws(
    values: NDArray[np.floating],
    weights: Floats,
    basis: Sequence[str],
    *,
    level: float = INTERVAL_LEVEL,
) -> Value:
    """Return median and central interval of draws; NaN or infinite draws inside the interval make it unknown."""
    array = np.asarray(values, dtype=np.float64)
    if np.isnan(array).any():
        return Unknown("the model gives no value for some of such skins")
    low, median, high = weighted_quantiles(array, weights, ((1 - level) / 2, 0.5, (1 + level) / 2))
    if not all(map(math.isfinite, (low, median, high))):
        return Unknown("not reached in some of such skins")
    return Estimate(median, low, high, level, "modelled", array.size, tuple(basis))


def weighted_share(condition: Chances, weights: Floats) -> tuple[float, float]:
    """Return the weighted share of draws that meet a condition, and its Monte Carlo standard error.

    The error includes four more draws, two that meet it and two that do not (Agresti and Coull), so that a share of 0
    or 1 does not appear to be exact. If draws meet it with a probability only, these scatter less than yes and no
    would.

    Parameters
    ----------
    condition : (sample,) whether each draw meets it, or with which probability.
    """
    p, squared = _chance_moments(condition, weights)
    n = effective_draws(weights)
    mean, square = ((part * n + 2) / (n + 4) for part in (p, squared))
    return p, math.sqrt((square - mean * mean) / (n + 4))


def weighted_probability(condition: Chances, weights: Floats, basis: Sequence[str]) -> Estimate:
    """Return the share of such skins that meet a condition; the interval is its Monte Carlo error (Wilson).

    Parameters
    ----------
    condition : (sample,) whether each draw meets it, or with which probability.
    """
    p, squared = _chance_moments(condition, weights)
    low, high = wilson_interval(p, max(squared - p * p, 0.0), effective_draws(weights), _Z_LEVEL)
    return Estimate(
        p, min(p, max(0.0, low)), max(p, min(1.0, high)), INTERVAL_LEVEL, "modelled", int(weights.size), tuple(basis)
    )


def _chance_moments(chances: Chances, weights: Floats) -> tuple[float, float]:
    """Return weighted means of the probabilities and of their squares; they are equal for yes and no."""
    total = weights.sum()
    return float((weights * chances).sum() / total), float((weights * chances * chances).sum() / total)


# Quantities by the dotted names of the output document: values of every draw, or the reason why they are unknown.

SampledQuantities = dict[str, NDArray[np.float64] | Unknown]


def is_peak_temperature(name: str) -> bool:
    """Return whether a sampled quantity is the peak of a temperature, which is lost where its skin is removed."""
    return name.startswith(("temperature_C.", "vessels.")) and name.endswith("_peak")


def join_chunks(parts: Sequence[SampledQuantities]) -> SampledQuantities:
    """Return the quantities of several chunks of draws as one; a quantity unknown in one chunk is unknown."""
    joined: SampledQuantities = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        unknown = next((value for value in values if isinstance(value, Unknown)), None)
        joined[name] = unknown or np.concatenate([value for value in values if not isinstance(value, Unknown)])
    return joined


def value_or_unknown(compute: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64] | Unknown:
    """Return the result of `compute`, or the reason why the model has none."""
    try:
        return compute()
    except NotAvailable as error:
        return Unknown(error.reason)
