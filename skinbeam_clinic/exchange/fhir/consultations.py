"""FHIR resources of patients, consultations and photographs, and back.

They are Patient, Encounter, QuestionnaireResponse (the answers), Observation (phototype and skin colour), Media
(photographs), and Consent (permissions for photographs).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.exchange.deidentification import FHIR_BASE
from skinbeam_clinic.exchange.fhir.elements import (
    CONSENT_DOCUMENT,
    Resource,
    attachment,
    attachment_content,
    codeable_concept,
    drop_empty,
    english_text,
    extension,
    format_time,
    identifier,
    local_coding,
    local_concept,
    observation,
    parse_reference,
    parse_time,
    part_id,
    read_extension,
    read_identifier,
    reference,
    standard_coding,
    ucum_quantity,
)
from skinbeam_clinic.models import (
    ConsultationRecord,
    LinkedPatient,
    LinkRelation,
    PatientRecord,
    PhotographPermissions,
    PhotographRecord,
)
from skinbeam_clinic.typed_numbers import parse_stored_number

__all__ = [
    "encounter_resource",
    "is_consultation_response",
    "media_resource",
    "parse_consultation",
    "parse_patient",
    "parse_patient_links",
    "parse_permissions",
    "parse_photograph",
    "patient_resource",
    "permission_resource",
    "questionnaire_response",
    "skin_observations",
]

_QUESTIONS = f"{FHIR_BASE}/Questionnaire/consultation"
_PHOTO_QUESTION = "photo"
_PHOTOTYPE = re.compile(f"({'|'.join(PHOTOTYPES)})(-({'|'.join(PHOTOTYPES)}))?")
_LARGEST_ITA_DEG = 90.0


def patient_resource(
    patient: PatientRecord, clinic: str, links: Sequence[LinkedPatient] = (), *, is_addressed: bool = False
) -> Resource:
    """Return a Patient with pseudonym, year of birth, and links to other records of the same person.

    When the patient was added is no period of the pseudonym, which may have been changed since.

    Parameters
    ----------
    is_addressed : whether the other records can be read from the same server; a Bundle names their pseudonyms alone.
    """
    named = identifier("pseudonym", patient.pseudonym) | {"assigner": {"display": clinic}}
    year = None if patient.year_of_birth is None else f"{patient.year_of_birth:04}"
    return drop_empty(
        {
            "resourceType": "Patient",
            "id": patient.id,
            "extension": [extension("patient", added=format_time(patient.created_at))],
            "identifier": [named],
            "active": all(link.relation is not LinkRelation.REPLACED_BY for link in links),
            "birthDate": year,
            "link": [_patient_link(link, is_addressed=is_addressed) for link in links],
        }
    )


def _patient_link(linked: LinkedPatient, *, is_addressed: bool) -> Resource:
    address = {"reference": f"Patient/{linked.id}"} if is_addressed else {}
    other = address | {"type": "Patient", "identifier": identifier("pseudonym", linked.pseudonym)}
    return {"other": other, "type": linked.relation.value}


def parse_patient_links(resource: Resource) -> tuple[LinkedPatient, ...]:
    """Return the links of a Patient resource; that of a Bundle has no addresses, and so no ids."""
    return tuple(
        LinkedPatient(
            LinkRelation(link["type"]),
            link["other"].get("reference", "").removeprefix("Patient/"),
            read_identifier(link["other"], "pseudonym"),
        )
        for link in resource.get("link", ())
    )


def parse_patient(resource: Resource) -> PatientRecord:
    """Return the patient of a Patient resource."""
    year = resource.get("birthDate")
    return PatientRecord(
        id=resource["id"],
        pseudonym=read_identifier(resource, "pseudonym"),
        year_of_birth=None if year is None else int(year),
        created_at=parse_time(read_extension(resource, "patient")["added"]),
        erased_at=None,
    )


def encounter_resource(consultation: ConsultationRecord) -> Resource:
    """Return an Encounter with the time and state of a consultation."""
    return {
        "resourceType": "Encounter",
        "id": consultation.id,
        "meta": {"versionId": str(consultation.revision), "lastUpdated": format_time(consultation.saved_at)},
        "extension": [extension("consultation", state=consultation.state)],
        "status": "finished" if consultation.state == ConsultationState.CLOSED else "in-progress",
        "class": standard_coding("ambulatory"),
        "subject": reference(consultation.patient_id),
        "period": {"start": format_time(consultation.created_at)},
    }


def questionnaire_response(consultation: ConsultationRecord) -> Resource:
    """Return a QuestionnaireResponse with the answers; questions have the names of the case file."""
    grouped: dict[str, list[Resource]] = {}
    for name, value in consultation.answers.entries:
        grouped.setdefault(name, []).append({"valueString": value})
    items: list[Resource] = [{"linkId": name, "answer": answers} for name, answers in grouped.items()]
    if photograph := consultation.answers.photo:
        items.append({"linkId": _PHOTO_QUESTION, "answer": [{"valueReference": reference(photograph)}]})
    return drop_empty(
        {
            "resourceType": "QuestionnaireResponse",
            "id": part_id(consultation.id, "answers"),
            "questionnaire": _QUESTIONS,
            "status": "in-progress" if consultation.state == ConsultationState.DRAFT else "completed",
            "subject": reference(consultation.patient_id),
            "encounter": reference(consultation.id),
            "authored": format_time(consultation.saved_at),
            "item": items,
        }
    )


def is_consultation_response(response: Resource) -> bool:
    """Return whether answers are those of the consultation form, not of a diary or a follow-up."""
    return bool(response["questionnaire"] == _QUESTIONS)


def skin_observations(consultation: ConsultationRecord) -> list[Resource]:
    """Return Observations of phototype and skin colour (ITA), where the answers contain them."""
    answered: Mapping[str, str] = dict(consultation.answers.entries)
    observations = []
    grade, angle_deg = answered.get("patient.phototype", ""), parse_stored_number(answered.get("patient.ita_deg", ""))
    if _PHOTOTYPE.fullmatch(grade):
        value = codeable_concept(local_coding("phototype", grade), text=english_text("phototype-value", grade=grade))
        code = codeable_concept(standard_coding("phototype"), text=english_text("phototype"))
        observations.append(_skin_observation(consultation, "phototype", code, valueCodeableConcept=value))
    if angle_deg is not None and abs(angle_deg) <= _LARGEST_ITA_DEG:
        quantity = ucum_quantity(angle_deg, "deg", "°")
        observations.append(
            _skin_observation(consultation, "ita", local_concept("observation", "ita"), valueQuantity=quantity)
        )
    return observations


def _skin_observation(consultation: ConsultationRecord, name: str, code: Resource, **value: Any) -> Resource:
    return observation(
        part_id(consultation.id, name),
        code,
        patient_id=consultation.patient_id,
        consultation_id=consultation.id,
        status="preliminary" if consultation.state == ConsultationState.DRAFT else "final",
        effectiveDateTime=format_time(consultation.saved_at),
        derivedFrom=[reference(part_id(consultation.id, "answers"))],
        **value,
    )


def parse_consultation(encounter: Resource, response: Resource) -> ConsultationRecord:
    """Return the consultation of an Encounter and its QuestionnaireResponse."""
    answers = [(item["linkId"], answer) for item in response.get("item", []) for answer in item["answer"]]
    photographs = [parse_reference(answer["valueReference"]) for _, answer in answers if "valueReference" in answer]
    entries = tuple((name, answer["valueString"]) for name, answer in answers if "valueString" in answer)
    return ConsultationRecord(
        id=encounter["id"],
        patient_id=parse_reference(encounter["subject"]),
        state=read_extension(encounter, "consultation")["state"],
        revision=int(encounter["meta"]["versionId"]),
        answers=Submission(entries, photographs[0] if photographs else ""),
        created_at=parse_time(encounter["period"]["start"]),
        saved_at=parse_time(encounter["meta"]["lastUpdated"]),
        saved_by="",
    )


_USES = tuple(field.name for field in fields(PhotographPermissions))
# FHIR asks for HL7's code of a purpose wherever there is one (an extensible binding); for publication there is none.
_STANDARD_PURPOSES = {"care": "purpose-treatment", "teaching": "purpose-training"}


def _purpose(use: str) -> Resource:
    if use in _STANDARD_PURPOSES:
        return standard_coding(_STANDARD_PURPOSES[use])
    return local_coding("photograph-use", use, english_text(f"use-{use}"))


def media_resource(photograph: PhotographRecord, content: bytes, patient_id: str) -> Resource:
    """Return a Media with a photograph and its content."""
    return {
        "resourceType": "Media",
        "id": photograph.id,
        "identifier": [identifier("sha256", photograph.file)],
        "status": "completed",
        "type": codeable_concept(standard_coding("image")),
        "subject": reference(patient_id),
        "encounter": reference(photograph.consultation_id),
        "issued": format_time(photograph.added_at),
        "content": attachment(content, photograph.media_type),
    }


def permission_resource(photograph: PhotographRecord, patient_id: str) -> Resource:
    """Return a Consent with the permitted and denied uses of a photograph.

    The rule type is only in nested provisions, as FHIR requires.
    """
    rules = []
    for kind, wanted in (("permit", True), ("deny", False)):
        uses = [use for use in _USES if getattr(photograph.permissions, use) is wanted]
        if uses:
            rules.append({"type": kind, "purpose": [_purpose(use) for use in uses]})
    return {
        "resourceType": "Consent",
        "id": part_id(photograph.id, "permissions"),
        "status": "active",
        "scope": codeable_concept(standard_coding("patient-privacy")),
        "category": [codeable_concept(standard_coding(CONSENT_DOCUMENT))],
        "patient": reference(patient_id),
        "policyRule": {"text": english_text("photograph-policy")},
        "provision": {"data": [{"meaning": "instance", "reference": reference(photograph.id)}], "provision": rules},
    }


def parse_photograph(media: Resource, permissions: PhotographPermissions) -> tuple[PhotographRecord, bytes]:
    """Return the photograph of a Media, and its content."""
    photograph = PhotographRecord(
        id=media["id"],
        consultation_id=parse_reference(media["encounter"]),
        file=read_identifier(media, "sha256"),
        media_type=media["content"]["contentType"],
        permissions=permissions,
        added_at=parse_time(media["issued"]),
        added_by="",
    )
    return photograph, attachment_content(media["content"])


def parse_permissions(consent: Resource) -> tuple[str, PhotographPermissions]:
    """Return the id of a photograph, and its permissions."""
    provision = consent["provision"]
    permits = (rule for rule in provision["provision"] if rule["type"] == "permit")
    use_by_code = {_purpose(use)["code"]: use for use in _USES}
    allowed = {use_by_code[purpose["code"]] for rule in permits for purpose in rule["purpose"]}
    return parse_reference(provision["data"][0]["reference"]), PhotographPermissions(
        **{use: use in allowed for use in _USES}
    )
