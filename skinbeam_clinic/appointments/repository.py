"""Appointments: booked one or many at once, moved, cancelled, kept or missed; nobody is in two at a time."""

import datetime
from collections.abc import Iterable

from sqlalchemy import ColumnElement, or_

from skinbeam.records.booked import Appointment, Bookable, Booking, Clash, Purpose, Standing, Taken
from skinbeam.records.faults import ClashError, fault
from skinbeam.records.roles import MAY, Act, role_of
from skinbeam.records.store import tables, treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["LONGEST", "Appointments", "cancel_ahead", "keep_appointment"]

SHORTEST, LONGEST = datetime.timedelta(minutes=5), datetime.timedelta(hours=12)
_TAKING = (Standing.BOOKED.value, Standing.KEPT.value)
_FIRED = frozenset({Purpose.SESSION, Purpose.TEST_SPOT})  # what only who may treat does

Span = tuple[datetime.datetime, datetime.datetime]


class Appointments:
    """The appointments of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def book(self, *bookings: Booking) -> tuple[Appointment, ...]:
        """Book appointments, all of them or none.

        Raises
        ------
        ClashError : a patient, a member or a machine is taken at one of the times.
        AbsentError : one of them is not of this clinic, or was erased.
        InputError : `appointment-length`, `appointment-member`, or `appointment-machine`.
        """
        with self._access.work(Act.WRITE) as work:
            rows: list[treated.Appointment] = []
            clashes: list[Clash] = []
            for place, booking in enumerate(bookings):
                row = _row(work, booking)
                rows.append(row)
                if found := _clashes(work, row, place):
                    clashes += found
                else:
                    work.keep(row, "appointment.booked")
            mine = {row.id for row in rows}
            _refuse(Clash(one.place, one.taken, "" if one.by in mine else one.by) for one in clashes)
            return _appointments(work, rows)

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
        InputError : `appointment-changed`: by somebody else since it was read; `appointment-over`: it is not booked any
            more; and those of `book`.
        """
        with self._access.work(Act.WRITE) as work:
            row = _unchanged(work, id, revision)
            if row.state != Standing.BOOKED:
                raise fault("appointment-over", "appointment")
            purpose = Purpose(row.purpose)
            asked = Booking(row.patient_id, member_id, purpose, starts_at, ends_at, machine_id, row.consultation_id)
            _allowed(work, asked)
            row.starts_at, row.ends_at = starts_at, ends_at
            row.member_id, row.machine_id = member_id, machine_id
            _refuse(_clashes(work, row, 0))
            _keep(work, row, "appointment.moved")
            return _appointments(work, [row])[0]

    def cancel(self, id: str, *, revision: int) -> Appointment:
        """Cancel an appointment; its time is free again.

        Raises
        ------
        InputError : `appointment-changed`, or `appointment-over`.
        """
        with self._access.work(Act.WRITE) as work:
            row = _unchanged(work, id, revision)
            if row.state != Standing.BOOKED:
                raise fault("appointment-over", "appointment")
            _cancel(work, row)
            return _appointments(work, [row])[0]

    def mark(self, id: str, *, kept: bool, revision: int) -> Appointment:
        """Write down whether the patient came; the other may be said later, where it was wrong.

        Raises
        ------
        InputError : `appointment-changed`; `appointment-over`: it was cancelled; `appointment-ahead`: it is to come.
        """
        with self._access.work(Act.WRITE) as work:
            row = _unchanged(work, id, revision)
            if row.state == Standing.CANCELLED:
                raise fault("appointment-over", "appointment")
            if row.starts_at > now() + LONGEST:
                raise fault("appointment-ahead", "appointment")
            row.state = (Standing.KEPT if kept else Standing.MISSED).value
            _keep(work, row, f"appointment.{row.state}")
            return _appointments(work, [row])[0]

    def get(self, id: str) -> Appointment:
        """Return an appointment.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            row = work.get(treated.Appointment, id)
            work.note("appointment.seen", f"appointment/{id}")
            return _appointments(work, [row])[0]

    def of(self, patient_id: str) -> tuple[Appointment, ...]:
        """Return the appointments of a patient, oldest first, cancelled ones among them."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Patient, patient_id)
            work.note("appointments.listed", f"patient/{patient_id}")
            table = treated.Appointment
            return _appointments(work, work.rows(table, table.patient_id == patient_id, order=(table.starts_at,)))

    def between(
        self, first: datetime.datetime, until: datetime.datetime, *, member_id: str = ""
    ) -> tuple[Appointment, ...]:
        """Return the appointments that begin from `first` on and before `until`, also cancelled ones, oldest first.

        Parameters
        ----------
        member_id : of whom alone; everybody's where it is empty.
        """
        with self._access.see(Act.READ) as work:
            span = {"first": first.isoformat(), "until": until.isoformat()}
            work.note("appointments.listed", "appointment", **span)
            table = treated.Appointment
            asked = [table.starts_at >= first, table.starts_at < until]
            if member_id:
                asked.append(table.member_id == member_id)
            return _appointments(work, work.rows(table, *asked, order=(table.starts_at,)))

    def taken(self, booking: Booking, until: datetime.datetime, *, but: str = "") -> tuple[Span, ...]:
        """Return when a patient, a member or a machine of a booking is taken from its start on; it tells nobody's name.

        Parameters
        ----------
        but : name of an appointment that is about to be moved.
        """
        with self._access.look(Act.READ) as work:
            table = treated.Appointment
            found = work.rows(
                table,
                table.starts_at > booking.starts_at - LONGEST,
                table.starts_at < until,
                table.ends_at > booking.starts_at,
                table.id != but,
                table.state.in_(_TAKING),
                or_(*(held for _, held in _shared(booking))),
                order=(table.starts_at,),
            )
            return tuple((row.starts_at, row.ends_at) for row in found)

    def members(self) -> tuple[Bookable, ...]:
        """Return who can be booked, by name."""
        with self._access.look(Act.READ) as work:
            rows = work.rows(tables.Member, tables.Member.disabled_at.is_(None), order=(tables.Member.name,))
            roles = ((row, role_of(row.role)) for row in rows)
            return tuple(
                Bookable(row.id, row.name, role in MAY[Act.TREAT]) for row, role in roles if role in MAY[Act.WRITE]
            )


