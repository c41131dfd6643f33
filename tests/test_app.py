"""The app: what it answers, to whom, and that its plan is the plan of the command line."""

import asyncio
import html.parser
import inspect
import json
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from fastapi.routing import APIRoute
from jinja2 import Environment, meta, nodes
from starlette.testclient import TestClient

from skinbeam.app import pages, plans, security, server
from skinbeam.app.forms import submission
from skinbeam.app.pages import HISTORY_GROUPS, Choice, FormPage, Group, PlanPage, ShownFault
from skinbeam.cli.commands import serve
from skinbeam.errors import InputError
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import HISTORY
from skinbeam.schema.load import parse

EXAMPLE = Path(__file__).parents[1] / "examples" / "first-consultation"
PAGE = {"accept": "text/html,application/xhtml+xml"}

# The smallest form that is a consultation.
LEAST = {"patient.age_years": "42", "concern.0.condition": "redness", "concern.0.site": "cheeks"}

# A form with something in every kind of field, two rows of each table skipped.
FULL: list[tuple[str, str]] = [
    ("patient.age_years", "52"),
    ("patient.sex", "female"),
    ("patient.phototype", "III-IV"),
    ("patient.ita_deg", "31,5"),
    ("patient.tan", "recent"),
    ("patient.downtime_days_accepted", "3"),
    ("patient.expectation", "noticeable"),
    ("patient.lactating", "true"),
    ("concern.0.condition", "facial-telangiectasia"),
    ("concern.0.site", "cheeks"),
    ("concern.0.severity", "moderate-severe"),
    ("concern.0.area_cm2", "40"),
    ("concern.2.condition", "age-spots"),
    ("concern.2.site", "nose"),
    ("concern.2.lesion_signs", "new"),
    ("concern.2.lesion_signs", "irregular"),
    ("concern.2.diagnosed", "true"),
    ("concern.2.diagnosed_by", 'a "dermatologist" & <others>'),
    ("concern.2.diagnosis_method", "dermoscopy"),
    ("concern.2.diagnosis_date", "2026-11-02"),
    ("patient.medications.0.name", "doxycycline"),
    ("patient.medications.2.name", "isotretinoin"),
    ("patient.medications.2.last_dose_months", "14"),
    ("patient.history", "herpes-labialis"),
    ("patient.history", "keloid"),
    ("clinic.devices", "ktp-532"),
    ("clinic.devices", "pulsed-dye-595"),
]
FULL_TABLES = {
    "patient": {
        "age_years": 52.0,
        "sex": "female",
        "phototype": "III-IV",
        "ita_deg": 31.5,
        "tan": "recent",
        "downtime_days_accepted": 3.0,
        "expectation": "noticeable",
        "lactating": True,
        "history": ["herpes-labialis", "keloid"],
        "medications": [{"name": "doxycycline"}, {"name": "isotretinoin", "last_dose_months": 14.0}],
    },
    "concern": [
        {"condition": "facial-telangiectasia", "site": "cheeks", "severity": "moderate-severe", "area_cm2": 40.0},
        {
            "condition": "age-spots",
            "site": "nose",
            "lesion_signs": ["new", "irregular"],
            "diagnosed": True,
            "diagnosed_by": 'a "dermatologist" & <others>',
            "diagnosis_method": "dermoscopy",
            "diagnosis_date": "2026-11-02",
        },
    ],
    "clinic": {"devices": ["ktp-532", "pulsed-dye-595"]},
}


