"""FHIR resources of appointments, test spots and treatments, and back.

They are Appointment (without the member), Procedure, Observation, Device and AdverseEvent.
"""

from skinbeam_clinic.appointments.models import Appointment, AppointmentState
from skinbeam_clinic.exchange.fhir.elements import (
    PAIN,
    Resource,
    codeable_concept,
    component,
    drop_empty,
    english_text,
    find_record,
    format_time,
    identifier,
    local_coding,
    local_concept,
    make_quantity,
    notes,
    observation,
    pain_quantity,
    part_id,
    percentage,
    read_records,
    record_extension,
    reference,
    setting_components,
    site_concept,
    standard_coding,
)
from skinbeam_clinic.test_spots.models import SpotReading, TestSpotRecord
from skinbeam_clinic.treatments.models import (
    AdverseEvent,
    AdverseEventGrade,
    AreaFiring,
    BodySide,
    TreatedArea,
    Treatment,
    TreatmentState,
)
from skinbeam_clinic.used_cooling import CoolingChange, UsedCooling

__all__ = [
    "appointment_resource",
    "parse_appointment",
    "parse_test_spot",
    "parse_treatment",
    "test_spot_resources",
    "treatment_resources",
]

_APPOINTMENT_RECORD = "appointment"
_APPOINTMENT_STATUS = {
    AppointmentState.BOOKED: "booked",
    AppointmentState.CANCELLED: "cancelled",
    AppointmentState.ATTENDED: "fulfilled",
    AppointmentState.MISSED: "noshow",
}


def appointment_resource(appointment: Appointment) -> Resource:
    """Return an appointment."""
    about = None if appointment.consultation_id is None else [reference(appointment.consultation_id)]
    return drop_empty(
        {
            "resourceType": "Appointment",
            "id": appointment.id,
            "extension": [record_extension(_APPOINTMENT_RECORD, appointment)],
            "status": _APPOINTMENT_STATUS[appointment.state],
            "serviceType": [local_concept("purpose", appointment.purpose)],
            "supportingInformation": about,
            "start": format_time(appointment.starts_at),
            "end": format_time(appointment.ends_at),
            "created": format_time(appointment.created_at),
            "participant": [{"actor": reference(appointment.patient_id), "status": "accepted"}],
        }
    )


def parse_appointment(resource: Resource) -> Appointment:
    """Return the appointment of an Appointment resource."""
    (appointment,) = read_records(resource, _APPOINTMENT_RECORD, Appointment)
    return appointment


_TEST_SPOT_RECORD = "test-spot"


def test_spot_resources(spot: TestSpotRecord, patient_id: str) -> list[Resource]:
    """Return a test spot as Procedure, with Observations of its setting and readings, and its Device.

    One that was struck has the status `entered-in-error`.
    """
    settings, struck = spot.firing.settings, spot.struck
    device_id = part_id(spot.id, "device")
    procedure = {
        "resourceType": "Procedure",
        "id": spot.id,
        "extension": [record_extension(_TEST_SPOT_RECORD, spot)],
        "basedOn": [reference(spot.firing.plan_id)],
        "status": "completed" if struck is None else "entered-in-error",
        "statusReason": None if struck is None else codeable_concept(text=struck.reason),
        "code": local_concept("procedure", "test-spot"),
        "subject": reference(patient_id),
        "encounter": reference(spot.consultation_id),
        "performedDateTime": format_time(spot.fired_at),
        "bodySite": site_concept([settings.site]),
        "usedReference": [reference(device_id)],
        "note": notes(spot.firing.why),
    }
    fired = observation(
        part_id(spot.id, "fired"),
        local_concept("observation", "test-spot-fired"),
        patient_id=patient_id,
        consultation_id=spot.consultation_id,
        status="final" if struck is None else "entered-in-error",
        partOf=[reference(spot.id)],
        effectiveDateTime=format_time(spot.fired_at),
        component=[
            *setting_components(settings.numbers()),
            *_cooling_components(spot.firing.cooling, spot.firing.cooling_change),
        ],
    )
    device = {"resourceType": "Device", "id": device_id, "identifier": [identifier("device", settings.device)]}
    readings = (_reading_observation(spot, reading, n, patient_id) for n, reading in enumerate(spot.readings, 1))
    return [drop_empty(procedure), fired, device, *readings]


