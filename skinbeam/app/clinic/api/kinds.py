"""The types that the API hands out, and what each is asked by: one table for routes, statement and pages."""

from collections.abc import Mapping

from skinbeam.app.faults import refusal
from skinbeam.exchange.fhir.rest import BINARY

__all__ = ["KINDS", "MOST", "PAGING", "USUAL", "WITHOUT_PICTURES", "kind_of"]

USUAL, MOST = 100, 500  # resources of an answer
PAGING = ("_count", "_offset")
_OF_A_PATIENT = ("patient", "_id")
KINDS: Mapping[str, tuple[str, ...]] = {
    "Patient": ("identifier", "_id"),
    "Encounter": _OF_A_PATIENT,
    "QuestionnaireResponse": _OF_A_PATIENT,
    "Observation": _OF_A_PATIENT,
    "Media": _OF_A_PATIENT,
    "CarePlan": _OF_A_PATIENT,
    "ServiceRequest": _OF_A_PATIENT,
    "Consent": _OF_A_PATIENT,
    "Procedure": _OF_A_PATIENT,
    "AdverseEvent": _OF_A_PATIENT,
    "Appointment": _OF_A_PATIENT,
    "Device": _OF_A_PATIENT,
    "DocumentReference": _OF_A_PATIENT,
    BINARY: (),  # read by its name alone
}
# What tells nothing of photographs, which take long to make bare: they are left unread where such a type is asked for.
WITHOUT_PICTURES = frozenset(
    {
        "Patient",
        "Encounter",
        "CarePlan",
        "ServiceRequest",
        "Procedure",
        "AdverseEvent",
        "Appointment",
        "Device",
        "DocumentReference",
    }
)


def kind_of(name: str, *, searched: bool) -> str:
    """Return a type that is handed out.

    Raises
    ------
    RefusedError : 404.
    """
    if name not in KINDS or (searched and not KINDS[name]):
        raise refusal(404)
    return name
