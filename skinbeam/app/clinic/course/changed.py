"""What the rules of the planner say of what has changed since the plan: a tan, a medicine, a pregnancy, an infection.

The case of the plan is judged again with what was answered now, and what is said anew is told in the rule's own words.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from skinbeam.app.case import case_of
from skinbeam.app.forms import Submission
from skinbeam.errors import InputError
from skinbeam.plan.rules.suitability import judge
from skinbeam.records.treated import Answer
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern, Medication, Patient

__all__ = ["CHANGES", "rules_told"]

CHANGES = ("tan", "medicines", "pregnancy", "infection")  # of the checklist: they ask for a plan of their own


def rules_told(sent: Submission, place: tuple[int, str], answers: Mapping[str, Answer]) -> dict[str, tuple[str, ...]]:
    """Return what the rules say of each answer that tells of a change; nothing where the answers make no case.

    Parameters
    ----------
    place : number of the concern in the plan, and the modality of the option.
    """
    try:
        case = case_of(sent, Path()).case
    except InputError:
        return {}
    number, modality = place
    if case.patient is None or number >= len(case.concern):
        return {}
    concern, patient = case.concern[number], case.patient
    known = set(_said(case, concern, modality))
    told = {}
    for item in CHANGES:
        if item in answers and answers[item].answer == "yes":
            changed = case.model_copy(update={"patient": patient.model_copy(update=_changes(item, patient, answers))})
            told[item] = tuple(one for one in _said(changed, concern, modality) if one not in known)
    return told


def _said(case: Case, concern: Concern, modality: str) -> Iterable[str]:
    return [reason.message.text for reason in judge(case, concern=concern, modality=modality).reasons]


def _changes(item: str, patient: Patient, answers: Mapping[str, Answer]) -> dict[str, Any]:
    words = answers[item].words
    changes: dict[str, dict[str, Any]] = {
        "tan": {"tan": "current"},
        "medicines": {"medications": [*patient.medications, *([Medication(name=words[:100])] if words else [])]},
        "pregnancy": {"pregnant": True},
        "infection": {"history": sorted({*patient.history, "active-infection"})},
    }
    return changes[item]
