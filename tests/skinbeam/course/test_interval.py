"""The weeks between sessions: what a source gives, what skin needs, and what several courses of one person share."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from plan_reading import read_plan
from report_samples import sample_plan

from skinbeam.course.interval import Interval, session_interval, share_intervals
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import Option
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import Message

LASER = replace(read_plan(sample_plan()).concerns[0].options[0], downtime_days=Unknown("not said"))
UNKNOWN = Unknown("no source")


def laser(low: float, high: float, modality: str = "vascular", healed_days: float = 0.0) -> Option:
    days = Estimate(healed_days, healed_days, healed_days, 0.8, "assumed")
    return replace(LASER, modality=modality, interval_weeks=SourceRange(low, high, "weeks"), downtime_days=days)


def unsourced(modality: str = "vascular") -> Option:
    return replace(LASER, modality=modality, interval_weeks=UNKNOWN)


def bounds(interval: Interval) -> tuple[int, int, int]:
    return interval.least, interval.weeks, interval.most


def test_an_interval_is_the_upper_end_that_lies_within_all_sources() -> None:
    assert bounds(session_interval([laser(4, 6)], is_gentle=False)) == (4, 6, 6)
    assert bounds(session_interval([laser(4, 6), laser(3, 5)], is_gentle=False)) == (4, 5, 5)
    assert bounds(session_interval([laser(4, 5), laser(8, 9)], is_gentle=False)) == (9, 9, 9)  # none lies within both


def test_skin_heals_and_rests_before_the_next_session() -> None:
    least = course_rules().least_weeks
    soon = session_interval([laser(2, 3)], is_gentle=False)
    assert soon.weeks == least
    assert soon.reason is not None
    assert soon.reason.id == "course.least"
    healing = session_interval([laser(4, 6, healed_days=50.0)], is_gentle=False)
    assert bounds(healing) == (8, 8, 8)
    assert healing.reason == Message("course.healing", {"weeks": 8})
    assert session_interval([laser(4, 8, healed_days=36.0)], is_gentle=False).least == 6
    assert session_interval([laser(1, 1)], is_gentle=True).weeks == 1


def test_a_source_of_one_laser_brings_no_other_laser_of_the_visit_forward() -> None:
    """Marks without a source were toned every two weeks, since a source gave these for marks elsewhere."""
    rules = course_rules()
    toning = session_interval([laser(2, 2, "pigment-short-pulse"), unsourced("pigment-short-pulse")], is_gentle=True)
    assert toning.weeks == rules.least_weeks
    columns = [laser(4, 7, "fractional-ablative"), unsourced("fractional-ablative")]
    assert session_interval(columns, is_gentle=False).least == rules.least_weeks_between_craters


def test_courses_that_begin_together_share_their_visits() -> None:
    """Veins every six weeks and lines around the mouth every four were five visits in twelve weeks, not three."""
    veins = session_interval([laser(4, 6)], is_gentle=False)
    lines = session_interval([laser(2, 4, "non-ablative-fractional")], is_gentle=False)
    unknown = session_interval([unsourced()], is_gentle=False)
    assert [interval.weeks for interval in share_intervals([veins, lines])] == [4, 4]
    shared = share_intervals([veins, unknown])
    assert [interval.weeks for interval in shared] == [6, 6]
    assert [interval.reason for interval in shared] == [None, Message("course.shared-unknown", {"weeks": 6})]


def test_no_session_waits_long_for_visits_of_another_course() -> None:
    unknown = session_interval([unsourced()], is_gentle=False)
    seldom = session_interval([laser(12, 12)], is_gentle=False)
    removed = session_interval([unsourced("ablative")], is_gentle=False)
    gentle = session_interval([laser(1, 1)], is_gentle=True)
    assert share_intervals([unknown, seldom, removed, gentle]) == [unknown, seldom, removed, gentle]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    least = draw(st.integers(1, 12))
    weeks = draw(st.integers(least, 14))
    return Interval(weeks, least, draw(st.integers(weeks, 20)), has_source=draw(st.booleans()))


@given(st.lists(intervals(), max_size=6))
def test_each_is_moved_within_its_own_bounds_and_none_makes_a_visit_more(given_intervals: list[Interval]) -> None:
    shared = share_intervals(given_intervals)
    assert len(shared) == len(given_intervals)
    for before, after in zip(given_intervals, shared, strict=True):
        assert (after.least, after.most) == (before.least, before.most)
        assert before.least <= after.weeks <= before.most
    assert len({interval.weeks for interval in shared}) <= len({interval.weeks for interval in given_intervals})


@given(st.lists(intervals(), max_size=6).flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_the_courses_changes_no_interval(lists: tuple[list[Interval], list[Interval]]) -> None:
    """Of three courses the second shared its visits with the one that stood before it."""
    one, other = (sorted(share_intervals(each), key=repr) for each in lists)
    assert one == other
