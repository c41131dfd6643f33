"""Judge whether light treatment is suitable while the form is filled in, by the rules of a plan."""

from dataclasses import dataclass
from pathlib import Path

from skinbeam.assessment.skin_draws import assess_colour, case_with_colour
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import case_from_tables
from skinbeam.report.formatting import reference_text
from skinbeam.response.goals import case_lasers
from skinbeam.suitability.judgement import judge_case
from skinbeam.suitability.table import Decision, RuleReason, decision_severity
from skinbeam.text import render_message
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.machines.clinic_devices import CATALOGUE, ClinicDevices
from skinbeam_clinic.web.pages import render_template

__all__ = ["SuitabilityView", "judge_suitability", "render_suitability"]

_REQUIRED_FIELDS = ("condition", "site")


def render_suitability(submission: Submission, devices: ClinicDevices = CATALOGUE) -> str:
    """Render the part of the form with the decision of the rules so far; empty before a decision is possible."""
    return render_template("live.html", told=judge_suitability(submission, devices), reference=reference_text).strip()


@dataclass(frozen=True)
class SuitabilityView:
    """A decision for display, with the reasons that led to it."""

    decision: Decision
    title: str
    reasons: tuple[RuleReason, ...]


def judge_suitability(submission: Submission, devices: ClinicDevices = CATALOGUE) -> SuitabilityView | None:
    """Return the decision in words with the rules that led to it; None before the answers allow a decision.

    A concern counts once its condition and site are given; before the first concern, only a decision about the whole
    case is returned. The photograph is not analysed.
    """
    tables = {name: table for name, table in submission.tables.items() if name not in ("clinic", "concern")}
    concerns = [
        table for table in submission.tables.get("concern", ()) if all(table.get(name) for name in _REQUIRED_FIELDS)
    ]
    try:
        case = case_from_tables(tables | ({"concern": concerns} if concerns else {}), Path(), "form").case
    except InputError:
        return None
    if case.patient is None:
        return None
    case = devices.name_files(case)
    case = case_with_colour(case, assess_colour(case, None))
    judged = judge_case(case, case_lasers(case))
    if not concerns and decision_severity(judged.decision) < decision_severity("refer"):
        return None
    spoke = tuple(reason for reason in judged.reasons if reason.decision != "suitable")
    return SuitabilityView(judged.decision, render_message(f"decision.{judged.decision}"), spoke)
