"""A setting that a clinician chose is ranked as one that a plan proposes."""

import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, loaded

from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.planner import plan_consultation
from skinbeam.what_if.chosen_setting import ChosenSetting, ChosenSettings

CASE = loaded(PERSON + concern("redness", extra="") + devices("ipl"))


@pytest.mark.parametrize(("chosen_J_cm2", "is_usual"), [(11.5, True), (6.0, False)])
def test_a_chosen_dose_that_sources_print_keeps_its_place_as_a_proposed_one(
    chosen_J_cm2: float, is_usual: bool
) -> None:
    """The model reaches nobody with a lamp on redness: at a printed dose trials outweigh it, whoever chose the dose."""
    asked = ChosenSetting(("redness", "cheeks", "vascular"), "ipl", {"fluence_J_cm2": chosen_J_cm2})
    revise = ChosenSettings(CASE, (asked,)).replace_setting

    def options(**how):
        made = plan_consultation(check_consultation(CASE, None), lambda part: None, draws=PLAN_DRAWS, **how)
        return [one.modality for one in made.plan.concerns[0].options]

    assert (options() == options(revise=revise)) is is_usual
