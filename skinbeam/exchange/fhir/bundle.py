"""A patient's records as one Bundle of FHIR R4B, and back."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from fhir.resources.R4B.bundle import Bundle
from pydantic import ValidationError

from skinbeam.exchange.fhir.appointments import appointment_of
from skinbeam.exchange.fhir.consents import consent_of
from skinbeam.exchange.fhir.consultations import consultation_of, is_of_consultation, patient_of
from skinbeam.exchange.fhir.diaries import diary_entry_of
from skinbeam.exchange.fhir.follow_ups import follow_up_of
from skinbeam.exchange.fhir.parts import Resource, full_url, known, referred
from skinbeam.exchange.fhir.photographs import permissions_of, photograph_of
from skinbeam.exchange.fhir.plans import plan_of
from skinbeam.exchange.fhir.resources import resources_of
from skinbeam.exchange.fhir.spots import test_spot_of
from skinbeam.exchange.fhir.treatments import treatment_of
from skinbeam.exchange.handed_on import Handed
from skinbeam.records.faults import fault
from skinbeam.records.followed import FollowUp
from skinbeam.records.kept import Dossier, KeptConsultation, KeptPlan
from skinbeam.records.spots import TestSpot
from skinbeam.records.treated import Treatment

__all__ = ["READ_FAULTS", "bundle_of", "read_bundle"]

Row = TypeVar("Row", Treatment, FollowUp, TestSpot)

# What is raised of a document that is not of the shape that is looked for, or is nested too deep.
READ_FAULTS = (ValidationError, ValueError, TypeError, LookupError, StopIteration, AttributeError, RecursionError)


def bundle_of(handed: Handed, clinic: str) -> bytes:
    """Return what is handed on of a patient as a Bundle in JSON; the same records give the same bytes.

    Parameters
    ----------
    clinic : whose pseudonym it is.
    """
    resources = resources_of(handed, clinic)
    entries = [{"fullUrl": full_url(id), "resource": resource} for id, resource in resources.items()]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    Bundle.model_validate(bundle)
    return json.dumps(bundle, ensure_ascii=False, indent=1).encode()


def read_bundle(content: bytes) -> Dossier:
    """Return what a Bundle holds of a patient.

    Raises
    ------
    InputError : `bad-bundle`: it is no Bundle of FHIR R4B, or not one that `bundle_of` has made.
    """
    try:
        bundle = json.loads(content)
        Bundle.model_validate(bundle)
        held: dict[str, list[Resource]] = defaultdict(list)
        for entry in bundle["entry"]:
            held[entry["resource"]["resourceType"]].append(entry["resource"])
        return _dossier(held)
    except READ_FAULTS:
        raise fault("bad-bundle", "bundle") from None


def _dossier(held: dict[str, list[Resource]]) -> Dossier:
    (patient,) = held["Patient"]
    by_id = {name: one for kind in held.values() for one in kind for name in _names(one["id"])}
    answers = {referred(one["encounter"]): one for one in held["QuestionnaireResponse"] if is_of_consultation(one)}
    return Dossier(
        patient_of(patient),
        tuple(_consultation(one, answers[one["id"]], held, by_id) for one in held["Encounter"]),
        tuple(map(appointment_of, held["Appointment"])),
    )


def _names(id: str) -> tuple[str, str]:
    """How references call a resource, in a bundle and beyond."""
    return id, referred({"reference": full_url(id)})


def _consultation(
    encounter: Resource, answers: Resource, held: dict[str, list[Resource]], by_id: dict[str, Resource]
) -> KeptConsultation:
    permissions = dict(map(permissions_of, _consents(held, "patient-privacy")))
    plans = [_plan(one, by_id) for one in held["CarePlan"] if referred(one["encounter"]) == encounter["id"]]
    mine = {kept.plan.id for kept in plans}
    consents = (consent_of(one, _source(one, by_id)) for one in _consents(held, "treatment"))
    return KeptConsultation(
        consultation_of(encounter, answers),
        tuple(
            photograph_of(one, permissions[one["id"]])
            for one in held["Media"]
            if referred(one["encounter"]) == encounter["id"]
        ),
        tuple(plans),
        tuple((consent, None) for consent in consents if consent.plan_id in mine),
        _of(encounter, map(treatment_of, held["Procedure"])),
        _of(encounter, map(follow_up_of, held["Observation"])),
        _of(encounter, map(test_spot_of, held["Procedure"])),
        tuple(
            one for id, one in filter(None, map(diary_entry_of, held["QuestionnaireResponse"])) if id == encounter["id"]
        ),
    )


def _of(encounter: Resource, found: Iterable[Row | None]) -> tuple[Row, ...]:
    """What goes with a consultation, of what was read of resources, some of which are of something else."""
    return tuple(one for one in found if one is not None and one.consultation_id == encounter["id"])


def _consents(held: dict[str, list[Resource]], scope: str) -> list[Resource]:
    return [one for one in held["Consent"] if one["scope"]["coding"] == [known(scope)]]


def _plan(care_plan: Resource, by_id: dict[str, Resource]) -> KeptPlan:
    files = [by_id[referred(one)] for one in care_plan.get("supportingInfo", [])]
    chosen = [by_id[referred(one["reference"])] for one in care_plan.get("activity", [])]
    return plan_of(care_plan, files, chosen)


def _source(consent: Resource, by_id: dict[str, Resource]) -> Resource | None:
    return by_id[referred(consent["sourceReference"])] if "sourceReference" in consent else None
