"""What a simulation of one pulse warns of and what it refuses, with the field."""

from typing import Any

import pytest
from pulse_samples import INK, codes, simulated

from skinbeam.model.errors import InputError, NotAvailable

# Warnings


def test_what_has_no_influence_is_reported() -> None:
    spot = {
        "device": "pulsed-dye-595",
        "site": "cheeks",
        "reaction": "none",
        "fluence_J_cm2": 7.0,
        "pulse_ms": 6.0,
        "read_after_h": 24.0,
    }
    found = simulated(
        "vessel", test_spot=[spot], settings__overlap_fraction=0.2, lesion=[{"kind": "hair"}, {"kind": "scar"}]
    )
    messages = [w["message"] for w in found["warnings"] if w["code"] == "not-used-yet"]
    assert any("test_spot" in message for message in messages)
    assert any("overlap_fraction" in message for message in messages)
    assert any("hair" in message for message in messages)
    assert any("scar" in message for message in messages)
    micro = simulated("fractional-1550", cooling={"kind": "air"}, microbeam__profile="top-hat")
    assert "not-used-yet" in codes(micro)


@pytest.mark.parametrize(
    ("times", "warned"),
    [({}, True), ({"delay_ms": 10.0}, True), ({"during": True}, False), ({"before_ms": 10.0}, False)],
)
def test_cooling_that_is_never_on_is_reported_to_cool_nothing(times: dict[str, Any], warned: bool) -> None:
    found = codes(simulated("vessel", laser={"wavelength_nm": 595.0}, cooling={"kind": "contact", **times}, draws=1))
    assert ("cooling-without-time" in found) is warned


@pytest.mark.parametrize(
    ("passes", "warned"), [({}, False), ({"passes": 2}, True), ({"passes": 2, "pass_interval_s": 30.0}, False)]
)
def test_passes_without_time_between_them_are_reported(passes: dict[str, Any], warned: bool) -> None:
    settings = {f"settings__{name}": value for name, value in passes.items()}
    found = codes(simulated("vessel", laser={"wavelength_nm": 595.0}, **settings, draws=1))
    assert ("passes-at-once" in found) is warned


def test_colours_that_exclude_each_other_are_reported() -> None:
    found = simulated("vessel", patient={"age_years": 30, "sex": "female", "phototype": "VI"})
    assert "colour-conflict" in codes(found)


def test_the_limits_of_the_model_are_stated() -> None:
    assert "above-boiling" in codes(simulated("preset-vessels"))
    assert not codes(simulated("bath"))


# Refusals


def test_hostile_cases_are_refused_before_any_work() -> None:
    with pytest.raises(NotAvailable, match="10,000"):
        simulated("vessel", settings__pulses=10_000, settings__repetition_Hz=1.0)
    vessels = [{"depth_um": 100.0 + 4 * i, "diameter_um": 3.5} for i in range(1000)]
    with pytest.raises(InputError, match="1000 vessels") as caught:
        simulated("vessel", vessel=vessels, settings__pulses=200, settings__repetition_Hz=1.0)
    assert caught.value.field == "draws"


def test_a_clear_layer_without_end_is_refused() -> None:
    clear = [*INK["skin"]["layer"][:1], {**INK["skin"]["layer"][1], "mua_per_cm": 0.0}]
    with pytest.raises(InputError, match="neither scatters nor absorbs") as caught:
        simulated(INK, skin={"layer": clear})
    assert caught.value.field == "skin.layer[1].mua_per_cm"


def test_a_reading_of_no_skin_is_refused() -> None:
    reading = {"wavelength_nm": [450.0, 640.0, 1450.0], "value": [0.99, 0.01, 0.99]}
    with pytest.raises(InputError, match="No skin of this model") as caught:
        simulated("preset-vessels", skin__reflectance=reading)
    assert caught.value.field == "skin.reflectance.value"
