"""Observation, QuestionnaireResponse: what was seen and graded at a follow-up, and what the patient said."""

from typing import Any

from skinbeam.exchange.fhir.parts import Resource, coded, our_coding, part_id, reference, time, trimmed, words
from skinbeam.exchange.fhir.rows import from_row, has_row, row_extension
from skinbeam.exchange.names import BASE
from skinbeam.records.followed import FollowUp, Grade, Said

__all__ = ["follow_up_of", "follow_up_resources"]

_ROW = "follow-up"


def follow_up_resources(one: FollowUp, patient_id: str) -> list[Resource]:
    """Return a follow-up with each grade, each pair of photographs, and what was said."""
    grades = [_grade(one, grade, n, patient_id) for n, grade in enumerate(one.grades, 1)]
    pairs = [
        _observation(one, pair.id, "photograph-pair", patient_id)
        | {"derivedFrom": [reference(pair.before_id), reference(pair.after_id)]}
        for pair in one.pairs
    ]
    said = [] if one.said is None else [_said(one, one.said, patient_id)]
    seen = _observation(one, one.id, "follow-up", patient_id) | {
        "extension": [row_extension(_ROW, one)],
        "effectiveDateTime": time(one.seen_at),
        "hasMember": [reference(held["id"]) for held in (*grades, *pairs, *said)],
        "component": [
            {
                "code": coded(our_coding("observation", "months-after")),
                "valueQuantity": {"value": one.months_after, "unit": "mo", **_UCUM_MONTH},
            }
        ],
    }
    return [trimmed(seen), *grades, *pairs, *said]


_UCUM_MONTH = {"system": "http://unitsofmeasure.org", "code": "mo"}


def follow_up_of(observation: Resource) -> FollowUp | None:
    """Return the follow-up of a resource; None where it is of something else."""
    return from_row(observation, _ROW, FollowUp) if has_row(observation, _ROW) else None


def _observation(one: FollowUp, id: str, name: str, patient_id: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": id,
        "partOf": [reference(one.treatment_id)],
        "status": "final",
        "code": coded(our_coding("observation", name), said=words(name)),
        "subject": reference(patient_id),
        "encounter": reference(one.consultation_id),
    }


def _grade(one: FollowUp, grade: Grade, number: int, patient_id: str) -> Resource:
    rater = "blinded" if grade.blinded else "physician"
    components: list[dict[str, Any]] = [
        {"code": coded(our_coding("scale", "gais")), "valueInteger": int(grade.change)},
        {"code": coded(our_coding("observation", "rater")), "valueCodeableConcept": coded(our_coding("rater", rater))},
    ]
    for reading in grade.readings:
        components += [
            {"code": coded(our_coding("scale", f"{reading.scale}-{when}")), "valueQuantity": {"value": score}}
            for when, score in (("before", reading.before), ("after", reading.after))
            if score is not None
        ]
    return _observation(one, part_id(one.id, f"grade-{number}"), "improvement", patient_id) | trimmed(
        {
            "effectiveDateTime": time(grade.graded_at),
            "valueCodeableConcept": coded(our_coding("quarter", grade.quarter)),
            "component": components,
            "note": [{"text": grade.notes}] if grade.notes else None,
        }
    )


def _said(one: FollowUp, said: Said, patient_id: str) -> Resource:
    numbers = {
        "confidence_0_10": said.now.confidence_0_10,
        "pain_0_10": said.now.pain_0_10,
        "before.confidence_0_10": said.before and said.before.confidence_0_10,
        "before.pain_0_10": said.before and said.before.pain_0_10,
        "satisfied_1_5": said.satisfied_1_5,
        "change": None if said.change is None else int(said.change),
    }
    items = [{"linkId": name, "answer": [{"valueInteger": n}]} for name, n in numbers.items() if n is not None]
    texts = {"quarter": said.quarter and said.quarter.value, "words": said.words}
    items += [{"linkId": name, "answer": [{"valueString": text}]} for name, text in texts.items() if text]
    return trimmed(
        {
            "resourceType": "QuestionnaireResponse",
            "id": part_id(one.id, "said"),
            "partOf": [reference(one.treatment_id)],
            "questionnaire": f"{BASE}/Questionnaire/follow-up",
            "status": "completed",
            "subject": reference(patient_id),
            "encounter": reference(one.consultation_id),
            "authored": time(said.said_at),
            "source": reference(patient_id),
            "item": items,
        }
    )
