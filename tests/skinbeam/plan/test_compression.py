"""A dye laser on brown spots: below a glass window and uncooled, or not at all."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from plan_reading import read_plan
from smallest_cases import World, spoke

from skinbeam.laser.device import devices as known_devices
from skinbeam.report.plain_words import pain_and_bruise_sentences
from skinbeam.response.settings import built_in_cooling
from skinbeam.suitability.dose_bars import dose_bars

GLASS = "pulsed-dye-595-compression"
SPOTS = PERSON + concern("age-spots", "cheeks")
DYE_NM = (577.0, 600.0)


@pytest.fixture(scope="module")
def pressed() -> dict[str, Any]:
    return document(SPOTS + devices(GLASS))


def test_no_shipped_dye_laser_heats_spots_without_a_glass_or_under_a_spray() -> None:
    heating = [
        device
        for device in known_devices().values()
        if "pigment-long-pulse" in device.modalities
        and any(head.band_nm is None and DYE_NM[0] <= head.wavelength_nm <= DYE_NM[1] for head in device.heads)
    ]
    assert [device.name for device in heating] == [GLASS]
    for device in known_devices().values():
        if device.compression is not None:
            assert built_in_cooling(device)[0].kind == "none"


@pytest.mark.parametrize("wavelength_nm", [577.0, 585.0, 595.0, 600.0])
@pytest.mark.parametrize("pulse_ms", [0.45, 1.5, 10.0])
def test_yellow_light_asks_for_the_glass(wavelength_nm: float, pulse_ms: float) -> None:
    for compression in (False, True):
        world = World()
        world.concern["condition"] = "age-spots"
        world.choice = {"modality": "pigment-long-pulse", "device_wavelength_nm": wavelength_nm, "pulse_ms": pulse_ms}
        world.choice["compression"] = compression
        said = spoke(world.judge())
        assert ("dye-laser-without-compression" in said) is not compression
        assert ("dye-laser-compression" in said) is compression


@pytest.mark.parametrize(
    "choice",
    [
        {"modality": "pigment-long-pulse", "device_wavelength_nm": 532.0},
        {"modality": "pigment-long-pulse", "device_wavelength_nm": 755.0},
        {"modality": "pigment-long-pulse", "device_wavelength_nm": 590.0, "ipl": True},
        {"modality": "vascular", "device_wavelength_nm": 595.0},
    ],
)
def test_other_light_and_vessels_do_not(choice: dict[str, Any]) -> None:
    world = World()
    world.concern["condition"] = "facial-telangiectasia" if choice["modality"] == "vascular" else "age-spots"
    world.choice = choice
    assert not {"dye-laser-without-compression", "dye-laser-compression"} & spoke(world.judge())


def test_a_clinic_without_the_glass_is_offered_no_dye_laser_for_spots() -> None:
    (part,) = document(SPOTS + devices("pulsed-dye-595"))["concerns"]
    assert not [option for option in part["options"] if "device" in option]


def test_with_the_glass_nothing_is_sprayed_and_nothing_was_computed_with_a_spray(pressed: dict[str, Any]) -> None:
    (option,) = laser_options(pressed)
    assert option["device"] == GLASS
    assert option["settings"]["compression"] == "glass"
    assert "cooling" not in option["settings"]
    assert "burn-if-cooling-fails" not in {harm["name"] for harm in option["harms"]}
    assert "under glass pressed on the skin" in " ".join(
        step["text"] for visit in pressed["course"] for step in visit["steps"]
    )


def test_the_bruise_of_a_glass_that_lifts_and_its_days_stand_on_the_leaflet(pressed: dict[str, Any]) -> None:
    (option,) = laser_options(pressed)
    (bruise,) = (harm for harm in option["harms"] if harm["name"] == "bruise-if-glass-lifts")
    assert bruise["p"]["median"] > 0.0
    assert (option["purpura_days"]["low"], option["purpura_days"]["high"]) == (7.0, 14.0)
    (read,) = (one for one in read_plan(pressed).concerns[0].options if one.setup is not None)
    assert "7 to 14 days" in " ".join(pain_and_bruise_sentences(read))


@pytest.mark.parametrize("device", ["pulsed-dye-595", GLASS])
def test_an_injury_below_cooled_skin_bars_the_same_light_where_nothing_cools(device: str) -> None:
    text = (
        'device = "pulsed-dye-595"\nsite = "cheeks"\nfluence_J_cm2 = 8.0\nread_after_h = 24.0\nreaction = "blister"\n'
    )
    case = loaded(SPOTS + "[[test_spot]]\n" + text + devices(device)).case
    (bar,) = dose_bars(case, device, known_devices()[device])
    assert bar.wavelength_nm == 595.0
    assert bar.dose == pytest.approx(8.0 * 2 / 3)
