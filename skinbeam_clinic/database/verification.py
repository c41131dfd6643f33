"""Whether everything is as it was kept: the trail whole, every row as its last entry left it, every file its name's.

What a database cannot tell of itself: that all of it was put back to an earlier state together with its files, or that
a clinic was removed with all its rows. The end of each trail is told, and whoever keeps that elsewhere has it compared:
an end is a signature of all that stands before it, so nobody without the key makes one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from skinbeam.errors import InputError
from skinbeam.records.faults import fault
from skinbeam.records.store import followed, tables, trail, treated
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import Clinic, Entry, InClinic, files_named

__all__ = ["SIGNED_TABLES", "Checked", "Finding", "Noted", "read_note", "refused", "verify"]

SIGNED_TABLES: tuple[type[InClinic], ...] = (
    tables.Member,
    tables.Passkey,
    tables.Recovery,
    tables.Patient,
    tables.Contact,
    tables.Consultation,
    tables.Photograph,
    tables.Plan,
    tables.Choice,
    tables.Consent,
    tables.ConsentLanguage,
    tables.ConsentVoid,
    tables.TellBack,
    treated.Machine,
    treated.Appointment,
    *followed.OF_CONSULTATION,
    followed.ApiToken,
    followed.CalendarFeed,
)
_AT_A_TIME = 1000  # rows in memory


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was kept: `what` is the end of a message's name, `where` names it."""

    what: str
    where: str


@dataclass(frozen=True)
class Checked:
    """What was checked of a clinic, where its trail ends, and what was found."""

    clinic: str
    entries: int
    rows: int
    files: int
    spare_files: int
    end: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Noted:
    """Where the trail of a clinic ended when somebody wrote it down."""

    clinic: str
    entries: int
    end: str


def read_note(path: Path) -> tuple[Noted, ...]:
    """Return what `skinbeam records verify --json` has told, as it was kept.

    Raises
    ------
    InputError : `bad-note`.
    """
    try:
        held = json.loads(path.read_bytes())["clinics"]
        return tuple(Noted(str(one["clinic"]), int(one["entries"]), str(one["end"])) for one in held)
    except (OSError, ValueError, KeyError, TypeError):
        raise fault("bad-note", "--against") from None


def verify(database: Database, noted: Sequence[Noted] = ()) -> tuple[Checked, ...]:
    """Check every clinic of a database, and its files.

    Parameters
    ----------
    noted : where trails ended before; a clinic that is gone and a trail that does not go through there are found.
    """
    with database.reading() as session:
        clinics = session.scalars(select(Clinic.id).order_by(Clinic.plain_name)).all()
        stray = list(_stray(session, set(clinics)))
        checked = []
        for id in clinics:
            clinic = _readable(session, select(Clinic).where(Clinic.id == id), f"clinic/{id}")
            if isinstance(clinic, Finding):
                checked.append(Checked(id, 0, 0, 0, 0, "", (clinic, *stray)))
                stray = []
                continue
            check = _Check(database, session, clinic)
            check.findings.extend(stray)
            check.compare([note for note in noted if note.clinic == clinic.name])
            stray = []
            checked.append(check.all())
        there = {one.clinic for one in checked}
        gone = (note.clinic for note in noted if note.clinic not in there)
        checked += [Checked(name, 0, 0, 0, 0, "", (Finding("clinic-removed", "--against"),)) for name in gone]
        return tuple(checked)


def refused(checked: tuple[Checked, ...]) -> InputError:
    """Return the error that tells every finding: the first, and the others beside it."""
    faults = [
        fault(finding.what, finding.where, clinic=one.clinic, hint=None) for one in checked for finding in one.findings
    ]
    return faults[0].with_others(faults[1:])


