"""Routes of the calendar by day and week, and of an appointment: book, move, cancel, mark as attended or missed."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.model.units import DAYS_PER_WEEK
from skinbeam.text import Formatter, to_local_time
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.closed_days import is_closed
from skinbeam_clinic.appointments.course_routes import add_course_routes, planned_course
from skinbeam_clinic.appointments.forms import (
    BookingChoices,
    BookingRefusal,
    explain_clash,
    list_choices,
    read_booking,
)
from skinbeam_clinic.appointments.models import Appointment, AppointmentState, Purpose
from skinbeam_clinic.appointments.plan_visits import PlannedCourse, list_chosen_lasers, session_minutes
from skinbeam_clinic.appointments.repository import LONGEST_APPOINTMENT
from skinbeam_clinic.appointments.times import find_monday, parse_day, span_days, time_formats
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import ClashError
from skinbeam_clinic.models import Consent
from skinbeam_clinic.plans.routes import open_plan
from skinbeam_clinic.web.request import ClinicRequest, check_name, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_appointment_routes", "calendar_range", "list_todays_appointments"]

_TAKES_PLACE = (AppointmentState.BOOKED, AppointmentState.ATTENDED)
_BOOKING_FIELDS = ("day", "time", "minutes", "member", "machine")


@dataclass(frozen=True)
class _CloseSession:
    """A session that is closer to another one than by its plan: the days between, and the fewest by the plan."""

    appointment: Appointment
    days: int
    least_days: int


@dataclass(frozen=True)
class _CalendarDay:
    """A day of the calendar; `date_text`: the date in words, `short_text`: the same without the year."""

    date: datetime.date
    weekday: str
    date_text: str
    short_text: str
    is_today: bool
    is_closed: bool
    appointments: tuple[Appointment, ...]


def add_appointment_routes(router: ClinicRouter) -> None:
    """Open the routes of appointments, one by one and as a course."""
    add_course_routes(router)
    router.add("GET", "/appointments", _show_calendar, only_reads=True)
    router.add("GET", "/appointments/{appointment}", _show_appointment, only_reads=True)
    router.add("POST", "/appointments/{appointment}/time", _move_appointment, form=_show_appointment)
    router.add("POST", "/appointments/{appointment}/state", _save_state, form=_show_appointment)
    router.add("GET", "/patients/{patient}/appointments", _show_patient_appointments, only_reads=True)
    router.add("POST", "/patients/{patient}/appointments", _book_appointment, form=_show_patient_appointments)


def calendar_range(request: ClinicRequest) -> tuple[datetime.date, int, str]:
    """Return which days the calendar shows, from which on, and whose: as the address says."""
    asked = request.http_request.query_params
    days = 1 if asked.get("days") == "1" else DAYS_PER_WEEK
    day = parse_day(asked.get("from", ""), to_local_time(now()).date())
    return day if days == 1 else find_monday(day), days, check_name(asked.get("who", ""))


def list_todays_appointments(request: ClinicRequest) -> tuple[Appointment, ...]:
    """Return today's appointments of the clinician who asks; of everybody for every other role."""
    member = request.member_session.member
    whose = member.id if member.role is Role.CLINICIAN else ""
    first, until = span_days(to_local_time(now()).date())
    appointments = request.repositories.appointments.between(first, until, member_id=whose)
    return tuple(appointment for appointment in appointments if appointment.state != AppointmentState.CANCELLED)


@skips_altered_rows
def _show_calendar(request: ClinicRequest) -> Response:
    first, days, who = calendar_range(request)
    write = Formatter()
    booked: dict[datetime.date, list[Appointment]] = {}
    for appointment in request.repositories.appointments.between(*span_days(first, days), member_id=who):
        if appointment.state != AppointmentState.CANCELLED:
            booked.setdefault(to_local_time(appointment.starts_at).date(), []).append(appointment)
    here, closed = to_local_time(now()).date(), request.repositories.closed_days.list_all()
    dates = [first + datetime.timedelta(days=number) for number in range(days)]
    return request.page(
        "course/appointments.html",
        days=[
            _CalendarDay(
                date,
                write.weekday(date),
                write.date(date),
                write.day_of_year(date),
                date == here,
                is_closed(date, closed),
                tuple(booked.get(date, ())),
            )
            for date in dates
        ],
        named={appointment.patient_id for day in booked.values() for appointment in day},
        first=first,
        before=first - datetime.timedelta(days=days),
        after=first + datetime.timedelta(days=days),
        here=here,
        number=sum(map(len, booked.values())),
        who=who,
        members=list_choices(request).members,
        **time_formats(),
    )


