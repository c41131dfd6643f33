"""The revision of a database: which it has, which this version needs, and the way from one to the other.

Numbered migrations lie in `records/migrations/versions`. All steps of an upgrade are one transaction, on both kinds of
database: a machine that stops half way leaves the revision that was there.
"""

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from skinbeam.errors import InputError
from skinbeam.records.faults import fault
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import SECRET_PLACE, Database, address_of, engine_of, folder_of, reachable
from skinbeam.records.store.keys import KEY_BYTES, keys_of
from skinbeam.records.store.tables import Store

__all__ = ["is_known", "migrate", "newest", "open_database", "revision_of", "set_up"]


def open_database(address: str, environment: Mapping[str, str]) -> Database:
    """Open a database of the newest revision, with the key and the folder that the environment names.

    Raises
    ------
    InputError : `other-revision`: with the one command that mends it.
    WrongKeyError, UnreachableError : as they say.
    """
    url, keys = address_of(address), keys_of(environment)
    folder = folder_of(url, environment)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise _other_revision(None, address)  # a path that is misspelt makes no file
    engine = engine_of(url)
    try:
        with reachable(), engine.connect() as connection:
            found = revision_of(connection)
        if found != newest():
            raise _other_revision(found, address)
        return Database(engine, keys, folder)
    except BaseException:
        engine.dispose()
        raise


def set_up(address: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """Bring a database to the newest revision, an empty one from nothing, and return its revision before and after.

    Raises
    ------
    WrongKeyError : it was made with another key.
    InputError : `newer-revision`: a newer version has made it.
    """
    url, keys = address_of(address), keys_of(environment)
    folder_of(url, environment)  # said now rather than when the first photograph is kept
    engine = engine_of(url)
    try:
        with reachable(), engine.begin() as connection:
            found = revision_of(connection)
            if found is not None and not is_known(found):
                raise fault("newer-revision", "--db", found=found)
            migrate(connection, newest())
            with Session(connection) as session:
                row = session.get(Store, 1)
                if row is not None:
                    keys.open(row.secret_sealed, SECRET_PLACE)
                else:
                    secret = keys.seal(os.urandom(KEY_BYTES), SECRET_PLACE)
                    session.add(Store(id=1, secret_sealed=secret, created_at=now()))
                    session.flush()
    finally:
        engine.dispose()
    return found, newest()


def migrate(connection: Connection, revision: str) -> None:
    """Take an open transaction's database up or down to a revision; `base` is none at all."""
    config = _config()
    config.attributes["connection"] = connection
    order = [None, *_known()]
    up = order.index(None if revision == "base" else revision) >= order.index(revision_of(connection))
    (command.upgrade if up else command.downgrade)(config, revision)


def revision_of(connection: Connection) -> str | None:
    """Return the revision of a database; None of one that holds no records."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Tell whether this version knows a revision."""
    return revision in _known()


def newest() -> str:
    """Return the revision that this version needs."""
    return _known()[-1]


def _known() -> list[str]:
    """Every revision, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("skinbeam") / "records" / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _other_revision(found: str | None, address: str) -> InputError:
    about = {"found": found or "none", "needed": newest()}
    return fault("other-revision", "--db", {"address": _shown(address)}, **about)


def _shown(address: str) -> str:
    """An address as a person may type it, without its password."""
    return address_of(address).render_as_string(hide_password=True) if "://" in address else address
