"""The ladder of test spots: numbers to set, none above the plan, few burns, and what is learned when all are clean."""

import math
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, document, laser_options, loaded
from plan_reading import read_plan

from skinbeam.course.test_spots import _place_message, _promise, distinct_ladders, most_informative_doses
from skinbeam.plan.planner import make_plan
from skinbeam.report.leaflet.leaflet_page import test_spot_sentences as _leaflet_spot_sentences
from skinbeam.report.option_cards import option_card

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
    messages = [warning["message"] for warning in made["warnings"] if warning["code"] == "learned"]
    assert len(messages) == len(ladder["spots"])
    after = float(messages[-1].split(" to ")[1].split(" of 100")[0])
    assert after == pytest.approx(100 * ladder["p_burn_if_clean"]["median"], abs=0.06)  # told to a tenth


def test_a_burn_that_is_rarer_than_one_in_a_hundred_is_told_as_that() -> None:
    """A plan said that a dose burns 0.0045 of 100 people, and 0.0034 once the spots are clean."""
    told = ladder_of(document(PERSON + VEINS + YELLOW))["text"]
    assert "fewer than 1 of 100" in told
    assert re.search(r"0\.\d+ of 100", told) is None


def test_the_same_number_before_and_after_is_told_once() -> None:
    """A plan said that a dose burns 1 of 100 as known now, and 1 of 100 if every spot is clean."""
    assert _promise(1.0, 1.0).text.count("of 100") == 1
    assert _promise(3.0, 1.0).text.count("of 100") == 2


def test_dark_skin_is_read_after_four_weeks_and_light_skin_after_three_days() -> None:
    assert ladder_of(document(DARK + VEINS + YELLOW))["read_after_h"] == 4 * 168
    assert ladder_of(document(PERSON + VEINS + GREEN))["read_after_h"] == 72


@pytest.mark.parametrize(
    ("site", "place"),
    [("cheeks", "hidden"), ("nose", "edge"), ("eyelid", "edge"), ("perioral", "edge"), ("neck", "low")],
)
def test_where_spots_are_made_exists_at_the_site(site: str, place: str) -> None:
    """The nose, the lids and the lips have no hidden part."""
    assert _place_message(site).id.startswith(f"ladder.{place}")


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


def test_a_plan_tells_the_spots_of_the_light_that_comes_first_and_a_card_those_of_its_own() -> None:
    plan = read_plan(document(PERSON + VEINS))
    (part,) = plan.concerns
    lights = [option for option in part.options if option.setup is not None]
    assert len(lights) > 2
    first = {one.setup.device for one in lights if one.rank == lights[0].rank}
    assert {one.device for one in plan.test_spots if not one.when_chosen} == first
    for option in part.options:
        card = option_card(part, option, ladders=plan.test_spots)
        names_spots = any("Before the first session" in line.lead + line.rest for line in card.reasons)
        assert names_spots == (option.setup is not None and option.setup.device not in first)


@pytest.mark.parametrize(
    ("area_cm2", "device", "narrow"),
    [
        (30.0, "pulsed-dye-595", False),
        (300.0, "ipl", False),
        (30.0, "ipl", True),
        (1.0, "ktp-532", True),
    ],
)
def test_spots_are_those_of_the_session_or_promise_nothing(area_cm2: float, device: str, narrow: bool) -> None:
    """A tenth of 30 cm² is no two windows of 15 by 35 mm (10.5 cm²), and a tenth of 1 cm² no two spots of 3 mm."""
    made = document(TANNED + VEINS.replace("10.0", str(area_cm2)) + devices(device))
    (option,), ladder = laser_options(made), ladder_of(made)
    spots, settings = ladder["spots"], option["settings"]
    taken = sum(math.pi / 4 * (spot["spot_mm"] / 10) ** 2 for spot in spots)
    assert len(spots) == 2 or taken <= 0.1 * area_cm2
    assert spots[-1]["fluence_J_cm2"] == settings["fluence_J_cm2"]
    if len(spots) == 2:
        assert spots[0]["fluence_J_cm2"] > 0.55 * settings["fluence_J_cm2"]  # a step of the device from two thirds
    assert any(spot["spot_mm"] < settings["spot_mm"] for spot in spots) is narrow
    assert all("unknown" in p for p in (ladder["p_burn_if_clean"], *(spot["p_burn"] for spot in spots))) is narrow
    assert ("no room for spots of the session" in ladder["text"]) is narrow


