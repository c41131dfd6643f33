"""Write a patient's records as a Bundle of FHIR R4B, and read a Bundle that can be stored completely.

A Bundle that was read is written again and compared with the original: where both are the same, nothing was ignored and
nothing was added. The size limits bound the work for a hostile Bundle.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from skinbeam._version import __version__
from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES
from skinbeam_clinic.clinic_texts.models import LONGEST_TEXT, LONGEST_TITLE
from skinbeam_clinic.consents.repository import SignatureKind, VoidReason
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.exchange.deidentification import DeidentifiedDossier, deidentify_dossier
from skinbeam_clinic.exchange.fhir.consultations import (
    is_consultation_response,
    parse_consultation,
    parse_patient,
    parse_patient_links,
    parse_permissions,
    parse_photograph,
)
from skinbeam_clinic.exchange.fhir.documents import parse_attachment, parse_note
from skinbeam_clinic.exchange.fhir.elements import Resource, full_url, parse_reference, standard_coding
from skinbeam_clinic.exchange.fhir.follow_ups import parse_diary_entry, parse_follow_up
from skinbeam_clinic.exchange.fhir.plans import list_options, parse_consent, parse_plan
from skinbeam_clinic.exchange.fhir.resources import make_resources
from skinbeam_clinic.exchange.fhir.treatments import parse_appointment, parse_test_spot, parse_treatment
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.models import Consent, ConsultationContents, Dossier, PlanContents
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import Treatment

__all__ = [
    "MOST_BYTES",
    "make_bundle",
    "parse_whole_bundle",
    "read_bundle",
]

RecordType = TypeVar("RecordType", Treatment, FollowUp, TestSpotRecord)

# Exceptions that a document raises when it does not have the expected structure, or is nested too deep.
_READ_ERRORS = (ValidationError, ValueError, TypeError, LookupError, StopIteration, AttributeError, RecursionError)


def make_bundle(deidentified: DeidentifiedDossier, clinic: str) -> bytes:
    """Return a de-identified dossier as a Bundle in JSON; the same records give the same bytes.

    Parameters
    ----------
    clinic : the clinic that assigned the pseudonym.
    """
    resources = make_resources(deidentified, clinic)
    entries = [{"fullUrl": full_url(id), "resource": resource} for id, resource in resources.items()]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    Bundle.model_validate(bundle)
    return json.dumps(bundle, ensure_ascii=False, indent=1).encode()


def read_bundle(content: bytes) -> Dossier:
    """Read a patient's dossier from a Bundle.

    Raises
    ------
    InputError : `bad-bundle`: it is no Bundle of FHIR R4B, or not one that `make_bundle` has made.
    """
    try:
        bundle = json.loads(content)
        Bundle.model_validate(bundle)
        held: dict[str, list[Resource]] = defaultdict(list)
        for entry in bundle["entry"]:
            held[entry["resource"]["resourceType"]].append(entry["resource"])
        return _parse_dossier(held)
    except _READ_ERRORS:
        raise clinic_error("bad-bundle", "bundle", hint={"version": __version__}) from None


def _parse_dossier(resources: dict[str, list[Resource]]) -> Dossier:
    (patient,) = resources["Patient"]
    by_id = {
        name: resource for kind in resources.values() for resource in kind for name in _reference_names(resource["id"])
    }
    answers = {
        parse_reference(response["encounter"]): response
        for response in resources["QuestionnaireResponse"]
        if is_consultation_response(response)
    }
    return Dossier(
        parse_patient(patient),
        tuple(
            _parse_consultation(encounter, answers[encounter["id"]], resources, by_id)
            for encounter in resources["Encounter"]
        ),
        tuple(map(parse_appointment, resources["Appointment"])),
        tuple(filter(None, map(parse_note, resources["DocumentReference"]))),
        tuple(
            (attachment, None)
            for attachment in map(parse_attachment, resources["DocumentReference"])
            if attachment is not None
        ),
        parse_patient_links(patient),
    )


def _reference_names(id: str) -> tuple[str, str]:
    """Return the names by which references call a resource, within a bundle and outside."""
    return id, parse_reference({"reference": full_url(id)})


def _parse_consultation(
    encounter: Resource, answers: Resource, resources: dict[str, list[Resource]], by_id: dict[str, Resource]
) -> ConsultationContents:
    permissions = dict(map(parse_permissions, _list_consents(resources, "patient-privacy")))
    plans = [
        _parse_plan(care_plan, by_id)
        for care_plan in resources["CarePlan"]
        if parse_reference(care_plan["encounter"]) == encounter["id"]
    ]
    plan_ids = {contents.plan.id for contents in plans}
    consents = (
        parse_consent(consent, _find_document(consent, by_id)) for consent in _list_consents(resources, "treatment")
    )
    return ConsultationContents(
        parse_consultation(encounter, answers),
        tuple(
            parse_photograph(media, permissions[media["id"]])
            for media in resources["Media"]
            if parse_reference(media["encounter"]) == encounter["id"]
        ),
        tuple(plans),
        tuple((consent, None) for consent in consents if consent.plan_id in plan_ids),
        _find_records(encounter, map(parse_treatment, resources["Procedure"])),
        _find_records(encounter, map(parse_follow_up, resources["Observation"])),
        _find_records(encounter, map(parse_test_spot, resources["Procedure"])),
        tuple(
            entry
            for id, entry in filter(None, map(parse_diary_entry, resources["QuestionnaireResponse"]))
            if id == encounter["id"]
        ),
    )


def _find_records(encounter: Resource, records: Iterable[RecordType | None]) -> tuple[RecordType, ...]:
    """Return the parsed records that belong to a consultation; None stands for resources of other kinds."""
    return tuple(record for record in records if record is not None and record.consultation_id == encounter["id"])


def _list_consents(resources: dict[str, list[Resource]], scope: str) -> list[Resource]:
    return [consent for consent in resources["Consent"] if consent["scope"]["coding"] == [standard_coding(scope)]]


def _parse_plan(care_plan: Resource, by_id: dict[str, Resource]) -> PlanContents:
    files = [by_id[parse_reference(reference)] for reference in care_plan.get("supportingInfo", [])]
    chosen = [by_id[parse_reference(activity["reference"])] for activity in care_plan.get("activity", [])]
    return parse_plan(care_plan, files, chosen)


def _find_document(consent: Resource, by_id: dict[str, Resource]) -> Resource | None:
    return by_id[parse_reference(consent["sourceReference"])] if "sourceReference" in consent else None


MOST_BYTES = 200_000_000
_MOST_ENTRIES = 20_000
_MOST_NAMED = 20
_FILES = frozenset({"plan.json", "run.json", "preview.json", "report.pdf", "appendix.pdf", "leaflet.pdf"})
_HASH = re.compile("[0-9a-f]{64}")
_INT, _BIG = 2**31, 2**63  # limits of database columns
_LONGEST = 200


def parse_whole_bundle(content: bytes) -> Dossier:
    """Read a patient's dossier from a Bundle, all of which can be stored.

    Raises
    ------
    InputError : `bad-bundle`, `bundle-too-large`; `bundle-loses`, which names what cannot be stored.
    """
    if len(content) > MOST_BYTES:
        raise clinic_error("bundle-too-large", "bundle", hint={"most": MOST_BYTES // 1_000_000})
    try:
        bundle = json.loads(content, object_pairs_hook=_reject_repeated_names, parse_constant=_refuse_number)
        many = len(bundle["entry"]) > _MOST_ENTRIES
    except _READ_ERRORS:
        raise clinic_error("bad-bundle", "bundle", hint={"version": __version__}) from None
    if many:
        raise clinic_error("bundle-too-large", "bundle", hint={"most": MOST_BYTES // 1_000_000})
    dossier = read_bundle(content)
    try:
        lost = [*_find_implausible(dossier), *_find_local_records(dossier), *_find_losses(bundle, dossier)]
    except (*_READ_ERRORS, InputError):
        raise clinic_error("bad-bundle", "bundle", hint={"version": __version__}) from None
    if lost:
        more = len(lost) - _MOST_NAMED
        names = [*lost[:_MOST_NAMED], *([f"+ {more}"] if more > 0 else [])]
        raise clinic_error("bundle-loses", "bundle", names=", ".join(names), hint={"version": __version__})
    return dossier


def _reject_repeated_names(pairs: Sequence[tuple[str, Any]]) -> Resource:
    """Return a JSON object, and reject repeated names, since the second would replace the first."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice")
    return made


