"""Verify that the audit log is unbroken, that every row is as its last entry left it, and that every file is intact.

Two things cannot be seen in a database alone: that all of it was put back to an earlier state together with its files,
and that a clinic was removed with all its rows. So the end of each log is printed, and can be compared later with a
copy stored elsewhere: an end is a signature of all entries before it, which nobody without the key can make.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from skinbeam.model.errors import InputError
from skinbeam.model.json_fields import json_entries
from skinbeam_clinic.audit_log import hash_chain
from skinbeam_clinic.database import follow_up_tables, patient_link_tables, tables, text_tables, treatment_tables
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicRow, ClinicScoped, list_row_files
from skinbeam_clinic.errors import RecordNotFoundError, clinic_error

__all__ = [
    "SIGNED_TABLES",
    "ClinicCheck",
    "IntegrityFinding",
    "NotedLogEnd",
    "iterate_rows",
    "read_noted_ends",
    "tables_with",
    "try_read",
    "verification_error",
    "verify_database",
]

SIGNED_TABLES: tuple[type[ClinicScoped], ...] = (
    tables.ClinicSettingsRow,
    tables.ClinicContactRow,
    tables.MemberRow,
    tables.PasskeyRow,
    tables.OidcIdentityRow,
    tables.RecoveryRow,
    tables.TemporaryPasswordRow,
    tables.NoticeRow,
    tables.PatientRow,
    tables.ContactRow,
    tables.ConsultationRow,
    tables.PhotographRow,
    tables.PlanRow,
    tables.PlanChoiceRow,
    tables.ConsentRow,
    tables.ConsentLanguageRow,
    tables.ConsentVoidRow,
    tables.TellBackRow,
    text_tables.ClinicTextRow,
    text_tables.ConsentTextRow,
    treatment_tables.OwnDeviceRow,
    treatment_tables.MachineRow,
    treatment_tables.MachineUpkeepRow,
    treatment_tables.ClosedDaysRow,
    treatment_tables.AppointmentRow,
    treatment_tables.AppointmentReminderRow,
    *follow_up_tables.CONSULTATION_TABLES,
    tables.ClinicalNoteRow,
    tables.AttachmentRow,
    patient_link_tables.PatientLinkRow,
    patient_link_tables.PatientLinkEndRow,
    follow_up_tables.ApiTokenRow,
    follow_up_tables.CalendarFeedRow,
)
_BATCH_ROWS = 1000  # rows in memory


def tables_with(column: str) -> tuple[type[ClinicScoped], ...]:
    """Return the signed tables that have a column, such as those whose rows belong to a patient by `patient_id`."""
    return tuple(table for table in SIGNED_TABLES if hasattr(table, column))


@dataclass(frozen=True)
class IntegrityFinding:
    """A row, entry or file that was altered, added or removed: `code` is the end of a message id, `location` names
    it."""

    code: str
    location: str


@dataclass(frozen=True)
class ClinicCheck:
    """Counts of what was checked of a clinic, the end of its audit log, and the findings."""

    clinic: str
    entries: int
    rows: int
    files: int
    spare_files: int
    end: str
    findings: tuple[IntegrityFinding, ...] = field(metadata=json_entries(lambda findings: ()))  # an error says them


@dataclass(frozen=True)
class NotedLogEnd:
    """The length and end of a clinic's audit log as noted earlier."""

    clinic: str
    entries: int
    end: str


def read_noted_ends(path: Path) -> tuple[NotedLogEnd, ...]:
    """Read log ends from an output of `skinbeam records verify --json`.

    Raises
    ------
    InputError : `bad-note`.
    """
    try:
        clinics = json.loads(path.read_bytes())["clinics"]
        return tuple(NotedLogEnd(str(end["clinic"]), int(end["entries"]), str(end["end"])) for end in clinics)
    except (OSError, ValueError, KeyError, TypeError):
        raise clinic_error("bad-note", "--against") from None


def verify_database(database: Database, noted_ends: Sequence[NotedLogEnd] = ()) -> tuple[ClinicCheck, ...]:
    """Verify every clinic of a database, and its files.

    Parameters
    ----------
    noted_ends : earlier ends of the audit logs; a clinic that is gone, or a log without these ends, is a finding.
    """
    with database.reading() as session:
        clinics = session.scalars(select(ClinicRow.id).order_by(ClinicRow.plain_name)).all()
        stray = list(_find_stray_rows(session, set(clinics)))
        checked = []
        for id in clinics:
            clinic = try_read(session, select(ClinicRow).where(ClinicRow.id == id), f"clinic/{id}")
            if isinstance(clinic, IntegrityFinding):
                checked.append(ClinicCheck(id, 0, 0, 0, 0, "", (clinic, *stray)))
                stray = []
                continue
            check = _CheckRun(database, session, clinic)
            check.findings.extend(stray)
            check.compare([note for note in noted_ends if note.clinic == clinic.name])
            stray = []
            checked.append(check.run())
        there = {log.clinic for log in checked}
        gone = (note.clinic for note in noted_ends if note.clinic not in there)
        checked += [
            ClinicCheck(name, 0, 0, 0, 0, "", (IntegrityFinding("clinic-removed", "--against"),)) for name in gone
        ]
        return tuple(checked)


class _WithFindings(Protocol):
    @property
    def clinic(self) -> str: ...
    @property
    def findings(self) -> tuple[IntegrityFinding, ...]: ...


