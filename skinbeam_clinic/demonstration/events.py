"""Stream the progress of a plan as server-sent events; the plan is cancelled when the client disconnects."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import StreamingResponse

from skinbeam.model.errors import InputError
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.text import Message, current_language, use_language
from skinbeam_clinic.demonstration.plans import RequesterGoneError
from skinbeam_clinic.plans.document import progress_line
from skinbeam_clinic.web.errors import refusal_from

__all__ = ["accepts_events", "plan_events", "stream_events"]

_EVENT_STREAM = "text/event-stream"
_UNBUFFERED = {"X-Accel-Buffering": "no"}  # a proxy would buffer events until there are many

_HEARTBEAT_S = 1.0  # between two heartbeats: only sending one shows whether the client has disconnected

PlanWork = Callable[[Callable[[Message | ConcernPlan], None], Callable[[], bool]], str]


def accepts_events(request: Request) -> bool:
    """Return whether the client accepts server-sent events."""
    return _EVENT_STREAM in request.headers.get("accept", "")


def stream_events(make: PlanWork, page: Callable[[InputError], str]) -> StreamingResponse:
    """Return `plan_events` as a response."""
    return StreamingResponse(plan_events(make, page), media_type=_EVENT_STREAM, headers=_UNBUFFERED)


async def plan_events(make: PlanWork, page: Callable[[InputError], str]) -> AsyncIterator[str]:
    """Yield `said` with a line for each step of a plan, then `done` with its address, or `fault` with a page.

    The data of an event are a JSON string.

    Parameters
    ----------
    make : receives a progress listener and a function that tells whether the client has gone; returns the plan's name.
    page : returns the page for an error.
    """
    loop, gone, language = asyncio.get_running_loop(), threading.Event(), current_language()
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def tell(kind: str, words: str) -> None:
        with suppress(RuntimeError):  # the program ended meanwhile
            loop.call_soon_threadsafe(told.put_nowait, (kind, words))

    def step(what: Message | ConcernPlan) -> None:
        with use_language(language):  # the client's language; the plan itself is made in English
            tell("said", progress_line(what))

    def work() -> None:
        try:
            tell("done", f"/plans/{make(step, gone.is_set)}")
        except RequesterGoneError:
            return
        except Exception as error:
            tell("fault", page(refusal_from(error).error))

    making = asyncio.ensure_future(to_thread.run_sync(work, abandon_on_cancel=True))
    try:
        while True:
            try:
                kind, words = await asyncio.wait_for(told.get(), _HEARTBEAT_S)
            except TimeoutError:
                yield ":\n\n"
                continue
            yield f"event: {kind}\ndata: {json.dumps(words)}\n\n"
            if kind != "said":
                return
    finally:
        gone.set()
        making.cancel()
