"""The calendar of a clinic by day and week, and one appointment: booked, moved, cancelled, kept or missed."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.app.clinic.course.booking import Refusal, choices, read_booking, refused
from skinbeam.app.clinic.course.courses import add_courses
from skinbeam.app.clinic.course.series import chosen_lasers, minutes_of
from skinbeam.app.clinic.course.times import monday, read_day, span_of, written
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.plans import opened
from skinbeam.app.clinic.visit import Visit, name_sent, status_of
from skinbeam.errors import InputError
from skinbeam.messages import Formatter, local
from skinbeam.records.booked import Appointment, Purpose, Standing
from skinbeam.records.desk.appointments import LONGEST
from skinbeam.records.faults import ClashError
from skinbeam.records.kept import Consent
from skinbeam.records.roles import MAY, Act
from skinbeam.records.store.columns import now

__all__ = ["add_appointments", "shown", "today"]

_WEEK = 7
_TYPED = ("day", "time", "minutes", "member", "machine")


@dataclass(frozen=True)
class _Day:
    """A day of the calendar."""

    date: datetime.date
    weekday: str
    told: str
    today: bool
    appointments: tuple[Appointment, ...]


def add_appointments(gate: Gate) -> None:
    """Open the routes of appointments, one by one and as a course."""
    add_courses(gate)
    gate.add("GET", "/appointments", _calendar)
    gate.add("GET", "/appointments/{appointment}", _one)
    gate.add("POST", "/appointments/{appointment}/time", _move)
    gate.add("POST", "/appointments/{appointment}/state", _set_state)
    gate.add("GET", "/patients/{patient}/appointments", _of_patient)
    gate.add("POST", "/patients/{patient}/appointments", _book)


def shown(visit: Visit) -> tuple[datetime.date, int, str]:
    """Return which days the calendar shows, from which on, and whose: as the address says."""
    asked = visit.request.query_params
    days = 1 if asked.get("days") == "1" else _WEEK
    day = read_day(asked.get("from", ""), local(now()).date())
    return day if days == 1 else monday(day), days, name_sent(asked.get("who", ""))


def today(visit: Visit) -> tuple[Appointment, ...]:
    """Return today's appointments of who asks, or of everybody where they treat nobody themselves."""
    member = visit.signed.member
    whose = member.id if member.role in MAY[Act.TREAT] else ""
    first, until = span_of(local(now()).date())
    found = visit.desk.appointments.between(first, until, member_id=whose)
    return tuple(one for one in found if one.state != Standing.CANCELLED)


def _calendar(visit: Visit) -> Response:
    first, days, who = shown(visit)
    write = Formatter()
    booked: dict[datetime.date, list[Appointment]] = {}
    for one in visit.desk.appointments.between(*span_of(first, days), member_id=who):
        if one.state != Standing.CANCELLED:
            booked.setdefault(local(one.starts_at).date(), []).append(one)
    here = local(now()).date()
    dates = [first + datetime.timedelta(days=number) for number in range(days)]
    return visit.page(
        "course/appointments.html",
        days=[
            _Day(date, write.weekday(date), write.date(date), date == here, tuple(booked.get(date, ())))
            for date in dates
        ],
        first=first,
        before=first - datetime.timedelta(days=days),
        after=first + datetime.timedelta(days=days),
        here=here,
        number=sum(map(len, booked.values())),
        who=who,
        members=choices(visit).members,
        **written(),
    )


def _of_patient(visit: Visit, error: InputError | None = None, refusal: Refusal | None = None) -> Response:
    id, desk = visit.path("patient"), visit.desk
    sent = _sent(visit)
    return visit.page(
        "course/booking.html",
        200 if error is None else status_of(error),
        error=error,
        refusal=refusal,
        patient=desk.patients.get(id),
        consultations=desk.consultations.of(id)[::-1],
        appointments=desk.appointments.of(id)[::-1],
        purposes=list(Purpose),
        choices=choices(visit),
        sent=sent | {"member": sent["member"] or visit.signed.member.id},
        **written(),
    )


