"""What happened with a patient, in order, each a line with the page that shows it.

A kind of record is a function from the desk and a consultation to its lines; who adds a kind adds one to `_KINDS`.
"""

from collections.abc import Callable, Iterable, Iterator

from skinbeam.app.clinic.course.told import Line, pulse_told
from skinbeam.messages import text
from skinbeam.records.desk.desk import Desk
from skinbeam.records.followed import Moment
from skinbeam.records.kept import Consultation

__all__ = ["timeline"]

Kind = Callable[[Desk, Consultation], Iterator[Line]]


def timeline(desk: Desk, consultations: Iterable[Consultation]) -> tuple[Line, ...]:
    """Return all that happened in consultations, the newest first."""
    lines = (line for one in consultations for kind in _KINDS for line in kind(desk, one))
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _consultation(_: Desk, kept: Consultation) -> Iterator[Line]:
    yield Line(kept.created_at, text("clinic-timeline.consultation"), f"/consultations/{kept.id}")


def _plans(desk: Desk, kept: Consultation) -> Iterator[Line]:
    for one in desk.plans.of(kept.id):
        yield Line(one.made_at, text("clinic-timeline.plan", {"by": one.made_by}), f"/plans/{one.id}")


def _consents(desk: Desk, kept: Consultation) -> Iterator[Line]:
    for one in desk.consents.of(kept.id):
        path = f"/plans/{one.plan_id}/consent/{one.option}"
        yield Line(one.explained_at, text("clinic-timeline.explained", {"by": one.explained_by}), path)
        if one.signed_at is not None:
            yield Line(one.signed_at, text("clinic-timeline.signed", {"by": str(one.signed_by)}), path)
        if one.voided_at is not None:
            why = {"reason": text(f"clinic-void.{one.void_reason}")}
            yield Line(one.voided_at, text("clinic-timeline.void", why), path)


def _test_spots(desk: Desk, kept: Consultation) -> Iterator[Line]:
    path = f"/consultations/{kept.id}/test-spots"
    for one in desk.test_spots.of(kept.id):
        about = {"pulse": pulse_told(one.firing.settings), "by": one.fired_by}
        yield Line(one.fired_at, text("clinic-timeline.spot", about), path)
        for reading in one.readings:
            seen = {"reaction": text(f"reaction.{reading.reaction}"), "by": reading.read_by}
            yield Line(reading.seen_at, text("clinic-timeline.reading", seen), path)


def _treatments(desk: Desk, kept: Consultation) -> Iterator[Line]:
    for one in desk.treatments.of(kept.id):
        path, told = f"/treatments/{one.id}", {"number": one.number}
        if one.started_at is None:
            yield Line(one.created_at, text("clinic-timeline.prepared", told), path)
        else:
            yield Line(one.started_at, text(f"clinic-timeline.{one.state}", told), path)
        for event in one.events:
            yield Line(event.seen_at, text("clinic-timeline.event", told), path)


def _follow_ups(desk: Desk, kept: Consultation) -> Iterator[Line]:
    for one in desk.follow_ups.of(kept.id):
        which = "follow-up-before" if one.moment is Moment.BEFORE else "follow-up"
        yield Line(one.seen_at, text(f"clinic-timeline.{which}", {"by": one.noted_by}), f"/follow-ups/{one.id}")


def _diary(desk: Desk, kept: Consultation) -> Iterator[Line]:
    for one in desk.diaries.of_consultation(kept.id):
        yield Line(
            one.written_at,
            text("clinic-timeline.diary", {"day": one.day}),
            f"/treatments/{one.treatment_id}/diary",
        )


_KINDS: tuple[Kind, ...] = (_consultation, _plans, _consents, _test_spots, _treatments, _diary, _follow_ups)
