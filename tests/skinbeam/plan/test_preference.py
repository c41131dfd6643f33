"""Bruises of the skin around vessels: how many are to be expected is told."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, document, laser_options, loaded
from plan_reading import read_plan

from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.estimate import Estimate
from skinbeam.plan import option_reasons
from skinbeam.plan.planner import make_plan
from skinbeam.published_doses.counts import count_bruises_near
from skinbeam.report.context import OptionCard
from skinbeam.report.formatting import per_100
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.option_cards import option_card
from skinbeam.response.bruise_thresholds import BruiseThresholds
from skinbeam.response.candidate import (
    BruisingEstimate,
    CandidateSetting,
)
from skinbeam.response.goals import treatment_goal
from skinbeam.response.limits import bruise_limit
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling
from skinbeam.response.skin_bank import SkinBank
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.text import render_message

DYE = "pulsed-dye-595"
MACHINE = SearchMachine(DYE, load_device(DYE))
DRAWS = 40
VEINS = PERSON + concern("facial-telangiectasia", extra="") + devices(DYE)


def first(count: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The first `count` of all draws."""
    return np.arange(DRAWS) < count


def trial(pulse_ms: float, effective: int, bruised: int, *, weights: Any = None) -> CandidateSetting:
    """A setting that reaches the target in so many draws, and bruises so many."""
    w = np.ones(DRAWS) if weights is None else weights
    setting = BeamSetting(595.0, pulse_ms, 10.0)
    none = np.zeros(DRAWS)
    beam = build_beam(MACHINE, setting, 5.0)
    return CandidateSetting(
        MACHINE,
        setting,
        beam,
        5.0,
        None,
        first(effective),
        none,
        None,
        None,
        (),
        (w, w),
        (),
        BruisingEstimate(first(bruised), w, ()),
    )


# --- the skin around -------------------------------------------------------------------------------------------------


@cache
def bruised(pulse_ms: float, dose: float, spot_mm: float = 10.0) -> float:
    case = loaded(VEINS).case
    bank = SkinBank(case, assess_colour(case, None), 60, 0)
    skins = bank.skins("cheeks", treatment_goal("facial-telangiectasia", "vascular"))
    cooling, _ = built_in_cooling(MACHINE.device)
    beam = build_beam(MACHINE, BeamSetting(595.0, pulse_ms, spot_mm), dose)
    found = BruiseThresholds(skins, cooling).judge(beam, dose)
    assert found.p.median == weighted_share(found.is_bruised, found.weights)[0]
    return found.p.median


def test_more_light_bruises_no_fewer_skins_and_a_longer_pulse_no_more() -> None:
    doses = (3.0, 5.0, 7.0, 10.0)
    for pulse in (0.45, 5.0, 40.0):
        shares = [bruised(pulse, dose) for dose in doses]
        assert shares == sorted(shares)
        assert shares[-1] > shares[0]
    for dose in doses:
        shares = [bruised(pulse, dose) for pulse in (0.45, 5.0, 40.0)]
        assert shares == sorted(shares, reverse=True)


# --- what the plan says ----------------------------------------------------------------------------------------------


def test_facial_veins_are_not_given_the_pulse_that_bruises() -> None:
    """Long enough for the vessels of the skin around to stay whole: their thermal relaxation is well below a ms."""
    (option,) = laser_options(document(VEINS))
    assert option["settings"]["pulse_ms"] >= 1.0
    set_to = option["settings"]
    # Shares of 100 and of 60 draws differ by chance by 0.14 at most (one-sided 95 %): 1.645 sqrt(1 / 400 + 1 / 240).
    assert option["p_purpura"]["median"] + 0.14 < bruised(0.45, set_to["fluence_J_cm2"], set_to["spot_mm"])


@cache
def with_short_pulses(accepted: str) -> Any:
    """The option of a dye laser that has short pulses alone."""
    case = PERSON + accepted + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-585")
    made = document(case)
    (option,) = laser_options(made)
    return made, option


