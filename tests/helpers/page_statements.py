"""Count the statements that a page sends to the database, or list what it asks."""

from collections.abc import Iterator
from contextlib import contextmanager

from clinic_samples import Clinics
from sqlalchemy import event
from starlette.testclient import TestClient

from skinbeam_clinic.database.connection import Database

__all__ = ["list_selects", "statements_of", "statements_sent"]


def statements_of(clinics: Clinics, client: TestClient, path: str) -> int:
    """How many statements a page sends to the database."""
    return len(_list_statements(clinics, client, path))


def list_selects(clinics: Clinics, client: TestClient, path: str) -> list[tuple[str, str]]:
    """What a page asks of the rows, with the parameters; the row of the clinic is read again when it is locked."""
    every = _list_statements(clinics, client, path)
    return [one for one in every if one[0].startswith("SELECT") and "FROM clinic" not in one[0]]


def _list_statements(clinics: Clinics, client: TestClient, path: str) -> list[tuple[str, str]]:
    with statements_sent(clinics.database) as sent:
        assert client.get(path).status_code == 200
    return sent


@contextmanager
def statements_sent(database: Database) -> Iterator[list[tuple[str, str]]]:
    """The statements that are sent to a database within the block, with their parameters."""
    sent: list[tuple[str, str]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        sent.append((statement, str(parameters)))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
