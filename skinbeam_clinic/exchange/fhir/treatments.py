"""Procedure, Observation, AdverseEvent, Device: a session, what was fired at each area, and what went wrong."""

from typing import Any

from skinbeam.exchange.fhir.parts import (
    PAIN,
    Resource,
    coded,
    identifier,
    known,
    our_coding,
    part_id,
    reference,
    time,
    trimmed,
    words,
)
from skinbeam.exchange.fhir.rows import coded_site, from_row, has_row, measured, pain_quantity, row_extension
from skinbeam.records.treated import AdverseEvent, Grade, TreatedArea, Treatment, TreatmentState

__all__ = ["pain_component", "treatment_of", "treatment_resources"]

_ROW = "treatment"
_STATUS = {
    TreatmentState.PREPARING: "preparation",
    TreatmentState.TREATING: "in-progress",
    TreatmentState.DONE: "completed",
    TreatmentState.STOPPED: "stopped",
}
_SEVERITY = {
    Grade.MILD: "severity-mild",
    Grade.MODERATE: "severity-moderate",
    Grade.SEVERE: "severity-severe",
    Grade.SERIOUS: "severity-severe",
}


def treatment_resources(one: Treatment, patient_id: str) -> list[Resource]:
    """Return a treatment with its device, its areas and what went wrong."""
    made = [_procedure(one, patient_id)]
    if one.device is not None:
        made.append(_device(one, one.device))
    made += [_area(one, area, patient_id) for area in one.areas]
    return made + [_event(event, patient_id) for event in one.events]


def treatment_of(procedure: Resource) -> Treatment | None:
    """Return the treatment of a resource; None where it is of something else."""
    return from_row(procedure, _ROW, Treatment) if has_row(procedure, _ROW) else None


def pain_component(pain_0_10: float) -> Resource:
    """Return a pain that somebody told, from 0 to 10."""
    return {"code": coded(known(PAIN)), "valueQuantity": pain_quantity(pain_0_10)}


def _procedure(one: Treatment, patient_id: str) -> Resource:
    period = {"start": one.started_at and time(one.started_at), "end": one.ended_at and time(one.ended_at)}
    stopped = "" if one.state != TreatmentState.STOPPED or not one.notes else one.notes[-1].words
    return trimmed(
        {
            "resourceType": "Procedure",
            "id": one.id,
            "extension": [row_extension(_ROW, one)],
            "identifier": [identifier("plan-option", one.option)],
            "basedOn": [reference(one.plan_id)],
            "status": _STATUS[one.state],
            "statusReason": {"text": stopped} if stopped else None,
            "code": coded(our_coding("procedure", "laser-session"), said=words("session", number=one.number)),
            "subject": reference(patient_id),
            "encounter": reference(one.consultation_id),
            "performedPeriod": trimmed(period),
            "bodySite": coded_site(area.fired.site for area in one.standing),
            "usedReference": None if one.device is None else [reference(part_id(one.id, "device"))],
            "note": [{"text": note.words, "time": time(note.at)} for note in one.notes if note.words],
        }
    )


def _device(one: Treatment, name: str) -> Resource:
    return trimmed(
        {
            "resourceType": "Device",
            "id": part_id(one.id, "device"),
            "identifier": [identifier("device", name)],
            "serialNumber": one.serial,
            "deviceName": [{"name": name, "type": "model-name"}],
        }
    )


def _area(one: Treatment, area: TreatedArea, patient_id: str) -> Resource:
    """What was fired at an area; a row that another takes the place of was entered in error."""
    fired = area.fired
    status = "entered-in-error" if area not in one.standing else "corrected" if fired.corrects else "final"
    components: list[dict[str, Any]] = [
        {"code": coded(our_coding("setting", name)), "valueQuantity": measured(name, value)}
        for name, value in fired.settings.items()
    ]
    for name, count in (("passes", fired.passes), ("pulses", fired.pulses)):
        if count is not None:
            components.append({"code": coded(our_coding("setting", name)), "valueInteger": count})
    endpoint = coded(our_coding("endpoint", fired.endpoint), said=fired.endpoint_words)
    components.append({"code": coded(our_coding("observation", "endpoint")), "valueCodeableConcept": endpoint})
    if fired.pain_0_10 is not None:
        components.append(pain_component(fired.pain_0_10))
    components += [
        {
            "code": coded(our_coding("deviation", found.name)),
            "valueQuantity": {"value": round(found.pct, 1), "unit": "%"},
        }
        for found in area.deviations
    ]
    return trimmed(
        {
            "resourceType": "Observation",
            "id": area.id,
            "partOf": [reference(one.id)],
            "status": status,
            "code": coded(our_coding("observation", "treated-area"), said=words("treated-area")),
            "subject": reference(patient_id),
            "encounter": reference(one.consultation_id),
            "effectiveDateTime": time(area.fired_at),
            "bodySite": next(iter(coded_site([fired.site])), None),
            "component": components,
            "note": [{"text": said} for said in (fired.words, fired.reason, fired.why) if said],
        }
    )


def _event(event: AdverseEvent, patient_id: str) -> Resource:
    serious = coded(our_coding("seriousness", "serious"), said=words("serious")) if event.grade is Grade.SERIOUS else {}
    resolved = event.resolved_at is not None
    return trimmed(
        {
            "resourceType": "AdverseEvent",
            "id": event.id,
            "actuality": "actual",
            "event": coded(our_coding("harm", event.kind), said=event.words or event.kind),
            "subject": reference(patient_id),
            "encounter": reference(event.consultation_id),
            "date": time(event.seen_at),
            "recordedDate": time(event.noted_at),
            "seriousness": serious,
            "severity": coded(known(_SEVERITY[event.grade])),
            "outcome": coded(known("outcome-resolved" if resolved else "outcome-ongoing")),
            "suspectEntity": [{"instance": reference(event.treatment_id)}],
        }
    )