@skips_altered_rows
def _show_patient_appointments(
    request: ClinicRequest, error: InputError | None = None, refusal: BookingRefusal | None = None
) -> Response:
    id, repositories = request.path_parameter("patient"), request.repositories
    sent, choices = _submitted_fields(request), list_choices(request)
    appointments = repositories.appointments.of_person(id)[::-1]
    return request.page(
        "course/booking.html",
        error=error,
        refusal=refusal,
        patient=repositories.patients.get(id),
        named={id},
        consultations=repositories.consultations.of(id)[::-1],
        appointments=appointments,
        purposes=list(Purpose),
        choices=choices,
        sent=sent | {"member": sent["member"] or _propose_member(request, choices, appointments)},
        **time_formats(),
    )


def _propose_member(request: ClinicRequest, choices: BookingChoices, appointments: Sequence[Appointment]) -> str:
    """Return with whom an appointment is proposed: whoever books if they treat, else whom the patient saw last.

    Without an earlier appointment it is the first who treats, so that a reception books nobody for itself.

    Parameters
    ----------
    appointments : of the patient, the newest first.
    """
    treats = [member.id for member in choices.members if member.may_treat]
    own_id = request.member_session.member.id
    seen = (each.member_id for each in appointments if each.state is not AppointmentState.CANCELLED)
    known = [own_id, *seen, *treats]
    return next((id for id in known if id in treats), own_id)


def _book_appointment(request: ClinicRequest) -> Response:
    patient = request.path_parameter("patient")
    request.repositories.patients.get(patient)  # said before anything of the form is
    sent = _submitted_fields(request)
    booking = read_booking(sent, patient, minutes=_planned_minutes(request, sent))
    try:
        booked = request.repositories.appointments.book(booking)
    except ClashError as error:
        return _show_patient_appointments(request, error, explain_clash(request, error, (booking,)))
    return request.redirect(f"/appointments/{booked[0].id}")


