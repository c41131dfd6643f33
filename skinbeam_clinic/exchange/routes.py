"""Routes of the FHIR API, which reads de-identified records with a token, and the page of API tokens."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.tokens import LONGEST_TOKEN_DAYS
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.exchange.api_responses import (
    FHIR_JSON,
    MOST_COUNT,
    PAGING_PARAMETERS,
    RESOURCE_TYPES,
    USUAL_COUNT,
    WITHOUT_PICTURES,
    check_resource_type,
    resource_response,
    tagged_response,
)
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.consultations import patient_resource
from skinbeam_clinic.exchange.fhir.elements import PSEUDONYM, Resource
from skinbeam_clinic.exchange.fhir.resources import (
    BINARY,
    find_content,
    link_resources,
    make_resources,
    make_search_set,
)
from skinbeam_clinic.web.errors import RefusedError, refusal
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_api_routes",
    "add_token_routes",
]

_ROW_NAME_LENGTH = 32  # characters of a row's id, with which the id of every part of it begins
_LONGEST = 1000  # characters of a query parameter
_JSON = ("json", "application/json", FHIR_JSON)


def add_api_routes(router: ClinicRouter) -> None:
    """Add the routes that read; the first that matches an address answers."""
    router.add("GET", "/fhir/Patient/{patient}/$everything", _answer_everything)
    router.add("GET", "/fhir/{kind}", _answer_search)
    router.add("GET", "/fhir/{kind}/{resource}", _answer_resource)


@dataclass(frozen=True)
class _SearchQuery:
    """The parsed query of an address; `parameters` has the search parameters of the type."""

    parameters: Mapping[str, str]
    count: int
    offset: int


def _answer_everything(request: ClinicRequest) -> Response:
    asked = _parse_query(request, ())
    return _search_page(
        request, asked, list(_linked_resources(request, request.path_parameter("patient"), "everything").values())
    )


def _answer_search(request: ClinicRequest) -> Response:
    """Answer a search; an unknown patient is answered with 404 rather than with an empty result."""
    kind = check_resource_type(request.path_parameter("kind"), searched=True)
    asked = _parse_query(request, RESOURCE_TYPES[kind])
    if kind == "Patient":
        return _answer_patients(request, asked)
    if "patient" not in asked.parameters:
        raise _bad_parameter("missing", "patient")
    resources = _linked_resources(request, asked.parameters["patient"].removeprefix("Patient/"), kind)
    wanted = asked.parameters.get("_id")
    names = None if wanted is None else wanted.split(",")
    return _search_page(
        request,
        asked,
        [
            resource
            for id, resource in resources.items()
            if resource["resourceType"] == kind and (names is None or id in names)
        ],
    )


def _answer_patients(request: ClinicRequest, query: _SearchQuery) -> Response:
    """Answer with the patients of the clinic, the oldest first, so that new ones shift no page."""
    system, bar, value = query.parameters.get("identifier", "").rpartition("|")
    if bar and system != PSEUDONYM:
        return _search_page(request, query, [])
    ids = frozenset(query.parameters["_id"].split(",")) if "_id" in query.parameters else None
    patients = request.repositories.patients.list_by(pseudonym=value, ids=ids)
    clinic, linked = request.member_session.member.clinic, request.repositories.patient_links.list_linked()
    resources = [
        patient_resource(patient, clinic, linked.get(patient.id, ()), is_addressed=True) for patient in patients
    ]
    return _search_page(request, query, resources)


def _answer_resource(request: ClinicRequest) -> Response:
    """Answer with one resource; a Binary is sent as its plain content unless FHIR is requested."""
    kind, id = check_resource_type(request.path_parameter("kind"), searched=False), request.path_parameter("resource")
    _parse_query(request, ())
    patient = id if kind == "Patient" else request.repositories.dossiers.find_patient_id(id[:_ROW_NAME_LENGTH])
    if kind == BINARY:
        return _answer_content(request, patient, id)
    resources = _linked_resources(request, patient, f"{kind}/{id}")
    if id not in resources or resources[id]["resourceType"] != kind:
        raise refusal(404)
    return resource_response(request.http_request, resources[id])


def _answer_content(request: ClinicRequest, patient: str, id: str) -> Response:
    found = find_content(_patient_resources(request, patient, f"{BINARY}/{id}"), id)
    if found is None:
        raise refusal(404)
    media_type, content = found
    if FHIR_JSON in request.http_request.headers.get("accept", ""):
        data = base64.b64encode(content).decode()
        return resource_response(
            request.http_request, {"resourceType": BINARY, "id": id, "contentType": media_type, "data": data}
        )
    return tagged_response(request.http_request, content, media_type)


def _linked_resources(request: ClinicRequest, patient: str, what: str) -> dict[str, Resource]:
    return link_resources(_patient_resources(request, patient, what))


def _patient_resources(request: ClinicRequest, patient: str, what: str) -> dict[str, Resource]:
    """Return all de-identified resources of a patient; the audit log records which part was requested."""
    pictures = what.partition("/")[0] not in WITHOUT_PICTURES
    dossier = request.repositories.dossiers.read(patient, what, pictures=pictures)
    return make_resources(deidentify_dossier(dossier), request.member_session.member.clinic, is_addressed=True)


def _search_page(request: ClinicRequest, query: _SearchQuery, resources: Sequence[Resource]) -> Response:
    base = request.address("/fhir")
    address = request.address(request.http_request.url.path)
    links = {"self": query.offset}
    if query.count and query.offset + query.count < len(resources):
        links["next"] = query.offset + query.count
    if query.offset:
        links["previous"] = max(query.offset - query.count, 0)
    return resource_response(
        request.http_request,
        make_search_set(
            resources[query.offset : query.offset + query.count],
            base=base,
            total=len(resources),
            links={
                relation: f"{address}?{urlencode({**query.parameters, '_count': query.count, '_offset': offset})}"
                for relation, offset in links.items()
            },
        ),
    )


def _parse_query(request: ClinicRequest, by: Sequence[str]) -> _SearchQuery:
    """Parse the query of an address; an unknown parameter is an error, since it would otherwise be ignored silently.

    Raises
    ------
    RefusedError : 400.
    """
    sent = request.http_request.query_params.multi_items()
    parameters = dict(sent)
    known = (*by, *PAGING_PARAMETERS, "_format")
    for name, _ in sent:
        if name not in known or [other for other, _ in sent].count(name) > 1:
            raise _bad_parameter("parameter", name[:_LONGEST], known=sorted(known))
    for name, value in sent:
        if len(value) > _LONGEST or not value.isprintable():  # PostgreSQL refuses to look for a NUL
            raise _bad_parameter("value", name)
    if parameters.get("_format", "json") not in _JSON:
        raise _bad_parameter("format", "_format")
    count, offset = _parse_number(parameters, "_count", USUAL_COUNT), _parse_number(parameters, "_offset", 0)
    return _SearchQuery({name: parameters[name] for name in by if name in parameters}, min(count, MOST_COUNT), offset)


def _parse_number(parameters: Mapping[str, str], name: str, usual: int) -> int:
    written = parameters.get(name, str(usual))
    if not (written.isascii() and written.isdecimal() and len(written) < 10):
        raise _bad_parameter("number", name)
    return int(written)


def _bad_parameter(what: str, field: str, **known: list[str]) -> RefusedError:
    return RefusedError(400, catalogue_error(f"bad-{what}", f"clinic-api.bad-{what}", field, known, name=field))


_USUAL_TOKEN_DAYS = 90


def add_token_routes(router: ClinicRouter) -> None:
    """Add the routes of API tokens."""
    router.add("GET", "/tokens", _show_tokens)
    router.add("POST", "/tokens", _make_token, form=_show_tokens)
    router.add("POST", "/tokens/{token}/end", _end_token)


def _show_tokens(request: ClinicRequest, error: InputError | None = None) -> Response:
    return request.page(
        "tokens.html",
        error=error,
        tokens=request.repositories.tokens.all(),
        now=now(),
        name=request.text("name"),
        days=request.text("days") or str(_USUAL_TOKEN_DAYS),
        longest=LONGEST_TOKEN_DAYS,
    )


def _make_token(request: ClinicRequest) -> Response:
    """Make a token and show it; no other page ever does."""
    request.confirm_own_password()
    made, token = request.repositories.tokens.make(request.text("name"), request.whole_number("days") or 0)
    return request.page("token.html", made=made, token=token, address=request.address("/fhir/Patient"))


def _end_token(request: ClinicRequest) -> Response:
    request.repositories.tokens.end(request.path_parameter("token"))
    return request.redirect("/tokens")
