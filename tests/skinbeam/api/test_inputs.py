"""What a case holds and no result uses is said; what cannot be is refused with its field."""

from typing import Any

import pytest
from pulse_samples import codes, loaded

from skinbeam.api.simulate import simulate_case
from skinbeam.api.skin import describe_skin
from skinbeam.api.threshold import find_threshold
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.exposure import RESTING_TEMPERATURE_RANGE_C
from skinbeam.model.units import UM
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.skins.depth_grid import core_depth_m
from skinbeam.skin.layers import DERMIS, EPIDERMIS, tissue_layer_names, unknown_layers
from skinbeam.skin.presets import read_preset

GREEN_NM = 532.0
PULSE = {
    "laser": {"wavelength_nm": 595.0},
    "settings": {"fluence_J_cm2": 7.0, "pulse_ms": 6.0, "spot_mm": 7.0},
}
LAYERS: list[dict[str, Any]] = [
    {"name": "epidermis", "thickness_um": 70.0, "mua_per_cm": 12.0, "mus_per_cm": 300.0, "g": 0.8, "n": 1.4},
    {"name": "dermis", "mua_per_cm": 2.0, "mus_per_cm": 200.0, "g": 0.8, "n": 1.4},
]
# A part of a case, and the warning of it, by the preset that it changes nothing of.
READING = {"reflectance": {"wavelength_nm": [640.0, 700.0], "value": [0.2, 0.25]}}
PERSON = {"age_years": 42.0, "sex": "female", "phototype": "V", "tan": "current"}
UNUSED = {
    "reading of blood": ({"preset": "blood"}, {"skin": READING}, "reading-not-used"),
    "reading of a granule": ({"preset": "melanosome"}, {"skin": READING}, "reading-not-used"),
    "reading of gelatin": ({"preset": "phantom"}, {"skin": READING}, "reading-not-used"),
    "reading of layers": ({"layer": LAYERS}, {"skin": READING}, "reading-not-used"),
    "hydration of blood": ({"preset": "blood"}, {"skin": {"hydration": 0.2}}, "hydration-not-used"),
    "hydration of a granule": ({"preset": "melanosome"}, {"skin": {"hydration": 0.2}}, "hydration-not-used"),
    "hydration of layers": ({"layer": LAYERS}, {"skin": {"hydration": 0.2}}, "hydration-not-used"),
    "owner of blood": ({"preset": "blood"}, {"patient": {**PERSON, "ita_deg": 20.0}}, "patient-not-used"),
    "owner of a pig": ({"preset": "pig"}, {"patient": PERSON}, "patient-not-used"),
    "melanin of a membrane": (
        {"preset": "chick-membrane"},
        {"lesion": [{"kind": "lentigo", "melanin_ratio": 9.0}]},
        "melanin-not-used",
    ),
    "melanin of layers": (
        {"layer": LAYERS},
        {"lesion": [{"kind": "lentigo", "melanin_ratio": 9.0}]},
        "melanin-not-used",
    ),
}


