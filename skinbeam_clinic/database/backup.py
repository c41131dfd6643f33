"""Write and restore backups: a tar of each table's rows as JSON lines, every file, and an end page with hashes.

A backup contains all clinics of a database and their files, as they were at one moment. Rows are written as values and
not as a database's own pages, so a backup of SQLite can be restored into PostgreSQL and the other way, and one of an
older revision into its tables of that time, which are then upgraded to the newest. What is sealed stays sealed: a
backup can be read only with the key.
"""

import base64
import datetime
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    RowMapping,
    Table,
    Text,
    func,
    insert,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from skinbeam.model.atomic_files import temporary_path
from skinbeam.model.errors import InputError
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import CanonicalJson
from skinbeam_clinic.database.connection import (
    SECRET_PLACE,
    Database,
    connection_errors,
    database_url,
    files_folder,
    open_engine,
)
from skinbeam_clinic.database.encryption import DatabaseSecret, read_keys
from skinbeam_clinic.database.file_store import FileStore
from skinbeam_clinic.database.follow_up_tables import ApiTokenRow, CalendarFeedRow
from skinbeam_clinic.database.revisions import (
    is_known_revision,
    migrate_to,
    newest_revision,
    open_database,
    read_revision,
)
from skinbeam_clinic.database.tables import AuditEntryRow, Base, ClinicRow, list_row_files
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.verification import SIGNED_TABLES, ClinicCheck, verify_database
from skinbeam_clinic.errors import catalogue_error, clinic_error, storage_error
from skinbeam_clinic.models import COMMAND_LINE_ACTOR

__all__ = [
    "BackupReader",
    "BackupSummary",
    "BackupWriter",
    "find_last_entry",
    "last_backup",
    "log_in_every_clinic",
    "medium_errors",
    "restore_backup",
    "write_backup",
]

_END_FILE = "end.json"
_SCHEMA = "skinbeam.backup/1"
_BACKUP_BEGUN = "backup.made"  # whoever asks for a copy of everything is in the audit log, also where it fails
_BACKUP_FINISHED = "backup.finished"
_BACKUP_RESTORED = "backup.restored"


def _serialize_row(row: RowMapping) -> bytes:
    """Return a row as a line of JSON."""
    plain = {}
    for name, value in row.items():
        if isinstance(value, bytes | memoryview):
            value = base64.b64encode(value).decode()
        elif isinstance(value, datetime.datetime):
            zoned = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
            value = zoned.astimezone(datetime.UTC).isoformat(timespec="microseconds")
        plain[str(name)] = value
    return json.dumps(plain, ensure_ascii=False).encode() + b"\n"


def _parse_row(line: bytes, table: Table) -> dict[str, Any]:
    """Return the row of a JSON line, as values for a reflected table.

    Raises
    ------
    ValueError, KeyError, TypeError : it is no row of this table.
    """
    read = {}
    for name, value in json.loads(line).items():
        kind = table.c[name].type
        if value is not None and isinstance(kind, LargeBinary):
            value = base64.b64decode(value, validate=True)
        elif value is not None and isinstance(kind, DateTime):
            value = datetime.datetime.fromisoformat(value)
            value = value if kind.timezone else value.replace(tzinfo=None)
        elif value is not None and isinstance(kind, Boolean):
            value = bool(value)
        read[name] = value
    return read


def _rows_member(table: str) -> str:
    """Return the name of the rows of a table in the tar."""
    return f"rows/{table}.jsonl"


class BackupWriter:
    """Writes a backup from its first row to the end page that seals it.

    Parameters
    ----------
    write_file : the target, open for writing.
    scratch : an empty file, for rows whose length must be known before they are written.
    """

    def __init__(self, file: IO[bytes], scratch: IO[bytes]) -> None:
        self._tar = tarfile.TarFile(fileobj=file, mode="w")
        self._scratch = scratch
        self._hashes: dict[str, str] = {}

    def write_rows(self, table: str, rows: Iterable[RowMapping]) -> int:
        """Write the rows of a table, and return how many there were."""
        self._scratch.seek(0)
        self._scratch.truncate()
        digest, count = hashlib.sha256(), 0
        for row in rows:
            count += 1
            line = _serialize_row(row)
            digest.update(line)
            self._scratch.write(line)
        length = self._scratch.tell()
        self._scratch.seek(0)
        self._hashes[table] = digest.hexdigest()
        self._add(_rows_member(table), self._scratch, length)
        return count

    def write_file(self, clinic_id: str, name: str, sealed: bytes) -> None:
        """Write a file as it is stored on the disk."""
        self._add(f"files/{clinic_id}/{name}", io.BytesIO(sealed), len(sealed))

    def close(self, revision: str, files: int) -> None:
        """Write the end page with the hashes, and close the backup."""
        end = {"schema": _SCHEMA, "revision": revision, "tables": self._hashes, "files": files}
        content = json.dumps(end, sort_keys=True).encode()
        self._add(_END_FILE, io.BytesIO(content), len(content))
        self._tar.close()

    def _add(self, name: str, content: IO[bytes], length: int) -> None:
        about = tarfile.TarInfo(name)
        about.size, about.mode = length, 0o600
        self._tar.addfile(about, content)


