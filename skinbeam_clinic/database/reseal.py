"""Encrypt everything with the first key, so that an older key can be destroyed.

Rows are done a few at a time, each step a transaction under the lock of their clinic, so that the clinic can go on
working. What is sealed names its key, so an interrupted run leaves records that all keys together open, and the next
run does the rest. The new entry of a row signs it as it is then, so a row that was altered without an entry is left as
it is, and so is one that cannot be read and a file that is missing or altered: the others are done, since the old key
may be known to somebody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from skinbeam.model.errors import InputError
from skinbeam.model.json_fields import json_entries
from skinbeam_clinic.audit_log.hash_chain import row_label
from skinbeam_clinic.database.connection import SECRET_PLACE, Database
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicRow, ClinicScoped, JobRow, StoreRow, list_row_files
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.verification import SIGNED_TABLES, IntegrityFinding, iterate_rows, try_read
from skinbeam_clinic.errors import RecordNotFoundError, UnreachableError, WrongKeyError
from skinbeam_clinic.models import COMMAND_LINE_ACTOR

__all__ = ["ResealSummary", "reseal_database"]

_STEP_ROWS = 20  # with the files of each; nobody else of the clinic can save meanwhile
_SEALED_SUFFIX = "_sealed"
_TABLES: tuple[type[ClinicScoped], ...] = (*SIGNED_TABLES, JobRow)


@dataclass(frozen=True)
class ResealSummary:
    """Number of rows and files of a clinic that were sealed again, and of rows that still are or name what is old.

    Rows are left where a program that runs does not have the new key first, and where the findings say what is wrong.
    """

    clinic: str
    rows: int
    files: int
    rows_left: int
    findings: tuple[IntegrityFinding, ...] = field(metadata=json_entries(lambda findings: ()))  # an error says them


def reseal_database(database: Database) -> tuple[ResealSummary, ...]:
    """Seal the secret of a database, the sealed columns of its rows and its files with the first key.

    A finding is `row-altered`: a row is not as its last entry of the audit log left it, what is sealed in it was
    altered, or it cannot be read; `entry-altered`: an entry cannot be read; `file-missing`; `file-altered`;
    `unknown-key`: none of the keys has sealed it.

    Raises
    ------
    DiskFullError, UnreachableError : a file cannot be written. What was done before stays done.
    """
    with database.writing() as session:
        store = session.get_one(StoreRow, 1, with_for_update=True)
        if not database.keys.is_current(store.secret_sealed):
            store.secret_sealed = database.keys.seal(
                database.keys.open(store.secret_sealed, SECRET_PLACE), SECRET_PLACE
            )
    with database.reading() as session:
        clinics = session.execute(select(ClinicRow.id, ClinicRow.name).order_by(ClinicRow.plain_name)).all()
    return tuple(_ClinicReseal(database, id, name).run() for id, name in clinics)


class _ClinicReseal:
    """A run in one clinic, with the signature that its audit log has of each row so far."""

    def __init__(self, database: Database, clinic_id: str, name: str) -> None:
        self._database = database
        self._clinic_id = clinic_id
        self._name = name
        self._signatures: dict[str, str | None] = {}
        self._entries_read = 0
        self._rows = self._files = 0
        self._findings: list[IntegrityFinding] = []

    def run(self) -> ResealSummary:
        """Seal what is old, a few rows at a time, and count what is left."""
        with self._database.reading() as session:
            clinic = try_read(session, select(ClinicRow).where(ClinicRow.id == self._clinic_id), self._subject)
            self._read_signatures(session)  # all but the last of them while nobody waits
        if isinstance(clinic, IntegrityFinding):  # nothing can be logged in it
            self._findings.append(clinic)
            return self._summary()
        for table, ids, unread in self._old_rows():
            self._findings += unread
            for start in range(0, len(ids), _STEP_ROWS):
                with self._database.writing() as session:
                    self._reseal(session, table, ids[start : start + _STEP_ROWS])
        if self._rows or self._files:
            with self._database.writing() as session:
                about = {"rows": self._rows, "files": self._files}
                self._transaction(session).log("key.replaced", self._subject, **about)
        return self._summary()

    def _summary(self) -> ResealSummary:
        left = sum(len(ids) + len(unread) for _, ids, unread in self._old_rows())
        return ResealSummary(self._name, self._rows, self._files, left, tuple(self._findings))

    @property
    def _subject(self) -> str:
        return f"clinic/{self._clinic_id}"

    def _old_rows(self) -> Iterator[tuple[type[ClinicScoped], Sequence[str], Sequence[IntegrityFinding]]]:
        """Yield the rows of each table that are sealed with another key or name a file that is, and the unread ones."""
        for table in _TABLES:
            old, unread = [], []
            with self._database.reading() as session:
                for row in iterate_rows(session, table, self._clinic_id, table.id):
                    if isinstance(row, IntegrityFinding):
                        unread.append(row)
                    elif self._old_columns(row) or self._old_files(row):
                        old.append(row.id)
            yield table, old, unread

    def _old_columns(self, row: Any) -> list[str]:
        names = (column.key for column in inspect(type(row)).column_attrs if column.key.endswith(_SEALED_SUFFIX))
        values = {name: getattr(row, name) for name in names}
        return [name for name, sealed in values.items() if sealed and not self._database.keys.is_current(sealed)]

    def _old_files(self, row: ClinicScoped) -> list[str]:
        files = self._database.files
        return [name for name in list_row_files(row) if not files.is_current(self._clinic_id, name)]

    def _transaction(self, session: Session) -> ClinicTransaction:
        clinic = session.scalars(select(ClinicRow).where(ClinicRow.id == self._clinic_id).with_for_update()).one()
        return ClinicTransaction(self._database, session, clinic, COMMAND_LINE_ACTOR)

    def _reseal(self, session: Session, table: type[ClinicScoped], ids: Sequence[str]) -> None:
        """Seal rows and their files again; those that somebody removed or sealed meanwhile are passed over.

        A file is done while the lock is held, for a row that is there: an erasure would otherwise remove it between its
        reading and its writing, and it would come back.
        """
        work = self._transaction(session)
        self._read_signatures(session)
        is_listed = (table.clinic_id == self._clinic_id, table.id.in_(ids))
        rows: Iterable[Any] = session.scalars(select(table).where(*is_listed).order_by(table.id).with_for_update())
        for row in rows:
            old = self._old_columns(row)
            signed = not isinstance(row, JobRow)  # see `ClinicTransaction.add_job`
            if signed and not work.is_as_signed(row, self._signatures.get(row_label(row)) or ""):
                self._findings.append(IntegrityFinding("row-altered", row_label(row)))
                continue
            try:
                opened = {name: work.open(row, name) for name in old}
            except InputError as error:
                self._add_finding(error, "row", row_label(row))
                continue
            for name, content in opened.items():
                work.seal(row, name, content)
            if old and signed:
                work.save(row, "key.replaced")
            self._rows += bool(old)
            for name in self._old_files(row):
                self._reseal_file(name)

    def _reseal_file(self, name: str) -> None:
        try:
            self._database.files.reseal(self._clinic_id, name)
            self._files += 1
        except UnreachableError:
            raise
        except InputError as error:
            self._add_finding(error, "file", f"file/{name}")

    def _add_finding(self, error: InputError, kind: str, where: str) -> None:
        if isinstance(error, RecordNotFoundError):
            found = IntegrityFinding("file-missing", where)
        elif isinstance(error, WrongKeyError):
            found = IntegrityFinding("unknown-key", where)
        else:
            found = IntegrityFinding(f"{kind}-altered", where)
        self._findings.append(found)

    def _read_signatures(self, session: Session) -> None:
        """Read the entries that were added since the last step; what was signed since then counts."""
        is_of_clinic = AuditEntryRow.clinic_id == self._clinic_id
        asked = select(AuditEntryRow.seq, AuditEntryRow.subject, AuditEntryRow.detail).where(is_of_clinic)
        later = asked.where(AuditEntryRow.seq > self._entries_read).order_by(AuditEntryRow.seq)
        try:
            for found in session.execute(later):
                self._note_signature(*found)
        except (ValueError, TypeError):  # one of them cannot be read
            for seq in session.scalars(later.with_only_columns(AuditEntryRow.seq)).all():
                entry = try_read(
                    session, select(AuditEntryRow).where(is_of_clinic, AuditEntryRow.seq == seq), f"trail/{seq}"
                )
                if isinstance(entry, IntegrityFinding):
                    self._findings.append(entry)
                    self._entries_read = seq
                else:
                    self._note_signature(entry.seq, entry.subject, entry.detail)

    def _note_signature(self, seq: int, subject: str, detail: dict[str, Any]) -> None:
        self._entries_read = seq
        if "row" in detail:
            self._signatures[subject] = detail["row"]
