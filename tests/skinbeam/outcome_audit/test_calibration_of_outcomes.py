"""Calibration against closed forms; what is right looks right, and what was put in is found."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from learning_samples import NOBODY_KNOWS, forecasts, stated

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.outcome_audit.calibration import brier_score, forecast_calibration, reliability_curve
from skinbeam.outcome_audit.counts import too_few_cases
from skinbeam.outcome_audit.coverage import clinic_count, interval_coverage
from skinbeam.outcome_audit.outcomes import (
    AuditedCourse,
    ObservedOutcome,
    PredictedOutcome,
    VerifiedForecast,
    any_harm_forecast,
    downtime_pairs,
    harm_forecasts,
    improvement_forecasts,
)

RUNS = 300
CASES = st.lists(st.tuples(st.sampled_from((0.1, 0.3, 0.5, 0.8)), st.booleans()), min_size=20, max_size=80)


def made(pairs: list[tuple[float, bool]]) -> tuple[VerifiedForecast, ...]:
    return tuple(VerifiedForecast(stated(p), happened) for p, happened in pairs)


def two_groups(n: int, first: tuple[float, int], second: tuple[float, int]) -> tuple[VerifiedForecast, ...]:
    return made([(p, i < happened) for p, happened in (first, second) for i in range(n)])


def odds(p: float) -> float:
    return p / (1 - p)


def known(value: Estimate | Unknown) -> Estimate:
    assert isinstance(value, Estimate)
    return value


def test_two_groups_have_the_slope_of_the_line_through_them() -> None:
    calibration = forecast_calibration(two_groups(500, (0.2, 150), (0.6, 250)))
    expected = math.log(odds(0.3) / odds(0.5)) / math.log(odds(0.2) / odds(0.6))
    assert known(calibration.slope).median == pytest.approx(expected)
    assert (calibration.people, calibration.observed, calibration.expected) == (1000, 400, pytest.approx(400.0))
    assert known(calibration.ratio).median == pytest.approx(1.0)


def test_one_group_has_its_odds_over_those_foretold() -> None:
    calibration = forecast_calibration(made([(0.5, i < 60) for i in range(240)]))
    assert known(calibration.odds).median == pytest.approx(odds(0.25) / odds(0.5))
    deviation = 1 / math.sqrt(240 * 0.25 * 0.75)
    assert math.log(known(calibration.odds).high / known(calibration.odds).median) == pytest.approx(
        1.959964 * deviation, rel=1e-5
    )
    assert known(calibration.ratio).median == pytest.approx(0.5)


def test_one_case_is_not_told_in_the_plural() -> None:
    assert too_few_cases(1, "learning.of-judged").reason.startswith("judged courses with a predicted share, so far 1;")


def test_too_few_cases_give_a_reason_and_no_number() -> None:
    assert isinstance(forecast_calibration(()).ratio, Unknown)
    few = forecast_calibration(made([(0.5, i < 5) for i in range(60)]))
    assert isinstance(few.ratio, Estimate)
    assert isinstance(few.odds, Unknown)
    assert "5" in few.odds.reason
    assert isinstance(few.slope, Unknown)
    assert isinstance(reliability_curve(forecasts(19, 0)), Unknown)
    assert isinstance(brier_score(forecasts(19, 0)), Unknown)
    assert isinstance(clinic_count(forecasts(19, 0)), Unknown)
    (coverage,) = interval_coverage([(stated(0.5), 0.5)] * 19)
    assert isinstance(coverage.share, Unknown)


def test_a_slope_of_people_with_the_same_prediction_is_unknown() -> None:
    assert isinstance(forecast_calibration(made([(0.5, i < 120) for i in range(240)])).slope, Unknown)


@given(CASES)
def test_groups_hold_everybody_once_and_stand_in_order(pairs: list[tuple[float, bool]]) -> None:
    groups = reliability_curve(made(pairs))
    assert not isinstance(groups, Unknown)
    assert sum(one.people for one in groups) == len(pairs)
    assert sum(one.events for one in groups) == sum(happened for _, happened in pairs)
    assert min(one.people for one in groups) >= 20
    assert [one.predicted for one in groups] == sorted({one.predicted for one in groups})


@given(CASES)
@example([(0.5, number < 1) for number in range(21)])  # -1.4e-17 before it was held at 0
def test_the_parts_of_a_brier_score_make_it_up(pairs: list[tuple[float, bool]]) -> None:
    score = brier_score(made(pairs))
    assert not isinstance(score, Unknown)
    parts = score.miscalibration - score.discrimination + score.uncertainty
    assert score.score.median == pytest.approx(parts)
    assert score.miscalibration >= 0.0
    assert score.discrimination >= 0.0


def test_a_brier_score_of_two_groups_has_the_parts_of_murphy() -> None:
    score = brier_score(two_groups(100, (0.2, 30), (0.6, 50)))
    assert not isinstance(score, Unknown)
    assert score.miscalibration == pytest.approx((0.1**2 + 0.1**2) / 2)
    assert score.discrimination == pytest.approx((0.1**2 + 0.1**2) / 2)
    assert score.uncertainty == pytest.approx(0.4 * 0.6)


def test_what_is_right_is_found_to_be_right_as_often_as_the_intervals_say() -> None:
    held = {"ratio": 0, "odds": 0, "slope": 0, "brier": 0}
    groups_right = groups_all = 0
    for seed in range(RUNS):
        drawn = forecasts(400, seed)
        calibration, score, groups = forecast_calibration(drawn), brier_score(drawn), reliability_curve(drawn)
        assert not isinstance(score, Unknown)
        assert not isinstance(groups, Unknown)
        for name in ("ratio", "odds", "slope"):
            value = known(getattr(calibration, name))
            held[name] += value.low <= 1.0 <= value.high
        held["brier"] += score.expected.low <= score.score.median <= score.expected.high
        groups_right += sum(one.consistent for one in groups)
        groups_all += len(groups)
    # Of 95 %, and four standard errors of so many runs; the ratio takes people for alike and is a little wide.
    noise = 4 * math.sqrt(0.95 * 0.05 / RUNS)
    for name, times in held.items():
        assert 0.95 - noise < times / RUNS <= 1.0, name
    assert groups_right / groups_all >= 0.95 - noise
    assert known(forecast_calibration(forecasts(400, 0)).ratio).low < 1.0


def test_odds_lower_by_half_are_found() -> None:
    """Of 400 people told on average an even chance, whose true odds are half of that: found nearly always."""
    found = sum(known(forecast_calibration(forecasts(400, seed, odds=0.5)).odds).high < 1.0 for seed in range(100))
    assert found >= 99
    fitted_odds = known(forecast_calibration(forecasts(20_000, 1, odds=0.5)).odds)
    assert fitted_odds.low < 0.5 < fitted_odds.high
    assert fitted_odds.median == pytest.approx(0.5, rel=0.1)


def test_forecasts_that_are_too_sharp_have_a_slope_below_one() -> None:
    found = sum(known(forecast_calibration(forecasts(600, seed, sharper=2.0)).slope).high < 1.0 for seed in range(100))
    assert found >= 95
    assert known(forecast_calibration(forecasts(20_000, 2, sharper=2.0)).slope).median == pytest.approx(0.5, abs=0.05)


def test_intervals_of_a_number_are_counted_by_level_and_side() -> None:
    interval = Estimate(3.0, 2.0, 5.0, 0.8, "pooled")
    wide = Estimate(3.0, 1.0, 8.0, 0.95, "pooled")
    seen = [1.0] * 4 + [2.0] * 10 + [5.0] * 10 + [6.0] * 6
    narrow, broad = interval_coverage([(interval, x) for x in seen] + [(wide, 3.0)] * 25)
    assert (narrow.level, narrow.below, narrow.within, narrow.above, narrow.total) == (0.8, 4, 20, 6, 30)
    assert known(narrow.share).median == pytest.approx(20 / 30)
    assert (broad.level, broad.within) == (0.95, 25)


def test_a_new_clinic_lies_within_what_was_foretold_of_it_as_often_as_it_says() -> None:
    rng, within = np.random.default_rng(5), 0
    for _ in range(RUNS):
        people = [stated(float(p)) for p in rng.choice((0.3, 0.5, 0.7), 60)]
        better = rng.normal(0.0, 0.8 / 1.2815515655)  # the interval of `stated` is 80 %
        logits = np.log([odds(one.median) for one in people]) + better
        happened = rng.random(60) < 1 / (1 + np.exp(-logits))
        count = clinic_count([VerifiedForecast(one, bool(h)) for one, h in zip(people, happened, strict=True)])
        assert not isinstance(count, Unknown)
        within += count.position == "within"
    noise = 4 * math.sqrt(0.8 * 0.2 / RUNS)
    assert 0.8 - noise < within / RUNS < 0.85 + noise  # whole people make the range a little wide


def test_a_clinic_without_anybody_better_lies_below() -> None:
    count = clinic_count(made([(0.5, False)] * 40))
    assert not isinstance(count, Unknown)
    assert count.position == "below"


def test_what_was_not_foretold_or_not_seen_is_left_out() -> None:
    predicted = PredictedOutcome(stated(0.6), {"pih": stated(0.1), "blister": NOBODY_KNOWS}, stated(0.5), NOBODY_KNOWS)
    unpredicted = PredictedOutcome(NOBODY_KNOWS, {}, NOBODY_KNOWS, NOBODY_KNOWS)
    place = ("P1", "acne-scars", "fractional-ablative", "cheeks", "III", "somebody")
    seen = AuditedCourse(*place, predicted, ObservedOutcome(True, frozenset({"blister"}), 0.4))
    unseen = AuditedCourse(*place, predicted, ObservedOutcome(None, frozenset({"pih"})))
    unforetold = AuditedCourse(*place, unpredicted, ObservedOutcome(True, frozenset()))
    every = (seen, unseen, unforetold)
    assert [one.occurred for one in improvement_forecasts(every)] == [True]
    assert [one.occurred for one in harm_forecasts(every, "pih")] == [False, True]
    assert harm_forecasts(every, "blister") == ()
    assert downtime_pairs(every) == ((stated(0.5), 0.4),)
    assert any_harm_forecast(unforetold) is None
    assert [any_harm_forecast(one) for one in (seen, unseen)] == [
        (pytest.approx(0.1), False),
        (pytest.approx(0.1), True),
    ]


def test_two_harms_meet_more_people_than_one() -> None:
    both = PredictedOutcome(NOBODY_KNOWS, {"pih": stated(0.1), "scar": stated(0.2)}, NOBODY_KNOWS, NOBODY_KNOWS)
    forecast = any_harm_forecast(
        AuditedCourse("P1", "acne-scars", "peel", "cheeks", "III", "", both, ObservedOutcome(None, frozenset()))
    )
    assert forecast == (pytest.approx(1 - 0.9 * 0.8), False)
