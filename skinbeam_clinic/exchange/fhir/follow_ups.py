"""FHIR resources of diaries and follow-ups (QuestionnaireResponse, Observation), and back."""

from typing import Any

from skinbeam.evidence.studies.scales import grading_scales
from skinbeam_clinic.diaries.models import DiaryEntry
from skinbeam_clinic.exchange.deidentification import FHIR_BASE
from skinbeam_clinic.exchange.fhir.elements import (
    PAIN,
    Resource,
    codeable_concept,
    component,
    drop_empty,
    find_record,
    format_time,
    local_concept,
    notes,
    observation,
    pain_quantity,
    parse_reference,
    part_id,
    record_extension,
    reference,
    standard_coding,
    ucum_quantity,
)
from skinbeam_clinic.follow_ups.models import ClinicianGrade, FollowUp, FollowUpMoment, PatientReport

__all__ = [
    "diary_resources",
    "follow_up_resources",
    "parse_diary_entry",
    "parse_follow_up",
]

_DIARY_RECORD = "diary-entry"


def diary_resources(entry: DiaryEntry, consultation_id: str, patient_id: str) -> list[Resource]:
    """Return a diary entry as QuestionnaireResponse, and its pain as Observation."""
    items = [
        {"linkId": "day", "answer": [{"valueInteger": entry.day}]},
        {"linkId": "pain_0_10", "answer": [{"valueInteger": entry.note.pain}]},
    ]
    texts = {"redness": [entry.note.redness], "sign": list(entry.note.signs), "question": [entry.note.question]}
    for name, words in texts.items():
        if answers := [{"valueString": text} for text in words if text]:
            items.append({"linkId": name, "answer": answers})
    if entry.photograph_id is not None:
        items.append({"linkId": "photograph", "answer": [{"valueReference": reference(entry.photograph_id)}]})
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": entry.id,
        "extension": [record_extension(_DIARY_RECORD, entry)],
        "partOf": [reference(entry.treatment_id)],
        "subject": reference(patient_id),
        "encounter": reference(consultation_id),
        "questionnaire": f"{FHIR_BASE}/Questionnaire/diary",
        "status": "completed",
        "authored": format_time(entry.written_at),
        "source": reference(patient_id),
        "item": items,
    }
    pain = observation(
        part_id(entry.id, "pain"),
        codeable_concept(standard_coding(PAIN)),
        patient_id=patient_id,
        consultation_id=consultation_id,
        partOf=[reference(entry.treatment_id)],
        effectiveDateTime=format_time(entry.written_at),
        valueQuantity=pain_quantity(entry.note.pain),
        derivedFrom=[reference(entry.id)],
    )
    return [drop_empty(response), pain]


def parse_diary_entry(response: Resource) -> tuple[str, DiaryEntry] | None:
    """Return the consultation's id and the diary entry of a resource; None where it is no diary entry."""
    entry = find_record(response, _DIARY_RECORD, DiaryEntry)
    return None if entry is None else (parse_reference(response["encounter"]), entry)


_FOLLOW_UP_RECORD = "follow-up"


def follow_up_resources(follow_up: FollowUp, patient_id: str) -> list[Resource]:
    """Return a follow-up as Observations, with each grade and pair of photographs, and the patient's report.

    One from before the first treatment is marked as such, and has no months after it.
    """
    grades = [_grade_observation(follow_up, grade, n, patient_id) for n, grade in enumerate(follow_up.grades, 1)]
    pairs = [
        _follow_up_observation(
            follow_up,
            pair.id,
            "photograph-pair",
            patient_id,
            derivedFrom=[reference(pair.before_id), reference(pair.after_id)],
        )
        for pair in follow_up.pairs
    ]
    reports = [] if follow_up.said is None else [_report_response(follow_up, follow_up.said, patient_id)]
    moment = local_concept("moment", follow_up.moment)
    components = [component(local_concept("observation", "moment"), valueCodeableConcept=moment)]
    if follow_up.moment is FollowUpMoment.AFTER:
        months = ucum_quantity(follow_up.months_after, "mo")
        components.append(component(local_concept("observation", "months-after"), valueQuantity=months))
    seen = _follow_up_observation(
        follow_up,
        follow_up.id,
        "follow-up",
        patient_id,
        extension=[record_extension(_FOLLOW_UP_RECORD, follow_up)],
        effectiveDateTime=format_time(follow_up.seen_at),
        hasMember=[reference(member["id"]) for member in (*grades, *pairs, *reports)],
        component=components,
    )
    return [seen, *grades, *pairs, *reports]


def parse_follow_up(resource: Resource) -> FollowUp | None:
    """Return the follow-up of a resource; None where it is no follow-up."""
    return find_record(resource, _FOLLOW_UP_RECORD, FollowUp)


def _follow_up_observation(follow_up: FollowUp, id: str, name: str, patient_id: str, **values: Any) -> Resource:
    return observation(
        id,
        local_concept("observation", name),
        patient_id=patient_id,
        consultation_id=follow_up.consultation_id,
        partOf=[reference(follow_up.treatment_id)],
        **values,
    )


def _grade_observation(follow_up: FollowUp, grade: ClinicianGrade, number: int, patient_id: str) -> Resource:
    """Return the Observation of a grade; one that does not count has the status `entered-in-error`."""
    rater = "blinded" if grade.blinded else "physician"
    graded_by = local_concept("rater", rater)
    components = [
        component(local_concept("scale", "gais"), valueInteger=int(grade.change)),
        component(local_concept("observation", "rater"), valueCodeableConcept=graded_by),
    ]
    titles = {scale.name: scale.title for scale in grading_scales()}
    components += [
        component(
            local_concept("scale", f"{reading.scale}-{when}", f"{titles.get(reading.scale, reading.scale)}, {when}"),
            valueQuantity={"value": score},
        )
        for reading in grade.readings
        for when, score in (("before", reading.before), ("after", reading.after))
        if score is not None
    ]
    return _follow_up_observation(
        follow_up,
        part_id(follow_up.id, f"grade-{number}"),
        "improvement",
        patient_id,
        status="final" if grade in follow_up.valid_grades else "entered-in-error",
        effectiveDateTime=format_time(grade.graded_at),
        valueCodeableConcept=local_concept("quarter", grade.quarter),
        component=components,
        note=notes(grade.notes),
    )


def _report_response(follow_up: FollowUp, report: PatientReport, patient_id: str) -> Resource:
    numbers = {
        "confidence_0_10": report.now.confidence_0_10,
        "pain_0_10": report.now.pain_0_10,
        "before.confidence_0_10": report.before and report.before.confidence_0_10,
        "before.pain_0_10": report.before and report.before.pain_0_10,
        "satisfied_1_5": report.satisfied_1_5,
        "days_away": report.days_away,
        "change": None if report.change is None else int(report.change),
    }
    items = [{"linkId": name, "answer": [{"valueInteger": n}]} for name, n in numbers.items() if n is not None]
    texts = {"quarter": report.quarter and report.quarter.value, "words": report.words}
    items += [{"linkId": name, "answer": [{"valueString": text}]} for name, text in texts.items() if text]
    return drop_empty(
        {
            "resourceType": "QuestionnaireResponse",
            "id": part_id(follow_up.id, "said"),
            "partOf": [reference(follow_up.treatment_id)],
            "questionnaire": f"{FHIR_BASE}/Questionnaire/follow-up",
            "status": "completed",
            "subject": reference(patient_id),
            "encounter": reference(follow_up.consultation_id),
            "authored": format_time(report.said_at),
            "source": reference(patient_id),
            "item": items,
        }
    )
