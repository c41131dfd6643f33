"""Databases to try records on: an SQLite file, and a private PostgreSQL server in a temporary folder."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from skinbeam.records.desk.desk import Desk
from skinbeam.records.kept import Member
from skinbeam.records.people.accounts import create_clinic
from skinbeam.records.store.database import FOLDER_VARIABLE, Database
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.upgrades import open_database, set_up

KEY = fresh_key()
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.check))


@contextlib.contextmanager
def private_postgresql() -> Iterator[str]:
    """A server that listens on a socket of its own folder alone; it fails where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert programs, "PostgreSQL is not installed; run: make setup"
    # A socket's path has at most 107 bytes, so the folder lies where paths are short.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    who = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    made = [programs[-1] / "initdb", "-D", folder / "data", "-U", "test", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*made, "--no-locale", "--no-sync"], check=True, cwd=folder, capture_output=True, **who)
    started = [programs[-1] / "postgres", "-D", folder / "data", "-k", folder]
    silent = ["-c", "listen_addresses=", "-c", "fsync=off"]
    server = subprocess.Popen([*started, *silent], cwd=folder, stderr=subprocess.DEVNULL, **who)
    try:
        wait_for(f"host={folder} user=test dbname=postgres")
        yield f"postgresql://test@/{{name}}?host={folder}"
    finally:
        server.send_signal(signal.SIGQUIT)  # nothing of it is worth a checkpoint
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(conninfo: str) -> None:
    for _ in range(400):
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(conninfo).close()
            return
        time.sleep(0.05)
    raise AssertionError("the private PostgreSQL server did not start")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with private_postgresql() as address:
        yield address


@pytest.fixture(params=BOTH)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return str(tmp_path / "clinic.sqlite")
    server: str = request.getfixturevalue("postgresql")
    name = f"t{os.urandom(6).hex()}"
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.format(name=name)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {VARIABLE: KEY, FOLDER_VARIABLE: str(tmp_path / "files")}


@pytest.fixture
def database(address: str, environment: dict[str, str]) -> Iterator[Database]:
    set_up(address, environment)
    opened = open_database(address, environment)
    yield opened
    opened.close()


@pytest.fixture
def operator(database: Database) -> Member:
    return create_clinic(database, "Harbour Clinic", synthetic=True)


@pytest.fixture
def desk(database: Database, operator: Member) -> Desk:
    return Desk(database, operator)
