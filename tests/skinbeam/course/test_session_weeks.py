"""The weeks between the sessions of a course."""

from dataclasses import replace

import pytest
from course_samples import (
    HALF_A_YEAR_WEEKS,
    MONTH,
    ONCE,
    SPOTS,
    THREE,
    TWICE,
    UNKNOWN,
    VEINS,
    days,
    option,
    part,
    step_ids,
    weeks,
)

from skinbeam.course.schedule import schedule_course
from skinbeam.course.session_counts import expected_interval
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.course import (
    Duration,
    SourceRange,
)
from skinbeam.text import Message


@pytest.mark.parametrize(
    ("modality", "condition", "low", "high"),
    [
        # The middle half of the weeks in studies.csv, rounded: 4 4 2 4 4 4 4 4; 2 2 2 2 3; 4 3 4; 4.3 4 4; 4 2.
        ("microneedling", "acne-scars", 4, 4),
        ("chemical-peel", "melasma", 2, 2),
        ("non-ablative-fractional", "melasma", 4, 4),
        ("vascular", "hypertrophic-scars", 4, 4),
        ("non-ablative-fractional", "uneven-pigmentation", 3, 4),
        # Rules come before trials: a review of 38 trials, and two to three months as printed.
        ("intralesional-steroid", "keloid", 4, 4),
        ("fractional-ablative", "hypertrophic-scars", 9, 13),
        ("fractional-ablative", "acne-scars", 4, 7),
        # One trial may have set its visits for its own ends.
        ("tranexamic-acid", "melasma", None, None),
        ("silicone", "keloid", None, None),
    ],
)
def test_weeks_between_sessions_are_those_of_rules_and_else_of_trials(
    modality: str, condition: str, low: int | None, high: int | None
) -> None:
    """ "No source that was read gives the weeks" stood beside trials that had printed them."""
    found = expected_interval(modality, condition, "cheeks")
    assert (None if isinstance(found, Unknown) else (found.low, found.high)) == (None if low is None else (low, high))


def test_another_light_waits_until_nothing_shows_any_more() -> None:
    slow = Duration("trials", 20, 60, "days", "synthetic2000", Message("course.wait", {"weeks": 1}))
    shown = part("facial-telangiectasia", replace(VEINS.options[0], shows_days=slow))
    course = schedule_course([SPOTS, shown])
    assert [session.week for session in course] == [0, 9]  # 60 days are nine weeks


def test_a_session_waits_for_the_downtime_of_the_last() -> None:
    long = replace(option("ablative", "co2", TWICE, weeks(4, 4)), downtime_days=days(50.0))
    course = schedule_course([part("wrinkles", long)])
    assert [session.week for session in course] == [0, 8]
    assert "course.healing" in step_ids(course)[1]


def test_ablated_skin_waits_as_the_rule_on_recent_resurfacing_says() -> None:
    """The rule refuses to ablate for six to twelve months after resurfacing: a course keeps it too."""
    again = schedule_course([part("wrinkles", option("ablative", "er", TWICE, UNKNOWN))])
    assert again[1].week >= HALF_A_YEAR_WEEKS
    assert "course.ablated-again" in step_ids(again)[1]
    full = part("laxity", option("ablative", "er", UNKNOWN, UNKNOWN), site="eyelid")
    around = part("wrinkles", option("fractional-ablative", "co2", TWICE, MONTH), site="periorbital")
    *columns, last = schedule_course([full, around])
    assert last.treats == (full.place,)
    assert last.week - columns[-1].week >= HALF_A_YEAR_WEEKS
    assert "course.wait-ablation" in {step.id for step in last.steps}
    assert columns[1].week - columns[0].week == MONTH.high  # columns alone are repeated as trials did


def test_craters_without_a_known_interval_wait_as_long_as_those_of_a_trial() -> None:
    course = schedule_course([part("surgical-scars", option("fractional-ablative", "co2", TWICE, UNKNOWN))])
    assert [visit.week for visit in course] == [0, 7]
    assert "course.least-unknown" in step_ids(course)[1]


def test_sessions_are_never_nearer_than_the_least_interval() -> None:
    course = schedule_course([part("age-spots", option("pigment-short-pulse", "qs", TWICE, weeks(1, 2)))])
    assert [session.week for session in course] == [0, 4]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (weeks(1, 2), {"course.least"}),
        (UNKNOWN, {"course.least-unknown"}),
        (weeks(2, 4), set()),  # the source asks for as many
        (MONTH, set()),
    ],
)
def test_a_week_that_the_least_interval_decided_says_so(interval: SourceRange | Unknown, expected: set[str]) -> None:
    first, second = step_ids(schedule_course([part("age-spots", option("pigment-short-pulse", "qs", TWICE, interval))]))
    floors = {"course.least", "course.least-unknown"}
    assert not first & floors
    assert second & floors == expected


def test_the_pigment_of_a_field_is_treated_as_often_as_its_source_says() -> None:
    """Gentle pulses leave nothing that has to heal: melasma is treated every one to two weeks."""
    course = schedule_course([part("melasma", option("pigment-short-pulse", "qs", TWICE, weeks(2, 2)))])
    first, second = (visit.week for visit in course)
    assert second - first == 2
    assert not step_ids(course)[1] & {"course.least", "course.least-unknown"}


def test_the_least_interval_is_stated_with_both_numbers() -> None:
    course = schedule_course([part("freckles", option("pigment-short-pulse", "qs", TWICE, weeks(2, 2)))])
    (step,) = (step for step in course[1].steps if step.id == "course.least")
    assert step.params["weeks"] == course[1].week
    assert step.params["source_weeks"] == 2


def test_a_source_of_one_concern_decides_for_what_is_treated_with_it() -> None:
    together = [part("redness", option("vascular", "dye", TWICE, span)) for span in (UNKNOWN, MONTH)]
    course = schedule_course(together)
    assert course[1].week == MONTH.high
    assert not step_ids(course)[1] & {"course.least", "course.least-unknown"}


@pytest.mark.parametrize("wound_days", [10.0, 40.0])
def test_light_beside_columns_waits_until_their_wound_has_healed(wound_days: float) -> None:
    veins = part("facial-telangiectasia", option("vascular", "dye", THREE, weeks(4, 4)), site="nose")
    columns = replace(option("fractional-ablative", "co2", ONCE, weeks(4, 4)), downtime_days=days(wound_days))
    lines = part("perioral-lines", columns, site="perioral")
    (begins,) = {visit.week for visit in schedule_course([veins, lines]) if lines.place in visit.treats}
    assert begins == (0 if wound_days < 28 else 12)
