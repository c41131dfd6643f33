"""Distributions of counts, and the number of cases that each figure requires."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.estimate import Estimate, Unknown, wilson_interval
from skinbeam.text import render_message

__all__ = [
    "CONFIDENCE_LEVEL",
    "MIN_CASES",
    "MIN_CASES_OF_EACH",
    "MIN_OPERATORS",
    "Z95",
    "central_range",
    "count_distribution",
    "share_estimate",
    "share_quantile",
    "too_few_cases",
]

# With fewer than the required number of cases a figure is unknown, with the reason, and never a number.

# With fewer people a single person changes a share by more than five points, and could be identified by it.
MIN_CASES: Final = 20
# Number of events and of non-events below which slopes and curves of a model are not reliable (collins2016,
# snell2021).
MIN_CASES_OF_EACH: Final = 100
MIN_OPERATORS: Final = 10  # to estimate a spread beyond chance (a judgement, stated where it is used)
CONFIDENCE_LEVEL: Final = 0.95
Z95: Final = 1.959963984540054


def too_few_cases(count: int, counted_id: str, required: int = MIN_CASES) -> Unknown:
    """Return an unknown value for a figure with too few cases.

    Parameters
    ----------
    counted_id : id of the message that names the counted cases.
    """
    return Unknown(
        render_message("learning.too-few", {"have": count, "need": required, "of": render_message(counted_id)})
    )


Floats = NDArray[np.float64]


def share_estimate(events: int, total: int) -> Estimate:
    """Return a counted share with its score interval (learning 1)."""
    p = events / total
    low, high = wilson_interval(p, p * (1.0 - p), total, Z95)
    return Estimate(p, max(0.0, min(low, p)), min(1.0, max(high, p)), CONFIDENCE_LEVEL, "measured", total)


def count_distribution(p: ArrayLike) -> Floats:
    """Return the probabilities of 0, 1, ... n events among people with these probabilities (learning 2).

    Parameters
    ----------
    p : shape (people,) or (people, law); each column gives a separate distribution.

    Returns
    -------
    Shape (people + 1,) or (people + 1, law).
    """
    chances = np.asarray(p, dtype=np.float64)
    law = np.zeros((len(chances) + 1, *chances.shape[1:]))
    law[0] = 1.0
    for done, chance in enumerate(chances, 1):
        law[1 : done + 1] = law[1 : done + 1] * (1.0 - chance) + law[:done] * chance
        law[0] *= 1.0 - chance
    return law


def central_range(law: Floats, level: float = CONFIDENCE_LEVEL) -> tuple[int, int]:
    """Return the ends of the narrowest central range of a count with at least this probability, both included."""
    tail, below = (1.0 - level) / 2.0, np.cumsum(law)
    return int(np.searchsorted(below, tail, side="right")), int(np.searchsorted(below, 1.0 - tail, side="left"))


def share_quantile(shares: Sequence[float] | Floats, events: int, p: float) -> Floats:
    """Return the quantile of the number of `events` events that fall to a share, interpolated between counts (learning
    9).

    Limits in whole counts would be too wide: fewer operators would be outside than the level says.
    """
    share_array = np.asarray(shares, dtype=np.float64)
    from scipy.stats import binom  # imported late: a server that only starts need not load it

    upper = binom.ppf(p, events, share_array)
    below, above = binom.cdf(upper - 1, events, share_array), binom.cdf(upper, events, share_array)
    return np.asarray(np.maximum(upper - (above - p) / (above - below), 0.0))