def joined(skin: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return {"skin": skin | part.get("skin", {}), **{name: one for name, one in part.items() if name != "skin"}}


def shown(case: dict[str, Any]) -> dict[str, Any]:
    return describe_skin(loaded(case), [GREEN_NM, 700.0], draws=6).to_dict()


@pytest.mark.parametrize("name", UNUSED)
def test_what_changes_nothing_is_reported_and_changes_nothing(name: str) -> None:
    skin, part, code = UNUSED[name]
    bare, changed = shown({"skin": skin}), shown(joined(skin, part))
    assert code in codes(changed) - codes(bare)
    for key in ("reflectance", "reflectance_low", "layers", "Lab"):
        assert changed[key] == bare[key]


@pytest.mark.parametrize(
    ("skin", "part"),
    [
        ({"preset": "human"}, {"skin": READING}),
        ({"preset": "human"}, {"skin": {"hydration": 0.2}}),
        ({"preset": "human"}, {"patient": PERSON}),
        ({"preset": "human"}, {"lesion": [{"kind": "lentigo", "melanin_ratio": 9.0}]}),
        ({"preset": "phantom"}, {"skin": {"hydration": 0.2}}),
        ({"preset": "chick-membrane"}, {"skin": {"hydration": 0.2}}),
        ({"preset": "rat"}, {"skin": READING}),
    ],
)
def test_what_changes_a_skin_is_not_reported_to_be_unused(skin: dict[str, Any], part: dict[str, Any]) -> None:
    bare, changed = shown({"skin": skin}), shown(joined(skin, part))
    assert not {code for code in codes(changed) if code.endswith("-not-used")}
    assert changed["reflectance"] != bare["reflectance"]


def test_a_measured_colour_of_a_pig_counts_and_is_reported_to() -> None:
    dark, light = (shown({"skin": {"preset": "pig"}, "patient": {**PERSON, "ita_deg": ita}}) for ita in (-20.0, 50.0))
    (warning,) = [one for one in dark["warnings"] if one["code"] == "patient-not-used"]
    assert "ita_deg" in warning["message"]
    assert dark["reflectance"][0] < light["reflectance"][0]


def test_a_skin_of_nobody_is_refused_or_reported() -> None:
    for case in ({}, {"title": "x"}, PULSE):
        with pytest.raises(InputError) as caught:
            shown(case)
        assert (caught.value.code, caught.value.field) == ("missing-key", "skin")
    assert shown({"patient": PERSON})["ita_deg"] < shown({"skin": {}})["ita_deg"]
    burn = {"bath": {"temperature_C": 60.0, "exposure_s": 1.0}}
    assert "skin-of-nobody" in codes(simulate_case(loaded(burn), draws=2).to_dict())
    assert "skin-of-nobody" not in codes(simulate_case(loaded({"skin": {}, **burn}), draws=2).to_dict())


def test_ages_beyond_the_model_are_reported() -> None:
    for age, warned in ((3.0, True), (40.0, False), (99.0, True)):
        found = shown({"patient": {**PERSON, "age_years": age}})
        assert ("age-at-end" in codes(found)) is warned
        assert ("age-at-end" in codes(shown({"skin": {}, "patient": {**PERSON, "age_years": age}}))) is warned


def test_a_reading_that_no_draw_comes_near_is_reported() -> None:
    """Skin returns a third to two thirds of red light: a mirror is no skin, though the likeliest draw has a weight."""
    for value, warned in (([0.45], False), ([0.98], True)):
        case = {"skin": {"preset": "human", "reflectance": {"wavelength_nm": [700.0], "value": value}}}
        assert ("reading-far" in codes(describe_skin(loaded(case), [GREEN_NM], draws=50).to_dict())) is warned
        assert ("reading-far" in codes(simulate_case(loaded({**case, **PULSE}), draws=50).to_dict())) is warned


# Depth


@pytest.mark.parametrize("name", ["human", "pig", "phantom"])
def test_a_vessel_below_the_skin_is_refused_with_its_field(name: str) -> None:
    for depth_um, there in ((5_000.0, True), (core_depth_m() / UM - 49.0, False), (99_000.0, False)):
        asked = loaded({"skin": {"preset": name}, "vessel": [{"depth_um": depth_um, "diameter_um": 100.0}], **PULSE})
        if there:
            build_scene(asked)
            continue
        with pytest.raises(InputError) as caught:
            build_scene(asked)
        assert (caught.value.code, caught.value.field) == ("vessel-below-tissue", "vessel[0].depth_um")
        assert "30000 µm" in caught.value.hint


@pytest.mark.parametrize(("depth_um", "warned"), [(60.0, True), (119.0, True), (121.0, False), (300.0, False)])
def test_a_vessel_in_the_epidermis_is_reported(depth_um: float, warned: bool) -> None:
    """The epidermis of these layers ends at 70 µm; the vessel is 100 µm wide."""
    found = build_scene(
        loaded({"skin": {"layer": LAYERS}, "vessel": [{"depth_um": depth_um, "diameter_um": 100.0}], **PULSE})
    )
    assert ("vessel-in-epidermis" in {warning.code for warning in found.warnings}) is warned


def test_layers_without_end_that_are_given_hold_a_vessel_at_any_depth() -> None:
    vessel = {"depth_um": 99_000.0, "diameter_um": 100.0}
    assert build_scene(loaded({"skin": {"layer": LAYERS}, "vessel": [vessel], **PULSE}))


def test_a_wall_in_the_air_below_is_refused() -> None:
    slab = [{**LAYERS[1], "thickness_um": 300.0}]
    for wall_um, there in ((4.0, True), (6.0, False)):
        vessel = {"depth_um": 245.0, "diameter_um": 100.0, "wall_um": wall_um}
        asked = loaded({"skin": {"layer": slab}, "vessel": [vessel], **PULSE})
        if there:
            assert build_scene(asked)
            continue
        with pytest.raises(InputError, match="into air"):
            build_scene(asked)


# Temperature


@pytest.mark.parametrize("temperature_C", [*RESTING_TEMPERATURE_RANGE_C])
def test_the_ends_of_what_skin_rests_at_are_taken(temperature_C: float) -> None:
    low, high = RESTING_TEMPERATURE_RANGE_C
    found = simulate_case(loaded({"skin": {"temperature_C": temperature_C}, **PULSE}), draws=2).to_dict()
    assert found["temperature_C"]["surface_peak"]["median"] > temperature_C
    for outside in (low - 0.1, high + 0.1, float("nan")):
        with pytest.raises(InputError) as caught:
            loaded({"skin": {"temperature_C": outside}, **PULSE})
        assert caught.value.field == "skin.temperature_C"


def test_cold_below_freezing_is_reported() -> None:
    for coolant_C, warned in ((5.0, False), (-60.0, True)):
        cooling = {"kind": "contact", "temperature_C": coolant_C, "coefficient_W_m2K": 5000.0, "before_ms": 5000.0}
        found = simulate_case(loaded({"skin": {}, "cooling": cooling, **PULSE}), draws=2).to_dict()
        assert (found["temperature_C"]["surface_minimum"]["median"] < 0) is warned
        assert ("below-freezing" in codes(found)) is warned


@pytest.mark.parametrize(
    ("cooling", "code"),
    [
        ({"temperature_C": 60.0, "before_ms": 50.0}, "cooling-that-warms"),
        ({"coefficient_W_m2K": 0.0, "before_ms": 50.0}, "cooling-without-coefficient"),
        ({}, "cooling-without-time"),
        ({"temperature_C": 4.0, "before_ms": 50.0}, None),
    ],
)
def test_a_cooling_that_cools_nothing_is_reported(cooling: dict[str, Any], code: str | None) -> None:
    found = codes(
        find_threshold(loaded({"skin": {}, "cooling": {"kind": "contact", **cooling}, **PULSE}), "purpura").to_dict()
    )
    assert {one for one in found if one.startswith("cooling")} == ({code} if code else set())


# Layers by name


def test_an_unknown_layer_name_lists_the_known_ones() -> None:
    case = {"skin": {"layer": [{**LAYERS[0], "name": "epi"}, LAYERS[1]]}, **PULSE}
    (warning,) = [
        one for one in simulate_case(loaded(case), draws=2).to_dict()["warnings"] if one["code"] == "layer-not-known"
    ]
    assert '"epi"' in warning["message"]
    assert '"dermis"' not in warning["message"], "that one is known"
    assert 'Did you mean "epidermis"?' in warning["message"]
    assert all(name in warning["message"] for name in (*tissue_layer_names(EPIDERMIS), *tissue_layer_names(DERMIS)))
    with pytest.raises(NotAvailable) as caught:
        find_threshold(loaded(case), "epidermal-necrosis", draws=2)
    assert all(name in caught.value.reason for name in tissue_layer_names(EPIDERMIS))
    assert "layer-not-known" not in codes(
        simulate_case(loaded({"skin": {"layer": LAYERS}, **PULSE}), draws=2).to_dict()
    )


def test_a_layer_that_is_not_known_is_never_taken_as_dermis() -> None:
    slab = {"skin": {"layer": [{**LAYERS[1], "name": "slab"}]}, **PULSE}
    with pytest.raises(NotAvailable, match="no dermis"):
        find_threshold(loaded(slab), "collagen-coagulation", draws=2)


@pytest.mark.parametrize("name", ["human", "mouse-ear", "hamster-window", "chick-membrane", "blood", "melanosome"])
def test_every_layer_of_a_preset_has_a_known_name(name: str) -> None:
    from skinbeam.skin.distribution import SkinDistribution

    assert read_preset(name)
    assert unknown_layers(list(SkinDistribution(preset=name).median().layers)) is None


# Doses and times


def test_passes_of_a_whole_day_are_simulated() -> None:
    """Where a pass has stopped the blood cells end colder than without it: that broke the search of granules."""
    case = {"skin": {}, **PULSE}
    found = simulate_case(loaded(case, settings__passes=3, settings__pass_interval_s=43_000.0), draws=2).to_dict()
    assert 0.0 <= found["damage"]["p_melanosome_disrupted"]["median"] <= 1.0


@pytest.mark.parametrize(
    ("setting", "code"),
    [({"repetition_Hz": 5.0}, "repetition-not-used"), ({"pass_interval_s": 10.0}, "interval-not-used"), ({}, None)],
)
def test_a_rate_of_one_pulse_is_reported_not_to_be_used(setting: dict[str, float], code: str | None) -> None:
    case = {"skin": {}, **PULSE, "settings": PULSE["settings"] | setting}
    found = simulate_case(loaded(case), draws=2).to_dict()
    assert {one for one in codes(found) if one.endswith("not-used")} == ({code} if code else set())
    bare = simulate_case(loaded({"skin": {}, **PULSE}), draws=2).to_dict()
    assert bare["temperature_C"] == found["temperature_C"]


def test_skin_that_comes_there_at_rest_has_no_dose() -> None:
    """At 45 °C the rate of Henriques brings Ω = 1 in two hours; a warm plate keeps it there for the six of a train."""
    plate = {"kind": "contact", "temperature_C": 45.0, "coefficient_W_m2K": 5000.0, "during": True}
    case = {"skin": {"layer": LAYERS, "temperature_C": 45.0}, "cooling": plate, **PULSE}
    for hours, at_rest in ((6.0, True), (0.1, False)):
        asked = loaded(case, settings__pulses=2, settings__repetition_Hz=1 / (3600.0 * hours))
        found = find_threshold(asked, "epidermal-necrosis", draws=2).to_dict()
        assert found["reached"]
        assert ("unknown" in found["dose"]) is at_rest


def test_skin_hotter_than_carbon_lasts_has_no_temperature() -> None:
    case = {"skin": {}, "vessel": [{"depth_um": 300.0, "diameter_um": 100.0}], **PULSE}
    warm, gone = (
        simulate_case(loaded(case, settings__fluence_J_cm2=dose), draws=2).to_dict() for dose in (7.0, 1000.0)
    )
    for found, there in ((warm, True), (gone, False)):
        temperatures = found["temperature_C"]
        peaks = [temperatures["surface_peak"], temperatures["basal_peak"], temperatures["vessels"][0]["wall_peak"]]
        assert ["median" in peak for peak in peaks] == [there] * 3
        assert "above-boiling" in codes(found)
    assert "median" in gone["temperature_C"]["surface_minimum"]


def test_beams_that_would_boil_all_skin_have_no_rise() -> None:
    beam = {"energy_mJ": 20.0, "diameter_um": 120.0, "density_per_cm2": 100.0}
    case = {"skin": {}, "laser": {"wavelength_nm": 1550.0}, "settings": {"pulse_ms": 3.0}, "microbeam": beam}
    few, many = (
        simulate_case(loaded(case, microbeam__density_per_cm2=density), draws=2).to_dict()["microlesion"]["bulk_rise_K"]
        for density in (100.0, 1e5)
    )
    assert 0 < few["median"] < 67
    assert "boil" in many["unknown"]
