"""Routes of the demonstration form and its plans, for anyone who can reach the program; nothing outlives the program.

The plan is made by the same function as on the command line, so a case gives the same plan, byte for byte.
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

from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.consultations.suitability import render_suitability
from skinbeam_clinic.demonstration.events import accepts_events, stream_events
from skinbeam_clinic.demonstration.plans import DemonstrationPlans, RequesterGoneError
from skinbeam_clinic.web.errors import refusal
from skinbeam_clinic.web.form_body import read_form
from skinbeam_clinic.web.pages import render_form, render_plan
from skinbeam_clinic.web.security import REPORT_POLICY

__all__ = ["DEMONSTRATION_FILES", "demonstration_router"]

DEMONSTRATION_FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf")

# A photograph of 30 MB over a slow connection takes minutes; a body that takes longer is an attack or an error.
BODY_SECONDS = 300.0
_POLL_SECONDS = 0.5  # between two checks whether the client is still connected


def demonstration_router(plans: DemonstrationPlans) -> APIRouter:
    """Return a router of the form, whose plans are made and stored by `plans`."""
    router = APIRouter()

    @router.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def form() -> str:
        return render_form(Submission())

    @router.post("/suitability", response_class=HTMLResponse)
    async def suitability(request: Request) -> str:
        return await run_in_threadpool(render_suitability, await _receive_form(request, plans))

    @router.post("/consult")
    async def consult(request: Request) -> Response:
        sent = await _receive_form(request, plans)
        if accepts_events(request):
            return stream_events(lambda hear, gone: plans.make(sent, gone=gone, hear=hear), partial(render_form, sent))
        async with _watch_disconnect(request) as gone:
            try:
                # Abandoned when the program ends: the thread then stops when it next checks `gone`.
                making = partial(plans.make, sent, gone=gone.is_set)
                name = await to_thread.run_sync(making, abandon_on_cancel=True)
            except RequesterGoneError:
                return Response(status_code=204)  # nobody reads it
        return RedirectResponse(f"/plans/{name}", status_code=303)

    @router.post("/points", response_class=HTMLResponse)
    async def points(request: Request) -> str:
        sent = await _receive_form(request, plans)
        return render_form(sent, face=await run_in_threadpool(plans.face_points, sent))

    @router.api_route("/plans/{plan}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def plan(plan: str) -> HTMLResponse:
        report = (_plan_folder(plans, plan) / "report.html").read_text(encoding="utf-8")
        return HTMLResponse(render_plan(plan, report), headers={"Content-Security-Policy": REPORT_POLICY})

    @router.api_route("/plans/{plan}/answers", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def answers(plan: str) -> str:
        sent = plans.submission(plan)
        if sent is None:
            raise refusal(404)
        return render_form(sent)

    @router.api_route("/plans/{plan}/{name}", methods=["GET", "HEAD"])
    async def file(plan: str, name: str) -> FileResponse:
        folder = _plan_folder(plans, plan)
        if name not in DEMONSTRATION_FILES:
            raise refusal(404)
        policy = {"Content-Security-Policy": REPORT_POLICY} if name == "report.html" else None
        return FileResponse(folder / name, headers=policy)

    return router


@asynccontextmanager
async def _watch_disconnect(request: Request) -> AsyncIterator[threading.Event]:
    """Yield an event that is set as soon as the client disconnects."""
    gone = threading.Event()

    async def watch() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(_POLL_SECONDS)
        gone.set()

    watching = asyncio.create_task(watch())
    try:
        yield gone
    finally:
        gone.set()
        watching.cancel()


async def _receive_form(request: Request, plans: DemonstrationPlans) -> Submission:
    """Read the body of a form, within its time and size; the photograph is stored in case the form is shown again.

    Raises
    ------
    RefusedError : 400 (an incomplete body, a duplicate field), 408 or 413.
    HTTPException : the body is not a form.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await read_form(request)
    except TimeoutError:
        raise refusal(408) from None
    try:
        fields = [(name, value) for name, value in data.multi_items() if isinstance(value, str)]
        before = next((value for name, value in fields if name == "photo.kept"), "")
        sent = make_submission(((name, value) for name, value in fields if name != "photo.kept"), before)
        request.state.submission = sent  # the error page shows the filled form if the photograph cannot be stored
        upload = data.get("photo")
        if isinstance(upload, UploadFile) and upload.filename:
            sent = replace(sent, photo=await run_in_threadpool(plans.store_photograph, await upload.read()))
            request.state.submission = sent
    finally:
        await data.close()
    return sent


def _plan_folder(plans: DemonstrationPlans, name: str) -> Path:
    folder = plans.folder(name)
    if folder is None:
        raise refusal(404)
    return folder
