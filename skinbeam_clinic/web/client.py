"""What a browser holds of ours: the token of its session, that it was signed in from before, and its language.

Over https a cookie is `Secure` and its name begins with `__Host-`, so that browsers take it from this very address
alone: neither a page without encryption nor a sister name can plant one (RFC 6265bis, section 4.1.3.2). Over http that
works nowhere; there a cookie is plain, and the app gives one on this machine alone.
"""

from starlette.requests import Request
from starlette.responses import Response

from skinbeam.app.clinic.door.site import encrypted

__all__ = ["BROWSER", "HANDED", "LANGUAGE", "SESSION", "drop_cookie", "held", "set_cookie"]

SESSION, BROWSER, LANGUAGE = "skinbeam", "skinbeam-browser", "skinbeam-language"
HANDED = "skinbeam-handed"  # the questions that a patient answers on this very device
_BROWSER_S = 180 * 24 * 3600


def held(request: Request, name: str) -> str:
    """Return what a browser holds under a name; empty when it holds nothing."""
    return request.cookies.get(_called(request, name), "")


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Have a browser hold something that no script reads, and send it to this address and with our own pages alone."""
    response.set_cookie(
        _called(request, name),
        value,
        max_age=None if name in (SESSION, HANDED) else _BROWSER_S,  # these go with the browser
        path="/",
        secure=encrypted(request),
        httponly=True,
        samesite="strict",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have a browser forget what it holds under a name."""
    response.delete_cookie(
        _called(request, name), path="/", secure=encrypted(request), httponly=True, samesite="strict"
    )


def _called(request: Request, name: str) -> str:
    return f"__Host-{name}" if encrypted(request) else name
