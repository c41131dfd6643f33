"""The probability of a burn: by dose, colour and cooling, and that a plan counts each of them once."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded

from skinbeam.assessment.skin_draws import SkinPlace, assess_colour, draw_skins
from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.units import J_CM2
from skinbeam.outcome.dose_error import beam_burn_calibration, draw_burn_ratios
from skinbeam.response.candidate import CandidateSetting, burn_doses
from skinbeam.response.full_field import search_full_field
from skinbeam.response.goals import TreatmentGoal, treatment_goal
from skinbeam.response.limits import effect_target
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling
from skinbeam.response.skin_bank import SkinBank
from skinbeam.response.skins import SiteSkins
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.pulse.locations import basal_layer_response, papillary_border_response
from skinbeam.simulate.skins.ensemble import weighted_share
from skinbeam.what_if.window import compute_window

DYE = SearchMachine("pulsed-dye-595", load_device("pulsed-dye-595"))
COOLING = built_in_cooling(DYE.device)[0]
SETTING = BeamSetting(595.0, 40.0, 10.0)
VEINS = treatment_goal("facial-telangiectasia", "vascular")
DRAWS = 200
PULSE = build_beam(DYE, SETTING, DYE.doses(SETTING)[0])


@cache
def skins(ita_deg: float, goal: TreatmentGoal = VEINS) -> SiteSkins:
    text = PERSON.replace("60.0", str(ita_deg)).replace('phototype = "II"\n', "") + concern(goal.condition, extra="")
    case = loaded(text).case
    return SkinBank(case, assess_colour(case, None), DRAWS, 0).skins("cheeks", goal)


@cache
def trial(ita_deg: float) -> CandidateSetting:
    found = search_full_field(ResponseTable(DYE, VEINS, skins(ita_deg)), SETTING)
    assert found is not None
    return found


def p_burn(ita_deg: float, dose: float, *, cooled: bool = True) -> float:
    """The mean probability, put together a second time: computed doses under the calibration of practice."""
    around = skins(ita_deg).respond(PULSE, COOLING, limiting=True, cooling_share=1.0 if cooled else 0.0)
    computed = cell_death_dose(around, basal_layer_response(around)) / J_CM2
    chances = beam_burn_calibration(PULSE).p_reached(dose / computed)
    return float(np.average(chances, weights=skins(ita_deg).weights[1]))


def test_the_probability_of_a_burn_hangs_on_no_handful_of_draws() -> None:
    """At the dose where one person in ten is burnt, means of 128 draws lie within a twentieth of the limit."""
    text = PERSON + concern("facial-telangiectasia", extra="")
    case = loaded(text).case
    drawn = draw_skins(case, assess_colour(case, None), SkinPlace("cheeks", limiting=True), draws=1024, seed=0)
    around = SiteSkins("cheeks", drawn, drawn).respond(PULSE, COOLING, limiting=True, near_surface=True)
    burns = burn_doses(PULSE, cell_death_dose(around, basal_layer_response(around)) / J_CM2)
    doses = np.geomspace(1.0, 100.0, 400)
    dose = doses[np.searchsorted([burns.p(each).mean() for each in doses], 0.1)]
    means = burns.p(dose).reshape(8, 128).mean(axis=1)
    assert np.std(means) < 0.05 * 0.1
    # Strata make it at least twice as small as draws that know nothing of each other would have it.
    assert np.std(means) < 0.5 * np.std(burns.p(dose)) / np.sqrt(128)


def test_a_burn_grows_likelier_with_the_dose_and_with_darkness() -> None:
    chances = np.array([[p_burn(ita, dose) for dose in (4.0, 7.0, 10.0, 14.0)] for ita in (57.0, 34.0, 10.0)])
    assert np.all(np.diff(chances, axis=1) > 0)
    assert np.all(np.diff(chances, axis=0) > 0)


def test_a_limit_counts_all_of_the_cooling_and_the_error_once() -> None:
    found = trial(34.0)
    assert found.p_injury == pytest.approx(p_burn(34.0, found.dose), rel=1e-9)
    (burn,) = [verdict for verdict in found.verdicts if verdict.limit.id == "epidermal-burn"]
    assert 1 - burn.share == pytest.approx(found.p_injury, rel=1e-9)
    assert found.doubtful_injury_probability is None


def test_the_same_dose_without_cooling_burns_more_and_is_told() -> None:
    found = trial(34.0)
    assert found.uncooled_injury_probability is not None
    uncooled = weighted_share(found.uncooled_injury_probability, found.weights[1])[0]
    assert uncooled == pytest.approx(p_burn(34.0, found.dose, cooled=False), rel=1e-9)
    assert uncooled > found.p_injury


def test_a_lasting_burn_without_cooling_is_one_through_the_papillary_dermis() -> None:
    found, held = trial(34.0), skins(34.0)
    bare = held.respond(PULSE, COOLING, limiting=True, cooling_share=0.0)
    deep = burn_doses(PULSE, cell_death_dose(bare, papillary_border_response(bare)) / J_CM2).p(found.dose)
    (lasting,) = [verdict for verdict in found.verdicts if verdict.limit.id == "lasting-burn-if-cooling-fails"]
    assert 1 - lasting.share == pytest.approx(float(np.average(deep, weights=held.weights[1])), rel=1e-9)
    assert 1 - lasting.share < weighted_share(found.uncooled_injury_probability, found.weights[1])[0]  # type: ignore[arg-type]  # cooled


def test_the_dose_goes_up_to_the_goal_or_to_a_limit() -> None:
    for ita_deg in (57.0, 10.0):
        found = trial(ita_deg)
        assert found.keeps_limits
        p, error = weighted_share(found.injury_probability, found.weights[1])
        assert p + 1.645 * error <= 0.1
        above = [dose for dose in DYE.doses(SETTING) if dose > found.dose]
        if above and found.p_effective < effect_target().wanted and not found.capped_by_lighter_skin:
            over = burn_doses(PULSE, _computed(ita_deg)).p(above[0])
            (lasting,) = [v for v in found.verdicts if v.limit.id == "lasting-burn-if-cooling-fails"]
            assert weighted_share(over, found.weights[1])[0] >= 0.05 or lasting.status == "warn"


def _computed(ita_deg: float) -> np.ndarray:
    around = skins(ita_deg).respond(PULSE, COOLING, limiting=True)
    return cell_death_dose(around, basal_layer_response(around)) / J_CM2


def test_the_window_of_a_plan_draws_the_probability_that_the_limit_holds() -> None:
    found = trial(34.0)
    window = compute_window(found, VEINS, skins(34.0), phototype=3)
    drawn = window.p_harm[window.rows.index(SETTING.pulse_ms)]
    assert drawn == pytest.approx([p_burn(34.0, dose) for dose in window.dose], abs=1e-9)


@pytest.mark.parametrize("ita_deg", [57.0, 34.0, 10.0])
def test_the_setting_of_a_plan_is_allowed_in_its_window(ita_deg: float) -> None:
    """A dose that is hatched breaks a limit, and every dose that burns more than one in ten is hatched."""
    found = trial(ita_deg)
    window = compute_window(found, VEINS, skins(ita_deg), phototype=3)
    pulse, dose = window.rows.index(found.setting.pulse_ms), window.dose.index(found.dose)
    assert window.limit_use[pulse][dose] <= 1.0
    assert window.p_effect[pulse][dose] == found.p_effective
    assert window.p_harm[pulse][dose] == found.p_injury
    for spent, harm in zip(window.limit_use, window.p_harm, strict=True):
        assert all(used >= p / 0.1 - 1e-9 for used, p in zip(spent, harm, strict=True))
    assert bool(window.broken_quantities) is any(used > 1.0 for row in window.limit_use for used in row)


def test_practice_stands_beside_the_window_of_a_plan() -> None:
    """A dye laser closes facial veins at 6 to 12 J/cm² with pulses of 6 to 10 ms (relations `dye-veins-fluence`)."""
    window = compute_window(trial(57.0), VEINS, skins(57.0), phototype=2)
    near = [one for one in window.published if 6.0 <= one.row_value <= 10.0]
    assert near
    assert all(one.low <= 9.0 <= one.high for one in near)
    assert list(window.published) == sorted(window.published, key=lambda one: one.row_value)


def test_where_a_burn_is_the_goal_the_same_error_moves_it() -> None:
    """The share that is reached is the mean of what the calibration says of each draw, as far as draws tell."""
    spots = treatment_goal("age-spots", "pigment-long-pulse")
    machine = SearchMachine("alexandrite-755", load_device("alexandrite-755"))
    cooling, setting = built_in_cooling(machine.device)[0], BeamSetting(755.0, 3.0, 12.0)
    held = skins(57.0, spots)
    beam = build_beam(machine, setting, machine.doses(setting)[0])
    treated = held.respond(beam, cooling, limiting=False)
    computed = cell_death_dose(treated, basal_layer_response(treated)) / J_CM2
    wanted = computed * draw_burn_ratios(beam, held.target, "effect")
    middle = float(np.median(wanted))
    expected = float(np.mean(burn_doses(beam, computed).p(middle)))
    # A share of 50 draws near a half has a standard error of 0.07; three of them.
    assert weighted_share(wanted <= middle, held.weights[0])[0] == pytest.approx(expected, abs=0.21)
    found = search_full_field(ResponseTable(machine, spots, replace(held, lighter_skins=())), setting)
    assert found is None or found.p_effective == weighted_share(wanted <= found.dose, held.weights[0])[0]


def test_a_warning_asks_for_test_spots_first() -> None:
    for ita in ("60.0", "20.0", "5.0"):
        text = PERSON.replace("60.0", ita).replace('phototype = "II"\n', "")
        for option in laser_options(document(text + concern("redness") + devices("pulsed-dye-595"))):
            burn = next(limit for limit in option["limits"] if limit["id"] == "epidermal-burn")
            told = [reason for reason in option["reasons"] if reason["rule"] == "burn-near"]
            assert len(told) == (burn["status"] == "warn")
            assert all("test spots first" in reason["text"] for reason in told)
            assert option["p_harm"]["median"] == burn["value"]["median"]


@pytest.mark.parametrize(("phototype", "told"), [("II", False), ("V", True)])
def test_a_probability_of_a_burn_warns_where_its_sources_treated_lighter_skin(phototype: str, told: bool) -> None:
    person = PERSON.replace('"II"', f'"{phototype}"').replace("ita_deg = 60.0\n", "")
    found = laser_options(document(person + concern("facial-telangiectasia") + devices("ndyag-1064")))
    for option in found:
        assert ("burn-dark-skin" in {reason["rule"] for reason in option["reasons"]}) is told
    assert found
