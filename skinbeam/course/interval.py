"""The weeks between two sessions of a course, and those of courses on other skin that share their visits."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from skinbeam.course.resurfacing import FRACTIONAL_ABLATION, FULL_FIELD_ABLATION, ablation_rule, weeks_before_ablation
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.units import DAYS_PER_WEEK
from skinbeam.plan_records.plan import Option
from skinbeam.suitability.course_rules import course_rules
from skinbeam.text import Message

__all__ = ["Interval", "session_interval", "share_intervals"]


@dataclass(frozen=True)
class Interval:
    """The weeks between two sessions.

    Parameters
    ----------
    weeks : that a course of its own keeps.
    least, most : between which another course may move them, so that both share their visits.
    reason : of the weeks, where no source decided them.
    has_source : whether one gives an interval.
    """

    weeks: int
    least: int
    most: int
    reason: Message | None = None
    has_source: bool = True

    def moved_to(self, weeks: int) -> "Interval":
        """Return the interval in visits that it shares."""
        if weeks == self.weeks:
            return self
        reason = self.reason if self.has_source else Message("course.shared-unknown", {"weeks": weeks})
        return replace(self, weeks=weeks, reason=reason)


def session_interval(options: Sequence[Option], *, is_gentle: bool) -> Interval:
    """Return the interval of lasers that treat in the same visits.

    It is the upper end of the source, of several sources the upper end that lies within all; at least the weeks of
    healing and those of the course rules. Where no source gives it, skin that is ablated as a whole waits for the
    months of its rule.

    Parameters
    ----------
    is_gentle : whether nothing has to heal.
    """
    spans = [option.interval_weeks for option in options if not isinstance(option.interval_weeks, Unknown)]
    modalities = {option.modality for option in options}
    least = max(_least_weeks(option, is_gentle=is_gentle) for option in options)
    healed = max(math.ceil(_downtime_days(option) / DAYS_PER_WEEK) for option in options)
    if not spans:
        rest = weeks_before_ablation() if FULL_FIELD_ABLATION in modalities else 0
        if rest > max(healed, least):
            again = Message("course.ablated-again", {"weeks": rest, **ablation_rule().message.params})
            return Interval(rest, rest, rest, again)
        weeks = max(healed, least)
        reason = Message("course.healing" if healed > least else "course.least-unknown", {"weeks": weeks})
        return Interval(weeks, weeks, math.floor(weeks * course_rules().longest_wait), reason, has_source=False)
    low = max(math.ceil(span.low) for span in spans)
    high = min(int(span.high) for span in spans)
    if high < low:
        low = high = max(int(span.high) for span in spans)
    if healed > max(high, least):
        return Interval(healed, healed, healed, Message("course.healing", {"weeks": healed}))
    if least > high:
        return Interval(least, least, least, Message("course.least", {"weeks": least, "source_weeks": high}))
    return Interval(high, max(low, least, healed), high)


def share_intervals(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the intervals of courses that begin together, in which those that can have the same weeks.

    Visits every four and every six weeks are two calendars for one person. Each is moved within its own bounds alone.
    Those that must come soonest are placed first, so that the order of the courses decides nothing.
    """
    shared: list[list[tuple[int, Interval]]] = []
    for item in sorted(enumerate(intervals), key=lambda item: (item[1].most, item[1].least, item[1].weeks)):
        together = next((others for others in shared if _common_weeks([*others, item]) is not None), None)
        if together is None:
            shared.append([item])
        else:
            together.append(item)
    moved = {
        place: interval.moved_to(weeks)
        for others in shared
        if (weeks := _common_weeks(others)) is not None
        for place, interval in others
    }
    return [moved[place] for place in sorted(moved)]


def _common_weeks(intervals: Sequence[tuple[int, Interval]]) -> int | None:
    """Return the most weeks that lie within the bounds of all; None where there are none."""
    least, most = max(each.least for _, each in intervals), min(each.most for _, each in intervals)
    return None if least > most else min(most, max(each.weeks for _, each in intervals))


def _least_weeks(option: Option, *, is_gentle: bool) -> int:
    """Return the least weeks between two sessions of a laser, whatever healing takes."""
    has_source = not isinstance(option.interval_weeks, Unknown)
    if has_source and is_gentle:
        return 1  # nothing has to heal: the source decides
    if not has_source and option.modality == FRACTIONAL_ABLATION:
        return course_rules().least_weeks_between_craters
    return course_rules().least_weeks


def _downtime_days(option: Option) -> float:
    days = option.downtime_days
    return days.median if isinstance(days, Estimate) else 0.0
