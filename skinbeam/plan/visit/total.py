"""What a course comes to: visits, weeks, time in the chair, days not fit to be seen, and what keeps the gain."""

from collections.abc import Sequence

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message, text
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.spans import Range
from skinbeam.plan.visits import CourseTotal, Visit

__all__ = ["total_of"]


def total_of(concerns: Sequence[ConcernPlan], course: Sequence[Visit]) -> CourseTotal:
    """Return the sums over the planned visits. At one visit minutes add up, and the longest downtime counts."""
    lasers = {concern.place: (concern.title, concern.first_laser) for concern in concerns}
    options = {place: laser[0] for place, (_, laser) in lasers.items() if laser is not None}
    visits = [[options[place] for place in visit.treats] for visit in course]
    return CourseTotal(
        visits=len(course),
        weeks=course[-1].week if course else 0,
        minutes=_minutes(visits),
        downtime_days=_downtime(visits),
        afterwards=tuple(_afterwards(lasers[place][0], option) for place, option in options.items()),
    )


def _minutes(visits: Sequence[Sequence[Option]]) -> Range | Unknown:
    spans = [option.minutes for visit in visits for option in visit]
    known = [span for span in spans if not isinstance(span, Unknown)]
    if not known or len(known) < len(spans):
        return Unknown(text("course.total-unknown"))
    return Range(sum(span.low for span in known), sum(span.high for span in known), "minutes")


def _downtime(visits: Sequence[Sequence[Option]]) -> Range | Unknown:
    days = [[option.downtime_days for option in visit] for visit in visits]
    if not days or any(not isinstance(one, Estimate) for visit in days for one in visit):
        return Unknown(text("course.total-unknown"))
    low = sum(max(one.low for one in visit if isinstance(one, Estimate)) for visit in days)
    high = sum(max(one.high for one in visit if isinstance(one, Estimate)) for visit in days)
    return Range(low, high, "days")


def _afterwards(title: str, option: Option) -> Message:
    """How much of the gain trials found later, at the latest time that is known."""
    kept = {float(months): share for months, share in option.expected.durability.items()}
    told = {months: share for months, share in kept.items() if isinstance(share, Estimate)}
    if not told:
        return Message("course.kept-unknown", {"concern": title})
    months = max(told)
    share = told[months]
    assert isinstance(share, Estimate)  # those alone were taken
    return Message("course.kept", {"concern": title, "months": months, "pct": round(100.0 * share.median)})
