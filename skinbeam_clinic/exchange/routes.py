"""What a token reads: patients by pseudonym, and all that is handed on of each, by type and by name."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from skinbeam.app.clinic.api.kinds import KINDS, MOST, PAGING, USUAL, WITHOUT_PICTURES, kind_of
from skinbeam.app.clinic.api.told import FHIR, tagged, told
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.app.faults import RefusedError, refusal
from skinbeam.errors import InputError
from skinbeam.exchange.fhir.consultations import patient_resource
from skinbeam.exchange.fhir.parts import PSEUDONYM, Resource
from skinbeam.exchange.fhir.resources import resources_of
from skinbeam.exchange.fhir.rest import BINARY, content_named, linked, search_set
from skinbeam.exchange.handed_on import handed_on
from skinbeam.messages import text

__all__ = ["add_reading"]

_ROW = 32  # signs of the name of a row, with which every name of a part of it begins
_LONGEST = 1000  # of what an address asks
_JSON = ("json", "application/json", FHIR)


def add_reading(gate: Gate) -> None:
    """Open the routes that read; the first that fits an address answers."""
    gate.add("GET", "/fhir/Patient/{patient}/$everything", _everything)
    gate.add("GET", "/fhir/{kind}", _search)
    gate.add("GET", "/fhir/{kind}/{resource}", _read)


@dataclass(frozen=True)
class _Asked:
    """What an address asks beside its path; `by` holds the parameters of the type."""

    by: Mapping[str, str]
    count: int
    offset: int


def _everything(visit: Visit) -> Response:
    asked = _asked(visit, ())
    return _page(visit, asked, list(_resources(visit, visit.path("patient"), "everything").values()))


def _search(visit: Visit) -> Response:
    """Answer with what is found; of a patient that is not there nothing is said, not that there is nothing."""
    kind = kind_of(visit.path("kind"), searched=True)
    asked = _asked(visit, KINDS[kind])
    if kind == "Patient":
        return _patients(visit, asked)
    if "patient" not in asked.by:
        raise _bad("missing", "patient")
    held = _resources(visit, asked.by["patient"].removeprefix("Patient/"), kind)
    wanted = asked.by.get("_id")
    names = None if wanted is None else wanted.split(",")
    return _page(
        visit,
        asked,
        [one for id, one in held.items() if one["resourceType"] == kind and (names is None or id in names)],
    )


def _patients(visit: Visit, asked: _Asked) -> Response:
    """Answer with the patients of the clinic, those who came first first, so that later ones move no page."""
    system, bar, value = asked.by.get("identifier", "").rpartition("|")
    if bar and system != PSEUDONYM:
        return _page(visit, asked, [])
    ids = frozenset(asked.by["_id"].split(",")) if "_id" in asked.by else None
    found = visit.desk.patients.listed(pseudonym=value, ids=ids)
    return _page(visit, asked, [patient_resource(one, visit.signed.member.clinic) for one in found])


def _read(visit: Visit) -> Response:
    """Answer with one resource, or with the content of one as it is unless FHIR is asked for."""
    kind, id = kind_of(visit.path("kind"), searched=False), visit.path("resource")
    _asked(visit, ())
    patient = id if kind == "Patient" else visit.desk.dossiers.whose(id[:_ROW])
    if kind == BINARY:
        return _content(visit, patient, id)
    held = _resources(visit, patient, f"{kind}/{id}")
    if id not in held or held[id]["resourceType"] != kind:
        raise refusal(404)
    return told(visit.request, held[id])


def _content(visit: Visit, patient: str, id: str) -> Response:
    found = content_named(_whole(visit, patient, f"{BINARY}/{id}"), id)
    if found is None:
        raise refusal(404)
    media_type, content = found
    if FHIR in visit.request.headers.get("accept", ""):
        data = base64.b64encode(content).decode()
        return told(visit.request, {"resourceType": BINARY, "id": id, "contentType": media_type, "data": data})
    return tagged(visit.request, content, media_type)


def _resources(visit: Visit, patient: str, what: str) -> dict[str, Resource]:
    return linked(_whole(visit, patient, what))


def _whole(visit: Visit, patient: str, what: str) -> dict[str, Resource]:
    """Everything that is handed on of a patient; the trail says what of it was asked for."""
    pictures = what.partition("/")[0] not in WITHOUT_PICTURES
    dossier = visit.desk.dossiers.read(patient, what, pictures=pictures)
    return resources_of(handed_on(dossier), visit.signed.member.clinic)


def _page(visit: Visit, asked: _Asked, found: Sequence[Resource]) -> Response:
    base = visit.address("/fhir")
    address = visit.address(visit.request.url.path)
    links = {"self": asked.offset}
    if asked.count and asked.offset + asked.count < len(found):
        links["next"] = asked.offset + asked.count
    if asked.offset:
        links["previous"] = max(asked.offset - asked.count, 0)
    return told(
        visit.request,
        search_set(
            found[asked.offset : asked.offset + asked.count],
            base=base,
            total=len(found),
            links={
                relation: f"{address}?{urlencode({**asked.by, '_count': asked.count, '_offset': offset})}"
                for relation, offset in links.items()
            },
        ),
    )


def _asked(visit: Visit, by: Sequence[str]) -> _Asked:
    """What an address asks; a parameter that is not known would else be passed over in silence.

    Raises
    ------
    RefusedError : 400.
    """
    sent = visit.request.query_params.multi_items()
    held = dict(sent)
    known = (*by, *PAGING, "_format")
    for name, _ in sent:
        if name not in known or [other for other, _ in sent].count(name) > 1:
            raise _bad("parameter", name[:_LONGEST], known=sorted(known))
    for name, value in sent:
        if len(value) > _LONGEST or not value.isprintable():  # PostgreSQL refuses to look for a NUL
            raise _bad("value", name)
    if held.get("_format", "json") not in _JSON:
        raise _bad("format", "_format")
    count, offset = _number(held, "_count", USUAL), _number(held, "_offset", 0)
    return _Asked({name: held[name] for name in by if name in held}, min(count, MOST), offset)


def _number(held: Mapping[str, str], name: str, usual: int) -> int:
    written = held.get(name, str(usual))
    if not (written.isascii() and written.isdecimal() and len(written) < 10):
        raise _bad("number", name)
    return int(written)


def _bad(what: str, field: str, **known: list[str]) -> RefusedError:
    return RefusedError(
        400,
        InputError(
            f"bad-{what}",
            text(f"clinic-api.bad-{what}", {"name": field}),
            field=field,
            hint=text(f"clinic-api.bad-{what}-hint", known),
        ),
    )