def _refuse_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _find_losses(given: Resource, dossier: Dossier) -> Iterator[str]:
    """Yield the type, id and place of each difference between a Bundle and the one written from what was read."""
    (patient,) = [resource for resource in _list_resources(given) if resource["resourceType"] == "Patient"]
    clinic = patient["identifier"][0].get("assigner", {}).get("display", "")
    written = make_resources(DeidentifiedDossier(dossier, ()), clinic)
    entries = [{"fullUrl": full_url(id), "resource": resource} for id, resource in written.items()]
    again = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    written_bundle, given_bundle = _normalize_bundle(again), _normalize_bundle(given)
    yield from (
        f"Bundle.{name}" for name in given_bundle if given_bundle[name] != written_bundle.get(name) and name != "entry"
    )
    counted = Counter(resource["id"] for resource in _list_resources(given_bundle))
    yield from (f"{id} ({count})" for id, count in counted.items() if count > 1)
    entries_by_id = {entry["resource"]["id"]: entry for entry in written_bundle["entry"]}
    for entry in given_bundle["entry"]:
        resource = entry["resource"]
        name = f"{resource['resourceType']}/{resource['id']}"
        if resource["id"] not in entries_by_id:
            yield name
        elif (place := _find_difference(entry, entries_by_id.pop(resource["id"]))) is not None:
            yield f"{name}: {'.'.join(part for part in place if part != 'resource')}"
    yield from (f"{entry['resource']['resourceType']}/{id}" for id, entry in entries_by_id.items() if id not in counted)