def told(option: Any) -> list[dict[str, Any]]:
    return [reason for reason in option["reasons"] if reason["rule"] == "bruise-likely"]


def test_few_days_accepted_and_a_likely_bruise_are_a_reason_told_and_no_other_setting() -> None:
    _, unsaid = with_short_pulses("")
    assert unsaid["p_purpura"]["median"] >= bruise_limit().likely
    assert not told(unsaid)
    few, enough = (with_short_pulses(f"downtime_days_accepted = {days}\n")[1] for days in (2, bruise_limit().high_days))
    (reason,) = told(few)
    assert reason["decision"] == "with-caution"
    assert reason["message"]["params"]["accepted"] == 2
    assert not told(enough)
    assert unsaid["settings"] == few["settings"] == enough["settings"]
    assert unsaid["rank"] == few["rank"]


def test_an_unlikely_bruise_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    (option,) = laser_options(document(VEINS))
    share = option["p_purpura"]["median"]
    assert share >= bruise_limit().likely, "that it is told of then is held above"
    case = loaded(VEINS.replace("ita_deg", "downtime_days_accepted = 1\nita_deg"))
    rarer = replace(bruise_limit(), likely=share + 0.01)
    monkeypatch.setattr(option_reasons, "bruise_limit", lambda: rarer)
    (same,) = laser_options(make_plan(case, draws=PLAN_DRAWS).document)
    assert same["p_purpura"] == option["p_purpura"]
    assert not told(same)


def _card(made: Any) -> OptionCard:
    (part,) = read_plan(made).concerns
    assert part.first_laser is not None
    return option_card(part, part.first_laser[0])


def test_the_clinician_reads_how_many_bruise_and_for_how_long() -> None:
    made, option = with_short_pulses("")
    facts = {fact.name: fact.value.text for fact in _card(made).facts}
    bruised_share = option["p_purpura"]
    assert facts[render_message("report.fact_p_purpura")] == per_100(Estimate(**bruised_share)).text
    (days,) = (value for name, value in facts.items() if name.lower() == render_message("report_quantity.purpura_days"))
    assert "7" in days
    assert "14" in days


def test_the_leaflet_says_that_skin_may_bruise() -> None:
    made, option = with_short_pulses("")
    line = leaflet_page(read_plan(made)).concerns[0].healing
    assert "bruise" in line
    assert f"{int(100 * option['p_purpura']['median'] + 0.5)} of 100" in line
    pigment = document(PERSON + concern("age-spots") + devices("qs-ndyag-532-1064"))
    assert not any("bruise" in one.healing for one in leaflet_page(read_plan(pigment)).concerns)


@pytest.mark.parametrize("device", ["ktp-532", "ndyag-1064", DYE])
def test_a_share_of_bruises_is_computed_only_for_light_after_which_some_were_counted(device: str) -> None:
    (option,) = laser_options(document(PERSON + concern("facial-telangiectasia", extra="") + devices(device)))
    settings = option["settings"]
    counted = count_bruises_near(settings["wavelength_nm"], settings["pulse_ms"])
    share = option["p_purpura"]
    if counted is not None and counted.harmed:
        assert 0.0 <= share["median"] <= 1.0
        return
    assert "median" not in share
    assert counted is not None  # sources counted nobody with a bruise after 532 and 1064 nm
    assert f"0 of {counted.treated}" in share["unknown"]
    assert not told(option)  # and no caution is made of it


def test_bruises_are_counted_on_both_sides_after_dye_lasers_and_on_one_side_after_other_lasers() -> None:
    dye = count_bruises_near(595.0, 1.5)
    assert dye is not None
    assert 0 < dye.harmed < dye.treated
    green, infrared = count_bruises_near(532.0, 10.0), count_bruises_near(1064.0, 10.0)
    assert green is not None
    assert infrared is not None
    assert (green.harmed, infrared.harmed) == (0, 0)
