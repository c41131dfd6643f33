"""All FHIR resources of a patient by their ids, for a Bundle or for single reading through the API."""

from collections.abc import Iterable, Mapping
from typing import Any

from skinbeam_clinic.exchange.deidentification import DeidentifiedDossier
from skinbeam_clinic.exchange.fhir.consultations import (
    encounter_resource,
    media_resource,
    patient_resource,
    permission_resource,
    questionnaire_response,
    skin_observations,
)
from skinbeam_clinic.exchange.fhir.documents import attachment_resource, note_resource
from skinbeam_clinic.exchange.fhir.elements import Resource, attachment_content, full_url
from skinbeam_clinic.exchange.fhir.follow_ups import diary_resources, follow_up_resources
from skinbeam_clinic.exchange.fhir.plans import (
    care_plan_resource,
    choice_resources,
    consent_resource,
    device_resources,
    document_reference,
    document_resources,
)
from skinbeam_clinic.exchange.fhir.treatments import appointment_resource, test_spot_resources, treatment_resources
from skinbeam_clinic.models import ConsultationContents

__all__ = [
    "BINARY",
    "find_content",
    "link_resources",
    "make_resources",
    "make_search_set",
]


def make_resources(
    deidentified: DeidentifiedDossier, clinic: str, *, is_addressed: bool = False
) -> dict[str, Resource]:
    """Return a de-identified dossier as resources by their ids, in reading order.

    Parameters
    ----------
    clinic : the clinic that assigned the pseudonym.
    is_addressed : as for `patient_resource`.
    """
    patient, links = deidentified.dossier.patient, deidentified.dossier.links
    resources = {patient.id: patient_resource(patient, clinic, links, is_addressed=is_addressed)}
    for consultation in deidentified.dossier.consultations:
        resources |= {resource["id"]: resource for resource in _consultation_resources(consultation, patient.id)}
    resources |= {
        appointment.id: appointment_resource(appointment) for appointment in deidentified.dossier.appointments
    }
    resources |= {note.id: note_resource(note) for note in deidentified.dossier.notes}
    return resources | {
        attachment.id: attachment_resource(attachment) for attachment, _ in deidentified.dossier.attachments
    }


def _consultation_resources(consultation: ConsultationContents, patient_id: str) -> list[Resource]:
    """Return the resources of a consultation in reading order."""
    made = [
        encounter_resource(consultation.consultation),
        questionnaire_response(consultation.consultation),
        *skin_observations(consultation.consultation),
    ]
    for photograph, content in consultation.photographs:
        made += [media_resource(photograph, content, patient_id), permission_resource(photograph, patient_id)]
    for contents in consultation.plans:
        last = contents is consultation.plans[-1]
        made += [
            *device_resources(contents).values(),
            care_plan_resource(contents, patient_id, last=last),
            *document_resources(contents, patient_id, last=last),
            *choice_resources(contents, patient_id),
        ]
    for consent, _ in consultation.consents:
        made.append(consent_resource(consent, patient_id))
        if consent.document is not None:
            made.append(document_reference(consent, patient_id))
    for spot in consultation.test_spots:
        made += test_spot_resources(spot, patient_id)
    for treatment in consultation.treatments:
        made += treatment_resources(treatment, patient_id)
    for entry in consultation.diary:
        made += diary_resources(entry, consultation.consultation.id, patient_id)
    for follow_up in consultation.follow_ups:
        made += follow_up_resources(follow_up, patient_id)
    return made


# Resources that the API serves one by one: references are addresses, and contents are separate Binary resources.

BINARY = "Binary"


def link_resources(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return resources whose references and contents are addresses such as `Encounter/NAME`."""
    addresses = {full_url(id): f"{resource['resourceType']}/{id}" for id, resource in resources.items()}
    others = (link["other"]["reference"] for resource in resources.values() for link in resource.get("link", ()))
    addresses |= {address: address for address in others}  # records of the same person have addresses already
    return {id: _link_value(resource, id, addresses) for id, resource in resources.items()}


def find_content(resources: Mapping[str, Resource], id: str) -> tuple[str, bytes] | None:
    """Return media type and content of a resource's attachment; None where it has none."""
    attachments = _attachments(resources[id]) if id in resources else ()
    return next(
        (
            (attachment["contentType"], attachment_content(attachment))
            for attachment in attachments
            if "data" in attachment
        ),
        None,
    )


def make_search_set(resources: Iterable[Resource], *, base: str, total: int, links: Mapping[str, str]) -> Resource:
    """Return search results as a Bundle.

    Parameters
    ----------
    base : address of the server.
    total : number of results on all pages.
    links : relation, such as `next`, and address.
    """
    entries = [
        {
            "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }
        for resource in resources
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
    }
    return bundle | ({"entry": entries} if entries else {})


def _attachments(resource: Resource) -> list[Resource]:
    if resource["resourceType"] == "Media":
        return [resource["content"]]
    return [content["attachment"] for content in resource.get("content", ())]


def _link_value(part: Any, id: str, addresses: Mapping[str, str]) -> Any:
    if isinstance(part, list):
        return [_link_value(element, id, addresses) for element in part]
    if not isinstance(part, dict):
        return part
    if "contentType" in part and "data" in part:
        return {name: value for name, value in part.items() if name != "data"} | {"url": f"{BINARY}/{id}"}
    return {
        name: addresses[value] if name == "reference" and isinstance(value, str) else _link_value(value, id, addresses)
        for name, value in part.items()
    }