def _list_resources(bundle: Resource) -> list[Resource]:
    return [entry["resource"] for entry in bundle["entry"]]


def _normalize_bundle(bundle: Resource) -> Resource:
    """Return a Bundle in canonical form, which does not depend on the program that wrote it."""
    read: Resource = json.loads(Bundle.model_validate(bundle).model_dump_json())
    return read


def _find_difference(one: Any, other: Any) -> tuple[str, ...] | None:
    """Return the place of the first difference between two values; None where they are equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        places = (_prefix_place(name, _find_difference(one.get(name), other.get(name))) for name in one | other)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        places = (_find_difference(*pair) for pair in zip(one, other, strict=True))
    else:
        return None if one == other else ()
    return next((place for place in places if place is not None), None)


def _prefix_place(name: str, place: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if place is None else (name, *place)


def _find_local_records(dossier: Dossier) -> Iterator[str]:
    """Yield records that belong to a consent, machine or member of the other clinic, which is unknown to this one."""
    for consultation in dossier.consultations:
        yield from (f"Procedure/{treatment.id}" for treatment in consultation.treatments)
        yield from (f"Procedure/{spot.id}" for spot in consultation.test_spots)
        yield from (f"QuestionnaireResponse/{entry.id}" for entry in consultation.diary)
        yield from (f"Observation/{follow_up.id}" for follow_up in consultation.follow_ups)
    yield from (f"Appointment/{appointment.id}" for appointment in dossier.appointments)
    yield from (f"Patient.link ({link.relation.value})" for link in dossier.links)


def _find_implausible(dossier: Dossier) -> Iterator[str]:
    """Yield records that no clinic stores: contents that do not fit their name, impossible states and numbers."""
    year = dossier.patient.year_of_birth
    if year is not None and not 0 < year < 10_000:
        yield "Patient.birthDate"
    again = deidentify_dossier(dossier)
    yield from (f"Media/{name}" for name in again.unreadable_photograph_ids)
    for one, other in zip(dossier.consultations, again.dossier.consultations, strict=True):
        consultation = one.consultation
        known = consultation.state in set(ConsultationState) and 0 < consultation.revision < _INT
        if not known or consultation.patient_id != dossier.patient.id or not _is_same_consultation(one, other):
            yield f"Encounter/{consultation.id}"
        for contents in one.plans:
            yield from _find_implausible_plan(contents)
        by_id = {contents.plan.id: contents for contents in one.plans}
        yield from (f"Consent/{consent.id}" for consent, _ in one.consents if not _is_plausible_consent(consent, by_id))


def _is_same_consultation(consultation: ConsultationContents, other: ConsultationContents) -> bool:
    """Return whether de-identifying a consultation again changes nothing; consents are compared elsewhere."""
    return replace(consultation, consents=()) == replace(other, consents=())


def _find_implausible_plan(contents: PlanContents) -> Iterator[str]:
    plan = contents.plan
    numbers = 0 <= plan.seed < _BIG and 0 < plan.draws < _INT and 0 < plan.consultation_revision < _INT
    hashes = all(map(_HASH.fullmatch, (plan.case_sha256, plan.plan_sha256)))
    if not (numbers and hashes and len(plan.version) <= _LONGEST and set(contents.files) <= _FILES):
        yield f"CarePlan/{plan.id}"


def _is_plausible_consent(consent: Consent, plans: dict[str, PlanContents]) -> bool:
    signed = (consent.signed_at is None) == (consent.signature_kind is None)
    signed = signed and (consent.document is None or consent.signed_at is not None)  # a document may be left out
    kinds = (None, *SignatureKind)
    void = (consent.void_reason is None) == (consent.voided_at is None)
    return (
        signed
        and void
        and consent.signature_kind in kinds
        and consent.void_reason in (None, *VoidReason)
        and consent.language in LANGUAGES
        and all(len(text.title) <= LONGEST_TITLE and len(text.text) <= LONGEST_TEXT for text in consent.texts)
        and consent.option in list_options(plans[consent.plan_id])
        and bool(_HASH.fullmatch(consent.plan_sha256))
    )
