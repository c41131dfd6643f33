"""FHIR resources of plans and consents, and back.

They are CarePlan, DocumentReference (files of a plan, and the signed document, by its hash alone, since it contains a
name), Device (lasers of a plan), ServiceRequest (choices) and Consent.
"""

import json
from collections.abc import Mapping
from functools import lru_cache

from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import Option
from skinbeam_clinic.clinic_texts.models import ClinicText
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
    notes,
    parse_reference,
    parse_time,
    part_id,
    read_extension,
    read_identifier,
    read_records,
    record_extension,
    reference,
    standard_coding,
)
from skinbeam_clinic.models import Consent, PlanChoice, PlanContents, PlanRecord
from skinbeam_clinic.plans.option_ref import OptionRef

__all__ = [
    "care_plan_resource",
    "choice_resources",
    "consent_resource",
    "device_resources",
    "document_reference",
    "document_resources",
    "list_options",
    "parse_consent",
    "parse_plan",
]

_MEDIA_TYPES = {"json": "application/json", "pdf": "application/pdf"}
_PLAN_FILE = "plan.json"
_TEXT_RECORD = "clinic-text"  # of the clinic, with which a consent was explained


def device_resources(contents: PlanContents) -> dict[str, Resource]:
    """Return the devices of a plan's options, by the id of the resource."""
    options = list_options(contents)
    setups = {option.setup.device: option.setup for option in options.values() if option.setup is not None}
    made = (
        _device_resource(part_id(contents.plan.id, f"device-{n}"), setup) for n, setup in enumerate(setups.values(), 1)
    )
    return {resource["id"]: resource for resource in made}


def care_plan_resource(contents: PlanContents, patient_id: str, *, last: bool) -> Resource:
    """Return a CarePlan: hashes, version, seed and draws to reproduce the plan, its files and its choices."""
    plan = contents.plan
    made = extension(
        "plan",
        revision=str(plan.consultation_revision),
        version=plan.version,
        seed=str(plan.seed),
        draws=str(plan.draws),
    )
    return drop_empty(
        {
            "resourceType": "CarePlan",
            "id": plan.id,
            "extension": [made],
            "identifier": [identifier("plan-sha256", plan.plan_sha256), identifier("case-sha256", plan.case_sha256)],
            "status": "active" if last else "revoked",
            "intent": "plan",
            "subject": reference(patient_id),
            "encounter": reference(plan.consultation_id),
            "created": format_time(plan.made_at),
            "supportingInfo": [reference(_plan_file_id(plan, name)) for name in contents.files],
            "activity": [{"reference": reference(choice.id)} for choice in contents.choices],
        }
    )


def document_resources(contents: PlanContents, patient_id: str, *, last: bool) -> list[Resource]:
    """Return a DocumentReference for each file of a plan; that of the plan's document names the devices."""
    made = []
    for name, content in contents.files.items():
        related = [reference(id) for id in device_resources(contents)] if name == _PLAN_FILE else []
        context = drop_empty({"encounter": [reference(contents.plan.consultation_id)], "related": related})
        made.append(
            {
                "resourceType": "DocumentReference",
                "id": _plan_file_id(contents.plan, name),
                "masterIdentifier": identifier("sha256", contents.plan.files[name]),
                "status": "current" if last else "superseded",
                "type": codeable_concept(local_coding("plan-file", name.partition(".")[0]), text=name),
                "subject": reference(patient_id),
                "date": format_time(contents.plan.made_at),
                "content": [{"attachment": attachment(content, _MEDIA_TYPES[name.rpartition(".")[2]], title=name)}],
                "context": context,
            }
        )
    return made


def choice_resources(contents: PlanContents, patient_id: str) -> list[Resource]:
    """Return a ServiceRequest for each choice; of several choices for one concern only the last is active."""
    options = list_options(contents)
    places = {choice.id: OptionRef.find(choice.option) for choice in contents.choices}
    counting = {place.concern: id for id, place in places.items() if place is not None}
    return [
        drop_empty(
            {
                "resourceType": "ServiceRequest",
                "id": choice.id,
                "identifier": [identifier("plan-option", choice.option)],
                "basedOn": [reference(contents.plan.id)],
                "status": "active" if choice.id in counting.values() else "revoked",
                "intent": "plan",
                "code": _option_concept(options[choice.option]),
                "subject": reference(patient_id),
                "encounter": reference(contents.plan.consultation_id),
                "authoredOn": format_time(choice.made_at),
                "note": notes(choice.notes),
            }
        )
        for choice in contents.choices
    ]


def parse_plan(care_plan: Resource, documents: list[Resource], chosen: list[Resource]) -> PlanContents:
    """Return the plan of its resources."""
    made = read_extension(care_plan, "plan")
    files = {document["content"][0]["attachment"]["title"]: document for document in documents}
    plan = PlanRecord(
        id=care_plan["id"],
        consultation_id=parse_reference(care_plan["encounter"]),
        consultation_revision=int(made["revision"]),
        case_sha256=read_identifier(care_plan, "case-sha256"),
        plan_sha256=read_identifier(care_plan, "plan-sha256"),
        version=made["version"],
        seed=int(made["seed"]),
        draws=int(made["draws"]),
        files={name: read_identifier(file, "sha256", "masterIdentifier") for name, file in files.items()},
        made_at=parse_time(care_plan["created"]),
        made_by="",
    )
    contents = {name: attachment_content(file["content"][0]["attachment"]) for name, file in files.items()}
    return PlanContents(plan, contents, tuple(_parse_choice(choice, plan.id) for choice in chosen))


