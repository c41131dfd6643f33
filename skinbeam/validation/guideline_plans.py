"""Plan a plain consultation for each firm or fair cell of the guideline, and check the plan against the cell."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skinbeam.evidence.guideline.device_classes import default_subtype
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import load_cells
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes, phototype_range
from skinbeam.plan.parallel import run_in_parallel
from skinbeam.plan.planner import make_plan
from skinbeam.validation.guideline_check import (
    GuidelineCheck,
    OfferedTreatment,
    check_against_cell,
    read_offers,
    score_checks,
)

__all__ = [
    "PLAN_DRAWS",
    "CellPlan",
    "DisagreeingPlan",
    "GuidelineAgreement",
    "case_of_cell",
    "compare_with_guideline",
    "plan_cell",
    "planned_cells",
    "summarise_cell_plans",
]

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
    lights, lights_beyond : how many options use a light, and how many of these are outside the published settings.
    """

    check: GuidelineCheck
    lights: int
    lights_beyond: int


@dataclass(frozen=True)
class DisagreeingPlan:
    """A plan that disagrees with its cell.

    Parameters
    ----------
    cell : the row of the cell. first : its first treatment.
    leads : whether that is among the first options of the plan.
    offered, avoided : the options of the plan, and those that the cell advises against, by device or modality.
    doses_outside : doses of the first treatment that lie outside those of the cell.
    """

    cell: str
    first: str
    leads: bool
    offered: tuple[str, ...]
    avoided: tuple[str, ...]
    doses_outside: tuple[float, ...]


@dataclass(frozen=True)
class GuidelineAgreement:
    """The score of the plans of cells, and each plan that disagrees with its cell.

    Parameters
    ----------
    draws : sampled skins of each plan.
    cells, leading, without_avoided, doses, doses_within : as of `GuidelineScore`.
    lights, lights_inside : options with a light, and those within the published settings.
    """

    draws: int
    cells: int
    leading: int
    without_avoided: int
    doses: int
    doses_within: int
    lights: int
    lights_inside: int
    disagreeing: tuple[DisagreeingPlan, ...]


def planned_cells() -> tuple[GuidelineCell, ...]:
    """Return the firm and fair cells with a first treatment that a case file can ask about."""
    return tuple(
        cell
        for cell in load_cells()
        if cell.is_graded
        and cell.first is not None
        and cell.condition in known_conditions()
        and cell.subtype in ("", default_subtype(cell.condition), *_SEVERITIES, *condition_subtypes(cell.condition))
    )


def case_of_cell(cell: GuidelineCell) -> Case:
    """Return a plain consultation about a cell: one concern, the lightest phototype but I, and nothing against a laser.

    Type I has few trials, and every cell for it is also one for II.
    """
    number = max(phototype_range(cell.phototype)[0], 2)
    is_severity = cell.subtype in _SEVERITIES
    concern = {
        "condition": cell.condition,
        "site": cell.site or _USUAL_SITE.get(cell.condition, "cheeks"),
        "severity": cell.subtype if is_severity else "moderate",
        "area_cm2": 30.0,
        "diagnosed": True,
        "diagnosed_by": "clinician",
        "diagnosis_method": "dermoscopy",
        "diagnosis_date": datetime.date(2026, 1, 1),  # nothing depends on it
    } | ({"subtypes": [cell.subtype]} if cell.subtype in condition_subtypes(cell.condition) else {})
    patient = {
        "age_years": 45.0,
        "sex": "female",
        "phototype": PHOTOTYPES[number - 1],
        "tan": "none",
        "expectation": "noticeable",
        "downtime_days_accepted": 14.0,
    }
    return parse_record(Case, {"patient": patient, "concern": [concern]}, file=cell.row)


def plan_cell(cell: GuidelineCell) -> CellPlan:
    """Plan the consultation of a cell, and check the plan."""
    planned = make_plan(LoadedCase(case_of_cell(cell), Path(), cell.row), draws=PLAN_DRAWS)
    (concern,) = planned.plan.concerns
    lights = [option for option in concern.options if option.setup is not None]
    beyond = sum(option.beyond_practice for option in lights)
    return CellPlan(check_against_cell(cell, read_offers(concern)), len(lights), beyond)


def compare_with_guideline(cells: Sequence[GuidelineCell] | None = None) -> GuidelineAgreement:
    """Plan the consultations of cells and return how the plans agree with them.

    Parameters
    ----------
    cells : the cells; if None, those of `planned_cells`.
    """
    return summarise_cell_plans(run_in_parallel(plan_cell, planned_cells() if cells is None else cells))


def summarise_cell_plans(plans: Sequence[CellPlan]) -> GuidelineAgreement:
    """Return how the plans of cells, made with `plan_cell` and its own draws, agree with the guideline."""
    lights, beyond = (sum(getattr(plan, name) for plan in plans) for name in ("lights", "lights_beyond"))
    return GuidelineAgreement(
        draws=PLAN_DRAWS,
        **vars(score_checks(plan.check for plan in plans)),
        lights=lights,
        lights_inside=lights - beyond,
        disagreeing=tuple(_disagreeing_plan(plan.check) for plan in plans if not _agrees(plan.check)),
    )


def _agrees(check: GuidelineCheck) -> bool:
    return check.leads is True and not check.avoided and all(dose.is_within for dose in check.doses)


def _disagreeing_plan(check: GuidelineCheck) -> DisagreeingPlan:
    assert check.cell.first is not None  # `planned_cells` has no other
    return DisagreeingPlan(
        cell=check.cell.row,
        first=" / ".join(check.cell.first.device_classes) or check.cell.first.treatment,
        leads=check.leads is True,
        offered=_names(check.offers),
        avoided=_names(check.avoided),
        doses_outside=tuple(dose.dose for dose in check.doses if not dose.is_within),
    )


def _names(offers: Iterable[OfferedTreatment]) -> tuple[str, ...]:
    return tuple(offer.device or offer.modality for offer in offers)
