"""Whether what was foretold came about as often as it was said: the curve, and the Brier score in its parts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from skinbeam.estimate import Estimate, Unknown
from skinbeam.learning.counts import count_law, middle_of, share
from skinbeam.learning.enough import FEWEST, LEVEL, Z95, too_few
from skinbeam.learning.outcome import Forecast

__all__ = ["Brier", "Group", "brier", "reliability"]

Floats = NDArray[np.float64]

_MOST_GROUPS = 10


@dataclass(frozen=True)
class Group:
    """People of whom about the same was foretold.

    Parameters
    ----------
    people, happened : how many they are, and in how many it came about.
    stated : mean of what was foretold.
    seen : share in whom it came about, with its 95 % interval.
    right_low, right_high : between which shares 95 % of such groups lie if what was foretold is right.
    """

    people: int
    happened: int
    stated: float
    seen: Estimate
    right_low: float
    right_high: float

    @property
    def right(self) -> bool:
        """Whether chance alone explains what was seen."""
        return self.right_low <= self.seen.median <= self.right_high


@dataclass(frozen=True)
class Brier:
    """Mean of (foretold - came about)², and what it is made of (learning 4).

    Parameters
    ----------
    score : with its 95 % interval.
    if_right : what it is expected to be if what was foretold is right, with 95 % of what chance makes of it.
    miscalibration : what would be gained by saying instead what came about where the same was foretold.
    discrimination : what is gained over telling everybody the same.
    uncertainty : the score of telling everybody the share that came about.
    """

    score: Estimate
    if_right: Estimate
    miscalibration: float
    discrimination: float
    uncertainty: float


def reliability(forecasts: Sequence[Forecast]) -> tuple[Group, ...] | Unknown:
    """Return groups of about equal size by what was foretold, at least `FEWEST` people each (learning 3).

    Who was foretold the same is in one group.
    """
    if len(forecasts) < FEWEST:
        return too_few(len(forecasts), "learning.of-judged")
    ordered = sorted(forecasts, key=lambda one: one.p)
    size = max(FEWEST, math.ceil(len(ordered) / _MOST_GROUPS))
    groups: list[list[Forecast]] = [[]]
    for one in ordered:
        if len(groups[-1]) >= size and one.p > groups[-1][-1].p:
            groups.append([])
        groups[-1].append(one)
    if len(groups[-1]) < FEWEST and len(groups) > 1:
        last = groups.pop()
        groups[-1] += last
    return tuple(map(_group, groups))


def _group(members: Sequence[Forecast]) -> Group:
    p, n = np.array([one.p for one in members]), len(members)
    happened = sum(one.happened for one in members)
    low, high = middle_of(count_law(p))
    return Group(n, happened, float(p.mean()), share(happened, n), low / n, high / n)


def brier(forecasts: Sequence[Forecast]) -> Brier | Unknown:
    """Return the Brier score, or the reason why there is none."""
    if len(forecasts) < FEWEST:
        return too_few(len(forecasts), "learning.of-judged")
    p = np.array([one.p for one in forecasts])
    y = np.array([one.happened for one in forecasts], dtype=np.float64)
    scores, n = (p - y) ** 2, len(y)
    by_chance = p * (1.0 - p)
    noise = float(np.sqrt(np.sum((1.0 - 2.0 * p) ** 2 * by_chance))) / n
    best, uncertainty = _recalibrated(p, y), float(y.mean() * (1.0 - y.mean()))
    recalibrated = float(np.mean((best - y) ** 2))
    return Brier(
        _around(float(scores.mean()), float(scores.std(ddof=1)) / math.sqrt(n), n),
        _around(float(by_chance.mean()), noise, n),
        float(scores.mean()) - recalibrated,
        uncertainty - recalibrated,
        uncertainty,
    )


def _recalibrated(p: Floats, y: Floats) -> Floats:
    """The share that came about, as a function of what was foretold that never falls: one value for one forecast."""
    _, where, counts = np.unique(p, return_inverse=True, return_counts=True)
    means = np.bincount(where, weights=y) / counts
    fitted: Floats = isotonic_regression(means, weights=counts).x[where]
    return fitted


def _around(value: float, error: float, n: int) -> Estimate:
    return Estimate(value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error), LEVEL, "measured", n)
