"""Count the statements that a page sends to the database."""

from clinic_samples import Clinics
from sqlalchemy import event
from starlette.testclient import TestClient

__all__ = ["statements_of"]


def statements_of(clinics: Clinics, client: TestClient, path: str) -> int:
    """How many statements a page sends to the database."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    event.listen(clinics.database.engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(clinics.database.engine, "before_cursor_execute", note)
    return count
