"""Open a database of records by its address and key, and read and write it in transactions.

SQLite takes one writer at a time and loses nothing that was committed, also when the machine stops (write-ahead log,
synchronous FULL: https://sqlite.org/pragma.html#pragma_synchronous). PostgreSQL does so by default.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from skinbeam_clinic.database.encryption import DatabaseSecret, EncryptionKeys
from skinbeam_clinic.database.file_store import FileStore
from skinbeam_clinic.database.postgresql_tls import require_tls
from skinbeam_clinic.database.tables import StoreRow
from skinbeam_clinic.errors import catalogue_error, clinic_error

__all__ = [
    "FILES_VARIABLE",
    "SECRET_PLACE",
    "Database",
    "connection_errors",
    "database_url",
    "files_folder",
    "open_engine",
]

FILES_VARIABLE = "SKINBEAM_FILES"

SECRET_PLACE = "store/1/secret"
_BUSY_MS = 15_000  # how long a writer waits for another
_POSTGRESQL_DISK_FULL = "53100"  # appendix A of the manual of PostgreSQL
_READING = "skinbeam_reading"


class Database:
    """An open database of the newest revision, with its keys and its files.

    Parameters
    ----------
    engine : as `open_engine` makes it.
    folder : the folder of its files.

    Raises
    ------
    WrongKeyError : the key is not this database's.
    InputError : `no-store`: it was never set up.
    """

    def __init__(self, engine: Engine, keys: EncryptionKeys, folder: Path) -> None:
        self.engine = engine
        self.keys = keys
        # Threads that wait for this lock wake each other; SQLite would let them retry after ever longer pauses.
        self._write_lock: AbstractContextManager[object] = nullcontext()
        if engine.dialect.name == "sqlite":
            self._write_lock = threading.RLock()
        one_view = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reader = engine.execution_options(**{_READING: True}, **one_view)
        self._statement_reader = self._reader
        if engine.dialect.name != "sqlite":  # whose transactions cost no messages
            self._statement_reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        with self.reading() as session:
            row = session.get(StoreRow, 1)
            if row is None:
                raise clinic_error("no-store", "--db")
            self.secret = DatabaseSecret(keys.open(row.secret_sealed, SECRET_PLACE))
        self.files = FileStore(folder, keys, self.secret)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session with a consistent snapshot of the database."""
        with connection_errors(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def reading_at_once(self) -> Iterator[Session]:
        """Yield a session for one statement, which is a consistent snapshot without a transaction around it."""
        with connection_errors(), Session(self._statement_reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session in a transaction, which is committed when the block ends, or rolled back on an exception.

        Raises
        ------
        DiskFullError : its disk is full.
        UnreachableError : the database is gone, or busy for too long.
        """
        with (
            connection_errors(),
            self._write_lock,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def connection_errors() -> Iterator[None]:
    """Turn failures of the database into `UnreachableError`, a full disk into `DiskFullError`.

    The reason is the driver's message, without the values of the statement.
    """
    try:
        yield
    except DBAPIError as error:
        gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
        if gone or type(error.orig) is sqlite3.DatabaseError:  # which says that a file is not a database, or is damaged
            reason = _driver_message(error)
            if _is_disk_full(error):
                raise clinic_error("disk-full", "--db", reason=reason) from None
            if not gone:
                raise catalogue_error("unreachable", "records-fault.not-database", "--db", reason=reason) from None
            raise clinic_error("unreachable", "--db", reason=reason) from None
        raise


def database_url(address: str) -> URL:
    """Return the URL of a database from a URL or the path of an SQLite file.

    Raises
    ------
    InputError : neither, or an unsupported kind of database; `bad-tls`: it could lose its encryption unnoticed.
    """
    if "://" not in address:
        address = f"sqlite:///{address}"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise clinic_error("bad-address", "--db") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return require_tls(url.set(drivername="postgresql+psycopg"))
    if url.drivername in ("sqlite", "sqlite+pysqlite") and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite+pysqlite")
    raise clinic_error("bad-address", "--db")


def files_folder(url: URL, environment: Mapping[str, str]) -> Path:
    """Return the folder of a database's files: from the environment, else beside the file of SQLite.

    Raises
    ------
    InputError : `no-folder`: a server's database has no folder beside it.
    """
    if environment.get(FILES_VARIABLE):
        return Path(environment[FILES_VARIABLE])
    if url.get_backend_name() == "sqlite":
        return Path(f"{url.database}.files")
    raise clinic_error("no-folder", FILES_VARIABLE)


def open_engine(url: URL) -> Engine:
    """Return an SQLAlchemy engine for a database; a file of SQLite is created for this user alone.

    Raises
    ------
    UnreachableError : the file cannot be created.
    """
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    path = Path(str(url.database))
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except FileNotFoundError:
        folder = {"folder": str(path.parent)}
        raise catalogue_error("unreachable", "records-fault.no-database-folder", "--db", folder, **folder) from None
    except OSError as error:
        raise clinic_error("unreachable", "--db", reason=error.strerror or str(error)) from None
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_transaction)
    return engine


def _configure_sqlite(connection: Any, _: Any) -> None:
    """Make commits of SQLite durable and enforce references; `_begin_transaction` begins its transactions."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_transaction(connection: Connection) -> None:
    """Begin a transaction; a writer takes the lock at once.

    A transaction that reads before it takes the lock could be refused when it writes later.
    """
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READING) else "BEGIN IMMEDIATE")


def _is_disk_full(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return error.orig.sqlite_errorcode == sqlite3.SQLITE_FULL
    return getattr(error.orig, "sqlstate", None) == _POSTGRESQL_DISK_FULL


def _driver_message(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
