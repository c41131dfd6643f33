"""The clinic of guests: its plan is that of the command line, each guest is alone, and nothing is kept."""

import inspect
import io
import json
import re
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from app_samples import EXAMPLE, LEAST, PAGE, Form, Planner, grouped
from clinic_samples import Clinics, two_clinics
from PIL import Image
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import GUEST_ROUTES, ROUTES, AccessRight, Role, RouteAccess
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.guest_clinic import clinics
from skinbeam_clinic.guest_clinic.routes import GUEST_FILES
from skinbeam_clinic.guest_clinic.server import open_guest_app, serve_guests
from skinbeam_clinic.plans import setting_routes
from skinbeam_clinic.serve_command import serve

HERE = "http://127.0.0.1:8000"
FACE = {"photo": ("me.jpg", (EXAMPLE / "face.jpg").read_bytes(), "image/jpeg")}

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
    document = json.loads((by_file / "plan.json").read_text(encoding="utf-8"))
    assert document["plan_sha256"] not in plan, "who knows the answers cannot ask for the plan"
    for name in GUEST_FILES:
        assert client.get(f"{plan}/{name}").content == (by_file / name).read_bytes(), name
        if name != "leaflet.pdf":  # which the page offers in each language
            assert client.get(f"{plan}/files/{name}").content == (by_file / name).read_bytes(), name
            assert f'href="{plan}/files/{name}"' in client.get(plan).text


def test_a_photograph_that_browsers_do_not_show_is_planned_with(client: TestClient, planner: Planner) -> None:
    tiff = io.BytesIO()
    with Image.open(EXAMPLE / "face.jpg") as face:
        face.save(tiff, "TIFF")
    plan = client.post("/consult", data=LEAST, files={"photo": ("me.tif", tiff.getvalue(), "image/tiff")})
    assert plan.status_code == 303, plan.text
    assert planner.cases[-1].photo_analysis is not None
    answers = client.get(client.get(f"{plan.headers['location']}/answers").headers["location"])
    assert "photo.kept" in dict(Form(answers.text).filled)
    assert "/photographs/" not in answers.text
    assert "image/tiff" in answers.text
    address = str(answers.url.path)
    revision = str(Form(answers.text).controls["revision"]["value"])
    files = {"photo": ("me.tif", tiff.getvalue() + b" ", "image/tiff")}
    saved = client.post(f"{address}/answers", data=LEAST | {"revision": revision}, files=files)
    assert saved.status_code == 303, saved.text
    refused = client.post(f"{address}/answers", data=LEAST, files={"photo": ("me.tif", b"no picture", "image/tiff")})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "not-a-picture")


def test_a_photograph_that_is_offered_again_counts_as_used(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clinics, "MOST_GUESTS", 2)
    first, second = (_guest(client, files=FACE) for _ in range(2))
    answers = client.get(client.get(f"{first}/answers").headers["location"])
    uploaded = {"photo.kept": dict(Form(answers.text).filled)["photo.kept"]}
    assert client.get(second).status_code == 200  # now the first was not used for longest
    _guest(client, data=LEAST | uploaded)
    assert [client.get(plan).status_code for plan in (first, second)] == [200, 404]


# --- what is kept, and for how long -----------------------------------------------------------------------------------


def test_plans_are_made_one_at_a_time(client: TestClient, planner: Planner) -> None:
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
    assert planner.made == len(set(found)) == len(ages)


def test_too_many_waiting_plans_are_refused_with_the_form_still_filled(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clinics, "_MOST_WAITING", 0)
    answer = client.post("/consult", data=LEAST, headers=PAGE)
    assert answer.status_code == 503
    assert set(LEAST.items()) <= set(Form(answer.text).filled)
    assert planner.made == 0


def test_what_is_wrong_with_a_form_is_reported_while_all_places_are_taken(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clinics, "_MOST_WAITING", 0)
    answer = client.post("/consult", data=LEAST | {"patient.age_years": "520"}, files=FACE, headers=PAGE)
    assert answer.status_code == 422
    assert "Age (years): Is out of range" in Form(answer.text).words