@skips_altered_rows
def _show_appointment(
    request: ClinicRequest, error: InputError | None = None, refusal: BookingRefusal | None = None
) -> Response:
    appointment = request.repositories.appointments.get(request.path_parameter("appointment"))
    sent = {name: request.text(name) for name in _BOOKING_FIELDS} if error else {}
    starts = to_local_time(appointment.starts_at)
    stored = {
        "day": starts.date().isoformat(),
        "time": f"{starts:%H:%M}",
        "minutes": str((appointment.ends_at - appointment.starts_at) // datetime.timedelta(minutes=1)),
        "member": appointment.member_id,
        "machine": appointment.machine_id or "",
    }
    return request.page(
        "course/appointment.html",
        error=error,
        refusal=refusal,
        appointment=appointment,
        named={appointment.patient_id},
        sent=stored | sent,
        choices=list_choices(request, appointment),
        ahead=appointment.starts_at > now() + LONGEST_APPOINTMENT,
        close=_list_close_sessions(request, appointment),
        consents=_usable_consents(request, appointment),
        **time_formats(),
    )


def _list_close_sessions(request: ClinicRequest, appointment: Appointment) -> tuple[_CloseSession, ...]:
    """The sessions that are closer to a booked one than the plan's interval, in all records of the person.

    They are those of the same course on the same device, and of other consultations those for the same condition on
    skin that both sites share.
    """
    repositories = request.repositories
    if appointment.purpose is not Purpose.SESSION or appointment.state is not AppointmentState.BOOKED:
        return ()
    course = _newest_course(request, appointment)
    devices = {machine.id: machine.device for machine in repositories.machines.list_all()}
    device = _session_device(appointment, course, devices)
    least, day = course.least_days(device), to_local_time(appointment.starts_at).date()
    close = []
    for other in repositories.appointments.of_person(appointment.patient_id):
        days = abs((to_local_time(other.starts_at).date() - day).days)
        is_session = other.purpose is Purpose.SESSION and other.state in _TAKES_PLACE
        if not is_session or other.id == appointment.id or days >= least:
            continue
        if other.consultation_id == appointment.consultation_id:
            is_alike = _session_device(other, course, devices) == device
        else:
            other_course = _newest_course(request, other)
            is_alike = course.treats_alike(device, other_course, _session_device(other, other_course, devices))
        if is_alike:
            close.append(_CloseSession(other, days, least))
    return tuple(close)


def _newest_course(request: ClinicRequest, session: Appointment) -> PlannedCourse:
    """The course of the newest plan of a session's consultation; an empty one where there is none that can be read.

    Neither a plan nor answers that cannot be read keep anybody from moving or cancelling.
    """
    plans = () if session.consultation_id is None else request.repositories.plans.of(session.consultation_id)
    try:
        return planned_course(request, open_plan(request.repositories, plans[-1].id)) if plans else PlannedCourse()
    except InputError:
        return PlannedCourse()


def _session_device(session: Appointment, course: PlannedCourse, devices: Mapping[str, str]) -> str:
    """The device of a session by its machine; without one the only device of its course, or none."""
    if session.machine_id is not None:
        return devices[session.machine_id]
    return next(iter(course.devices)) if len(course.devices) == 1 else ""


def _usable_consents(request: ClinicRequest, appointment: Appointment) -> tuple[Consent, ...]:
    """The consents under which a session can begin in an appointment."""
    over = appointment.treatment_id is not None or appointment.state in (
        AppointmentState.CANCELLED,
        AppointmentState.MISSED,
    )
    if over or appointment.purpose != Purpose.SESSION or appointment.consultation_id is None:
        return ()
    given = request.repositories.consents.of(appointment.consultation_id)
    return tuple(consent for consent in given if consent.signed_at is not None and consent.void_reason is None)


def _move_appointment(request: ClinicRequest) -> Response:
    appointment = request.repositories.appointments.get(request.path_parameter("appointment"))
    sent = _submitted_fields(request) | {
        "purpose": appointment.purpose.value,
        "consultation": appointment.consultation_id or "",
    }
    booking = read_booking(sent, appointment.patient_id)
    try:
        request.repositories.appointments.move(
            appointment.id,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            member_id=booking.member_id,
            machine_id=booking.machine_id,
            revision=request.whole_number("revision") or 0,
        )
    except ClashError as error:
        return _show_appointment(request, error, explain_clash(request, error, (booking,), except_id=appointment.id))
    return request.redirect(f"/appointments/{appointment.id}")


def _save_state(request: ClinicRequest) -> Response:
    id, state, drawer = request.path_parameter("appointment"), request.text("state"), request.repositories.appointments
    revision = request.whole_number("revision") or 0
    if state == AppointmentState.CANCELLED:
        drawer.cancel(id, revision=revision)
    else:
        drawer.set_attendance(id, attended=state == AppointmentState.ATTENDED, revision=revision)
    return request.redirect(f"/appointments/{id}")


def _submitted_fields(request: ClinicRequest) -> dict[str, str]:
    return {name: request.text(name) for name in ("purpose", "consultation", *_BOOKING_FIELDS)}


def _planned_minutes(request: ClinicRequest, fields: Mapping[str, str]) -> int:
    """How long the newest plan of the consultation says that a session on the machine is; 0 where there is none."""
    if fields["purpose"] != Purpose.SESSION or fields["minutes"] or not fields["consultation"]:
        return 0
    plans = request.repositories.plans.of(check_name(fields["consultation"]))
    if not plans:
        return 0
    lasers = list_chosen_lasers(
        open_plan(request.repositories, plans[-1].id).plan, request.repositories.plans.list_choices(plans[-1].id)
    )
    if fields["machine"]:
        device = request.repositories.machines.get(check_name(fields["machine"])).device
        lasers = tuple(laser for laser in lasers if laser.setup.device == device)
    return session_minutes(lasers) if lasers else 0
