"""`ClinicRequest`: an accepted request with its session, form fields and repositories, and the ways to answer it."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from skinbeam.model.errors import InputError
from skinbeam.report.formatting import capitalise
from skinbeam.text import Formatter, to_local_time
from skinbeam_clinic.access import GUEST_RIGHTS, PERMITTED_ROLES, AccessRight, Role
from skinbeam_clinic.accounts.clinic_contact import ClinicContact
from skinbeam_clinic.accounts.oidc_sign_in import OidcIdentityRepository, OidcSignIn
from skinbeam_clinic.accounts.passkeys import PasskeyRepository, PasskeySignIn, PasskeySite
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import ApiTokenAuthenticator
from skinbeam_clinic.appointments.reminder_settings import ReminderSettings
from skinbeam_clinic.consultations.answers import read_form_answers
from skinbeam_clinic.database.altered_rows import AlteredRow
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import ContactRow, new_id
from skinbeam_clinic.diaries.alarm_notifier import ContactSettings
from skinbeam_clinic.diaries.views import AlarmBanner, invalid_link_page, is_diary_request, make_alarm_banner
from skinbeam_clinic.errors import (
    BusyError,
    ClashError,
    ClosedError,
    ConflictError,
    DeniedError,
    DiskFullError,
    LockedError,
    ProviderError,
    RecordNotFoundError,
    ReplacedError,
    UnreachableError,
    WrongKeyError,
    clinic_error,
)
from skinbeam_clinic.exchange.api_responses import is_api_request, operation_outcome
from skinbeam_clinic.guest_clinic.clinics import GuestClinics
from skinbeam_clinic.jobs.worker import JobListeners, PlanWorker
from skinbeam_clinic.models import MemberSession, PatientRecord, SignInStep
from skinbeam_clinic.monitoring.json_log import request_id
from skinbeam_clinic.outcome_audit.comparison import OutcomeReader
from skinbeam_clinic.plans.setting_simulator import SettingSimulator
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.typed_numbers import parse_whole_number
from skinbeam_clinic.web.altered_records import AlteredRecordView, view_altered_rows
from skinbeam_clinic.web.client import SESSION_COOKIE, RequestRate, find_passkey_site, read_cookie, request_origin
from skinbeam_clinic.web.errors import RefusedError, answer_error, refusal, refusal_from
from skinbeam_clinic.web.pages import describe_error, describe_field, render_template
from skinbeam_clinic.web.security import HEADERS

__all__ = [
    "ClinicRequest",
    "ClinicServices",
    "UnsavedEntry",
    "UploadedFile",
    "check_name",
    "error_status",
    "is_about_entries",
    "json_response",
    "sign_in_page",
    "skips_altered_rows",
]

Shown = ParamSpec("Shown")
Answer = TypeVar("Answer")

# Photographs of the records are images from our own address.
_PICTURE_POLICY = HEADERS["Content-Security-Policy"].replace("img-src data:", "img-src 'self' data:")
_SECRET_FIELDS = frozenset({"password", "old", "new", "own", "code"})
_DRAWN_FIELDS = frozenset({"strokes"})
_CHOSEN = re.compile(r"[a-z0-9_.:T+-]*")  # what forms send of choices, hidden fields and times
_MOST_DIGITS = 9  # of a whole number
_LONGEST_PART = 64  # of an address; ids of records have 32 characters
_CAMERA_POLICY = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")  # of the consultation
_STATUS: dict[type[InputError], int] = {
    RecordNotFoundError: 404,
    BusyError: 503,
    ClashError: 409,
    ClosedError: 409,
    ConflictError: 409,
    DeniedError: 403,
    DiskFullError: 507,
    LockedError: 429,
    ProviderError: 503,
    ReplacedError: 409,
    UnreachableError: 503,
    WrongKeyError: 503,
}


@dataclass(frozen=True)
class ClinicServices:
    """Services and settings that all requests share.

    Parameters
    ----------
    keep_years : how long the law of the place makes a clinic keep records of treatment.
    outcomes : the outcomes of the clinics' courses, cached.
    setting_simulator : simulates the settings that are asked about on the pages of plans.
    outside_contact : how patients reach the clinic, and how the clinic is alerted when a diary needs to be read.
    wrong_link_rate : counts the wrong links to diaries by address.
    closing : set once the program is told to end, so that long responses end by themselves.
    reminders : how patients are reminded of their appointments.
    tour : step of the tour of the sample clinic → path of its page; empty for every other clinic.
    oidc : the sign-in at an OpenID Connect provider; None where none is configured.
    guests : the clinics of guests, on a server without records; otherwise None.
    """

    database: Database
    passwords: PasswordHasher
    sign_in: SignIn
    api_tokens: ApiTokenAuthenticator
    passkeys: PasskeySignIn
    worker: PlanWorker
    job_listeners: JobListeners
    keep_years: int
    outcomes: OutcomeReader = field(default_factory=OutcomeReader)
    setting_simulator: SettingSimulator = field(default_factory=SettingSimulator)
    outside_contact: ContactSettings = field(default_factory=ContactSettings)
    wrong_link_rate: RequestRate = field(default_factory=RequestRate)
    closing: threading.Event = field(default_factory=threading.Event)
    reminders: ReminderSettings = field(default_factory=ReminderSettings)
    tour: Mapping[str, str] = field(default_factory=dict)
    oidc: OidcSignIn | None = None
    guests: GuestClinics | None = None

    def find_session(self, request: Request, *, active: bool = True) -> MemberSession | None:
        """Return the session of the browser's cookie, or of the guest to whom the address belongs; None without one.

        Parameters
        ----------
        active : whether a person uses it now, rather than a page that polls by itself.
        """
        if self.guests is not None:
            return self.guests.find_session(request.path_params)
        token = read_cookie(request, SESSION_COOKIE)
        return self.sign_in.find_session(token, active=active) if token else None


@dataclass(frozen=True)
class UploadedFile:
    """An uploaded file."""

    name: str
    content: bytes


@dataclass(frozen=True)
class UnsavedEntry:
    """A field of a form that could not be saved: name, label and text."""

    name: str
    label: str
    text: str

    @property
    def is_shown(self) -> bool:
        """Whether the page shows it: what has a label, and else what a person typed, and no number, word or drawing."""
        if self.label or "." in self.name or self.name in _DRAWN_FIELDS:
            return bool(self.label and self.text)
        return not _CHOSEN.fullmatch(self.text)


@dataclass
class ClinicRequest:
    """A request that the router has accepted.

    Parameters
    ----------
    session : the session; None where nobody is signed in.
    fields : name and text of each field, in the order of the form.
    uploads : field → file.
    """

    services: ClinicServices
    http_request: Request
    session: MemberSession | None
    fields: list[tuple[str, str]] = field(default_factory=list)
    uploads: dict[str, UploadedFile] = field(default_factory=dict)

    @property
    def member_session(self) -> MemberSession:
        """The session of the signed-in member; the router has checked that there is one."""
        assert self.session is not None
        return self.session

    @cached_property
    def repositories(self) -> ClinicRepositories:
        """The clinic's repositories, with the rights of the signed-in member."""
        return ClinicRepositories(self.services.database, self.member_session.member)

    @cached_property
    def clinic_contact(self) -> ClinicContact:
        """The address and the telephone of the clinic; those of the server where the clinic has not entered its own."""
        own = self.repositories.clinic_contact.get()
        place, phone = self.services.reminders.place, self.services.outside_contact.phone
        return replace(own, place=own.place or place, phone=own.phone or phone)

    @property
    def accounts(self) -> AccountRepository:
        """The accounts of the clinic, with the rights of the signed-in member."""
        return AccountRepository(self.services.database, self.member_session.member, self.services.passwords)

    @property
    def passkeys(self) -> PasskeyRepository:
        """The passkeys of the signed-in member."""
        return PasskeyRepository(self.services.database, self.member_session.member, self.services.passwords)

    @property
    def identities(self) -> OidcIdentityRepository:
        """The identities of members at a provider, with the rights of the signed-in member."""
        return OidcIdentityRepository(self.services.database, self.member_session.member)

    @property
    def provider_title(self) -> str:
        """What the sign-in at a provider is called; empty where none is configured."""
        return "" if self.services.oidc is None else self.services.oidc.provider.settings.title

    @property
    def site(self) -> PasskeySite:
        """The host and origin to which passkeys belong.

        Raises
        ------
        InputError : `no-passkeys`: this is a numeric address, to which none can belong.
        """
        return find_passkey_site(self.http_request)

    def address(self, path: str) -> str:
        """Return the absolute URL of a path, with the scheme and host of this request."""
        return f"{request_origin(self.http_request)}{path}"

    def handle(self, handler: "Callable[[ClinicRequest], Response]", *, only_reads: bool = False) -> Response:
        """Call the handler of a route; all reads of records within it become one audit entry, or none.

        Of a handler that only reads, they are those of one moment, in one transaction.
        """
        if self.session is None:
            return handler(self)
        repositories = self.repositories
        with repositories.reading_one_moment() if only_reads else repositories.combine_reads():
            return handler(self)

    def confirm_own_password(self) -> None:
        """Check the field in which members repeat their own password before a change that outlives their session.

        Raises
        ------
        LockedError : too many wrong passwords.
        InputError : `wrong-password`.
        """
        try:
            self.accounts.confirm_password(self.raw_text("own"))
        except InputError as error:
            error.field = "own"  # beside it may stand the new password of a member
            raise

    def path_parameter(self, name: str) -> str:
        """Return a parameter of the path.

        Raises
        ------
        RecordNotFoundError : it cannot be an id.
        """
        return check_name(str(self.http_request.path_params[name]))

    def raw_text(self, name: str) -> str:
        """Return a form field as it was typed, since spaces belong to a password; empty where it was not sent."""
        return next((value for key, value in self.fields if key == name), "")

    def whole_number(self, name: str) -> int | None:
        """Return the whole number of a form field; None where there is none, or one of too many digits."""
        number = parse_whole_number(self.text(name), name)
        return number if number is not None and number < 10**_MOST_DIGITS else None

    def text(self, name: str) -> str:
        """Return the text of a form field, without surrounding spaces."""
        return self.raw_text(name).strip()

    def has_right(self, right: AccessRight) -> bool:
        """Return whether the signed-in member has a right."""
        return self.member_session.member.role in PERMITTED_ROLES[right]

    def _offers(self, right: AccessRight) -> bool:
        """Return whether pages offer what a right allows."""
        return self.has_right(right) and (self.services.guests is None or right in GUEST_RIGHTS)

    def page_context(
        self, status: int = 200, *, named: Iterable[str] = (), patient: PatientRecord | None = None
    ) -> dict[str, Any]:
        """Return the context of every page; the page of a server error reads no records, which may be what failed.

        Parameters
        ----------
        named : ids of the patients whose names the page shows to whoever may see them.
        patient : whose record the page is of; each page of a closed record says which one is kept.
        """
        inside = self.session is not None and self.session.step_due is None
        names = self.read_names(named)  # before it is known which contact details were altered
        altered = self.repositories.list_altered() if inside and status < 500 else ()
        return {
            "patient_names": names,
            "altered": self._view_altered(altered),
            "altered_ids": frozenset(row.id for row in altered),
            "names_switch": inside and self._offers(AccessRight.CONTACT),
            "names_hidden": self.session is not None and self.session.names_hidden,
            "here_again": self._sent_path() if self.http_request.method in ("GET", "HEAD") else "/",
            "member": self.session.member if self.session is not None and inside else None,
            "may": {act.value: inside and self._offers(act) for act in AccessRight},
            "guest": self.services.guests is not None,
            "roles": [role.value for role in Role],
            "time": Formatter().moment,
            "local": to_local_time,
            "alarms": self._alarms() if inside and status < 500 and self.services.guests is None else None,
            "request": request_id.get(),
            "replaced_by": self._find_replacement(patient) if inside and status < 500 else None,
            "new_row": new_id(),  # for a form that makes a row: the same when it is sent again
        }

    def _find_replacement(self, patient: PatientRecord | None) -> PatientRecord | None:
        """Return the record that is kept in place of a closed one; None for any other."""
        if patient is None or self.services.guests is not None:
            return None
        person = self.repositories.patient_links.read_person(patient.id)
        return person.current if person.is_replaced else None

    def _view_altered(self, rows: Sequence[AlteredRow]) -> tuple[AlteredRecordView, ...]:
        """Return the altered rows for display; of contact details with the pseudonym of the patient."""
        patients = {row.id for row in rows if row.table == ContactRow.__tablename__}
        known = self.repositories.patients.list_by(ids=patients) if patients else ()
        return view_altered_rows(rows, {patient.id: patient.pseudonym for patient in known})

    def read_names(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Return the names of patients by their ids; none for a role that may not see them, or in a session without.

        They are for pages alone: titles, addresses, file names and logs have pseudonyms or ids.
        """
        wanted = set(ids)
        shown = self.session is not None and not self.session.names_hidden and self._offers(AccessRight.CONTACT)
        return self.repositories.patients.list_names(wanted) if wanted and shown else {}

    def _alarms(self) -> AlarmBanner | None:
        """Return the alarm banner of a page; None where the database does not answer, which the page then reports."""
        try:
            return make_alarm_banner(
                self.repositories.alarms.count(), mail_configured=self.services.outside_contact.mail is not None
            )
        except UnreachableError:
            return None

    def page(
        self,
        template: str,
        status: int | None = None,
        /,
        *,
        error: InputError | None = None,
        named: Iterable[str] = (),
        **values: Any,
    ) -> HTMLResponse:
        """Answer with a rendered template, by default with the status of the error that it shows, or 200.

        Parameters
        ----------
        named : ids of the patients whose names the page shows to whoever may see them.
        """
        status = _page_status(error) if status is None else status
        context = self.page_context(status, named=named, patient=values.get("patient"))
        context["error"] = _error_view(error)
        return self.html(render_template(f"clinic/{template}", **context, **values), status)

    def fragment(self, template: str, *, error: InputError | None = None, **values: Any) -> HTMLResponse:
        """Answer with a part of a page, which has no menu and no banner, with the status of the error that it shows."""
        page = render_template(f"clinic/{template}", error=_error_view(error), **values)
        return self.html(page, _page_status(error))

    @staticmethod
    def html(page: str, status: int = 200) -> HTMLResponse:
        """Answer with HTML; it may show photographs of the records."""
        return HTMLResponse(
            page, status, {"Content-Security-Policy": _PICTURE_POLICY, "Permissions-Policy": _CAMERA_POLICY}
        )

    def error_response(self, error: InputError | RefusedError) -> Response:
        """Answer with an error page; the API and the diary have error answers of their own."""
        refused = error if isinstance(error, RefusedError) else None
        fault = refused.error if refused else error
        assert isinstance(fault, InputError)
        status = refused.status if refused else error_status(fault)
        if self.services.guests is not None:
            return self._guest_error_response(status, fault)
        if is_diary_request(self.http_request):
            return invalid_link_page(status, self.services.outside_contact.phone)
        return (
            operation_outcome(status, fault)
            if is_api_request(self.http_request)
            else self.page(
                "fault.html",
                status,
                error=fault,
                address=self._sent_path(),
                unsaved=self._unsaved_entries(status),
                signed_out=status == 401,
            )
        )

    def _guest_error_response(self, status: int, error: InputError) -> Response:
        """Answer a guest with the form that was sent, or a program with the error record."""
        fault = refusal(404).error if isinstance(error, RecordNotFoundError) else error
        if self.fields and not hasattr(self.http_request.state, "submission"):
            self.http_request.state.submission = read_form_answers(self.fields)
        return answer_error(self.http_request, status, fault)

    def _sent_path(self) -> str:
        """Return where the form was sent to, to send it there again."""
        url = self.http_request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    def _unsaved_entries(self, status: int) -> tuple["UnsavedEntry", ...]:
        """Return what was filled in, where a fault of the machine, a photograph or an ended session prevented a save.

        The records may be what failed: nothing is read of them. No page repeats a password or a code.
        """
        if (status < 500 and status not in (401, 413)) or self.http_request.method != "POST":
            return ()
        fields = [(name, text) for name, text in self.fields if name not in _SECRET_FIELDS]
        return tuple(UnsavedEntry(name, describe_field(name), text) for name, text in fields)

    @staticmethod
    def download(content: bytes, name: str, media_type: str) -> Response:
        """Answer with a file that the browser saves under this name."""
        return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, media_type)

    @staticmethod
    def show_pdf(content: bytes, name: str) -> Response:
        """Answer with a PDF that the browser shows, and saves under this name, which says nothing of a person."""
        return Response(content, 200, {"Content-Disposition": f'inline; filename="{name}"'}, "application/pdf")

    def redirect(self, path: str) -> Response:
        """Redirect to another page, for a browser or for htmx within a page."""
        if self.http_request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)


def skips_altered_rows(
    show: Callable[Concatenate[ClinicRequest, Shown], Answer],
) -> Callable[Concatenate[ClinicRequest, Shown], Answer]:
    """Let the lists of a page go on past rows that were altered; the page names each (`ClinicRequest.page_context`).

    It is for pages that show records, and decide nothing by them.
    """

    @wraps(show)
    def show_rest(request: ClinicRequest, /, *args: Shown.args, **kwargs: Shown.kwargs) -> Answer:
        with request.repositories.skipping_altered():
            return show(request, *args, **kwargs)

    return show_rest


def check_name(part: str) -> str:
    """Return a part of an address that may be the id of a record.

    Raises
    ------
    RecordNotFoundError : it cannot be an id: PostgreSQL refuses to look for a NUL.
    """
    if len(part) > _LONGEST_PART or not part.isprintable():
        raise clinic_error("absent", "path")
    return part


def sign_in_page(step: SignInStep | None) -> str:
    """Return the address at which a sign-in goes on that lacks a step; None: that lacks everything."""
    if step in (SignInStep.PASSWORD, SignInStep.SETUP):
        return "/account"
    return "/sign-in/code" if step is SignInStep.CODE else "/sign-in"


def json_response(text: str) -> Response:
    """Answer with JSON."""
    return Response(text, media_type="application/json")


def error_status(error: InputError) -> int:
    """Return the HTTP status of an error."""
    return _STATUS.get(type(error), refusal_from(error).status)


def is_about_entries(error: InputError) -> bool:
    """Return whether an error is about what was entered, so that the page of the form shows it beside the entries.

    It is not where a record is not there, a role may not, or a machine fails.
    """
    return error_status(error) == 422 or isinstance(error, ConflictError | LockedError | ProviderError)


def _page_status(error: InputError | None) -> int:
    return 200 if error is None else error_status(error)


def _error_view(error: InputError | None) -> dict[str, str] | None:
    if error is None:
        return None
    message, hint = describe_error(error)
    return {"text": f"{capitalise(message.rstrip('.'))}.", "hint": hint, "field": error.field}
