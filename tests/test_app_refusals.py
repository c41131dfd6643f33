"""Whom the app refuses: one shape of every error, bounded bodies, nothing shown of the inside."""

import asyncio
import json
from typing import Any

import pytest
from app_samples import LEAST, PAGE, Form, Planner
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from skinbeam.app import plans, security, server


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
        assert ("allow" in answer.headers) == (status == 405)
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
