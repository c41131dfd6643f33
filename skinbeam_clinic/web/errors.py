"""HTTP refusals and error responses: the JSON error record, or for a browser the form with the error."""

import logging
from typing import ClassVar

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from skinbeam.model.document import UNWRITABLE_CODE
from skinbeam.model.errors import InputError, SkinbeamError
from skinbeam.text import render_message
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.errors import DISK_FULL
from skinbeam_clinic.web.pages import render_form

__all__ = ["RefusedError", "add_error_handlers", "answer_error", "refusal", "refusal_from"]

_log = logging.getLogger(__name__)


class RefusedError(SkinbeamError):
    """A request that is refused with an HTTP status."""

    def __init__(self, status: int, error: InputError) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error


class _KnownRefusals:
    """The refusals of the app: HTTP status → code of the error, and the field that it is about."""

    codes: ClassVar = {
        400: ("bad-request", "request"),
        401: ("signed-out", "session"),
        403: ("cross-site", "Origin"),
        404: ("not-found", "path"),
        405: ("method-not-allowed", "method"),
        408: ("too-slow", "request"),
        413: ("upload-too-large", "photo"),
        415: ("not-a-form", "Content-Type"),
        421: ("unknown-host", "Host"),
        429: ("too-often", "request"),
        500: ("defect", "skinbeam"),
        503: ("busy", "request"),
        507: ("disk-full", "request"),
    }


def refusal(status: int) -> RefusedError:
    """Return the refusal with an HTTP status; an unknown status becomes a bad request."""
    status = status if status in _KnownRefusals.codes else 400
    code, field = _KnownRefusals.codes[status]
    return RefusedError(
        status,
        InputError(
            code, render_message(f"app-fault.{code}"), field=field, hint=render_message(f"app-fault.{code}-hint")
        ),
    )


def refusal_from(error: Exception) -> RefusedError:
    """Return the refusal for an exception.

    It is 422 for wrong input, 507 for a full disk, and 500 for a defect, which is logged.
    """
    if isinstance(error, RefusedError):
        return error
    # A form names no path to write to: what cannot be written is the disk of this machine.
    unwritable = isinstance(error, InputError) and error.code == UNWRITABLE_CODE
    if unwritable or (isinstance(error, OSError) and error.errno in DISK_FULL):
        return refusal(507)
    if isinstance(error, InputError):
        return RefusedError(422, error)
    _log.error("defect while answering", exc_info=error)
    return refusal(500)


def add_error_handlers(app: FastAPI) -> None:
    """Register handlers that answer every exception of an app's routes with an error response of the same form."""

    async def known(request: Request, error: Exception) -> Response:
        refused = refusal_from(error)
        return answer_error(request, refused.status, refused.error)

    async def by_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        refused = refusal(error.status_code)
        response = answer_error(request, refused.status, refused.error)
        response.headers.update(error.headers or {})  # 405 lists the allowed methods
        return response

    for kind in (InputError, RefusedError, OSError):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(HTTPException, by_status)


def answer_error(request: Request, status: int, error: InputError) -> Response:
    """Return the error response: for a browser the form with everything that was filled in, else the JSON record."""
    if "text/html" in request.headers.get("accept", ""):
        sent: Submission | None = getattr(request.state, "submission", None)
        return HTMLResponse(render_form(sent or Submission(), error), status_code=status)
    return JSONResponse({"error": error.as_record()}, status_code=status)
