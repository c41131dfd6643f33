"""HTTP refusals and error responses: the JSON error record, or for a browser the form with the error."""

import logging

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from skinbeam.model.document import UNWRITABLE_CODE
from skinbeam.model.errors import DISK_FULL, InputError, SkinbeamError
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.web.pages import render_form

__all__ = ["RefusedError", "accepts_page", "answer_error", "refusal", "refusal_from"]

_log = logging.getLogger(__name__)


class RefusedError(SkinbeamError):
    """A request that is refused with an HTTP status."""

    def __init__(self, status: int, error: InputError) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error


# The refusals of the app: HTTP status → code of the error, and the field that it is about.
_REFUSALS = {
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
    status = status if status in _REFUSALS else 400
    code, field = _REFUSALS[status]
    return RefusedError(status, catalogue_error(code, f"app-fault.{code}", field))


def refusal_from(error: Exception) -> RefusedError:
    """Return the refusal for an exception.

    It is 422 for wrong input, 507 for a full disk, and 500 for a defect, which is logged; an error that was a refusal
    before it was stored, as that of a job, is that refusal again.
    """
    if isinstance(error, RefusedError):
        return error
    # A form names no path to write to: what cannot be written is the disk of this machine.
    unwritable = isinstance(error, InputError) and error.code == UNWRITABLE_CODE
    if unwritable or (isinstance(error, OSError) and error.errno in DISK_FULL):
        return refusal(507)
    if isinstance(error, InputError):
        known = (status for status, (code, _) in _REFUSALS.items() if code == error.code)
        return RefusedError(next(known, 422), error)
    _log.error("defect while answering", exc_info=error)
    return refusal(500)


def accepts_page(request: Request) -> bool:
    """Return whether a client shows pages, as browsers do, and not a program."""
    return "text/html" in request.headers.get("accept", "")


def answer_error(request: Request, status: int, error: InputError) -> Response:
    """Return the error response: for a browser the form with everything that was filled in, else the JSON record."""
    if accepts_page(request):
        sent: Submission | None = getattr(request.state, "submission", None)
        return HTMLResponse(render_form(sent or Submission(), error), status_code=status)
    return JSONResponse({"error": error.as_record()}, status_code=status)
