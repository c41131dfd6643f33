"""Gentle short pulses on a whole field seek no whitening, unlike those on a spot, and are not repeated without end."""

import pytest
from smallest_cases import World, spoke

from skinbeam.course.downtime import describe_healing_days, immediate_reaction
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.response.goals import LESION_BY_CONDITION, laser_choices

SHORT = "pigment-short-pulse"
TREATED = [name for name in vocabulary_table("condition") if SHORT in laser_choices(name, "cheeks")[0]]
FIELDS = [name for name in TREATED if name not in LESION_BY_CONDITION]


def test_some_are_fields_and_some_are_spots() -> None:
    assert {"melasma", "post-inflammatory-hyperpigmentation", "uneven-pigmentation"} <= set(FIELDS)
    assert {"age-spots", "freckles"} <= set(TREATED) - set(FIELDS)


@pytest.mark.parametrize("condition", TREATED)
def test_whitening_is_sought_on_spots_and_stops_a_field(condition: str) -> None:
    told = immediate_reaction(SHORT, condition, "1064 nm")
    stops = [one.id for one in told.stop_at]
    if condition in FIELDS:
        assert told.seek.id == "immediate.seek-field-pigment"
        assert stops[:2] == ["immediate.stop-whitening", "immediate.stop-petechiae"]
    else:
        assert told.seek.id == "immediate.seek-pigment-short-pulse"
        assert "immediate.stop-whitening" not in stops


@pytest.mark.parametrize(("phototype", "is_fair"), [(1, True), (2, True), (3, False), (6, False), (None, False)])
def test_spots_of_fair_skin_turn_ash_white_and_others_whiten_faintly_at_most(
    phototype: int | None, is_fair: bool
) -> None:
    """The guideline names immediate ash-white in phototypes I and II; a faint whitening is for skin that darkens."""
    told = immediate_reaction(SHORT, "age-spots", "532 nm", phototype)
    assert ("ash-white" in told.seek.text, "faint" in told.seek.text) == (is_fair, not is_fair)
    assert ("Bright" in " ".join(one.text for one in told.stop_at)) is not is_fair
    assert immediate_reaction(SHORT, "melasma", "1064 nm", phototype).seek.id == "immediate.seek-field-pigment"


@pytest.mark.parametrize("condition", TREATED)
def test_crusts_are_foretold_of_spots_alone(condition: str) -> None:
    days = " ".join(day.text.id for day in describe_healing_days(SHORT, condition))
    assert ("healing-day.field-pigment" in days) is (condition in FIELDS)
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