def _send_again(client: TestClient, answers: str, age: str) -> Any:
    """Ask for the plan of a guest's consultation once more, with another age."""
    revision = str(Form(client.get(answers).text).controls["revision"]["value"])
    sent = LEAST | {"patient.age_years": age, "revision": revision}
    return client.post(f"{answers}/plan", data=sent, headers=PAGE)


def _is_open(client: TestClient, job: str) -> bool:
    page = client.get(job)  # it leads to the consultation where the worker found that the answers had changed
    return page.status_code == 200 and "This plan was cancelled" not in page.text


def test_a_guest_has_one_open_plan_and_leaves_the_places_of_others(client: TestClient, planner: Planner) -> None:
    answers = client.get(f"{_guest(client)}/answers").headers["location"]
    planner.seconds = 60.0
    jobs = [_send_again(client, answers, str(30 + count)).headers["location"] for count in range(12)]
    assert [_is_open(client, job) for job in jobs] == [False] * 11 + [True]
    assert client.post("/consult", data=LEAST, headers=PAGE).status_code == 303
    client.post(f"{jobs[-1]}/cancel")
    planner.seconds = 0.0


def test_changed_answers_of_a_guest_wait_for_a_place_too(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = client.get(f"{_guest(client)}/answers").headers["location"]
    monkeypatch.setattr(clinics, "_MOST_WAITING", 0)
    answer = _send_again(client, answers, "43")
    assert answer.status_code == 503
    assert ("patient.age_years", "43") in Form(answer.text).filled
    assert planner.made == 1


def test_a_chosen_setting_of_a_guest_waits_for_a_place_too(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _guest(client)
    simulated = setting_routes._AnswerView("0.0", quantities={"fluence_J_cm2": 7.0})
    monkeypatch.setattr(setting_routes, "_answer", lambda *_given: (simulated, None))
    monkeypatch.setattr(clinics, "_MOST_WAITING", 0)
    answer = client.post(f"{plan}/what-if/0.0", data={"reason": "less redness"}, headers=PAGE)
    assert answer.status_code == 503
    assert "Too many plans" in Form(answer.text).words
    monkeypatch.undo()
    monkeypatch.setattr(setting_routes, "_answer", lambda *_given: (simulated, None))
    assert client.post(f"{plan}/what-if/0.0", data={"reason": "less redness"}, headers=PAGE).status_code == 303


def _guest(client: TestClient, **more: Any) -> str:
    """Plan as a new guest, and return the address of the plan."""
    return str(client.post("/consult", **({"data": LEAST} | more)).headers["location"])


def test_the_guests_that_were_not_used_for_longest_make_room(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(clinics, "MOST_GUESTS", 2)
    with open_guest_app(make_plan=planner) as app, TestClient(app, base_url=HERE, follow_redirects=False) as client:
        first, second = _guest(client), _guest(client)
        assert client.get(first).status_code == 200
        third = _guest(client)
        assert [client.get(f"{plan}/plan.json").status_code for plan in (first, second, third)] == [200, 404, 200]
        (root,) = tmp_path.iterdir()
        assert len(list((root / "files").iterdir())) == 2


def test_guests_cannot_fill_the_disk(client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = [_guest(client) for _ in range(2)]
    monkeypatch.setattr(clinics, "_MOST_BYTES_OF_ONE", 0)
    assert client.get(plans[0]).status_code == 404
    monkeypatch.undo()
    monkeypatch.setattr(clinics, "_MOST_BYTES", 0)
    latest = _guest(client)
    assert [client.get(plan).status_code for plan in (latest, plans[1])] == [200, 404]


def test_the_guest_with_the_largest_photographs_makes_room_for_the_others(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    padded = {"photo": ("me.jpg", FACE["photo"][1] + bytes(2_000_000), "image/jpeg")}
    small, large = _guest(client), _guest(client, files=padded)
    monkeypatch.setattr(clinics, "_MOST_BYTES", 2_000_000)
    other = _guest(client)
    assert [client.get(plan).status_code for plan in (small, large, other)] == [200, 404, 200]


def test_forms_that_come_back_push_out_no_plan(client: TestClient, planner: Planner) -> None:
    plan = _guest(client)
    planner.fault = InputError("bad-photograph", "no face", field="photo", hint="another one")
    failed = client.post("/consult", data=LEAST, headers=PAGE).headers["location"]
    client.get(f"{failed}/events")
    wrong = LEAST | {"patient.age_years": "520"}
    for _ in range(clinics.MOST_GUESTS + 2):
        form = Form(client.post("/consult", data=wrong, files=FACE, headers=PAGE).text)
        assert "photo.kept" in dict(form.filled)
    assert client.get(plan).status_code == 200
    assert "no face" in client.get(failed).text.lower()


def test_a_form_that_comes_back_again_is_stored_once(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_guest_app(make_plan=planner) as app, TestClient(app, base_url=HERE, follow_redirects=False) as client:
        uploaded: dict[str, str] = {}
        for address in ("/points", "/points", "/consult", "/points"):
            wrong = LEAST | {"patient.age_years": "520"} | uploaded
            sent = FACE if not uploaded or address == "/consult" else None
            shown = Form(client.post(address, data=wrong, files=sent, headers=PAGE).text)
            uploaded = {"photo.kept": dict(shown.filled)["photo.kept"]}
        (root,) = tmp_path.iterdir()
        assert len(list((root / "files").iterdir())) == 1
        plan = _guest(client, data=LEAST | uploaded)
        assert len(list((root / "files").iterdir())) == 1
        answers = client.get(client.get(f"{plan}/answers").headers["location"])
        assert dict(Form(answers.text).filled) == LEAST | uploaded
        assert _guest(client, data=LEAST | uploaded) != plan  # who plans again has a plan of their own
        assert client.get(plan).status_code == 200


def test_a_plan_that_is_waited_for_is_not_removed(
    client: TestClient, planner: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    planner.seconds = 60.0
    monkeypatch.setattr(clinics, "MOST_GUESTS", 1)
    job = client.post("/consult", data=LEAST, headers=PAGE).headers["location"]
    for _ in range(3):
        client.post("/points", data=LEAST, files=FACE)
    planner.seconds = 0.0
    client.get(f"{job}/events")
    assert client.get(client.get(job).headers["location"]).status_code == 200


def test_of_many_forms_at_once_some_are_refused_and_all_others_are_planned(
    client: TestClient, planner: Planner
) -> None:
    planner.seconds = 0.02
    found: list[int] = []

    def send() -> None:
        sent = client.post("/consult", data=LEAST)
        found.append(sent.status_code if sent.status_code != 303 else client.get(sent.headers["location"]).status_code)

    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {200, 503}
    assert found.count(200) == planner.made


def test_nothing_is_left_when_the_app_ends(planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_guest_app(make_plan=planner) as app, TestClient(app, base_url=HERE) as client:
        client.post("/consult", data=LEAST | {"clinic.phone": "+31 20 555 0100"}, files=FACE)
        (root,) = tmp_path.iterdir()
        assert root.stat().st_mode & 0o077 == 0  # nobody else on this machine reads it
        files = {path for path in root.rglob("*") if path.is_file()}
        assert files
        for written in (b"555 0100", FACE["photo"][1][:40], b"telangiectasia"):
            assert not any(written in path.read_bytes() for path in files), (
                "what a killed program leaves opens to nobody"
            )
        client.post("/consult", data=LEAST | {"patient.age_years": "520"})
        assert {path for path in root.rglob("*") if path.is_file()} == files, "a refused case leaves nothing"
    assert not list(tmp_path.iterdir())


def test_what_a_killed_program_left_readable_is_removed(
    planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folders = [tmp_path / f".{name}.{'0' * 16}" for name in ("skinbeam-clinic", "skinbeam-app")]
    for folder in folders:
        folder.mkdir()
        (folder / "photograph").write_bytes(FACE["photo"][1])
    with open_guest_app(make_plan=planner):
        assert not [folder for folder in folders if folder.exists()]


# --- what a guest may do, and where -----------------------------------------------------------------------------------


def test_guests_plan_and_do_nothing_else() -> None:
    """Their routes show and change consultations and plans; those of people, consents and treatments are not there."""
    parts = {path.split("/")[1] for _, path in GUEST_ROUTES}
    assert parts == {"", "suitability", "points", "consult", "consultations", "photographs", "jobs", "plans"}
    changing = {path for method, path in GUEST_ROUTES if method != "GET"}
    assert changing == {
        "/suitability",
        "/points",
        "/consult",
        "/consultations/{consultation}/answers",
        "/consultations/{consultation}/plan",
        "/jobs/{job}/cancel",
        "/plans/{plan}/what-if/{option}",
    }
    for (_, path), door in GUEST_ROUTES.items():
        assert door in (RouteAccess.ANYBODY, AccessRight.READ, AccessRight.WRITE, AccessRight.TREAT)
        assert ("{" in path) == (door is not RouteAccess.ANYBODY), "what is of a record is asked for by its id"


def test_other_routes_of_a_clinic_are_not_there_for_guests(client: TestClient) -> None:
    there = {}
    for method, path in sorted(set(ROUTES) - set(GUEST_ROUTES)):
        answer = client.request(method, path.format_map(Zeros()), data={"x": "y"} if method == "POST" else None)
        refusal = answer.status_code, answer.json()["error"]["code"]
        if refusal not in ((404, "not-found"), (405, "method-not-allowed")):
            there[method, path] = refusal
    assert not there


class Zeros(dict[str, str]):
    """Every parameter of a path."""

    def __missing__(self, key: str) -> str:
        return "0" * 32


def test_every_link_of_a_guests_pages_leads_somewhere(client: TestClient, planner: Planner) -> None:
    plan = _guest(client, files=FACE)
    pages = [plan, client.get(f"{plan}/answers").headers["location"], "/"]
    for page in pages:
        shown = client.get(page).text
        for address in set(re.findall(r'(?:href|src|action|formaction|hx-get|data-save)="(/[^"#]*)"', shown)):
            answer = client.get(address)
            posted = {path for method, path in GUEST_ROUTES if method == "POST"}
            pattern = re.sub(r"[0-9a-f]{32}", "{}", address.partition("?")[0])
            sent = any(re.sub(r"{\w+}", "{}", path) == pattern for path in posted)
            assert answer.status_code in (200, 303) or sent, address


def test_guests_do_not_see_each_other(client: TestClient, planner: Planner) -> None:
    """Whoever has no address of a consultation finds nothing of it, on any page."""
    mine, other = (_guest(client, data=LEAST | {"clinic.phone": phone}, files=FACE) for phone in ("0100", "0200"))
    of_others = {other.split("/")[-1], client.get(f"{other}/answers").headers["location"].split("/")[-1], "0200"}
    for page in (mine, client.get(f"{mine}/answers").headers["location"], "/"):
        shown = client.get(page).text
        assert not any(part in shown for part in of_others)
    assert not client.cookies


def test_a_server_with_records_has_no_way_in_for_guests(two: Clinics) -> None:
    browser = two.browser()
    for path in ("/consult", "/points"):
        assert browser.post(path, data=LEAST).status_code == 404
    repositories = two.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    address = f"/consultations/{consultation.id}"
    assert browser.get(address).headers["location"] == "/sign-in"
    for sent in ("answers", "plan"):
        assert browser.post(f"{address}/{sent}", data=LEAST).status_code == 401
    plan = two.plan(two.browser(Role.CLINICIAN), address)
    for path in (plan, f"{plan}/files/plan.json", f"{plan}/what-if/0.0"):
        assert browser.get(path).headers["location"] == "/sign-in"
    for path in ("answers", "plan.json"):
        assert two.browser(Role.CLINICIAN).get(f"{plan}/{path}").status_code == 404


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Clinics]:
    with two_clinics(tmp_path) as made:
        yield made


# --- listening --------------------------------------------------------------------------------------------------------


def test_an_address_that_is_taken_is_an_input_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen") as error:
        serve_guests("127.0.0.1", taken.getsockname()[1])
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
    serve_guests(host, port)
    printed = capsys.readouterr().out
    assert f"http://{host}:{port}" in printed
    assert ("no login" in printed) == warned


def test_the_default_address_is_this_machine() -> None:
    assert inspect.signature(serve).parameters["host"].default == "127.0.0.1"