class Form(html.parser.HTMLParser):
    """What a browser would send back from a page, and what the page says."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.filled: list[tuple[str, str]] = []
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.controls: dict[str, Mapping[str, str | None]] = {}
        self.tags: list[str] = []
        self.words = ""
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        seen = dict(attrs)
        if "id" in seen:
            self.ids.append(str(seen["id"]))
        if tag == "label":
            self.labels.add(str(seen["for"]))
        if tag in ("input", "select") and "name" in seen:
            self.controls[str(seen["id"])] = seen
        if tag == "select":
            self._select = str(seen["name"])
        elif tag == "option" and "selected" in seen:
            self.filled.append((self._select, str(seen["value"])))
        elif tag == "input" and "name" in seen:
            ticked = seen["type"] == "checkbox" and "checked" in seen
            if ticked or (seen["type"] in ("text", "date") and seen["value"]):
                self.filled.append((str(seen["name"]), str(seen["value"])))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(server.build_app(), base_url="http://127.0.0.1:8000", follow_redirects=False) as made:
        yield made


class Planner:
    """Stands in for the planning of a case, which takes seconds; counts how many plans are made at once."""

    def __init__(self) -> None:
        self.made = self.at_once = self.most_at_once = 0
        self.seconds = 0.0

    def __call__(self, loaded: Any, folder: Path, *, photo: Path | None = None) -> tuple[dict[str, Any], list[Path]]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.seconds)
        self.made += 1
        self.at_once -= 1
        for name in server._FILES:
            (folder / name).write_text("<html>\n<body>\n<p>report</p>\n", encoding="utf-8")
        return {"plan_sha256": loaded.sha256(photo)[::-1]}, []


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> Planner:
    made = Planner()
    monkeypatch.setattr(plans, "consult", made)
    return made


# --- the form and the case file ---------------------------------------------------------------------------------------


def test_a_form_is_the_tables_of_a_case_file() -> None:
    assert submission(FULL).tables == FULL_TABLES
    parse(Case, FULL_TABLES, file="form")


@pytest.mark.parametrize(
    ("text", "value"),
    [("40", 40.0), ("4.25", 4.25), ("4,25", 4.25), ("-12,5", -12.5), ("1,000", "1,000"), ("1e3", "1e3"), ("٣", "٣")],
)
def test_decimal_comma_is_read_and_doubtful_numbers_are_left_to_the_schema(text: str, value: object) -> None:
    assert submission([("concern.0.area_cm2", text)]).tables == {"concern": [{"area_cm2": value}]}


@pytest.mark.parametrize(
    ("path", "message", "field"),
    [
        ("patient.age_years", "", "patient.age_years"),
        ("patient", "", "patient.age_years"),
        ("concern", "", "concern.0.condition"),
        ("concern[0].site", "", "concern.0.site"),
        ("concern[1].area_cm2", "", "concern.2.area_cm2"),  # the second concern that was filled is the third row
        ("concern[1].lesion_signs[0]", "", "concern.2.lesion_signs"),
        ("concern[1]", "diagnosed = true without diagnosed_by, diagnosis_date", "concern.2.diagnosed_by"),
        ("(file)", "concern[1] is redness at cheeks, as is concern[0]", "concern.2.condition"),
        ("patient.medications[1].last_dose_months", "", "patient.medications.2.last_dose_months"),
        ("patient.history[3]", "", "patient.history"),
        ("photo.file", "", "photo"),
    ],
)
def test_a_fault_in_the_case_points_at_its_field(path: str, message: str, field: str) -> None:
    assert submission(FULL).field(path, message) == field


def test_every_word_of_the_history_is_asked_once_and_has_its_label() -> None:
    asked = [word for group in HISTORY_GROUPS.values() for word in group]
    assert sorted(asked) == sorted(HISTORY)


def test_every_control_has_its_own_label(client: TestClient) -> None:
    form = Form(client.get("/").text)
    assert set(form.controls) <= form.labels
    assert len(form.ids) == len(set(form.ids))
    assert "script" not in form.tags


@pytest.mark.parametrize(
    ("name", "value", "field", "words"),
    [
        ("patient.age_years", "520", "patient.age_years", "Age (years): is out of range"),
        ("concern.2.area_cm2", "much", "concern.2.area_cm2", "Concern 3, Area (cm²): is not a number"),
        ("concern.2.diagnosis_date", "soon", "concern.2.diagnosis_date", "Concern 3, When: is not a date"),
        ("patient.medications.3.last_dose_months", "2", "patient.medications.3.name", "Medicine 4, Name: this is"),
        ("concern.4.site", "chin", "concern.4.condition", "Concern 5, Condition: this is needed"),
    ],
)
def test_after_a_fault_every_field_keeps_its_value(
    client: TestClient, name: str, value: str, field: str, words: str
) -> None:
    sent = [(key, text) for key, text in FULL if key != name] + [(name, value)]
    answer = client.post("/consult", data=_grouped(sent), headers=PAGE)
    form = Form(answer.text)
    assert answer.status_code == 422
    assert sorted(form.filled) == sorted(sent)
    assert [key for key, seen in form.controls.items() if "autofocus" in seen] == [field]
    assert form.controls[field]["aria-invalid"] == "true"
    assert form.controls[field]["aria-describedby"] == "why"
    assert form.words.count(words) == 2  # above the form and at the field


def test_the_photograph_is_kept_with_the_answers(client: TestClient, planner: Planner) -> None:
    photo = {"photo": ("me.jpg", (EXAMPLE / "face.jpg").read_bytes(), "image/jpeg")}
    faulty = client.post("/consult", data=LEAST | {"patient.age_years": "520"}, files=photo, headers=PAGE)
    kept = dict(Form(faulty.text).filled)["photo.kept"]
    with_photo = client.post("/consult", data=LEAST | {"photo.kept": kept})
    directly = client.post("/consult", data=LEAST, files=photo)
    without = client.post("/consult", data=LEAST)
    assert with_photo.headers["location"] == directly.headers["location"] != without.headers["location"]
    again = client.get(f"{directly.headers['location']}/answers")
    assert sorted(Form(again.text).filled) == sorted([*LEAST.items(), ("photo.kept", kept)])


def test_a_photograph_that_cannot_be_read_is_the_fault_and_is_not_kept(client: TestClient) -> None:
    photo = {"photo": ("me.jpg", b"no picture", "image/jpeg")}
    form = Form(client.post("/consult", data=LEAST, files=photo, headers=PAGE).text)
    assert "is not a picture" in form.words
    assert "autofocus" in form.controls["photo"]
    assert "photo.kept" not in form.controls
    gone = client.post("/consult", data=LEAST | {"photo.kept": "0" * 64})
    assert gone.json()["error"]["code"] == "photo-gone"


def _grouped(entries: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [text for key, text in entries if key == name] for name, _ in entries}


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


SMALL_CASE = """
title = "no part of the plan"
[patient]
age_years = 42
phototype = "II-III"
pregnant = false
history = ["herpes-labialis", "keloid"]
medications = [{name = "aspirin"}, {name = "isotretinoin", last_dose_months = 14.5}]
[[concern]]
condition = "facial-telangiectasia"
site = "cheeks"
severity = "mild-moderate"
area_cm2 = 12.5
diagnosed = true
diagnosed_by = "dermatologist"
diagnosis_method = "examination"
diagnosis_date = 2026-11-02
[clinic]
devices = ["pulsed-dye-595"]
"""


@pytest.mark.parametrize("photo", ["", "face.jpg"], ids=["without-photograph", "with-photograph"])
def test_a_form_gives_the_plan_of_its_case_file(client: TestClient, tmp_path: Path, photo: str) -> None:
    source = (EXAMPLE / "case.toml").read_text(encoding="utf-8") if photo else SMALL_CASE
    upload = None
    if photo:
        (tmp_path / photo).write_bytes((EXAMPLE / photo).read_bytes())
        upload = {"photo": (photo, (EXAMPLE / photo).read_bytes(), "image/jpeg")}
    (tmp_path / "case.toml").write_text(source, encoding="utf-8")
    tables = tomllib.loads(source)
    entries = [(name, text) for name, text in _entries(tables) if name not in ("title", "photo.file")]

    sent = client.post("/consult", data=_grouped(entries), files=upload)
    assert sent.status_code == 303, sent.text
    plan = sent.headers["location"]
    by_file = _command_line(tmp_path / "case.toml", tmp_path / "out")
    assert plan == f"/plans/{json.loads((by_file / 'plan.json').read_text(encoding='utf-8'))['plan_sha256']}"
    for name in server._FILES:
        assert client.get(f"{plan}/{name}").content == (by_file / name).read_bytes(), name
    shown = client.get(plan).text
    bar = shown[shown.index("<body>\n") + 7 : shown.index("</nav>\n") + 7]
    assert shown.replace(bar, "", 1) == (by_file / "report.html").read_text(encoding="utf-8")
    for name in ("plan.json", "report.pdf", "leaflet.pdf", "answers"):
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
    monkeypatch.setattr(plans, "_KEPT", 2)
    made = [client.post("/consult", data=LEAST | {"patient.age_years": age}).headers["location"] for age in "234"]
    assert [client.get(f"{plan}/plan.json").status_code for plan in made] == [404, 200, 200]


def test_nothing_is_left_when_the_app_ends(planner: Planner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with TestClient(server.build_app(), base_url="http://127.0.0.1:8000") as client:
        client.post("/consult", data=LEAST, files={"photo": ("a.jpg", (EXAMPLE / "face.jpg").read_bytes())})
        client.post("/consult", data=LEAST | {"patient.age_years": "520"})
        (root,) = tmp_path.iterdir()
        assert root.stat().st_mode & 0o077 == 0  # nobody else on this machine reads it
        assert len([path for path in root.iterdir() if path.is_dir()]) == 1  # a refused case leaves nothing
    assert not list(tmp_path.iterdir())


# --- refusals ---------------------------------------------------------------------------------------------------------


def _asks(client: TestClient) -> dict[str, tuple[str, str, dict[str, Any], int]]:
    """Route → a request that it must refuse, and with what."""
    return {
        "/": ("PUT", "/", {}, 405),
        "/consult": ("POST", "/consult", {"data": LEAST | {"patient.age_years": "520"}}, 422),
        "/plans/{digest}": ("GET", f"/plans/{'0' * 64}", {}, 404),
        "/plans/{digest}/answers": ("GET", f"/plans/{'0' * 64}/answers", {}, 404),
        "/plans/{digest}/{name}": ("GET", f"/plans/{'0' * 64}/plan.json", {}, 404),
        "/static": ("GET", "/static/../server.py", {}, 404),
        "no such path": ("GET", "/nowhere", {}, 404),
    }


def test_every_route_refuses_in_one_shape(client: TestClient) -> None:
    asks = _asks(client)
    app: Any = client.app
    assert {route.path for route in app.routes} == set(asks) - {"no such path"}
    assert all(isinstance(route, APIRoute) for route in app.routes if route.path != "/static")
    for method, path, how, status in asks.values():
        answer = client.request(method, path, **how)
        assert answer.status_code == status, path
        assert set(answer.json()) == {"error"}
        record = answer.json()["error"]
        assert {"code", "message", "field", "hint"} <= set(record)
        assert all(record.values())
        page = client.request(method, path, headers=PAGE, **how)
        assert page.status_code == status
        assert "One thing needs mending" in Form(page.text).words
        for one in (answer, page):
            assert {name: one.headers[name] for name in security.HEADERS} == security.HEADERS


def test_every_answer_has_the_headers(client: TestClient, planner: Planner) -> None:
    sent = client.post("/consult", data=LEAST)
    plan = sent.headers["location"]
    for answer in (
        sent,
        *(client.get(path) for path in ("/", "/static/app.css", f"{plan}/answers", f"{plan}/plan.json")),
    ):
        assert answer.status_code in (200, 303)
        assert {name: answer.headers[name] for name in security.HEADERS} == security.HEADERS
    for path in (plan, f"{plan}/report.html"):  # a report carries its own style sheet; nothing else is looser
        headers = client.get(path).headers
        assert headers["content-security-policy"] == security.REPORT_POLICY
        assert "script-src" not in security.REPORT_POLICY
        assert "default-src 'none'" in security.REPORT_POLICY
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),  # not a browser
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"}, False),
        ({"origin": "http://127.0.0.1:8000"}, True),
        ({"origin": "http://127.0.0.1:8001"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_only_our_own_page_may_send(
    client: TestClient, planner: Planner, headers: dict[str, str], allowed: bool
) -> None:
    answer = client.post("/consult", data=LEAST, headers=headers)
    assert answer.status_code == (303 if allowed else 403)
    assert planner.made == allowed
    if not allowed:
        assert answer.json()["error"]["code"] == "cross-site"


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_is_bounded_however_it_is_announced(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, announced: bool
) -> None:
    monkeypatch.setattr(security, "MAX_BODY_BYTES", 10_000)
    head = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
    parts = [head, *[b"a" * 2_000] * 6, b"\r\n--x--\r\n"]
    content: Any = b"".join(parts) if announced else iter(parts)
    answer = client.post("/consult", content=content, headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 413
    assert answer.json()["error"]["field"] == "photo"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"no boundary", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"a" * 20_000 + b"\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (
            (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n' * 501) + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (
            (b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\na\r\n' * 2) + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
    ids=["no-boundary", "long-field", "many-fields", "two-files"],
)
def test_a_body_that_is_not_the_form_is_refused(client: TestClient, content: bytes, kind: str) -> None:
    answer = client.post("/consult", content=content, headers={"content-type": kind})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad-request"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("laser.device", "ktp-532", "unknown-key"),
        ("patient.name", "Somebody", "unknown-key"),
        ("photo", "face.jpg", "wrong-shape"),
        ("photo.file", "/etc/hostname", "unknown-key"),
        ("clinic.devices", "../private.toml", "unknown-device"),
        ("clinic.devices", "ktp", "unknown-device"),
        ("patient.history", "keloids", "unknown-word"),
        ("patient.pregnant", "perhaps", "not-a-flag"),
    ],
)
def test_what_the_form_does_not_ask_is_refused(
    client: TestClient, planner: Planner, name: str, value: str, code: str
) -> None:
    answer = client.post("/consult", data=LEAST | {name: value})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code
    page = Form(client.post("/consult", data=LEAST | {name: value}, headers=PAGE).text)
    marked = [key for key, seen in page.controls.items() if "autofocus" in seen]
    assert marked == (["photo"] if name.startswith("photo") else [])  # what the form has no field for stands above it
    assert planner.made == 0


def test_a_body_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError("the app waited on")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/consult",
        "raw_path": b"/consult",
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x")],
        "scheme": "http",
    }
    asyncio.run(server.build_app()(scope, receive, send))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "too-slow"


def test_a_defect_shows_nothing_of_its_inside_and_keeps_the_form(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(plans, "consult", fail)
    answer = client.post("/consult", data=LEAST)
    page = client.post("/consult", data=LEAST, headers=PAGE)
    assert answer.status_code == page.status_code == 500
    assert answer.json()["error"]["code"] == "defect"
    assert set(LEAST.items()) <= set(Form(page.text).filled)
    for one in (answer, page):
        assert "secret" not in one.text
        assert {name: one.headers[name] for name in security.HEADERS} == security.HEADERS
    assert "secret of the inside" in caplog.text  # the log of the program has it


# --- the contract of the templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("template", "context"), [("form.html", FormPage), ("plan.html", PlanPage)])
def test_a_template_reads_exactly_the_documented_fields(template: str, context: Any) -> None:
    source = (Path(pages.__file__).parent / "templates" / template).read_text(encoding="utf-8")
    tree = Environment().parse(source)
    macros = {node.name for node in tree.find_all(nodes.Macro)}
    assert meta.find_undeclared_variables(tree) - macros - {"t", "label"} == {field.name for field in fields(context)}
    for hint in get_type_hints(context, include_extras=True).values():
        assert hint.__metadata__[0]


def test_the_records_inside_the_form_are_read_whole() -> None:
    source = (Path(pages.__file__).parent / "templates" / "form.html").read_text(encoding="utf-8")
    read = {(str(getattr(n.node, "name", "")), n.attr) for n in Environment().parse(source).find_all(nodes.Getattr)}
    assert {attr for of, attr in read if of == "fault"} - {"startswith"} == {f.name for f in fields(ShownFault)}
    assert {attr for of, attr in read if of == "group"} == {f.name for f in fields(Group)}
    assert {attr for of, attr in read if of in ("one", "sign", "word", "device")} == {f.name for f in fields(Choice)}


# --- listening --------------------------------------------------------------------------------------------------------


def test_an_address_that_is_taken_is_an_input_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen") as error:
        server.run("127.0.0.1", taken.getsockname()[1])
    assert error.value.field == "--port"


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
    server.run(host, port)
    printed = capsys.readouterr().out
    assert f"http://{host}:{port}" in printed
    assert ("no login" in printed) == warned


def test_the_default_address_is_this_machine() -> None:
    assert inspect.signature(serve).parameters["host"].default == "127.0.0.1"
