"""Alarms: those that wait, oldest first; who has answered, and what a clinician decided."""

from fastapi.responses import HTMLResponse, Response

from skinbeam.app.clinic.diary.banner import age_told, loudness, told_of
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.app.pages import render
from skinbeam.errors import InputError
from skinbeam.plan.visit.recovery import warns
from skinbeam.records.diary import Alarm
from skinbeam.records.store.columns import now
from skinbeam.records.treated import ADVERSE_KINDS, Grade, Source

__all__ = ["add_alarms"]

_NONE = "none"


def add_alarms(gate: Gate) -> None:
    """Open the routes of alarms."""
    gate.add("GET", "/alarms", _page)
    gate.add("GET", "/alarms/banner", _banner)
    gate.add("POST", "/alarms/{alarm}/answer", _answer)
    gate.add("POST", "/alarms/{alarm}/decision", _decide)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    at, waiting = now(), _open(visit)
    return visit.page(
        "diary/alarms.html",
        200 if error is None else status_of(error),
        error=error,
        open=tuple((one, age_told(at - one.raised_at), loudness(at - one.raised_at), _signs(one)) for one in waiting),
        unread=visit.desk.diaries.unread(),
        kinds=ADVERSE_KINDS,
        grades=[one.value for one in Grade],
        no_event=_NONE,
    )


def _open(visit: Visit) -> tuple[Alarm, ...]:
    """Those that nobody has answered first, each kind oldest first."""
    return tuple(sorted(visit.desk.alarms.open(), key=lambda one: one.answered_at is not None))


def _signs(alarm: Alarm) -> tuple[str, ...]:
    note = alarm.entry.note
    return tuple(one.name for one in warns(note.pain, note.redness, note.signs))


def _banner(visit: Visit) -> Response:
    """What the banner of a page holds by now; a script asks for it."""
    told = told_of(visit.desk.alarms.count(), mailed=visit.house.outside.mail is not None)
    return HTMLResponse(render("clinic/diary/banner.html", alarms=told).strip())


def _answer(visit: Visit) -> Response:
    try:
        visit.desk.alarms.answer(visit.path("alarm"), visit.said("done"))
    except InputError as error:
        return _again(visit, error)
    return visit.go("/alarms")


def _decide(visit: Visit) -> Response:
    """Keep what a clinician made of an alarm: an adverse event that a diary told of, or none."""
    desk, alarm = visit.desk, visit.desk.alarms.get(visit.path("alarm"))
    kind, reason = visit.said("kind"), visit.said("reason")
    try:
        event = None
        if kind != _NONE and alarm.answered_at is not None and alarm.decided_at is None and reason:
            grade = visit.said("grade")
            event = desk.adverse_events.add(
                alarm.entry.treatment_id,
                kind=kind,
                grade=Grade(grade) if grade in set(Grade) else Grade.MODERATE,
                source=Source.DIARY,
                seen_at=min(alarm.entry.written_at, now()),
                words=reason,
            )
        desk.alarms.decide(alarm.id, reason, adverse_event_id=None if event is None else event.id)
    except InputError as error:
        return _again(visit, error)
    return visit.go("/alarms")


def _again(visit: Visit, error: InputError) -> Response:
    """The page with what was wrong; a record that is not there, or a role that may not, is answered as everywhere."""
    if status_of(error) != 422:
        raise error
    return _page(visit, error)
