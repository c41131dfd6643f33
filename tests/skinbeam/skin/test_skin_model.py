from typing import Any

import numpy as np
import pytest

from skinbeam.model.case import Case
from skinbeam.model.exposure import PRESETS
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.simulate.pulse.locations import epidermis_bottom_m
from skinbeam.skin.distribution import SHIFT_NAMES, SkinDistribution
from skinbeam.skin.layers import BASAL_LAYER, HUMAN_LAYERS, add_basal_layer
from skinbeam.skin.melanin import matching_phototypes, melanin_column_m
from skinbeam.skin.properties import optical_properties, thermal_properties
from skinbeam.skin.tables import tissue_table
from skinbeam.skin.vessels import vessel_population

MELANIN = "melanosome_fraction"
PERSON = (*HUMAN_LAYERS[:2], BASAL_LAYER, *HUMAN_LAYERS[2:])


EVEN = {
    "thickness_m": np.array([[1e-5, 4e-5, 1e-3]]),
    MELANIN: np.array([[0.0, 0.2, 0.0]]),
    "water_fraction": np.array([[0.3, 0.6, 0.7]]),
}


def skin_of(**tables: Any) -> SkinDistribution:
    return SkinDistribution.from_case(parse_record(Case, tables, file="case.toml"))


def column_um(skin: SkinDistribution, n: int = 200) -> np.ndarray:
    """Melanosome volume per area of the living epidermis, its basal layer included, µm."""
    ds = skin.sample(n, 0)
    return (ds[MELANIN][:, :3] * ds["thickness_m"][:, :3]).sum(axis=1) * 1e6


@pytest.mark.parametrize("site", vocabulary_table("site"))
def test_every_site_has_layers(site: str) -> None:
    ds = skin_of(skin={"site": site}).sample(100, 0)
    assert tuple(ds.layers) == PERSON
    thickness = ds["thickness_m"]
    assert (thickness > 0).all()
    assert np.isinf(thickness[:, -1]).all()
    # Human skin anywhere but palm and sole: epidermis 25 to 400 µm, dermis 0.2 to 12 mm over all draws.
    assert ((thickness[:, :3].sum(axis=1) > 25e-6) & (thickness[:, :3].sum(axis=1) < 400e-6)).all()
    assert ((thickness[:, 3:7].sum(axis=1) > 0.2e-3) & (thickness[:, 3:7].sum(axis=1) < 12e-3)).all()


def test_variables_carry_units_and_a_weight() -> None:
    skins = skin_of(skin={"preset": "human"}, lesion=[{"kind": "port-wine-stain"}]).sample(3, 0)
    ds = skins.to_xarray()
    assert all("units" in ds[name].attrs for name in ds.data_vars)
    assert ds["weight"].dims == ("sample",)
    assert (ds["weight"] == 1).all()
    dims = {"thickness_m": "layer", "vessel_depth_m": "vessel", "lesion_depth_m": "place"}
    assert {name: ds[name].dims for name in dims} == {name: ("sample", dim) for name, dim in dims.items()}
    assert all(ds[name].dims[0] == "sample" for name in ds.data_vars)
    assert {f"{name}_shift" for name in SHIFT_NAMES} <= set(ds.data_vars) == set(skins.arrays)
    assert ds["layer"].values.tolist() == list(skins.layers)


def test_fractions_are_fractions() -> None:
    ds = skin_of(skin={"site": "eyelid", "ita_deg": -60.0}).sample(2000, 0)
    for name in (
        MELANIN,
        "blood_fraction",
        "water_fraction",
        "lipid_fraction",
        "blood_haematocrit",
        "blood_oxygenation",
    ):
        assert ((ds[name] >= 0) & (ds[name] <= 1)).all()


def test_darker_colours_hold_more_melanin() -> None:
    columns = melanin_column_m([58.0, 48.0, 30.0, 19.0, 0.0, -20.0, -42.0])
    assert (np.diff(columns) > 0).all()
    # The class centre of `intermediate` in the table: 0.0413 of an epidermis 70 µm thick.
    assert melanin_column_m(34.5) == pytest.approx(0.0413 * 70e-6)


