"""Rehearse a restore: bring a backup into a throw-away database, check all of it, and leave nothing behind.

Rows and files are counted against the backup, table by table, and what came back is verified like any database: audit
log, signatures of rows, contents of files. The database in use is not needed; where it is named, its audit log notes
that a restore was rehearsed, and `/health` says when.
"""

import datetime
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData, func, select
from sqlalchemy.orm import Session

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.text import render_message
from skinbeam_clinic.database.backup import (
    BackupReader,
    find_last_entry,
    log_in_every_clinic,
    medium_errors,
    restore_backup,
)
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database, database_url, open_engine
from skinbeam_clinic.database.tables import AuditEntryRow
from skinbeam_clinic.database.verification import ClinicCheck
from skinbeam_clinic.errors import clinic_error

__all__ = ["RestoreRehearsal", "find_newest_backup", "last_rehearsal", "note_rehearsal", "rehearse_restore"]

REHEARSED = "backup.rehearsed"
_PATTERN = "*.tar"
_TRAIL = AuditEntryRow.__tablename__  # the restore itself adds to it


@dataclass(frozen=True)
class RestoreRehearsal:
    """What came back of a backup.

    Parameters
    ----------
    backup : name of its file.
    rows, files : how many of both the backup holds; as many came back.
    """

    backup: str
    written_at: datetime.datetime
    revision: str
    rows: int
    files: int
    clinics: tuple[ClinicCheck, ...]


def find_newest_backup(place: Path | None) -> Path:
    """Return a backup: the file itself, or the newest of a folder.

    Raises
    ------
    InputError : no place was named, or there is no such file or folder.
    UnreachableError : its medium cannot be read.
    NotAvailable : the folder has no backup.
    """
    if place is None:
        raise clinic_error("no-backup-named", "BACKUP")
    with medium_errors("backup-unreadable", "BACKUP"):
        if place.is_file():
            return place
        if not place.is_dir():
            raise clinic_error("no-such-backup", "BACKUP", name=str(place))
        backups = [(path.stat().st_mtime_ns, path.name) for path in place.glob(_PATTERN) if path.is_file()]
    if not backups:
        raise NotAvailable(render_message("records.rehearse-none", {"folder": str(place), "pattern": _PATTERN}))
    return place / max(backups)[1]


def rehearse_restore(path: Path, environment: Mapping[str, str]) -> RestoreRehearsal:
    """Restore a backup into a temporary folder, compare and verify it; the folder is removed however it ends.

    Raises
    ------
    InputError : `bad-archive` or `damaged-archive`: the backup cannot be restored; `restore-differs`: what came back is
        not what it holds. Each names the file.
    WrongKeyError : the backup was made with another key.
    """
    try:
        with work_folder(Path(tempfile.gettempdir()), "skinbeam-rehearsal") as folder:
            address = str(folder / "clinic.sqlite")
            there = {**environment, FILES_VARIABLE: str(folder / "files")}
            checked = restore_backup(path, address, there)
            with path.open("rb") as file:
                archive = BackupReader(file)
                rows = _compare_rows(archive, address)
                files = _compare_files(archive, Path(there[FILES_VARIABLE]))
            written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
            return RestoreRehearsal(path.name, written, archive.revision, rows, files, checked)
    except InputError as error:
        error.file = error.file or path.name
        raise


def note_rehearsal(database: Database) -> None:
    """Note in the audit log of every clinic that a restore was rehearsed."""
    log_in_every_clinic(database, REHEARSED)


def last_rehearsal(database: Database) -> datetime.datetime | None:
    """Return when a restore was last rehearsed; None where it never was."""
    return find_last_entry(database, REHEARSED)


def _compare_rows(archive: BackupReader, address: str) -> int:
    """Count the rows of each table in the backup and in what came back, and return their sum.

    A table that a newer revision has renamed or merged is left to the verification.
    """
    count = 0
    engine = open_engine(database_url(address))
    try:
        found = MetaData()
        found.reflect(engine)
        with Session(engine) as session:
            for name in archive.tables:
                archived = sum(1 for _ in archive.read_rows(name))
                count += archived
                if name not in found.tables:
                    continue
                restored = session.scalar(select(func.count()).select_from(found.tables[name])) or 0
                if restored < archived if name == _TRAIL else restored != archived:
                    raise clinic_error("restore-differs", "backup", part=name, held=archived, restored=restored)
    finally:
        engine.dispose()
    return count


def _compare_files(archive: BackupReader, folder: Path) -> int:
    """Count the files of the backup and those that came back, whose contents the restore has checked."""
    archived = sum(1 for _ in archive.read_files())
    restored = sum(path.is_file() for path in folder.rglob("*"))
    if restored != archived:
        raise clinic_error("restore-differs", "backup", part="files", held=archived, restored=restored)
    return archived
