"""The description of the FHIR API: a CapabilityStatement, an OpenAPI document, and a page for people."""

from collections.abc import Callable, Iterable, Iterator

from fastapi.openapi import models as openapi
from pydantic import AnyUrl
from starlette.responses import Response

from skinbeam.text import Message, render_message
from skinbeam_clinic.exchange.api_responses import (
    FHIR_JSON,
    MOST_COUNT,
    PAGING_PARAMETERS,
    RESOURCE_TYPES,
    USUAL_COUNT,
    resource_response,
    tagged_response,
)
from skinbeam_clinic.exchange.fhir.elements import Resource
from skinbeam_clinic.exchange.fhir.resources import BINARY
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_description_routes"]

_FHIR_VERSION, _CHANGED = "4.3.0", "2026-11-22"  # version of R4B, and the day on which the statement last changed
_HL7_ADDRESS = "https://hl7.org/fhir/R4B"
_TYPES = {"patient": "reference"}  # types of search parameters; all others are tokens
_TAG = "If-None-Match"

Wording = Callable[[str], str]


def add_description_routes(router: ClinicRouter) -> None:
    """Add the routes of the API's description; they must be added before those that read."""
    router.add("GET", "/fhir", _description_page)
    router.add(
        "GET",
        "/fhir/metadata",
        lambda request: resource_response(request.http_request, _capability_statement(request.address("/fhir"))),
    )
    router.add("GET", "/fhir/openapi.json", _openapi_response)


def _openapi_response(request: ClinicRequest) -> Response:
    document = _openapi_document(request.address("/fhir"), _english)
    content = document.model_dump_json(by_alias=True, exclude_none=True).encode()
    return tagged_response(request.http_request, content, "application/json")


def _description_page(request: ClinicRequest) -> Response:
    return request.page("api.html", api=_openapi_document(request.address("/fhir"), _translated))


def _capability_statement(base: str) -> Resource:
    """Return the server's CapabilityStatement, as FHIR defines it."""
    rest = {
        "mode": "server",
        "security": {"description": _english("security")},
        "resource": [_resource_capability(kind, asked) for kind, asked in RESOURCE_TYPES.items()],
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _CHANGED,
        "kind": "instance",
        "software": {"name": "skinbeam"},
        "implementation": {"description": _english("lead"), "url": base},
        "fhirVersion": _FHIR_VERSION,
        "format": ["json"],
        "rest": [rest],
    }


def _resource_capability(kind: str, interactions: Iterable[str]) -> Resource:
    resource: Resource = {"type": kind, "interaction": [{"code": "read"}], "versioning": "no-version"}
    if interactions:
        resource["interaction"].append({"code": "search-type"})
        resource["searchParam"] = [{"name": name, "type": _TYPES.get(name, "token")} for name in interactions]
    if kind == "Patient":
        definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
        resource["operation"] = [{"name": "everything", "definition": definition}]
    return resource


def _openapi_document(base: str, wording: Wording) -> openapi.OpenAPI:
    """Return the OpenAPI document of the API.

    Parameters
    ----------
    base : address of the server.
    wording : returns the text of a message in the reader's language.
    """
    return openapi.OpenAPI(
        openapi="3.1.0",
        info=openapi.Info(title=wording("title"), version=_CHANGED, description=wording("lead")),
        servers=[openapi.Server(url=base)],
        security=[{"token": []}],
        paths={path: openapi.PathItem(get=operation) for path, operation in _operations(wording)},
        components=openapi.Components(
            securitySchemes={"token": openapi.HTTPBearer(description=wording("security"))},
            headers={"ETag": openapi.Header(schema=_TEXT, description=wording("tag"))},
            parameters={"tag": _parameter(_TAG, wording("tag"), "header")},
            schemas={
                name: _schema(name) for name in (*RESOURCE_TYPES, "Bundle", "CapabilityStatement", "OperationOutcome")
            },
            responses={
                "known": openapi.Response(description=wording("known")),
                "fault": openapi.Response(description=wording("faults"), content=_fhir_content("OperationOutcome")),
            },
        ),
    )


def _operations(wording: Wording) -> Iterator[tuple[str, openapi.Operation]]:
    """Yield each path with its operation."""
    yield "/metadata", _operation("metadata", wording("metadata"), [], "CapabilityStatement", open_to_all=True)
    id = _parameter("id", wording("by-id"), "path", required=True)
    for kind, asked in RESOURCE_TYPES.items():
        if asked:
            by = [_search_parameter(name, wording, required=name == "patient") for name in (*asked, *PAGING_PARAMETERS)]
            yield f"/{kind}", _operation(f"search{kind}", wording(f"kind-{kind}"), by, "Bundle")
        summary = wording("content") if kind == BINARY else wording("read")
        yield f"/{kind}/{{id}}", _operation(f"read{kind}", summary, [id], kind)
    by = [id, *(_search_parameter(name, wording) for name in PAGING_PARAMETERS)]
    yield "/Patient/{id}/$everything", _operation("everything", wording("everything"), by, "Bundle")


_TEXT = openapi.Schema(type="string")
_FILE = openapi.MediaType(schema=openapi.Schema(type="string", format="binary"))
_NUMBERS = {
    "_count": openapi.Schema(type="integer", minimum=0, maximum=MOST_COUNT, default=USUAL_COUNT),
    "_offset": openapi.Schema(type="integer", minimum=0, default=0),
}


def _operation(
    name: str, summary: str, by: list[openapi.Parameter], kind: str, *, open_to_all: bool = False
) -> openapi.Operation:
    done = openapi.Response(
        description=kind,
        headers={"ETag": _reference("headers/ETag")},
        content=_fhir_content(kind) | ({"*/*": _FILE} if kind == BINARY else {}),
    )
    statuses = ("400", "404", "429") if open_to_all else ("400", "401", "404", "429")
    faults = dict.fromkeys(statuses, _reference("responses/fault"))
    return openapi.Operation(
        operationId=name,
        summary=summary,
        parameters=[*by, _reference("parameters/tag")],
        responses={"200": done, "304": _reference("responses/known"), **faults},
        security=[] if open_to_all else None,
    )


def _search_parameter(name: str, wording: Wording, *, required: bool = False) -> openapi.Parameter:
    return _parameter(
        name, wording(f"by-{name.strip('_')}"), "query", required=required, schema=_NUMBERS.get(name, _TEXT)
    )


def _parameter(
    name: str, description: str, place: str, *, required: bool | None = None, schema: openapi.Schema = _TEXT
) -> openapi.Parameter:
    given = {"name": name, "in": openapi.ParameterInType(place), "required": required, "description": description}
    return openapi.Parameter.model_validate({**given, "schema": schema})


def _reference(part: str) -> openapi.Reference:
    return openapi.Reference.model_validate({"$ref": f"#/components/{part}"})


def _fhir_content(kind: str) -> dict[str, openapi.MediaType]:
    return {FHIR_JSON: openapi.MediaType(schema=_reference(f"schemas/{kind}"))}


def _schema(kind: str) -> openapi.Schema:
    """Return the schema of a resource type, which refers to FHIR's own documentation."""
    return openapi.Schema(
        type="object",
        required=["resourceType"],
        properties={"resourceType": openapi.Schema(const=kind)},
        externalDocs=openapi.ExternalDocumentation(url=AnyUrl(f"{_HL7_ADDRESS}/{kind.lower()}.html")),
    )


def _english(name: str) -> str:
    return Message(f"clinic-api.{name}", {}).english


def _translated(name: str) -> str:
    return render_message(f"clinic-api.{name}")
