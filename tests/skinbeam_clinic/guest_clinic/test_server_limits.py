"""What the app does when it is asked under another name, when nobody waits, when the disk is full, when it is ended."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from app_samples import EXAMPLE, LEAST, PAGE, Form, Planner
from starlette.testclient import TestClient

from skinbeam.model.document import unwritable_error
from skinbeam_clinic.database.file_store import FileStore
from skinbeam_clinic.guest_clinic.server import open_guest_app
from skinbeam_clinic.web import routing, security

FACE = (EXAMPLE / "face.jpg").read_bytes()

# --- what nobody can use is not read ----------------------------------------------------------------------------------


def test_a_form_of_nobody_is_not_read_where_nobody_signs_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clinic repeats what a member typed while their session ended; guests cannot sign in again and send it."""
    read: list[object] = []

    async def read_form(*given: object) -> None:
        read.append(given)

    monkeypatch.setattr(routing, "_receive_form", read_form)
    client.cookies.clear()
    assert client.post(f"/consultations/{'0' * 32}/plan", data=LEAST).status_code == 404
    assert read == []


# --- under whose name it is asked -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.168.1.20", True),
        ("localhost", True),
        ("LOCALHOST:8000", True),
        (socket.gethostname(), True),
        ("evil.example", False),
        ("evil.example:8000", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("evil.example@127.0.0.1.x", False),
        ("", False),
        ("[::1", False),
    ],
)
def test_only_names_of_this_machine_are_answered(
    client: TestClient, planner: Planner, host: str, answered: bool
) -> None:
    """A page that has its name point to this machine once it is loaded is of one origin with us to a browser."""
    headers = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    assert client.get("/", headers=headers).status_code == (200 if answered else 421)
    assert client.post("/consult", data=LEAST, headers=headers).status_code == (303 if answered else 421)
    assert planner.made == answered


def test_the_name_that_it_listens_at_is_answered() -> None:
    with open_guest_app("clinic.example") as app, TestClient(app, base_url="http://clinic.example") as client:
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"host": "other.example"}).json()["error"]["code"] == "unknown-host"


def test_names_of_a_server_before_it_are_answered_when_they_were_given(planner: Planner) -> None:
    """It passes on the name that it was asked under, as Caddy and Traefik do."""
    headers = {"host": "laser.clinic.example", "sec-fetch-site": "same-origin"} | PAGE
    with (
        open_guest_app(names=["Laser.Clinic.example", "other.example"], make_plan=planner) as app,
        TestClient(app, follow_redirects=False) as client,
    ):
        job = client.post("/consult", data=LEAST, headers=headers).headers["location"]
        events = client.get(f"{job}/events", headers=headers)
        assert events.status_code == 200
        assert events.headers["x-accel-buffering"] == "no"  # each step is passed on as it comes
        refused = client.get("/", headers={"host": "third.example"})
        assert refused.status_code == 421
        assert "--name" in refused.json()["error"]["hint"]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_the_name_of_a_plan_is_drawn_anew(client: TestClient, planner: Planner) -> None:
    """Somebody who knows the answers cannot compute the address."""
    first, second = (client.post("/consult", data=LEAST).headers["location"] for _ in range(2))
    assert first != second
    assert re.fullmatch(r"/plans/[0-9a-f]{32}", first)


# --- a full disk ------------------------------------------------------------------------------------------------------

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("raised", [FULL, unwritable_error(Path("plan.json"), FULL)], ids=["raised", "told"])
def test_a_full_disk_is_reported_and_the_form_stays(client: TestClient, planner: Planner, raised: Exception) -> None:
    planner.fault = raised
    job = client.post("/consult", data=LEAST, files={"photo": FACE}, headers=PAGE).headers["location"]
    client.get(f"{job}/events")
    answer = client.get(job)
    assert answer.status_code == 507
    assert "disk of the machine" in Form(answer.text).words
    assert set(LEAST.items()) <= set(Form(answer.text).filled)
    refused = client.post("/consult", data=LEAST, files={"photo": FACE})
    assert refused.json()["error"]["code"] == "disk-full"
    assert {name: refused.headers[name] for name in security.HEADERS} == security.HEADERS


