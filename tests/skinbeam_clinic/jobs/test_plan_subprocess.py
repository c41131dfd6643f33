"""The process that makes a plan, and the program that is killed while one is made."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from app_samples import LEAST
from clinic_samples import HOME, PASSWORD
from sqlalchemy import update

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import FILES_VARIABLE
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.database.tables import JobRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.plans.plan_subprocess import PHOTOGRAPH_FILE, make_plan_in_subprocess
from skinbeam_clinic.plans.worker_process import ProcessEndedError
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.client import SESSION_COOKIE

pytestmark = pytest.mark.check

# A laser is planned, and no other machine looked at.
CASE = LEAST | {
    "patient.phototype": "II",
    "concern.0.condition": "facial-telangiectasia",
    "clinic.devices": "pulsed-dye-595",
}
SENT = make_submission(CASE.items())
STARTED_S = 60.0


def processes(home: Path) -> list[int]:
    """Those that work in a folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(home).encode() in line.read_bytes():
                found.append(int(line.parent.name))
    return found


def gone(home: Path) -> bool:
    until = time.monotonic() + STARTED_S
    while processes(home) and time.monotonic() < until:
        time.sleep(0.05)
    return not processes(home)


class LeftError(Exception):
    """Nobody waits any more."""


def test_a_plan_that_nobody_waits_for_leaves_no_process(tmp_path: Path) -> None:
    def leave(message: str) -> None:
        if message:
            assert processes(tmp_path)
            raise LeftError

    with pytest.raises(LeftError):
        make_plan_in_subprocess(SENT, tmp_path, leave)
    assert gone(tmp_path)


def test_a_process_that_is_killed_is_reported_as_that(tmp_path: Path) -> None:
    def kill(_message: str) -> None:
        for one in processes(tmp_path):
            os.kill(one, signal.SIGKILL)

    with pytest.raises(ProcessEndedError):
        make_plan_in_subprocess(SENT, tmp_path, kill)


def test_what_is_wrong_comes_back_from_the_process_with_its_field(tmp_path: Path) -> None:
    (tmp_path / PHOTOGRAPH_FILE).write_bytes(b"no picture")
    with pytest.raises(InputError) as found:
        make_plan_in_subprocess(Submission(SENT.entries, "a"), tmp_path, lambda _: None)
    assert found.value.field == "photo.file"
    assert found.value.file == PHOTOGRAPH_FILE


@contextmanager
def served(address: str, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "skinbeam", "serve", "--db", address, "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert f"http://127.0.0.1:{port}" in process.stdout.readline()
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def events(client: httpx2.Client, job: str, until: Callable[[str], bool]) -> str:
    """Listen to a job until a line fits, also when the stream is begun anew, and return the line."""
    while True:
        with client.stream("GET", f"{job}/events", timeout=STARTED_S) as stream:
            for line in stream.iter_lines():
                if until(line):
                    return line
                assert line != "event: ended"


def test_a_job_whose_program_is_killed_is_done_once_by_the_next(tmp_path: Path) -> None:
    address, work = str(tmp_path / "clinic.sqlite"), tmp_path / "work"
    work.mkdir()
    environment = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(tmp_path / "files"), "TMPDIR": str(work)}
    upgrade_database(address, environment)
    database = open_database(address, environment)
    accounts = AccountRepository(database, create_clinic(database, HOME, synthetic=True), PasswordHasher())
    repositories = ClinicRepositories(database, accounts.add("clinician", Role.CLINICIAN, PASSWORD))
    consultation = repositories.consultations.begin(repositories.patients.add().id, SENT)
    with served(address, environment) as (program, url), httpx2.Client(base_url=url) as client:
        sent = {"house": HOME, "name": "clinician", "password": PASSWORD}
        client.headers["cookie"] = f"{SESSION_COOKIE}={client.post('/sign-in', data=sent).cookies[SESSION_COOKIE]}"
        sent = CASE | {"revision": "1"}
        job = client.post(f"/consultations/{consultation.id}/plan", data=sent).headers["location"]
        # Under way: single steps may be over before they are told.
        before = {"data: ", *(f"data: {render_message(f'clinic.job-{one}')}" for one in ("waits", "begins"))}
        events(client, job, lambda line: line.startswith("data: ") and line not in before)
        assert processes(work)
        program.send_signal(signal.SIGKILL)
        program.wait()
    assert gone(work), "what makes the plan ends with the program"
    # The lease of the killed program runs out in 20 s (`test_job_queue.py`); the next one need not wait for it here.
    with database.writing() as session:
        session.execute(update(JobRow).values(lease_until=now()))
    with served(address, environment) as (program, url), httpx2.Client(base_url=url, headers=client.headers) as again:
        events(again, job, lambda line: line == "event: ended")
        plan = again.get(job).headers["location"].rpartition("/")[2]
        program.send_signal(signal.SIGTERM)
        program.wait(20)
    assert [one.id for one in repositories.plans.of(consultation.id)] == [plan]
    assert [one.findings for one in verify_database(database)] == [()]
    assert not list(work.iterdir())
    database.close()
