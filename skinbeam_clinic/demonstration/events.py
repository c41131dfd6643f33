"""A plan being made, told as server-sent events; who no longer listens ends it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import StreamingResponse

from skinbeam.app.faults import refusal_of
from skinbeam.app.planner import GoneError
from skinbeam.app.steps import said
from skinbeam.errors import InputError
from skinbeam.messages import Message, speaking, spoken
from skinbeam.plan.records import ConcernPlan

__all__ = ["asked_for_events", "event_stream", "events"]

_KIND = "text/event-stream"
_AT_ONCE = {"X-Accel-Buffering": "no"}  # a server before this one would hold events back until there are many

_BEAT_S = 1.0  # between two signs of life: sending one is how it is noticed that nobody listens

Make = Callable[[Callable[[Message | ConcernPlan], None], Callable[[], bool]], str]


def asked_for_events(request: Request) -> bool:
    """Return whether who asks wants to hear of each step."""
    return _KIND in request.headers.get("accept", "")


def event_stream(make: Make, page: Callable[[InputError], str]) -> StreamingResponse:
    """Return `events` as the answer to a request."""
    return StreamingResponse(events(make, page), media_type=_KIND, headers=_AT_ONCE)


async def events(make: Make, page: Callable[[InputError], str]) -> AsyncIterator[str]:
    """Yield `said` with a line for each step of a plan, then `done` with its address, or `fault` with a page.

    The data of an event are a JSON string.

    Parameters
    ----------
    make : given who hears the plan and whether nobody waits for it any more; returns the name it is kept under.
    page : the page that tells what was wrong.
    """
    loop, gone, language = asyncio.get_running_loop(), threading.Event(), spoken()
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def tell(kind: str, words: str) -> None:
        with suppress(RuntimeError):  # the program ended meanwhile
            loop.call_soon_threadsafe(told.put_nowait, (kind, words))

    def step(what: Message | ConcernPlan) -> None:
        with speaking(language):  # of who listens; the plan itself is made in English
            tell("said", said(what))

    def work() -> None:
        try:
            tell("done", f"/plans/{make(step, gone.is_set)}")
        except GoneError:
            return
        except Exception as error:
            tell("fault", page(refusal_of(error).error))

    making = asyncio.ensure_future(to_thread.run_sync(work, abandon_on_cancel=True))
    try:
        while True:
            try:
                kind, words = await asyncio.wait_for(told.get(), _BEAT_S)
            except TimeoutError:
                yield ":\n\n"
                continue
            yield f"event: {kind}\ndata: {json.dumps(words)}\n\n"
            if kind != "said":
                return
    finally:
        gone.set()
        making.cancel()