class BackupReader:
    """Reads a backup, after checking that it is complete.

    Parameters
    ----------
    file : open for reading; it is read twice.

    Raises
    ------
    InputError : `bad-archive`: it is no backup, or not complete; `damaged-archive`: the rows of a table are not those
        that were written.
    UnreachableError : its medium cannot be read, here or in a method.
    """

    def __init__(self, file: IO[bytes]) -> None:
        altered: list[str] = []
        try:
            with medium_errors("backup-unreadable", "backup"):
                self._tar = tarfile.TarFile(fileobj=file, mode="r")
                end = json.loads(self._content(_END_FILE))
                self.revision = str(end["revision"])
                self._tables: Mapping[str, str] = end["tables"]
                files = sum(member.name.startswith("files/") for member in self._tar.getmembers())
                whole = end["schema"] == _SCHEMA and files == end["files"]
                altered = [name for name in self._tables if not self._matches_hash(name)]
        except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError):
            whole = False
        if not whole:
            raise clinic_error("bad-archive", "backup")
        if altered:
            raise clinic_error("damaged-archive", _rows_member(altered[0]))

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(self._tables)

    def read_rows(self, table: str) -> Iterator[bytes]:
        """Yield the rows of a table as lines."""
        if table in self._tables:
            member = self._tar.extractfile(_rows_member(table))
            assert member is not None
            with medium_errors("backup-unreadable", "backup"):
                yield from member

    def read_files(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield clinic, name and content of every file."""
        for member in self._tar.getmembers():
            kind, *rest = member.name.split("/")
            if kind == "files" and len(rest) == 2 and member.isfile():
                yield rest[0], rest[1], self._content(member.name)

    def _content(self, name: str) -> bytes:
        member = self._tar.extractfile(name)
        if member is None:
            raise KeyError(name)
        with medium_errors("backup-unreadable", "backup"):
            return member.read()

    def _matches_hash(self, table: str) -> bool:
        digest = hashlib.sha256()
        for line in self.read_rows(table):
            digest.update(line)
        return digest.hexdigest() == self._tables[table]


_EXCLUDED_TABLES = ("login_session", "login_lock", "login_challenge")  # after a restore everybody signs in again
_BATCH_ROWS = 500


@dataclass(frozen=True)
class BackupSummary:
    """Number of rows and files in a backup, and its size in bytes."""

    rows: int
    files: int
    bytes: int


def write_backup(database: Database, path: Path) -> BackupSummary:
    """Write a backup and read it again, completely or not at all; what is added meanwhile is not in it.

    Raises
    ------
    InputError : `exists`; or a file that a row names is missing or altered; or as `BackupReader`.
    UnreachableError : the disk of the backup is full or cannot be written.
    """
    with medium_errors("backup-disk", "--output"):
        is_taken = path.exists()
    if is_taken:
        raise clinic_error("exists", "--output", name=path.name)
    log_in_every_clinic(database, _BACKUP_BEGUN)
    with medium_errors("backup-disk", "--output"), temporary_path(path) as partial, temporary_path(path) as scratch:
        with partial.open("xb") as file, scratch.open("x+b") as lines:
            rows, files = _write_contents(database, BackupWriter(file, lines))
            file.flush()
            os.fsync(file.fileno())
            length = file.tell()
        with partial.open("rb") as file:
            BackupReader(file)
        partial.chmod(0o600)
        partial.rename(path)
    log_in_every_clinic(database, _BACKUP_FINISHED)
    return BackupSummary(rows, files, length)


@contextmanager
def medium_errors(message: str, field: str) -> Iterator[None]:
    """Report that the medium of backups is full, removed or locked, which is no error of the database.

    Raises
    ------
    UnreachableError : in place of an error of the system.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise catalogue_error("unreachable", f"records-fault.{message}", field, reason=reason) from None


def last_backup(database: Database) -> datetime.datetime | None:
    """Return when a backup was last completed, or the one begun that was restored; None where none ever was.

    A backup holds the entry of its beginning and not that of its end. What was restored was complete.
    """
    found = [find_last_entry(database, _BACKUP_FINISHED)]
    if restored := find_last_entry(database, _BACKUP_RESTORED):
        found.append(find_last_entry(database, _BACKUP_BEGUN, until=restored))
    return max((at for at in found if at is not None), default=None)


def restore_backup(path: Path, address: str, environment: Mapping[str, str]) -> tuple[ClinicCheck, ...]:
    """Restore a backup into an empty database and its folder, upgrade it to the newest revision, and verify all of it.

    Raises
    ------
    InputError : `no-such-backup`, `bad-archive`, `damaged-archive`, `not-empty`, `newer-revision`; the database is then
        still empty.
    WrongKeyError : the backup was made with another key.
    DiskFullError : there is no room for what is restored.
    UnreachableError : the backup's medium cannot be read, or the disk of the records cannot be written.
    """
    with medium_errors("backup-unreadable", "backup"):
        try:
            path.open("rb").close()  # before the database is made
        except FileNotFoundError:
            raise clinic_error("no-such-backup", "BACKUP", name=str(path)) from None
    url, keys = database_url(address), read_keys(environment)
    folder = files_folder(url, environment)
    engine = open_engine(url)
    try:
        with path.open("rb") as file, connection_errors(), engine.begin() as connection:
            archive = BackupReader(file)
            if not is_known_revision(archive.revision):
                raise clinic_error("newer-revision", "backup", found=archive.revision)
            if read_revision(connection) is not None:
                raise clinic_error("not-empty", "--db")
            migrate_to(connection, archive.revision)
            _insert_rows(connection, archive)
            migrate_to(connection, newest_revision())
            with Session(connection) as session:
                sealed = session.get_one(tables.StoreRow, 1).secret_sealed
            files = FileStore(folder, keys, DatabaseSecret(keys.open(sealed, SECRET_PLACE)))
            for clinic_id, name, content in archive.read_files():
                _restore_file(files, clinic_id, name, content)
    except OSError as error:
        raise storage_error("--db", error) from None
    finally:
        engine.dispose()
    database = open_database(address, environment)
    try:
        checked = verify_database(database)
        log_in_every_clinic(database, _BACKUP_RESTORED)
        _end_tokens(database)
    finally:
        database.close()
    return checked


def _restore_file(files: FileStore, clinic_id: str, name: str, content: bytes) -> None:
    """Store a file of a backup.

    Raises
    ------
    InputError : `damaged-archive`: it is not as it was written.
    """
    try:
        files.restore(clinic_id, name, content)
    except InputError as error:
        if error.code != "altered-data":  # whose hint is to restore a backup
            raise
        raise clinic_error("damaged-archive", f"{clinic_id}/file/{name}") from None


def _write_contents(database: Database, writer: BackupWriter) -> tuple[int, int]:
    """Write a consistent snapshot of the database, and the files that its rows name."""
    count = files = 0
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in _EXCLUDED_TABLES:
                columns = [
                    type_coerce(c, Text).label(c.name) if isinstance(c.type, CanonicalJson) else c for c in table.c
                ]
                asked = select(*columns).order_by(*table.primary_key.columns)
                rows = session.execute(asked.execution_options(yield_per=_BATCH_ROWS)).mappings()
                count += writer.write_rows(table.name, rows)
        for clinic in session.scalars(select(ClinicRow).order_by(ClinicRow.id)).all():
            for name in sorted(_list_files(session, clinic)):
                writer.write_file(clinic.id, name, database.files.read_encrypted(clinic.id, name))
                files += 1
    writer.close(newest_revision(), files)
    return count, files


def _list_files(session: Session, clinic: ClinicRow) -> set[str]:
    return {
        name
        for table in SIGNED_TABLES
        for row in session.scalars(select(table).where(table.clinic_id == clinic.id))
        for name in list_row_files(row)
    }


def _insert_rows(connection: Connection, archive: BackupReader) -> None:
    """Insert the rows into the reflected tables, which are those of the backup's revision.

    Raises
    ------
    InputError : `bad-archive`.
    """
    found = MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        page: list[dict[str, Any]] = []
        for line in archive.read_rows(table.name):
            try:
                page.append(_parse_row(line, table))
            except (ValueError, KeyError, TypeError):
                raise clinic_error("bad-archive", "backup") from None
            if len(page) == _BATCH_ROWS:
                connection.execute(insert(table), page)
                page = []
        if page:
            connection.execute(insert(table), page)


def _end_tokens(database: Database) -> None:
    """End every API token and calendar feed that is valid: those ended after the backup would be valid again."""
    with _open_every_clinic(database) as clinics:
        for work in clinics:
            work.end_rows(ApiTokenRow, "token.ended")
            work.end_rows(CalendarFeedRow, "feed.ended")


def log_in_every_clinic(database: Database, action: str) -> None:
    """Write an entry about the whole database into the audit log of each of its clinics."""
    with _open_every_clinic(database) as clinics:
        for work in clinics:
            work.log(action, f"clinic/{work.clinic_id}")


def find_last_entry(
    database: Database, action: str, *, until: datetime.datetime | None = None
) -> datetime.datetime | None:
    """Return when an action was last written into the audit log of any clinic; None where it never was.

    Parameters
    ----------
    until : entries after it are left out.
    """
    found = select(func.max(AuditEntryRow.at)).where(AuditEntryRow.action == action)
    with database.reading() as session:
        return session.scalar(found if until is None else found.where(AuditEntryRow.at <= until))


@contextmanager
def _open_every_clinic(database: Database) -> Iterator[list[ClinicTransaction]]:
    """Yield a transaction in each clinic; all are committed together when the block ends."""
    with database.writing() as session:
        clinics = session.scalars(select(ClinicRow).order_by(ClinicRow.id).with_for_update()).all()
        yield [ClinicTransaction(database, session, clinic, COMMAND_LINE_ACTOR) for clinic in clinics]