def test_a_measured_colour_fixes_the_melanin_of_the_area_not_the_thickness() -> None:
    # Of one site a young epidermis and an old one, which is thinner; the sun is in a measured colour already.
    young, old = (
        skin_of(patient={"age_years": age}, skin={"site": "buttock", "ita_deg": 30.0}) for age in (25.0, 75.0)
    )
    np.testing.assert_allclose(column_um(young), column_um(old))


def test_a_colour_asks_for_melanin_by_site() -> None:
    """A measured colour is that of its site; one drawn for a phototype is of mixed sites and the same at all."""
    ita = np.linspace(-60.0, 75.0, 136)
    for site in tissue_table("layers")["sites"]:
        assert (np.diff(melanin_column_m(ita, site=site)) <= 0).all()
    # Blood darkens a face: at one colour it needs less melanin than an arm or a hand.
    face, arm, hand = (melanin_column_m(45.0, site=site) for site in ("cheeks", "forearm", "hands"))
    assert face < min(arm, hand)
    drawn = [column_um(skin_of(skin={"site": site})) for site in ("forearm", "buttock")]
    np.testing.assert_allclose(*drawn)


def test_colour_precedence() -> None:
    patient = {"age_years": 40, "phototype": "VI", "ita_deg": 50.0}
    reading = {"wavelength_nm": [640.0], "value": [0.5]}
    assert skin_of(patient=patient, skin={"ita_deg": 20.0}).ita_deg == 20.0
    assert skin_of(patient=patient, skin={"reflectance": reading}).ita_deg == 50.0
    only_type = {"age_years": 40, "phototype": "VI"}
    assert skin_of(patient=only_type, skin={"reflectance": reading}).phototype is None
    assert skin_of(patient=only_type).phototype == "VI"


def test_phototypes_order_the_melanin_and_overlap() -> None:
    columns = [
        column_um(skin_of(patient={"age_years": 40, "phototype": t}), 400) for t in ("I", "II", "III", "IV", "V", "VI")
    ]
    medians = [np.median(c) for c in columns]
    assert medians == sorted(medians)
    assert np.quantile(columns[1], 0.9) > np.median(columns[2])  # a wide prior: many of II are darker than III's middle


def test_colour_conflict_is_reported_and_the_measurement_used() -> None:
    skin = skin_of(patient={"age_years": 40, "phototype": "VI", "ita_deg": 50.0})
    assert [w.code for w in skin.warnings] == ["colour-conflict"]
    assert skin.ita_deg == 50.0
    assert not skin_of(patient={"age_years": 40, "phototype": "II-III", "ita_deg": 50.0}).warnings


def test_phototype_ranges_are_wide() -> None:
    assert matching_phototypes(45.0) == "I-IV"
    assert matching_phototypes(-40.0) == "V-VI"


def test_exposed_and_tanned_skin_is_darker_than_constitutive() -> None:
    inner, outer = column_um(skin_of(skin={"site": "forearm"})), column_um(skin_of(skin={"site": "arms"}))
    tanned = column_um(skin_of(patient={"age_years": 40, "tan": "current"}, skin={"site": "forearm"}))
    assert (outer >= inner).all()
    assert (tanned >= inner).all()
    measured = {"site": "forearm", "ita_deg": 40.0}
    np.testing.assert_array_equal(
        column_um(skin_of(patient={"age_years": 40, "tan": "current"}, skin=measured)),
        column_um(skin_of(skin=measured)),
    )


@pytest.mark.parametrize(
    ("lesion", "ratio"), [({"kind": "lentigo"}, 2.2), ({"kind": "scar", "melanin_ratio": 0.5}, 0.5)]
)
def test_a_lesion_multiplies_melanin(lesion: dict[str, Any], ratio: float) -> None:
    around = column_um(skin_of(skin={"ita_deg": 40.0}))
    spot = column_um(skin_of(skin={"ita_deg": 40.0}, lesion=[lesion]))
    # The median of 200 lognormal draws of spread 0.2 has a standard error of 0.02.
    assert np.median(spot / around) == pytest.approx(ratio, rel=0.06)


def test_a_lesion_without_a_source_says_so() -> None:
    assert [w.code for w in skin_of(lesion=[{"kind": "naevus-of-ota"}]).warnings] == ["lesion-without-melanin"]


