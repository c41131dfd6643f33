"""A first session is gentle: a dose is raised until one in twenty would be burnt, and darker skin gets less of it."""

from dataclasses import replace
from functools import cache

import pytest
from consultations import PERSON, concern, loaded

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.full_field import search_full_field
from skinbeam.response.goals import treatment_goal
from skinbeam.response.limits import SettingLimit, effect_target, find_limits
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import PracticeRegion, PulseCaps, SearchMachine
from skinbeam.response.skin_bank import SkinBank

VEINS = treatment_goal("facial-telangiectasia", "vascular")
DYE = SearchMachine("pulsed-dye-595", load_device("pulsed-dye-595"))
SETTING = BeamSetting(595.0, 6.0, 7.0)  # the middle of those that were published
COLOURS_DEG = (57.0, 34.0, 20.0, -10.0)  # very light, intermediate, tan and brown


@cache
def trial(ita_deg: float, *, capped: bool = False) -> CandidateSetting:
    """The best dose for a colour; `capped` as plans are, by what was published and what injured such skin."""
    text = PERSON.replace("60.0", str(ita_deg)).replace('phototype = "II"\n', "")
    case = loaded(text + concern(VEINS.condition, extra="")).case
    skins = SkinBank(case, assess_colour(case, None), 100, 0).skins("cheeks", VEINS)
    caps = PulseCaps(VEINS.condition, VEINS.modality, "cheeks", darkest_phototype(case)) if capped else None
    machine = replace(DYE, caps=caps)
    found = search_full_field(ResponseTable(machine, VEINS, skins), SETTING)
    assert found is not None
    return found


def burn_limit(modality: str) -> SettingLimit:
    (found,) = [limit for limit in find_limits(modality, "cheeks") if limit.id == "epidermal-burn"]
    return found


@pytest.mark.parametrize("ita_deg", COLOURS_DEG)
def test_a_dose_for_vessels_is_raised_within_the_warning_and_up_to_it(ita_deg: float) -> None:
    found = trial(ita_deg)
    assert found.p_injury < burn_limit("vascular").warn
    above = [dose for dose in DYE.doses(SETTING) if dose > found.dose]
    if found.p_effective < effect_target().wanted and not found.capped_by_lighter_skin:
        assert found.burns is not None
        assert found.burns.p(above[0]) @ found.weights[1] / found.weights[1].sum() >= burn_limit("vascular").warn


def test_brown_skin_gets_a_fifth_less_than_light_skin_and_no_more_on_the_way() -> None:
    """A maker's table takes a fifth to two fifths off from phototypes I and II down to V (candela2013, hair)."""
    for capped in (False, True):
        doses = [trial(ita_deg, capped=capped).dose for ita_deg in COLOURS_DEG]
        assert doses == sorted(doses, reverse=True)
    assert doses[-1] <= 0.8 * doses[0]


def test_what_is_published_for_light_skin_is_planned_there() -> None:
    """The middle of published fluences at this pulse and spot, up to where skin counts as tan."""
    span = PracticeRegion(VEINS.condition, VEINS.modality, 2).dose_range(DYE.device, SETTING)
    assert span is not None
    for ita_deg in (57.0, 34.0):
        assert (span.low * span.usual_high) ** 0.5 <= trial(ita_deg).dose


def test_where_the_goal_is_a_burn_of_a_spot_the_limit_alone_holds() -> None:
    held = {name: name in burn_limit(name).raised_within for name in burn_limit("vascular").modalities}
    assert held == {"vascular": True, "pigment-short-pulse": True, "pigment-long-pulse": False}
