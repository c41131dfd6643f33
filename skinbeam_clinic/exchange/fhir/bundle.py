"""A Bundle from elsewhere, read only where all that it says can be kept: what would be lost is named.

What was read is written again. Where the two say the same, nothing was passed over and nothing was put in; of a Bundle
that is hostile, the reading ends within the limits here.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from fhir.resources.R4B.bundle import Bundle

from skinbeam.errors import InputError
from skinbeam.exchange.fhir.bundle import READ_FAULTS, read_bundle
from skinbeam.exchange.fhir.parts import Resource, full_url
from skinbeam.exchange.fhir.plans import options_of
from skinbeam.exchange.fhir.resources import resources_of
from skinbeam.exchange.handed_on import Handed, handed_on
from skinbeam.records.desk.consents import SignatureKind, VoidReason
from skinbeam.records.desk.consultations import State
from skinbeam.records.faults import fault
from skinbeam.records.kept import Consent, Dossier, KeptConsultation, KeptPlan

__all__ = ["MOST_BYTES", "whole_dossier"]

MOST_BYTES = 200_000_000
_MOST_ENTRIES = 20_000
_MOST_NAMED = 20
_FILES = frozenset({"plan.json", "run.json", "preview.json", "report.pdf", "appendix.pdf", "leaflet.pdf"})
_HASH = re.compile("[0-9a-f]{64}")
_INT, _BIG = 2**31, 2**63  # what columns hold
_LONGEST = 200


def whole_dossier(content: bytes) -> Dossier:
    """Return what a Bundle holds of a patient, all of which can be kept.

    Raises
    ------
    InputError : `bad-bundle`, `bundle-too-large`; `bundle-loses`, which names what cannot be kept.
    """
    if len(content) > MOST_BYTES:
        raise fault("bundle-too-large", "bundle", hint={"most": MOST_BYTES // 1_000_000})
    try:
        bundle = json.loads(content, object_pairs_hook=_once, parse_constant=_refused)
        many = len(bundle["entry"]) > _MOST_ENTRIES
    except READ_FAULTS:
        raise fault("bad-bundle", "bundle") from None
    if many:
        raise fault("bundle-too-large", "bundle", hint={"most": MOST_BYTES // 1_000_000})
    dossier = read_bundle(content)
    try:
        lost = [*_implausible(dossier), *_after_consent(dossier), *_unlike(bundle, dossier)]
    except (*READ_FAULTS, InputError):
        raise fault("bad-bundle", "bundle") from None
    if lost:
        more = len(lost) - _MOST_NAMED
        names = [*lost[:_MOST_NAMED], *([f"+ {more}"] if more > 0 else [])]
        raise fault("bundle-loses", "bundle", names=", ".join(names))
    return dossier


def _once(pairs: Sequence[tuple[str, Any]]) -> Resource:
    """An object of JSON in which no name stands twice: the second would take the place of the first."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice")
    return made


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _unlike(given: Resource, dossier: Dossier) -> Iterator[str]:
    """What a Bundle says otherwise than one that is written of what was read, by type, name and place."""
    (patient,) = [one for one in _resources(given) if one["resourceType"] == "Patient"]
    clinic = patient["identifier"][0].get("assigner", {}).get("display", "")
    written = resources_of(Handed(dossier, ()), clinic)
    entries = [{"fullUrl": full_url(id), "resource": resource} for id, resource in written.items()]
    again = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    ours, theirs = _plain(again), _plain(given)
    yield from (f"Bundle.{name}" for name in theirs if theirs[name] != ours.get(name) and name != "entry")
    counted = Counter(one["id"] for one in _resources(theirs))
    yield from (f"{id} ({count})" for id, count in counted.items() if count > 1)
    held = {entry["resource"]["id"]: entry for entry in ours["entry"]}
    for entry in theirs["entry"]:
        one = entry["resource"]
        name = f"{one['resourceType']}/{one['id']}"
        if one["id"] not in held:
            yield name
        elif (place := _difference(entry, held.pop(one["id"]))) is not None:
            yield f"{name}: {'.'.join(part for part in place if part != 'resource')}"
    yield from (f"{entry['resource']['resourceType']}/{id}" for id, entry in held.items() if id not in counted)


