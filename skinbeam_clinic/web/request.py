"""One request at the clinic's app, once the gate has let it in: who asks, what was sent, and how it is answered."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from skinbeam.model.errors import InputError
from skinbeam.report.formatting import capitalise
from skinbeam.text import Formatter
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight, Role
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySignIn, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import ApiTokenAuthenticator
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.diaries.alarm_notifier import OutsideContact
from skinbeam_clinic.diaries.views import AlarmBanner, closed_page, is_diary_request, make_alarm_banner
from skinbeam_clinic.errors import (
    BusyError,
    ClashError,
    ClosedError,
    ConflictError,
    DeniedError,
    LockedError,
    RecordNotFoundError,
    UnreachableError,
    WrongKeyError,
    clinic_error,
)
from skinbeam_clinic.exchange.api_responses import is_api_request, operation_outcome
from skinbeam_clinic.jobs.worker import JobListeners, PlanWorker
from skinbeam_clinic.models import MemberSession
from skinbeam_clinic.monitoring.json_log import request_id
from skinbeam_clinic.outcome_audit.comparison import OutcomeReader
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.client import RequestRate, find_passkey_site, is_encrypted
from skinbeam_clinic.web.errors import RefusedError, refusal_from
from skinbeam_clinic.web.pages import render_template
from skinbeam_clinic.web.security import HEADERS

__all__ = ["ClinicRequest", "ClinicServices", "UploadedFile", "check_name", "error_status", "json_response"]

# Photographs of a record are pictures of our own address.
_PICTURE_POLICY = HEADERS["Content-Security-Policy"].replace("img-src data:", "img-src 'self' data:")
_LONGEST_PART = 64  # of an address; names of records have 32 signs
_CAMERA_POLICY = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")  # of the consultation
_STATUS: dict[type[InputError], int] = {
    RecordNotFoundError: 404,
    BusyError: 503,
    ClashError: 409,
    ClosedError: 409,
    ConflictError: 409,
    DeniedError: 403,
    LockedError: 429,
    UnreachableError: 503,
    WrongKeyError: 503,
}


@dataclass(frozen=True)
class ClinicServices:
    """What the whole program shares.

    Parameters
    ----------
    keep_years : how long the law of the place makes a clinic keep records of treatment.
    outcomes : what came of the clinics' courses, as it was read last.
    outside : how patients reach the clinic, and how it is called when a diary needs to be read.
    wrong_links : counts the wrong links to diaries by address.
    closing : set once the program is told to end: answers that go on for long end by themselves.
    """

    database: Database
    passwords: PasswordHasher
    door: SignIn
    readers: ApiTokenAuthenticator
    passkeys: PasskeySignIn
    worker: PlanWorker
    audience: JobListeners
    keep_years: int
    outcomes: OutcomeReader = field(default_factory=OutcomeReader)
    outside: OutsideContact = field(default_factory=OutsideContact)
    wrong_links: RequestRate = field(default_factory=RequestRate)
    closing: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class UploadedFile:
    """A file that was sent."""

    name: str
    content: bytes


@dataclass
class ClinicRequest:
    """A request that was let in.

    Parameters
    ----------
    who : None where nobody is signed in.
    sent : name and text of each field, in the order of the form.
    uploads : field → file.
    """

    house: ClinicServices
    request: Request
    who: MemberSession | None
    sent: list[tuple[str, str]] = field(default_factory=list)
    uploads: dict[str, UploadedFile] = field(default_factory=dict)

    @property
    def signed(self) -> MemberSession:
        """The session of who asks; the gate has seen to it."""
        assert self.who is not None
        return self.who

    @cached_property
    def desk(self) -> ClinicRepositories:
        """What who asks works at."""
        return ClinicRepositories(self.house.database, self.signed.member)

    @property
    def accounts(self) -> AccountRepository:
        """The members of the clinic, and one's own account."""
        return AccountRepository(self.house.database, self.signed.member, self.house.passwords)

    @property
    def passkeys(self) -> PasskeyRepository:
        """One's own passkeys."""
        return PasskeyRepository(self.house.database, self.signed.member, self.house.passwords)

    @property
    def site(self) -> PasskeySite:
        """What passkeys belong to here.

        Raises
        ------
        InputError : `no-passkeys`: nothing; this is an address of numbers.
        """
        return find_passkey_site(self.request)

    def address(self, path: str) -> str:
        """Return a whole address of ours, as who asks reaches it."""
        return f"{'https' if is_encrypted(self.request) else 'http'}://{self.request.headers['host'].lower()}{path}"

    def answer(self, work: "Callable[[ClinicRequest], Response]") -> Response:
        """Do the work of a route; what it shows of the records is one entry of the trail, and none is no entry."""
        with nullcontext() if self.who is None else self.desk.page():
            return work(self)

    def path(self, name: str) -> str:
        """Return a part of the address.

        Raises
        ------
        AbsentError : it is no name of anything.
        """
        return check_name(str(self.request.path_params[name]))

    def raw(self, name: str) -> str:
        """Return a field as it was typed: spaces belong to a password; empty where it was not sent."""
        return next((value for key, value in self.sent if key == name), "")

    def said(self, name: str) -> str:
        """Return the text of a field."""
        return self.raw(name).strip()

    def has_right(self, act: AccessRight) -> bool:
        """Tell whether who asks does such work."""
        return self.signed.member.role in PERMITTED_ROLES[act]

    def around(self, status: int = 200) -> dict[str, Any]:
        """Return what every page of the clinic reads; that of a defect asks no records, which may be what is defect."""
        inside = self.who is not None and not self.who.code_due
        return {
            "member": self.who.member if self.who is not None and inside else None,
            "may": {act.value: inside and self.has_right(act) for act in AccessRight},
            "roles": [role.value for role in Role],
            "time": Formatter().moment,
            "alarms": self._alarms() if inside and status < 500 else None,
            "request": request_id.get(),
        }

    def _alarms(self) -> AlarmBanner | None:
        """What every page tells of alarms; nothing where the database does not answer, which the page then says."""
        try:
            return make_alarm_banner(self.desk.alarms.count(), mailed=self.house.outside.mail is not None)
        except UnreachableError:
            return None

    def page(self, template: str, status: int = 200, *, error: InputError | None = None, **values: Any) -> HTMLResponse:
        """Answer with a page."""
        shown = {"error": None if error is None else _error_view(error)}
        return self.html(render_template(f"clinic/{template}", **self.around(status), **shown, **values), status)

    @staticmethod
    def html(page: str, status: int = 200) -> HTMLResponse:
        """Answer with a page that is made; it may show photographs of the records."""
        return HTMLResponse(
            page, status, {"Content-Security-Policy": _PICTURE_POLICY, "Permissions-Policy": _CAMERA_POLICY}
        )

    def fault(self, error: InputError | RefusedError) -> Response:
        """Answer with a page that says what was wrong; a program is told in its own way."""
        refused = error if isinstance(error, RefusedError) else None
        told = refused.error if refused else error
        assert isinstance(told, InputError)
        status = refused.status if refused else error_status(told)
        if is_diary_request(self.request):
            return closed_page(status, self.house.outside.phone)
        return (
            operation_outcome(status, told)
            if is_api_request(self.request)
            else self.page("fault.html", status, error=told)
        )

    @staticmethod
    def download(content: bytes, name: str, media_type: str) -> Response:
        """Answer with a file that the browser keeps under this name."""
        return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)

    def redirect(self, path: str) -> Response:
        """Answer with the way to another page, in the words of who asks: a browser, or htmx within a page."""
        if self.request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)


def check_name(part: str) -> str:
    """Return what may be the name of a record.

    Raises
    ------
    AbsentError : it is no name of anything: PostgreSQL refuses to look for a NUL.
    """
    if len(part) > _LONGEST_PART or not part.isprintable():
        raise clinic_error("absent", "path")
    return part


def json_response(text: str) -> Response:
    """Answer a script with JSON."""
    return Response(text, media_type="application/json")


def error_status(error: InputError) -> int:
    """Return the HTTP status of a fault."""
    return _STATUS.get(type(error), refusal_from(error).status)


def _error_view(error: InputError) -> dict[str, str]:
    message = f"{capitalise(error.message.rstrip('.'))}."
    return {"text": message, "hint": error.hint, "field": error.field}
