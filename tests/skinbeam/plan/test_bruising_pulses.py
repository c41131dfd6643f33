"""What is looked for during treatment with light for vessels: no purple colour, unless the pulse bruises as a rule."""

import pytest
from consultations import concern, devices, document, laser_options

from skinbeam.course.downtime import immediate_reaction
from skinbeam.text import catalogue

PERSON = '\n[patient]\nage_years = 45\nphototype = "II"\ntan = "none"\n'


@pytest.mark.parametrize(
    ("condition", "device", "sought"),
    [
        ("facial-telangiectasia", "pulsed-dye-595", "vascular"),
        ("facial-telangiectasia", "pulsed-dye-585", "vascular-bruise"),  # 0.45 ms: nine in ten such skins bruise
        ("redness", "pulsed-dye-595", "vascular-field"),
        ("surgical-scars", "pulsed-dye-595", "vascular-scar"),
        ("hypertrophic-scars", "pulsed-dye-595", "vascular-scar"),
        ("keloid", "pulsed-dye-595", "vascular-scar"),
        ("keloid", "ndyag-1064", "vascular-scar-deep"),
    ],
)
def test_a_pulse_that_bruises_as_a_rule_is_not_said_to_leave_no_purple_colour(
    condition: str, device: str, sought: str
) -> None:
    """Scars under 0.45 ms were to show "little or no purple colour", beside a bruise in 94 of 100."""
    kind = 'subtypes = ["red"]\n' if "scars" in condition or condition == "keloid" else ""
    site = "arms" if kind else "cheeks"
    (option,) = laser_options(document(PERSON + concern(condition, site, extra=kind) + devices(device)))
    assert option["immediate"]["seek"]["id"] == f"immediate.seek-{sought}"
    stops = [sign["id"] for sign in option["immediate"]["stop_at"]]
    assert stops == [f"immediate.stop-{sign}" for sign in ("blister", "grey", "pain", "spread")]
    told = " ".join(day["text"]["text"] for day in option["healing"])
    share = option.get("p_purpura", {}).get("median", 0.0)
    assert ("if there are any" in told) is (share < 0.5)
    assert ("turns purple within minutes" in told) is (share >= 0.5)


@pytest.mark.parametrize(
    ("condition", "modality", "sought"),
    [
        ("redness", "vascular", "vascular-field"),
        ("poikiloderma", "vascular", "vascular-field"),
        ("poikiloderma", "pigment-long-pulse", "pigment-long-pulse-field"),
        ("age-spots", "pigment-long-pulse", "pigment-long-pulse"),
        ("spider-angioma", "vascular", "vascular"),
    ],
)
def test_a_field_without_single_vessels_or_spots_is_not_watched_for_one(
    condition: str, modality: str, sought: str
) -> None:
    """Diffuse redness was treated until "the vessel darkens or disappears", and there is none to be seen."""
    told = immediate_reaction(modality, condition, "595 nm")
    assert told.seek.id == f"immediate.seek-{sought}"
    stops = [sign.id for sign in told.stop_at]
    assert stops == [f"immediate.stop-{sign}" for sign in ("blister", "grey", "pain", "spread")]
    bruised = immediate_reaction(modality, condition, "595 nm", bruises=True).seek.id
    assert ("purple within minutes" in catalogue()[bruised]) is (modality == "vascular")


@pytest.mark.parametrize(("device", "is_told"), [("pulsed-dye-585", True), ("pulsed-dye-595", False)])
def test_a_bruise_that_is_expected_is_no_sign_at_test_spots(device: str, is_told: bool) -> None:
    """Spots that bruise nine in ten skins were to end at "a colour change"."""
    plan = document(PERSON + concern("facial-telangiectasia", extra="") + devices(device))
    (ladder,) = plan["test_spots"]
    assert ("bruise is expected" in ladder["text"]) is is_told
