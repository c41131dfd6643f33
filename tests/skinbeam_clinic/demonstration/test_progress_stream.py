"""A plan told while it is made: each step, then its address; who no longer listens ends it."""

import asyncio
import json
import threading
from collections.abc import Callable

import pytest
from app_samples import LEAST, Form, Planner
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam.text import Message
from skinbeam_clinic.demonstration.events import plan_events
from skinbeam_clinic.web import security

DEVICE = Message("progress.device", {"concern": "redness, cheeks", "device": "KTP laser"})
Hear = Callable[[object], None]


def told(make: Callable[..., str]) -> list[str]:
    async def all_of_it() -> list[str]:
        return [event async for event in plan_events(make, str) if event != ":\n\n"]

    return asyncio.run(all_of_it())


def test_steps_come_one_by_one_and_the_address_last() -> None:
    def make(hear: Hear, _gone: Callable[[], bool]) -> str:
        hear(DEVICE)
        return "abc"

    said, done = told(make)
    assert said == f"event: said\ndata: {json.dumps(DEVICE.text)}\n\n"
    assert done == 'event: done\ndata: "/plans/abc"\n\n'


def test_what_is_wrong_comes_as_the_page_that_tells_it() -> None:
    def make(_hear: Hear, _gone: Callable[[], bool]) -> str:
        raise InputError("x", "two\nlines", field="patient.age_years", hint="y")

    (fault,) = told(make)
    assert fault.startswith("event: fault\ndata: ")
    assert "two\nlines" in json.loads(fault.split("data: ")[1])


def test_a_defect_is_told_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    def make(_hear: Hear, _gone: Callable[[], bool]) -> str:
        raise RuntimeError("secret")

    (fault,) = told(make)
    assert "defect in skinbeam" in fault
    assert "secret" not in fault
    assert "secret" in caplog.text


def test_who_no_longer_listens_ends_the_plan() -> None:
    ended = threading.Event()

    def make(hear: Hear, gone: Callable[[], bool]) -> str:
        hear(DEVICE)
        while not gone():
            ended.wait(0.01)
        ended.set()
        return "abc"

    async def leave() -> None:
        listening = plan_events(make, str)
        async for _ in listening:
            break
        await listening.aclose()  # type: ignore[attr-defined] # a generator

    asyncio.run(leave())
    assert ended.wait(10)


def test_the_form_is_answered_with_events_where_they_are_asked_for(client: TestClient, planner: Planner) -> None:
    asked = {"accept": "text/event-stream"}
    answer = client.post("/consult", data=LEAST, headers=asked)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert {name: answer.headers[name] for name in security.HEADERS} == security.HEADERS
    address = json.loads(answer.text.split("event: done\ndata: ")[1])
    assert client.get(f"{address}/plan.json").status_code == 200
    faulty = client.post("/consult", data=LEAST | {"patient.age_years": "520"}, headers=asked)
    form = Form(json.loads(faulty.text.split("event: fault\ndata: ")[1]))
    assert "Age (years): Is out of range" in form.words
    assert set((LEAST | {"patient.age_years": "520"}).items()) <= set(form.filled)


def test_a_body_that_is_refused_is_answered_with_the_page_that_the_script_shows(client: TestClient) -> None:
    asked = {"accept": "text/event-stream, text/html"}
    answer = client.post("/consult", data=LEAST | {"patient.sex": "one\ntwo"}, headers=asked)
    assert answer.status_code == 400
    assert "contains several lines" in Form(answer.text).words
