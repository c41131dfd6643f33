"""The guard around the whole app: host names, same-origin checks, body size, security headers, language and time zone.

A request is answered only when it is sent to one of our host names, comes from our own origin when it changes
something, and has a bounded size. Every response, errors and static files too, has the same headers, and no server
error reveals details.
"""

import datetime
import ipaddress
import logging
import socket
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skinbeam.model.errors import InputError
from skinbeam.report.live_figure import script_hashes
from skinbeam.text import ENGLISH, LANGUAGES, use_language, use_time_zone
from skinbeam_clinic.web.errors import refusal

__all__ = [
    "HEADERS",
    "MAX_BODY_BYTES",
    "REPORT_POLICY",
    "STATIC_FOLDER",
    "RequestGuard",
    "preferred_language",
    "server_names",
]


def preferred_language(request: Request) -> str:
    """Return the first language that a browser requests and that the app supports; English when there is none.

    Of `Accept-Language: de-AT, en;q=0.8` it is German (RFC 9110, section 12.5.4).
    """
    wanted: list[tuple[float, str]] = []
    for preference in request.headers.get("accept-language", "").split(","):
        tag, _, about = preference.partition(";")
        language, weight = tag.strip().partition("-")[0].lower(), _language_weight(about)
        if language in LANGUAGES and weight > 0:
            wanted.append((weight, language))
    return max(wanted, key=lambda both: both[0], default=(0.0, ENGLISH))[1]  # of equals the first


def _language_weight(about: str) -> float:
    """Return the `q` of a language: 1 where there is none, 0 where it cannot be parsed."""
    name, _, value = about.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" and len(value) < len("0.12345") else 0.0
    except ValueError:
        return 0.0


# Above the size of a photograph that is accepted (data/photo.toml), so that one which is a little too large is refused
# with its size and the limit, beside what was typed with it.
MAX_BODY_BYTES = 64 * 1024 * 1024

_POLICY = (
    "default-src 'none'; {script}style-src 'self'{inline}; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A report contains its own style sheet, and scripts that are known by their hashes.
_SCRIPTS = " ".join(f"'{known}'" for known in script_hashes())
REPORT_POLICY = _POLICY.format(script=f"script-src {_SCRIPTS}; ", inline=" 'unsafe-inline'")
HEADERS = {
    "Content-Security-Policy": _POLICY.format(script="script-src 'self'; connect-src 'self'; ", inline=""),
    # Not `no-referrer`: with it, browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",  # health data must not stay on a shared machine
}

STATIC_FOLDER = Path(__file__).parent / "static"
ErrorResponder = Callable[[Request, int, InputError], Response]
_log = logging.getLogger(__name__)


def server_names(host: str, others: Iterable[str] = ()) -> frozenset[str]:
    """Return the host names of a server that listens at `host`: its own, those of its machine, and others.

    Parameters
    ----------
    others : names of a proxy that stands before it and passes on the requested host name.
    """
    return frozenset(name.lower() for name in (host, "localhost", socket.gethostname(), *others))


def _is_own_name(request: Request, names: Collection[str]) -> bool:
    """Return whether the Host of a request is one of the names, or an IP address.

    A page of another site can make its own name point to this machine after it was loaded (DNS rebinding); it then
    counts as the same origin, and only the name shows the difference.
    """
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if name.rstrip(".") in names:
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_same_origin(request: Request) -> bool:
    """Return whether a request that changes something comes from our own page.

    Browsers send Sec-Fetch-Site on secure or loopback pages; where it is missing, Origin must name our Host. A
    request with neither header does not come from a browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_secret_address(request: Request, secret: str) -> bool:
    """Return whether a request is for an address that no other site knows.

    A page at such an address sends no referrer, so that its address goes nowhere, and a browser without Sec-Fetch-Site
    then sends `Origin: null` with its form.
    """
    here = request.url.path.startswith(secret)
    return here and "sec-fetch-site" not in request.headers and request.headers.get("origin") == "null"


class RequestGuard:
    """ASGI middleware around the whole app: checks requests, sets headers, language and time zone.

    Parameters
    ----------
    names : host names of the app.
    error_response : makes the response to a request that is refused.
    language : returns the language in which a request is answered.
    zone : time zone of the displayed times; that of this machine where it is None.
    secret_prefix : of addresses that are known to one person alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        names: Collection[str],
        error_response: ErrorResponder,
        language: Callable[[Request], str],
        zone: datetime.tzinfo | None,
        secret_prefix: str,
    ) -> None:
        self._app = app
        self._secret = secret_prefix
        self._names = names
        self._answer = error_response
        self._language = language
        self._zone = zone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request in the language of the client, or refuse it with 403, 413, 421 or 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        with use_language(self._language(request)), use_time_zone(self._zone):
            await self._answered(request, scope, receive, send)

    async def _answered(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0
        started = False

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY_BYTES:
                raise refusal(413)
            return message

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        async def refuse(status: int) -> None:
            refused = refusal(status)
            await self._answer(request, refused.status, refused.error)(scope, receive, with_headers)

        if not _is_own_name(request, self._names):
            await refuse(421)
        elif not (
            scope["method"] in ("GET", "HEAD") or _is_same_origin(request) or _is_secret_address(request, self._secret)
        ):
            await refuse(403)
        elif _announced_bytes(request) > MAX_BODY_BYTES:
            await refuse(413)
        else:
            try:
                await self._app(scope, bounded, with_headers)
            except Exception:
                _log.exception("defect while answering")
                if started:
                    raise
                await refuse(500)


def _announced_bytes(request: Request) -> int:
    """Return the Content-Length of a request; 0 when there is none."""
    length = request.headers.get("content-length", "")
    return int(length[:20]) if length.isdecimal() else 0  # Python does not parse numbers of thousands of digits
