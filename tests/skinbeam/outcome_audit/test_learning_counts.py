"""Laws of counts against closed forms, and intervals against how often they hold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from skinbeam.outcome_audit.counts import central_range, count_distribution, share_estimate, share_quantile

CHANCES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)


@given(CHANCES)
def test_a_law_of_counts_has_the_mean_and_variance_of_its_people(p: list[float]) -> None:
    law, chances = count_distribution(p), np.array(p)
    number = np.arange(len(law))
    assert law.sum() == pytest.approx(1.0)
    mean = float(law @ number)
    assert mean == pytest.approx(chances.sum())
    assert law @ (number - mean) ** 2 == pytest.approx(np.sum(chances * (1 - chances)), abs=1e-9)


def test_a_law_of_people_who_are_alike_is_binomial() -> None:
    assert count_distribution([0.3] * 40) == pytest.approx(binom.pmf(range(41), 40, 0.3))
    both = count_distribution(np.column_stack(([0.3] * 12, [0.8] * 12)))
    assert both[:, 1] == pytest.approx(binom.pmf(range(13), 12, 0.8))


@given(CHANCES, st.sampled_from((0.5, 0.8, 0.95)))
def test_the_middle_of_a_law_holds_its_level(p: list[float], level: float) -> None:
    law = count_distribution(p)
    low, high = central_range(law, level)
    assert law[low : high + 1].sum() >= level - 1e-9
    tail = (1 - level) / 2
    assert law[:low].sum() <= tail + 1e-9
    assert law[high + 1 :].sum() <= tail + 1e-9


def test_limits_of_a_part_lie_between_whole_counts() -> None:
    # Of two events, each as likely mine: P(0) = 1/4, P(1 or fewer) = 3/4; the median is interpolated between 0 and 1.
    assert share_quantile([0.5], 2, 0.5)[0] == pytest.approx(0.5)
    assert share_quantile([0.001], 20, 0.025)[0] == 0.0


@given(st.floats(0.02, 0.9), st.integers(5, 300), st.sampled_from((0.001, 0.025, 0.975, 0.999)))
def test_limits_of_a_part_lie_within_one_of_their_quantile(share: float, of: int, p: float) -> None:
    limit, whole = share_quantile([share], of, p)[0], float(binom.ppf(p, of, share))
    assert max(whole - 1, 0) - 1e-9 <= limit <= whole + 1e-9


@pytest.mark.parametrize(("events", "of"), [(0, 20), (20, 20), (1, 50), (25, 50)])
def test_a_share_lies_in_its_interval(events: int, of: int) -> None:
    share = share_estimate(events, of)
    assert 0.0 <= share.low <= share.median <= share.high <= 1.0
    z = 1.959963984540054
    for end in (share.low, share.high):  # the score equation, of which both ends are the roots
        if 0.0 < end < 1.0:
            assert abs(share.median - end) == pytest.approx(z * math.sqrt(end * (1 - end) / of))


def test_intervals_of_shares_hold_as_often_as_they_say() -> None:
    for of, p in ((30, 0.1), (100, 0.5), (300, 0.03)):
        intervals = [share_estimate(k, of) for k in range(of + 1)]
        held = sum(binom.pmf(k, of, p) for k in range(of + 1) if intervals[k].low <= p <= intervals[k].high)
        assert 0.92 < held < 0.99  # of 95 %: the score interval is right on average, not at each share
