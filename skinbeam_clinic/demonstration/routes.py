"""The consultation form and the plans made from it, for anyone who can reach the program. Nothing outlives it.

The plan comes from the same function as on the command line, so a case gives the same plan, byte for byte.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from skinbeam.app.bodies import form_of
from skinbeam.app.faults import refusal
from skinbeam.app.forms import Submission, submission
from skinbeam.app.live import live_page
from skinbeam.app.pages import form_page, plan_page
from skinbeam.app.planner import GoneError
from skinbeam.app.plans import Plans
from skinbeam.app.security import REPORT_POLICY
from skinbeam.app.stream import asked_for_events, event_stream

__all__ = ["FILES", "demonstration"]

FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf")

# A photograph of 30 MB over a slow line takes minutes; a body that trickles in for longer is an attack or a fault.
BODY_SECONDS = 300.0
_ASKED_SECONDS = 0.5  # how often it is asked whether somebody still waits for a plan


def demonstration(plans: Plans) -> APIRouter:
    """Return the routes of the form, whose plans are made and kept by `plans`."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    async def form() -> str:
        return form_page(Submission())

    @router.post("/suitability", response_class=HTMLResponse)
    async def suitability(request: Request) -> str:
        return await run_in_threadpool(live_page, await _received(request, plans))

    @router.post("/consult")
    async def consult(request: Request) -> Response:
        sent = await _received(request, plans)
        if asked_for_events(request):
            return event_stream(lambda hear, gone: plans.make(sent, gone=gone, hear=hear), partial(form_page, sent))
        async with _gone(request) as gone:
            try:
                # Left to itself when the program ends: it then stops where it next asks.
                making = partial(plans.make, sent, gone=gone.is_set)
                name = await to_thread.run_sync(making, abandon_on_cancel=True)
            except GoneError:
                return Response(status_code=204)  # nobody reads it
        return RedirectResponse(f"/plans/{name}", status_code=303)

    @router.post("/points", response_class=HTMLResponse)
    async def points(request: Request) -> str:
        sent = await _received(request, plans)
        return form_page(sent, face=await run_in_threadpool(plans.face, sent))

    @router.get("/plans/{plan}", response_class=HTMLResponse)
    async def plan(plan: str) -> HTMLResponse:
        report = (_kept(plans, plan) / "report.html").read_text(encoding="utf-8")
        return HTMLResponse(plan_page(plan, report), headers={"Content-Security-Policy": REPORT_POLICY})

    @router.get("/plans/{plan}/answers", response_class=HTMLResponse)
    async def answers(plan: str) -> str:
        sent = plans.sent(plan)
        if sent is None:
            raise refusal(404)
        return form_page(sent)

    @router.get("/plans/{plan}/{name}")
    async def file(plan: str, name: str) -> FileResponse:
        folder = _kept(plans, plan)
        if name not in FILES:
            raise refusal(404)
        policy = {"Content-Security-Policy": REPORT_POLICY} if name == "report.html" else None
        return FileResponse(folder / name, headers=policy)

    return router


@asynccontextmanager
async def _gone(request: Request) -> AsyncIterator[threading.Event]:
    """Give what is set as soon as nobody waits for the answer any more: the tab was closed, or the line is cut."""
    gone = threading.Event()

    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(_ASKED_SECONDS)
        gone.set()

    watching = asyncio.create_task(watch())
    try:
        yield gone
    finally:
        gone.set()
        watching.cancel()


async def _received(request: Request, plans: Plans) -> Submission:
    """Read the body of a form, within its time and size; the photograph is kept in case the form comes back.

    Raises
    ------
    RefusedError : 400 (a body that is not whole, a field twice), 408 or 413.
    HTTPException : the body is not a form.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await form_of(request)
    except TimeoutError:
        raise refusal(408) from None
    try:
        fields = [(name, value) for name, value in data.multi_items() if isinstance(value, str)]
        before = next((value for name, value in fields if name == "photo.kept"), "")
        sent = submission(((name, value) for name, value in fields if name != "photo.kept"), before)
        request.state.submission = sent  # it comes back filled if the photograph cannot be kept
        upload = data.get("photo")
        if isinstance(upload, UploadFile) and upload.filename:
            sent = replace(sent, photo=await run_in_threadpool(plans.keep_photograph, await upload.read()))
            request.state.submission = sent
    finally:
        await data.close()
    return sent


def _kept(plans: Plans, name: str) -> Path:
    folder = plans.folder(name)
    if folder is None:
        raise refusal(404)
    return folder
