"""What skin showed when it was lighter is no measure for it once it is darker: tanned, or inflamed and marked."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from earlier_samples import spot

from skinbeam import threshold
from skinbeam.assessment.earlier_colour import was_skin_lighter
from skinbeam.laser import device as lasers
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import assess_person
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import read_earlier_pulses
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.dose_bars import dose_bars
from skinbeam.what_if.asked_setting import judge_asked_setting

LIGHT, DARK = "ita_deg = 45.0", "ita_deg = 25.0"
DYE = "pulsed-dye-595"


def person(colour: str) -> str:
    return PERSON.replace('phototype = "II"', "").replace("ita_deg = 60.0", colour) + concern(
        "facial-telangiectasia", extra=""
    )


def dye_session(dose: float, better: float, then: str = "", adverse: str = "none", week: int = 0) -> str:
    pulse = f"fluence_J_cm2 = {dose}\npulse_ms = 10\nspot_mm = 7\n{then}"
    return (
        f'\n[[session]]\nweek = {week}\ntreats = "facial-telangiectasia"\nsite = "cheeks"\ndevice = "{DYE}"\n{pulse}\n'
        f'response_pct = {better}\nadverse = ["{adverse}"]\n'
    )


def planned(text: str) -> tuple[float, bool, list[str]]:
    """The dose of the only option of a plan, whether test spots come first, and the messages of its reasons."""
    made: Any = document(text + devices(DYE))
    (option,) = laser_options(made)
    told = [reason["message"]["id"] for reason in option["reasons"]]
    return option["settings"]["fluence_J_cm2"], bool(made["test_spots"]), told


def test_a_dose_that_helped_is_given_again_unless_the_skin_was_lighter_then() -> None:
    helped = 9.0
    assert planned(person(LIGHT) + dye_session(helped, 60.0, LIGHT))[:2] == (helped, False)
    usual, _, _ = planned(person(DARK))
    dose, has_spots, told = planned(person(DARK) + dye_session(helped, 60.0, LIGHT))
    assert (dose, has_spots) == (usual, True)
    assert "earlier.lighter-skin" in told
    unknown, _, told = planned(person(DARK) + dye_session(helped, 60.0))
    assert "earlier.lighter-skin" not in told
    assert unknown >= usual


def test_a_dose_that_helped_lighter_skin_is_not_exceeded_on_darker_skin() -> None:
    """A tan is no reason for more light, where less was enough without it."""
    helped = 6.0
    usual, _, _ = planned(person(DARK))
    dose, has_spots, told = planned(person(DARK) + dye_session(helped, 60.0, LIGHT))
    assert dose <= helped < usual
    assert has_spots
    assert "plan.dose-of-lighter-day" in told


@pytest.mark.parametrize(("then", "is_given_again"), [(DARK, True), (LIGHT, False)])
def test_what_if_holds_what_helped_lighter_skin_against_practice(then: str, is_given_again: bool) -> None:
    """What such skin bore with benefit is given again, whatever others publish."""
    case = loaded(person(DARK) + dye_session(6.0, 60.0, then) + devices(DYE))
    assessed = assess_person(check_consultation(case), 60, 0)
    asked = {"fluence_J_cm2": 6.0, "pulse_ms": 10.0, "spot_mm": 7.0}
    treated = ("facial-telangiectasia", "cheeks", "vascular")
    assert judge_asked_setting(assessed, case, asked, device_name=DYE, treated=treated).has_helped is is_given_again


@pytest.mark.parametrize(("then", "is_evidence"), [("", True), (DARK, True), (LIGHT, False)])
@pytest.mark.parametrize("reaction", ["none", "blister"])
def test_clean_pulses_on_lighter_skin_are_no_evidence_and_burns_are(
    reaction: str, then: str, is_evidence: bool
) -> None:
    """What burnt lighter skin would burn darker skin all the more."""
    pulse = f"fluence_J_cm2 = 6.0\npulse_ms = 10.0\nspot_mm = 10.0\n{then}"
    case = loaded(person(DARK) + spot(reaction, pulse, hours=80)).case
    pulses, untold = read_earlier_pulses(case, [SearchMachine(DYE, lasers.devices()[DYE])])
    assert bool(pulses) is (is_evidence or reaction == "blister")
    assert [one.reason.id for one in untold] == ([] if pulses else ["learned.lighter-skin"])


def test_a_dose_that_lighter_skin_bore_after_an_injury_lifts_no_limit() -> None:
    def greatest(then: str) -> float:
        borne = dye_session(8.0, 30.0, then, week=8)
        case = loaded(person(DARK) + dye_session(9.0, 10.0, adverse="blister") + borne).case
        device = lasers.devices()[DYE]
        return SearchMachine(DYE, device, dose_bars(case, DYE, device)).doses(BeamSetting(595.0, 10.0, 7.0))[-1]

    assert greatest(LIGHT) == 6.0  # two thirds of 9
    assert greatest(DARK) == 8.0


def test_colours_are_compared_where_both_were_measured() -> None:
    """A phototype stays the same under a tan; and two readings of the same skin differ by a few degrees."""
    measured, told = loaded(person(DARK)).case, loaded(person('phototype = "IV"')).case
    assert was_skin_lighter(measured, 45.0)
    assert not was_skin_lighter(measured, 28.0)
    assert not was_skin_lighter(measured, 0.0)
    assert not was_skin_lighter(measured, None)
    assert not was_skin_lighter(told, 45.0)


def test_skin_that_is_darker_by_less_than_is_asked_bears_about_a_step_less() -> None:
    """At 755 nm, where five degrees cost the most of four lights: a seventh of the dose, as a step of 15 % is.

    Of 60 drawn skins the ratio of two medians of the same draws varies by about 1 %.
    """
    case = {
        "laser": {"wavelength_nm": 755.0},
        "settings": {"fluence_J_cm2": 5.0, "pulse_ms": 20.0, "spot_mm": 10.0},
        "skin": {"preset": "human", "site": "cheeks"},
    }
    light, dark = threshold(case, "epidermal-necrosis", draws=60, ita_deg=[45.0, 40.0]).dose
    assert 1.05 < light / dark < 1.02 * course_rules().dose_step
