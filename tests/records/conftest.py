"""Databases to try records on: an SQLite file, and a private PostgreSQL server in a temporary folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from postgresql_server import private_postgresql

from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.models import Member
from skinbeam_clinic.repositories import ClinicRepositories

KEY = generate_key()
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
    return {KEY_VARIABLE: KEY, FILES_VARIABLE: str(tmp_path / "files")}


@pytest.fixture
def database(address: str, environment: dict[str, str]) -> Iterator[Database]:
    upgrade_database(address, environment)
    opened = open_database(address, environment)
    yield opened
    opened.close()


@pytest.fixture
def operator(database: Database) -> Member:
    return create_clinic(database, "Harbour Clinic", synthetic=True)


@pytest.fixture
def desk(database: Database, operator: Member) -> ClinicRepositories:
    return ClinicRepositories(database, operator)
