"""Whom the app refuses: one shape of every error, bounded bodies, nothing shown of the inside."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal
from app_samples import LEAST, PAGE, Form, Planner
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from skinbeam.report.live_figure import script_hashes
from skinbeam_clinic.access import GUEST_ROUTES
from skinbeam_clinic.consultations.forms import MARK_FIELDS_MAX
from skinbeam_clinic.guest_clinic.server import open_guest_app
from skinbeam_clinic.web import routing, security


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[TestClient, Planner]]:
    """One app for all tests of this file: what it refuses leaves nothing behind."""
    made = Planner()
    with (
        open_guest_app(make_plan=made) as app,
        TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as client,
    ):
        yield client, made


@pytest.fixture
def client(served: tuple[TestClient, Planner]) -> TestClient:
    return served[0]


@pytest.fixture
def planner(served: tuple[TestClient, Planner]) -> Planner:
    """The stand-in for the planning, as new."""
    served[1].__init__()  # type: ignore[misc]
    return served[1]


def _asks() -> dict[tuple[str, str], tuple[str, str, dict[str, Any], int]]:
    """Route → a request that it must refuse, and with what."""
    nobodys = dict.fromkeys(("consultation", "photograph", "job", "plan", "option", "language"), "0" * 32)
    of_records = {
        (method, path): (
            method,
            path.format(**nobodys, name="plan.json"),
            {"data": LEAST} if method == "POST" else {},
            404,
        )
        for method, path in GUEST_ROUTES
        if "{" in path
    }
    return of_records | {
        ("GET", "/"): ("PUT", "/", {}, 405),
        ("POST", "/consult"): ("POST", "/consult", {"data": LEAST | {"patient.age_years": "520"}}, 422),
        ("POST", "/points"): (
            "POST",
            "/points",
            {"data": LEAST, "files": {"photo": ("me.jpg", b"no picture", "image/jpeg")}},
            422,
        ),
        ("POST", "/suitability"): ("POST", "/suitability", {"data": {"patient.age_years": "4\n2"}}, 400),
        ("GET", "/static"): ("GET", "/static/../server.py", {}, 404),
        ("GET", "no such path"): ("GET", "/nowhere", {}, 404),
    }


def _routes(of: Any) -> Iterator[Any]:
    """The routes of an app, those of the routers that it includes too."""
    for route in of.routes:
        included = getattr(route, "original_router", None)
        yield from [route] if included is None else _routes(included)


def test_every_route_refuses_in_one_shape(client: TestClient) -> None:
    app: Any = client.app
    routes = [route for route in _routes(app) if route.path != "/static"]
    assert all(isinstance(route, APIRoute) for route in routes)
    asks = _asks()
    open_routes = {(method, route.path) for route in routes for method in route.methods}
    heads = {("HEAD", path) for method, path in GUEST_ROUTES if method == "GET"}
    assert open_routes == set(GUEST_ROUTES) | heads, "GUEST_ROUTES lists every route of the app of guests, and no other"
    assert not set(GUEST_ROUTES) - set(asks), "say in `_asks` how these routes are asked wrongly"
    for method, path, how, status in asks.values():
        answer = client.request(method, path, **how)
        assert answer.status_code == status, path
        assert ("allow" in answer.headers) == (status == 405)
        assert set(answer.json()) == {"error"}
        record = answer.json()["error"]
        assert {"code", "message", "field", "hint"} <= set(record)
        assert all(record.values())
        page = client.request(method, path, headers=PAGE, **how)
        assert page.status_code == status
        assert "One entry needs correction" in Form(page.text).words
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
    for path in (f"{plan}/files/report.html", f"{plan}/report.html"):  # it has its own style sheet
        headers = client.get(path).headers
        assert headers["content-security-policy"] == security.REPORT_POLICY
        assert re.findall(r"script-src ([^;]*)", security.REPORT_POLICY) == [
            " ".join(f"'{known}'" for known in script_hashes())
        ]
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
            (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n' * (501 + MARK_FIELDS_MAX)) + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
        (
            (b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\na\r\n' * 20) + b"--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ],
    ids=["no-boundary", "long-field", "many-fields", "many-files"],
)
def test_a_body_that_is_not_the_form_is_refused(client: TestClient, content: bytes, kind: str) -> None:
    answer = client.post("/consult", content=content, headers={"content-type": kind})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad-request"


@pytest.mark.parametrize(
    "path",
    ["/static/%00", "/static/..%2fserver.py", f"/static/{'a' * 5000}", f"/plans/{'µ' * 300}/plan.json", "/plans/%ff"],
)
def test_an_address_that_names_nothing_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")


def test_a_size_of_thousands_of_digits_is_too_large(client: TestClient) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "content-length": "9" * 5000}
    answer = client.post("/consult", content=b"a=b", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "upload-too-large")


# --- a body that lost a field, or holds one twice ---------------------------------------------------------------------

MULTIPART = "multipart/form-data; boundary=x"
ONE_LINE = "application/x-www-form-urlencoded"
PREGNANT = LEAST | {"patient.pregnant": "true"}


def _part(name: str, value: str, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


def _parts(fields: dict[str, str]) -> bytes:
    return b"".join(_part(name, value) for name, value in fields.items())


WHOLE = _parts(PREGNANT) + b"--x--\r\n"


def _refused(client: TestClient, planner: Planner, content: Any, kind: str, code: str, field: str) -> None:
    """That a body is refused with its reason, for a program and for a person, and that nothing is planned."""
    headers = {"content-type": kind}
    answer = client.post("/consult", content=content, headers=headers)
    assert answer.status_code == 400, answer.text
    record = answer.json()["error"]
    assert (record["code"], record["field"]) == (code, field)
    assert record["message"]
    assert record["hint"]
    page = client.post("/consult", content=content, headers=headers | PAGE)
    assert page.status_code == 400
    message = record["message"]
    assert message[1:] in Form(page.text).words
    assert planner.made == 0


def test_a_whole_body_is_planned(client: TestClient, planner: Planner) -> None:
    """The twin of all that is refused below; a body may end with or without a line end."""
    for content in (WHOLE, WHOLE.removesuffix(b"\r\n")):
        assert client.post("/consult", content=content, headers={"content-type": MULTIPART}).status_code == 303
    assert planner.made == 2


def test_a_body_that_is_cut_off_is_refused(client: TestClient, planner: Planner) -> None:
    """Cut behind the last field that is needed, it was a whole form of somebody who is not pregnant."""
    codes = {}
    for cut in range(len(_parts(LEAST)), len(WHOLE) - 2):
        answer = client.post("/consult", content=WHOLE[:cut], headers={"content-type": MULTIPART})
        codes[cut] = answer.json()["error"]["code"] if answer.status_code == 400 else f"status {answer.status_code}"
    assert {cut: code for cut, code in codes.items() if code != "body-cut-off"} == {}
    _refused(client, planner, WHOLE[: max(codes)], MULTIPART, "body-cut-off", "request")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (_parts(LEAST) + b"--x--\r\n" + _part("patient.pregnant", "true") + b"--x--\r\n", MULTIPART),
        (WHOLE + b"and more", MULTIPART),
        (_parts(LEAST) + b"--y--\r\n", MULTIPART),
        (b"patient.age_years=42&concern.0.condition=redness&concern.0.site=cheeks&patient.pregnant", ONE_LINE),
    ],
    ids=["after-the-end", "epilogue", "another-boundary", "name-without-value"],
)
def test_an_answer_outside_the_form_is_not_passed_over(
    client: TestClient, planner: Planner, content: bytes, kind: str
) -> None:
    _refused(client, planner, content, kind, "body-cut-off", "request")


def test_a_body_shorter_than_it_says_is_refused(client: TestClient, planner: Planner) -> None:
    sent = b"patient.age_years=42&concern.0.condition=redness&concern.0.site=cheeks"
    headers = {"content-type": ONE_LINE, "content-length": str(len(sent) + len(b"&patient.pregnant=true"))}
    answer = client.post("/consult", content=sent, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "body-cut-off"
    assert planner.made == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("patient.pregnant", ("true", "false")),
        ("patient.pregnant", ("true", "")),
        ("patient.age_years", ("42", "17")),
        ("patient.age_years", ("42", "42")),
        ("concern.0.lesion_signs", ("new", "new")),
        ("concern.0.subtypes", ("red", "red")),
        ("concern.0.diagnosed", ("true", "false")),
        ("patient.history", ("keloid", "keloid")),
        ("photo.kept", ("0" * 64, "1" * 64)),
    ],
)
@pytest.mark.parametrize("kind", [MULTIPART, ONE_LINE])
def test_a_field_that_is_sent_twice_is_refused(
    client: TestClient, planner: Planner, name: str, values: tuple[str, str], kind: str
) -> None:
    rest = {key: text for key, text in LEAST.items() if key != name}
    if kind == MULTIPART:
        content = _parts(rest) + b"".join(_part(name, value) for value in values) + b"--x--\r\n"
    else:
        content = urlencode([*rest.items(), *((name, value) for value in values)]).encode()
    _refused(client, planner, content, kind, "field-twice", name)


def test_one_row_under_two_numbers_is_one_row(client: TestClient, planner: Planner) -> None:
    content = urlencode([*LEAST.items(), ("concern.00.site", "eyelid")]).encode()
    _refused(client, planner, content, ONE_LINE, "field-twice", "concern.00.site")


def test_a_second_photograph_is_refused(client: TestClient, planner: Planner) -> None:
    photographs = b"".join(_part("photo", "a", f'; filename="{name}.jpg"') for name in "ab")
    _refused(client, planner, _parts(LEAST) + photographs + b"--x--\r\n", MULTIPART, "field-twice", "photo")


def test_a_list_may_hold_several_values(client: TestClient, planner: Planner) -> None:
    several = [("patient.history", "keloid"), ("patient.history", "melasma")]
    several += [("concern.0.lesion_signs", sign) for sign in ("new", "bleeding")]
    several += [("clinic.devices", name) for name in ("ktp-532", "pulsed-dye-595")]
    content = _parts(LEAST) + b"".join(_part(name, value) for name, value in several) + b"--x--\r\n"
    assert client.post("/consult", content=content, headers={"content-type": MULTIPART}).status_code == 303
    assert planner.made == 1


def test_a_field_that_swallowed_another_is_refused(client: TestClient, planner: Planner) -> None:
    """Lines that end otherwise, and a form inside a form: what follows would be text of the field before."""
    inner = _part("patient.pregnant", "true").decode()
    for swallowed in (inner.replace("\r\n", "\n"), inner.replace("--x", "--y")):
        content = _part("patient.medications.0.name", f"aspirin\n{swallowed}") + _parts(LEAST) + b"--x--\r\n"
        _refused(client, planner, content, MULTIPART, "field-of-lines", "patient.medications.0.name")


@pytest.mark.parametrize(
    "content",
    [_part("patient.pregnant", "true", '; filename="a"'), b"--x\r\nContent-Disposition: form-data\r\n\r\ntrue\r\n"],
    ids=["as-a-file", "without-a-name"],
)
def test_a_part_that_names_no_field_of_text_is_refused(client: TestClient, planner: Planner, content: bytes) -> None:
    _refused(client, planner, content + _parts(LEAST) + b"--x--\r\n", MULTIPART, "bad-request", "request")


@pytest.mark.parametrize("name", ["patient", "concern", "clinic", "patient.medications", "patient.keloid_decision"])
@pytest.mark.parametrize("path", ["/consult", "/suitability"])
def test_an_answer_in_place_of_a_table_is_refused(client: TestClient, planner: Planner, name: str, path: str) -> None:
    for fields in ({name: "x"}, LEAST | {name: "x"}, {name: "x"} | LEAST | {f"{name}.by": "x"}):
        answer = client.post(path, data=fields)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")
    assert planner.made == 0


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
    monkeypatch.setattr(routing, "BODY_SECONDS", 0.05)
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
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x")],
        "scheme": "http",
    }
    with open_guest_app() as app, start_blocking_portal() as portal:
        portal.call(app, scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "too-slow"


def asked_for_a_page(client: TestClient, answers: dict[str, str]) -> httpx2.Response:
    """The page of the job of a form once the job has ended."""
    job = client.post("/consult", data=answers, headers=PAGE).headers["location"]
    assert client.get(f"{job}/events").text.endswith("event: ended\ndata:\n\n")
    return client.get(job, headers=PAGE)


def test_a_defect_shows_nothing_of_its_inside_and_keeps_the_form(
    client: TestClient, planner: Planner, caplog: pytest.LogCaptureFixture
) -> None:
    planner.fault = RuntimeError("secret of the inside")
    answer = client.post("/consult", data=LEAST)
    page = asked_for_a_page(client, LEAST)
    assert answer.status_code == page.status_code == 500
    assert answer.json()["error"]["code"] == "defect"
    assert set(LEAST.items()) <= set(Form(page.text).filled)
    for one in (answer, page):
        assert "secret" not in one.text
    assert {name: answer.headers[name] for name in security.HEADERS} == security.HEADERS
    assert "secret of the inside" in caplog.text  # the log of the program has it