def test_age_and_sex_change_thickness() -> None:
    def dermis(**patient: Any) -> float:
        ds = skin_of(patient=patient, skin={"site": "forehead"}).median()
        return float(ds["thickness_m"][0, 3:7].sum())

    assert dermis(age_years=70, sex="male") == pytest.approx(dermis(age_years=40, sex="male") * (1 - 3 * 0.06))
    assert dermis(age_years=40, sex="female") < dermis(age_years=40, sex="other") < dermis(age_years=40, sex="male")


def test_given_values_are_the_same_in_every_draw() -> None:
    ds = skin_of(
        skin={"temperature_C": 30.0, "hydration": 0.5, "ita_deg": 12.0},
        vessel=[{"depth_um": 300.0, "diameter_um": 100.0, "wall_um": 5.0, "haematocrit": 0.4, "oxygenation": 0.6}],
    ).sample(5, 0)
    given = {"temperature_C": 30.0, "ita_deg": 12.0, "vessel_depth_m": 300e-6, "vessel_diameter_m": 100e-6}
    given |= {"wall_m": 5e-6, "haematocrit": 0.4, "oxygenation": 0.6}
    for name, value in given.items():
        np.testing.assert_allclose(ds[name], value)
    np.testing.assert_allclose(ds["water_fraction"][:, ds.layers.index("reticular dermis")], 0.5)


def test_explicit_layers_replace_the_preset() -> None:
    layer = {"name": "epidermis", "thickness_um": 70.0, "mua_per_cm": 12.0, "mus_per_cm": 300.0, "g": 0.8, "n": 1.4}
    ds = skin_of(skin={"preset": "rat", "layer": [layer, layer | {"name": "rest", "mua_per_cm": 0.5}]}).sample(2, 0)
    at = optical_properties(ds, 1234.0)
    np.testing.assert_allclose(at.mua, [[1200.0, 50.0]] * 2)
    np.testing.assert_allclose(at.mus, 30000.0)
    np.testing.assert_allclose(ds["thickness_m"], 70e-6)
    # The defaults of the case file: 1109 kg/m³ and 3391 J/(kg K).
    np.testing.assert_allclose(thermal_properties(ds).heat_capacity_vol, 1109.0 * 3391.0)
    assert ds.vessel_count == 0


@pytest.mark.parametrize(
    ("tables", "mean_um"),
    [
        ({}, 24.0),
        ({"lesion": [{"kind": "telangiectasia"}]}, 267.8),
        ({"lesion": [{"kind": "port-wine-stain"}]}, None),
    ],
)
def test_vessels_follow_the_lesion_and_lie_below_the_epidermis(tables: dict[str, Any], mean_um: float | None) -> None:
    ds = skin_of(skin={"site": "cheeks"}, **tables).sample(2000, 0)
    depth, diameter = (ds[name][:, 0] for name in ("vessel_depth_m", "vessel_diameter_m"))
    epidermis = ds["thickness_m"][:, :2].sum(axis=1)
    assert (depth - diameter / 2 >= epidermis).all()
    if mean_um is not None:
        # Mean of 2000 draws with a deviation of 0.42 of it: standard error 0.009, three of them.
        assert np.mean(diameter) * 1e6 == pytest.approx(mean_um, rel=0.03)
    else:
        purple = diameter > 60e-6
        # 7 of 18 biopsies; standard error of a share of 2000 draws 0.011.
        assert purple.mean() == pytest.approx(7 / 18, abs=0.04)
        assert np.median(depth[purple]) > np.median(depth[~purple])


def test_populations_of_vessels_are_sourced() -> None:
    for kind in ("normal", "facial-telangiectasia", "port-wine-stain"):
        assert all(diameter.source for _, diameter, _ in vessel_population(kind).parts)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_can_be_sampled(preset: str) -> None:
    ds = skin_of(skin={"preset": preset}).sample(5, 0)
    at = optical_properties(ds, 1064.0)
    assert all(np.isfinite(a).all() for a in (at.mua, at.mus, at.g, at.n))
    assert (thermal_properties(ds).conductivity > 0).all()


