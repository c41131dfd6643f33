"""Probability functions without SciPy: normal law, counts with an uncertain rate, intervals of counts.

A rate p is represented on a grid of equal steps in asin(sqrt p), where a binomial count has the same spread everywhere,
so one grid serves rare and common outcomes alike.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import round_significant
from skinbeam.model.value_equality import compared_by_value

__all__ = ["Floats", "UncertainRate", "count_intervals", "count_pmf", "normal_cdf", "normal_pdf", "quantiles"]

Floats = NDArray[np.float64]
LEVELS = (0.5, 0.8, 0.95)
_TAIL = 9.0  # the probability beyond 9 standard deviations of the normal law is less than 1e-18
_BLOCK = 64  # rates of a mixture that are evaluated at once: few, so that they share most of their counts
_STEP = 2.0**-10  # the error of linear interpolation between steps is less than step²/8 · 0.242 = 3e-8


@cache
def _normal_table() -> tuple[Floats, Floats]:
    """Return the distribution function at equal steps from -`_TAIL` on, and its rise to the next of them."""
    value = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in np.arange(-_TAIL, _TAIL + _STEP, _STEP)])
    return value, np.diff(value, append=value[-1])


def normal_cdf(z: Floats) -> Floats:
    """Return the standard normal distribution function, any shape, accurate to 3e-8."""
    value, rise = _normal_table()
    place = np.clip((z + _TAIL) / _STEP, 0.0, len(value) - 1.0)
    step = place.astype(np.int64)  # the steps are equal, so that none has to be searched for as `np.interp` does
    return np.asarray(value[step] + rise[step] * (place - step))


def normal_pdf(z: Floats) -> Floats:
    """Return the standard normal density, any shape."""
    return np.asarray(np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi))


def quantiles(at: Floats, cumulative: Floats, wanted: tuple[float, ...]) -> tuple[float, ...]:
    """Return the quantiles of a distribution function that is tabulated as `cumulative` at increasing `at`."""
    return tuple(float(np.interp(p, cumulative, at)) for p in wanted)


@compared_by_value
@dataclass(frozen=True)
class UncertainRate:
    """The distribution of an uncertain share of people: probability `mass` (node,) at shares `p` (node,), 0 to 1.

    `edges` (node + 1,) and `cumulative` (node + 1,) tabulate the distribution function at the edges of the cells.
    """

    edges: Floats
    cumulative: Floats

    @staticmethod
    def grid(people: int) -> Floats:
        """Return edges fine enough for counts out of `people`: an eighth of the spread 1 / (2 sqrt N), or less."""
        nodes = max(512, math.ceil(8.0 * math.pi * math.sqrt(people)))
        return np.asarray(np.sin(np.linspace(0.0, math.pi / 2.0, nodes + 1)) ** 2)

    @staticmethod
    def from_draws(shares: Floats, people: int) -> "UncertainRate":
        """Return the distribution of drawn shares, (draw,), on a grid fine enough for counts out of `people`."""
        edges = UncertainRate.grid(people)
        cumulative = np.searchsorted(np.sort(shares), edges, side="right") / len(shares)
        cumulative[0], cumulative[-1] = 0.0, 1.0
        return UncertainRate(edges, cumulative)

    @property
    def p(self) -> Floats:
        """Nodes: the middle of each cell in asin(sqrt p)."""
        angle = np.arcsin(np.sqrt(self.edges))
        return np.asarray(np.sin(0.5 * (angle[1:] + angle[:-1])) ** 2)

    @property
    def mass(self) -> Floats:
        """Probability of each cell; sums to 1."""
        return np.diff(self.cumulative)

    def quantiles(self, wanted: tuple[float, ...]) -> tuple[float, ...]:
        """Return the quantiles of the rate at the given probabilities."""
        return quantiles(self.edges, self.cumulative, wanted)

    def with_correlated_groups(self, people: int, group: float) -> "UncertainRate":
        """Return the rate for counts among `people` that fall into groups of `group` with identical responses.

        Such a count has `group` times the variance of independent ones. A beta law about each p with the correlation
        (group - 1) / (people - 1) gives the same: the beta-binomial's variance is N p (1 - p) (1 + (N - 1) rho).
        """
        if group <= 1.0 or people <= 1:
            return self
        correlation = min((group - 1.0) / (people - 1.0), 1.0 - 1.0 / people)
        size = 1.0 / correlation - 1.0
        p, before = self.p, self.mass
        log_p, log_q = np.log(p), np.log1p(-p)
        # The beta law is about sqrt(correlation) / 2 wide in asin(sqrt p); its mass beyond 12 widths is below e^-36.
        reach = math.ceil(6.0 * math.sqrt(correlation) * len(p) / (math.pi / 2.0)) + 8
        mass = np.zeros_like(before)
        for k in np.flatnonzero(before > 0.0):
            near = slice(max(0, k - reach), k + reach + 1)
            # In asin(sqrt p) the density has the powers 2a - 1 and 2b - 1 of sine and cosine: half of that for p.
            log = (size * p[k] - 0.5) * log_p[near] + (size * (1.0 - p[k]) - 0.5) * log_q[near]
            density = np.exp(log - log.max())
            mass[near] += before[k] * density / density.sum()
        return UncertainRate(self.edges, np.concatenate(([0.0], np.cumsum(mass / mass.sum()))))


def count_pmf(rate: UncertainRate, people: int) -> list[float]:
    """Return P(X = 0..people) when each of `people` responds with the rate: a mixture of binomials over it.

    Each binomial is evaluated at least within ten standard deviations (and 30 counts) of its mean; the rest is below
    1e-20. Neighbouring rates are evaluated at once. The values are rounded as in documents.
    """
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, people + 1, dtype=np.float64)))))
    ways = logs[people] - logs - logs[::-1]
    pmf = np.zeros(people + 1)
    all_p, masses = rate.p, rate.mass
    for start in range(0, len(all_p), _BLOCK):
        p, mass = all_p[start : start + _BLOCK], masses[start : start + _BLOCK]
        if not mass.any():
            continue
        reach = 10.0 * np.sqrt(people * p * (1.0 - p)) + 30.0
        first, last = max(0, int((people * p - reach).min())), min(people, int((people * p + reach).max()))
        k = np.arange(first, last + 1)
        log = ways[k] + np.outer(np.log(p), k) + np.outer(np.log1p(-p), people - k)
        # Not a matrix product, whose order of summation depends on the number of threads.
        pmf[k] += np.sum(mass[:, None] * np.exp(log), axis=0)
    pmf /= pmf.sum()
    return [round_significant(float(value)) for value in pmf]


def count_intervals(pmf: list[float]) -> dict[str, tuple[int, int]]:
    """Return the central intervals of a count, both ends included, at 50, 80 and 95 %, by level in per cent.

    The ends are the smallest k with P(X <= k) >= (1 - level)/2 and with P(X <= k) >= (1 + level)/2.
    """
    cumulative = np.cumsum(pmf)
    ends = {}
    for level in LEVELS:
        low = int(np.argmax(cumulative >= (1.0 - level) / 2.0))
        high = int(np.argmax(cumulative >= (1.0 + level) / 2.0))
        ends[f"{100 * level:.0f}"] = low, high
    return ends