def parse_test_spot(procedure: Resource) -> TestSpotRecord | None:
    """Return the test spot of a Procedure; None where it is no test spot."""
    return find_record(procedure, _TEST_SPOT_RECORD, TestSpotRecord)


def _reading_observation(spot: TestSpotRecord, reading: SpotReading, number: int, patient_id: str) -> Resource:
    return observation(
        part_id(spot.id, f"reading-{number}"),
        local_concept("observation", "reaction"),
        patient_id=patient_id,
        consultation_id=spot.consultation_id,
        partOf=[reference(spot.id)],
        effectiveDateTime=format_time(reading.seen_at),
        valueCodeableConcept=local_concept("reaction", reading.reaction),
        derivedFrom=[reference(reading.photograph_id)] if reading.photograph_id else None,
        note=notes(reading.note),
    )


_TREATMENT_RECORD = "treatment"
_STOP = "stop"  # how the names of the signs to stop at begin
_TREATMENT_STATUS = {
    TreatmentState.PREPARING: "preparation",
    TreatmentState.TREATING: "in-progress",
    TreatmentState.DONE: "completed",
    TreatmentState.STOPPED: "stopped",
}
_SEVERITY = {
    AdverseEventGrade.MILD: "severity-mild",
    AdverseEventGrade.MODERATE: "severity-moderate",
    AdverseEventGrade.SEVERE: "severity-severe",
    AdverseEventGrade.SERIOUS: "severity-severe",
}


def treatment_resources(treatment: Treatment, patient_id: str) -> list[Resource]:
    """Return a treatment as Procedure, with its Device, areas and adverse events."""
    made = [_treatment_procedure(treatment, patient_id)]
    if treatment.device is not None:
        made.append(_device_resource(treatment, treatment.device))
    made += [_area_observation(treatment, area, patient_id) for area in treatment.areas]
    return made + [_adverse_event_resource(event, patient_id) for event in treatment.events]


def parse_treatment(procedure: Resource) -> Treatment | None:
    """Return the treatment of a Procedure; None where it is no treatment."""
    return find_record(procedure, _TREATMENT_RECORD, Treatment)


def _treatment_procedure(treatment: Treatment, patient_id: str) -> Resource:
    return drop_empty(
        {
            "resourceType": "Procedure",
            "id": treatment.id,
            "extension": [record_extension(_TREATMENT_RECORD, treatment)],
            "identifier": [identifier("plan-option", treatment.option)],
            "basedOn": [reference(treatment.plan_id)],
            "status": _TREATMENT_STATUS[treatment.state],
            "statusReason": _stop_reason(treatment),
            "code": codeable_concept(
                local_coding("procedure", "laser-session"), text=english_text("session", number=treatment.number)
            ),
            "subject": reference(patient_id),
            "encounter": reference(treatment.consultation_id),
            "performedPeriod": _performed_period(treatment),
            "bodySite": site_concept(area.fired.site for area in treatment.valid_areas),
            "usedReference": None if treatment.device is None else [reference(part_id(treatment.id, "device"))],
            "note": [{"text": note.words, "time": format_time(note.at)} for note in treatment.notes if note.words],
        }
    )


def _performed_period(treatment: Treatment) -> Resource:
    return drop_empty(
        {
            "start": treatment.started_at and format_time(treatment.started_at),
            "end": treatment.ended_at and format_time(treatment.ended_at),
        }
    )


def _stop_reason(treatment: Treatment) -> Resource:
    """Return the sign at which a treatment was stopped; empty where none is recorded, since notes may tell anything."""
    signs = [area.fired for area in treatment.valid_areas if area.fired.endpoint.startswith(_STOP)]
    if treatment.state != TreatmentState.STOPPED or not signs:
        return {}
    return local_concept("endpoint", signs[-1].endpoint, signs[-1].endpoint_words)


def _device_resource(treatment: Treatment, name: str) -> Resource:
    return drop_empty(
        {
            "resourceType": "Device",
            "id": part_id(treatment.id, "device"),
            "identifier": [identifier("device", name)],
            "serialNumber": treatment.serial,
            "deviceName": [{"name": name, "type": "model-name"}],
        }
    )


