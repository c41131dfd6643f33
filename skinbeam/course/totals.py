"""The totals of a course: visits, weeks, time in the chair, days of downtime, and how long the gain lasts."""

from collections.abc import Iterable, Sequence

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan_records.course import CourseTotal, DeviceSetup, SourceRange, Visit
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.text import Message, render_message

__all__ = ["course_total", "device_minutes"]


def course_total(concerns: Sequence[ConcernPlan], course: Sequence[Visit]) -> CourseTotal:
    """Return the totals of a course: visits, weeks, time in the chair, days of downtime, and how long the gain lasts.

    Minutes of the devices of a visit add up (`device_minutes`); of its downtimes the longest counts.
    """
    titles = {concern.place: concern.title for concern in concerns}
    lasers = {concern.place: concern.first_laser for concern in concerns if concern.first_laser is not None}
    treated = {concern.place: concern for concern in concerns}
    visits = [[lasers[place] for place in visit.treats] for visit in course]
    return CourseTotal(
        visits=len(course),
        weeks=course[-1].week - course[0].week if course else 0,
        minutes=_total_minutes(visits),
        downtime_days=_total_downtime([[option for option, _ in visit] for visit in visits]),
        afterwards=tuple(
            Message("course.done", {"concern": titles[place]})
            if treated[place].is_done
            else _durability_message(titles[place], *laser)
            for place, laser in lasers.items()
        ),
    )


def device_minutes(lasers: Iterable[tuple[Option, DeviceSetup]]) -> tuple[SourceRange, ...]:
    """Return the minutes of one visit with each device; without those for which no source gives them.

    Sources give the minutes of a session, whatever it treats, so that of each device the longest counts once.
    """
    by_device: dict[str, list[SourceRange]] = {}
    for option, setup in lasers:
        if not isinstance(option.minutes, Unknown):
            by_device.setdefault(setup.device, []).append(option.minutes)
    return tuple(
        SourceRange(max(span.low for span in spans), max(span.high for span in spans), "minutes")
        for spans in by_device.values()
    )


def _total_minutes(visits: Sequence[Sequence[tuple[Option, DeviceSetup]]]) -> SourceRange | Unknown:
    if not visits or any(isinstance(option.minutes, Unknown) for visit in visits for option, _ in visit):
        return Unknown(render_message("course.total-unknown"))
    spans = [span for visit in visits for span in device_minutes(visit)]
    return SourceRange(sum(span.low for span in spans), sum(span.high for span in spans), "minutes")


def _total_downtime(visits: Sequence[Sequence[Option]]) -> SourceRange | Unknown:
    spans = [[_downtime_span(option) for option in visit] for visit in visits]
    known = [[span for span in visit if span is not None] for visit in spans]
    if not spans or known != spans:
        return Unknown(render_message("course.total-unknown"))
    low, high = (sum(max(span[end] for span in visit) for visit in known) for end in (0, 1))
    return SourceRange(low, high, "days")


def _downtime_span(option: Option) -> tuple[float, float] | None:
    """Return the least and the most days of downtime of a session, with a likely bruise; None where unknown."""
    days = option.downtime_days
    if not isinstance(days, Estimate):
        return None
    bruises = [
        duration.high for duration in option.shows if duration.what == "bruise"
    ]  # named where a bruise is likely
    return days.low, max([days.high, *bruises])


def _durability_message(title: str, option: Option, setup: DeviceSetup) -> Message:
    """Return how much of the gain trials found later, at the latest time that is known; or why nothing is gained."""
    if option.reaches_nobody:
        return Message("course.not-reached", {"concern": title, "device": setup.device_title})
    shares = {float(months): share for months, share in option.expected.durability.items()}
    known = {months: share for months, share in shares.items() if isinstance(share, Estimate)}
    if not known:
        return Message("course.kept-unknown", {"concern": title})
    months = max(known)
    share = known[months]
    assert isinstance(share, Estimate)  # those alone were taken
    return Message("course.kept", {"concern": title, "months": months, "pct": round(100.0 * share.median)})