class _Check:
    """The check of one clinic, while it goes on: what was found, and what the trail says of each row."""

    def __init__(self, database: Database, session: Session, clinic: Clinic) -> None:
        self.findings: list[Finding] = []
        self._database = database
        self._session = session
        self._clinic = clinic
        self._signatures: dict[str, str | None] = {}
        self._files: set[str] = set()

    def compare(self, noted: Sequence[Noted]) -> None:
        """See that the trail goes through every end that was noted."""
        for note in noted:
            mine = (Entry.clinic_id == self._clinic.id, Entry.seq == note.entries)
            if self._session.scalar(select(Entry.hash).where(*mine)) != note.end:
                self._found("trail-put-back", f"trail/{note.entries}")

    def all(self) -> Checked:
        """Check the trail, then the rows that it speaks of, then the files that those speak of."""
        entries, end = self._trail()
        if (self._clinic.trail_length, self._clinic.trail_head) != (entries, end):
            self._found("trail-cut", f"trail/{self._clinic.trail_length}")
        rows = sum(map(self._table, SIGNED_TABLES))
        for name, signature in sorted(self._signatures.items()):
            if signature is not None:
                self._found("row-removed", name)
        for name in sorted(self._files):
            self._file(name)
        spare = sum(name not in self._files for name in self._database.files.names(self._clinic.id))
        return Checked(self._clinic.name, entries, rows, len(self._files), spare, end, tuple(self.findings))

    def _trail(self) -> tuple[int, str]:
        seq, end = 0, ""
        for entry in _rows(self._session, Entry, self._clinic, Entry.seq):
            seq += 1
            if isinstance(entry, Finding):
                self.findings.append(entry)
                continue
            if entry.seq != seq:
                self._found("entry-missing", f"trail/{seq}")
            elif entry.previous != end:
                self._found("entry-unlinked", f"trail/{seq}")
            seq, end = entry.seq, entry.hash
            if entry.hash != trail.signed(self._database.secret, entry):
                self._found("entry-altered", f"trail/{seq}")
            elif seq == 1 and entry.detail != trail.said_of_clinic(self._clinic):
                self._found("row-altered", trail.row_name(self._clinic))
            elif "row" in entry.detail:
                self._signatures[entry.subject] = entry.detail["row"]
        return seq, end

    def _table(self, table: type[InClinic]) -> int:
        """Check the rows of a table and return how many there are."""
        count = 0
        for row in _rows(self._session, table, self._clinic, table.id):
            count += 1
            if isinstance(row, Finding):
                self.findings.append(row)
                self._signatures.pop(row.where, None)
                continue
            name = trail.row_name(row)
            signature = self._signatures.pop(name, None)
            if signature is None:
                self._found("row-inserted", name)
            elif signature != trail.row_signature(self._database.secret, row):
                self._found("row-altered", name)
            else:
                self._files.update(files_named(row))
        return count

    def _file(self, name: str) -> None:
        try:
            self._database.files.get(self._clinic.id, name)
        except InputError as error:
            if error.code == "absent":
                self._found("file-missing", f"file/{name}")
            else:
                self._found("file-altered", f"file/{name}")

    def _found(self, what: str, where: str) -> None:
        self.findings.append(Finding(what, where))


def _stray(session: Session, known: set[str]) -> Iterator[Finding]:
    """Rows of clinics that are not there, which a database that keeps its own rules cannot hold."""
    for table in (table.__table__ for table in (*SIGNED_TABLES, Entry)):  # type: ignore[attr-defined]
        for clinic_id in session.scalars(select(table.c.clinic_id).distinct()):
            if clinic_id not in known:
                yield Finding("row-inserted", f"{table.name} of clinic/{clinic_id}")


def _rows(session: Session, table: Any, clinic: Clinic, key: Any) -> Iterator[Any]:
    """Give the rows of a clinic by their key; of one that cannot even be read, a finding."""
    keys = session.scalars(select(key).where(table.clinic_id == clinic.id).order_by(key)).all()
    for start in range(0, len(keys), _AT_A_TIME):
        page = keys[start : start + _AT_A_TIME]
        asked = select(table).where(table.clinic_id == clinic.id).order_by(key)
        try:
            rows = session.scalars(asked.where(key.in_(page))).all()
        except (ValueError, TypeError):
            rows = [_readable(session, asked.where(key == one), f"{table.__tablename__}/{one}") for one in page]
        yield from rows
        session.expunge_all()


def _readable(session: Session, asked: Any, where: str) -> Any:
    try:
        return session.scalar(asked)
    except (ValueError, TypeError):
        return Finding("entry-altered" if where.startswith("trail/") else "row-altered", where)
