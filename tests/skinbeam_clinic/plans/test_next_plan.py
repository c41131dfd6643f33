"""From a spot that burnt to the next plan, with plans that are really made, and the same from the case file."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_samples import Clinics

from skinbeam.model.document import pretty_json
from skinbeam.model.input_files import load_case
from skinbeam.plan.planner import make_plan
from skinbeam.text import ENGLISH
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.plans.plan_subprocess import PLAN_FILES
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring

pytestmark = pytest.mark.check

ANSWERS = LEAST | {
    "patient.age_years": "52",
    "patient.phototype": "III",
    "concern.0.condition": "facial-telangiectasia",
    "concern.0.severity": "mild",
    "clinic.devices": "pulsed-dye-595",
}


def made_here(sent: Submission, home: Path, _heed: Callable[[str], None], _language: str = ENGLISH) -> NewPlan:
    """The plan as it is, and in place of its reports files that nobody reads here."""
    plan = make_plan(case_from_form(sent, home)).plan
    files = dict.fromkeys(PLAN_FILES, b"report") | {"plan.json": pretty_json(plan.document).encode()}
    return NewPlan(plan.case_sha256, plan.plan_sha256, plan.version, plan.seed, plan.draws, files)


def doses(clinics: Clinics, plan: str) -> list[float]:
    """The fluences of the laser options of a plan."""
    (concern,) = json.loads(clinics.repositories().plans.read_file(plan, "plan.json"))["concerns"]
    lasers = (one["settings"] for one in concern["options"] if one["settings"])
    return [one["fluence_J_cm2"] for one in lasers]


def test_a_burn_at_a_spot_lowers_the_dose_of_the_next_plan_as_the_case_file_does(
    clinics: Clinics, tmp_path: Path
) -> None:
    repositories, client = clinics.repositories(), clinics.browser(Role.CLINICIAN)
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(ANSWERS.items()))
    here = f"/consultations/{consultation.id}"
    first = clinics.plan(client, here, make=made_here, **ANSWERS).rpartition("/")[2]
    record = json.loads(repositories.plans.read_file(first, "plan.json"))
    (ladder,) = record["test_spots"]
    top = ladder["spots"][-1]
    where = {name: ladder[name] for name in ("device", "site", "wavelength_nm")}
    settings = SpotSettings(**where, **{name: top[name] for name in ("fluence_J_cm2", "pulse_ms", "spot_mm")})
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=80)
    spot = repositories.test_spots.fire(
        consultation.id, SpotFiring(first, settings, ladder["read_after_h"], ORAL_CONSENT), at
    )
    address = client.post(f"/test-spots/{spot.id}/reading", data={"reaction": "burn"}).headers["location"]
    assert "no more than two thirds of that dose is planned" in client.get(address).text
    next_ = clinics.plan(client, here, make=made_here, **ANSWERS).rpartition("/")[2]
    before, after = doses(clinics, first), doses(clinics, next_)
    assert before
    assert max(before) == settings.fluence_J_cm2
    assert all(dose < settings.fluence_J_cm2 for dose in after)  # lower, or refused
    case = tmp_path / "case.toml"
    case.write_bytes(client.get(f"{here}/case.toml").content)
    assert pretty_json(make_plan(load_case(case)).document).encode() == repositories.plans.read_file(next_, "plan.json")
