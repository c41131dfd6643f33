"""Store and read appointments: book, move, cancel, and mark as attended or missed.

No person, member or machine is in two appointments at the same time, whichever record of a person they are in.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import InstrumentedAttribute

from skinbeam.text import to_local_time
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight, parse_role
from skinbeam_clinic.appointments.closed_days import is_closed, read_closed_days
from skinbeam_clinic.appointments.models import (
    Appointment,
    AppointmentState,
    BookableMember,
    Booking,
    BookingClash,
    BookingResource,
    Purpose,
)
from skinbeam_clinic.appointments.times import TimeSpan, span_days
from skinbeam_clinic.consents.repository import find_think_time_end, list_withdrawn_plans
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import BookingError, ClashError, clinic_error
from skinbeam_clinic.patient_links.person import get_kept_patient, list_person_ids, list_replaced_ids

__all__ = [
    "LASER_PURPOSES",
    "LONGEST_APPOINTMENT",
    "OCCUPYING_STATES",
    "SHORTEST_APPOINTMENT",
    "AppointmentRepository",
    "cancel_future_appointments",
    "import_appointment",
    "mark_attended",
    "read_appointments",
]

SHORTEST_APPOINTMENT, LONGEST_APPOINTMENT = datetime.timedelta(minutes=5), datetime.timedelta(hours=12)
OCCUPYING_STATES = (AppointmentState.BOOKED.value, AppointmentState.ATTENDED.value)
LASER_PURPOSES = frozenset({Purpose.SESSION, Purpose.TEST_SPOT})  # for members with the right to treat alone


class AppointmentRepository(Repository):
    """The appointments of a clinic."""

    def book(self, *bookings: Booking) -> tuple[Appointment, ...]:
        """Book appointments, all of them or none.

        Raises
        ------
        ClashError : a patient, a member or a machine is taken at one of the times.
        RecordNotFoundError : one of them does not belong to this clinic, or was erased.
        BookingError : `appointment-length`, `appointment-member`, `appointment-machine`, or `time-to-think`: a session
            would begin before its consent may be signed.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            rows: list[treatment_tables.AppointmentRow] = []
            clashes: list[BookingClash] = []
            for place, booking in enumerate(bookings):
                try:
                    _check_booking(work, booking)
                except BookingError as error:
                    error.place = place
                    raise
                row = _new_row(work, booking)
                rows.append(row)
                if conflicts := _find_clashes(work, row, place):
                    clashes += conflicts
                else:
                    work.save(row, "appointment.booked")
            new_ids = {row.id for row in rows}
            _refuse_clashes(
                BookingClash(
                    clash.index, clash.resource, "" if clash.appointment_id in new_ids else clash.appointment_id
                )
                for clash in clashes
            )
            return read_appointments(work, rows)

    def move(
        self,
        id: str,
        *,
        starts_at: datetime.datetime,
        ends_at: datetime.datetime,
        member_id: str,
        machine_id: str | None,
        revision: int,
    ) -> Appointment:
        """Move an appointment to another time, member or machine.

        Raises
        ------
        ClashError : as for `book`.
        InputError : `appointment-changed`: it was changed since it was read; `appointment-over`: it is not booked any
            more; and those of `book`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = _get_unchanged(work, id, revision)
            if row.state != AppointmentState.BOOKED:
                raise clinic_error("appointment-over", "appointment")
            purpose = Purpose(row.purpose)
            asked = Booking(row.patient_id, member_id, purpose, starts_at, ends_at, machine_id, row.consultation_id)
            _check_booking(work, asked)
            if row.starts_at != starts_at:
                _end_reminders(work, row)
            row.starts_at, row.ends_at = starts_at, ends_at
            row.member_id, row.machine_id = member_id, machine_id
            _refuse_clashes(_find_clashes(work, row, 0))
            _save_row(work, row, "appointment.moved")
            return _read_appointment(work, row)

    def cancel(self, id: str, *, revision: int) -> Appointment:
        """Cancel an appointment; its time is free again.

        Raises
        ------
        InputError : `appointment-changed`, or `appointment-over`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = _get_unchanged(work, id, revision)
            if row.state != AppointmentState.BOOKED:
                raise clinic_error("appointment-over", "appointment")
            _cancel_appointment(work, row)
            return _read_appointment(work, row)

    def set_attendance(self, id: str, *, attended: bool, revision: int) -> Appointment:
        """Record whether the patient attended; a wrong entry may be corrected later.

        Raises
        ------
        InputError : `appointment-changed`; `appointment-over`: it was cancelled; `appointment-ahead`: it is in the
            future.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = _get_unchanged(work, id, revision)
            if row.state == AppointmentState.CANCELLED:
                raise clinic_error("appointment-over", "appointment")
            if row.starts_at > now() + LONGEST_APPOINTMENT:
                raise clinic_error("appointment-ahead", "appointment")
            row.state = (AppointmentState.ATTENDED if attended else AppointmentState.MISSED).value
            _save_row(work, row, f"appointment.{row.state}")
            return _read_appointment(work, row)

    def get(self, id: str) -> Appointment:
        """Return an appointment."""
        with self._access.reading_row(treatment_tables.AppointmentRow, id, "appointment.seen") as (work, row):
            return _read_appointment(work, row)

    def of(self, patient_id: str) -> tuple[Appointment, ...]:
        """Return the appointments of a patient, oldest first, cancelled ones included."""
        with self._access.reading_row(tables.PatientRow, patient_id, "appointments.listed") as (work, _):
            table = treatment_tables.AppointmentRow
            return read_appointments(work, work.rows_of(table, table.patient_id, patient_id, table.starts_at))

    def of_person(self, patient_id: str) -> tuple[Appointment, ...]:
        """Return the appointments of a patient, with those of records that were closed as their duplicates."""
        with self._access.reading_row(tables.PatientRow, patient_id, "appointments.listed") as (work, _):
            table, ids = treatment_tables.AppointmentRow, (patient_id, *list_replaced_ids(work, patient_id))
            return read_appointments(work, work.rows(table, table.patient_id.in_(ids), order=(table.starts_at,)))

    def course_sessions(self, patient_id: str, consultation_id: str) -> tuple[Appointment, ...]:
        """Return the laser sessions of a consultation among the appointments of its patient, cancelled ones included.

        Parameters
        ----------
        patient_id : the record in use, even where the consultation belongs to one that was closed as its duplicate.
        """
        return tuple(
            appointment
            for appointment in self.of_person(patient_id)
            if appointment.purpose is Purpose.SESSION and appointment.consultation_id == consultation_id
        )

    def between(
        self, first: datetime.datetime, until: datetime.datetime, *, member_id: str = ""
    ) -> tuple[Appointment, ...]:
        """Return the appointments that begin from `first` on and before `until`, oldest first, cancelled ones included.

        Parameters
        ----------
        member_id : restricts the result to this member; no restriction if empty.
        """
        with self._access.reading(AccessRight.READ) as work:
            span = {"first": first.isoformat(), "until": until.isoformat()}
            work.log("appointments.listed", "appointment", **span)
            table = treatment_tables.AppointmentRow
            asked = [table.starts_at >= first, table.starts_at < until]
            if member_id:
                asked.append(table.member_id == member_id)
            return read_appointments(work, work.rows(table, *asked, order=(table.starts_at,)))

    def count_on_closed_days(self) -> Mapping[datetime.date, int]:
        """Return how many booked appointments lie ahead on each day on which the clinic is closed, by day."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            table, closed = treatment_tables.AppointmentRow, read_closed_days(work)
            if not closed:
                return {}
            ahead = (table.starts_at > now(), table.state == AppointmentState.BOOKED.value)
            rows = work.rows(table, *ahead, order=(table.starts_at,))
            days = Counter(to_local_time(row.starts_at).date() for row in rows)
            return {day: number for day, number in days.items() if is_closed(day, closed)}

    def list_taken_spans(
        self, booking: Booking, until: datetime.datetime, *, except_id: str = ""
    ) -> tuple[TimeSpan, ...]:
        """Return the spans from the booking's start on in which its patient, member or machine is taken.

        The days on which the clinic is closed are among them. The spans contain no names.

        Parameters
        ----------
        except_id : id of an appointment that is about to be moved, which is ignored.
        """
        with self._access.reading_unlogged(AccessRight.READ) as work:
            table = treatment_tables.AppointmentRow
            found = work.rows(
                table,
                table.starts_at > booking.starts_at - LONGEST_APPOINTMENT,
                table.starts_at < until,
                table.ends_at > booking.starts_at,
                table.id != except_id,
                table.state.in_(OCCUPYING_STATES),
                or_(*(column.in_(ids) for column, ids in _exclusive_resources(work, booking).values())),
                order=(table.starts_at,),
            )
            return (*((row.starts_at, row.ends_at) for row in found), *_closed_spans(work, booking.starts_at, until))

    def list_bookable_members(self) -> tuple[BookableMember, ...]:
        """Return the members who can be booked, sorted by name."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = work.rows(tables.MemberRow, tables.MemberRow.disabled_at.is_(None), order=(tables.MemberRow.name,))
            roles = ((row, parse_role(row.role)) for row in rows)
            return tuple(
                BookableMember(row.id, row.name, role in PERMITTED_ROLES[AccessRight.TREAT])
                for row, role in roles
                if role in PERMITTED_ROLES[AccessRight.WRITE]
            )


def cancel_future_appointments(work: ClinicTransaction, patient_id: str) -> None:
    """Cancel a patient's future appointments, since after an erasure it is unknown who would attend."""
    table = treatment_tables.AppointmentRow
    ahead = (table.patient_id == patient_id, table.state == AppointmentState.BOOKED.value, table.starts_at > now())
    for row in work.rows(table, *ahead):
        _cancel_appointment(work, row)


