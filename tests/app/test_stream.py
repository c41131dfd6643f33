"""A plan told while it is made: each step, then its address; who no longer listens ends it."""

import asyncio
import threading
from collections.abc import Callable

from app_samples import LEAST, Planner
from starlette.testclient import TestClient

from skinbeam.app import security
from skinbeam.app.stream import events
from skinbeam.errors import InputError
from skinbeam.messages import Message

DEVICE = Message("progress.device", {"concern": "redness, cheeks", "device": "KTP laser"})
Hear = Callable[[object], None]


def told(make: Callable[..., str]) -> list[str]:
    async def all_of_it() -> list[str]:
        return [event async for event in events(make) if event != ":\n\n"]

    return asyncio.run(all_of_it())


def test_steps_come_one_by_one_and_the_address_last() -> None:
    def make(hear: Hear, _gone: Callable[[], bool]) -> str:
        hear(DEVICE)
        return "abc"

    assert told(make) == [f"event: said\ndata: {DEVICE.text}\n\n", "event: done\ndata: /plans/abc\n\n"]


def test_what_is_wrong_is_a_fault_and_nothing_of_it_is_told() -> None:
    def make(_hear: Hear, _gone: Callable[[], bool]) -> str:
        raise InputError("x", "secret", field="patient.age_years", hint="y")

    assert told(make) == ["event: fault\ndata: \n\n"]


def test_who_no_longer_listens_ends_the_plan() -> None:
    ended = threading.Event()

    def make(hear: Hear, gone: Callable[[], bool]) -> str:
        hear(DEVICE)
        while not gone():
            ended.wait(0.01)
        ended.set()
        return "abc"

    async def leave() -> None:
        listening = events(make)
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
    address = answer.text.split("event: done\ndata: ")[1].strip()
    assert client.get(f"{address}/plan.json").status_code == 200
    faulty = client.post("/consult", data=LEAST | {"patient.age_years": "520"}, headers=asked)
    assert "event: fault" in faulty.text
