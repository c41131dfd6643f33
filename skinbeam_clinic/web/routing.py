"""The gate before every route: who asks, whether they may, how often; then the work, and one answer to any fault."""

import asyncio
from collections.abc import Awaitable, Callable

from anyio import to_thread
from fastapi import APIRouter
from limits import RateLimitItemPerMinute
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from skinbeam.app.bodies import form_of
from skinbeam.app.clinic.door.cookies import SESSION, held
from skinbeam.app.clinic.door.rate import Rate
from skinbeam.app.clinic.routes import QUIET, ROUTES, Door
from skinbeam.app.clinic.visit import House, Upload, Visit
from skinbeam.app.faults import RefusedError, refusal, refusal_of
from skinbeam.errors import InputError
from skinbeam.records.kept import SignedIn
from skinbeam.records.roles import Act, require

__all__ = ["Gate"]

BODY_SECONDS = 300.0
_FIELD_BYTES = 100_000  # a drawn signature is the longest
_ASKED_A_MINUTE = {True: RateLimitItemPerMinute(600), False: RateLimitItemPerMinute(60)}  # signed in or not

Work = Callable[[Visit], Response]


class Gate:
    """Adds routes that stand in the table to a router, each behind the same checks."""

    def __init__(self, house: House, router: APIRouter) -> None:
        self._house = house
        self._router = router
        self._rate = Rate()

    def add(self, method: str, path: str, work: Work) -> None:
        """Open a route.

        Raises
        ------
        KeyError : it does not stand in the table.
        """
        door = ROUTES[method, path]

        async def answer(request: Request) -> Response:
            visit = Visit(self._house, request, None)
            try:
                visit.who = await to_thread.run_sync(self._who, request, door, (method, path) not in QUIET)
                if door is not Door.LINK:  # who counts those apart, so that nobody shuts out who holds a good one
                    self._count(request, visit.who)
                if turned_away := _turned_away(visit, door):
                    return turned_away
                if method == "POST":
                    await _receive(visit)
                return await to_thread.run_sync(visit.answer, work)
            except (InputError, RefusedError) as error:
                return visit.fault(error)
            except HTTPException as error:  # the body is not a form
                return visit.fault(refusal(error.status_code))
            except Exception as error:
                return visit.fault(refusal_of(error))

        self._router.add_api_route(path, answer, methods=[method], include_in_schema=False)

    def watch(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> None:
        """Open a route of the table for what watches the server.

        Raises
        ------
        KeyError : it does not stand in the table as that.
        """
        if ROUTES["GET", path] is not Door.MACHINE:
            raise KeyError(path)
        self._router.add_api_route(path, answer, methods=["GET"], include_in_schema=False)

    def _who(self, request: Request, door: Door | Act, used: bool) -> SignedIn | None:
        """Whose cookie was sent, or whose token: neither opens what the other does."""
        if door is Door.LINK:
            return None
        if door is Door.TOKEN:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            return self._house.readers.who(token.strip()) if scheme.casefold() == "bearer" else None
        token = held(request, SESSION)
        return self._house.door.who(token, used=used) if token else None

    def _count(self, request: Request, who: SignedIn | None) -> None:
        """Refuse who asks too often; who is not signed in is known by their address alone."""
        host = request.client.host if request.client else ""
        asks = host if who is None else who.member.id
        if not self._rate.hit(_ASKED_A_MINUTE[who is not None], asks):
            raise refusal(429)


def _turned_away(visit: Visit, door: Door | Act) -> Response | None:
    """The way to the sign-in for who has to pass it first; None for who may come in here.

    Raises
    ------
    RefusedError : 401, for a program that shows no token which is good.
    DeniedError : the role does not do such work.
    """
    if door in (Door.ANYBODY, Door.LINK):
        return None
    if visit.who is None and door is Door.TOKEN:
        raise refusal(401)
    if visit.who is None:
        return visit.go("/sign-in") if visit.request.method == "GET" else visit.fault(refusal(401))
    if visit.who.code_due and door is not Door.CODE_DUE:
        return visit.go("/sign-in/code") if visit.request.method == "GET" else visit.fault(refusal(401))
    if isinstance(door, Act):
        require(visit.who.member.role, door)
    return None


async def _receive(visit: Visit) -> None:
    """Read the body of a form, within its time and size.

    Raises
    ------
    RefusedError : 400, 408 or 413.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            data = await form_of(visit.request, field_bytes=_FIELD_BYTES, lines=("question", "words", "notes"))
    except TimeoutError:
        raise refusal(408) from None
    try:
        visit.sent = [(name, value) for name, value in data.multi_items() if isinstance(value, str)]
        for name, value in data.multi_items():
            if isinstance(value, UploadFile) and value.filename:
                visit.uploads[name] = Upload(value.filename, await value.read())
    finally:
        await data.close()
