"""Store and read reminders of appointments: who reminded a patient of which time, when and how.

A patient is reminded in the way to which they agreed, once for each time of an appointment. An appointment that is
moved needs a new reminder, and one that is cancelled none.
"""

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.models import Appointment, AppointmentState
from skinbeam_clinic.appointments.repository import read_appointments
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patient_links.person import kept_ids, require_kept
from skinbeam_clinic.patients.contact_details import LANGUAGE, REMINDER_WAY, ReminderWay
from skinbeam_clinic.patients.repository import CONTACT_DETAILS

__all__ = [
    "AppointmentReminder",
    "ReminderEntry",
    "ReminderList",
    "ReminderRepository",
    "ReminderState",
    "find_reminders",
    "list_agreed",
]

_SENDING_TIME = datetime.timedelta(minutes=5)  # longer than all answers of a mail server are waited for


class ReminderState(StrEnum):
    """How far a reminder is."""

    SENDING = "sending"  # a mail is being handed over; of one that stays so, nobody knows whether it was sent
    SENT = "sent"
    FAILED = "failed"  # it is tried again
    UNCLEAR = "unclear"  # it may have been sent, so it is not sent again
    MARKED = "marked"  # by a member


@dataclass(frozen=True)
class AppointmentReminder:
    """A reminder of an appointment.

    Parameters
    ----------
    starts_at : the time of the appointment that it names.
    fault : kind of the error for which a mail was not sent; None without one.
    noted_at : of its last step.
    noted_by : name of the member, or of the program.
    ended_at : since when it counts no longer, because the appointment was moved or cancelled; None while it counts.
    """

    id: str
    appointment_id: str
    starts_at: datetime.datetime
    way: ReminderWay
    state: ReminderState
    fault: str | None
    noted_at: datetime.datetime
    noted_by: str
    ended_at: datetime.datetime | None

    @property
    def is_done(self) -> bool:
        """Whether the patient was reminded."""
        return self.state in (ReminderState.SENT, ReminderState.MARKED)

    @property
    def is_unclear(self) -> bool:
        """Whether nobody knows if a mail was sent: the program or the connection ended while it was handed over."""
        left = self.state is ReminderState.SENDING and self.noted_at < now() - _SENDING_TIME
        return left or self.state is ReminderState.UNCLEAR


@dataclass(frozen=True)
class ReminderEntry:
    """An appointment of which a patient agreed to be reminded, and how they are reached.

    Parameters
    ----------
    name : of the patient; empty if it is unknown.
    address : telephone number or e-mail address, by the way.
    language : of the patient; empty if it is unknown.
    reminder : the one that counts; None before the first.
    """

    appointment: Appointment
    name: str
    way: ReminderWay
    address: str
    language: str
    reminder: AppointmentReminder | None


@dataclass(frozen=True)
class ReminderList:
    """The appointments of some days.

    Parameters
    ----------
    not_agreed : how many are of patients who have not agreed to be reminded.
    replaced : those of records closed as duplicates, which are to be booked again: nobody is reminded of them.
    unread : pseudonyms of the patients whose contact details were altered, so that nobody knows.
    """

    entries: tuple[ReminderEntry, ...]
    not_agreed: int
    unread: tuple[str, ...] = ()
    replaced: tuple[Appointment, ...] = ()


