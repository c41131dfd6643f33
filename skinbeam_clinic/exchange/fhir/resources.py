"""A patient's records as resources of FHIR R4B, by their names; whoever asks gets them as a Bundle or one by one."""

from skinbeam.exchange.fhir.appointments import appointment_resource
from skinbeam.exchange.fhir.consents import consent_resource, signed_document
from skinbeam.exchange.fhir.consultations import encounter, observations, patient_resource, response
from skinbeam.exchange.fhir.diaries import diary_resources
from skinbeam.exchange.fhir.follow_ups import follow_up_resources
from skinbeam.exchange.fhir.parts import Resource
from skinbeam.exchange.fhir.photographs import media, permission
from skinbeam.exchange.fhir.plans import care_plan, choices, devices, documents
from skinbeam.exchange.fhir.spots import test_spot_resources
from skinbeam.exchange.fhir.treatments import treatment_resources
from skinbeam.exchange.handed_on import Handed
from skinbeam.records.kept import KeptConsultation

__all__ = ["resources_of"]


def resources_of(handed: Handed, clinic: str) -> dict[str, Resource]:
    """Return what is handed on of a patient as resources by their names, in the order in which they are read.

    Parameters
    ----------
    clinic : whose pseudonym it is.
    """
    patient = handed.dossier.patient
    resources = {patient.id: patient_resource(patient, clinic)}
    for one in handed.dossier.consultations:
        resources |= {resource["id"]: resource for resource in _resources(one, patient.id)}
    return resources | {one.id: appointment_resource(one) for one in handed.dossier.appointments}


def _resources(one: KeptConsultation, patient_id: str) -> list[Resource]:
    """The resources of a consultation, in the order in which they are read."""
    made = [encounter(one.consultation), response(one.consultation), *observations(one.consultation)]
    for photograph, content in one.photographs:
        made += [media(photograph, content, patient_id), permission(photograph, patient_id)]
    for kept in one.plans:
        last = kept is one.plans[-1]
        made += [
            *devices(kept).values(),
            care_plan(kept, patient_id, last=last),
            *documents(kept, patient_id, last=last),
            *choices(kept, patient_id),
        ]
    for consent, _ in one.consents:
        made.append(consent_resource(consent, patient_id))
        if consent.document is not None:
            made.append(signed_document(consent, patient_id))
    for spot in one.test_spots:
        made += test_spot_resources(spot, patient_id)
    for treatment in one.treatments:
        made += treatment_resources(treatment, patient_id)
    for entry in one.diary:
        made += diary_resources(entry, one.consultation.id, patient_id)
    for follow_up in one.follow_ups:
        made += follow_up_resources(follow_up, patient_id)
    return made
