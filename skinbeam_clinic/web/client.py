"""The client of a request: scheme and host, passkey site, cookies and request rate.

Over https a cookie is `Secure` and its name begins with `__Host-`, so that browsers accept it from this very address
alone: neither a page without encryption nor a sibling host can set one (RFC 6265bis, section 4.1.3.2). Over http such
cookies do not work; there a cookie is plain, and the app sets one on this machine alone.
"""

import ipaddress
import time
from typing import Literal

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
    "OIDC_COOKIE",
    "SESSION_COOKIE",
    "RequestRate",
    "are_passkeys_available",
    "drop_cookie",
    "find_network",
    "find_passkey_site",
    "is_encrypted",
    "is_poll",
    "read_cookie",
    "request_origin",
    "set_cookie",
]

_WAITING = "waiting-"  # begins the id of the part of a page that asks again


def is_encrypted(request: Request) -> bool:
    """Return whether a browser uses https; for a public host name this is always assumed.

    Plain http is served to this machine alone. The scheme that a proxy before this server reports counts as well.
    """
    name = request.url.hostname or ""
    try:
        here = ipaddress.ip_address(name).is_loopback
    except ValueError:
        here = name == "localhost"
    return request.url.scheme == "https" or not here


def request_origin(request: Request) -> str:
    """Return scheme and host of a request, as its browser has them."""
    return f"{'https' if is_encrypted(request) else 'http'}://{request.headers['host'].lower()}"


def is_poll(request: Request) -> bool:
    """Return whether a part of a page asks again by itself, until an answer that is being computed has come."""
    return request.headers.get("hx-trigger", "").startswith(_WAITING)


def find_passkey_site(request: Request) -> PasskeySite:
    """Return the passkey site of a request; the guard has checked that the host name is one of ours.

    A browser gives passkeys through https alone, and to `localhost` (W3C Secure Contexts, section 3.1), so nothing else
    is expected of one.

    Raises
    ------
    InputError : `no-passkeys`.
    """
    return passkey_site(request.url.hostname or "", request_origin(request))


def are_passkeys_available(request: Request) -> bool:
    """Return whether passkeys can belong to the host name of a request."""
    try:
        find_passkey_site(request)
    except InputError:
        return False
    return True


# Cookies: the session's token, the browser's sign-in history, and the language.
SESSION_COOKIE, BROWSER_COOKIE, LANGUAGE_COOKIE = "skinbeam", "skinbeam-browser", "skinbeam-language"
HANDOVER_COOKIE = "skinbeam-handed"  # token of the questions that a patient answers on the clinic's own device
OIDC_COOKIE = "skinbeam-oidc"  # challenge of a sign-in at a provider
_BROWSER_S = 180 * 24 * 3600


def read_cookie(request: Request, name: str) -> str:
    """Return the value of a cookie; empty when it is not set."""
    return request.cookies.get(_cookie_name(request, name), "")


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read.

    Browsers send it only to this address and only with requests from our own pages; that of a sign-in at a provider
    also when another site leads to a page of ours, as the provider then does.
    """
    response.set_cookie(
        _cookie_name(request, name),
        value,
        max_age=None
        if name in (SESSION_COOKIE, HANDOVER_COOKIE, OIDC_COOKIE)
        else _BROWSER_S,  # None: until the browser closes
        path="/",
        secure=is_encrypted(request),
        httponly=True,
        samesite=_same_site(name),
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(
        _cookie_name(request, name), path="/", secure=is_encrypted(request), httponly=True, samesite=_same_site(name)
    )


def _same_site(name: str) -> Literal["lax", "strict"]:
    return "lax" if name == OIDC_COOKIE else "strict"


def _cookie_name(request: Request, name: str) -> str:
    return f"__Host-{name}" if is_encrypted(request) else name


_IPV6_NETWORK_BITS = 64  # whoever is in it chooses the rest of the address (RFC 4291, section 2.5.1)


def find_network(request: Request) -> str:
    """Return the address of a client, of IPv6 its network: the same client can use any address in it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))


_SET_BACK_S = 1.0


class RequestRate:
    """Limits requests within a moving window, counted in memory.

    The library dates each request by the clock: requests from before the clock was set back would count for that much
    longer, so they are forgotten then.
    """

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._offset_s = _clock_offset_s()

    def hit(self, limit: RateLimitItem, client: str, cost: int = 1) -> bool:
        """Count a request, or as many as it costs; return False where there were too many."""
        offset_s = _clock_offset_s()
        if offset_s < self._offset_s - _SET_BACK_S:
            self._storage.reset()
        self._offset_s = offset_s
        return self._limiter.hit(limit, client, cost=cost)


def _clock_offset_s() -> float:
    return time.time() - time.monotonic()
