"""The database goes away and comes back, or its disk is full: pages say so in words, and nothing is half kept."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from app_samples import EXAMPLE, LEAST
from clinic_samples import HOME, PASSWORD, Clinics, sent_again, two_clinics
from postgresql_server import new_postgresql_database, shared_postgresql
from sqlalchemy import event, make_url
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import clinic_error

LONG = {"session.0.treats": "redness", "session.0.adverse": "x" * 9_000}  # which needs room


@contextmanager
def full(clinics: Clinics) -> Iterator[None]:
    """A disk on which SQLite finds no more room; its file may not grow."""

    def may_not_grow(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    engine = clinics.database.engine
    event.listen(engine, "connect", may_not_grow)
    engine.dispose()
    yield
    event.remove(engine, "connect", may_not_grow)
    engine.dispose()


def begun(client: TestClient) -> str:
    patient = client.post("/patients").headers["location"]
    return str(client.post(f"{patient}/consultations").headers["location"])


def test_a_save_on_a_full_disk_says_that_nothing_was_saved(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    client, repositories = clinics.browser(Role.CLINICIAN), clinics.repositories()
    here = begun(client)
    id = here.rpartition("/")[2]
    client.post(f"{here}/answers", data=LEAST | {"revision": "1"})
    before = repositories.consultations.get(id)
    with full(clinics):
        response = client.post(f"{here}/answers", data=LEAST | LONG | {"revision": "2"})
    assert response.status_code == 507
    assert "Nothing was saved" in response.text
    assert "disk is full" in response.text
    assert (LEAST | LONG | {"revision": "2"}).items() <= sent_again(response.text).items()

    def is_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", is_full)
        files = {"photo": (EXAMPLE / "face.jpg").read_bytes()}
        with_picture = client.post(f"{here}/answers", data=LEAST | {"revision": "2"}, files=files)
    assert with_picture.status_code == 507
    assert LEAST.items() <= sent_again(with_picture.text).items()
    assert "Nothing was saved" in with_picture.text
    assert repositories.consultations.get(id) == before
    assert repositories.photographs.of(id) == ()
    again = client.post(f"{here}/answers", data=LEAST | LONG | {"revision": "2"}, files=files)
    assert again.headers["location"] == here
    assert repositories.consultations.get(id).revision == before.revision + 1
    assert all(checked.findings == () for checked in verify_database(clinics.database))


@pytest.mark.parametrize("path", ["contact", "consultations"])
def test_what_was_typed_on_a_full_disk_is_sent_again_from_the_page(clinics: Clinics, path: str) -> None:
    client = clinics.browser(Role.CLINICIAN)
    patient = client.post("/patients").headers["location"]
    sent = {"name": "Synthetic Name", "address": "x" * 9_000, "version": ""}
    with full(clinics):
        while (response := client.post(f"{patient}/{path}", data=sent)).status_code == 303:
            pass  # it fitted into what was left of the file's last pages
    assert response.status_code == 507
    assert f'action="{patient}/{path}"' in response.text
    again = sent_again(response.text)
    assert again == sent
    assert client.post(f"{patient}/{path}", data=again).status_code == 303


def test_a_page_of_a_full_disk_repeats_no_password(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(*_: object, **__: object) -> None:
        raise clinic_error("disk-full", "--db", reason="No space left on device")

    monkeypatch.setattr(AccountRepository, "reset_password", is_full)
    member = clinics.members[HOME, Role.AUDITOR].id
    response = clinics.browser(Role.OWNER).post(
        f"/people/{member}/password", data={"password": "another four words", "own": PASSWORD}
    )
    assert response.status_code == 507
    assert "another four words" not in response.text


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Clinics, Callable[[bool], None]]]:
    """The app on a database of a server that lets nobody in, or lets them in again."""
    with new_postgresql_database() as address:
        everything, name = shared_postgresql().format(name="postgres"), make_url(address).database

        def let_in(allowed: bool) -> None:
            with psycopg.connect(everything, autocommit=True) as connection:
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}".encode())
                if not allowed:
                    others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                    connection.execute(others.encode())

        with two_clinics(tmp_path, address) as clinics:
            yield clinics, let_in


@pytest.mark.check
def test_a_database_that_goes_away_and_comes_back_is_waited_for(
    server: tuple[Clinics, Callable[[bool], None]],
) -> None:
    clinics, let_in = server
    client, stranger = clinics.browser(Role.CLINICIAN), clinics.browser()
    here = begun(client)
    client.post(f"{here}/answers", data=LEAST | {"revision": "1"})
    changed = LEAST | {"patient.age_years": "43", "revision": "2"}
    let_in(False)
    for answer in (
        client.get("/"),
        client.get(here),
        client.post(f"{here}/answers", data=changed),
        stranger.get("/sign-in"),
        stranger.post("/sign-in", data={"house": HOME, "name": "clinician", "password": PASSWORD}),
    ):
        assert answer.status_code == 503
        assert "The database is not available" in answer.text
        assert "Nothing was saved" in answer.text
        assert "SELECT" not in answer.text
    let_in(True)
    assert client.get(here).status_code == 200
    assert client.post(f"{here}/answers", data=changed).headers["location"] == here
    assert clinics.repositories().consultations.get(here.rpartition("/")[2]).revision == 3
    assert all(checked.findings == () for checked in verify_database(clinics.database))
