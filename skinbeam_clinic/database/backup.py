"""Backup and restore: all clinics of a database and their files, as they were at one moment, in one file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Text, insert, select, type_coerce
from sqlalchemy.orm import Session

from skinbeam.files.unfinished import unfinished
from skinbeam.records.faults import fault
from skinbeam.records.kept import COMMAND_LINE
from skinbeam.records.store import tables
from skinbeam.records.store.columns import Json, now
from skinbeam.records.store.database import SECRET_PLACE, Database, address_of, engine_of, folder_of, reachable
from skinbeam.records.store.files import Files
from skinbeam.records.store.followed import ApiToken, CalendarFeed
from skinbeam.records.store.keys import Secret, keys_of
from skinbeam.records.store.tables import Base, Clinic, files_named
from skinbeam.records.store.upgrades import is_known, migrate, newest, open_database, revision_of
from skinbeam.records.store.work import Work
from skinbeam.records.upkeep.archive import Reader, Writer, row_of
from skinbeam.records.upkeep.verify import SIGNED_TABLES, Checked, verify

__all__ = ["Saved", "backup", "restore"]

_LEFT_OUT = ("login_session", "login_lock", "login_challenge")  # after a restore everybody signs in again
_AT_A_TIME = 500


@dataclass(frozen=True)
class Saved:
    """What a backup holds."""

    rows: int
    files: int
    bytes: int


def backup(database: Database, path: Path) -> Saved:
    """Write a backup, whole or not at all; work goes on meanwhile, and what it adds is not in it.

    Raises
    ------
    InputError : `exists`; or a file that a row speaks of is missing or altered.
    UnreachableError : the disk is full or cannot be written.
    """
    if path.exists():
        raise fault("exists", "--output", name=path.name)
    _note(database, "backup.made")
    try:
        with unfinished(path) as partial, unfinished(path) as scratch:
            with partial.open("xb") as file, scratch.open("x+b") as lines:
                rows, files = _write(database, Writer(file, lines))
                file.flush()
                os.fsync(file.fileno())
                length = file.tell()
            partial.chmod(0o600)
            partial.rename(path)
    except OSError as error:
        raise fault("unreachable", "--output", reason=error.strerror or str(error)) from None
    return Saved(rows, files, length)


def restore(path: Path, address: str, environment: Mapping[str, str]) -> tuple[Checked, ...]:
    """Bring a backup into an empty database and its folder, to the newest revision, and check all of it.

    Raises
    ------
    InputError : `bad-archive`, `not-empty`, `newer-revision`; nothing is in the database then.
    WrongKeyError : the backup was made with another key.
    """
    url, keys = address_of(address), keys_of(environment)
    folder = folder_of(url, environment)
    engine = engine_of(url)
    try:
        with path.open("rb") as file, reachable(), engine.begin() as connection:
            archive = Reader(file)
            if not is_known(archive.revision):
                raise fault("newer-revision", "backup", found=archive.revision)
            if revision_of(connection) is not None:
                raise fault("not-empty", "--db")
            migrate(connection, archive.revision)
            _fill(connection, archive)
            migrate(connection, newest())
            with Session(connection) as session:
                sealed = session.get_one(tables.Store, 1).secret_sealed
            files = Files(folder, keys, Secret(keys.open(sealed, SECRET_PLACE)))
            for clinic_id, name, content in archive.files():
                files.put_back(clinic_id, name, content)
    except OSError as error:
        raise fault("unreachable", "backup", reason=error.strerror or str(error)) from None
    finally:
        engine.dispose()
    database = open_database(address, environment)
    try:
        checked = verify(database)
        _note(database, "backup.restored")
        _end_tokens(database)
    finally:
        database.close()
    return checked


def _write(database: Database, writer: Writer) -> tuple[int, int]:
    """Write one view of the database, and the files that its rows speak of."""
    count = files = 0
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in _LEFT_OUT:
                columns = [type_coerce(c, Text).label(c.name) if isinstance(c.type, Json) else c for c in table.c]
                asked = select(*columns).order_by(*table.primary_key.columns)
                rows = session.execute(asked.execution_options(yield_per=_AT_A_TIME)).mappings()
                count += writer.rows(table.name, rows)
        for clinic in session.scalars(select(Clinic).order_by(Clinic.id)).all():
            for name in sorted(_named(session, clinic)):
                writer.file(clinic.id, name, database.files.sealed(clinic.id, name))
                files += 1
    writer.close(newest(), files)
    return count, files


def _named(session: Session, clinic: Clinic) -> set[str]:
    return {
        name
        for table in SIGNED_TABLES
        for row in session.scalars(select(table).where(table.clinic_id == clinic.id))
        for name in files_named(row)
    }


def _fill(connection: Connection, archive: Reader) -> None:
    """Put the rows into the tables as they are found, which are those of the backup's revision.

    Raises
    ------
    InputError : `bad-archive`.
    """
    found = MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        page: list[dict[str, Any]] = []
        for line in archive.rows(table.name):
            try:
                page.append(row_of(line, table))
            except (ValueError, KeyError, TypeError):
                raise fault("bad-archive", "backup") from None
            if len(page) == _AT_A_TIME:
                connection.execute(insert(table), page)
                page = []
        if page:
            connection.execute(insert(table), page)


def _end_tokens(database: Database) -> None:
    """End every token and feed that is still good: one that was ended after the backup would be good again."""
    with database.writing() as session:
        for clinic in session.scalars(select(Clinic).order_by(Clinic.id).with_for_update()).all():
            work = Work(database, session, clinic, COMMAND_LINE)
            for token in work.rows(ApiToken, ApiToken.ended_at.is_(None)):
                token.ended_at = now()
                work.keep(token, "token.ended")
            for feed in work.rows(CalendarFeed, CalendarFeed.ended_at.is_(None)):
                feed.ended_at = now()
                work.keep(feed, "feed.ended")


def _note(database: Database, action: str) -> None:
    with database.writing() as session:
        for clinic in session.scalars(select(Clinic).order_by(Clinic.id).with_for_update()).all():
            Work(database, session, clinic, COMMAND_LINE).note(action, f"clinic/{clinic.id}")