def cancel_ahead(work: Work, patient_id: str) -> None:
    """Cancel what a patient is still booked for: who erased them knows nobody any more who would come."""
    table = treated.Appointment
    ahead = (table.patient_id == patient_id, table.state == Standing.BOOKED.value, table.starts_at > now())
    for row in work.rows(table, *ahead):
        _cancel(work, row)


def keep_appointment(work: Work, consultation_id: str, id: str | None) -> str | None:
    """Say that the patient of a consultation came to the appointment in which a treatment begins; return its name.

    Parameters
    ----------
    id : of the appointment; where it is None, the nearest session of today is taken in which none was begun, if any.

    Raises
    ------
    AbsentError : this patient has none of that name.
    """
    patient, table = work.get(tables.Consultation, consultation_id).patient_id, treated.Appointment
    if id is None:
        at = now()
        near = (table.starts_at > at - LONGEST, table.starts_at < at + LONGEST, table.state.in_(_TAKING))
        mine = work.rows(table, table.patient_id == patient, table.purpose == Purpose.SESSION.value, *near)
        begun = work.rows(treated.Treatment, treated.Treatment.appointment_id.in_([row.id for row in mine]))
        left = [row for row in mine if row.id not in {one.appointment_id for one in begun}]
        if not left:
            return None
        row = min(left, key=lambda one: abs(one.starts_at - at))
    else:
        row = work.get(table, id)
        if row.patient_id != patient:
            raise fault("absent", "appointment")
    if row.state == Standing.BOOKED:
        row.state = Standing.KEPT.value
        _keep(work, row, "appointment.kept")
    return row.id


def _row(work: Work, booking: Booking) -> treated.Appointment:
    _allowed(work, booking)
    return treated.Appointment(
        clinic_id=work.clinic_id,
        id=new_id(),
        patient_id=booking.patient_id,
        consultation_id=booking.consultation_id,
        member_id=booking.member_id,
        machine_id=booking.machine_id,
        purpose=booking.purpose.value,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        state=Standing.BOOKED.value,
        revision=1,
        created_at=now(),
        created_by=work.actor,
    )


