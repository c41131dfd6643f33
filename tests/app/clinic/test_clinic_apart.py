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

from skinbeam.app.clinic.answers import kept_answers
from skinbeam.app.clinic.apart import PHOTOGRAPH, BrokenError, made_apart
from skinbeam.app.clinic.door.cookies import SESSION
from skinbeam.app.forms import Submission, submission
from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.records.desk.desk import Desk
from skinbeam.records.people.accounts import Accounts, create_clinic
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.roles import Role
from skinbeam.records.store.database import FOLDER_VARIABLE
from skinbeam.records.store.keys import VARIABLE, fresh_key
from skinbeam.records.store.upgrades import open_database, set_up
from skinbeam.records.upkeep.verify import verify

pytestmark = pytest.mark.check

CASE = LEAST | {"patient.phototype": "II", "concern.0.condition": "facial-telangiectasia"}  # a laser is planned
SENT = submission(CASE.items())
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
    def leave(said: str) -> None:
        if said:
            assert processes(tmp_path)
            raise LeftError

    with pytest.raises(LeftError):
        made_apart(SENT, tmp_path, leave)
    assert gone(tmp_path)


def test_a_process_that_is_killed_is_told_as_that(tmp_path: Path) -> None:
    def kill(_said: str) -> None:
        for one in processes(tmp_path):
            os.kill(one, signal.SIGKILL)

    with pytest.raises(BrokenError):
        made_apart(SENT, tmp_path, kill)


def test_what_is_wrong_comes_back_from_the_process_with_its_field(tmp_path: Path) -> None:
    (tmp_path / PHOTOGRAPH).write_bytes(b"no picture")
    with pytest.raises(InputError) as found:
        made_apart(Submission(SENT.entries, "a"), tmp_path, lambda _: None)
    assert found.value.field == "photo.file"
    assert found.value.file == PHOTOGRAPH


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
    environment = {VARIABLE: fresh_key(), FOLDER_VARIABLE: str(tmp_path / "files"), "TMPDIR": str(work)}
    set_up(address, environment)
    database = open_database(address, environment)
    accounts = Accounts(database, create_clinic(database, HOME, synthetic=True), Passwords())
    desk = Desk(database, accounts.add("clinician", Role.CLINICIAN, PASSWORD))
    consultation = desk.consultations.begin(desk.patients.add().id, kept_answers(SENT))
    with served(address, environment) as (program, url), httpx2.Client(base_url=url) as client:
        sent = {"house": HOME, "name": "clinician", "password": PASSWORD}
        client.headers["cookie"] = f"{SESSION}={client.post('/sign-in', data=sent).cookies[SESSION]}"
        sent = CASE | {"revision": "1"}
        job = client.post(f"/consultations/{consultation.id}/plan", data=sent).headers["location"]
        # Under way: single steps may be over before they are told.
        before = {"data: ", *(f"data: {text(f'clinic.job-{one}')}" for one in ("waits", "begins"))}
        events(client, job, lambda line: line.startswith("data: ") and line not in before)
        assert processes(work)
        program.send_signal(signal.SIGKILL)
        program.wait()
    assert gone(work), "what makes the plan ends with the program"
    with served(address, environment) as (program, url), httpx2.Client(base_url=url, headers=client.headers) as again:
        events(again, job, lambda line: line == "event: ended")
        plan = again.get(job).headers["location"].rpartition("/")[2]
        program.send_signal(signal.SIGTERM)
        program.wait(20)
    assert [one.id for one in desk.plans.of(consultation.id)] == [plan]
    assert [one.findings for one in verify(database)] == [()]
    assert not list(work.iterdir())
    database.close()
