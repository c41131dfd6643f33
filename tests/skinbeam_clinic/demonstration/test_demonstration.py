"""The app: that its plan is the plan of the command line, and what it keeps for how long."""

import inspect
import json
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from app_samples import EXAMPLE, LEAST, PAGE, Form, Planner, grouped
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.demonstration import plans
from skinbeam_clinic.demonstration.routes import DEMONSTRATION_FILES
from skinbeam_clinic.serve_command import serve
from skinbeam_clinic.web import server

# --- the same plan as on the command line -----------------------------------------------------------------------------


def _command_line(case: Path, folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "skinbeam", "consult", str(case), "-o", str(folder)], check=True, capture_output=True
    )
    return folder


def _entries(tables: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The form that a person fills in from the tables of a case file."""
    found: list[tuple[str, str]] = []
    for name, value in tables.items():
        if isinstance(value, Mapping):
            found += [(f"{name}.{key}", text) for key, text in _entries(value)]
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    found += [(f"{name}.{index}.{key}", text) for key, text in _entries(item)]
                else:
                    found.append((name, str(item)))
        else:
            found.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return found


PHOTO = '\n[photo]\nfile = "face.jpg"\n'
SMALL_CASE = """
title = "no part of the plan"
[patient]
age_years = 42
phototype = "II-III"
pregnant = false
history = ["herpes-labialis", "keloid"]
medications = [{name = "aspirin"}, {name = "isotretinoin", last_dose_months = 14.5}]
[[concern]]
condition = "age-spots"
site = "cheeks"
severity = "mild-moderate"
area_cm2 = 12.5
diagnosed = true
diagnosed_by = "dermatologist"
diagnosis_method = "examination"
diagnosis_date = 2026-11-02
[clinic]
devices = ["qs-ndyag-532-1064"]
"""


LEADING_CASE = (EXAMPLE / "case.toml").read_text(encoding="utf-8")  # with a photograph, and all devices


@pytest.mark.parametrize(
    ("source", "photo"),
    [
        pytest.param(SMALL_CASE, "", id="without-photograph"),
        pytest.param(SMALL_CASE + PHOTO, "face.jpg", id="with-photograph"),
        pytest.param(LEADING_CASE, "face.jpg", id="leading-example", marks=pytest.mark.long),
    ],
)
@pytest.mark.check
def test_a_form_gives_the_plan_of_its_case_file(client: TestClient, tmp_path: Path, source: str, photo: str) -> None:
    upload = None
    if photo:
        (tmp_path / photo).write_bytes((EXAMPLE / photo).read_bytes())
        upload = {"photo": (photo, (EXAMPLE / photo).read_bytes(), "image/jpeg")}
    (tmp_path / "case.toml").write_text(source, encoding="utf-8")
    tables = tomllib.loads(source)
    entries = [(name, text) for name, text in _entries(tables) if name not in ("title", "photo.file")]

    sent = client.post("/consult", data=grouped(entries), files=upload)
    assert sent.status_code == 303, sent.text
    plan = sent.headers["location"]
    by_file = _command_line(tmp_path / "case.toml", tmp_path / "out")
    told = json.loads((by_file / "plan.json").read_text(encoding="utf-8"))
    assert told["plan_sha256"] not in plan, "who knows the answers cannot ask for the plan"
    for name in DEMONSTRATION_FILES:
        assert client.get(f"{plan}/{name}").content == (by_file / name).read_bytes(), name
    shown = client.get(plan).text
    begins = shown.index("<body>\n") + 7
    bar = shown[begins : shown.index("</div>\n", begins) + 7]
    assert shown.replace(bar, "", 1) == (by_file / "report.html").read_text(encoding="utf-8")
    for name in ("plan.json", "report.pdf", "appendix.pdf", "leaflet.pdf", "answers"):
        assert f'href="{plan}/{name}"' in bar


# --- what is kept, and for how long -----------------------------------------------------------------------------------


def test_plans_are_made_one_at_a_time_and_the_same_one_once(client: TestClient, planner: Planner) -> None:
    planner.seconds = 0.05
    ages = ["30", "31", "32", "30", "31", "32"]
    found: list[str] = []

    def send(age: str) -> None:
        found.append(client.post("/consult", data=LEAST | {"patient.age_years": age}).headers["location"])

    threads = [threading.Thread(target=send, args=(age,)) for age in ages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert planner.most_at_once == 1
    assert planner.made == len(set(found)) == 3


def test_too_many_waiting_plans_are_refused_with_the_form_still_filled(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.BoundedSemaphore, "acquire", lambda self, blocking=True: False)
    answer = client.post("/consult", data=LEAST, headers=PAGE)
    assert answer.status_code == 503
    assert set(LEAST.items()) <= set(Form(answer.text).filled)
    assert planner.made == 0


def test_old_plans_make_room(client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_MOST_PLANS", 2)
    made = [client.post("/consult", data=LEAST | {"patient.age_years": age}).headers["location"] for age in "234"]
    assert [client.get(f"{plan}/plan.json").status_code for plan in made] == [404, 200, 200]


def test_nothing_is_left_when_the_app_ends(planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with TestClient(server.build_app(), base_url="http://127.0.0.1:8000") as client:
        client.post("/consult", data=LEAST, files={"photo": ("a.jpg", (EXAMPLE / "face.jpg").read_bytes())})
        (root,) = tmp_path.iterdir()
        assert root.stat().st_mode & 0o077 == 0  # nobody else on this machine reads it
        kept = set(root.rglob("*"))
        assert "photograph" in {path.name for path in kept}
        client.post("/consult", data=LEAST | {"patient.age_years": "520"})
        assert set(root.rglob("*")) == kept, "a refused case leaves nothing"
    assert not list(tmp_path.iterdir())


# --- listening --------------------------------------------------------------------------------------------------------


def test_an_address_that_is_taken_is_an_input_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen") as error:
        server.run_server("127.0.0.1", taken.getsockname()[1], keep_years=10)
    assert error.value.field == "--port"
    assert error.value.message.endswith("Address already in use")


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_the_address_is_printed_and_an_open_one_is_warned_of(
    host: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def close(self: Any, sockets: list[socket.socket]) -> None:
        for one in sockets:
            one.close()

    monkeypatch.setattr("uvicorn.Server.run", close)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server.run_server(host, port, keep_years=10)
    printed = capsys.readouterr().out
    assert f"http://{host}:{port}" in printed
    assert ("no login" in printed) == warned


def test_the_default_address_is_this_machine() -> None:
    assert inspect.signature(serve).parameters["host"].default == "127.0.0.1"
