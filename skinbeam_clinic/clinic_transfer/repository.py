"""Import patients, appointments and past sessions of another program, in one transaction, and undo an import.

The audit log is the record of an import: its entries lie between the one that begins and the one that ends it, and
each carries the signature of the row that it added. An import is undone while its rows are as it made them.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight, parse_role
from skinbeam_clinic.appointments.closed_days import add_closed_days
from skinbeam_clinic.appointments.models import Booking
from skinbeam_clinic.appointments.repository import OCCUPYING_STATES, import_appointment
from skinbeam_clinic.clinic_transfer.models import (
    BusyTime,
    ClinicSnapshot,
    ImportPlan,
    ImportRecord,
    ImportSummary,
    KnownMachine,
    KnownPatient,
)
from skinbeam_clinic.consultations.repository import ConsultationState, add_consultation
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.patient_link_tables import PatientLinkRow
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicScoped, new_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.verification import tables_with
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.own_devices import read_clinic_devices
from skinbeam_clinic.patient_links.person import kept_ids
from skinbeam_clinic.patients.repository import CONTACT_DETAILS, add_contact, add_patient, find_owner

__all__ = ["ImportRepository"]

Planner = Callable[[ClinicSnapshot, datetime.datetime], ImportPlan]

_IMPORTED, _UNDONE = "import.done", "import.undone"
_MOST_ENTRIES = 10_000_000
_IDS_A_QUERY = 1_000  # a database takes some ten thousand parameters
_NAMED_PATIENTS = 5
# In the order in which rows can be deleted.
_IMPORTED_TABLES: tuple[type[ClinicScoped], ...] = (
    treatment_tables.AppointmentRow,
    tables.ContactRow,
    tables.ConsultationRow,
    tables.PatientRow,
    treatment_tables.ClosedDaysRow,
)


class ImportRepository(Repository):
    """Imports into a clinic, their undo, and the note of its export; for its owner."""

    def preview(self, plan: Planner) -> ImportPlan:
        """Return what an import would make; nothing is written but that all contact details were read.

        Raises
        ------
        InputError : what `plan` raises.
        """
        with self._access.reading(AccessRight.TRANSFER) as work:
            return plan(_take_snapshot(work), now())

    def write(self, plan: Planner) -> ImportSummary:
        """Import everything or nothing, and return the id of the import.

        Raises
        ------
        InputError : what `plan` raises for the records as they are now.
        """
        with self._access.writing(AccessRight.TRANSFER) as work:
            made = plan(_take_snapshot(work), now())
            id = new_id()
            work.log("import.begun", f"import/{id}", files=dict(made.files))
            keys: dict[str, str] = {}
            for patient in made.patients:
                added = add_patient(work, patient.pseudonym, year_of_birth=patient.year_of_birth)
                keys[patient.key] = added.id
                if patient.contact:
                    add_contact(work, added, patient.contact)
            for appointment in made.appointments:
                patient_id = keys.get(appointment.patient, appointment.patient)
                times = (appointment.starts_at, appointment.ends_at)
                booking = Booking(
                    patient_id, appointment.member_id, appointment.purpose, *times, appointment.machine_id
                )
                import_appointment(work, booking, appointment.state)
            for course in made.courses:
                add_consultation(
                    work,
                    keys.get(course.patient, course.patient),
                    course.answers,
                    began_at=course.began_at,
                    state=ConsultationState.CLOSED,
                )
            for days in made.closed_days:
                add_closed_days(work, days.first_day, days.last_day, yearly=days.yearly)
            counts = (len(made.patients), len(made.appointments), len(made.courses), made.sessions)
            summary = ImportSummary(id, *counts, len(made.closed_days))
            work.log(_IMPORTED, f"import/{id}", files=dict(made.files), **_counts(summary))
            return summary

    def list_done(self) -> tuple[ImportRecord, ...]:
        """Return the imports that were not undone, the newest first."""
        with self._access.reading_unlogged(AccessRight.TRANSFER) as work:
            standing = _list_imports(work)
            entries = work.entries(AuditEntryRow.action == _IMPORTED, limit=_MOST_ENTRIES)
            return tuple(
                ImportRecord(
                    entry.at,
                    work.actor_name(entry.actor),
                    tuple(entry.detail["files"]),
                    _read_summary(id, entry),
                )
                for entry in entries
                if (id := entry.subject.removeprefix("import/")) in standing
            )

    def note_export(self) -> None:
        """Note in the audit log that the records of the whole clinic are exported.

        Raises
        ------
        DeniedError : the role may not export a clinic.
        """
        with self._access.writing(AccessRight.TRANSFER) as work:
            work.log("clinic.exported", f"clinic/{work.clinic_id}")

    def undo(self, id: str) -> ImportSummary:
        """Remove everything that an import added, while it is as the import made it.

        Raises
        ------
        InputError : `no-import`, `import-undone`, or `import-in-use`: somebody has worked on its records since.
        """
        with self._access.writing(AccessRight.TRANSFER) as work:
            about = work.entries(AuditEntryRow.subject == f"import/{id}", limit=_MOST_ENTRIES)
            steps = {entry.action: entry for entry in about}
            if _IMPORTED not in steps:
                known = ", ".join(_list_imports(work)) or "–"
                raise clinic_error("no-import", "IMPORT", id=id, hint={"known": known})
            if _UNDONE in steps:
                raise clinic_error("import-undone", "IMPORT", at=steps[_UNDONE].at)
            done, begun = steps[_IMPORTED], steps["import.begun"]
            within = (AuditEntryRow.seq > begun.seq, AuditEntryRow.seq < done.seq)
            rows = _find_unchanged_rows(work, work.entries(*within, limit=_MOST_ENTRIES))
            _refuse_dependents(work, rows)
            for table in _IMPORTED_TABLES:
                for row in rows[table]:
                    work.delete(row, "import.removed")
            summary = _read_summary(id, done)
            work.log(_UNDONE, f"import/{id}", **_counts(summary))
            return summary


_COUNTED = ("patients", "appointments", "consultations", "sessions", "closed_days")


def _read_summary(id: str, done: AuditEntryRow) -> ImportSummary:
    """Return the counts of an import from the entry of its end; an earlier one has none of closed days."""
    return ImportSummary(id, *(done.detail.get(name, 0) for name in _COUNTED))


def _counts(summary: ImportSummary) -> dict[str, int]:
    return {name: getattr(summary, name) for name in _COUNTED}


def _take_snapshot(work: ClinicTransaction) -> ClinicSnapshot:
    work.log("contacts.compared", "contact")
    patient, contact = tables.PatientRow, tables.ContactRow
    details: dict[str, dict[str, str]] = dict(work.read_columns(contact, contact.id, sealed=CONTACT_DETAILS))
    names, kept = work.list_names(patient, patient.pseudonym), kept_ids(work)
    known = tuple(
        KnownPatient(
            kept.get(id, id), pseudonym, *(details.get(id, {}).get(name, "") for name in ("number", "name", "born"))
        )
        for id, pseudonym in work.list_names(patient, patient.pseudonym, patient.erased_at.is_(None))
    )
    members = {
        row.plain_name: (row.id, None if row.disabled_at else parse_role(row.role))
        for row in work.rows(tables.MemberRow)
    }
    machines: dict[str, list[KnownMachine]] = {}
    for row in work.rows(treatment_tables.MachineRow):
        machines.setdefault(row.name, []).append(KnownMachine(row.id, row.retired_at is not None))
    by_name = {name: tuple(found) for name, found in machines.items()}
    appointment = treatment_tables.AppointmentRow
    ahead = (appointment.ends_at > now(), appointment.state.in_(OCCUPYING_STATES))
    taken = tuple(
        BusyTime(kept.get(row.patient_id, row.patient_id), row.member_id, row.machine_id, row.starts_at, row.ends_at)
        for row in work.rows(appointment, *ahead)
    )
    files = {sha256: id for id, held in _list_imports(work).items() for sha256 in held.values()}
    pseudonyms, devices = frozenset(name for _, name in names), frozenset(read_clinic_devices(work).all_devices)
    return ClinicSnapshot(known, pseudonyms, members, by_name, devices, taken, files)


def _list_imports(work: ClinicTransaction) -> dict[str, Mapping[str, str]]:
    """Return the id of each import that was not undone, with its files, the newest first."""
    entries = work.entries(AuditEntryRow.action.in_((_IMPORTED, _UNDONE)), limit=_MOST_ENTRIES)
    undone = {entry.subject for entry in entries if entry.action == _UNDONE}
    return {
        entry.subject.removeprefix("import/"): entry.detail["files"]
        for entry in entries
        if entry.action == _IMPORTED and entry.subject not in undone
    }


_Rows = Mapping[type[ClinicScoped], Sequence[ClinicScoped]]


def _find_unchanged_rows(work: ClinicTransaction, entries: Sequence[AuditEntryRow]) -> _Rows:
    """Return the rows that an import added.

    Raises
    ------
    InputError : `import-in-use`: one of them was changed or removed since.
    """
    added = {entry.subject: entry.detail["row"] for entry in entries if "row" in entry.detail}
    unchanged: dict[type[ClinicScoped], Sequence[ClinicScoped]] = {}
    for table in _IMPORTED_TABLES:
        start = f"{table.__tablename__}/"  # type: ignore[attr-defined]
        ids = [name.removeprefix(start) for name in added if name.startswith(start)]
        rows = [row for part in _parts(ids) for row in work.rows(table, table.id.in_(part))]
        there = {row.id for row in rows if work.is_as_signed(row, added[f"{start}{row.id}"])}  # type: ignore[arg-type]
        changed = [row for row in rows if row.id not in there]
        may_be_gone = table is treatment_tables.ClosedDaysRow  # which belong to nobody who would lose them
        if changed or (len(rows) < len(ids) and not may_be_gone):
            raise _in_use_error(work, (find_owner(work, row) for row in changed))
        unchanged[table] = rows
    return unchanged


def _refuse_dependents(work: ClinicTransaction, rows: _Rows) -> None:
    """Raise an error if rows that the import did not add depend on those that it added."""
    imported = {
        (type(row), row.id) for of_table in rows.values() for row in of_table
    }  # contact details have their patient's id
    patients = [row.id for row in rows[tables.PatientRow]]
    consultations = [row.id for row in rows[tables.ConsultationRow]]
    dependents = [
        *_rows_with(work, tables_with("patient_id"), "patient_id", patients),
        *_rows_with(work, (tables.ContactRow,), "id", patients),
        *_rows_with(work, (PatientLinkRow,), "kept_id", patients),
        *_rows_with(work, tables_with("consultation_id"), "consultation_id", consultations),
    ]
    users = [find_owner(work, row) for row in dependents if (type(row), row.id) not in imported]
    planned = {str(job.payload.get("consultation")) for job in work.rows(tables.JobRow)} & set(consultations)
    users += [find_owner(work, work.get(tables.ConsultationRow, id)) for id in planned]
    if users:
        raise _in_use_error(work, users)


def _rows_with(
    work: ClinicTransaction, kinds: Sequence[type[ClinicScoped]], column: str, ids: Sequence[str]
) -> Iterator[ClinicScoped]:
    for table in kinds:
        for part in _parts(ids):
            condition: ColumnElement[bool] = getattr(table, column).in_(part)
            yield from work.rows(table, condition)


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _IDS_A_QUERY] for start in range(0, len(ids), _IDS_A_QUERY))


def _in_use_error(work: ClinicTransaction, patients: Iterator[str] | Sequence[str]) -> InputError:
    ids = list(dict.fromkeys(patients))[:_NAMED_PATIENTS]
    names = [work.get(tables.PatientRow, id).pseudonym for id in ids]
    return clinic_error("import-in-use", "IMPORT", patients=", ".join(names) or "–")