def _book(visit: Visit) -> Response:
    patient = visit.path("patient")
    visit.desk.patients.get(patient)  # said before anything of the form is
    try:
        sent = _sent(visit)
        booking = read_booking(sent, patient, minutes=_planned(visit, sent))
    except InputError as error:
        return _of_patient(visit, error)
    try:
        booked = visit.desk.appointments.book(booking)
    except InputError as error:
        if isinstance(error, ClashError):
            return _of_patient(visit, error, refused(visit, error, (booking,)))
        if status_of(error) != 422:
            raise
        return _of_patient(visit, error)
    return visit.go(f"/appointments/{booked[0].id}")


def _one(visit: Visit, error: InputError | None = None, refusal: Refusal | None = None) -> Response:
    one = visit.desk.appointments.get(visit.path("appointment"))
    sent = {name: visit.said(name) for name in _TYPED} if error else {}
    starts = local(one.starts_at)
    kept = {
        "day": starts.date().isoformat(),
        "time": f"{starts:%H:%M}",
        "minutes": str((one.ends_at - one.starts_at) // datetime.timedelta(minutes=1)),
        "member": one.member_id,
        "machine": one.machine_id or "",
    }
    return visit.page(
        "course/appointment.html",
        200 if error is None else status_of(error),
        error=error,
        refusal=refusal,
        one=one,
        sent=kept | sent,
        choices=choices(visit, one),
        ahead=one.starts_at > now() + LONGEST,
        consents=_consents(visit, one),
        **written(),
    )


def _consents(visit: Visit, one: Appointment) -> tuple[Consent, ...]:
    """The consents under which a session can begin in an appointment."""
    over = one.treatment_id is not None or one.state in (Standing.CANCELLED, Standing.MISSED)
    if over or one.purpose != Purpose.SESSION or one.consultation_id is None:
        return ()
    given = visit.desk.consents.of(one.consultation_id)
    return tuple(consent for consent in given if consent.signed_at is not None and consent.void_reason is None)


def _move(visit: Visit) -> Response:
    one = visit.desk.appointments.get(visit.path("appointment"))
    try:
        sent = _sent(visit) | {"purpose": one.purpose.value, "consultation": one.consultation_id or ""}
        booking = read_booking(sent, one.patient_id)
    except InputError as error:
        return _one(visit, error)
    try:
        visit.desk.appointments.move(
            one.id,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            member_id=booking.member_id,
            machine_id=booking.machine_id,
            revision=_revision(visit),
        )
    except InputError as error:
        if isinstance(error, ClashError):
            return _one(visit, error, refused(visit, error, (booking,), but=one.id))
        if status_of(error) != 422:
            raise
        return _one(visit, error)
    return visit.go(f"/appointments/{one.id}")


def _set_state(visit: Visit) -> Response:
    id, state, drawer = visit.path("appointment"), visit.said("state"), visit.desk.appointments
    try:
        if state == Standing.CANCELLED:
            drawer.cancel(id, revision=_revision(visit))
        else:
            drawer.mark(id, kept=state == Standing.KEPT, revision=_revision(visit))
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _one(visit, error)
    return visit.go(f"/appointments/{id}")


def _sent(visit: Visit) -> dict[str, str]:
    return {name: visit.said(name) for name in ("purpose", "consultation", *_TYPED)}


def _planned(visit: Visit, sent: Mapping[str, str]) -> int:
    """How long the newest plan of the consultation says that a session on the machine is; 0 where there is none."""
    if sent["purpose"] != Purpose.SESSION or sent["minutes"] or not sent["consultation"]:
        return 0
    plans = visit.desk.plans.of(name_sent(sent["consultation"]))
    if not plans:
        return 0
    lasers = chosen_lasers(opened(visit.desk, plans[-1].id).records, visit.desk.plans.choices(plans[-1].id))
    if sent["machine"]:
        device = visit.desk.machines.get(name_sent(sent["machine"])).device
        lasers = tuple(laser for laser in lasers if laser.setup.device == device)
    return minutes_of(lasers) if lasers else 0


def _revision(visit: Visit) -> int:
    sent = visit.said("revision")
    return int(sent[:9]) if sent.isdecimal() else 0