def test_ita_sets_the_melanin_of_animals_and_albinos_have_none() -> None:
    assert (column_um(skin_of(skin={"preset": "guinea-pig-albino"})) == 0).all()
    np.testing.assert_allclose(
        column_um(skin_of(skin={"preset": "minipig", "ita_deg": 10.0})),
        column_um(skin_of(skin={"preset": "guinea-pig", "ita_deg": 10.0})),
    )


@pytest.mark.parametrize("basal_um", [0.5, 10.0, 50.0])
def test_a_basal_layer_takes_all_melanin_and_leaves_the_rest_as_it_was(basal_um: float) -> None:
    """A tenth of the 40 µm stays above it, so that 50 µm is too much; 8 µm of melanosomes need 12.5 µm."""
    split = add_basal_layer(EVEN, 1, np.array([basal_um * 1e-6]), np.zeros(1))
    height = np.clip(basal_um, 12.5, 36.0)
    np.testing.assert_allclose(split["thickness_m"], [[1e-5, (40.0 - height) * 1e-6, height * 1e-6, 1e-3]])
    np.testing.assert_allclose(split[MELANIN], [[0.0, 0.0, 8.0 / height, 0.0]])
    np.testing.assert_array_equal(split["water_fraction"], [[0.3, 0.6, 0.6, 0.7]])


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.5, 0.9])
def test_what_stays_above_the_basal_cells_is_no_more_and_no_less(fraction: float) -> None:
    """From none, where the basal cells hold all that they can, to as much as in them; the area holds the same."""
    even = EVEN | {MELANIN: np.array([[0.0, fraction, 0.0]])}
    for above in (0.0, 0.3, 1.0):
        split = add_basal_layer(even, 1, np.array([1e-5]), np.array([above]))
        upper, basal = split[MELANIN][0, 1:3]
        assert upper == pytest.approx(above * fraction)
        assert upper <= basal * (1 + 1e-12)
        # 36 µm of 40 at most are basal, so that an epidermis fuller than 0.64 of it may fill them whole.
        assert basal <= max(0.64, fraction / 0.9) + 1e-12
        np.testing.assert_allclose((split[MELANIN] * split["thickness_m"]).sum(), fraction * 4e-5)
    np.testing.assert_allclose(split[MELANIN][0, 1:3], fraction)


def test_melanin_of_people_lies_low_and_reaches_up() -> None:
    """Each draw lies between basal cells alone and an even epidermis, whatever its colour."""
    for ita in (55.0, 10.0, -30.0):
        ds = skin_of(skin={"ita_deg": ita}).sample(200, 0)
        upper, basal = ds[MELANIN][:, 1:3].T
        thickness = ds["thickness_m"][:, 1:3]
        even = (ds[MELANIN][:, 1:3] * thickness).sum(axis=1) / thickness.sum(axis=1)
        assert ((upper >= 0) & (upper <= basal)).all()
        # 200 uniform numbers leave neither tenth empty but once in 10⁹.
        assert (upper / even).min() < 0.1
        assert (upper / even).max() > 0.9
        # Below them lies a basal layer as high in every colour, but where it cannot hold its melanin.
        assert (basal <= 0.64 + 1e-12).all()


def test_melanin_of_pigs_lies_in_their_basal_layer() -> None:
    for preset in ("pig", "minipig"):
        ds = skin_of(skin={"preset": preset}).sample(100, 0)
        assert tuple(ds.layers) == PERSON
        pigmented = (ds[MELANIN] > 0).all(axis=0)
        assert [name for name, held in zip(ds.layers, pigmented, strict=True) if held] == [BASAL_LAYER]
        np.testing.assert_allclose(epidermis_bottom_m(ds), ds["thickness_m"][:, :3].sum(axis=1))
        vessels, bottom = ds["vessel_depth_m"], ds["thickness_m"][:, :3].sum(axis=1)
        assert np.nanmin(vessels - bottom[:, None]) > 0


def test_gelatin_holds_the_water_that_is_asked_for() -> None:
    wet, dry = (skin_of(skin={"preset": "phantom", "hydration": w}).median() for w in (0.9, 0.6))
    assert optical_properties(wet, 2940.0).mua / optical_properties(dry, 2940.0).mua == pytest.approx(1.5)
    assert thermal_properties(wet).conductivity > thermal_properties(dry).conductivity
