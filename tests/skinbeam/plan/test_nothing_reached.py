"""A dose that no source prints for such skin is offered where its light reaches enough of them, and else refused."""

from dataclasses import replace

import numpy as np
import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, loaded
from plan_reading import read_plan

from skinbeam.plan import laser_options, without_dose
from skinbeam.plan.planner import make_plan
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.response.limits import effect_target

GREEN_ON_VEINS = PERSON + concern("facial-telangiectasia", extra="") + devices("ktp-532")


@pytest.mark.parametrize("reached", [0.0, 0.5, 2.0])
def test_a_computed_dose_is_offered_from_the_least_share_upwards(monkeypatch: pytest.MonkeyPatch, reached: float):
    """`reached` is the share that reaches the target, over the least one."""
    plan_without_dose = without_dose.plan_without_dose

    def with_share(*asked):
        trial = plan_without_dose(*asked)
        count = round(reached * effect_target().least * trial.effective.size)
        return replace(trial, effective=np.arange(trial.effective.size) < count)

    monkeypatch.setattr(without_dose, "plan_without_dose", with_share)
    (part,) = read_plan(make_plan(loaded(GREEN_ON_VEINS), draws=PLAN_DRAWS).document).concerns
    refusals = [message.id for one in part.refused for message in one.reasons]
    assert (part.first_laser is not None) == (reached > 1.0)
    assert any(one.startswith("plan.too-weak") for one in refusals) == (reached < 1.0)


@pytest.mark.parametrize("reached", [0.0, 0.5, 2.0])
@pytest.mark.parametrize(("phototype", "is_printed"), [("III", True), ("V", False)])
def test_a_dose_moved_from_print_is_planned_from_the_least_share_upwards(
    monkeypatch: pytest.MonkeyPatch, phototype: str, is_printed: bool, reached: float
):
    """Trials counted people after ordinary doses: where such skin gets less, their counts outweigh no simulation.

    `reached` is the share that reaches the target, over the least one.
    """
    plan_proposal = laser_options.plan_proposal

    def with_share(*asked, **options):
        trial = plan_proposal(*asked, **options)
        count = round(reached * LEAST_REACHED * trial.effective.size)
        return replace(trial, effective=np.arange(trial.effective.size) < count)

    monkeypatch.setattr(laser_options, "plan_proposal", with_share)
    person = f'[patient]\nage_years = 45\nsex = "female"\nphototype = "{phototype}"\n'
    case = loaded(person + concern("redness", extra="") + devices("pulsed-dye-595"))
    document = make_plan(case, draws=PLAN_DRAWS).document
    (part,) = read_plan(document).concerns
    is_planned = is_printed or reached > 1.0
    assert (part.first_laser is not None) == is_planned
    assert bool(document["course"]) == bool(document["test_spots"]) == is_planned
    assert bool(part.no_laser) != is_planned