def _parse_choice(resource: Resource, plan_id: str) -> PlanChoice:
    return PlanChoice(
        id=resource["id"],
        plan_id=plan_id,
        option=read_identifier(resource, "plan-option"),
        notes=resource["note"][0]["text"] if "note" in resource else "",
        made_at=parse_time(resource["authoredOn"]),
        made_by="",
    )


def list_options(contents: PlanContents) -> Mapping[str, Option]:
    """Return the options of a plan by their places, such as `0.1` (concern, option)."""
    return _read_options(contents.files[_PLAN_FILE])


@lru_cache(maxsize=4)
def _read_options(content: bytes) -> Mapping[str, Option]:
    """Return the options of a plan's document by their places, such as `0.1`."""
    return {
        str(OptionRef(concern, number)): option
        for concern, plan in enumerate(read_plan(json.loads(content)).concerns)
        for number, option in enumerate(plan.options)
    }


def _option_concept(option: Option) -> Resource:
    device = f", {option.setup.device_title}" if option.setup else ""
    return codeable_concept(local_coding("modality", option.modality), text=f"{option.title}{device}")


def _plan_file_id(plan: PlanRecord, name: str) -> str:
    return part_id(plan.id, name)


def _device_resource(id: str, setup: DeviceSetup) -> Resource:
    kind = (
        {"text": english_text("lamp")}
        if setup.lamp
        else codeable_concept(standard_coding("laser"), text=english_text("laser"))
    )
    return {
        "resourceType": "Device",
        "id": id,
        "identifier": [identifier("device", setup.device)],
        "deviceName": [{"name": setup.device_title, "type": "user-friendly-name"}],
        "type": kind,
    }


def consent_resource(consent: Consent, patient_id: str) -> Resource:
    """Return a Consent to an option of a plan: proposed until it is signed, inactive once it is void."""
    status = "inactive" if consent.void_reason else "active" if consent.signed_at else "proposed"
    period = drop_empty(
        {
            "start": consent.signed_at and format_time(consent.signed_at),
            "end": consent.voided_at and format_time(consent.voided_at),
        }
    )
    about = extension(
        "consent",
        option=consent.option,
        not_before=format_time(consent.not_before),
        signature_kind=consent.signature_kind or "",
        void_reason=consent.void_reason or "",
        language=consent.language,
    )
    return drop_empty(
        {
            "resourceType": "Consent",
            "id": consent.id,
            "extension": [about, *(record_extension(_TEXT_RECORD, text) for text in consent.texts)],
            "identifier": [identifier("plan-sha256", consent.plan_sha256)],
            "status": status,
            "scope": codeable_concept(standard_coding("treatment")),
            "category": [codeable_concept(standard_coding(CONSENT_DOCUMENT))],
            "patient": reference(patient_id),
            "dateTime": format_time(consent.explained_at),
            "policyRule": {"text": english_text("treatment-policy")},
            "sourceReference": consent.document and reference(_consent_document_id(consent)),
            "provision": drop_empty(
                {
                    "period": period,
                    "data": [{"meaning": "related", "reference": reference(consent.plan_id)}],
                }
            ),
        }
    )


def document_reference(consent: Consent, patient_id: str) -> Resource:
    """Return a DocumentReference of the signed document, with its hash alone."""
    assert consent.document is not None
    assert consent.signed_at is not None
    return {
        "resourceType": "DocumentReference",
        "id": _consent_document_id(consent),
        "masterIdentifier": identifier("sha256", consent.document),
        "status": "superseded" if consent.void_reason else "current",
        "type": codeable_concept(standard_coding(CONSENT_DOCUMENT)),
        "subject": reference(patient_id),
        "date": format_time(consent.signed_at),
        "description": english_text("not-enclosed"),
        "content": [
            {
                "attachment": attachment(
                    None, "application/pdf", language=consent.language, creation=format_time(consent.signed_at)
                )
            }
        ],
    }


def parse_consent(resource: Resource, document: Resource | None) -> Consent:
    """Return the consent of a Consent resource and its document."""
    about, provision = read_extension(resource, "consent"), resource["provision"]
    period = provision.get("period", {})
    return Consent(
        id=resource["id"],
        plan_id=parse_reference(provision["data"][0]["reference"]),
        option=about["option"],
        plan_sha256=read_identifier(resource, "plan-sha256"),
        explained_at=parse_time(resource["dateTime"]),
        explained_by="",
        not_before=parse_time(about["not_before"]),
        told=(),
        answers=None,
        signature_kind=about.get("signature_kind"),
        signature=None,
        document=None if document is None else read_identifier(document, "sha256", "masterIdentifier"),
        signed_at=parse_time(period["start"]) if "start" in period else None,
        signed_by=None,
        void_reason=about.get("void_reason"),
        voided_at=parse_time(period["end"]) if "end" in period else None,
        language=about["language"],
        texts=read_records(resource, _TEXT_RECORD, ClinicText),
    )


def _consent_document_id(consent: Consent) -> str:
    return part_id(consent.id, "document")
