"""Counts, rates and their intervals: closed forms."""

import math
import statistics

import numpy as np
import pytest

from skinbeam.evidence.synthesis.distributions import UncertainRate, count_intervals, count_pmf, normal_cdf, normal_pdf


def beta(a: float, b: float, people: int = 100) -> UncertainRate:
    """A rate with a beta law, by sums over a fine grid."""
    edges = UncertainRate.grid(people)
    fine = np.linspace(0.0, 1.0, 200_001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    density = middle ** (a - 1.0) * (1.0 - middle) ** (b - 1.0)
    cumulative = np.concatenate(([0.0], np.cumsum(density / density.sum())))
    return UncertainRate(edges, np.interp(edges, fine, cumulative))


def test_normal_law_is_that_of_the_standard_library() -> None:
    z = np.linspace(-6.0, 6.0, 241)
    law = statistics.NormalDist()
    # Linear interpolation with step 2^-10 errs by step²/8 times the largest slope of the density, 0.242: 2.9e-8.
    assert np.allclose(normal_cdf(z), [law.cdf(x) for x in z], rtol=0, atol=3e-8)
    assert np.allclose(normal_pdf(z), [law.pdf(x) for x in z])


def test_counts_of_a_beta_rate_are_beta_binomial() -> None:
    a, b, n = 2.0, 5.0, 30
    pmf = count_pmf(beta(a, b, n), n)
    lg = math.lgamma

    def law(k: int) -> float:
        ways = lg(n + 1) - lg(k + 1) - lg(n - k + 1)
        return math.exp(ways + lg(k + a) + lg(n - k + b) - lg(n + a + b) - lg(a) - lg(b) + lg(a + b))

    # A cell of the grid is at most pi / 1024 wide in asin(sqrt p), a fiftieth of the count's own spread: second order.
    assert np.allclose(pmf, [law(k) for k in range(n + 1)], rtol=2e-3)


@pytest.mark.parametrize("people", [1, 7, 100, 2000])
def test_pmf_sums_to_one_and_has_the_rates_mean(people: int) -> None:
    rate = beta(2.0, 5.0, people)
    pmf = count_pmf(rate, people)
    assert len(pmf) == people + 1
    assert sum(pmf) == pytest.approx(1.0, abs=people * 1e-6)  # each value is rounded to six digits
    mean = sum(k * p for k, p in enumerate(pmf)) / people
    assert mean == pytest.approx(float((rate.p * rate.mass).sum()), rel=1e-5)


def test_intervals_are_the_ones_defined() -> None:
    pmf = [0.05, 0.15, 0.3, 0.3, 0.15, 0.05]
    cumulative = np.cumsum(pmf)
    for level, (low, high) in ((float(k) / 100, ends) for k, ends in count_intervals(pmf).items()):
        assert cumulative[low] >= (1 - level) / 2
        assert low == 0 or cumulative[low - 1] < (1 - level) / 2
        assert cumulative[high] >= (1 + level) / 2
        assert cumulative[high - 1] < (1 + level) / 2
    assert count_intervals(pmf)["95"] == (0, 5)


def test_alike_people_make_counts_spread_by_their_number() -> None:
    people, group = 60, 5.0
    point = UncertainRate(UncertainRate.grid(people), (UncertainRate.grid(people) > 0.3).astype(float))
    spread = [count_pmf(rate, people) for rate in (point, point.with_correlated_groups(people, group))]
    k = np.arange(people + 1)
    variance = [float((k**2 * p).sum() - (k * p).sum() ** 2) for p in map(np.array, spread)]
    assert variance[1] / variance[0] == pytest.approx(group, rel=0.02)  # design effect; the beta law stands on the grid
    assert point.with_correlated_groups(people, 1.0) is point


def test_drawn_shares_make_the_rate_they_were_drawn_from() -> None:
    shares = np.random.default_rng(1).beta(2.0, 5.0, 100_000)
    rate = UncertainRate.from_draws(shares, 50)
    # Ends of the cells are exact, so only the middle of a cell, 1/1024 of the scale, and the draws' own error stay.
    assert rate.quantiles((0.1, 0.5, 0.9)) == pytest.approx(np.quantile(shares, (0.1, 0.5, 0.9)), abs=2e-3)
    assert rate.mass.sum() == pytest.approx(1.0)
