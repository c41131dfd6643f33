"""Each condition with each laser that may suit it: a plan with that laser, or the refusal that is the honest answer."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from consultations import CONDITIONS, EVERY_FIFTH, example, example_figures

from skinbeam.model.estimate import Unknown
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.response.goals import list_alternatives

pytestmark = pytest.mark.check

# What the model or the rules refuse, by the message of the refusal.
REFUSED = {
    # Nobody published settings of such light for it, and the guideline does not name it.
    "age-spots-non-ablative-fractional": "plan.beyond-practice",
    "fine-lines-periorbital-non-ablative-fractional": "plan.beyond-practice",
    "active-acne-vascular": "condition-why.flare",
    "dynamic-wrinkles-ablative": "condition-why.movement",
    # Off the face columns get no more than the most careful source gave, and no deeper.
    "poikiloderma-fractional-ablative": "plan.too-weak-undosed",
}

PLANNED = [
    pytest.param(file, id=file.stem, marks=() if file in EVERY_FIFTH or file.stem in REFUSED else pytest.mark.long)
    for file in CONDITIONS
]


def asked(file: Path) -> tuple[str, str, str]:
    """Condition, modality and device of an example."""
    case = tomllib.loads(file.read_text(encoding="utf-8"))
    condition = case["concern"][0]["condition"]
    return condition, file.stem.removeprefix(f"{condition}-"), case["clinic"]["devices"][0]


def made(file: Path) -> Any:
    return example(file)


@pytest.mark.parametrize("file", PLANNED)
def test_an_example_comes_to_its_plan(file: Path) -> None:
    condition, modality, device = asked(file)
    document = made(file)
    (part,) = document["concerns"]
    offered = [(o["modality"], o["device"]) for o in part["options"] if "device" in o]
    names = [option["modality"] for option in part["options"]]
    assert "no-treatment" in names
    against = {
        one["modality"]
        for one in part["refused"]
        if any(reason["id"].startswith("plan.guideline-against") for reason in one["reasons"])
    }
    kinds = found if isinstance(found := part.get("subtypes"), list) else ()
    assert {one.modality for one in list_alternatives(condition, kinds)} <= {*names, *against}
    if file.stem in REFUSED:
        assert modality not in [name for name, _ in offered]
        # What another clinic may have is told beside a refusal.
        told = [m["id"] for r in part["refused"] if r["modality"] == modality for m in r["reasons"]]
        reasons = [one for one in told if one != "plan.other-clinic"]
        assert reasons == [REFUSED[file.stem]]
        assert bool(document["course"]) == bool(offered)
    else:
        assert offered == ([] if modality in against else [(modality, device)])
        assert bool(document["course"]) == bool(offered)


@pytest.mark.parametrize("file", PLANNED)
def test_the_setting_of_a_plan_is_allowed_in_the_figure(file: Path) -> None:
    """From what the figure is drawn of: the setting is a point of its grid, and no limit is passed there."""
    for concern in example_figures(file).concerns:
        drawn = concern.window
        if not isinstance(drawn, Unknown):
            assert drawn.chosen_dose is not None
            assert drawn.chosen_row is not None
            row, dose = drawn.rows.index(drawn.chosen_row), drawn.dose.index(drawn.chosen_dose)
            assert drawn.limit_fraction[row][dose] <= 1.0


def test_every_pair_of_condition_and_suitable_laser_has_its_example() -> None:
    shown = {asked(file)[:2] for file in CONDITIONS}
    suitable = {
        (condition, modality)
        for condition, entry in vocabulary_table("condition").items()
        for modality, choice in entry.get("modality", {}).items()
        if choice["use"] != "not"
    }
    assert suitable <= shown
    assert {condition for condition, _ in shown} == set(vocabulary_table("condition"))


def test_every_condition_that_a_laser_suits_is_offered_one_somewhere() -> None:
    offered = {asked(file)[0] for file in CONDITIONS if file.stem not in REFUSED}
    usable = {
        condition
        for condition, entry in vocabulary_table("condition").items()
        if any(choice["use"] != "not" for choice in entry.get("modality", {}).values())
    }
    assert offered == usable


@pytest.mark.parametrize("file", CONDITIONS, ids=lambda f: f.stem)
def test_an_example_says_that_it_is_synthetic(file: Path) -> None:
    assert "synthetic" in tomllib.loads(file.read_text(encoding="utf-8"))["title"]


def test_a_lamp_is_one_option_of_a_concern() -> None:
    """A lamp that suits the brown and the red part of a concern is offered once, and the plan says why."""
    (part,) = made(next(file for file in CONDITIONS if file.stem == "poikiloderma-pigment-long-pulse"))["concerns"]
    lamps = [option["modality"] for option in part["options"] if option.get("device") == "ipl"]
    repeated = [
        one["modality"] for one in part["refused"] for r in one["reasons"] if r["id"] == "plan.lamp-offered-once"
    ]
    assert (lamps, repeated) == (["pigment-long-pulse"], ["vascular"])
