"""Databases of the newest revision, each a copy of one that was upgraded once: all revisions take a second."""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from sqlalchemy import delete, make_url
from sqlalchemy.orm import Session

from skinbeam_clinic.database.connection import FILES_VARIABLE, database_url, open_engine
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import upgrade_database
from skinbeam_clinic.database.tables import StoreRow

KEY = generate_key()  # of every database of a worker that needs none of its own


def make_database(address: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    """Bring a database without anything in it to the newest revision, as `upgrade_database` does."""
    url = database_url(address)
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        file.touch(mode=0o600)
        file.write_bytes(_upgraded_file())
    else:
        server = make_url(address).set(database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(server, autocommit=True) as connection:
            template = _upgraded_template(server)
            # The empty one waits for the next test: to make it and to drop it costs as much.
            connection.execute(f"ALTER DATABASE {url.database} RENAME TO empty_{url.database}".encode())
            connection.execute(f"CREATE DATABASE {url.database} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    return upgrade_database(address, environment)  # which gives it a secret of its own


@functools.cache
def _upgraded_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upgraded.sqlite"
        _upgrade_without_secret(str(file))
        assert [one.name for one in Path(folder).iterdir()] == [file.name], "all of it is in the one file"
        return file.read_bytes()


@functools.cache
def _upgraded_template(server: str) -> str:
    name = "upgraded"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    _upgrade_without_secret(make_url(server).set(database=name).render_as_string(hide_password=False))
    return name


def _upgrade_without_secret(address: str) -> None:
    upgrade_database(address, {KEY_VARIABLE: KEY, FILES_VARIABLE: "files"})
    engine = open_engine(database_url(address))
    with Session(engine) as session, session.begin():
        session.execute(delete(StoreRow))
    engine.dispose()
