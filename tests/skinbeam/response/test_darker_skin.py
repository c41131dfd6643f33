"""A darker skin is never offered a greater dose: at one setting of a device, for the same contrast of the target."""

from dataclasses import replace
from functools import cache

import pytest

from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import BeamSetting, dose_steps, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.input_files import parse_record
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.fractional import search_microbeams
from skinbeam.response.full_field import search_full_field
from skinbeam.response.goals import laser_choices, treatment_goal
from skinbeam.response.response_table import ResponseTable
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import SkinBank

COLOURS_DEG = (57.0, 48.0, 34.0, 19.0, -10.0, -40.0)  # one in the middle of each class, the lightest first
DRAWS = 50
ENERGIES = 6  # of a microbeam, which stands for all that lie between


@cache
def bank(ita_deg: float) -> SkinBank:
    patient = {"age_years": 40.0, "ita_deg": ita_deg}
    case = parse_record(
        Case, {"patient": patient, "concern": [{"condition": "redness", "site": "cheeks"}]}, file="case"
    )
    return SkinBank(case, assess_colour(case, None), DRAWS, 0)


CONDITIONS = ("age-spots", "melasma", "redness", "facial-telangiectasia", "acne-scars", "wrinkles")
CASES = [
    (condition, modality, name)
    for condition in CONDITIONS
    for modality in laser_choices(condition, "cheeks")[0]
    for name, device in devices().items()
    if modality in device.modalities and not device.lens_array
]
# Each device as each kind of laser, once: with which condition changes from device to device.
ONCE = [
    [case for case in CASES if case[1:] == pair][number % sum(case[1:] == pair for case in CASES)]
    for number, pair in enumerate(dict.fromkeys((modality, name) for _, modality, name in CASES))
]


def search(condition: str, modality: str, name: str, setting: BeamSetting, ita_deg: float) -> CandidateSetting | None:
    goal, device = treatment_goal(condition, modality), devices()[name]
    machine, skins = SearchMachine(name, device), bank(ita_deg).skins("cheeks", goal)
    if not device.microbeam:
        return search_full_field(ResponseTable(machine, goal, skins), setting)
    steps = dose_steps(device, setting)
    energies = steps[:: max(1, len(steps) // ENERGIES)]
    return search_microbeams(machine, setting, goal, skins, energies=energies)


def doses_of(condition: str, modality: str, name: str, setting: BeamSetting) -> list[float]:
    """The doses offered from the lightest to the darkest skin, without those to whom none is."""
    doses = []
    for ita_deg in COLOURS_DEG:
        try:
            found = search(condition, modality, name, setting, ita_deg)
        except NotAvailable:
            continue
        if found is not None:
            doses.append(found.dose * found.passes)
    return doses


def settings_of(name: str) -> list[BeamSetting]:
    """Two pulses of each wavelength between the shortest and the longest, each with its widest spot, the last."""
    widest = {(one.wavelength_nm, one.pulse_ms): one for one in sorted(iterate_settings(devices()[name]), key=by_spot)}
    found = []
    for wavelength_nm in sorted({nm for nm, _ in widest}):
        here = sorted((one for (nm, _), one in widest.items() if nm == wavelength_nm), key=lambda one: one.pulse_ms)
        last = len(here) - 1
        found += [here[place] for place in sorted({round(last / 3), round(2 * last / 3)})]
    return found


def by_spot(setting: BeamSetting) -> float:
    return setting.spot_mm


FIRST = [next(case for case in ONCE if case[1] == modality) for modality in dict.fromkeys(case[1] for case in ONCE)]


@pytest.mark.parametrize(
    ("condition", "modality", "name"),
    [case if case in FIRST else pytest.param(*case, marks=pytest.mark.check) for case in ONCE],
)
def test_no_dose_rises_with_darkness(condition: str, modality: str, name: str) -> None:
    setting = settings_of(name)[0]
    doses = doses_of(condition, modality, name, setting)
    assert doses == sorted(doses, reverse=True), setting


@pytest.mark.long
@pytest.mark.parametrize(("condition", "modality", "name"), CASES)
def test_no_dose_rises_with_darkness_at_any_setting(condition: str, modality: str, name: str) -> None:
    for setting in settings_of(name):
        doses = doses_of(condition, modality, name, setting)
        assert doses == sorted(doses, reverse=True), setting


def test_a_short_pulse_would_rise_with_darkness_if_nothing_held_it() -> None:
    """The property above is not empty: without lighter skins to hold it, a darker one is given more."""
    goal = treatment_goal("age-spots", "pigment-short-pulse")
    device = devices()["qs-ndyag-532-1064"]
    machine = SearchMachine(device.name, device)
    setting = settings_of(device.name)[0]
    doses = {}
    for ita_deg in (57.0, 19.0):
        skins = bank(ita_deg).skins("cheeks", goal)
        held = search_full_field(ResponseTable(machine, goal, skins), setting)
        free = search_full_field(ResponseTable(machine, goal, replace(skins, lighter_skins=())), setting)
        assert held is not None
        assert free is not None
        assert held.capped_by_lighter_skin == (held.dose < free.dose)
        doses[ita_deg] = held.dose, free.dose
    assert doses[19.0][1] > doses[57.0][1]
    assert doses[19.0][0] <= doses[57.0][0]


def test_a_phototype_gets_no_more_than_the_lightest_measured_colour() -> None:
    """Or leaving the measurement out would be rewarded."""
    goal = treatment_goal("age-spots", "pigment-short-pulse")
    device = devices()["qs-ndyag-532-1064"]
    machine, setting = SearchMachine(device.name, device), settings_of("qs-ndyag-532-1064")[0]
    lightest = search("age-spots", "pigment-short-pulse", device.name, setting, COLOURS_DEG[0])
    assert lightest is not None
    for phototype in ("II", "IV"):
        patient = {"age_years": 40.0, "phototype": phototype}
        asked = [{"condition": "redness", "site": "cheeks"}]
        case = parse_record(Case, {"patient": patient, "concern": asked}, file="case")
        skins = SkinBank(case, assess_colour(case, None), DRAWS, 0).skins("cheeks", goal)
        found = search_full_field(ResponseTable(machine, goal, skins), setting)
        assert found is None or found.dose <= lightest.dose