def _allowed(work: Work, booking: Booking) -> None:
    """Refuse what cannot be, whoever else is there at that time."""
    if not SHORTEST <= booking.ends_at - booking.starts_at <= LONGEST:
        longest = LONGEST // datetime.timedelta(hours=1)
        raise fault("appointment-length", "minutes", hint={"least": 5, "hours": longest})
    if work.get(tables.Patient, booking.patient_id).erased_at is not None:
        raise fault("absent", "patient")
    if booking.consultation_id is not None:
        consultation = work.get(tables.Consultation, booking.consultation_id)
        if consultation.patient_id != booking.patient_id:
            raise fault("absent", "consultation")
    member = work.get(tables.Member, booking.member_id)
    act = Act.TREAT if booking.purpose in _FIRED else Act.WRITE
    if member.disabled_at is not None or role_of(member.role) not in MAY[act]:
        raise fault("appointment-member", "member", name=member.name)
    if booking.machine_id is not None:
        machine = work.get(treated.Machine, booking.machine_id)
        if machine.retired_at is not None:
            raise fault("appointment-machine", "machine", name=machine.name)


def _shared(row: Booking | treated.Appointment) -> list[tuple[Taken, ColumnElement[bool]]]:
    """Of whom and of what there is only one, each with the condition that another appointment has the same."""
    table = treated.Appointment
    shared: list[tuple[Taken, ColumnElement[bool]]] = [
        ("member", table.member_id == row.member_id),
        ("patient", table.patient_id == row.patient_id),
    ]
    if row.machine_id is not None:
        shared.append(("machine", table.machine_id == row.machine_id))
    return shared


def _clashes(work: Work, row: treated.Appointment, place: int) -> list[Clash]:
    """What takes who and what this appointment needs; the clinic is locked, so that nothing comes between."""
    table = treated.Appointment
    at_once = (
        table.starts_at > row.starts_at - LONGEST,  # for the index: none is longer
        table.starts_at < row.ends_at,
        table.ends_at > row.starts_at,
        table.id != row.id,
        table.state.in_(_TAKING),
    )
    shared = or_(*(held for _, held in _shared(row)))
    names: dict[Taken, str] = {"member": "member_id", "machine": "machine_id", "patient": "patient_id"}
    return [
        Clash(place, taken, other.id)
        for other in work.rows(table, *at_once, shared, order=(table.starts_at,))
        for taken, name in names.items()
        if getattr(row, name) is not None and getattr(other, name) == getattr(row, name)
    ]


def _refuse(clashes: Iterable[Clash]) -> None:
    if found := tuple(clashes):
        error = fault("clash", "starts")
        assert isinstance(error, ClashError)
        error.clashes = found
        raise error


def _unchanged(work: Work, id: str, revision: int) -> treated.Appointment:
    row = work.get(treated.Appointment, id)
    if row.revision != revision:
        raise fault("appointment-changed", "appointment")
    return row


def _cancel(work: Work, row: treated.Appointment) -> None:
    row.state = Standing.CANCELLED.value
    _keep(work, row, "appointment.cancelled")


def _keep(work: Work, row: treated.Appointment, action: str) -> None:
    row.revision += 1
    work.keep(row, action)


def _appointments(work: Work, rows: list[treated.Appointment]) -> tuple[Appointment, ...]:
    patient, member, machine, treatment = tables.Patient, tables.Member, treated.Machine, treated.Treatment
    pseudonyms = dict(work.names(patient, patient.pseudonym, patient.id.in_({row.patient_id for row in rows})))
    members = dict(work.names(member, member.name))
    machines = {row.id: row for row in work.rows(machine)}
    treated_in = work.rows(treatment, treatment.appointment_id.in_([row.id for row in rows]))
    begun = {row.appointment_id: row.id for row in treated_in}
    found = []
    for row in rows:
        used = None if row.machine_id is None else machines[row.machine_id]
        found.append(
            Appointment(
                id=row.id,
                patient_id=row.patient_id,
                pseudonym=pseudonyms[row.patient_id],
                consultation_id=row.consultation_id,
                member_id=row.member_id,
                member=members[row.member_id],
                machine_id=row.machine_id,
                machine="" if used is None else used.name,
                room="" if used is None else used.room,
                purpose=Purpose(row.purpose),
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                state=Standing(row.state),
                revision=row.revision,
                created_at=row.created_at,
                created_by=members.get(row.created_by, row.created_by),
                treatment_id=begun.get(row.id),
            )
        )
    return tuple(found)
