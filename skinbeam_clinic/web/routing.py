"""The router of the clinic: before every handler it checks session, rights and request rate, and reads the form.

Every exception becomes an error response of the same form.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from anyio import to_thread
from fastapi import APIRouter
from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.photo.limits import limit
from skinbeam_clinic.access import (
    BACKGROUND_ROUTES,
    GET_ALONE_ROUTES,
    GUEST_ROUTES,
    ROUTES,
    AccessRight,
    RouteAccess,
    require_right,
)
from skinbeam_clinic.database.transaction import open_transaction
from skinbeam_clinic.errors import DeniedError, UnreachableError, catalogue_error, sizes_apart
from skinbeam_clinic.models import MemberSession, SignInStep
from skinbeam_clinic.web.client import RequestRate, find_network, is_poll
from skinbeam_clinic.web.errors import RefusedError, refusal, refusal_from
from skinbeam_clinic.web.form_body import FIELD_BYTES, read_form
from skinbeam_clinic.web.request import ClinicRequest, ClinicServices, UploadedFile, is_about_entries, sign_in_page

__all__ = ["ClinicRouter", "GuestRouter"]

BODY_SECONDS = 300.0
_MB_BYTES = 1_000_000
_FIELD_BYTES = 100_000  # a drawn signature is the longest field
_REQUESTS_A_MINUTE = {True: RateLimitItemPerMinute(600), False: RateLimitItemPerMinute(60)}  # signed in or not

# What one member may upload: several times what a busy day needs, so that it keeps nobody from the care of a patient.
_FILES_A_DAY, _UPLOADED_MB_A_DAY = RateLimitItemPerDay(2000), RateLimitItemPerDay(20_000)

_WITHOUT_SESSION = (RouteAccess.ANYBODY, RouteAccess.LINK, RouteAccess.TOKEN)
_MOST_UNSAVED_BYTES = 1_000_000  # of a form that is read although nobody is signed in: what a person types is shorter

# What a session may use that still lacks a step of the sign-in; `sign_in_page` is where it can go on.
_STEP_ROUTES = {
    SignInStep.CODE: (RouteAccess.CODE_DUE,),
    SignInStep.PASSKEY: (RouteAccess.CODE_DUE,),
    SignInStep.PASSWORD: (RouteAccess.CODE_DUE, RouteAccess.ACCOUNT, RouteAccess.PASSWORD_DUE),
    SignInStep.SETUP: (RouteAccess.CODE_DUE, RouteAccess.ACCOUNT, RouteAccess.SETUP_DUE),
}

RouteHandler = Callable[[ClinicRequest], Response]
FormPage = Callable[[ClinicRequest, InputError], Response]


class ClinicRouter:
    """Adds routes of the table `ROUTES` to a FastAPI router, each with the same checks."""

    _table = ROUTES
    _longest_field = _FIELD_BYTES

    def __init__(self, services: ClinicServices, router: APIRouter) -> None:
        self._services = services
        self._router = router
        self._rate = RequestRate()

    def add(
        self,
        method: str,
        path: str,
        handler: RouteHandler,
        *,
        form: FormPage | None = None,
        only_reads: bool = False,
    ) -> None:
        """Add a route.

        Parameters
        ----------
        form : shows the page of the form that the handler reads again, with an error that is about what was entered;
            without it every error has the error page.
        only_reads : the handler reads records and does nothing else that takes long: they are read in one transaction.

        Raises
        ------
        KeyError : it is not in the table `ROUTES`.
        """
        if not self._has_route(method, path):
            return
        door = self._table[method, path]
        handle = handler if form is None else _with_form(handler, form)

        async def answer(request: Request) -> Response:
            clinic_request = ClinicRequest(self._services, request, None)
            active = (method, path) not in BACKGROUND_ROUTES and not is_poll(request)
            try:
                clinic_request.session = await to_thread.run_sync(self._find_session, request, door, active)
                if (
                    door is not RouteAccess.LINK
                ):  # wrong links are counted separately, so that nobody can lock out the owner of a valid one
                    self._check_rate(request, clinic_request.session)
                if method == "POST" and clinic_request.session is None and self._repeats_entries(door):
                    await _receive_unsaved(clinic_request, self._longest_field)
                if turned_away := _refuse_entry(clinic_request, door):
                    return turned_away
                if method == "POST":
                    await _receive_form(clinic_request, self._longest_field)
                    if door is not RouteAccess.LINK:  # a diary keeps its entry without a photograph that is too large
                        _check_photograph(clinic_request)
                        self._check_quota(clinic_request)
                return await to_thread.run_sync(partial(clinic_request.handle, handle, only_reads=only_reads))
            except DeniedError as error:
                await to_thread.run_sync(self._log_denial, clinic_request.session, f"{method} {path}")
                return clinic_request.error_response(error)
            except (InputError, RefusedError) as error:
                return clinic_request.error_response(error)
            except HTTPException as error:  # the body is not a form
                return clinic_request.error_response(refusal(error.status_code))
            except Exception as error:
                return clinic_request.error_response(refusal_from(error))

        methods = ["GET", "HEAD"] if method == "GET" and path not in GET_ALONE_ROUTES else [method]
        self._router.add_api_route(path, _without_body(answer), methods=methods, include_in_schema=False)

    def _repeats_entries(self, door: RouteAccess | AccessRight) -> bool:
        """Return whether a route needs a session that may have ended while a member typed; guests have none."""
        return door not in _WITHOUT_SESSION and self._services.guests is None

    def _has_route(self, method: str, path: str) -> bool:
        """Return whether this server has a route: every one that is added, which the table must know."""
        return True

    def add_monitoring(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> None:
        """Add a route of the table for monitoring of the server.

        Raises
        ------
        KeyError : it is not in the table as a route for monitoring.
        """
        if ROUTES["GET", path] is not RouteAccess.MACHINE:
            raise KeyError(path)
        self._router.add_api_route(path, _without_body(answer), methods=["GET", "HEAD"], include_in_schema=False)

    def _find_session(self, request: Request, access: RouteAccess | AccessRight, active: bool) -> MemberSession | None:
        """Return the session of the cookie or of the token; a route accepts only one of them."""
        if access is RouteAccess.LINK:
            return None
        if access is RouteAccess.TOKEN:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            return self._services.api_tokens.find_session(token.strip()) if scheme.casefold() == "bearer" else None
        return self._services.find_session(request, active=active)

    def _log_denial(self, who: MemberSession | None, route: str) -> None:
        """Record in the audit log that a member asked for what their role may not do."""
        if who is None:
            return
        with (
            suppress(UnreachableError),
            open_transaction(self._services.database, who.member.clinic_id, who.member.id) as work,
        ):
            work.log("access.refused", f"member/{who.member.id}", route=route)

    def _check_rate(self, request: Request, who: MemberSession | None) -> None:
        """Refuse a client that sends too many requests; one that is not signed in is identified by its address."""
        asks = find_network(request) if who is None else who.member.id
        if not self._rate.hit(_REQUESTS_A_MINUTE[who is not None], asks):
            raise refusal(429)

    def _check_quota(self, request: ClinicRequest) -> None:
        """Refuse an upload of a member who has uploaded as much as one may within a day.

        Raises
        ------
        RefusedError : 413; the page keeps what was typed with it.
        """
        sizes = [len(upload.content) for upload in request.uploads.values()]
        if request.session is None or not sizes:
            return
        member, cost_MB = request.session.member.id, max(1, round(sum(sizes) / _MB_BYTES))
        many = not self._rate.hit(_FILES_A_DAY, f"files {member}", len(sizes))
        if many or not self._rate.hit(_UPLOADED_MB_A_DAY, f"MB {member}", cost_MB):
            message = "app-fault.uploads-used-up"
            raise RefusedError(413, catalogue_error("uploads-used-up", message, "photo"))


class GuestRouter(ClinicRouter):
    """Adds the routes of `GUEST_ROUTES`; those of a clinic's features that guests do not use are left out.

    Guests are limited by how many plans wait and by what is stored, not by their requests: a form that is filled in
    asks for its suitability again and again.
    """

    _table = GUEST_ROUTES
    _longest_field = FIELD_BYTES

    def _has_route(self, method: str, path: str) -> bool:
        """Return whether a route is one of guests."""
        return (method, path) in GUEST_ROUTES

    def _check_rate(self, request: Request, who: MemberSession | None) -> None:
        """Refuse nobody."""


def _with_form(handler: RouteHandler, form: FormPage) -> RouteHandler:
    """Return a handler that answers an error about what was entered with the page of the form."""

    def handle(request: ClinicRequest) -> Response:
        try:
            return handler(request)
        except InputError as error:
            if not is_about_entries(error):
                raise
            return form(request, error)

    return handle


def _without_body(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that answers HEAD with status and headers of GET alone; of a stream nothing is begun."""

    async def answer_either(request: Request) -> Response:
        response = await answer(request)
        if request.method != "HEAD":
            return response
        bare = Response(status_code=response.status_code, background=response.background)
        bare.raw_headers = response.raw_headers
        return bare

    return answer_either