def test_a_device_file_of_the_clinic_has_the_narrower_spots_of_its_own(tmp_path: Path) -> None:
    """No list contains it, so what it can be set to is read from the file alone."""
    listed = (resources.files("skinbeam") / "data/lasers/ktp-532.toml").read_text("utf-8")
    (tmp_path / "ours.toml").write_text(listed.replace('title = "', 'title = "Ours, '), "utf-8")
    case = TANNED + VEINS.replace("10.0", "1.0")
    made = make_plan(loaded(case + devices("ours.toml"), tmp_path), draws=PLAN_DRAWS).document
    (option,), ladder = laser_options(made), ladder_of(made)
    assert option["device"] == "ours"
    assert all(spot["spot_mm"] < option["settings"]["spot_mm"] for spot in ladder["spots"])


def test_the_window_of_a_lamps_spots_is_that_of_their_numbers() -> None:
    made = document(TANNED + VEINS.replace("10.0", "30.0") + devices("ipl"))
    ladder = ladder_of(made)
    width, length = map(float, re.findall(r"([\d.]+) by ([\d.]+) mm", ladder["message"]["params"]["same"])[0])
    (disc_mm,) = {spot["spot_mm"] for spot in ladder["spots"]}
    # The disc has the area of the window; a document rounds it to three digits.
    assert math.pi / 4 * disc_mm**2 == pytest.approx(width * length, rel=0.01)


TOGETHER = [
    concern("redness", extra="").replace("10.0", "80.0") + VEINS.replace("10.0", "30.0") + YELLOW,
    concern("surgical-scars", extra="") + concern("pores", extra="") + devices("fractional-1550"),
]


@pytest.mark.parametrize("concerns", TOGETHER)
def test_two_settings_of_one_laser_on_one_skin_have_their_own_spots(concerns: str) -> None:
    """Each concern's first laser, of one device at one site: a spot has its setting, and the leaflet's page says so."""
    made = document(DARK + concerns)
    plan = read_plan(made)
    setups = [part.first_laser[1] for part in plan.concerns if part.first_laser is not None]
    assert len({setup.device for setup in setups}) == 1
    assert setups[0].settings != setups[1].settings
    for part, setup in zip(plan.concerns, setups, strict=True):
        (ladder,) = (one for one in plan.test_spots if one.tries(setup, part.site))
        last, settings = ladder.spots[-1], setup.settings
        beam = settings.columns
        if beam is None:
            assert (last.fluence_J_cm2, last.pulse_ms) == (settings.fluence_J_cm2, settings.pulse_ms)
            assert last.spot_mm == settings.spot_mm
        else:
            assert (last.energy_mJ, last.density_per_cm2) == (beam.energy_mJ, beam.density_per_cm2)
        sentences = list(_leaflet_spot_sentences(part, plan))
        assert sum("small spots first" in sentence for sentence in sentences) == 1
        assert "J/cm²" not in sentences[0]  # nobody takes a dose home: the plan has it


def test_equal_settings_have_one_ladder_that_waits_for_the_later_reading(green: Any) -> None:
    (ladder,) = read_plan(green).test_spots
    later = replace(ladder, read_after_h=672.0)
    other = replace(ladder, settings=replace(ladder.settings, pulse_ms=1.0))
    assert distinct_ladders([ladder, other, later]) == (later, other)
    assert distinct_ladders([ladder, replace(later, when_chosen=True)]) == (later,)


