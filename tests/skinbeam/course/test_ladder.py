"""The ladder of test spots: numbers to set, none above the plan, few burns, and what is learned when all are clean."""

import math
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options

from skinbeam.course.test_spots import most_informative_doses

TANNED = PERSON.replace('"II"', '"III"').replace("ita_deg = 60.0", "ita_deg = 40.0")
DARK = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "ita_deg = 40.0")
VEINS = concern("facial-telangiectasia", extra="")
GREEN = devices("ktp-532")  # advised against on vessels of phototype IV
YELLOW = devices("pulsed-dye-595")


@pytest.fixture(scope="module")
def green() -> Any:
    return document(TANNED + VEINS + GREEN)


def ladder_of(made: Any) -> Any:
    (ladder,) = made["test_spots"]
    return ladder


def test_a_ladder_has_three_to_five_spots_and_none_above_the_planned_dose(green: Any) -> None:
    (option,), ladder = laser_options(green), ladder_of(green)
    doses = [spot["fluence_J_cm2"] for spot in ladder["spots"]]
    assert 3 <= len(doses) <= 5
    assert doses == sorted(set(doses))
    assert doses[-1] == option["settings"]["fluence_J_cm2"]
    for spot in ladder["spots"]:
        assert spot["pulse_ms"] == option["settings"]["pulse_ms"]
        assert spot["spot_mm"] == option["settings"]["spot_mm"]
    assert (ladder["device"], ladder["wavelength_nm"]) == (option["device"], option["wavelength_nm"])


def test_the_lowest_spot_burns_hardly_anybody_and_risk_grows_up_to_that_of_the_plan(green: Any) -> None:
    (option,), ladder = laser_options(green), ladder_of(green)
    harms = [spot["p_burn"]["median"] for spot in ladder["spots"]]
    assert harms == sorted(harms)
    assert harms[0] <= 0.01
    assert harms[-1] == pytest.approx(option["p_harm"]["median"])


def test_clean_spots_promise_less_risk_and_never_none(green: Any) -> None:
    (option,), ladder = laser_options(green), ladder_of(green)
    before, after = option["p_harm"]["median"], ladder["p_burn_if_clean"]["median"]
    assert 0.25 * before <= after < 0.75 * before


def test_what_the_ladder_promises_is_what_its_spots_then_tell(green: Any) -> None:
    """The notice after clean spots at the ladder's doses gives the planned dose the risk that was promised."""
    ladder = ladder_of(green)
    spots = "".join(
        f'\n[[test_spot]]\ndevice = "ktp-532"\nsite = "cheeks"\nread_after_h = 72.0\nreaction = "none"\n'
        f"fluence_J_cm2 = {spot['fluence_J_cm2']}\npulse_ms = {spot['pulse_ms']}\nspot_mm = {spot['spot_mm']}\n"
        for spot in ladder["spots"]
    )
    made = document(TANNED + VEINS + GREEN + spots)
    told = [warning["message"] for warning in made["warnings"] if warning["code"] == "learned"]
    assert len(told) == len(ladder["spots"])
    after = float(told[-1].split(" to ")[1].split(" of 100")[0])
    assert after == pytest.approx(100 * ladder["p_burn_if_clean"]["median"], abs=0.06)  # told to a tenth


def test_dark_skin_is_read_after_four_weeks_and_light_skin_after_three_days() -> None:
    assert ladder_of(document(DARK + VEINS + YELLOW))["read_after_h"] == 4 * 168
    assert ladder_of(document(PERSON + VEINS + GREEN))["read_after_h"] == 72


def test_every_number_of_the_ladder_is_in_its_sentence(green: Any) -> None:
    ladder = ladder_of(green)
    for spot in ladder["spots"]:
        assert f"{spot['fluence_J_cm2']:g}" in ladder["text"]


def test_microbeams_have_a_ladder_of_energies_without_a_promise() -> None:
    made = document(DARK + concern("acne-scars", extra="") + devices("fractional-1550"))
    (option,), ladder = laser_options(made), ladder_of(made)
    beam = option["settings"]["microbeam"]
    assert len(ladder["spots"]) == 3
    assert ladder["spots"][-1]["energy_mJ"] == beam["energy_mJ"]
    assert all(spot["density_per_cm2"] == beam["density_per_cm2"] for spot in ladder["spots"])
    assert "unknown" in ladder["p_burn_if_clean"]


def test_microbeams_of_the_least_energy_have_a_ladder_of_patterns() -> None:
    """Melasma gets little energy of a 1550 nm laser: one spot would teach nothing, sparser ones injure less."""
    made = document(DARK + concern("melasma") + devices("fractional-1550"))
    (option,), ladder = laser_options(made), ladder_of(made)
    beam = option["settings"]["microbeam"]
    densities = [spot["density_per_cm2"] for spot in ladder["spots"]]
    assert len(densities) >= 2
    assert densities == sorted(set(densities))
    assert densities[-1] == beam["density_per_cm2"]
    assert {spot["energy_mJ"] for spot in ladder["spots"]} == {beam["energy_mJ"]}
    assert all(f"{density:g}" in ladder["text"] for density in densities)


def test_spots_are_laid_where_the_dose_that_burns_may_lie() -> None:
    """Of ten doses the ones are taken that halve what is in doubt, not those of which the answer is known."""
    p = {1.0: 0.0, 2.0: 0.0, 3.0: 0.0, 4.0: 0.0, 5.0: 0.02, 6.0: 0.05, 7.0: 0.1}
    assert most_informative_doses(p, 3) == [1.0, 6.0, 7.0]
    assert most_informative_doses(p, 4) == [1.0, 5.0, 6.0, 7.0]
    assert most_informative_doses({1.0: 0.0, 2.0: 0.1}, 5) == [1.0, 2.0]


def test_every_light_that_can_be_chosen_has_its_ladder() -> None:
    made = document(TANNED + VEINS + devices("pulsed-dye-595", "ndyag-1064", "ipl"))
    lights = {(option["device"], option["wavelength_nm"]) for option in laser_options(made)}
    assert len(lights) >= 2
    assert {(ladder["device"], ladder["wavelength_nm"]) for ladder in made["test_spots"]} == lights


@pytest.mark.parametrize(("area_cm2", "device"), [(30.0, "pulsed-dye-595"), (30.0, "ipl"), (4.0, "pulsed-dye-595")])
def test_spots_take_a_tenth_of_the_field_or_are_two_of_the_narrowest(area_cm2: float, device: str) -> None:
    made = document(TANNED + VEINS.replace("10.0", str(area_cm2)) + devices(device))
    spots = ladder_of(made)["spots"]
    taken = sum(math.pi / 4 * (spot["spot_mm"] / 10) ** 2 for spot in spots)
    assert len(spots) == 2 or taken <= 0.1 * area_cm2
    (option,) = laser_options(made)
    assert max(spot["spot_mm"] for spot in spots) <= option["settings"]["spot_mm"]
    assert spots[-1]["fluence_J_cm2"] == option["settings"]["fluence_J_cm2"]


def test_no_spot_is_larger_than_the_field() -> None:
    made = document(TANNED + VEINS.replace("10.0", "0.1") + devices("pulsed-dye-595"))
    assert laser_options(made)
    assert made["test_spots"] == []