def _refuse_entry(request: ClinicRequest, access: RouteAccess | AccessRight) -> Response | None:
    """Return a redirect to what is missing of the sign-in; None when the request is allowed.

    Raises
    ------
    RefusedError : 401, for a program without a valid token.
    DeniedError : the role does not have the right.
    """
    if access in (RouteAccess.ANYBODY, RouteAccess.LINK):
        return None
    if request.session is None and access is RouteAccess.TOKEN:
        raise refusal(401)
    if request.session is None and request.services.guests is not None:
        raise refusal(404)  # guests do not sign in; the address belongs to nobody
    step = None if request.session is None else request.session.step_due
    if request.session is None or (step is not None and access not in _STEP_ROUTES[step]):
        is_page = request.http_request.method in ("GET", "HEAD")
        return request.redirect(sign_in_page(step)) if is_page else request.error_response(refusal(401))
    if isinstance(access, AccessRight):
        assert request.session is not None  # or it was sent to the sign-in
        require_right(request.session.member.role, access)
    return None


async def _receive_form(request: ClinicRequest, longest_field: int) -> None:
    """Read the body of a form, within its time and size.

    Raises
    ------
    RefusedError : 400, 408 or 413.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await read_form(
                request.http_request, field_bytes=longest_field, lines=("question", "words", "notes")
            )
    except TimeoutError:
        raise refusal(408) from None
    try:
        request.fields = [(name, value) for name, value in data.multi_items() if isinstance(value, str)]
        for name, value in data.multi_items():
            if isinstance(value, UploadFile) and value.filename:
                request.uploads[name] = UploadedFile(value.filename, await value.read())
    finally:
        await data.close()


async def _receive_unsaved(request: ClinicRequest, longest_field: int) -> None:
    """Read what a member typed while their session ended, so that the error page repeats it.

    A body that is too long, or no form, is not read.
    """
    length = request.http_request.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= _MOST_UNSAVED_BYTES:
        with suppress(RefusedError, HTTPException):
            await _receive_form(request, longest_field)


def _check_photograph(request: ClinicRequest) -> None:
    """Refuse a photograph that is larger than those that can be read, before anything is saved.

    Raises
    ------
    RefusedError : 413, with its size and the limit.
    """
    photograph, most = request.uploads.get("photo"), limit("read", "bytes_max")
    if photograph is not None and len(photograph.content) > most:
        message, sizes = "app-fault.photograph-too-large", sizes_apart(len(photograph.content), most)
        raise RefusedError(413, catalogue_error("photograph-too-large", message, "photo", **sizes))
