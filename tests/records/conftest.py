"""Databases to try records on: an SQLite file, and a private PostgreSQL server in a temporary folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgresql_server import private_postgresql

from skinbeam.records.desk.desk import Desk
from skinbeam.records.kept import Member
from skinbeam.records.people.accounts import create_clinic
from skinbeam.records.store.database import FOLDER_VARIABLE, Database
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.upgrades import open_database, set_up

KEY = fresh_key()
BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.check))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with private_postgresql() as address:
        yield address


@pytest.fixture(params=BOTH)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        yield str(tmp_path / "clinic.sqlite")
        return
    server: str = request.getfixturevalue("postgresql")
    name = f"t{os.urandom(6).hex()}"
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield server.format(name=name)
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


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
