"""Where no laser is offered, the setting that came nearest: within the limits, too weak, and with what bars more."""

from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document
from plan_reading import read_plan

from skinbeam.response.limits import effect_target

DARK = PERSON.replace('"II"', '"V"').replace("ita_deg = 60.0\n", "")
SPIDER = DARK + concern("spider-angioma", "cheeks") + devices("pulsed-dye-595")


def part_of(text: str) -> Any:
    (part,) = document(text)["concerns"]
    return part


@pytest.mark.check
def test_the_nearest_setting_is_weak_and_what_would_be_enough_breaks_a_limit() -> None:
    near = part_of(SPIDER)["nearest"]
    assert near["device"] == "pulsed-dye-595"
    assert near["p_effective"]["median"] < near["p_effective_required"] == effect_target().least
    assert near["reaching_J_cm2"] > near["settings"]["fluence_J_cm2"]
    limit = near["limit"]
    assert limit["status"] == "not_met"
    assert limit["share"] < limit["share_required"]
    assert near["why"]["params"]["what"]["id"] == f"limit-in-short.{limit['id']}"
    assert 0.3 < near["expected"]["p_at_least"]["50"]["median"] < 1.0  # trials of dye laser for spiders: most cleared


@pytest.mark.check
def test_a_plan_that_offers_a_laser_tells_of_no_nearest_one() -> None:
    light = part_of(PERSON + concern("spider-angioma") + devices("pulsed-dye-595"))
    assert any("device" in option for option in light["options"])
    assert "nearest" not in light


def test_what_a_rule_refuses_has_no_nearest_setting() -> None:
    part = part_of(PERSON + "pregnant = true\n" + concern("spider-angioma") + devices("pulsed-dye-595"))
    assert part["no_laser"]
    assert "nearest" not in part


def test_of_columns_no_dose_is_told_that_would_be_enough() -> None:
    made = document(PERSON + concern("acne-scars", extra=NAMED) + devices("thulium-1927"))
    (part,) = made["concerns"]
    assert "reaching_J_cm2" not in part["nearest"]
    assert "limit" not in part["nearest"]
    assert part["nearest"]["settings"]["microbeam"]["energy_mJ"] > 0
    assert read_plan(made).concerns[0].nearest is not None
