"""What a link answers that opens nothing: one page, the same for every reason, in both languages.

It names no patient and does not tell whether there ever was a diary. Who stands before it may have something to say
that cannot wait, so it says whom to call.
"""

from starlette.requests import Request
from starlette.responses import HTMLResponse

from skinbeam.app.pages import render
from skinbeam.app.security import HEADERS
from skinbeam.messages import LANGUAGES, speaking, text

__all__ = ["DIARY", "DIARY_HEADERS", "callable_number", "closed", "is_of_diary"]

DIARY = "/diary/"
# Nothing of the address goes anywhere, and nothing runs.
DIARY_HEADERS = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "script-src 'self'; connect-src 'self'; ", ""
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
_GONE = (404, 429)
_DIALLED = "+0123456789"


def is_of_diary(request: Request) -> bool:
    """Return whether a request is for the page of a patient."""
    return request.url.path.startswith(DIARY)


def closed(status: int, phone: str) -> HTMLResponse:
    """Return the page that opens nothing.

    Parameters
    ----------
    status : 404 for a link that is none; another where something else went wrong, which may be tried again.
    phone : of the clinic; empty where it is not known.
    """
    said = {language: _said(language, "gone" if status in _GONE else "failed", phone) for language in LANGUAGES}
    page = render("clinic/diary/closed.html", said=said, number=callable_number(phone))
    return HTMLResponse(page, status, DIARY_HEADERS)


def callable_number(phone: str) -> str:
    """Return what a telephone dials of a number as it was written."""
    return "".join(sign for sign in phone if sign in _DIALLED)


def _said(language: str, what: str, phone: str) -> tuple[str, str, str, str]:
    with speaking(language):
        call = text("diary.call-number", {"phone": phone}) if phone else text("diary.call-blank")
        return text(f"diary.{what}"), text(f"diary.{what}-why"), call, text("diary.emergency")
