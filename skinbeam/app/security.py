"""What a request must be to be answered: same origin for everything that changes something, and a bounded size."""

from urllib.parse import urlsplit

from starlette.requests import Request

__all__ = ["HEADERS", "MAX_UPLOAD_BYTES", "same_origin"]

MAX_UPLOAD_BYTES = 32 * 1024 * 1024

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # health data must not stay on a shared machine
}


def same_origin(request: Request) -> bool:
    """Return whether a request that changes something comes from our own page.

    Browsers send Sec-Fetch-Site on secure or loopback pages; where it is missing, Origin must name our Host. A
    request with neither header does not come from a browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
