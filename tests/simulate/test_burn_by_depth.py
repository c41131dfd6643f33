"""The limit on burns holds twice: melanin even and cautious kinetics, melanin by depth and the best estimate."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from consultations import PERSON, concern, devices, loaded

from skinbeam.assessment.skin import colour_of
from skinbeam.laser.device import load_device
from skinbeam.laser.grid import Setting
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.candidates import Machine, built_in_cooling
from skinbeam.plan.search.full_field import full_field_trial
from skinbeam.plan.search.goals import goal_of
from skinbeam.plan.search.limits import counted_cooling
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.plan.search.trial import Trial
from skinbeam.simulate.pulse.dose import cell_death_dose
from skinbeam.simulate.pulse.places import basal_layer
from skinbeam.units import J_CM2

MACHINE = Machine("pulsed-dye-595", load_device("pulsed-dye-595"), Path())
VEINS = PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")
COOLING = built_in_cooling(MACHINE.device)[0]


@cache
def skins() -> SiteSkins:
    case = loaded(VEINS).case
    return SkinBank(case, colour_of(case, None), 100, 0).skins("cheeks", goal_of("facial-telangiectasia", "vascular"))


def chosen(pulse_ms: float, held: SiteSkins) -> Trial:
    goal = goal_of("facial-telangiectasia", "vascular")
    found = full_field_trial(MACHINE, Setting(595.0, pulse_ms, 10.0), goal, held, COOLING)
    assert found is not None
    return found


def test_melanin_by_depth_never_allows_more_and_less_of_a_short_pulse() -> None:
    # A pulse shorter than heat takes to leave a row of cells, 0.4 ms, burns where the melanin is.
    allowed = {
        pulse: [chosen(pulse, held).dose for held in (replace(skins(), by_depth=None), skins())]
        for pulse in (0.45, 40.0)
    }
    assert all(both <= alone for alone, both in allowed.values())
    alone, both = allowed[0.45]
    assert both < alone


def test_a_dose_on_offer_burns_one_skin_in_twenty_at_most_by_either_way() -> None:
    by_depth = skins().by_depth
    assert by_depth is not None
    for pulse in (0.45, 40.0):
        trial = chosen(pulse, skins())
        half = by_depth.respond(trial.beam, COOLING, limiting=True, cooling_share=counted_cooling())
        burns = cell_death_dose(half, basal_layer(half)) / J_CM2
        # The limit counts an error of Omega and that of sampling besides, so fewer are left here.
        assert np.mean(burns <= trial.dose) <= 0.05
