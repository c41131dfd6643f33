"""The description of the FHIR API: a CapabilityStatement, an OpenAPI document, and a page for people."""

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from skinbeam._version import __version__
from skinbeam.text import Message, render_message
from skinbeam_clinic.exchange.api_responses import (
    FHIR_JSON,
    MOST_COUNT,
    RESOURCE_TYPES,
    USUAL_COUNT,
    resource_response,
    tagged_response,
)
from skinbeam_clinic.exchange.fhir.resources import BINARY
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_description_routes", "capability_statement", "openapi_document"]

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
        lambda request: resource_response(request.http_request, capability_statement(request.address("/fhir"))),
    )
    router.add("GET", "/fhir/openapi.json", _openapi_response)


def _openapi_response(request: ClinicRequest) -> Response:
    document = openapi_document(request.address("/fhir"), _english)
    return tagged_response(request.http_request, json.dumps(document, ensure_ascii=False).encode(), "application/json")


def _description_page(request: ClinicRequest) -> Response:
    return request.page("api.html", api=openapi_document(request.address("/fhir"), _translated))


def capability_statement(base: str) -> dict[str, Any]:
    """Return the server's CapabilityStatement, as FHIR defines it."""
    resources = []
    for kind, asked in RESOURCE_TYPES.items():
        resource: dict[str, Any] = {"type": kind, "interaction": [{"code": "read"}], "versioning": "no-version"}
        if asked:
            resource["interaction"].append({"code": "search-type"})
            resource["searchParam"] = [{"name": name, "type": _TYPES.get(name, "token")} for name in asked]
        if kind == "Patient":
            definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
            resource["operation"] = [{"name": "everything", "definition": definition}]
        resources.append(resource)
    rest = {"mode": "server", "security": {"description": _english("security")}, "resource": resources}
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


def openapi_document(base: str, wording: Wording) -> dict[str, Any]:
    """Return the OpenAPI document of the API.

    Parameters
    ----------
    base : address of the server.
    wording : returns the text of a message in the reader's language.
    """
    paths = {"/metadata": _operation("metadata", wording("metadata"), [], "CapabilityStatement", open_to_all=True)}
    for kind, asked in RESOURCE_TYPES.items():
        if asked:
            by = [_parameter(name, wording, needed=name == "patient") for name in (*asked, "_count", "_offset")]
            paths[f"/{kind}"] = _operation(f"search{kind}", wording(f"kind-{kind}"), by, "Bundle")
        content = {"*/*": {"schema": {"type": "string", "format": "binary"}}} if kind == BINARY else {}
        summary = wording("content") if kind == BINARY else wording("read")
        paths[f"/{kind}/{{id}}"] = _operation(f"read{kind}", summary, [_id_parameter(wording)], kind, content)
    paging = [_parameter(name, wording) for name in ("_count", "_offset")]
    everything = _operation("everything", wording("everything"), [_id_parameter(wording), *paging], "Bundle")
    return {
        "openapi": "3.1.0",
        "info": {"title": wording("title"), "version": __version__, "description": wording("lead")},
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths | {"/Patient/{id}/$everything": everything},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": wording("security")}},
            "headers": {"ETag": {"schema": {"type": "string"}, "description": wording("tag")}},
            "parameters": {"tag": {"name": _TAG, "in": "header", "description": wording("tag"), "schema": _TEXT}},
            "schemas": {
                name: _schema(name) for name in (*RESOURCE_TYPES, "Bundle", "CapabilityStatement", "OperationOutcome")
            },
            "responses": {
                "known": {"description": wording("known")},
                "fault": {"description": wording("faults"), "content": _fhir_content("OperationOutcome")},
            },
        },
    }


_TEXT = {"type": "string"}


def _operation(
    name: str,
    summary: str,
    by: list[dict[str, Any]],
    kind: str,
    content: dict[str, Any] | None = None,
    *,
    open_to_all: bool = False,
) -> dict[str, Any]:
    fault = {"$ref": "#/components/responses/fault"}
    statuses = ("400", "404", "429") if open_to_all else ("400", "401", "404", "429")
    done = {
        "description": kind,
        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        "content": _fhir_content(kind) | (content or {}),
    }
    answers = {"200": done, "304": {"$ref": "#/components/responses/known"}} | dict.fromkeys(statuses, fault)
    parameters = [*by, {"$ref": "#/components/parameters/tag"}]
    operation = {"operationId": name, "summary": summary, "parameters": parameters, "responses": answers}
    return {"get": operation | ({"security": []} if open_to_all else {})}


def _parameter(name: str, wording: Wording, *, needed: bool = False) -> dict[str, Any]:
    numbers: dict[str, dict[str, Any]] = {
        "_count": {"type": "integer", "minimum": 0, "maximum": MOST_COUNT, "default": USUAL_COUNT},
        "_offset": {"type": "integer", "minimum": 0, "default": 0},
    }
    said, schema = wording(f"by-{name.strip('_')}"), numbers.get(name, _TEXT)
    return {"name": name, "in": "query", "required": needed, "description": said, "schema": schema}


def _id_parameter(wording: Wording) -> dict[str, Any]:
    return {"name": "id", "in": "path", "required": True, "description": wording("by-id"), "schema": _TEXT}


def _fhir_content(kind: str) -> dict[str, Any]:
    return {FHIR_JSON: {"schema": {"$ref": f"#/components/schemas/{kind}"}}}


def _schema(kind: str) -> dict[str, Any]:
    """Return the schema of a resource type, which refers to FHIR's own documentation."""
    return {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"const": kind}},
        "externalDocs": {"url": f"{_HL7_ADDRESS}/{kind.lower()}.html"},
    }


def _english(name: str) -> str:
    return Message(f"clinic-api.{name}", {}).english


def _translated(name: str) -> str:
    return render_message(f"clinic-api.{name}")