def _area_observation(treatment: Treatment, area: TreatedArea, patient_id: str) -> Resource:
    """Return the Observation of a treated area; one that a later row replaces has the status `entered-in-error`.

    It is about when the area was treated, also where its row was typed later.
    """
    fired = area.fired
    status = "entered-in-error" if area not in treatment.valid_areas else "corrected" if fired.corrects else "final"
    counts = (("passes", fired.passes), ("pulses", fired.pulses))
    endpoint = local_concept("endpoint", fired.endpoint, fired.endpoint_words)
    components = [
        *setting_components(fired.settings.numbers()),
        *(component(local_concept("setting", name), valueInteger=count) for name, count in counts if count is not None),
        component(local_concept("observation", "endpoint"), valueCodeableConcept=endpoint),
        component(local_concept("observation", "side"), valueCodeableConcept=local_concept("side", fired.side)),
    ]
    components += _cooling_components(fired.cooling, area.cooling_change)
    if fired.pain_0_10 is not None:
        pain = codeable_concept(standard_coding(PAIN))
        components.append(component(pain, valueQuantity=pain_quantity(fired.pain_0_10)))
    components += [
        component(local_concept("deviation", found.name), valueQuantity=percentage(found.pct))
        for found in area.deviations
    ]
    return observation(
        area.id,
        local_concept("observation", "treated-area"),
        patient_id=patient_id,
        consultation_id=treatment.consultation_id,
        status=status,
        partOf=[reference(treatment.id)],
        **_treated_when(treatment, area),
        bodySite=_area_site(fired),
        component=components,
        note=notes(fired.words, fired.reason, fired.why),
    )


def _cooling_components(cooling: UsedCooling | None, change: CoolingChange | None) -> list[Resource]:
    """Return the cooling that was used and its deviation from the plan as components of an Observation.

    There are none where it is not recorded.
    """
    if cooling is None:
        return []
    kind = local_concept("cooling", cooling.kind)
    deviation = [] if change is None else [local_concept("cooling-change", change)]
    return [
        *(component(local_concept("deviation", "cooling"), valueCodeableConcept=concept) for concept in deviation),
        component(local_concept("observation", "cooling"), valueCodeableConcept=kind),
        *(
            component(local_concept("cooling-setting", name), valueQuantity=make_quantity(name, value))
            for name, value in cooling.numbers().items()
        ),
        *(
            component(
                local_concept("observation", "further-cooling"),
                valueCodeableConcept=local_concept("cooling", cooling_kind),
            )
            for cooling_kind in cooling.also
        ),
    ]


def _treated_when(treatment: Treatment, area: TreatedArea) -> Resource:
    """Return when an area was treated, and when its row was typed where that was later.

    A correction is about the time of the row that it replaces; for a row that was added after the end of the treatment
    no more is known than that it was in it.
    """
    rows, first = {row.id: row for row in treatment.areas}, area
    while first.fired.corrects in rows:
        first = rows.pop(first.fired.corrects)
    late = treatment.ended_at is not None and first.fired_at > treatment.ended_at
    treated = (
        {"effectivePeriod": _performed_period(treatment)}
        if late
        else {"effectiveDateTime": format_time(first.fired_at)}
    )
    return treated | ({"issued": format_time(area.fired_at)} if late or first is not area else {})


def _area_site(fired: AreaFiring) -> Resource | None:
    """Return the body site with its side, from the point of view of the patient."""
    sites = site_concept([fired.site])
    if not sites:
        return None
    return sites[0] | ({} if fired.side is BodySide.BOTH else {"text": f"{sites[0]['text']}, {fired.side}"})


def _adverse_event_resource(event: AdverseEvent, patient_id: str) -> Resource:
    serious = (
        codeable_concept(local_coding("seriousness", "serious"), text=english_text("serious"))
        if event.grade is AdverseEventGrade.SERIOUS
        else {}
    )
    resolved = event.resolved_at is not None
    kind = local_concept("harm", event.kind)
    return drop_empty(
        {
            "resourceType": "AdverseEvent",
            "id": event.id,
            "actuality": "actual",
            "event": kind | ({"text": f"{kind['text']}: {event.words}"} if event.words else {}),
            "subject": reference(patient_id),
            "encounter": reference(event.consultation_id),
            "date": format_time(event.seen_at),
            "recordedDate": format_time(event.noted_at),
            "seriousness": serious,
            "severity": codeable_concept(standard_coding(_SEVERITY[event.grade])),
            "outcome": codeable_concept(standard_coding("outcome-resolved" if resolved else "outcome-ongoing")),
            "suspectEntity": [{"instance": reference(event.treatment_id)}],
        }
    )
