"""Healing that lasts longer than a person accepts is told as a caution, and changes nothing else."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from plan_reading import read_plan

from skinbeam.course.aftercare import find_range
from skinbeam.course.downtime import describe_healing_days, downtime_reason
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.report.formatting import display_value
from skinbeam.report.option_cards import option_card

RULE = "healing-longer-than-accepted"
LINES = loaded(PERSON + concern("perioral-lines", "perioral")).case.concern[0]
DAYS = Estimate(10.5, 7.0, 14.0, 0.8, "assumed", basis=("mayoresurfacing",))
RED_DAYS = 7 * 3.6, 7 * 19.3  # of full-field ablation: the ends that its source prints, in weeks


def planned(accepted: str) -> list[dict[str, Any]]:
    return laser_options(document(PERSON + accepted + concern("acne-scars") + devices("co2-10600", "fractional-1550")))


def told(option: dict[str, Any]) -> list[dict[str, Any]]:
    return [reason for reason in option["reasons"] if reason["rule"] == RULE]


def test_each_option_is_held_against_the_days_by_its_median() -> None:
    unsaid, none, some, years = (
        planned(days) for days in ("", *(f"downtime_days_accepted = {days}\n" for days in (0, 7, 365)))
    )
    assert not any(map(told, unsaid))
    assert all(map(told, none))
    assert not any(map(told, years))
    for option in some:
        longer = option["downtime_days"]["median"] > 7
        assert bool(told(option)) == longer
    assert {bool(told(option)) for option in some} == {True, False}


def test_it_is_a_caution_that_changes_no_setting_and_no_rank() -> None:
    unsaid, none = planned(""), planned("downtime_days_accepted = 0\n")
    for before, after in zip(unsaid, none, strict=True):
        assert {name: after[name] for name in before if name != "reasons"} == {
            name: value for name, value in before.items() if name != "reasons"
        }
        (reason,) = told(after)
        assert reason["decision"] == "with-caution"
        assert reason["message"]["params"]["accepted"] == 0
        told_at_the_decision = {reason["rule"], "no-days-off"}
        assert [one for one in after["reasons"] if one["rule"] not in told_at_the_decision] == before["reasons"]


def test_the_clinician_reads_what_lasts_and_what_is_accepted() -> None:
    made = document(PERSON + "downtime_days_accepted = 6\n" + concern("acne-scars") + devices("co2-10600"))
    (option,) = laser_options(made)
    (part,) = read_plan(made).concerns
    assert part.first_laser is not None
    card = option_card(part, part.first_laser[0])
    (line,) = (f"{one.lead} {one.rest}" for one in card.reasons if "accepted" in one.lead + one.rest)
    assert "6 days" in line
    assert display_value(part.first_laser[0].downtime_days).text in line  # as the tables round it
    (reason,) = told(option)
    assert {reason["source"], *option["downtime_days"]["basis"]} <= set(made["sources"])


def test_redness_that_outlasts_the_wound_counts_too() -> None:
    """New skin covers the wound within a fortnight; it stays red for about a month."""
    between = (DAYS.high + RED_DAYS[0]) / 2
    reason = downtime_reason(LINES, "ablative", DAYS, between)
    assert reason is not None
    (only,) = reason.message.params["lasting"]
    low, high = only.params["days"].low, only.params["days"].high
    assert (low, high) == pytest.approx(RED_DAYS)
    span = find_range("redness", "ablative")
    assert not isinstance(span, Unknown)
    assert only.params["days"].basis == (span.source,)
    assert downtime_reason(LINES, "ablative", DAYS, RED_DAYS[1]) is None


@pytest.mark.parametrize("counted", [Unknown("nobody counted it"), Estimate(1.0, 0.5, 2.0, 0.8, "pooled")])
def test_what_shows_longest_counts_whatever_was_counted(counted: Estimate | Unknown) -> None:
    """Lamps: usual life at once, in trials a day or two, and flakes that go after a week and a half."""
    last = describe_healing_days("pigment-long-pulse", "age-spots")[-1].day
    reason = downtime_reason(LINES, "pigment-long-pulse", counted, last - 1.0)
    assert reason is not None
    (only,) = reason.message.params["lasting"]
    assert (only.id, only.params["days"]) == ("plan.healing-calendar", last)
    assert downtime_reason(LINES, "pigment-long-pulse", counted, float(last)) is None


def test_the_day_of_looking_for_late_marks_is_no_visible_healing() -> None:
    """It stood as "visible effects until day 28" in every plan for brown spots."""
    (spots,) = loaded(PERSON + concern("age-spots")).case.concern
    assert describe_healing_days("pigment-short-pulse", "age-spots")[-1].day == 28
    crusts = downtime_reason(spots, "pigment-short-pulse", Unknown("not counted"), 12.0, pulse="nanosecond")
    assert crusts is None
    assert downtime_reason(spots, "pigment-short-pulse", Unknown("not counted"), 7.0, pulse="nanosecond") is not None


def test_how_long_anything_shows_means_the_same_for_spots_and_for_columns() -> None:
    """Until crusts have gone: 28 days or more stood beside 7 or more after columns that leave the skin as pink."""
    made = document(PERSON + concern("age-spots") + devices("ps-ndyag-532-1064", "ps-alexandrite-755"))
    for option in laser_options(made):
        crusts = next(day["day"] for day in option["healing"] if "crusts fall off" in day["text"]["text"])
        assert (option["shows_days"]["what"], option["shows_days"]["high"]) == ("calendar", crusts)
        assert "pink for weeks" in option["shows_days"]["text"]["text"]


def test_another_light_waits_until_late_marks_of_a_spot_were_looked_for() -> None:
    both = concern("age-spots") + concern("acne-scars")
    made = document(PERSON + both + devices("ps-ndyag-532-1064", "fractional-1550"))
    weeks = [(name.partition(" ")[0], visit["week"]) for visit in made["course"] for name in visit["treats"]]
    last_spots = max(week for name, week in weeks if name == "age-spots")
    first_columns = min(week for name, week in weeks if name == "acne-scars")
    assert (first_columns - last_spots) * 7 >= describe_healing_days("pigment-short-pulse", "age-spots")[-1].day


def test_of_the_longest_the_end_counts_and_not_the_middle() -> None:
    """Who accepts 29 days is not spared the caution because half of the people are pale again by then."""
    reason = downtime_reason(LINES, "ablative", DAYS, (sum(RED_DAYS) / 2 + RED_DAYS[1]) / 2)
    assert reason is not None
    assert [one.id for one in reason.message.params["lasting"]] == ["plan.healing-redness"]


def test_what_is_not_known_says_nothing() -> None:
    assert downtime_reason(LINES, "ablative", DAYS, None) is None
    assert downtime_reason(LINES, "surgery", Unknown("nobody counted it"), 0.0) is None
    assert downtime_reason(LINES, "pigment-long-pulse", DAYS, DAYS.median) is None  # as long as accepted is accepted
