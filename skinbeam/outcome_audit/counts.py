"""Laws of a count: of people who differ in their chances, and of events that fall to one of several."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom

from skinbeam.estimate import Estimate, wilson
from skinbeam.learning.enough import LEVEL, Z95

__all__ = ["count_law", "middle_of", "part_limit", "share"]

Floats = NDArray[np.float64]


def share(events: int, of: int) -> Estimate:
    """Return a counted share with its score interval (learning 1)."""
    p = events / of
    low, high = wilson(p, p * (1.0 - p), of, Z95)
    return Estimate(p, max(0.0, min(low, p)), min(1.0, max(high, p)), LEVEL, "measured", of)


def count_law(p: ArrayLike) -> Floats:
    """Return the probabilities of 0, 1, ... n events among people with these chances (learning 2).

    Parameters
    ----------
    p : shape (people,) or (people, law); each column is a law of its own.

    Returns
    -------
    Shape (people + 1,) or (people + 1, law).
    """
    chances = np.asarray(p, dtype=np.float64)
    law = np.zeros((len(chances) + 1, *chances.shape[1:]))
    law[0] = 1.0
    for done, one in enumerate(chances, 1):
        law[1 : done + 1] = law[1 : done + 1] * (1.0 - one) + law[:done] * one
        law[0] *= 1.0 - one
    return law


def middle_of(law: Floats, level: float = LEVEL) -> tuple[int, int]:
    """Return the ends of the narrowest central range of a count that holds at least a level, both included."""
    tail, below = (1.0 - level) / 2.0, np.cumsum(law)
    return int(np.searchsorted(below, tail, side="right")), int(np.searchsorted(below, 1.0 - tail, side="left"))


def part_limit(shares: Sequence[float] | Floats, of: int, p: float) -> Floats:
    """Return the quantile of how many of `of` events fall to who has such a share, between whole counts (learning 9).

    A count in steps would make limits in steps, outside which fewer fall than they say.
    """
    mine = np.asarray(shares, dtype=np.float64)
    upper = binom.ppf(p, of, mine)
    below, above = binom.cdf(upper - 1, of, mine), binom.cdf(upper, of, mine)
    return np.asarray(np.maximum(upper - (above - p) / (above - below), 0.0))
