"""Concerns of one field are treated with one device where a pattern of its columns renews all of them."""

from dataclasses import replace
from typing import Any

from consultations import PERSON, concern, devices, document, loaded
from course_samples import COLUMNS

from skinbeam.plan.field_columns import find_shared_columns, options_to_share

BOTH = devices("fractional-co2-10600", "fractional-1550")
LINES, TEXTURE = concern("wrinkles", "cheeks", ""), concern("skin-texture", "cheeks", "")
CO2, CLOSED = "fractional-co2-10600", "fractional-1550"


def _first_lasers(*concerns: str, extra: str = "") -> list[str]:
    plan = document(PERSON + "".join(concerns) + BOTH + extra)
    return [_first_laser(planned)["device"] for planned in plan["concerns"]]


def _first_laser(planned: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in planned["options"] if one.get("device"))
    return found


def test_texture_beside_lines_is_treated_with_their_columns() -> None:
    """Two courses on one skin were planned: 1550 nm for its texture, and fractional CO2 for its lines."""
    assert _first_lasers(LINES) == [CO2]
    assert _first_lasers(TEXTURE) == [CLOSED]
    assert _first_lasers(LINES, TEXTURE) == [CO2, CO2]
    assert _first_lasers(TEXTURE, LINES) == [CO2, CO2]


def test_the_first_visit_treats_both_and_the_plan_says_why() -> None:
    plan = document(PERSON + TEXTURE + LINES + BOTH)
    assert set(plan["course"][0]["treats"]) == {"skin-texture at cheeks", "wrinkles at cheeks"}
    texture = plan["concerns"][0]
    assert "another concern" in _first_laser(texture)["rank_reason"]["text"]
    ranks = [one["rank"] for one in texture["options"]]
    assert ranks == sorted(ranks)


def test_only_the_pattern_that_is_fired_has_test_spots_before_it() -> None:
    """The cheeks were to have six spots of one laser, three of them of a setting that no visit fires."""
    plan = document(PERSON + TEXTURE + LINES + BOTH)
    patterns = [_first_laser(planned)["settings"]["microbeam"] for planned in plan["concerns"]]
    depths = [(pattern["energy_mJ"], pattern["density_per_cm2"]) for pattern in patterns]
    assert len(set(depths)) == 2
    last = [ladder["spots"][-1] for ladder in plan["test_spots"] if not ladder.get("when_chosen")]
    assert [(spot["energy_mJ"], spot["density_per_cm2"]) for spot in last] == [max(depths)]


def test_other_skin_keeps_its_own_device() -> None:
    assert _first_lasers(LINES, concern("skin-texture", "neck", ""))[1] == CLOSED


def test_a_part_of_a_field_follows_the_field_and_not_the_other_way_round() -> None:
    face_lines, face_texture = LINES.replace("cheeks", "full-face"), TEXTURE.replace("cheeks", "full-face")
    assert _first_lasers(face_lines, TEXTURE) == [CO2, CO2]
    assert _first_lasers(LINES, face_texture) == [CO2, CLOSED]


def test_a_course_of_closed_columns_that_has_begun_goes_on() -> None:
    session = '\n[[session]]\ntreats = "skin-texture"\nsite = "cheeks"\nweek = 0.0\ndevice = "{device}"\n'
    assert _first_lasers(LINES, TEXTURE, extra=session.format(device=CLOSED)) == [CO2, CLOSED]
    assert _first_lasers(LINES, TEXTURE, extra=session.format(device=CO2)) == [CO2, CO2]


def test_a_finished_concern_shares_nothing() -> None:
    lines = replace(COLUMNS["fractional-ablative"]["acne-scars"], condition="wrinkles")
    texture = replace(COLUMNS["non-ablative-fractional"]["pores"], condition="skin-texture")
    variant = replace(COLUMNS["fractional-ablative"]["pores"], condition="skin-texture")
    variants = [[], [variant]]
    assert find_shared_columns([lines, texture], variants) == [None, 0]
    assert find_shared_columns([replace(lines, is_done=True), texture], variants) == [None, None]
    assert find_shared_columns([lines, replace(texture, is_done=True)], variants) == [None, None]
    assert find_shared_columns([replace(lines, site="neck"), texture], variants) == [None, None]


def test_a_concern_with_other_treatments_before_its_laser_does_not_open_skin_for_another_one() -> None:
    """Focused ultrasound comes first for a loose neck, so CO2 for it is no reason to open skin for lines."""
    person = PERSON.replace('"II"', '"III"').replace("60.0", "35.0")
    plan = document(person + concern("wrinkles", "neck", "") + concern("laxity", "neck", "") + BOTH)
    lines, loose = (_first_laser(planned) for planned in plan["concerns"])
    assert (lines["device"], loose["device"]) == (CLOSED, CO2)
    assert loose["rank"] > lines["rank"]


def test_columns_that_only_another_concern_names_are_planned_for_a_clinic_that_listed_no_devices() -> None:
    alone = document(PERSON + TEXTURE)["concerns"][0]["options"]
    assert CO2 not in {one.get("device") for one in alone}
    plan = document(PERSON + TEXTURE + LINES)
    assert {_first_laser(planned)["device"] for planned in plan["concerns"]} == {CO2}


def test_nothing_is_shared_without_a_laser() -> None:
    case = loaded(PERSON + LINES + TEXTURE + BOTH).case
    assert options_to_share(case, case.concern[0], []) == []
