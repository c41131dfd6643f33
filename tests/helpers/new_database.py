"""Databases of the newest revision, each a copy of one that was upgraded once: all revisions take a second."""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from skinbeam_clinic.database.connection import FILES_VARIABLE, database_url
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import upgrade_database

KEY = generate_key()  # of every database of a worker that needs none of its own


def make_database(address: str, environment: Mapping[str, str]) -> None:
    """Bring a database without anything in it to the newest revision, as `upgrade_database` does."""
    url, key = database_url(address), environment[KEY_VARIABLE]
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database))
        file.touch(mode=0o600)
        file.write_bytes(_upgraded_file(key))
        return
    server = make_url(address).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {url.database}".encode())
        connection.execute(f"CREATE DATABASE {url.database} TEMPLATE {_upgraded_template(server, key)}".encode())


@functools.cache
def _upgraded_file(key: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upgraded.sqlite"
        upgrade_database(str(file), {KEY_VARIABLE: key})
        assert [one.name for one in Path(folder).iterdir()] == [file.name], "all of it is in the one file"
        return file.read_bytes()


@functools.cache
def _upgraded_template(server: str, key: str) -> str:
    name = f"upgraded_{key[:8].encode().hex()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    address = make_url(server).set(database=name).render_as_string(hide_password=False)
    upgrade_database(address, {KEY_VARIABLE: key, FILES_VARIABLE: "files"})
    return name