def verification_error(checked: Sequence[_WithFindings]) -> InputError:
    """Return an error with all findings: the first, with the others attached."""
    faults = [
        clinic_error(finding.code, finding.location, clinic=log.clinic, hint=None)
        for log in checked
        for finding in log.findings
    ]
    return faults[0].with_further_errors(faults[1:])


class _CheckRun:
    """A check of one clinic in progress: the findings so far, and the signature of each row by the audit log."""

    def __init__(self, database: Database, session: Session, clinic: ClinicRow) -> None:
        self.findings: list[IntegrityFinding] = []
        self._database = database
        self._session = session
        self._clinic = clinic
        self._signatures: dict[str, str | None] = {}
        self._files: set[str] = set()

    def compare(self, noted: Sequence[NotedLogEnd]) -> None:
        """Check that the audit log contains every noted end."""
        for note in noted:
            is_noted = (AuditEntryRow.clinic_id == self._clinic.id, AuditEntryRow.seq == note.entries)
            if self._session.scalar(select(AuditEntryRow.hash).where(*is_noted)) != note.end:
                self._add_finding("trail-put-back", f"trail/{note.entries}")

    def run(self) -> ClinicCheck:
        """Check the audit log, then the rows that it names, then the files that those name."""
        entries, end = self._trail()
        if (self._clinic.trail_length, self._clinic.trail_head) != (entries, end):
            self._add_finding("trail-cut", f"trail/{self._clinic.trail_length}")
        rows = sum(map(self._table, SIGNED_TABLES))
        for name, signature in sorted(self._signatures.items()):
            if signature is not None:
                self._add_finding("row-removed", name)
        for name in sorted(self._files):
            self._file(name)
        spare = sum(name not in self._files for name in self._database.files.names(self._clinic.id))
        return ClinicCheck(self._clinic.name, entries, rows, len(self._files), spare, end, tuple(self.findings))

    def _trail(self) -> tuple[int, str]:
        seq, end = 0, ""
        for entry in iterate_rows(self._session, AuditEntryRow, self._clinic.id, AuditEntryRow.seq):
            seq += 1
            if isinstance(entry, IntegrityFinding):
                self.findings.append(entry)
                continue
            if entry.seq != seq:
                self._add_finding("entry-missing", f"trail/{seq}")
            elif entry.previous != end:
                self._add_finding("entry-unlinked", f"trail/{seq}")
            seq, end = entry.seq, entry.hash
            if entry.hash != hash_chain.entry_signature(self._database.secret, entry):
                self._add_finding("entry-altered", f"trail/{seq}")
            elif seq == 1 and entry.detail != hash_chain.clinic_signature_text(self._clinic):
                self._add_finding("row-altered", hash_chain.row_label(self._clinic))
            elif "row" in entry.detail:
                self._signatures[entry.subject] = entry.detail["row"]
        return seq, end

    def _table(self, table: type[ClinicScoped]) -> int:
        """Check the rows of a table and return their number."""
        count = 0
        for row in iterate_rows(self._session, table, self._clinic.id, table.id):
            count += 1
            if isinstance(row, IntegrityFinding):
                self.findings.append(row)
                self._signatures.pop(row.location, None)
                continue
            name = hash_chain.row_label(row)
            signature = self._signatures.pop(name, None)
            if signature is None:
                self._add_finding("row-inserted", name)
            elif signature != hash_chain.row_signature(self._database.secret, row):
                self._add_finding("row-altered", name)
            else:
                self._files.update(list_row_files(row))
        return count

    def _file(self, name: str) -> None:
        try:
            self._database.files.get(self._clinic.id, name)
        except RecordNotFoundError:
            self._add_finding("file-missing", f"file/{name}")
        except InputError:
            self._add_finding("file-altered", f"file/{name}")

    def _add_finding(self, what: str, where: str) -> None:
        self.findings.append(IntegrityFinding(what, where))


def _find_stray_rows(session: Session, known_ids: set[str]) -> Iterator[IntegrityFinding]:
    """Find rows of clinics that do not exist, which foreign keys normally prevent."""
    for table in (table.__table__ for table in (*SIGNED_TABLES, AuditEntryRow)):  # type: ignore[attr-defined]
        for clinic_id in session.scalars(select(table.c.clinic_id).distinct()):
            if clinic_id not in known_ids:
                yield IntegrityFinding("row-inserted", f"{table.name} of clinic/{clinic_id}")


def iterate_rows(session: Session, table: Any, clinic_id: str, key: Any) -> Iterator[Any]:
    """Yield the rows of a clinic by their key, or a finding for a row that cannot be read."""
    keys = session.scalars(select(key).where(table.clinic_id == clinic_id).order_by(key)).all()
    for start in range(0, len(keys), _BATCH_ROWS):
        page = keys[start : start + _BATCH_ROWS]
        asked = select(table).where(table.clinic_id == clinic_id).order_by(key)
        try:
            rows = session.scalars(asked.where(key.in_(page))).all()
        except (ValueError, TypeError):
            rows = [try_read(session, asked.where(key == value), f"{table.__tablename__}/{value}") for value in page]
        yield from rows
        session.expunge_all()


def try_read(session: Session, query: Any, where: str) -> Any:
    """Return the only row that is asked for, or a finding where it cannot be read."""
    try:
        return session.scalar(query)
    except (ValueError, TypeError):
        return IntegrityFinding("entry-altered" if where.startswith("trail/") else "row-altered", where)
