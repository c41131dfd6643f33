"""The sum of a course: visits, weeks, minutes and downtime."""

from dataclasses import replace

from course_samples import MONTH, ONCE, TWICE, VEINS, days, part, with_settings

from skinbeam.course.schedule import schedule_course
from skinbeam.course.totals import course_total
from skinbeam.plan_records.course import (
    Duration,
    SourceRange,
)
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.text import Message


def test_the_course_comes_to_the_sum_of_its_visits() -> None:
    option = replace(VEINS.options[0], minutes=SourceRange(15, 90, "minutes"), downtime_days=days(3.0))
    concerns = [part("redness", replace(option, sessions=TWICE, interval_weeks=MONTH))]
    total = course_total(concerns, schedule_course(concerns))
    assert (total.visits, total.weeks) == (2, 6)
    assert isinstance(total.minutes, SourceRange)
    assert (total.minutes.low, total.minutes.high) == (30, 180)
    assert isinstance(total.downtime_days, SourceRange)
    assert total.downtime_days.high == 6.0
    assert len(total.afterwards) == 1


def test_minutes_of_a_session_count_once_whatever_a_device_treats_in_it() -> None:
    """A source gives the minutes of a session: three settings of one lamp were up to four and a half hours."""
    option = replace(VEINS.options[0], minutes=SourceRange(15, 90, "minutes"), sessions=ONCE)
    redness, mottled = (part(name, option) for name in ("redness", "poikiloderma"))

    def most(*concerns: ConcernPlan) -> float:
        minutes = course_total(concerns, schedule_course(concerns)).minutes
        assert isinstance(minutes, SourceRange)
        return minutes.high

    assert most(redness, mottled) == 90
    assert most(redness, replace(mottled, site="neck")) == 90  # other skin
    assert most(redness, with_settings(part("facial-telangiectasia", option), spot_mm=5.0)) == 90  # another setting
    assert option.setup is not None
    other = replace(option, setup=replace(option.setup, device="another"))
    assert most(redness, part("poikiloderma", other, site="neck")) == 180


def test_the_longest_downtime_of_one_pass_counts() -> None:
    """What is treated in one pass may heal at different times: lines at one place, a field around them."""
    short, long = (replace(VEINS.options[0], downtime_days=days(many), sessions=ONCE) for many in (1.0, 10.0))
    concerns = [part("redness", short), part("poikiloderma", long)]
    total = course_total(concerns, schedule_course(concerns))
    assert isinstance(total.downtime_days, SourceRange)
    assert total.downtime_days.high == 10.0


def test_a_likely_bruise_is_downtime_of_the_course() -> None:
    bruise = Duration("bruise", 7.0, 14.0, "days", "source", Message("plan.shows-bruise", {"low": 7, "high": 14}))
    option = replace(VEINS.options[0], downtime_days=days(3.0), sessions=ONCE)
    for shows, most in (((), 3.0), ((bruise,), 14.0)):
        concerns = [part("redness", replace(option, shows=shows))]
        total = course_total(concerns, schedule_course(concerns))
        assert isinstance(total.downtime_days, SourceRange)
        assert (total.downtime_days.low, total.downtime_days.high) == (3.0, most)
