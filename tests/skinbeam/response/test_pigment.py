"""Short pulses leave the pigment of the skin around as whole as low published fluences do, in dark skin as in light."""

from functools import cache

import pytest
from consultations import NAMED, loaded

from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.case import Case
from skinbeam.published_doses.rows import practice_rows
from skinbeam.response.candidate import CandidateSetting, p_disruption
from skinbeam.response.full_field import search_full_field
from skinbeam.response.goals import treatment_goal
from skinbeam.response.limits import LimitVerdict, SettingLimit, find_limits, judge_limit
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import SearchMachine, build_beam, built_in_cooling
from skinbeam.response.skin_bank import SkinBank
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.suitability.table import decision_severity

FIELDS = ("melasma", "post-inflammatory-hyperpigmentation", "uneven-pigmentation")
SHORT = "pigment-short-pulse"
QS = "qs-ndyag-532-1064"


def case_of(condition: str, phototype: str) -> Case:
    concern = f'[[concern]]\ncondition = "{condition}"\nsite = "cheeks"\n{NAMED}'
    return loaded(f'[patient]\nage_years = 45\nphototype = "{phototype}"\n{concern}').case


@cache
def bank(condition: str, phototype: str) -> SkinBank:
    case = case_of(condition, phototype)
    return SkinBank(case, assess_colour(case, None), 50, 0)


def pigment_limit(condition: str) -> SettingLimit:
    (limit,) = [one for one in find_limits(SHORT, "cheeks", condition) if one.quantity == "p_disruption"]
    return limit


def verdict(condition: str, phototype: str, device: str, setting: BeamSetting, dose: float) -> LimitVerdict:
    skins = bank(condition, phototype).skins("cheeks", treatment_goal(condition, SHORT))
    machine = SearchMachine(device, devices()[device])
    beam = build_beam(machine, setting, machine.doses(setting)[0])
    around = skins.respond(beam, built_in_cooling(machine.device)[0], limiting=True, near_surface=True)
    return judge_limit(pigment_limit(condition), p_disruption(around)(dose), skins.weights[1], (), strict=False)


def trial_of(condition: str, phototype: str, setting: BeamSetting) -> CandidateSetting:
    goal = treatment_goal(condition, SHORT)
    skins = bank(condition, phototype).skins("cheeks", goal)
    machine = SearchMachine(QS, devices()[QS])
    found = search_full_field(ResponseTable(machine, goal, skins), setting)
    assert found is not None
    return found


@pytest.mark.parametrize("phototype", ["II", "V"])
def test_fluences_that_cleared_melasma_keep_the_limit_of_a_field(phototype: str) -> None:
    (row,) = [row for row in practice_rows() if row.source == "kauvar2012" and row.fluence_J_cm2 is not None]
    assert row.fluence_J_cm2 is not None
    dose = row.fluence_J_cm2[1]
    assert dose is not None
    found = verdict("melasma", phototype, QS, BeamSetting(1064.0, 5e-6, 6.0), dose)
    assert found.status in ("met", "warn")


def test_fluences_that_bleached_dark_skin_break_the_limit_beside_a_spot() -> None:
    row = next(row for row in practice_rows() if row.source == "kuwait2012")
    assert row.role == "calibration"
    assert row.fluence_J_cm2 is not None
    least = row.fluence_J_cm2[0]
    assert least is not None
    name = "qs-alexandrite-755"
    setting = next(o for o in iterate_settings(devices()[name]) if o.pulse_ms == 5e-5 and o.spot_mm == 3.0)
    assert verdict("age-spots", "V", name, setting, least).status == "not_met"


@pytest.mark.parametrize("condition", ["melasma", "age-spots"])
def test_no_fluence_of_a_short_pulse_rises_with_darkness_whatever_the_pulse(condition: str) -> None:
    settings = [BeamSetting(1064.0, pulse_ms, 6.0) for pulse_ms in (5e-6, 2e-5)]
    doses = [
        trial_of(condition, phototype, setting).dose for phototype, setting in zip(("I", "V"), settings, strict=True)
    ]
    assert doses[1] <= doses[0]


def test_a_field_gets_less_than_a_spot_in_it_and_its_limit_is_told() -> None:
    setting = BeamSetting(1064.0, 5e-6, 6.0)
    field, spot = trial_of("melasma", "II", setting), trial_of("age-spots", "II", setting)
    assert field.dose < spot.dose
    assert {v.limit.id for v in field.verdicts} >= {"pigment-of-the-field", "epidermal-burn"}
    assert {v.limit.id for v in spot.verdicts} >= {"pigment-around-spots", "epidermal-burn"}


@pytest.mark.parametrize("phototype", ["I", "III", "V"])
@pytest.mark.parametrize("condition", FIELDS[:2])
def test_no_short_green_pulse_of_any_device_is_open_to_melasma_and_dark_marks(condition: str, phototype: str) -> None:
    case = case_of(condition, phototype)
    tried = 0
    for device in devices().values():
        for setting in iterate_settings(device):
            if SHORT in device.modalities and setting.wavelength_nm < 600.0:
                tried += 1
                choice = {"device_wavelength_nm": setting.wavelength_nm, "pulse_ms": setting.pulse_ms}
                found = judge_suitability(case, concern=case.concern[0], modality=SHORT, **choice)
                assert decision_severity(found.decision) == decision_severity("not-suitable")
    assert tried
