"""Decisions on a treatment of a person."""

from typing import Any

from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.suitability.judgement import judge_suitability

NAMED = {
    "diagnosed": True,
    "diagnosed_by": "dermatologist",
    "diagnosis_method": "dermoscopy",
    "diagnosis_date": "2026-03-02",
}


def decide(modality: str, condition: str, site: str = "cheeks", *, beside: str = "", **changed: Any) -> tuple[str, Any]:
    """The decision on a treatment without its device, and the rules behind it."""
    names = changed.pop("medicines", ())
    choice, kind = changed.pop("choice", {}), changed.pop("kind", {})
    patient = {"age_years": 40.0, "sex": "female", "phototype": "II"} | changed
    patient = {name: value for name, value in patient.items() if value is not None}
    patient["medications"] = [{"name": name} for name in names]
    concerns = [{"condition": word, "site": site, **NAMED} for word in (condition, beside) if word]
    concerns[0] |= kind
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality=modality, **choice)
    return found.decision, {reason.rule for reason in found.reasons}


RESURFACED: tuple[dict[str, Any], ...] = tuple(
    {"history": [word]} for word in ("deep-peel-recent", "dermabrasion-recent", "laser-resurfacing-recent")
)
