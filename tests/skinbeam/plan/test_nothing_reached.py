"""A setting that reaches the target in none of 100 is never offered, however many clinics use such settings."""

from dataclasses import replace

import numpy as np
import pytest

from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.plan import device_search as planned
from skinbeam.plan.search.goals import treatment_goal
from skinbeam.plan.search.practice_place import PracticePlace
from skinbeam.plan.search.settings import PracticeRegion
from skinbeam.text import Message

from test_darker_skin import search  # isort: skip

DYE = ("pulsed-dye-595", BeamSetting(595.0, 6.0, 7.0))
INSIDE = Message("practice.inside", {"sources": 3})
PRACTISED = PracticePlace("inside", "", 1.0, None, None, None, False, (), ("one", "two", "three"), INSIDE)


@pytest.mark.parametrize("condition", ["redness", "facial-telangiectasia"])
@pytest.mark.parametrize("reached", [0, 5])
def test_practice_speaks_for_few_and_never_for_none(monkeypatch, condition, reached):
    name, setting = DYE
    trial = search(condition, "vascular", name, setting, 19.0)
    assert trial is not None
    effective = np.arange(trial.effective.size) < reached
    machine = replace(trial.machine, device=devices()[name], region=PracticeRegion(condition, "vascular", 4))
    trial = replace(trial, effective=effective, machine=machine)
    monkeypatch.setattr(planned, "place_candidate", lambda *_: PRACTISED)
    patient = {"age_years": 40.0, "ita_deg": 19.0}
    case = parse_record(
        Case, {"patient": patient, "concern": [{"condition": condition, "site": "cheeks"}]}, file="case"
    )
    assert planned._is_too_weak(case, case.concern[0], treatment_goal(condition, "vascular"), trial) == (reached == 0)
