"""Patient, Encounter, QuestionnaireResponse, Observation: who came when, what was answered, what was measured."""

import re
from collections.abc import Mapping
from typing import Any

from skinbeam.exchange.fhir.parts import (
    Resource,
    coded,
    extended,
    extension,
    identified,
    identifier,
    known,
    our_coding,
    part_id,
    reference,
    referred,
    time,
    time_of,
    trimmed,
    words,
)
from skinbeam.exchange.names import BASE
from skinbeam.records.desk.consultations import State
from skinbeam.records.kept import Consultation, Patient
from skinbeam.schema.names import PHOTOTYPES

__all__ = [
    "consultation_of",
    "encounter",
    "is_of_consultation",
    "observations",
    "patient_of",
    "patient_resource",
    "response",
]

_QUESTIONS = f"{BASE}/Questionnaire/consultation"
_PHOTO = "photo"
_GRADE = re.compile(f"({'|'.join(PHOTOTYPES)})(-({'|'.join(PHOTOTYPES)}))?")
_NUMBER = re.compile(r"[+-]?\d{1,3}([.,]\d{1,6})?", re.ASCII)


def patient_resource(patient: Patient, clinic: str) -> Resource:
    """Return a patient by pseudonym and year of birth."""
    named = identifier("pseudonym", patient.pseudonym)
    named |= {"period": {"start": time(patient.created_at)}, "assigner": {"display": clinic}}
    year = None if patient.year_of_birth is None else f"{patient.year_of_birth:04}"
    return trimmed(
        {"resourceType": "Patient", "id": patient.id, "identifier": [named], "active": True, "birthDate": year}
    )


def patient_of(resource: Resource) -> Patient:
    """Return the patient of a resource."""
    year = resource.get("birthDate")
    return Patient(
        id=resource["id"],
        pseudonym=identified(resource, "pseudonym"),
        year_of_birth=None if year is None else int(year),
        created_at=time_of(resource["identifier"][0]["period"]["start"]),
        erased_at=None,
    )


def encounter(one: Consultation) -> Resource:
    """Return when a consultation took place, and how far it is."""
    return {
        "resourceType": "Encounter",
        "id": one.id,
        "meta": {"versionId": str(one.revision), "lastUpdated": time(one.saved_at)},
        "extension": [extension("consultation", state=one.state)],
        "status": "finished" if one.state == State.CLOSED else "in-progress",
        "class": known("ambulatory"),
        "subject": reference(one.patient_id),
        "period": {"start": time(one.created_at)},
    }


def response(one: Consultation) -> Resource:
    """Return what was answered, question by question; each is called as in a case file."""
    grouped: dict[str, list[Resource]] = {}
    for name, value in one.answers["entries"]:
        grouped.setdefault(name, []).append({"valueString": value})
    items: list[Resource] = [{"linkId": name, "answer": answers} for name, answers in grouped.items()]
    if photograph := one.answers["photograph"]:
        items.append({"linkId": _PHOTO, "answer": [{"valueReference": reference(photograph)}]})
    return trimmed(
        {
            "resourceType": "QuestionnaireResponse",
            "id": part_id(one.id, "answers"),
            "questionnaire": _QUESTIONS,
            "status": "in-progress" if one.state == State.DRAFT else "completed",
            "subject": reference(one.patient_id),
            "encounter": reference(one.id),
            "authored": time(one.saved_at),
            "item": items,
        }
    )


def is_of_consultation(response: Resource) -> bool:
    """Return whether answers are those of the form, and not of a diary or a follow-up."""
    return bool(response["questionnaire"] == _QUESTIONS)


def observations(one: Consultation) -> list[Resource]:
    """Return what was found of the skin's colour, where an answer says it."""
    answered: Mapping[str, str] = dict(one.answers["entries"])
    found = []
    grade, angle = answered.get("patient.phototype", ""), answered.get("patient.ita_deg", "")
    if _GRADE.fullmatch(grade):
        value = coded(our_coding("phototype", grade), said=words("phototype-value", grade=grade))
        code = coded(known("phototype"), said=words("phototype"))
        found.append(_observation(one, "phototype", code, valueCodeableConcept=value))
    if _NUMBER.fullmatch(angle):
        code = coded(our_coding("observation", "ita"), said=words("ita"))
        quantity = {"value": float(angle.replace(",", ".")), "unit": "°", "code": "deg"}
        found.append(_observation(one, "ita", code, valueQuantity=quantity | {"system": "http://unitsofmeasure.org"}))
    return found


def _observation(one: Consultation, name: str, code: Resource, **value: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": part_id(one.id, name),
        "status": "preliminary" if one.state == State.DRAFT else "final",
        "code": code,
        "subject": reference(one.patient_id),
        "encounter": reference(one.id),
        "effectiveDateTime": time(one.saved_at),
        "derivedFrom": [reference(part_id(one.id, "answers"))],
    } | value


def consultation_of(encounter: Resource, response: Resource) -> Consultation:
    """Return the consultation of an encounter and its answers."""
    answers = [(one["linkId"], answer) for one in response.get("item", []) for answer in one["answer"]]
    photographs = [referred(answer["valueReference"]) for _, answer in answers if "valueReference" in answer]
    entries = [[name, answer["valueString"]] for name, answer in answers if "valueString" in answer]
    return Consultation(
        id=encounter["id"],
        patient_id=referred(encounter["subject"]),
        state=extended(encounter, "consultation")["state"],
        revision=int(encounter["meta"]["versionId"]),
        answers={"entries": entries, "photograph": photographs[0] if photographs else ""},
        created_at=time_of(encounter["period"]["start"]),
        saved_at=time_of(encounter["meta"]["lastUpdated"]),
        saved_by="",
    )
