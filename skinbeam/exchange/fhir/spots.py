"""Procedure, Observation: a test spot, the setting that was fired, and each reading of it."""

from skinbeam.exchange.fhir.parts import (
    Resource,
    coded,
    identifier,
    our_coding,
    part_id,
    reference,
    time,
    trimmed,
    words,
)
from skinbeam.exchange.fhir.rows import coded_site, from_row, has_row, measured, row_extension
from skinbeam.records.spots import SpotReading, TestSpot

__all__ = ["test_spot_of", "test_spot_resources"]

_ROW = "test-spot"


def test_spot_resources(one: TestSpot, patient_id: str) -> list[Resource]:
    """Return a test spot with its device, its setting and its readings."""
    settings = one.firing.settings
    about = {"subject": reference(patient_id), "encounter": reference(one.consultation_id)}
    device = str(settings.get("device", ""))
    device_id = part_id(one.id, "device")
    procedure = {
        "resourceType": "Procedure",
        "id": one.id,
        "extension": [row_extension(_ROW, one)],
        "basedOn": [reference(one.firing.plan_id)],
        "status": "completed",
        "code": coded(our_coding("procedure", "test-spot"), said=words("test-spot")),
        **about,
        "performedDateTime": time(one.fired_at),
        "bodySite": coded_site([str(settings.get("site", ""))]),
        "usedReference": [reference(device_id)] if device else None,
        "note": [{"text": one.firing.why}] if one.firing.why else None,
    }
    numbers = {name: value for name, value in settings.items() if type(value) in (int, float)}
    fired = {
        "resourceType": "Observation",
        "id": part_id(one.id, "fired"),
        "partOf": [reference(one.id)],
        "status": "final",
        "code": coded(our_coding("observation", "test-spot-fired"), said=words("test-spot-fired")),
        **about,
        "effectiveDateTime": time(one.fired_at),
        "component": [
            {"code": coded(our_coding("setting", name)), "valueQuantity": measured(name, value)}
            for name, value in numbers.items()
        ],
    }
    made = [trimmed(procedure), trimmed(fired)]
    if device:
        made.append({"resourceType": "Device", "id": device_id, "identifier": [identifier("device", device)]})
    readings = (_reading(one, reading, n) | about for n, reading in enumerate(one.readings, 1))
    return [*made, *readings]


def test_spot_of(procedure: Resource) -> TestSpot | None:
    """Return the test spot of a resource; None where it is of something else."""
    return from_row(procedure, _ROW, TestSpot) if has_row(procedure, _ROW) else None


def _reading(one: TestSpot, reading: SpotReading, number: int) -> Resource:
    return trimmed(
        {
            "resourceType": "Observation",
            "id": part_id(one.id, f"reading-{number}"),
            "partOf": [reference(one.id)],
            "status": "final",
            "code": coded(our_coding("observation", "reaction"), said=words("reaction")),
            "effectiveDateTime": time(reading.seen_at),
            "valueCodeableConcept": coded(our_coding("reaction", reading.reaction)),
            "derivedFrom": [reference(reading.photograph_id)] if reading.photograph_id else None,
            "note": [{"text": reading.note}] if reading.note else None,
        }
    )
