"""Raised scars in a clinic with a long-pulsed Nd:YAG laser alone, with which Japanese clinics treat them."""

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options

ND_YAG = "ndyag-1064"


def consultation(phototype: str, condition: str) -> str:
    person = PERSON.replace("ita_deg = 60.0\n", "").replace('"II"', f'"{phototype}"')
    return person + concern(condition, "jaw", extra=f'subtypes = ["red"]\n{NAMED}') + devices(ND_YAG)


@pytest.mark.parametrize(
    ("phototype", "condition"),
    [
        ("II", "keloid"),
        ("III", "keloid"),
        ("IV", "keloid"),
        ("I", "hypertrophic-scars"),
        ("II", "hypertrophic-scars"),
        ("III", "hypertrophic-scars"),
        ("IV", "hypertrophic-scars"),
    ],
)
def test_skin_to_type_iv_gets_what_japanese_skin_gets(phototype: str, condition: str) -> None:
    """75 J/cm² in 5 mm for 25 ms, or the next step below (ogawa2020book); of type IV only "no such dose" was told.

    Fair hypertrophic scars got none, although fair keloids did: doses of keloids were lent to darker skin alone.
    """
    (option,) = laser_options(document(consultation(phototype, condition)))
    settings = option["settings"]
    assert (settings["fluence_J_cm2"], settings["spot_mm"], settings["pulse_ms"]) == (70.0, 5.0, 30.0)


def test_no_dose_is_computed_for_a_keloid_that_is_darker_than_those_of_the_sources() -> None:
    (concern_plan,) = document(consultation("VI", "keloid"))["concerns"]
    (reason,) = next(refusal["reasons"] for refusal in concern_plan["refused"] if refusal.get("device") == ND_YAG)
    assert "none for this skin type" in reason["text"]
    assert "limits" not in reason["text"]
