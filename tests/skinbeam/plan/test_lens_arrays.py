"""Picosecond lens arrays: offered for scars as sources print them, and told by what they do to skin without pigment."""

from dataclasses import replace

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options
from plan_reading import read_plan

from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.response.envelope import PracticeLight, find_envelope

ARRAY = "ps-array-755"


def consultation(phototype: str, condition: str, *owned: str) -> str:
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    return person + concern(condition, extra=NAMED if condition == "melasma" else "") + devices(*owned)


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


@pytest.mark.parametrize("phototype", ["II", "IV", "V"])
def test_melasma_gets_the_dose_of_the_series_with_a_lens_array(phototype: str) -> None:
    """Both series gave 0.4 J/cm² in 8 mm through an array; a clinic with one alone was told that no source did."""
    (option,) = laser_options(document(consultation(phototype, "melasma", ARRAY)))
    assert (option["settings"]["fluence_J_cm2"], option["settings"]["spot_mm"]) == (0.4, 8.0)
    assert (option["sessions"]["low"], option["sessions"]["high"]) == (3, 5)


def test_a_dose_of_lighter_skin_alone_is_refused_by_what_is_missing() -> None:
    """A limit of safety was blamed, though none is computed of such light: nobody treated type VI."""
    (concern_plan,) = document(consultation("VI", "melasma", ARRAY))["concerns"]
    (reason,) = next(refusal["reasons"] for refusal in concern_plan["refused"] if refusal.get("device") == ARRAY)
    assert "for type V (" in reason["text"]
    assert "limits" not in reason["text"]


def test_doses_of_an_array_and_of_a_whole_field_are_kept_apart() -> None:
    """An array concentrates its light: its mean over the spot is no fluence that a whole field was ever given."""
    field = PracticeLight("pigment-short-pulse", 755.0, 5.5e-7)
    of_field, of_array = (find_envelope("melasma", light, 3) for light in (field, replace(field, lens_array=True)))
    assert of_field is not None
    assert of_array is not None
    assert "xia2017" in of_array.sources
    assert "xia2017" not in of_field.sources
    assert "manuskiatti2021melasma" in of_field.sources


@pytest.mark.parametrize("sign", ["crust", "blister", "dark mark"])
def test_skin_that_an_array_hurt_gets_the_gentler_hand_piece(sign: str) -> None:
    """Each hand piece of 755 nm has one fluence, so that only a wider one gives less: none was offered."""
    done = (
        '[[session]]\nweek = 0\nweeks_ago = 12\ntreats = "skin-texture"\nsite = "cheeks"\n'
        f'device = "{ARRAY}"\nfluence_J_cm2 = 0.71\nspot_mm = 6.0\nadverse = ["{sign}"]\n'
    )
    (option,) = laser_options(document(PERSON + concern("skin-texture", "cheeks", extra="") + done + devices(ARRAY)))
    assert (option["settings"]["fluence_J_cm2"], option["settings"]["spot_mm"]) == (0.4, 8.0)


def test_a_scar_that_an_array_hurt_is_not_told_that_nobody_treats_scars_with_it() -> None:
    done = (
        '[[session]]\nweek = 0\nweeks_ago = 12\ntreats = "acne-scars"\nsite = "cheeks"\n'
        f'device = "{ARRAY}"\nfluence_J_cm2 = 0.71\nspot_mm = 6.0\nadverse = ["blister"]\n'
    )
    (part,) = document(consultation("III", "acne-scars", ARRAY) + done)["concerns"]
    (reason,) = next(refusal["reasons"] for refusal in part["refused"] if refusal.get("device") == ARRAY)
    assert "earlier reaction" in reason["text"]