def test_a_disk_that_is_full_for_the_photograph_is_reported_and_the_form_stays(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise FULL

    monkeypatch.setattr(FileStore, "_write", fails)
    answer = client.post("/consult", data=LEAST, files={"photo": FACE}, headers=PAGE)
    assert answer.status_code == 507
    assert set(LEAST.items()) <= set(Form(answer.text).filled)
    assert planner.made == 0


# --- processes --------------------------------------------------------------------------------------------------------


@contextmanager
def served(temporary: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "skinbeam", "serve", "--port", str(port)],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=EXAMPLE.parents[1],
    ) as process:
        assert process.stdout is not None
        try:
            assert str(port) in process.stdout.readline()
            yield process, port
        finally:
            process.kill()


def ask(port: int, fields: dict[str, str]) -> socket.socket:
    """A form that was sent and whose answer nobody has read yet."""
    body = urlencode(fields).encode()
    head = f"POST /consult HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n"
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode() + body)
    return line


def folders(temporary: Path) -> list[Path]:
    return list(temporary.glob(".skinbeam-clinic.*"))


START_S = 60.0  # a server says its address before it has read its libraries, which takes long beside other tests


def until(holds: Any, seconds: float) -> float:
    """Wait until something holds; how long that took."""
    begun = time.monotonic()
    while not holds() and time.monotonic() - begun < seconds:
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.mark.check
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_five_seconds_while_a_plan_is_made(asked: signal.Signals, tmp_path: Path) -> None:
    long = LEAST | {"concern.1.condition": "facial-telangiectasia", "concern.1.site": "nose"}
    with served(tmp_path) as (process, port), ask(port, long):
        until(lambda: folders(tmp_path), 10)
        time.sleep(1.0)
        begun = time.monotonic()
        process.send_signal(asked)
        _, err = process.communicate(timeout=60)
        assert time.monotonic() - begun < 5.0 + 2.0  # and room for a busy machine
        assert process.returncode == 130
        assert "Traceback" not in err
        assert not list(tmp_path.iterdir())


@pytest.mark.check
def test_what_a_killed_app_left_goes_when_the_next_one_starts(tmp_path: Path) -> None:
    def there() -> set[str]:
        # Python tries the folder for temporary files with a file of its own, which comes and goes.
        return {entry.name for entry in tmp_path.glob(".skinbeam-guest.*")}

    with served(tmp_path) as (process, port), ask(port, LEAST):
        until(lambda: folders(tmp_path), START_S)
        process.kill()
        process.wait()
        left, left_of_plan = there(), set(folders(tmp_path))
    assert left_of_plan
    assert len(left) == 1
    with served(tmp_path), served(tmp_path):
        until(lambda: len(there()) == 2 and not left & there(), START_S)
        assert len(there()) == 2
        assert not left & there()
        assert not left_of_plan & set(folders(tmp_path))


@pytest.mark.check
def test_a_closed_tab_stops_its_plan(tmp_path: Path) -> None:
    several = {
        f"concern.{number}.{key}": text
        for number, (condition, site) in enumerate(
            [
                ("facial-telangiectasia", "nose"),
                ("redness", "cheeks"),
                ("acne-scars", "cheeks"),
                ("wrinkles", "forehead"),
            ]
        )
        for key, text in (("condition", condition), ("site", site))
    }
    with served(tmp_path) as (process, port):
        with ask(port, {"patient.age_years": "42"} | several):
            until(lambda: folders(tmp_path), 10)
            assert folders(tmp_path)
            time.sleep(1.0)
        stopped = until(lambda: not folders(tmp_path), 30)
        assert not folders(tmp_path), "the plan was given up, and its folder with it"
        assert process.poll() is None
        with ask(port, {"patient.age_years": "42"}) as line:
            assert b" 422 " in line.recv(100), "and the app answers the next one"
        assert stopped < 30
