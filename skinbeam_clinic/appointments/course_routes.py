"""Routes for booking the whole course of a plan: appointments are proposed at free times, reviewed, and booked."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import to_local_time, translate_record
from skinbeam_clinic.appointments.closed_days import next_working_day
from skinbeam_clinic.appointments.forms import BookingChoices, BookingRefusal, explain_clash, list_choices, read_booking
from skinbeam_clinic.appointments.models import AppointmentState, Booking, Purpose
from skinbeam_clinic.appointments.plan_visits import PlannedAppointment, PlannedCourse, plan_course
from skinbeam_clinic.appointments.times import (
    HORIZON,
    TimeSpan,
    find_free_times,
    parse_day,
    parse_moment,
    skip_weekend,
    time_formats,
)
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import BookingError, ClashError
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.web.request import ClinicRequest, check_name, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_course_routes", "planned_course"]

_DAY = datetime.timedelta(days=1)
_MOST_APPOINTMENTS = 60  # rows of the form; no course has half as many appointments
_MORNING = "09:00"


@dataclass(frozen=True)
class _ProposedAppointment:
    """An appointment of a course as proposed or typed; `selected`: it is to be booked with the others."""

    purpose: str
    description: str
    day: str
    time: str
    minutes: str
    machine: str
    selected: bool = True


def add_course_routes(router: ClinicRouter) -> None:
    """Open the routes of a course."""
    router.add("GET", "/plans/{plan}/appointments", _propose_course, only_reads=True)
    router.add("POST", "/plans/{plan}/appointments", _book_course)


def _propose_course(request: ClinicRequest) -> Response:
    plan, offered = open_plan(request.repositories, request.path_parameter("plan")), list_choices(request)
    asked = request.http_request.query_params
    treats = [person.id for person in offered.members if person.may_treat]
    own_id = request.member_session.member.id
    makers = [person.id for person in offered.members if person.name == plan.record.made_by]
    wanted = (asked.get("member"), own_id, *makers, *treats)
    member = next((id for id in wanted if id in treats), "")
    course = PlannedCourse() if plan.outdated else planned_course(request, plan)
    start = _first_day(request, plan, course, asked.get("day", ""))
    time = asked.get("time", _MORNING)
    try:
        begins, error = parse_moment(start.isoformat(), time), None
    except InputError as wrong:
        begins, error, time = parse_moment(start.isoformat(), _MORNING), wrong, _MORNING
    rows = _schedule_appointments(request, plan, course.appointments, begins, member, offered)
    return _show_course(request, plan, offered, rows, {"day": start.isoformat(), "time": time, "member": member}, error)


def _show_course(
    request: ClinicRequest,
    plan: OpenPlan,
    choices: BookingChoices,
    rows: Sequence[_ProposedAppointment],
    fields: dict[str, str],
    error: InputError | None = None,
    refusal: BookingRefusal | None = None,
) -> Response:
    return request.page(
        "course/series.html",
        error=error,
        refusal=refusal,
        plan=plan.record,
        outdated=plan.outdated,
        patient=request.repositories.patients.get(plan.consultation.patient_id),
        named={plan.consultation.patient_id},
        booked=sum(
            appointment.consultation_id == plan.consultation.id
            and appointment.state is AppointmentState.BOOKED
            and appointment.starts_at > now()
            for appointment in request.repositories.appointments.of(plan.consultation.patient_id)
        ),
        rows=rows,
        sent=fields,
        choices=choices,
        **time_formats(),
    )


def planned_course(request: ClinicRequest, plan: OpenPlan) -> PlannedCourse:
    """Return the course by what was chosen of the plan, and by the answers, which tell of sessions that took place."""
    with plan.records_since.devices.open_folder() as home:
        case = case_from_form(plan.consultation.answers, home).case
    return plan_course(translate_record(plan.plan), request.repositories.plans.list_choices(plan.record.id), case)


def _first_day(request: ClinicRequest, plan: OpenPlan, course: PlannedCourse, text: str) -> datetime.date:
    """Return the day that was asked for; else the next working day, or a later one.

    The first session follows the time to think, and earlier sessions by the plan's interval. A course whose first
    appointment is some weeks after its start, such as after weeks of creams, starts on the day of its plan.
    """
    tomorrow = to_local_time(now()).date() + _DAY
    planned = course.appointments
    begins = planned[0].days if planned else 0
    days_before = next((due.days for due in planned if due.purpose is Purpose.SESSION), begins) - begins
    think_end = request.repositories.consents.think_time_end(plan.record.consultation_id)
    first = max(tomorrow, to_local_time(plan.record.made_at).date() + begins * _DAY)
    if think_end is not None and think_end > now():
        first = max(first, to_local_time(think_end).date() + _DAY - days_before * _DAY)
    after_sessions = course.earliest_start(plan.records_since.current_facts)
    if after_sessions is not None:
        first = max(first, to_local_time(after_sessions).date() + begins * _DAY)
    closed = request.repositories.closed_days.list_all()
    return max(parse_day(text, next_working_day(max(tomorrow, first), closed)), tomorrow - _DAY)


def _schedule_appointments(
    request: ClinicRequest,
    plan: OpenPlan,
    planned: Sequence[PlannedAppointment],
    start: datetime.datetime,
    member: str,
    choices: BookingChoices,
) -> tuple[_ProposedAppointment, ...]:
    """Place each appointment at the first free time, with at least the plan's interval after the one before.

    None is proposed where the clinic is closed, nor on a weekend where the first was not asked for on one.
    """
    rows: list[_ProposedAppointment] = []
    mine: list[TimeSpan] = []
    day, before = to_local_time(start).date(), planned[0].days if planned else 0
    opens_weekends = day != skip_weekend(day)
    for appointment in planned:
        day += (appointment.days - before) * _DAY
        day = day if opens_weekends else skip_weekend(day)
        before = appointment.days
        machine = next((each.id for each in choices.machines if each.device == appointment.device), None)
        asked = parse_moment(day.isoformat(), f"{to_local_time(start):%H:%M}")
        if mine and to_local_time(mine[-1][1]).date() == day:
            asked = max(asked, mine[-1][1])  # the next appointment of the same visit
        length = datetime.timedelta(minutes=appointment.minutes)
        booking = Booking(plan.consultation.patient_id, member, appointment.purpose, asked, asked + length, machine)
        taken = [*mine, *request.repositories.appointments.list_taken_spans(booking, asked + HORIZON)]
        starts_at = next(iter(find_free_times(booking, taken, 1)), asked)
        mine.append((starts_at, starts_at + length))
        shown = to_local_time(starts_at)
        day = shown.date()
        rows.append(
            _ProposedAppointment(
                appointment.purpose,
                appointment.description,
                day.isoformat(),
                f"{shown:%H:%M}",
                str(appointment.minutes),
                machine or "",
            )
        )
    return tuple(rows)


def _book_course(request: ClinicRequest) -> Response:
    plan, offered = open_plan(request.repositories, request.path_parameter("plan")), list_choices(request)
    rows = [
        _parse_row(request, number)
        for number in range(_MOST_APPOINTMENTS)
        if request.text(f"purpose-{number}") in set(Purpose)
    ]
    member = check_name(request.text("member"))
    sent = {"day": rows[0].day if rows else "", "time": rows[0].time if rows else _MORNING, "member": member}
    chosen = [number for number, row in enumerate(rows) if row.selected]
    bookings: list[Booking] = []
    try:
        for number in chosen:
            bookings.append(_read_row(rows[number], number, plan, member))
        request.repositories.appointments.book(*bookings)
    except ClashError as error:
        return _show_course(request, plan, offered, rows, sent, error, explain_clash(request, error, bookings))
    except InputError as error:
        if error_status(error) != 422:
            raise
        if isinstance(error, BookingError):
            error.field = f"{error.field}-{chosen[error.place]}"
        return _show_course(request, plan, offered, rows, sent, error)
    return request.redirect(f"/patients/{plan.consultation.patient_id}/appointments")


def _read_row(row: _ProposedAppointment, number: int, plan: OpenPlan, member: str) -> Booking:
    """Return the booking of a row; an error names the field of that row, to which the page leads."""
    about = {"member": member, "consultation": plan.record.consultation_id}
    try:
        return read_booking(vars(row) | about, plan.consultation.patient_id)
    except InputError as error:
        error.field = f"{error.field}-{number}"
        raise


def _parse_row(request: ClinicRequest, number: int) -> _ProposedAppointment:
    def field(name: str) -> str:
        return request.text(f"{name}-{number}")

    return _ProposedAppointment(
        purpose=field("purpose"),
        description=field("what"),
        day=field("day"),
        time=field("time"),
        minutes=field("minutes"),
        machine=field("machine"),
        selected=field("book") == "true",
    )
