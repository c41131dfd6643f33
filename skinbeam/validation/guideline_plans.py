"""Plan a plain consultation for each firm or fair cell of the guideline, and check the plan against the cell."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from skinbeam.evidence.guideline.device_classes import default_subtype
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.model.case import Case
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes, phototype_range, vocabulary_table
from skinbeam.plan.parallel import run_in_parallel
from skinbeam.plan.planner import make_plan
from skinbeam.validation.guideline_check import (
    GuidelineCheck,
    OfferedTreatment,
    check_against_cell,
    read_offers,
    score_checks,
)

__all__ = ["PLAN_DRAWS", "CellPlan", "case_of_cell", "guideline_record", "plan_cell", "planned_cells"]

PLAN_DRAWS: Final = 64  # a plan offers the same treatments with more, and doses of a neighbouring step
_SEVERITIES: Final = ("mild", "moderate", "severe")
# Where a condition is treated, if the cell does not say; elsewhere the cheeks.
_USUAL_SITE: Final = {
    "dynamic-wrinkles": "forehead",
    "fine-lines-periorbital": "periorbital",
    "laxity": "full-face",
    "perioral-lines": "perioral",
    "poikiloderma": "neck",
    "wrinkles": "full-face",
}


@dataclass(frozen=True)
class CellPlan:
    """The plan of a plain consultation beside the cell of the guideline for it.

    Parameters
    ----------
    check : the plan beside the cell.
    leading : the options of the plan, best first, without no treatment.
    lights, lights_beyond : how many options use a light, and how many of these are outside the published settings.
    """

    check: GuidelineCheck
    leading: tuple[OfferedTreatment, ...]
    lights: int
    lights_beyond: int


def planned_cells() -> tuple[GuidelineCell, ...]:
    """Return the firm and fair cells with a first treatment that a case file can ask about."""
    return tuple(
        cell
        for cell in load_cells()
        if cell.is_graded
        and cell.first is not None
        and cell.condition in vocabulary_table("condition")
        and cell.subtype in ("", default_subtype(cell.condition), *_SEVERITIES, *condition_subtypes(cell.condition))
    )


def case_of_cell(cell: GuidelineCell) -> Case:
    """Return a plain consultation about a cell: one concern, the lightest phototype but I, and nothing against a laser.

    Type I has few trials, and every cell for it is also one for II.
    """
    number = max(phototype_range(cell.phototype)[0], 2)
    is_severity = cell.subtype in _SEVERITIES
    concern: dict[str, Any] = {
        "condition": cell.condition,
        "site": cell.site or _USUAL_SITE.get(cell.condition, "cheeks"),
        "severity": cell.subtype if is_severity else "moderate",
        "area_cm2": 30.0,
        "diagnosed": True,
        "diagnosed_by": "clinician",
        "diagnosis_method": "dermoscopy",
        "diagnosis_date": datetime.date(2026, 1, 1),  # nothing depends on it
    }
    if cell.subtype in condition_subtypes(cell.condition):
        concern["subtypes"] = [cell.subtype]
    patient = {
        "age_years": 45.0,
        "sex": "female",
        "phototype": PHOTOTYPES[number - 1],
        "tan": "none",
        "expectation": "noticeable",
        "downtime_days_accepted": 14.0,
    }
    return parse_record(Case, {"patient": patient, "concern": [concern]}, file=cell.row)


def plan_cell(cell: GuidelineCell, *, draws: int = PLAN_DRAWS) -> CellPlan:
    """Plan the consultation of a cell, and check the plan."""
    planned = make_plan(LoadedCase(case_of_cell(cell), Path(), cell.row), draws=draws)
    (concern,) = planned.plan.document["concerns"]
    offers = read_offers(concern)
    lights = [option for option in concern["options"] if "device" in option]
    beyond = sum(option["beyond_practice"] for option in lights)
    return CellPlan(check_against_cell(cell, offers), offers, len(lights), beyond)


def guideline_record(cells: Sequence[GuidelineCell] | None = None) -> dict[str, Any]:
    """Return the score of the plans of cells, and each plan that disagrees with its cell.

    Parameters
    ----------
    cells : the cells; if None, those of `planned_cells`.
    """
    plans = run_in_parallel(plan_cell, planned_cells() if cells is None else cells)
    lights, beyond = (sum(getattr(one, name) for one in plans) for name in ("lights", "lights_beyond"))
    return {
        "draws": PLAN_DRAWS,
        **vars(score_checks(one.check for one in plans)),
        "lights": lights,
        "lights_inside": lights - beyond,
        "disagreeing": [_disagreement_record(one) for one in plans if not _agrees(one)],
    }


def _agrees(plan: CellPlan) -> bool:
    check = plan.check
    return check.leads is True and not check.avoided and all(dose.is_within for dose in check.doses)


def _disagreement_record(plan: CellPlan) -> Mapping[str, Any]:
    check = plan.check
    outside = [dose for dose in check.doses if not dose.is_within]
    assert check.cell.first is not None  # `planned_cells` has no other
    return {
        "cell": check.cell.row,
        "first": " / ".join(check.cell.first.device_classes) or check.cell.first.treatment,
        "leads": check.leads,
        "offered": _names(plan.leading),
        "avoided": _names(check.avoided),
        "doses_outside": [dose.offer.fluence_J_cm2 or dose.offer.energy_mJ for dose in outside],
    }


def _names(offers: Iterable[OfferedTreatment]) -> list[str]:
    return [offer.device or offer.modality for offer in offers]
