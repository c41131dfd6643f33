"""The language of a page: that which a browser asks for."""

from starlette.requests import Request

from skinbeam.messages import ENGLISH, LANGUAGES

__all__ = ["asked_language"]


def asked_language(request: Request) -> str:
    """Return the first language that a browser asks for and that the app speaks; English when it speaks none of them.

    Of `Accept-Language: de-AT, en;q=0.8` it is German (RFC 9110, section 12.5.4).
    """
    wanted: list[tuple[float, str]] = []
    for one in request.headers.get("accept-language", "").split(","):
        tag, _, about = one.partition(";")
        language, weight = tag.strip().partition("-")[0].lower(), _weight(about)
        if language in LANGUAGES and weight > 0:
            wanted.append((weight, language))
    return max(wanted, key=lambda both: both[0], default=(0.0, ENGLISH))[1]  # of equals the first


def _weight(about: str) -> float:
    """The `q` of a language: 1 where none is given, 0 where it cannot be read."""
    name, _, value = about.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" and len(value) < len("0.12345") else 0.0
    except ValueError:
        return 0.0
