"""How the API answers: FHIR in JSON, with a tag that tells whether it is as it was, and faults as OperationOutcome."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from skinbeam.errors import InputError
from skinbeam.messages import text

__all__ = ["FHIR", "is_of_api", "outcome", "tagged", "told"]

FHIR = "application/fhir+json"
_ISSUES: Mapping[int, str] = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    413: "too-long",
    429: "throttled",
    500: "exception",
    503: "transient",
}
_SAID = (401, 404, 405, 500)  # in words of the API; all else as it is said to a person


def is_of_api(request: Request) -> bool:
    """Return whether a request is one that a program makes; the page about the API is a person's."""
    return request.url.path.startswith("/fhir/")


def told(request: Request, resource: Mapping[str, Any]) -> Response:
    """Answer with a resource."""
    content = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    return tagged(request, content, FHIR)


def tagged(request: Request, content: bytes, media_type: str) -> Response:
    """Answer with a content and its tag; whoever has it already is told so in place of it."""
    tag = f'W/"{hashlib.sha256(content).hexdigest()}"'
    known = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, tag.removeprefix("W/"), "*"}:
        return Response(None, 304, {"ETag": tag})
    return Response(content, 200, {"ETag": tag, "Content-Type": media_type})


def outcome(status: int, error: InputError) -> Response:
    """Answer with what was wrong."""
    said = text(f"clinic-api.fault-{status}") if status in _SAID else f"{error.message}. {error.hint}".strip()
    issue = {"severity": "error", "code": _ISSUES.get(status, "invalid"), "diagnostics": said}
    content = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}, ensure_ascii=False)
    headers = {"Content-Type": FHIR} | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return Response(content.encode(), status, headers)