def mark_attended(work: ClinicTransaction, consultation_id: str, id: str | None) -> str | None:
    """Mark the appointment in which a treatment begins as attended; return its id, None without an appointment.

    Parameters
    ----------
    id : id of the appointment; if None, the nearest session of the patient within twelve hours in which no treatment
        was begun, if there is one.

    Raises
    ------
    RecordNotFoundError : this patient has no such appointment.
    """
    person = list_person_ids(work, work.get(tables.ConsultationRow, consultation_id).patient_id)
    table = treatment_tables.AppointmentRow
    if id is None:
        at = now()
        near = (
            table.starts_at > at - LONGEST_APPOINTMENT,
            table.starts_at < at + LONGEST_APPOINTMENT,
            table.state.in_(OCCUPYING_STATES),
        )
        sessions = work.rows(table, table.patient_id.in_(person), table.purpose == Purpose.SESSION.value, *near)
        begun = work.rows(
            treatment_tables.TreatmentRow,
            treatment_tables.TreatmentRow.appointment_id.in_([row.id for row in sessions]),
        )
        left = [row for row in sessions if row.id not in {treatment.appointment_id for treatment in begun}]
        if not left:
            return None
        row = min(left, key=lambda appointment: abs(appointment.starts_at - at))
    else:
        row = work.get(table, id)
        if row.patient_id not in person:
            raise clinic_error("absent", "appointment")
    if row.state == AppointmentState.BOOKED:
        row.state = AppointmentState.ATTENDED.value
        _save_row(work, row, "appointment.kept")
    return row.id


