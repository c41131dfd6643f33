"""QuestionnaireResponse, Observation: what a patient wrote in the diary after a treatment."""

from skinbeam.exchange.fhir.parts import PAIN, Resource, coded, known, part_id, reference, referred, time, trimmed
from skinbeam.exchange.fhir.rows import from_row, has_row, pain_quantity, row_extension
from skinbeam.exchange.names import BASE
from skinbeam.records.diary import DiaryEntry

__all__ = ["diary_entry_of", "diary_resources"]

_ROW = "diary-entry"


def diary_resources(one: DiaryEntry, consultation_id: str, patient_id: str) -> list[Resource]:
    """Return an entry of a diary, and the pain that it tells."""
    items = [
        {"linkId": "day", "answer": [{"valueInteger": one.day}]},
        {"linkId": "pain_0_10", "answer": [{"valueInteger": one.note.pain}]},
    ]
    texts = {"redness": [one.note.redness], "sign": list(one.note.signs), "question": [one.note.question]}
    for name, told in texts.items():
        if answers := [{"valueString": text} for text in told if text]:
            items.append({"linkId": name, "answer": answers})
    if one.photograph_id is not None:
        items.append({"linkId": "photograph", "answer": [{"valueReference": reference(one.photograph_id)}]})
    about = {
        "partOf": [reference(one.treatment_id)],
        "subject": reference(patient_id),
        "encounter": reference(consultation_id),
    }
    response = {
        "resourceType": "QuestionnaireResponse",
        "id": one.id,
        "extension": [row_extension(_ROW, one)],
        **about,
        "questionnaire": f"{BASE}/Questionnaire/diary",
        "status": "completed",
        "authored": time(one.written_at),
        "source": reference(patient_id),
        "item": items,
    }
    pain = {
        "resourceType": "Observation",
        "id": part_id(one.id, "pain"),
        **about,
        "status": "final",
        "code": coded(known(PAIN)),
        "effectiveDateTime": time(one.written_at),
        "valueQuantity": pain_quantity(one.note.pain),
        "derivedFrom": [reference(one.id)],
    }
    return [trimmed(response), pain]


def diary_entry_of(response: Resource) -> tuple[str, DiaryEntry] | None:
    """Return the consultation and the entry of a resource; None where it is of something else."""
    return (referred(response["encounter"]), from_row(response, _ROW, DiaryEntry)) if has_row(response, _ROW) else None