def test_marks_of_light_for_pigment_are_waited_for_from_the_third_phototype_on() -> None:
    """Dark marks show three to six weeks after it."""
    spots = concern("age-spots") + devices("qs-ndyag-532-1064")
    assert ladder_of(document(TANNED + spots))["read_after_h"] >= 6 * 168
    assert ladder_of(document(PERSON + spots))["read_after_h"] == 72


def session_with(option: Any, dose: float, adverse: str = "none", **other: float) -> str:
    numbers = {name: option["settings"][name] for name in ("pulse_ms", "spot_mm")} | {"fluence_J_cm2": dose} | other
    return (
        f'\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "{option["device"]}"\n'
        + "".join(f"{name} = {value}\n" for name, value in numbers.items())
        + f'adverse = ["{adverse}"]\n'
    )


def test_spots_begin_where_earlier_sessions_were_borne(green: Any) -> None:
    (option,), low = laser_options(green), ladder_of(green)["spots"][0]["fluence_J_cm2"]
    middle = ladder_of(green)["spots"][1]["fluence_J_cm2"]
    assert low < middle < option["settings"]["fluence_J_cm2"]
    begun = {
        name: [spot["fluence_J_cm2"] for spot in ladder_of(document(TANNED + VEINS + GREEN + done))["spots"]]
        for name, done in {
            "borne": session_with(option, middle),
            "narrower": session_with(option, middle, spot_mm=2.0),
        }.items()
    }
    assert min(begun["borne"]) == middle
    assert min(begun["narrower"]) < middle


@pytest.mark.parametrize(
    ("adverse", "other", "needed"),
    [
        ("none", {}, False),
        ("bruise for 9 days", {}, False),  # no injury: the field has borne what the plan now does
        ("none", {"pulse_ms": 20.0}, True),  # a longer pulse heats the epidermis less
        ("none", {"spot_mm": 2.0}, True),
    ],
)
def test_a_dose_that_the_field_bore_needs_no_spots(
    green: Any, adverse: str, other: dict[str, float], needed: bool
) -> None:
    (option,) = laser_options(green)
    done = session_with(option, option["settings"]["fluence_J_cm2"], adverse, **other)
    made = document(TANNED + VEINS + GREEN + done)
    (later,) = laser_options(made)
    assert later["settings"]["fluence_J_cm2"] <= option["settings"]["fluence_J_cm2"]
    assert bool(made["test_spots"]) is needed


@pytest.mark.parametrize(("area_cm2", "is_larger"), [(1.0, True), (30.0, False)])
def test_a_window_that_covers_more_than_the_field_is_reported(area_cm2: float, is_larger: bool) -> None:
    made = document(TANNED + VEINS.replace("10.0", str(area_cm2)) + devices("ipl"))
    (option,) = laser_options(made)
    assert ("window-larger-than-field" in {reason["rule"] for reason in option["reasons"]}) is is_larger
    assert bool(made["test_spots"]) is not is_larger


def test_no_spot_is_larger_than_the_field() -> None:
    made = document(TANNED + VEINS.replace("10.0", "0.1") + devices("pulsed-dye-595"))
    assert laser_options(made)
    assert made["test_spots"] == []


def test_a_single_spot_has_none_beside_it(green: Any) -> None:
    texture = '\n[[concern]]\ncondition = "skin-texture"\nsite = "nose"\nseverity = "severe"\narea_cm2 = 14.0\n'
    alone = ladder_of(document(PERSON + texture + devices("ps-array-755")))
    for ladder in (alone, ladder_of(green)):
        is_alone = len(ladder["spots"]) == 1
        assert ladder["message"]["id"] == ("plan.test-spot-alone" if is_alone else "plan.test-spot")
        for word in ("lowest first", "side by side", "each with"):
            assert (word in ladder["text"]) is not is_alone
    assert len(alone["spots"]) == 1