def _resources(bundle: Resource) -> list[Resource]:
    return [entry["resource"] for entry in bundle["entry"]]


def _plain(bundle: Resource) -> Resource:
    """A Bundle in the one form in which every program's writing of it is the same."""
    read: Resource = json.loads(Bundle.model_validate(bundle).model_dump_json())
    return read


def _difference(one: Any, other: Any) -> tuple[str, ...] | None:
    """The place where two values differ first; None where they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        places = (_under(name, _difference(one.get(name), other.get(name))) for name in one | other)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        places = (_difference(*pair) for pair in zip(one, other, strict=True))
    else:
        return None if one == other else ()
    return next((place for place in places if place is not None), None)


def _under(name: str, place: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if place is None else (name, *place)


def _after_consent(dossier: Dossier) -> Iterator[str]:
    """What belongs to a consent, a machine or a member of the other clinic, none of which are here."""
    for one in dossier.consultations:
        yield from (f"Procedure/{treatment.id}" for treatment in one.treatments)
        yield from (f"Procedure/{spot.id}" for spot in one.test_spots)
        yield from (f"QuestionnaireResponse/{entry.id}" for entry in one.diary)
        yield from (f"Observation/{follow_up.id}" for follow_up in one.follow_ups)
    yield from (f"Appointment/{appointment.id}" for appointment in dossier.appointments)


def _implausible(dossier: Dossier) -> Iterator[str]:
    """What no clinic keeps so: contents that are not what they are called, states and numbers that there are not."""
    year = dossier.patient.year_of_birth
    if year is not None and not 0 < year < 10_000:
        yield "Patient.birthDate"
    again = handed_on(dossier)
    yield from (f"Media/{name}" for name in again.unread)
    for one, other in zip(dossier.consultations, again.dossier.consultations, strict=True):
        consultation = one.consultation
        known = consultation.state in set(State) and 0 < consultation.revision < _INT
        if not known or consultation.patient_id != dossier.patient.id or not _same(one, other):
            yield f"Encounter/{consultation.id}"
        for kept in one.plans:
            yield from _implausible_plan(kept)
        by_id = {kept.plan.id: kept for kept in one.plans}
        yield from (f"Consent/{consent.id}" for consent, _ in one.consents if not _plausible(consent, by_id))


def _same(one: KeptConsultation, other: KeptConsultation) -> bool:
    """Whether all is what would be handed on again; the documents of consents are not there to be compared."""
    return replace(one, consents=()) == replace(other, consents=())


def _implausible_plan(kept: KeptPlan) -> Iterator[str]:
    plan = kept.plan
    numbers = 0 <= plan.seed < _BIG and 0 < plan.draws < _INT and 0 < plan.consultation_revision < _INT
    hashes = all(map(_HASH.fullmatch, (plan.case_sha256, plan.plan_sha256)))
    if not (numbers and hashes and len(plan.version) <= _LONGEST and set(kept.files) <= _FILES):
        yield f"CarePlan/{plan.id}"


def _plausible(consent: Consent, plans: dict[str, KeptPlan]) -> bool:
    signed = (consent.signed_at is None) == (consent.signature_kind is None)
    signed = signed and (consent.document is None or consent.signed_at is not None)  # which may have stayed elsewhere
    kinds = (None, *SignatureKind)
    void = (consent.void_reason is None) == (consent.voided_at is None)
    return (
        signed
        and void
        and consent.signature_kind in kinds
        and consent.void_reason in (None, *VoidReason)
        and consent.option in options_of(plans[consent.plan_id])
        and bool(_HASH.fullmatch(consent.plan_sha256))
    )
