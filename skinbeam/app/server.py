"""One page: the consultation form, the photograph, the report. Demonstration mode; nothing is kept on disk.

The plan comes from the same function as on the command line, so a case gives the same plan, byte for byte.
"""

import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import UploadFile

from skinbeam.app.forms import case_tables, field_of
from skinbeam.app.pages import form_page
from skinbeam.app.security import HEADERS, MAX_UPLOAD_BYTES, same_origin
from skinbeam.errors import InputError
from skinbeam.report.consult import consult
from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, parse

__all__ = ["build_app", "run"]

_KEPT_PLANS = 16
_FILES = {"plan.json", "report.html", "report.pdf", "leaflet.pdf"}
_HERE = Path(__file__).parent


def build_app() -> FastAPI:
    """Return the application. Its results live in a temporary folder that goes with it."""
    app = FastAPI(title="skinbeam", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    results = _Results()

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Response:
        if request.method not in ("GET", "HEAD") and not same_origin(request):
            return _error(
                403,
                "cross-site",
                "the request comes from another site",
                "Origin",
                "Open the form here and send it.",
            )
        if int(request.headers.get("content-length", "0") or 0) > MAX_UPLOAD_BYTES:
            return _error(
                413, "upload-too-large", "the upload is too large", "photo", "A photograph of at most 30 MB."
            )
        response: Response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/", response_class=HTMLResponse)
    async def form() -> str:
        return form_page({}, None)

    @app.post("/consult", response_class=HTMLResponse)
    async def plan(request: Request) -> HTMLResponse:
        async with request.form(max_files=1, max_fields=2000) as data:
            fields = [(name, value) for name, value in data.multi_items() if isinstance(value, str)]
            upload = data.get("photo")
            photo = await upload.read() if isinstance(upload, UploadFile) and upload.filename else b""
        try:
            tables = case_tables(fields)
            digest = await run_in_threadpool(results.add, tables, photo)
        except InputError as error:
            return HTMLResponse(form_page(dict(fields), (field_of(error.field), error)), status_code=422)
        return HTMLResponse(
            results.file(digest, "report.html").read_text(encoding="utf-8"), headers={"X-Plan-SHA256": digest}
        )

    @app.get("/plans/{digest}/{name}")
    async def result(digest: str, name: str) -> Response:
        if name not in _FILES or digest not in results:
            return _error(
                404, "not-found", f"no {name} of such a plan is kept", "path", "Send the form again."
            )
        return FileResponse(results.file(digest, name))

    return app


def run(host: str, port: int) -> None:
    """Serve until interrupted."""
    uvicorn.run(build_app(), host=host, port=port, log_level="warning", server_header=False)


class _Results:
    """The last plans, in a temporary folder; the oldest goes when a new one comes."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="skinbeam-")
        self._plans: OrderedDict[str, tempfile.TemporaryDirectory[str]] = OrderedDict()

    def __contains__(self, digest: str) -> bool:
        return digest in self._plans

    def add(self, tables: dict[str, Any], photo: bytes) -> str:
        """Make a plan and return its hash.

        Raises
        ------
        InputError : the case or the photograph is wrong.
        """
        folder = tempfile.TemporaryDirectory(dir=self._root.name)
        home = Path(folder.name)
        case = LoadedCase(parse(Case, tables, file="form"), home, "form")
        picture = None
        if photo:
            picture = home / "photo"
            picture.write_bytes(photo)
        document, _ = consult(case, home, photo=picture)
        digest = str(document["plan_sha256"])
        self._plans[digest] = folder
        self._plans.move_to_end(digest)
        while len(self._plans) > _KEPT_PLANS:
            self._plans.popitem(last=False)[1].cleanup()
        return digest

    def file(self, digest: str, name: str) -> Path:
        return Path(self._plans[digest].name) / name


def _error(status: int, code: str, message: str, field: str, hint: str) -> JSONResponse:
    """The one error shape, the same as on the command line."""
    record = InputError(code, message, field=field, hint=hint).as_record()
    return JSONResponse({"error": record}, status_code=status, headers=HEADERS)
