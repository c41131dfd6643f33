"""Responses of the FHIR API: JSON with an ETag, errors as OperationOutcome, and the table of resource types."""

import hashlib
import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.exchange.fhir.elements import Resource
from skinbeam_clinic.exchange.fhir.resources import BINARY
from skinbeam_clinic.web.errors import refusal

__all__ = [
    "FHIR_JSON",
    "MOST_COUNT",
    "PAGING_PARAMETERS",
    "RESOURCE_TYPES",
    "USUAL_COUNT",
    "WITHOUT_PICTURES",
    "check_resource_type",
    "is_api_request",
    "operation_outcome",
    "resource_response",
    "tagged_response",
]

FHIR_JSON = "application/fhir+json"
# A browser that is led to an address of the API stores the answer, whatever it holds, and shows nothing of it.
_DOWNLOAD = {"Content-Disposition": 'attachment; filename="answer.json"'}
_DOWNLOAD_CONTENT = {"Content-Disposition": 'attachment; filename="content"'}
_ISSUE_TYPES: Mapping[int, str] = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    413: "too-long",
    429: "throttled",
    500: "exception",
    503: "transient",
}
_EXPLAINED_STATUSES = (401, 404, 405, 500)  # with a message for the API; all others have that for a person


def is_api_request(request: Request) -> bool:
    """Return whether a request is for the API; the page about the API is for people."""
    return request.url.path.startswith("/fhir/")


def resource_response(request: Request, resource: Resource) -> Response:
    """Answer with a resource."""
    content = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    return tagged_response(request, content, FHIR_JSON)


def tagged_response(request: Request, content: bytes, media_type: str) -> Response:
    """Answer with a content and its ETag, or with 304 where the client has it already."""
    tag = f'W/"{hashlib.sha256(content).hexdigest()}"'
    known = {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, tag.removeprefix("W/"), "*"}:
        return Response(None, 304, {"ETag": tag})
    stored = _DOWNLOAD if media_type.endswith("json") else _DOWNLOAD_CONTENT
    return Response(content, 200, {"ETag": tag, "Content-Type": media_type, **stored})


def operation_outcome(status: int, error: InputError) -> Response:
    """Answer with an error as OperationOutcome."""
    diagnostics = (
        render_message(f"clinic-api.fault-{status}")
        if status in _EXPLAINED_STATUSES
        else f"{error.message}. {error.hint}".strip()
    )
    issue = {"severity": "error", "code": _ISSUE_TYPES.get(status, "invalid"), "diagnostics": diagnostics}
    content = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}, ensure_ascii=False)
    headers = {"Content-Type": FHIR_JSON, **_DOWNLOAD} | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return Response(content.encode(), status, headers)


# The resource types of the API with their search parameters: one table for routes, statement and pages.

USUAL_COUNT, MOST_COUNT = 100, 500  # resources in a response
PAGING_PARAMETERS = ("_count", "_offset")
_PATIENT_PARAMETERS = ("patient", "_id")
RESOURCE_TYPES: Mapping[str, tuple[str, ...]] = {
    "Patient": ("identifier", "_id"),
    "Encounter": _PATIENT_PARAMETERS,
    "QuestionnaireResponse": _PATIENT_PARAMETERS,
    "Observation": _PATIENT_PARAMETERS,
    "Media": _PATIENT_PARAMETERS,
    "CarePlan": _PATIENT_PARAMETERS,
    "ServiceRequest": _PATIENT_PARAMETERS,
    "Consent": _PATIENT_PARAMETERS,
    "Procedure": _PATIENT_PARAMETERS,
    "AdverseEvent": _PATIENT_PARAMETERS,
    "Appointment": _PATIENT_PARAMETERS,
    "Device": _PATIENT_PARAMETERS,
    "DocumentReference": _PATIENT_PARAMETERS,
    BINARY: (),  # read by its id alone
}
# Types that contain nothing of photographs: where one is requested, photographs are not read, since removing their
# metadata takes long.
WITHOUT_PICTURES = frozenset(
    {
        "Patient",
        "Encounter",
        "CarePlan",
        "ServiceRequest",
        "Procedure",
        "AdverseEvent",
        "Appointment",
        "Device",
        "DocumentReference",
    }
)


def check_resource_type(name: str, *, searched: bool) -> str:
    """Return the name of a resource type if the API offers it.

    Raises
    ------
    RefusedError : 404.
    """
    if name not in RESOURCE_TYPES or (searched and not RESOURCE_TYPES[name]):
        raise refusal(404)
    return name
