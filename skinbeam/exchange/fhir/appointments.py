"""Appointment: when a patient comes and for what; with whom stays with the clinic."""

from skinbeam.exchange.fhir.parts import Resource, coded, our_coding, reference, time, trimmed
from skinbeam.exchange.fhir.rows import from_row, row_extension
from skinbeam.records.booked import Appointment, Standing

__all__ = ["appointment_of", "appointment_resource"]

_ROW = "appointment"
_STATUS = {
    Standing.BOOKED: "booked",
    Standing.CANCELLED: "cancelled",
    Standing.KEPT: "fulfilled",
    Standing.MISSED: "noshow",
}


def appointment_resource(one: Appointment) -> Resource:
    """Return an appointment."""
    about = None if one.consultation_id is None else [reference(one.consultation_id)]
    return trimmed(
        {
            "resourceType": "Appointment",
            "id": one.id,
            "extension": [row_extension(_ROW, one)],
            "status": _STATUS[one.state],
            "serviceType": [coded(our_coding("purpose", one.purpose))],
            "supportingInformation": about,
            "start": time(one.starts_at),
            "end": time(one.ends_at),
            "created": time(one.created_at),
            "participant": [{"actor": reference(one.patient_id), "status": "accepted"}],
        }
    )


def appointment_of(resource: Resource) -> Appointment:
    """Return the appointment of a resource."""
    return from_row(resource, _ROW, Appointment)
