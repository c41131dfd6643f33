"""A private PostgreSQL server in a temporary folder, for tests; it fails loudly where none is installed."""

import contextlib
import functools
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

running_server = contextlib.ExitStack()  # which `conftest.py` closes at the end


@functools.cache
def shared_postgresql() -> str:
    """The one server of a worker's tests; it takes seconds to start, and is not started where no test asks for it."""
    return running_server.enter_context(private_postgresql())


@contextlib.contextmanager
def new_postgresql_database() -> Iterator[str]:
    """The address of an empty database on the shared server."""
    server, name = shared_postgresql(), f"t{os.urandom(6).hex()}"
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        waiting = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'empty%'").fetchone()
        make = f"ALTER DATABASE {waiting[0]} RENAME TO {name}" if waiting else f"CREATE DATABASE {name}"
        connection.execute(make.encode())
    yield server.format(name=name)
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextlib.contextmanager
def private_postgresql() -> Iterator[str]:
    """A server that listens on a socket of its own folder alone; it fails where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert programs, "PostgreSQL is not installed; run: make setup"
    # In memory where there is such a disk; a socket's path has at most 107 bytes, so it lies where paths are short.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"))
    who = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    made = [programs[-1] / "initdb", "-D", folder / "data", "-U", "test", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*made, "--no-locale", "--no-sync"], check=True, cwd=folder, capture_output=True, **who)
    started = [programs[-1] / "postgres", "-D", folder / "data", "-k", folder]
    silent = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off"]
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
