"""Alembic revision of a database: read it, compare it with the one that this version needs, upgrade, and open it.

The numbered migrations are in `database/migrations/versions`. All steps of an upgrade are one transaction, on both
kinds of database: when the machine stops half way, the database keeps its revision.
"""

import functools
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from skinbeam.model.errors import InputError
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import (
    FILES_VARIABLE,
    SECRET_PLACE,
    Database,
    connection_errors,
    database_url,
    files_folder,
    open_engine,
)
from skinbeam_clinic.database.encryption import KEY_BYTES, KEY_VARIABLE, generate_key, read_keys
from skinbeam_clinic.database.tables import StoreRow
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "is_known_revision",
    "migrate_to",
    "newest_revision",
    "open_database",
    "open_temporary_database",
    "read_revision",
    "upgrade_database",
]


def open_database(address: str, environment: Mapping[str, str]) -> Database:
    """Open a database of the newest revision, with the key and the folder that the environment names.

    Raises
    ------
    InputError : `no-database`; `other-revision`: with the one command that upgrades it.
    WrongKeyError, UnreachableError : see there.
    """
    url, keys = database_url(address), read_keys(environment)
    folder = files_folder(url, environment)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        about = {"address": address}
        raise clinic_error("no-database", "--db", about, **about)  # a misspelt path must not create a file
    engine = open_engine(url)
    try:
        with connection_errors(), engine.connect() as connection:
            revision = read_revision(connection)
        if revision != newest_revision():
            raise _revision_error(revision, address)
        return Database(engine, keys, folder)
    except BaseException:
        engine.dispose()
        raise


def upgrade_database(address: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """Upgrade a database to the newest revision, and return its revision before and after.

    An empty database gets its tables and its secret.

    Raises
    ------
    WrongKeyError : it was made with another key.
    InputError : `newer-revision`: a newer version has made it.
    """
    url, keys = database_url(address), read_keys(environment)
    files_folder(url, environment)  # a missing folder is reported now, not when the first photograph is stored
    engine = open_engine(url)
    try:
        with connection_errors(), engine.begin() as connection:
            revision = read_revision(connection)
            if revision is not None and not is_known_revision(revision):
                raise clinic_error("newer-revision", "--db", found=revision)
            if revision != newest_revision():
                migrate_to(connection, newest_revision())
            with Session(connection) as session:
                row = session.get(StoreRow, 1)
                if row is not None:
                    keys.open(row.secret_sealed, SECRET_PLACE)
                else:
                    secret = keys.seal(os.urandom(KEY_BYTES), SECRET_PLACE)
                    session.add(StoreRow(id=1, secret_sealed=secret, created_at=now()))
                    session.flush()
    finally:
        engine.dispose()
    return revision, newest_revision()


def migrate_to(connection: Connection, revision: str) -> None:
    """Upgrade or downgrade the database of an open transaction to a revision; `base` removes all tables."""
    config = _alembic_config()
    config.attributes["connection"] = connection
    order = (None, *_list_revisions())
    up = order.index(None if revision == "base" else revision) >= order.index(read_revision(connection))
    (command.upgrade if up else command.downgrade)(config, revision)


def read_revision(connection: Connection) -> str | None:
    """Return the revision of a database; None when it holds no records."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known_revision(revision: str) -> bool:
    """Return whether this version knows a revision."""
    return revision in _list_revisions()


def newest_revision() -> str:
    """Return the revision that this version needs."""
    return _list_revisions()[-1]


@functools.cache  # reading them executes the file of each
def _list_revisions() -> tuple[str, ...]:
    """Return every revision, oldest first."""
    scripts = ScriptDirectory.from_config(_alembic_config()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("skinbeam_clinic") / "database" / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _revision_error(revision: str | None, address: str) -> InputError:
    about = {"found": revision or "none", "needed": newest_revision()}
    return clinic_error("other-revision", "--db", {"address": _without_password(address)}, **about)


def _without_password(address: str) -> str:
    """Return an address without its password, as a person may type it."""
    return database_url(address).render_as_string(hide_password=True) if "://" in address else address


def open_temporary_database(folder: Path) -> Database:
    """Open a new database in an empty folder; it does not wait for the disk: nothing of it outlives the program."""
    environment = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(folder / "files")}
    address = str(folder / "clinic.sqlite")
    upgrade_database(address, environment)
    database = open_database(address, environment)
    database.engine.dispose()  # the connections to come are set up as follows
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return database