def import_appointment(work: ClinicTransaction, booking: Booking, state: AppointmentState) -> None:
    """Add an appointment of an earlier program; a past one may have been with a member who has left.

    Raises
    ------
    InputError : as `AppointmentRepository.book` for one that lies ahead.
    """
    if booking.starts_at > now():
        _check_booking(work, booking)
    row = _new_row(work, booking)
    row.state = state.value
    work.save(row, "appointment.imported")


def _new_row(work: ClinicTransaction, booking: Booking) -> treatment_tables.AppointmentRow:
    return work.new_row(
        treatment_tables.AppointmentRow,
        **vars(booking) | {"purpose": booking.purpose.value},
        state=AppointmentState.BOOKED.value,
        revision=1,
        created_at=now(),
        created_by=work.actor,
    )


def _check_booking(work: ClinicTransaction, booking: Booking) -> None:
    """Raise an error if a booking is invalid by itself, whatever else is booked at that time."""
    if not SHORTEST_APPOINTMENT <= booking.ends_at - booking.starts_at <= LONGEST_APPOINTMENT:
        longest = LONGEST_APPOINTMENT // datetime.timedelta(hours=1)
        raise clinic_error("appointment-length", "minutes", hint={"least": 5, "hours": longest})
    get_kept_patient(work, booking.patient_id)
    if booking.consultation_id is not None:
        consultation = work.get(tables.ConsultationRow, booking.consultation_id)
        if consultation.patient_id != booking.patient_id:
            raise clinic_error("absent", "consultation")
        _check_think_time(work, booking, booking.consultation_id)
    member = work.get(tables.MemberRow, booking.member_id)
    act = AccessRight.TREAT if booking.purpose in LASER_PURPOSES else AccessRight.WRITE
    if member.disabled_at is not None or parse_role(member.role) not in PERMITTED_ROLES[act]:
        raise clinic_error("appointment-member", "member", name=member.name)
    if booking.machine_id is not None:
        machine = work.get(treatment_tables.MachineRow, booking.machine_id)
        if machine.retired_at is not None:
            raise clinic_error("appointment-machine", "machine", name=machine.name)


