"""One limit held against weighted draws: at, above and below its bounds, and what too few draws can say."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import bibliography, collect_sources
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.response.limits import SettingLimit, effect_target, find_limits, judge_limit
from skinbeam.text import catalogue

BELOW = SettingLimit("injury-depth", "injury_depth_fraction", "<", 0.1, 1.0, ("ablative",), (), "tanna2020", 0.95)
ABOVE = SettingLimit("basal-cold", "basal_minimum_C", ">", 0.0, -5.0, ("vascular",), (), "gage1998", 0.95)
CHANCE = SettingLimit("epidermal-burn", "p_burn", "<", 0.05, 0.1, ("vascular",), (), "skinbeam-judgement-burn")
LASERS = [name for name, entry in vocabulary_table("modality").items() if entry["laser"]]
SITES = [name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"]
ONE_SIDED_95 = 1.6448536269514722


def status(limit: SettingLimit, values: float | list[float], *, draws: int = 400, strict: bool = True) -> str:
    array = np.full(draws, values) if isinstance(values, float) else np.array(values)
    return judge_limit(limit, array, np.ones(array.size), (), strict=strict).status


@pytest.mark.parametrize(
    ("limit", "value", "expected"),
    [
        (BELOW, 0.05, "met"),
        (BELOW, 0.1, "warn"),  # at the bound is not below it
        (BELOW, 0.5, "warn"),
        (BELOW, math.nextafter(1.0, 0.0), "warn"),
        (BELOW, 1.0, "not_met"),
        (BELOW, 2.0, "not_met"),
        (ABOVE, 3.0, "met"),
        (ABOVE, 0.0, "warn"),
        (ABOVE, -3.0, "warn"),
        (ABOVE, math.nextafter(-5.0, 0.0), "warn"),
        (ABOVE, -5.0, "not_met"),
        (ABOVE, -9.0, "not_met"),
    ],
)
def test_each_operator_at_above_and_below_its_bounds(limit: SettingLimit, value: float, expected: str) -> None:
    assert status(limit, value) == expected


def enough(broken: int, draws: int) -> bool:
    """The promise, written a second time: share less 1.645 of its error, by two added successes and failures."""
    p = 1 - broken / draws
    added = (p * draws + 2) / (draws + 4)
    return p - ONE_SIDED_95 * math.sqrt(added * (1 - added) / (draws + 4)) >= 0.95


@pytest.mark.parametrize("draws", [20, 40, 64, 100, 200, 400, 1000])
def test_the_error_of_the_share_counts_against_the_limit(draws: int) -> None:
    for broken in range(draws // 10):
        values = [5.0] * broken + [0.0] * (draws - broken)
        assert (status(BELOW, values) == "met") is enough(broken, draws), (broken, draws)


def test_few_draws_are_never_enough() -> None:
    most = max(n for n in range(1, 200) if not enough(0, n))
    assert most > 10
    for draws in range(1, most + 1):
        assert status(BELOW, 0.0, draws=draws) == "not_met"
    assert status(BELOW, 0.0, draws=most + 1) == "met"


def test_a_first_look_does_not_count_the_error() -> None:
    values = [5.0] * 5 + [0.0] * 95
    assert status(BELOW, values, strict=False) == "met"
    assert status(BELOW, values) == "not_met"
    assert status(BELOW, [5.0] * 6 + [0.0] * 94, strict=False) == "not_met"


def test_warn_and_stop_are_counted_apart() -> None:
    values = [0.5] * 40 + [0.0] * 360  # a tenth beyond the warning, none beyond the stop
    assert status(BELOW, values) == "warn"
    assert status(BELOW, [0.5] * 4 + [0.0] * 396) == "met"


# --- limits on a probability ---------------------------------------------------------------------------------------


def low_enough(chances: list[float], bound: float) -> bool:
    """The promise, written a second time: the mean and 1.645 of its error, with two draws added at 0 and two at 1."""
    n = len(chances)
    mean, square = (sum(chances) + 2) / (n + 4), (sum(p * p for p in chances) + 2) / (n + 4)
    return sum(chances) / n + ONE_SIDED_95 * math.sqrt((square - mean**2) / (n + 4)) <= bound


@pytest.mark.parametrize(
    ("chance", "expected"),
    [(0.0, "met"), (0.04, "met"), (0.05, "warn"), (0.09, "warn"), (0.1, "not_met"), (0.5, "not_met"), (1.0, "not_met")],
)
def test_a_probability_is_held_against_both_bounds(chance: float, expected: str) -> None:
    assert status(CHANCE, chance) == expected


@given(st.lists(st.floats(0, 0.4), min_size=100, max_size=200))
def test_the_error_of_a_mean_probability_counts_against_the_limit(chances: list[float]) -> None:
    wanted = next((name for name, bound in (("met", 0.05), ("warn", 0.1)) if low_enough(chances, bound)), "not_met")
    assert status(CHANCE, chances) == wanted


def test_a_first_look_holds_the_mean_alone() -> None:
    chances = [0.0] * 10 + [0.18] * 10
    assert status(CHANCE, chances, strict=False) == "warn"
    assert status(CHANCE, chances) == "not_met"


def test_few_draws_never_show_that_a_probability_is_small() -> None:
    most = max(n for n in range(1, 200) if not low_enough([0.0] * n, CHANCE.stop))
    assert most > 10
    for draws in (1, most, most + 1):
        assert (status(CHANCE, 0.0, draws=draws) == "not_met") is (draws <= most)


def test_a_plan_prints_the_probability_and_the_share_that_is_spared() -> None:
    chances = np.array([0.02, 0.06] * 200)
    told = judge_limit(CHANCE, chances, np.ones(400), ("key",)).record
    assert isinstance(told.value, Estimate)
    assert told.value.median == pytest.approx(0.04)
    assert told.share == pytest.approx(0.96)
    assert told.share_required == pytest.approx(0.9)
    assert told.value.low < told.value.median < told.value.high


def test_what_is_unknown_is_never_met() -> None:
    verdict = judge_limit(BELOW, Unknown("nobody measured it"), np.ones(400), ())
    assert (verdict.status, verdict.share, verdict.value) == ("unknown", 0.0, Unknown("nobody measured it"))
    one_missing = np.array([math.nan] + [0.0] * 399)
    for limit in (BELOW, CHANCE):
        verdict = judge_limit(limit, one_missing, np.ones(400), ())
        assert (verdict.status, verdict.share) == ("unknown", 0.0)
        assert isinstance(verdict.value, Unknown)


def test_weights_count_and_not_heads() -> None:
    values = np.array([0.0] * 200 + [5.0] * 200)
    weights = np.array([1.0] * 200 + [1e-9] * 200)
    assert judge_limit(BELOW, values, weights, ()).status == "met"
    assert judge_limit(BELOW, values, weights[::-1], ()).status == "not_met"


def test_uneven_weights_are_fewer_draws() -> None:
    """A thousand draws of which one holds nearly all the weight are about one draw."""
    weights = np.array([1.0] + [1e-6] * 999)
    assert judge_limit(BELOW, np.zeros(1000), weights, ()).status == "not_met"


@given(
    st.lists(st.floats(0, 3), min_size=60, max_size=120),
    st.integers(0, 59),
    st.floats(0, 3),
)
def test_more_harm_never_betters_a_verdict(values: list[float], index: int, more: float) -> None:
    order = ("met", "warn", "not_met")
    worse = [*values]
    worse[index] += more
    assert order.index(status(BELOW, worse)) >= order.index(status(BELOW, values))


def test_a_verdict_holds_what_the_plan_prints() -> None:
    with collect_sources() as sources:
        verdict = judge_limit(BELOW, np.full(400, 0.05), np.ones(400), ("moritz1947",))
    assert "tanna2020" in sources
    assert isinstance(verdict.value, Estimate)
    told = verdict.record
    assert (told.id, told.quantity, told.source) == (BELOW.id, BELOW.quantity, BELOW.source)
    assert (told.share, told.share_required) == (1.0, 0.95)
    assert (told.warn, told.stop, told.value) == (BELOW.warn, BELOW.stop, verdict.value)


@pytest.mark.parametrize(
    "change",
    [{"operator": "<="}, {"share": 0.0}, {"share": 1.0}, {"warn": 2.0}, {"share": None}],
    ids=lambda change: next(iter(change)),
)
def test_an_unsound_limit_is_refused(change: dict[str, float | str]) -> None:
    with pytest.raises(ValueError, match=BELOW.id):
        replace(BELOW, **change)  # type: ignore[arg-type]  # wrong on purpose


def test_a_probability_is_bounded_from_above_and_below_one() -> None:
    with pytest.raises(ValueError, match=CHANCE.id):
        replace(CHANCE, stop=1.0)
    with pytest.raises(ValueError, match=CHANCE.id):
        replace(CHANCE, operator=">", warn=0.1, stop=0.05)


def test_bounds_are_in_the_order_of_the_operator() -> None:
    with pytest.raises(ValueError, match="beyond stop"):
        replace(ABOVE, warn=-6.0)


@pytest.mark.parametrize("condition", ["", "age-spots", "melasma"])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("modality", LASERS)
def test_every_laser_has_a_limit_everywhere(modality: str, site: str, condition: str) -> None:
    found = find_limits(modality, site, condition)
    assert found
    quantities = [limit.quantity for limit in found]
    assert len(quantities) == len(set(quantities))
    for limit in found:
        assert limit.source in bibliography()
        assert f"limit.{limit.id}" in catalogue()


def test_what_a_dose_is_searched_for_is_sourced() -> None:
    sought = effect_target()
    assert 0 < sought.least < sought.wanted < 1
    assert sought.source in bibliography()
