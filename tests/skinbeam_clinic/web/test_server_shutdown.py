"""A real server that is told to end in the middle of its work: in five seconds, and nothing it promised is lost."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from app_samples import LEAST
from clinic_samples import HOME, Clinics, two_clinics
from sqlalchemy import text as sql

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.database.connection import FILES_VARIABLE
from skinbeam_clinic.database.encryption import KEY_FILE_VARIABLE, generate_key
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.client import SESSION_COOKIE

pytestmark = pytest.mark.check

CASE = LEAST | {"patient.phototype": "II", "concern.0.condition": "facial-telangiectasia"}  # a laser is planned
WRITERS, PATIENCE_S = 6, 60.0
ENDING_S = 5.0 + 1.0  # and room for a busy machine


@dataclass
class Server:
    """`skinbeam serve` on the records of two clinics, and what it has said."""

    process: subprocess.Popen[str]
    url: str
    cookie: dict[str, str]

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers=self.cookie, timeout=PATIENCE_S)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{generate_key()}\n", encoding="ascii")
    return file


@contextmanager
def served(clinics: Clinics, folder: Path, key: Path) -> Iterator[Server]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    environment = {KEY_FILE_VARIABLE: str(key), FILES_VARIABLE: str(folder / "files"), "SKINBEAM_DB": address(folder)}
    command = [sys.executable, "-m", "skinbeam", "serve", "--port", str(port)]
    with (
        log_of(folder).open("w", encoding="utf-8") as log,  # a pipe that nobody reads would hold the server up
        subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            token = (
                SignIn(clinics.database, PasswordHasher()).sign_in(HOME, "clinician", "four words nobody guesses").token
            )
            yield Server(process, f"http://127.0.0.1:{port}", {"cookie": f"{SESSION_COOKIE}={token}"})
        finally:
            process.kill()


def log_of(folder: Path) -> Path:
    return folder / "log"


def address(folder: Path) -> str:
    return str(folder / "clinic.sqlite")


def at_work(repositories: ClinicRepositories, job: str, writers: list["Writer"]) -> bool:
    return repositories.jobs.get(job).state == "running" and all(one.saved >= 3 for one in writers)


@dataclass
class Writer(threading.Thread):
    """Saves a form again and again, and remembers the last save that was confirmed."""

    server: Server
    consultation: str
    saved: int = 1
    odd: list[str] = field(default_factory=list)

    def __hash__(self) -> int:
        return id(self)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        with self.server.client() as client:
            for age in itertools.cycle(range(20, 80)):
                sent = LEAST | {"patient.age_years": str(age), "revision": str(self.saved)}
                try:
                    answer = client.post(f"/consultations/{self.consultation}/answers", data=sent)
                except httpx2.TransportError:
                    return  # nothing was promised
                if answer.status_code != 303:
                    self.odd.append(f"{answer.status_code} {answer.text}")
                    return
                self.saved += 1


def test_a_server_asked_to_end_under_load_ends_in_five_seconds_and_loses_nothing(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with two_clinics(tmp_path, key=key.read_text().strip()) as clinics, served(clinics, tmp_path, key) as server:
        repositories = clinics.repositories(Role.CLINICIAN)
        planned, *others = (
            repositories.consultations.begin(repositories.patients.add().id) for _ in range(1 + WRITERS)
        )
        with server.client() as client:
            asked = client.post(f"/consultations/{planned.id}/plan", data=CASE | {"revision": "1"})
            job = asked.headers["location"].rpartition("/")[2]
            stream = client.send(client.build_request("GET", f"/jobs/{job}/events"), stream=True)
            stream_lines = stream.iter_lines()
            writers = [Writer(server, other.id) for other in others]
            for writer in writers:
                writer.start()
            until = time.monotonic() + PATIENCE_S
            while not at_work(repositories, job, writers) and time.monotonic() < until:
                next(stream_lines)
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            rest = list(stream_lines)  # the stream comes to its end, and is not torn off
            server.process.wait(PATIENCE_S)
        took_s = time.monotonic() - begun
        assert server.process.returncode == 130
        assert took_s < ENDING_S, f"{took_s} s"
        assert "event: ended" not in rest, "the plan is not made"
        for writer in writers:
            writer.join(PATIENCE_S)
            assert writer.odd == []
            assert repositories.consultations.get(writer.consultation).revision in (writer.saved, writer.saved + 1)
        left = repositories.jobs.get(job)
        assert (left.state, left.attempt) == ("queued", 0), "given back, and not counted as tried"
        assert [one.findings for one in verify_database(clinics.database)] == [(), ()]
        lines = log_of(tmp_path).read_text(encoding="utf-8")
        logged = [json.loads(line) for line in lines.splitlines()]
        assert {one["level"] for one in logged} == {"info"}
        assert all(other.id not in lines for other in others)


def test_a_server_whose_answer_never_comes_ends_all_the_same(tmp_path: Path, key: Path) -> None:
    """Another program holds the one writer's place of SQLite; a save waits for it for longer than five seconds."""
    with two_clinics(tmp_path, key=key.read_text().strip()) as clinics, served(clinics, tmp_path, key) as server:
        repositories = clinics.repositories(Role.CLINICIAN)
        writer = Writer(server, repositories.consultations.begin(repositories.patients.add().id).id)
        writer.start()
        until = time.monotonic() + PATIENCE_S
        while writer.saved < 3 and time.monotonic() < until:
            time.sleep(0.02)
        with clinics.database.writing() as session:
            session.execute(sql("SELECT 1"))  # which takes the place
            time.sleep(0.5)
            begun = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(PATIENCE_S)
            took_s = time.monotonic() - begun
        writer.join(PATIENCE_S)
        assert server.process.returncode == 130
        assert took_s < ENDING_S, f"{took_s} s"
        assert repositories.consultations.get(writer.consultation).revision in (writer.saved, writer.saved + 1)
        assert [one.findings for one in verify_database(clinics.database)] == [(), ()]
