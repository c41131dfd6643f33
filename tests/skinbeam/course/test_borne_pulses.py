"""In the middle of a course a clinic makes no new test spots of what this skin has borne."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options

from skinbeam.course.test_spots import NO_TEST_SPOTS
from skinbeam.suitability.course_rules import course_rules

DARK = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "ita_deg = 25.0")
SCARS = concern("acne-scars") + devices("fractional-1550")
VEINS = concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")
ISOTRETINOIN = 'medications = [{name = "isotretinoin", last_dose_months = 0}]\n'


def session(treats: str, device: str, pulse: str, better: float, noted: str = '"none"', ago: str = "") -> str:
    return (
        f'\n[[session]]\nweek = 0\ntreats = "{treats}"\nsite = "cheeks"\ndevice = "{device}"\n{pulse}\n'
        f"response_pct = {better}\nadverse = [{noted}]\n{ago}"
    )


def columns(energy: float, density: str = "density_per_cm2 = 250", noted: str = '"none"', ago: str = "") -> str:
    return session("acne-scars", "fractional-1550", f"energy_mJ = {energy}\n{density}", 30.0, noted, ago)


def dye(dose: float, better: float = 40.0, ago: str = "") -> str:
    return session(
        "facial-telangiectasia",
        "pulsed-dye-595",
        f"fluence_J_cm2 = {dose}\npulse_ms = 10\nspot_mm = 7",
        better,
        ago=ago,
    )


def why_no_spots(made: Any) -> list[str]:
    (option,) = laser_options(made)
    return [reason["message"]["id"] for reason in option["reasons"] if reason["rule"] == NO_TEST_SPOTS]


@pytest.mark.parametrize(
    ("text", "has_spots"),
    [
        (columns(40.0), False),  # the plan gives these again
        (columns(40.0, noted='"none", "herpes on day 3"'), False),
        (columns(40.0, ""), True),  # of how many columns nobody knows
        (columns(40.0, noted='"herpes on day 3"'), False),  # somebody judged the skin, and saw nothing else
        (columns(40.0, noted='"herpes on day 3"').replace("response_pct = 30.0", ""), True),
        (columns(40.0, noted=""), False),  # somebody judged the skin, and noted nothing
        (columns(40.0, noted="").replace("response_pct = 30.0", ""), True),
        (columns(40.0, noted='"dark marks for 8 weeks"'), True),
        (columns(20.0, "density_per_cm2 = 100"), False),  # it helped, so no more is planned
    ],
)
def test_columns_that_this_skin_bore_need_no_new_spots(text: str, has_spots: bool) -> None:
    """Each further session of a fractional course waited four weeks for spots of the setting of the last."""
    made = document(DARK + SCARS + text)
    assert bool(made["test_spots"]) is has_spots
    assert why_no_spots(made) == ([] if has_spots else ["ladder.stands-columns"])


@pytest.mark.parametrize(("burnt_week", "has_spots"), [(6, True), (0, False)])
def test_skin_that_a_later_session_burnt_has_spots_again(burnt_week: int, has_spots: bool) -> None:
    """After 6 J/cm² that was borne and 7 that burnt, 4.5 was planned without spots."""
    other = 6 - burnt_week
    burnt = dye(7.0).replace("week = 0", f"week = {burnt_week}").replace('"none"', '"burn"')
    sessions = sorted([dye(6.0).replace("week = 0", f"week = {other}"), burnt])
    assert bool(document(PERSON + VEINS + "".join(sessions))["test_spots"]) is has_spots


@pytest.mark.parametrize(
    ("other", "has_spots"),
    [
        ('site = "cheeks"\nweeks_ago = 6\nadverse = ["burn"]', True),
        ('site = "cheeks"\nweeks_ago = 20\nadverse = ["burn"]', False),  # before the session that was borne
        ('site = "forehead"\nweeks_ago = 6\nadverse = ["burn"]', False),
    ],
)
def test_a_burn_while_something_else_was_treated_brings_spots_back(other: str, has_spots: bool) -> None:
    """Skin that a laser for acne scars had burnt since was planned at 12 J/cm² for its veins without a spot."""
    burnt = f'\n[[session]]\nweek = 0\ntreats = "acne-scars"\ndevice = "fractional-1550"\n{other}\n'
    made = document(PERSON + VEINS + dye(9.0, ago="weeks_ago = 12\n") + burnt)
    assert bool(made["test_spots"]) is has_spots


@pytest.mark.parametrize(("hours", "is_clean"), [(1008, True), (72, False)])
def test_denser_columns_are_tried_on_where_fewer_were_borne(hours: int, is_clean: bool) -> None:
    """After a clean spot of the planned energy and half the columns all energies were asked for again."""
    spot = (
        f'\n[[test_spot]]\ndevice = "fractional-1550"\nsite = "cheeks"\nenergy_mJ = 40\ndensity_per_cm2 = 200\n'
        f'read_after_h = {hours}\nreaction = "none"\n'
    )
    made = document(DARK + SCARS + spot)
    (option,), (ladder,) = laser_options(made), made["test_spots"]
    columns = option["settings"]["microbeam"]
    assert columns["density_per_cm2"] > 200.0
    tried = {(one["energy_mJ"], one["density_per_cm2"]) for one in ladder["spots"]}
    assert max(tried) == (columns["energy_mJ"], columns["density_per_cm2"])
    assert (min(tried) >= (columns["energy_mJ"], 200.0)) is is_clean  # else the spot shows no dark mark yet


def test_columns_under_a_medicine_that_may_be_new_have_spots_again() -> None:
    assert document(PERSON + ISOTRETINOIN + SCARS + columns(40.0))["test_spots"]
    assert not document(PERSON + SCARS + columns(40.0))["test_spots"]


def test_columns_that_helped_lighter_skin_are_no_denser_the_next_time() -> None:
    """40 mJ, which sources print for type IV alone, were given to type II with nearly twice the columns that helped."""
    (option,) = laser_options(document(PERSON + SCARS + columns(40.0)))
    assert option["settings"]["microbeam"]["energy_mJ"] == 40.0
    assert option["settings"]["microbeam"]["density_per_cm2"] == 250.0


@pytest.mark.parametrize("noted_ms", [6e-6, 9e-6, 2e-5])
def test_pulses_of_nanoseconds_are_one_setting_whatever_their_length(noted_ms: float) -> None:
    """Spots of 6 ns, read after six weeks, were asked for again with 5 ns."""
    spot = (
        '\n[[test_spot]]\ndevice = "qs-ndyag-532-1064"\nsite = "cheeks"\nwavelength_nm = 1064\nfluence_J_cm2 = 2.0\n'
        f'pulse_ms = {noted_ms}\nspot_mm = 6\nread_after_h = 1008\nreaction = "none"\n'
    )
    person = PERSON.replace('"II"', '"III"').replace("ita_deg = 60.0", "ita_deg = 35.0")
    melasma = person + concern("melasma") + devices("qs-ndyag-532-1064")
    assert not document(melasma + spot)["test_spots"]
    assert document(melasma + spot.replace("1008", "168"))["test_spots"]  # too early to show a dark mark


@pytest.mark.parametrize(("person", "given", "has_spots"), [(PERSON, 8.0, False), (DARK, 7.0, True)])
def test_a_usual_step_up_needs_spots_only_where_dark_marks_are_read(person: str, given: float, has_spots: bool) -> None:
    """A clinic goes up by a step between two sessions; it waited three days for spots between 8 and 9 J/cm²."""
    made = document(person + VEINS + dye(given, 10.0))
    (option,) = laser_options(made)
    planned = option["settings"]["fluence_J_cm2"]
    assert given < planned <= 1.001 * course_rules().dose_step * given, "the plan goes up by a step"
    assert bool(made["test_spots"]) is has_spots
    assert why_no_spots(made) == ([] if has_spots else ["ladder.stands-step"])


def test_more_than_a_step_up_has_spots() -> None:
    made = document(PERSON + VEINS + dye(6.5, 10.0))
    (option,) = laser_options(made)
    assert option["settings"]["fluence_J_cm2"] > course_rules().dose_step * 6.5
    assert made["test_spots"]


@pytest.mark.parametrize(("weeks", "has_spots"), [(6, False), (51, False), (104, True)])
def test_skin_is_tried_again_when_the_last_session_was_more_than_a_year_ago(weeks: int, has_spots: bool) -> None:
    assert bool(document(PERSON + VEINS + dye(9.0, ago=f"weeks_ago = {weeks}\n"))["test_spots"]) is has_spots


@pytest.mark.parametrize(("hours", "told"), [(48.0, True), (72.0, None), (2.0, True)])
def test_a_young_spot_is_read_again_before_new_ones_are_made(hours: float, told: bool | None) -> None:
    """New spots were ordered beside one of two days ago that had the planned dose."""
    spot = (
        '\n[[test_spot]]\ndevice = "pulsed-dye-595"\nsite = "cheeks"\nfluence_J_cm2 = 12\npulse_ms = 10\nspot_mm = 7\n'
        f'read_after_h = {hours}\nreaction = "redness"\n'
    )
    ladders = document(PERSON + VEINS + spot)["test_spots"]
    assert bool(ladders) is (told is not None)
    assert all(ladder["message"]["id"] == "ladder.read-again" for ladder in ladders)


def test_a_young_spot_below_the_planned_dose_is_not_read_in_place_of_new_ones() -> None:
    spot = (
        '\n[[test_spot]]\ndevice = "pulsed-dye-595"\nsite = "cheeks"\nfluence_J_cm2 = 4\npulse_ms = 10\nspot_mm = 7\n'
        'read_after_h = 48\nreaction = "redness"\n'
    )
    (ladder,) = document(PERSON + VEINS + spot)["test_spots"]
    assert ladder["message"]["id"] == "plan.test-spot"
