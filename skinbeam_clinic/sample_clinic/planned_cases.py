"""The few consultations behind the courses of the sample clinic, and the plans that skinbeam makes of them.

Nothing here is a medical number: settings, sessions, test spots and what is expected come from the plans.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from skinbeam._version import __version__
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.parallel import run_in_parallel
from skinbeam.plan.planner import load_planning_tables
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.workflow import consult
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.plan_subprocess import PLAN_FILES

__all__ = ["DEVICES", "SAMPLE_FORMS", "PlannedCase", "SamplePlanMaker", "plan_sample_cases"]

DEVICES = ("pulsed-dye-595", "fractional-co2-10600", "qs-ndyag-532-1064")  # what the clinic owns
_PHONE = "+44 20 7946 0000"  # a number that is reserved for fiction

SamplePlanMaker = Callable[[Submission], NewPlan]


def _form(*answers: tuple[str, str]) -> Submission:
    clinic = (("clinic.phone", _PHONE), *(("clinic.devices", name) for name in DEVICES))
    return make_submission((*answers, ("patient.tan", "none"), ("patient.expectation", "noticeable"), *clinic))


SAMPLE_FORMS: Mapping[str, Submission] = {
    "redness": _form(
        ("patient.age_years", "43"),
        ("patient.sex", "female"),
        ("patient.phototype", "II"),
        ("patient.downtime_days_accepted", "3"),
        ("concern.0.condition", "redness"),
        ("concern.0.site", "cheeks"),
        ("concern.0.severity", "moderate"),
    ),
    "veins": _form(
        ("patient.age_years", "52"),
        ("patient.sex", "male"),
        ("patient.phototype", "II"),
        ("concern.0.condition", "facial-telangiectasia"),
        ("concern.0.site", "nose"),
        ("concern.0.severity", "mild"),
    ),
    "scars": _form(
        ("patient.age_years", "28"),
        ("patient.sex", "female"),
        ("patient.phototype", "III"),
        ("patient.downtime_days_accepted", "10"),
        ("concern.0.condition", "acne-scars"),
        ("concern.0.site", "cheeks"),
        ("concern.0.subtypes", "rolling"),
        ("concern.0.severity", "moderate"),
    ),
    "spots": _form(
        ("patient.age_years", "61"),
        ("patient.sex", "female"),
        ("patient.phototype", "II"),
        ("patient.downtime_days_accepted", "7"),
        ("concern.0.condition", "age-spots"),
        ("concern.0.site", "cheeks"),
        ("concern.0.severity", "moderate"),
        ("concern.0.diagnosed", "true"),
        ("concern.0.diagnosed_by", "dermatologist"),
        ("concern.0.diagnosis_method", "dermoscopy"),
        ("concern.0.diagnosis_date", "2025-01-15"),
    ),
}


@dataclass(frozen=True)
class PlannedCase:
    """A consultation with its plan, and the first of its options that uses a laser of the clinic.

    Parameters
    ----------
    place : position of the option in the plan, such as `0.1`.
    """

    form: Submission
    new_plan: NewPlan
    plan: Plan
    place: str
    concern: ConcernPlan
    option: Option
    setup: DeviceSetup


def plan_sample_cases(
    make: SamplePlanMaker | None = None, meanwhile: Callable[[], object] | None = None
) -> Mapping[str, PlannedCase]:
    """Return the planned cases, whose plans are made side by side.

    Parameters
    ----------
    make : makes a plan; as on the command line where it is None.
    meanwhile : called in this process while the last plans are made.
    """
    if make is None:
        load_planning_tables()
    made = run_in_parallel(make or _make_plan, tuple(SAMPLE_FORMS.values()), on_started=meanwhile)
    cases = {name: _read_case(form, plan) for (name, form), plan in zip(SAMPLE_FORMS.items(), made, strict=True)}
    return {name: case for name, case in cases.items() if case is not None}


def _make_plan(form: Submission) -> NewPlan:
    with tempfile.TemporaryDirectory(prefix="skinbeam-plan-") as home:
        folder = Path(home) / "made"
        plan, _ = consult(check_consultation(case_from_form(form, Path(home))), folder)
        files = {name: (folder / name).read_bytes() for name in PLAN_FILES}
        return NewPlan(plan.case_sha256, plan.plan_sha256, __version__, plan.seed, plan.draws, files)


def _read_case(form: Submission, made: NewPlan) -> PlannedCase | None:
    """Return a case whose plan offers a laser; None where it offers none, so that nobody is treated by it."""
    plan = read_plan(json.loads(made.files["plan.json"]))
    for number, concern in enumerate(plan.concerns):
        for place, option in enumerate(concern.options):
            if option.setup is not None:
                return PlannedCase(form, made, plan, str(OptionRef(number, place)), concern, option, option.setup)
    return None
