"""Scars, spots and vessels of the back, the shoulders and the abdomen, where keloids and cuts are most frequent."""

from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options

from skinbeam.model.conditions import known_sites
from skinbeam.model.vocabulary import resolve_name

TRUNK = ("back", "abdomen")
OWNED = ("ipl", "pulsed-dye-595", "fractional-1550", "fractional-co2-10600", "er-yag-2940", "qs-ndyag-532-1064")


def plan(condition: str, site: str, kind: str = "") -> dict[str, Any]:
    kinds = f'subtypes = ["{kind}"]\n' if kind else ""
    (part,) = document(PERSON + concern(condition, site, NAMED + kinds) + devices(*OWNED))["concerns"]
    return part


def lasers(condition: str, site: str, kind: str = "") -> dict[str, dict[str, Any]]:
    return {one["device"]: one for one in plan(condition, site, kind)["options"] if one.get("device")}


def test_the_shoulders_are_planned_for_with_the_back() -> None:
    """Keloids are most frequent there, and "shoulders" was no site at all."""
    assert resolve_name("site", "Shoulders", field="site") == "back"
    assert all(known_sites()[site].use == "treatment" and known_sites()[site].off_face for site in TRUNK)


@pytest.mark.parametrize("site", TRUNK)
@pytest.mark.parametrize(("condition", "kind"), [("keloid", ""), ("hypertrophic-scars", "red")])
def test_raised_scars_of_the_trunk_begin_with_the_steroid_and_have_the_dye_laser(
    condition: str, kind: str, site: str
) -> None:
    made = plan(condition, site, kind)
    assert made["options"][0]["modality"] == "intralesional-steroid"
    dye = next(one for one in made["options"] if one.get("device") == "pulsed-dye-595")
    assert dye["settings"]["fluence_J_cm2"] == 7.0
    assert dye["settings"]["pulse_ms"] == 0.45


@pytest.mark.parametrize("site", TRUNK)
def test_nothing_removes_the_whole_surface_of_the_trunk(site: str) -> None:
    for condition in ("acne-scars", "skin-texture", "wrinkles"):
        assert "er-yag-2940" not in lasers(condition, site)


@pytest.mark.parametrize("site", TRUNK)
def test_flat_skin_of_the_trunk_gets_no_more_columns_and_no_stronger_lamp_than_the_face(site: str) -> None:
    face, trunk = lasers("acne-scars", "cheeks"), lasers("acne-scars", site)
    for key in ("energy_mJ", "density_per_cm2"):
        here, there = (made["fractional-co2-10600"]["settings"]["microbeam"][key] for made in (trunk, face))
        assert here < there, key
    for condition in ("age-spots", "uneven-pigmentation"):
        here, there = (lasers(condition, place)["ipl"]["settings"]["fluence_J_cm2"] for place in (site, "cheeks"))
        assert here < there, condition


def test_a_scar_of_an_operation_on_the_abdomen_has_light_by_its_colour() -> None:
    """A red one the dye laser, a white one columns, as anywhere else; the abdomen was a place of test skin alone."""
    red, white = plan("surgical-scars", "abdomen", "red"), plan("surgical-scars", "abdomen", "white")
    assert red["options"][0]["device"] == "pulsed-dye-595"
    assert white["options"][0]["device"] == "fractional-co2-10600"
    assert laser_options({"concerns": [white]})
