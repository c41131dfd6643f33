"""The router of the clinic: before every handler it checks session, rights and request rate, and reads the form.

Every exception becomes an error response of the same form.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from anyio import to_thread
from fastapi import APIRouter
from limits import RateLimitItemPerMinute
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import BACKGROUND_ROUTES, ROUTES, AccessRight, RouteAccess, require_right
from skinbeam_clinic.models import MemberSession
from skinbeam_clinic.web.client import SESSION_COOKIE, RequestRate, find_network, read_cookie
from skinbeam_clinic.web.errors import RefusedError, refusal, refusal_from
from skinbeam_clinic.web.form_body import read_form
from skinbeam_clinic.web.request import ClinicRequest, ClinicServices, UploadedFile

__all__ = ["ClinicRouter"]

BODY_SECONDS = 300.0
_FIELD_BYTES = 100_000  # a drawn signature is the longest field
_REQUESTS_A_MINUTE = {True: RateLimitItemPerMinute(600), False: RateLimitItemPerMinute(60)}  # signed in or not

RouteHandler = Callable[[ClinicRequest], Response]


class ClinicRouter:
    """Adds routes of the table `ROUTES` to a FastAPI router, each with the same checks."""

    def __init__(self, services: ClinicServices, router: APIRouter) -> None:
        self._services = services
        self._router = router
        self._rate = RequestRate()

    def add(self, method: str, path: str, handler: RouteHandler, *, only_reads: bool = False) -> None:
        """Add a route.

        Parameters
        ----------
        only_reads : the handler reads records and does nothing else that takes long: they are read in one transaction.

        Raises
        ------
        KeyError : it is not in the table `ROUTES`.
        """
        door = ROUTES[method, path]

        async def answer(request: Request) -> Response:
            clinic_request = ClinicRequest(self._services, request, None)
            try:
                clinic_request.session = await to_thread.run_sync(
                    self._find_session, request, door, (method, path) not in BACKGROUND_ROUTES
                )
                if (
                    door is not RouteAccess.LINK
                ):  # wrong links are counted separately, so that nobody can lock out the owner of a valid one
                    self._check_rate(request, clinic_request.session)
                if turned_away := _refuse_entry(clinic_request, door):
                    return turned_away
                if method == "POST":
                    await _receive_form(clinic_request)
                return await to_thread.run_sync(partial(clinic_request.handle, handler, only_reads=only_reads))
            except (InputError, RefusedError) as error:
                return clinic_request.error_response(error)
            except HTTPException as error:  # the body is not a form
                return clinic_request.error_response(refusal(error.status_code))
            except Exception as error:
                return clinic_request.error_response(refusal_from(error))

        self._router.add_api_route(path, answer, methods=[method], include_in_schema=False)

    def add_monitoring(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> None:
        """Add a route of the table for monitoring of the server.

        Raises
        ------
        KeyError : it is not in the table as a route for monitoring.
        """
        if ROUTES["GET", path] is not RouteAccess.MACHINE:
            raise KeyError(path)
        self._router.add_api_route(path, answer, methods=["GET"], include_in_schema=False)

    def _find_session(self, request: Request, access: RouteAccess | AccessRight, active: bool) -> MemberSession | None:
        """Return the session of the cookie or of the token; a route accepts only one of them."""
        if access is RouteAccess.LINK:
            return None
        if access is RouteAccess.TOKEN:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            return self._services.api_tokens.find_session(token.strip()) if scheme.casefold() == "bearer" else None
        token = read_cookie(request, SESSION_COOKIE)
        return self._services.sign_in.find_session(token, active=active) if token else None

    def _check_rate(self, request: Request, who: MemberSession | None) -> None:
        """Refuse a client that sends too many requests; one that is not signed in is identified by its address."""
        asks = find_network(request) if who is None else who.member.id
        if not self._rate.hit(_REQUESTS_A_MINUTE[who is not None], asks):
            raise refusal(429)


def _refuse_entry(request: ClinicRequest, access: RouteAccess | AccessRight) -> Response | None:
    """Return a redirect to the sign-in for a client that must sign in first; None when the request is allowed.

    Raises
    ------
    RefusedError : 401, for a program without a valid token.
    DeniedError : the role does not have the right.
    """
    if access in (RouteAccess.ANYBODY, RouteAccess.LINK):
        return None
    if request.session is None and access is RouteAccess.TOKEN:
        raise refusal(401)
    if request.session is None:
        return (
            request.redirect("/sign-in")
            if request.http_request.method == "GET"
            else request.error_response(refusal(401))
        )
    if request.session.code_due and access is not RouteAccess.CODE_DUE:
        return (
            request.redirect("/sign-in/code")
            if request.http_request.method == "GET"
            else request.error_response(refusal(401))
        )
    if isinstance(access, AccessRight):
        require_right(request.session.member.role, access)
    return None


async def _receive_form(request: ClinicRequest) -> None:
    """Read the body of a form, within its time and size.

    Raises
    ------
    RefusedError : 400, 408 or 413.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await read_form(request.http_request, field_bytes=_FIELD_BYTES, lines=("question", "words", "notes"))
    except TimeoutError:
        raise refusal(408) from None
    try:
        request.fields = [(name, value) for name, value in data.multi_items() if isinstance(value, str)]
        for name, value in data.multi_items():
            if isinstance(value, UploadFile) and value.filename:
                request.uploads[name] = UploadedFile(value.filename, await value.read())
    finally:
        await data.close()
