"""Gentle short pulses on a whole field seek no whitening, unlike those on a spot, and are not repeated without end."""

from typing import Any

import pytest
from consultations import concern, devices, document, laser_options
from smallest_cases import World, spoke

from skinbeam.course.downtime import describe_healing_days, immediate_reaction
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.response.goals import LESION_BY_CONDITION, laser_choices

SHORT = "pigment-short-pulse"
TREATED = [name for name in vocabulary_table("condition") if SHORT in laser_choices(name, "cheeks")[0]]
FIELDS = [name for name in TREATED if name not in LESION_BY_CONDITION]


def appearance(condition: str) -> str:
    """What a field looks like: its colour fades, or, without pigment, a lens array leaves dots."""
    return "field-pigment" if vocabulary_table("condition")[condition]["pigmented"] else "lens-array"


def test_some_are_fields_and_some_are_spots() -> None:
    assert {"melasma", "post-inflammatory-hyperpigmentation", "uneven-pigmentation"} <= set(FIELDS)
    assert {"age-spots", "freckles"} <= set(TREATED) - set(FIELDS)


@pytest.mark.parametrize("condition", TREATED)
def test_whitening_is_sought_on_spots_and_stops_a_field(condition: str) -> None:
    told = immediate_reaction(SHORT, condition, "1064 nm")
    stops = [one.id for one in told.stop_at]
    if condition in FIELDS:
        assert told.seek.id == f"immediate.seek-{appearance(condition)}"
        assert stops[:2] == ["immediate.stop-whitening", "immediate.stop-petechiae"]
    else:
        assert told.seek.id == "immediate.seek-pigment-short-pulse"
        assert "immediate.stop-whitening" not in stops


@pytest.mark.parametrize("may_whiten", [True, False])
def test_spots_of_fair_skin_turn_ash_white_and_others_whiten_faintly_at_most(may_whiten: bool) -> None:
    reaction = immediate_reaction(SHORT, "age-spots", "532 nm", may_whiten=may_whiten)
    assert ("ash-white" in reaction.seek.text, "faint" in reaction.seek.text) == (may_whiten, not may_whiten)
    assert ("Bright" in " ".join(one.text for one in reaction.stop_at)) is not may_whiten
    field = immediate_reaction(SHORT, "melasma", "1064 nm", may_whiten=may_whiten)
    assert field.seek.id == "immediate.seek-field-pigment"


@pytest.mark.parametrize(
    ("device", "skin", "is_sought"),
    [
        ("qs-ndyag-532-1064", {"phototype": "I"}, True),
        ("qs-ndyag-532-1064", {"phototype": "II"}, True),
        ("qs-ndyag-532-1064", {"phototype": "III"}, False),
        ("qs-ndyag-532-1064", {"phototype": "II", "history": ["melasma"]}, False),
        ("qs-ndyag-532-1064", {"phototype": "II", "history": ["pih"]}, False),
        ("ps-alexandrite-755", {"phototype": "II"}, False),
    ],
)
def test_ash_white_is_sought_with_nanosecond_pulses_on_skin_that_does_not_darken(
    device: str, skin: dict[str, Any], is_sought: bool
) -> None:
    """The guideline names immediate ash-white of Q-switched lasers, in phototypes I and II."""
    patient = "".join(f"{key} = {value!r}\n" for key, value in ({"age_years": 45, "sex": "female"} | skin).items())
    plan = document(f"[patient]\n{patient}{concern('age-spots')}{devices(device)}")
    options = laser_options(plan)
    assert options
    assert {"ash-white" in one["immediate"]["seek"]["text"] for one in options} == {is_sought}


@pytest.mark.parametrize("condition", TREATED)
def test_crusts_are_foretold_of_spots_alone(condition: str) -> None:
    days = " ".join(day.text.id for day in describe_healing_days(SHORT, condition))
    assert (f"healing-day.{appearance(condition)}" in days) is (condition in FIELDS)
    assert ("healing-day.pigment-short-pulse" in days) is (condition not in FIELDS)


@pytest.mark.parametrize("condition", [name for name in FIELDS if vocabulary_table("condition")[name]["pigmented"]])
@pytest.mark.parametrize(("sessions", "ended"), [(0, False), (9, False), (10, True), (25, True)])
def test_a_field_is_not_treated_without_end(condition: str, sessions: int, ended: bool) -> None:
    world = World()
    world.concern["condition"], world.sessions = condition, sessions
    world.choice["modality"] = SHORT
    said = spoke(world.judge())
    assert "toning-few-sessions" in said
    assert ("toning-enough" in said) is ended


def test_sessions_with_another_laser_are_not_counted() -> None:
    world = World()
    world.concern["condition"], world.sessions, world.device = "melasma", 12, "thulium-1927"
    world.choice["modality"] = SHORT
    assert "toning-enough" not in spoke(world.judge())
    world.device = "qs-ndyag-532-1064"
    assert "toning-enough" in spoke(world.judge())
