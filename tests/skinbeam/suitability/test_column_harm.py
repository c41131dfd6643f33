"""After harm under columns every device of columns has half of the density."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from earlier_samples import MONTH_H, session, spot

from skinbeam.laser import device as lasers
from skinbeam.model.per_hundred import per_hundred
from skinbeam.model.vocabulary import (
    COLUMN_MODALITIES,
)
from skinbeam.suitability.bounds import RuleBounds
from skinbeam.suitability.judgement import judge_case, judge_suitability

COLUMN_HARMS = ("blister", "burn", "erosion", "dark-mark", "pale-mark", "pigment-change", "burn", "blister")
COLUMN_LASERS = [name for name, device in lasers.devices().items() if device.microbeam]


def column_bounds(text: str, phototype: str = "II") -> dict[str, RuleBounds]:
    person = PERSON.replace('"II"\nita_deg = 60.0', f'"{phototype}"') + concern("wrinkles") + text
    made = loaded(person).case
    return {
        modality: judge_suitability(made, concern=made.concern[0], modality=modality).bounds
        for modality in COLUMN_MODALITIES
    }


@pytest.mark.parametrize("phototype", ["II", "IV"])
@pytest.mark.parametrize(("harm", "device"), list(zip(COLUMN_HARMS, COLUMN_LASERS, strict=True)))
def test_after_harm_under_columns_every_column_device_has_half_of_its_density(
    harm: str, device: str, phototype: str
) -> None:
    """After a burn at 30 mJ the plan was the same as without, 20 mJ x 775; a blister in IV changed nothing either."""
    free = column_bounds("", phototype)
    dose = "energy_mJ = 5.0"
    word = {"dark-mark": "hyperpigmentation", "pale-mark": "hypopigmentation"}.get(harm, harm.replace("-", " "))
    for text in (spot(harm, dose, device=device, hours=MONTH_H), session(word, f'device = "{device}"\n{dose}')):
        for modality, bounds in column_bounds(text, phototype).items():
            usual = bounds.density_per_cm2(800.0)
            assert usual == free[modality].density_per_cm2(800.0)  # a mark is counted once
            assert bounds.density_after_harm_per_cm2(usual) == 0.5 * usual


def test_half_of_the_density_that_hurt_is_a_bound_for_such_columns() -> None:
    hurt = 'device = "fractional-1550"\nenergy_mJ = 20.0\ndensity_per_cm2 = {density}'
    sparse, dense = (column_bounds(session("burn", hurt.format(density=density))) for density in (100.0, 2000.0))
    own, other = COLUMN_MODALITIES
    assert sparse[own].density_after_harm_per_cm2(800.0) == 50.0
    assert sparse[other].density_after_harm_per_cm2(800.0) == 400.0
    assert dense[own].density_after_harm_per_cm2(800.0) == 400.0


@pytest.mark.parametrize(
    "text",
    [
        session("burn", 'device = "pulsed-dye-595"\nfluence_J_cm2 = 9.0'),
        session("redness", 'device = "fractional-1550"\nenergy_mJ = 20.0'),
        spot("dark-mark", "energy_mJ = 20.0", device="fractional-1550", hours=24),
        "",
    ],
)
def test_what_is_no_harm_under_columns_leaves_their_density(text: str) -> None:
    for bounds in column_bounds(text).values():
        assert bounds.density_after_harm_per_cm2(800.0) == 800.0
    made = loaded(PERSON + concern("wrinkles") + text).case
    assert "earlier-columns" not in {reason.rule for reason in judge_case(made).reasons}


def test_a_plan_after_harm_under_columns_tells_both_densities() -> None:
    """The leaflet said that less light was used, of a plan that was the same as without the burn."""
    person = PERSON + concern("acne-scars") + devices("fractional-co2-10600", "fractional-1550")
    hurt = session("burn", 'device = "fractional-co2-10600"\nenergy_mJ = 50.0', "acne-scars")
    free, made = document(person), document(person + hurt)
    offered = laser_options(made)
    assert offered
    assert not [one for one in laser_options(free) if "columns-sparser" in reasons_by_rule(one)]
    for option in offered:
        told = reasons_by_rule(option)["columns-sparser"]["message"]["params"]
        beam = option["settings"]["microbeam"]
        assert told["density"] == beam["density_per_cm2"] <= 0.5 * told["before"]
        assert told["pct"] < told["before_pct"]
    in_leaflet = [one["text"]["params"] for one in made["why"] if one["rule"] == "columns-sparser"]
    assert {one["density"] for one in in_leaflet} == {
        one["settings"]["microbeam"]["density_per_cm2"] for one in offered
    }
    assert not [one for one in free["why"] if one["rule"] == "columns-sparser"]


def reasons_by_rule(option: dict[str, Any]) -> dict[str, Any]:
    return {reason["rule"]: reason for reason in option["reasons"]}


def test_columns_that_reach_the_fat_are_told() -> None:
    """Columns of 50 mJ stood first without a sentence, though they reach the fat in 12 of 100 such skins."""
    plan = document(PERSON + concern("acne-scars") + devices("fractional-co2-10600", "fractional-1550"))
    offered = laser_options(plan)
    deep = [
        (check, option)
        for option in offered
        for check in option["limits"]
        if check["quantity"] == "microlesion_depth_fraction"
    ]
    assert [option for check, option in deep if check["share"] < check["share_required"]]
    for check, option in deep:
        told = reasons_by_rule(option).get("columns-reach-fat")
        assert (told is not None) is (check["share"] < check["share_required"])
        if told is not None:
            assert told["decision"] == "with-caution"
            assert told["message"]["params"]["reached"] == per_hundred(1.0 - check["share"])
            assert told["message"]["params"]["allowed"] == 5
