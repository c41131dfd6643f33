"""Picosecond lens arrays: offered for scars as sources print them, and told by what they do to skin without pigment."""

import pytest
from consultations import PERSON, concern, devices, document, laser_options
from plan_reading import read_plan

from skinbeam.report.leaflet.leaflet_page import leaflet_page

ARRAY = "ps-array-755"


def consultation(phototype: str, condition: str, *owned: str) -> str:
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    return person + concern(condition, extra="") + devices(*owned)


@pytest.mark.parametrize(
    ("phototype", "condition"),
    [
        ("II", "acne-scars"),
        ("III", "acne-scars"),
        ("V", "acne-scars"),
        ("V", "surgical-scars"),
        ("V", "hypertrophic-scars"),
    ],
)
def test_a_scar_is_offered_the_lens_array_that_sources_name(phototype: str, condition: str) -> None:
    """A clinic with an array alone had "no known device" for scars; lighter skin bears what types IV to VI got."""
    (option,) = laser_options(document(consultation(phototype, condition, ARRAY)))
    assert (option["settings"]["fluence_J_cm2"], option["settings"]["spot_mm"]) == (0.71, 6.0)
    assert option["basis"] == "published"
    assert "no whitening" in option["immediate"]["seek"]["text"]
    assert "colour" not in option["immediate"]["seek"]["text"]


def test_no_other_short_pulse_is_offered_for_a_scar() -> None:
    plan = document(consultation("III", "acne-scars", "qs-ndyag-532-1064", "ps-alexandrite-755", "qs-ruby-694"))
    assert not laser_options(plan)


def test_the_leaflet_says_of_an_array_nothing_of_what_is_brown() -> None:
    (page,) = leaflet_page(read_plan(document(consultation("III", "acne-scars", ARRAY)))).concerns
    (choice,) = (one for one in page.choices if "tiny dots of very short pulses" in one.name)
    assert "brown" not in f"{choice.plus} {choice.minus}"


@pytest.mark.parametrize(
    ("site", "sessions", "weeks"),
    [("cheeks", (3, 6), (4, 4)), ("hands", (4, 4), (3, 3)), ("decolletage", (4, 4), (3, 3))],
)
def test_texture_gets_as_many_sessions_as_the_trials_whose_dose_it_gets(
    site: str, sessions: tuple[int, int], weeks: tuple[int, int]
) -> None:
    """No source was said to give a number, beside the dose of trials that print one (zhou2023table, saluja2016)."""
    (option,) = laser_options(document(PERSON + concern("skin-texture", site, extra="") + devices(ARRAY)))
    assert (option["sessions"]["low"], option["sessions"]["high"]) == sessions
    assert (option["interval_weeks"]["low"], option["interval_weeks"]["high"]) == weeks