class ReminderRepository(Repository):
    """The reminders of a clinic's appointments."""

    def list_ahead(self, until: datetime.datetime) -> ReminderList:
        """Return the booked appointments that begin from now on and before `until`, oldest first."""
        with self._access.reading(AccessRight.CONTACT) as work:
            work.log("reminders.listed", "appointment", until=until.isoformat())
            found = list_agreed(work, now(), until)
            for entry in found.entries:
                work.log("contact.seen", f"contact/{entry.appointment.patient_id}")
            return found

    def of(self, patient_id: str) -> tuple[AppointmentReminder, ...]:
        """Return all reminders of a patient, oldest first, with those that count no longer."""
        with self._access.reading_row(tables.PatientRow, patient_id, "reminders.listed") as (work, _):
            table = treatment_tables.AppointmentReminderRow
            rows = work.rows_of(table, table.patient_id, patient_id, table.noted_at)
            return tuple(work.read_each(rows, lambda row: _read_reminder(work, row)))

    def mark(self, appointment_id: str, *, revision: int) -> AppointmentReminder:
        """Record that a member has reminded a patient; one that is recorded already stays as it is.

        Parameters
        ----------
        revision : of the appointment as it was shown, so that nobody is marked as reminded of a time that has changed.

        Raises
        ------
        ReplacedError : its record is closed, since another one of the same person is kept.
        InputError : `appointment-changed`; `reminder-over`: it is not booked or lies behind; `reminder-not-agreed`;
            `reminder-sending`: a mail is being sent at this moment.
        """
        with self._access.writing(AccessRight.CONTACT) as work:
            appointment = work.get(treatment_tables.AppointmentRow, appointment_id)
            if appointment.revision != revision:
                raise clinic_error("appointment-changed", "appointment")
            if appointment.state != AppointmentState.BOOKED or appointment.starts_at < now():
                raise clinic_error("reminder-over", "appointment")
            require_kept(work, appointment.patient_id)
            contact = work.find(tables.ContactRow, appointment.patient_id)
            details = {} if contact is None else work.open_record(contact, CONTACT_DETAILS)
            way = _agreed_way(details)
            if way is None:
                raise clinic_error("reminder-not-agreed", "appointment")
            row = find_reminders(work, [appointment.id]).get(appointment.id)
            if row is not None:
                stored = _read_reminder(work, row)
                if stored.is_done:
                    return stored
                if stored.state is ReminderState.SENDING and not stored.is_unclear:
                    raise clinic_error("reminder-sending", "appointment")
            else:
                row = work.new_row(
                    treatment_tables.AppointmentReminderRow,
                    appointment_id=appointment.id,
                    patient_id=appointment.patient_id,
                    starts_at=appointment.starts_at,
                    attempts=0,
                )
            row.way, row.state, row.retry_at = way.value, ReminderState.MARKED.value, None
            row.noted_at, row.noted_by = now(), work.actor
            work.save(row, "reminder.marked", way=way.value)
            return _read_reminder(work, row)


def find_reminders(
    work: ClinicTransaction, appointment_ids: Collection[str]
) -> dict[str, treatment_tables.AppointmentReminderRow]:
    """Return the rows of the reminders that count, by the id of the appointment."""
    table = treatment_tables.AppointmentReminderRow
    rows = work.rows(table, table.appointment_id.in_(appointment_ids), table.ended_at.is_(None))
    return {row.appointment_id: row for row in rows}


def list_agreed(work: ClinicTransaction, first: datetime.datetime, until: datetime.datetime) -> ReminderList:
    """Return the booked appointments of a span whose patients agreed to be reminded.

    The caller writes into the audit log what it discloses of the contact details.
    """
    table = treatment_tables.AppointmentRow
    booked = (table.state == AppointmentState.BOOKED.value, table.starts_at >= first, table.starts_at < until)
    every, kept = read_appointments(work, work.rows(table, *booked, order=(table.starts_at,))), kept_ids(work)
    appointments = [appointment for appointment in every if appointment.patient_id not in kept]
    reminders = find_reminders(work, [appointment.id for appointment in appointments])
    contacts = work.get_many(tables.ContactRow, (appointment.patient_id for appointment in appointments))
    opened = {id: work.find_record(row, CONTACT_DETAILS) for id, row in contacts.items()}
    details = {id: found for id, found in opened.items() if found is not None}
    unread = [appointment for appointment in appointments if appointment.patient_id in opened.keys() - details.keys()]
    entries = tuple(_list_entries(work, appointments, details, reminders))
    pseudonyms = tuple(dict.fromkeys(appointment.pseudonym for appointment in unread))
    replaced = tuple(appointment for appointment in every if appointment.patient_id in kept)
    return ReminderList(entries, len(appointments) - len(entries) - len(unread), pseudonyms, replaced)


def _list_entries(
    work: ClinicTransaction,
    appointments: Collection[Appointment],
    details: Mapping[str, Mapping[str, str]],
    reminders: Mapping[str, treatment_tables.AppointmentReminderRow],
) -> Iterator[ReminderEntry]:
    for appointment in appointments:
        contact = details.get(appointment.patient_id, {})
        if (way := _agreed_way(contact)) is not None:
            row = reminders.get(appointment.id)
            yield ReminderEntry(
                appointment=appointment,
                name=contact.get("name", ""),
                way=way,
                address=contact[way.value],
                language=contact.get(LANGUAGE, ""),
                reminder=None if row is None else _read_reminder(work, row),
            )


def _agreed_way(contact: Mapping[str, str]) -> ReminderWay | None:
    """Return the way in which a patient may be reminded; None if they have not agreed, or cannot be reached by it."""
    way = contact.get(REMINDER_WAY, "")
    return ReminderWay(way) if way in set(ReminderWay) and contact.get(way) else None


def _read_reminder(work: ClinicTransaction, row: treatment_tables.AppointmentReminderRow) -> AppointmentReminder:
    return work.read_row(AppointmentReminder, row, way=ReminderWay(row.way), state=ReminderState(row.state))