def _check_think_time(work: ClinicTransaction, booking: Booking, consultation_id: str) -> None:
    """Raise an error if a session would begin before its consent may be signed."""
    over = find_think_time_end(work, consultation_id) if booking.purpose is Purpose.SESSION else None
    if over is not None and booking.starts_at < over:
        raise clinic_error("time-to-think", "day", hint={"over": over})


def _exclusive_resources(
    work: ClinicTransaction, booked: Booking | treatment_tables.AppointmentRow
) -> dict[BookingResource, tuple[InstrumentedAttribute[Any], Collection[str]]]:
    """Return the column of each exclusive resource of an appointment, and the ids with which it is the same one.

    A person is at one place at a time, in whichever of their records an appointment is.
    """
    table = treatment_tables.AppointmentRow
    needed: dict[BookingResource, tuple[InstrumentedAttribute[Any], Collection[str]]] = {
        "member": (table.member_id, (booked.member_id,)),
        "patient": (table.patient_id, list_person_ids(work, booked.patient_id)),
    }
    if booked.machine_id is not None:
        needed["machine"] = (table.machine_id, (booked.machine_id,))
    return needed


def _closed_spans(
    work: ClinicTransaction, starts_at: datetime.datetime, until: datetime.datetime
) -> tuple[TimeSpan, ...]:
    """Return the days on which the clinic is closed, from the day of a time to that of another."""
    first, closed = to_local_time(starts_at).date(), read_closed_days(work)
    days = (first + datetime.timedelta(days=number) for number in range((until - starts_at).days + 1))
    return tuple(span_days(day) for day in days if is_closed(day, closed))


def _find_clashes(work: ClinicTransaction, row: treatment_tables.AppointmentRow, place: int) -> list[BookingClash]:
    """Return the clashes of this appointment with others; the clinic is locked, so no booking can intervene."""
    table, needed = treatment_tables.AppointmentRow, _exclusive_resources(work, row)
    at_once = (
        table.starts_at > row.starts_at - LONGEST_APPOINTMENT,  # allows the use of the index: none is longer
        table.starts_at < row.ends_at,
        table.ends_at > row.starts_at,
        table.id != row.id,
        table.state.in_(OCCUPYING_STATES),
    )
    shared = or_(*(column.in_(ids) for column, ids in needed.values()))
    return [
        BookingClash(place, taken, other.id)
        for other in work.rows(table, *at_once, shared, order=(table.starts_at,))
        for taken, (column, ids) in needed.items()
        if getattr(other, column.key) in ids
    ]


def _refuse_clashes(clashes: Iterable[BookingClash]) -> None:
    if conflicts := tuple(clashes):
        error = clinic_error("clash", "starts")
        assert isinstance(error, ClashError)
        error.clashes = conflicts
        raise error


