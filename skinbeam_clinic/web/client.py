"""Where a browser is: whether what it sends is encrypted on the way, and under which name it asks."""

import ipaddress
import time

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request
from starlette.responses import Response

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.passkeys import PasskeySite, passkey_site

__all__ = [
    "BROWSER_COOKIE",
    "HANDOVER_COOKIE",
    "LANGUAGE_COOKIE",
    "SESSION_COOKIE",
    "RequestRate",
    "are_passkeys_available",
    "drop_cookie",
    "find_passkey_site",
    "is_encrypted",
    "read_cookie",
    "set_cookie",
]


def is_encrypted(request: Request) -> bool:
    """Return whether a browser asks through https: a name of ours is always asked so, but on the machine itself.

    What a server that stands before this one says of the scheme counts as well.
    """
    name = request.url.hostname or ""
    try:
        here = ipaddress.ip_address(name).is_loopback
    except ValueError:
        here = name == "localhost"
    return request.url.scheme == "https" or not here


def find_passkey_site(request: Request) -> PasskeySite:
    """Return what passkeys belong to here; the guard has seen to it that a name is one of ours.

    A browser gives passkeys through https alone, and to `localhost` (W3C Secure Contexts, section 3.1), so nothing else
    is expected of one.

    Raises
    ------
    InputError : `no-passkeys`.
    """
    origin = f"{'https' if is_encrypted(request) else 'http'}://{request.headers['host'].lower()}"
    return passkey_site(request.url.hostname or "", origin)


def are_passkeys_available(request: Request) -> bool:
    """Return whether passkeys can belong to the name that was asked."""
    try:
        find_passkey_site(request)
    except InputError:
        return False
    return True


# What a browser holds of ours: the token of its session, that it was signed in from before, and its language.
#
# Over https a cookie is `Secure` and its name begins with `__Host-`, so that browsers take it from this very address
# alone: neither a page without encryption nor a sister name can plant one (RFC 6265bis, section 4.1.3.2). Over http
# that
# works nowhere; there a cookie is plain, and the app gives one on this machine alone.

SESSION_COOKIE, BROWSER_COOKIE, LANGUAGE_COOKIE = "skinbeam", "skinbeam-browser", "skinbeam-language"
HANDOVER_COOKIE = "skinbeam-handed"  # the questions that a patient answers on this very device
_BROWSER_S = 180 * 24 * 3600


def read_cookie(request: Request, name: str) -> str:
    """Return what a browser holds under a name; empty when it holds nothing."""
    return request.cookies.get(_cookie_name(request, name), "")


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Have a browser hold something that no script reads, and send it to this address and with our own pages alone."""
    response.set_cookie(
        _cookie_name(request, name),
        value,
        max_age=None if name in (SESSION_COOKIE, HANDOVER_COOKIE) else _BROWSER_S,  # these go with the browser
        path="/",
        secure=is_encrypted(request),
        httponly=True,
        samesite="strict",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have a browser forget what it holds under a name."""
    response.delete_cookie(
        _cookie_name(request, name), path="/", secure=is_encrypted(request), httponly=True, samesite="strict"
    )


def _cookie_name(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_encrypted(request) else name


# How often somebody asks, counted in memory; a clock that is set back locks nobody out.

_SET_BACK_S = 1.0


class RequestRate:
    """Counts within a moving window.

    The library dates each request by the clock: what was asked before the clock was set back would count for as long as
    that, so it is forgotten then.
    """

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._offset_s = _clock_offset_s()

    def hit(self, limit: RateLimitItem, who: str) -> bool:
        """Count a request; False where there were too many."""
        offset_s = _clock_offset_s()
        if offset_s < self._offset_s - _SET_BACK_S:
            self._storage.reset()
        self._offset_s = offset_s
        return self._limiter.hit(limit, who)


def _clock_offset_s() -> float:
    return time.time() - time.monotonic()
