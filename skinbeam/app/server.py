"""One page: the consultation form, the photograph, the report. Demonstration mode; nothing outlives the program.

The plan comes from the same function as on the command line, so a case gives the same plan, byte for byte.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from skinbeam.app.bodies import form_of
from skinbeam.app.faults import RefusedError, answer, refusal
from skinbeam.app.forms import Submission, submission
from skinbeam.app.live import suitability_of
from skinbeam.app.pages import form_page, plan_page
from skinbeam.app.plans import GoneError, Plans, disk_refusals
from skinbeam.app.security import REPORT_POLICY, Guard, names_of
from skinbeam.app.stream import events
from skinbeam.errors import InputError
from skinbeam.messages import text

__all__ = ["build_app", "run"]

_FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf")
_HERE = Path(__file__).parent
_EVENTS = "text/event-stream"

# A photograph of 30 MB over a slow line takes minutes; a body that trickles in for longer is an attack or a fault.
BODY_SECONDS = 300.0
_ASKED_SECONDS = 0.5  # how often it is asked whether somebody still waits for a plan
_CLOSING_SECONDS = 3  # for answers that are under way when the program is told to end


def build_app(host: str = "127.0.0.1") -> FastAPI:
    """Return the application that listens at `host`. Its results live in a temporary folder that goes when it ends."""
    plans = Plans()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        plans.close()

    app = FastAPI(title="skinbeam", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.add_middleware(Guard, names=names_of(host))

    @app.exception_handler(InputError)
    async def wrong_input(request: Request, error: InputError) -> Response:
        return answer(request, 422, error)

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        return answer(request, error.status, error.error)

    @app.exception_handler(HTTPException)
    async def by_status(request: Request, error: HTTPException) -> Response:
        known = refusal(error.status_code)
        response = answer(request, known.status, known.error)
        response.headers.update(error.headers or {})  # 405 says what is allowed
        return response

    @app.get("/", response_class=HTMLResponse)
    async def form() -> str:
        return form_page(Submission())

    @app.post("/suitability")
    async def suitability(request: Request) -> dict[str, Any]:
        with disk_refusals():
            return await run_in_threadpool(suitability_of, await _received(request, plans))

    @app.post("/consult")
    async def consult(request: Request) -> Response:
        with disk_refusals():
            request.state.submission = sent = await _received(request, plans)
            if _EVENTS in request.headers.get("accept", ""):
                told = events(lambda hear, gone: plans.make(sent, gone=gone, hear=hear))
                return StreamingResponse(told, media_type=_EVENTS)
            async with _gone(request) as gone:
                try:
                    # Left to itself when the program ends: it then stops where it next asks.
                    making = partial(plans.make, sent, gone=gone.is_set)
                    name = await to_thread.run_sync(making, abandon_on_cancel=True)
                except GoneError:
                    return Response(status_code=204)  # nobody reads it
        return RedirectResponse(f"/plans/{name}", status_code=303)

    @app.get("/plans/{plan}", response_class=HTMLResponse)
    async def plan(plan: str) -> HTMLResponse:
        report = (_kept(plans, plan) / "report.html").read_text(encoding="utf-8")
        return HTMLResponse(plan_page(plan, report), headers={"Content-Security-Policy": REPORT_POLICY})

    @app.get("/plans/{plan}/answers", response_class=HTMLResponse)
    async def answers(plan: str) -> str:
        sent = plans.sent(plan)
        if sent is None:
            raise refusal(404)
        return form_page(sent)

    @app.get("/plans/{plan}/{name}")
    async def file(plan: str, name: str) -> FileResponse:
        folder = _kept(plans, plan)
        if name not in _FILES:
            raise refusal(404)
        policy = {"Content-Security-Policy": REPORT_POLICY} if name == "report.html" else None
        return FileResponse(folder / name, headers=policy)

    return app


def run(host: str, port: int) -> None:
    """Serve until interrupted.

    Raises
    ------
    InputError : nothing can listen at `host` and `port`.
    """
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[4][:2], family=address[0])
    except OSError as error:
        raise InputError(
            "cannot-listen",
            text("app-fault.cannot-listen", {"host": host, "port": str(port), "reason": error.strerror or str(error)}),
            field="--port",
            hint=text("app-fault.cannot-listen-hint"),
        ) from None
    shown = f"[{host}]" if ":" in host else host
    print(text("app.listening", {"address": f"http://{shown}:{port}"}), flush=True)
    if address[4][0] not in ("127.0.0.1", "::1"):
        print(text("app.open-to-others"), flush=True)
    config = uvicorn.Config(
        build_app(host),
        log_level="warning",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=_CLOSING_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


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
        upload = data.get("photo")
        photo = before
        if isinstance(upload, UploadFile) and upload.filename:
            photo = await run_in_threadpool(plans.keep_photograph, await upload.read())
    finally:
        await data.close()
    return submission(((name, value) for name, value in fields if name != "photo.kept"), photo)


def _kept(plans: Plans, name: str) -> Path:
    folder = plans.folder(name)
    if folder is None:
        raise refusal(404)
    return folder