def _get_unchanged(work: ClinicTransaction, id: str, revision: int) -> treatment_tables.AppointmentRow:
    row = work.get(treatment_tables.AppointmentRow, id)
    if row.revision != revision:
        raise clinic_error("appointment-changed", "appointment")
    return row


def _cancel_appointment(work: ClinicTransaction, row: treatment_tables.AppointmentRow) -> None:
    row.state = AppointmentState.CANCELLED.value
    _end_reminders(work, row)
    _save_row(work, row, "appointment.cancelled")


def _end_reminders(work: ClinicTransaction, row: treatment_tables.AppointmentRow) -> None:
    """End the reminders of an appointment, which named a time that no longer holds."""
    table = treatment_tables.AppointmentReminderRow
    work.end_rows(table, "reminder.ended", table.appointment_id == row.id)


def _save_row(work: ClinicTransaction, row: treatment_tables.AppointmentRow, action: str) -> None:
    row.revision += 1
    work.save(row, action)


def _list_plans(
    work: ClinicTransaction, rows: list[treatment_tables.AppointmentRow]
) -> dict[str, list[tables.PlanRow]]:
    """Return the plans of each consultation, oldest first."""
    table, consultations = tables.PlanRow, {row.consultation_id for row in rows if row.consultation_id is not None}
    return work.rows_by(table, table.consultation_id, consultations, table.made_at)


def _is_plan_replaced(row: treatment_tables.AppointmentRow, plans: Sequence[tables.PlanRow]) -> bool:
    """Return whether an appointment was booked for a plan that a later one has replaced."""
    moments = [plan.made_at for plan in plans]
    return any(moment <= row.created_at for moment in moments) and any(moment > row.created_at for moment in moments)


def read_appointments(work: ClinicTransaction, rows: list[treatment_tables.AppointmentRow]) -> tuple[Appointment, ...]:
    """Return the records of rows of appointments, in a number of statements that does not grow with theirs."""
    return tuple(work.read_each(rows, _make_reader(work, rows)))


def _read_appointment(work: ClinicTransaction, row: treatment_tables.AppointmentRow) -> Appointment:
    return work.read_one(row, _make_reader(work, [row]))


def _make_reader(
    work: ClinicTransaction, rows: list[treatment_tables.AppointmentRow]
) -> Callable[[treatment_tables.AppointmentRow], Appointment]:
    """Return what reads each of these rows, after all statements that they need."""
    treatment = treatment_tables.TreatmentRow
    patients = work.get_many(tables.PatientRow, (row.patient_id for row in rows))
    members = work.get_many(tables.MemberRow, (id for row in rows for id in (row.member_id, row.created_by)))
    used_machines = (row.machine_id for row in rows if row.machine_id is not None)
    machines = work.get_many(treatment_tables.MachineRow, used_machines)
    treated_in = work.rows_by(treatment, treatment.appointment_id, [row.id for row in rows])
    begun = {id: treatments[-1].id for id, treatments in treated_in.items() if treatments}
    plans = _list_plans(work, rows)
    withdrawn = list_withdrawn_plans(work, [made[-1].id for made in plans.values() if made])

    def read(row: treatment_tables.AppointmentRow) -> Appointment:
        used = None if row.machine_id is None else machines[row.machine_id]
        made, is_booked = plans.get(row.consultation_id or "", []), row.state == AppointmentState.BOOKED.value
        is_session = row.purpose == Purpose.SESSION.value
        return work.read_row(
            Appointment,
            row,
            pseudonym=patients[row.patient_id].pseudonym,
            member=members[row.member_id].name,
            machine="" if used is None else used.name,
            room="" if used is None else used.room,
            purpose=Purpose(row.purpose),
            state=AppointmentState(row.state),
            created_by=members[row.created_by].name if row.created_by in members else row.created_by,
            treatment_id=begun.get(row.id),
            is_plan_replaced=is_booked and _is_plan_replaced(row, made),
            is_consent_withdrawn=is_booked and is_session and bool(made) and made[-1].id in withdrawn,
        )

    return read
