"""A device whose dose nobody prints is offered where its light reaches enough of such skins, and else refused."""

from dataclasses import replace

import numpy as np
import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, loaded
from plan_reading import read_plan

from skinbeam.plan import without_dose
from skinbeam.plan.planner import make_plan
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
