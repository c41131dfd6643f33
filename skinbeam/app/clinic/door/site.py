"""Where a browser is: whether what it sends is encrypted on the way, and under which name it asks."""

import ipaddress

from starlette.requests import Request

from skinbeam.errors import InputError
from skinbeam.records.people.passkeys import Site, site_at

__all__ = ["encrypted", "passkeys_work", "site_of"]


def encrypted(request: Request) -> bool:
    """Return whether a browser asks through https: a name of ours is always asked so, but on the machine itself.

    What a server that stands before this one says of the scheme counts as well.
    """
    name = request.url.hostname or ""
    try:
        here = ipaddress.ip_address(name).is_loopback
    except ValueError:
        here = name == "localhost"
    return request.url.scheme == "https" or not here


def site_of(request: Request) -> Site:
    """Return what passkeys belong to here; the guard has seen to it that a name is one of ours.

    A browser gives passkeys through https alone, and to `localhost` (W3C Secure Contexts, section 3.1), so nothing else
    is expected of one.

    Raises
    ------
    InputError : `no-passkeys`.
    """
    origin = f"{'https' if encrypted(request) else 'http'}://{request.headers['host'].lower()}"
    return site_at(request.url.hostname or "", origin)


def passkeys_work(request: Request) -> bool:
    """Return whether passkeys can belong to the name that was asked."""
    try:
        site_of(request)
    except InputError:
        return False
    return True
