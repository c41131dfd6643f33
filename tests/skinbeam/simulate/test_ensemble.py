"""Summaries of weighted draws."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.simulate.skins.ensemble import (
    CHUNK_DRAWS,
    INTERVAL_LEVEL,
    chunk_slices,
    effective_draws,
    summarise_draws,
    weighted_probability,
    weighted_quantiles,
    weighted_share,
)

numbers = st.floats(-1e6, 1e6)
weighted = st.lists(st.tuples(numbers, st.floats(1e-3, 1e3)), min_size=1, max_size=30)


def columns(pairs: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    values, weights = (np.array(column) for column in zip(*pairs, strict=True))
    return values, weights


@given(weighted, st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_quantiles_rise_with_the_level_and_stay_among_the_draws(
    pairs: list[tuple[float, float]], levels: list[float]
) -> None:
    values, weights = columns(pairs)
    found = weighted_quantiles(values, weights, sorted(levels))
    # Interpolation may miss an end by a rounding of the values.
    slack = 1e-9 * (1 + np.abs(values).max())
    assert all(a <= b + slack for a, b in pairwise(found))
    assert values.min() - slack <= found[0]
    assert found[-1] <= values.max() + slack


# Whole numbers that differ: a change of unit must not turn neighbours into ties, which have an order of their own.
apart = st.lists(
    st.tuples(st.integers(-1000, 1000).map(float), st.floats(0.1, 10)),
    min_size=1,
    max_size=30,
    unique_by=lambda p: p[0],
)


@given(apart, st.floats(0.1, 10), st.floats(-100, 100), st.floats(1e-3, 1e3))
def test_quantiles_follow_a_change_of_unit_and_ignore_the_scale_of_weights(
    pairs: list[tuple[float, float]], factor: float, offset: float, scale: float
) -> None:
    values, weights = columns(pairs)
    levels = (0.1, 0.5, 0.9)
    moved = weighted_quantiles(factor * values + offset, scale * weights, levels)
    expected = factor * np.array(weighted_quantiles(values, weights, levels)) + offset
    # A rounding of 1e-15 of all weights, which are at most 3000 times the lightest, moves a place by 3e-12 of a gap.
    span = factor * np.ptp(values) + abs(offset) + 1
    assert moved == pytest.approx(expected, abs=1e-10 * span)


@given(weighted)
def test_a_draw_of_double_weight_is_two_draws(pairs: list[tuple[float, float]]) -> None:
    values, weights = columns(pairs)
    counts = np.ceil(weights / 500).astype(int)
    heavy = weighted_quantiles(values, counts.astype(float), (0.5,))[0]
    repeated = np.sort(np.repeat(values, counts))
    # The midpoint rule puts the median between the neighbours of the middle of the repeated draws.
    middle = repeated.size / 2
    low, high = repeated[max(math.floor(middle) - 2, 0)], repeated[min(math.ceil(middle) + 1, repeated.size - 1)]
    around = np.unique(values)
    low = around[max(np.searchsorted(around, low) - 1, 0)]
    high = around[min(np.searchsorted(around, high) + 1, around.size - 1)]
    assert low <= heavy <= high


def test_quantiles_of_many_even_draws_are_those_of_the_uniform_law() -> None:
    values = (np.arange(1000) + 0.5) / 1000
    # The midpoint rule is exact for midpoints.
    assert weighted_quantiles(values, np.ones(1000), (0.16, 0.5, 0.84)) == pytest.approx([0.16, 0.5, 0.84], abs=1e-12)


def test_infinite_draws_sort_last() -> None:
    values = np.array([3.0, np.inf, 1.0, 2.0])
    assert weighted_quantiles(values, np.ones(4), (0.125, 0.375, 0.95)) == [1.0, 2.0, np.inf]


@pytest.mark.parametrize(("values", "weights"), [([], []), ([1.0], [0.0]), ([1.0, 2.0], [0.0, 0.0])])
def test_nothing_to_summarise_is_refused(values: list[float], weights: list[float]) -> None:
    with pytest.raises(ValueError, match="no draws"):
        weighted_quantiles(np.array(values), np.array(weights), (0.5,))


def test_draws_without_a_value_make_it_unknown() -> None:
    weights = np.ones(10)
    values = np.arange(10.0)
    assert isinstance(summarise_draws(np.where(values == 4, np.nan, values), weights, ("key",)), Unknown)
    # One infinite draw in ten lies beyond the interval of 0.8 at its very end; five reach the median.
    assert isinstance(summarise_draws(np.where(values < 5, np.inf, values), weights, ("key",)), Unknown)


@given(weighted)
def test_a_summary_is_an_ordered_estimate_of_all_draws(pairs: list[tuple[float, float]]) -> None:
    values, weights = columns(pairs)
    found = summarise_draws(values, weights, ("key",))
    assert isinstance(found, Estimate)
    assert (found.level, found.draws, found.basis) == (INTERVAL_LEVEL, values.size, ("key",))


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-3, 1e3)), min_size=1, max_size=40))
def test_a_share_and_its_complement_make_one(pairs: list[tuple[bool, float]]) -> None:
    met, weights = (np.array(column) for column in zip(*pairs, strict=True))
    p, error = weighted_share(met, weights)
    q, other = weighted_share(~met, weights)
    assert p + q == pytest.approx(1.0, abs=1e-12)
    assert error == pytest.approx(other, rel=1e-9)
    assert error > 0
    found = weighted_probability(met, weights, ("key",))
    assert 0 <= found.low <= found.median <= found.high <= 1


def test_chances_of_nought_and_one_are_no_and_yes() -> None:
    met, weights = np.arange(50) % 3 == 0, np.linspace(0.5, 2.0, 50)
    assert weighted_share(met.astype(float), weights) == weighted_share(met, weights)
    assert weighted_probability(met.astype(float), weights, ()) == weighted_probability(met, weights, ())


def test_the_error_of_chances_is_that_of_their_mean() -> None:
    trials, n = 2000, 400
    chances = np.random.default_rng(2).beta(1.0, 9.0, (trials, n))  # mean 0.1, deviation 0.0905
    errors = np.array([weighted_share(row, np.ones(n))[1] for row in chances])
    # The mean of the squares is 0.0182. With the four draws that are added the variance is
    # (400 x 0.0182 + 2) / 404 - (42 / 404)^2 = 0.0121; without them 0.0082. 2000 means tell their scatter to 1.6 %.
    assert errors.mean() == pytest.approx(np.sqrt(0.0121 / 404), rel=0.01)
    assert chances.mean(axis=1).std() == pytest.approx(np.sqrt(0.0082 / 400), rel=0.05)
    yes_or_no = np.random.default_rng(3).random(n) < chances[0]
    assert errors[0] < weighted_share(yes_or_no, np.ones(n))[1] / 2


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5, 0.9])
def test_the_interval_of_a_probability_covers_it_as_often_as_it_says(p: float) -> None:
    trials, n = 2000, 60
    met = np.random.default_rng(1).random((trials, n)) < p
    found = [weighted_probability(row, np.ones(n), ()) for row in met]
    covered = np.mean([one.low <= p <= one.high for one in found])
    # Wilson's coverage swings around the level, since counts are whole: by up to 0.09 at n = 60 (exact sums over the
    # binomial law give 0.74 to 0.89 for these p). 2000 trials add a standard error of 0.009; three of them.
    assert INTERVAL_LEVEL - 0.09 - 0.027 < covered < INTERVAL_LEVEL + 0.10 + 0.027


def test_weights_count_as_fewer_draws() -> None:
    assert effective_draws(np.ones(40)) == pytest.approx(40)
    assert effective_draws(np.array([1.0, 0.0, 0.0])) == pytest.approx(1)
    # (1 + 3)² / (1 + 9)
    assert effective_draws(np.array([1.0, 3.0])) == pytest.approx(1.6)
    met = np.arange(200) < 100
    even, uneven = np.ones(200), np.where(np.arange(200) % 10 == 0, 1.0, 0.01)
    assert weighted_share(met, uneven)[1] > weighted_share(met, even)[1]


@given(st.integers(1, 2000), st.integers(1, 700))
def test_chunks_cover_all_draws_once_in_order(draws: int, size: int) -> None:
    parts = list(chunk_slices(draws, size))
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(draws))
    assert all(part.stop - part.start <= size for part in parts)
    assert all(part.stop - part.start <= CHUNK_DRAWS for part in chunk_slices(draws))
