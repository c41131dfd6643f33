"""One request at the clinic's app, once the gate has let it in: who asks, what was sent, and how it is answered."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from skinbeam.app.clinic.api.told import is_of_api, outcome
from skinbeam.app.clinic.audience import Audience
from skinbeam.app.clinic.diary.banner import Told, told_of
from skinbeam.app.clinic.diary.closed import closed, is_of_diary
from skinbeam.app.clinic.diary.outside import Outside
from skinbeam.app.clinic.door.rate import Rate
from skinbeam.app.clinic.door.site import encrypted, site_of
from skinbeam.app.clinic.learning.judged import Reader
from skinbeam.app.clinic.running.lines import request_number
from skinbeam.app.clinic.worker import Worker
from skinbeam.app.faults import RefusedError, refusal_of
from skinbeam.app.pages import render
from skinbeam.app.security import HEADERS
from skinbeam.errors import InputError
from skinbeam.messages import Formatter
from skinbeam.records.desk.desk import Desk
from skinbeam.records.faults import (
    AbsentError,
    BusyError,
    ClashError,
    ClosedError,
    ConflictError,
    DeniedError,
    LockedError,
    UnreachableError,
    WrongKeyError,
    fault,
)
from skinbeam.records.kept import SignedIn
from skinbeam.records.people.accounts import Accounts
from skinbeam.records.people.passkeys import PasskeyDoor, Passkeys, Site
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.people.readers import Readers
from skinbeam.records.people.signin import SignIn
from skinbeam.records.roles import MAY, Act, Role
from skinbeam.records.store.database import Database
from skinbeam.report.shown import capital

__all__ = ["House", "Upload", "Visit", "as_json", "name_sent", "status_of"]

# Photographs of a record are pictures of our own address.
_PICTURES = HEADERS["Content-Security-Policy"].replace("img-src data:", "img-src 'self' data:")
_LONGEST_PART = 64  # of an address; names of records have 32 signs
_CAMERA = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")  # of the consultation
_STATUS: dict[type[InputError], int] = {
    AbsentError: 404,
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
class House:
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
    passwords: Passwords
    door: SignIn
    readers: Readers
    passkeys: PasskeyDoor
    worker: Worker
    audience: Audience
    keep_years: int
    outcomes: Reader = field(default_factory=Reader)
    outside: Outside = field(default_factory=Outside)
    wrong_links: Rate = field(default_factory=Rate)
    closing: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Upload:
    """A file that was sent."""

    name: str
    content: bytes


@dataclass
class Visit:
    """A request that was let in.

    Parameters
    ----------
    who : None where nobody is signed in.
    sent : name and text of each field, in the order of the form.
    uploads : field → file.
    """

    house: House
    request: Request
    who: SignedIn | None
    sent: list[tuple[str, str]] = field(default_factory=list)
    uploads: dict[str, Upload] = field(default_factory=dict)

    @property
    def signed(self) -> SignedIn:
        """The session of who asks; the gate has seen to it."""
        assert self.who is not None
        return self.who

    @cached_property
    def desk(self) -> Desk:
        """What who asks works at."""
        return Desk(self.house.database, self.signed.member)

    @property
    def accounts(self) -> Accounts:
        """The members of the clinic, and one's own account."""
        return Accounts(self.house.database, self.signed.member, self.house.passwords)

    @property
    def passkeys(self) -> Passkeys:
        """One's own passkeys."""
        return Passkeys(self.house.database, self.signed.member, self.house.passwords)

    @property
    def site(self) -> Site:
        """What passkeys belong to here.

        Raises
        ------
        InputError : `no-passkeys`: nothing; this is an address of numbers.
        """
        return site_of(self.request)

    def address(self, path: str) -> str:
        """Return a whole address of ours, as who asks reaches it."""
        return f"{'https' if encrypted(self.request) else 'http'}://{self.request.headers['host'].lower()}{path}"

    def answer(self, work: "Callable[[Visit], Response]") -> Response:
        """Do the work of a route; what it shows of the records is one entry of the trail, and none is no entry."""
        with nullcontext() if self.who is None else self.desk.page():
            return work(self)

    def path(self, name: str) -> str:
        """Return a part of the address.

        Raises
        ------
        AbsentError : it is no name of anything.
        """
        return name_sent(str(self.request.path_params[name]))

    def raw(self, name: str) -> str:
        """Return a field as it was typed: spaces belong to a password; empty where it was not sent."""
        return next((value for key, value in self.sent if key == name), "")

    def said(self, name: str) -> str:
        """Return the text of a field."""
        return self.raw(name).strip()

    def may(self, act: Act) -> bool:
        """Tell whether who asks does such work."""
        return self.signed.member.role in MAY[act]

    def around(self, status: int = 200) -> dict[str, Any]:
        """Return what every page of the clinic reads; that of a defect asks no records, which may be what is defect."""
        inside = self.who is not None and not self.who.code_due
        return {
            "member": self.who.member if self.who is not None and inside else None,
            "may": {act.value: inside and self.may(act) for act in Act},
            "roles": [role.value for role in Role],
            "time": Formatter().moment,
            "alarms": self._alarms() if inside and status < 500 else None,
            "request": request_number.get(),
        }

    def _alarms(self) -> Told | None:
        """What every page tells of alarms; nothing where the database does not answer, which the page then says."""
        try:
            return told_of(self.desk.alarms.count(), mailed=self.house.outside.mail is not None)
        except UnreachableError:
            return None

    def page(self, template: str, status: int = 200, *, error: InputError | None = None, **values: Any) -> HTMLResponse:
        """Answer with a page."""
        shown = {"error": None if error is None else _told(error)}
        return self.html(render(f"clinic/{template}", **self.around(status), **shown, **values), status)

    @staticmethod
    def html(page: str, status: int = 200) -> HTMLResponse:
        """Answer with a page that is made; it may show photographs of the records."""
        return HTMLResponse(page, status, {"Content-Security-Policy": _PICTURES, "Permissions-Policy": _CAMERA})

    def fault(self, error: InputError | RefusedError) -> Response:
        """Answer with a page that says what was wrong; a program is told in its own way."""
        refused = error if isinstance(error, RefusedError) else None
        told = refused.error if refused else error
        assert isinstance(told, InputError)
        status = refused.status if refused else status_of(told)
        if is_of_diary(self.request):
            return closed(status, self.house.outside.phone)
        return outcome(status, told) if is_of_api(self.request) else self.page("fault.html", status, error=told)

    @staticmethod
    def download(content: bytes, name: str, media_type: str) -> Response:
        """Answer with a file that the browser keeps under this name."""
        return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)

    def go(self, path: str) -> Response:
        """Answer with the way to another page, in the words of who asks: a browser, or htmx within a page."""
        if self.request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)


def name_sent(part: str) -> str:
    """Return what may be the name of a record.

    Raises
    ------
    AbsentError : it is no name of anything: PostgreSQL refuses to look for a NUL.
    """
    if len(part) > _LONGEST_PART or not part.isprintable():
        raise fault("absent", "path")
    return part


def as_json(text: str) -> Response:
    """Answer a script with JSON."""
    return Response(text, media_type="application/json")


def status_of(error: InputError) -> int:
    """Return the HTTP status of a fault."""
    return _STATUS.get(type(error), refusal_of(error).status)


def _told(error: InputError) -> dict[str, str]:
    message = f"{capital(error.message.rstrip('.'))}."
    return {"text": message, "hint": error.hint, "field": error.field}
