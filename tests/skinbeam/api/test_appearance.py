import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import TESTS

from research.derived_tables.melanin_by_site import melanin_column_um
from skinbeam.api.skin import describe_skin, parse_wavelengths
from skinbeam.model.case import Case
from skinbeam.model.document import canonical_json
from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Reflectance
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.model.package_data import load_derived_table
from skinbeam.simulate.appearance import median_ita_deg, reflectance, reflectance_parts, weight_by_reading
from skinbeam.skin.colour import COLOUR_WAVELENGTHS_NM, port_loss_fraction, spectrum_to_lab
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import OpticalProperties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import tissue_table

LINES = np.genfromtxt(TESTS / "data" / "forearm_reflectance.csv", delimiter=",", skip_header=3)
SPREAD_NM = [400.0, 450.0, 532.0, 595.0, 694.0, 755.0, 1064.0, 1550.0, 1900.0]


def loaded(**tables: Any) -> LoadedCase:
    return LoadedCase(parse_record(Case, tables, file="case.toml"), Path(), "case.toml")


def shown(tables: dict[str, Any], wavelengths: list[float], draws: int = 24) -> dict[str, Any]:
    return describe_skin(loaded(**tables), wavelengths, draws=draws, seed=0).to_dict()


@pytest.fixture(scope="module")
def forearms() -> np.ndarray:
    return reflectance(
        SkinDistribution.from_case(loaded(skin={"site": "forearm"}).case).sample(200, 0), LINES[:, 0].tolist()
    )


@pytest.mark.parametrize("line", range(len(LINES)))
def test_forearms_reflect_as_people_do(forearms: np.ndarray, line: int) -> None:
    """Median within one standard deviation of 100 people, spread within a factor of 2 of theirs, at each laser line."""
    _, mean, deviation = LINES[line]
    assert abs(np.median(forearms[:, line]) - mean) < deviation
    assert 0.5 < forearms[:, line].std() / deviation < 2.0


def test_more_melanin_is_darker_at_every_wavelength() -> None:
    spectra = [
        reflectance(SkinDistribution(site="cheeks", ita_deg=ita).median(), SPREAD_NM)[0]
        for ita in (55.0, 35.0, 10.0, -30.0)
    ]
    assert (np.diff(spectra, axis=0) < 0).all()


def test_water_darkens_1450_nm_and_little_else_below_900() -> None:
    wet, dry = (
        reflectance(SkinDistribution(site="cheeks", ita_deg=40.0, hydration=w).median(), [633.0, 1450.0])[0]
        for w in (0.75, 0.5)
    )
    assert wet[1] < 0.9 * dry[1]
    # The refractive index and the scattering do not follow the hydration; what is left is water's own absorption.
    assert wet[0] == pytest.approx(dry[0], rel=1e-3)


def test_leaving_out_the_surface_leaves_out_fresnel() -> None:
    ds = SkinDistribution(site="cheeks").median()
    with_it, without = (reflectance(ds, [633.0], specular=s)[0, 0] for s in (True, False))
    # Index 1.49, the middle of its range: ((n - 1)/(n + 1))² = 0.0387; dispersion moves it by less than 1e-4.
    assert with_it - without == pytest.approx((0.49 / 2.49) ** 2, abs=3e-4)


@pytest.mark.parametrize("site", tissue_table("layers")["sites"])
def test_a_site_has_the_colour_that_was_asked_for(site: str) -> None:
    """As an instrument reads it. Between two tabulated colours, 10° apart, the logarithm of melanin bends by less than
    a twentieth of that."""
    for ita in (50.0, 35.0, 15.0, -5.0, -35.0):
        assert abs(median_ita_deg(SkinDistribution(site=site, ita_deg=ita)) - ita) < 0.5


def test_the_tabulated_melanin_is_what_a_site_needs() -> None:
    """Four digits of melanin are five in 10 000 of it; a change of layers, blood or optics asks for a new table."""
    entry = load_derived_table("melanin_by_site")
    for site, colour in (("hands", 20.0), ("cheeks", 40.0), ("forearm", -42.0)):
        tabulated = entry["column_um"][site][entry["ita_deg"].index(colour)]
        assert melanin_column_um(site, colour) == pytest.approx(tabulated, rel=1e-3)


def test_darker_colours_compute_darker_ita() -> None:
    given = (55.0, 35.0, 15.0, -35.0)
    for site in ("cheeks", "forearm", "hands"):
        found = [shown({"skin": {"site": site, "ita_deg": ita}}, [633.0])["ita_deg"] for ita in given]
        assert found == sorted(found, reverse=True)
        # The median spectrum of 24 people is that of the middle skin to a few degrees: people spread by 10° or more.
        assert found[:3] == pytest.approx(given[:3], abs=10.0)


def test_the_same_melanin_returns_the_same_red_light_at_every_site() -> None:
    """What red light sees of a skin is its melanin over an area; blood, layers and fat of a site should matter less."""

    def red(site: str, column_m: float) -> float:
        skin = SkinDistribution(site=site, ita_deg=45.0).median()
        fraction = skin["melanosome_fraction"]
        held = float((fraction * np.where(fraction > 0, skin["thickness_m"], 0.0)).sum())
        return float(reflectance(skin.with_arrays(melanosome_fraction=fraction * column_m / held), [690.0])[0, 0])

    for column_m in (2.1e-6, 4.2e-6):
        found = np.array([red(site, column_m) for site in ("cheeks", "neck", "decolletage", "arms", "forearm", "back")])
        # Colour classes beside each other differ by a twelfth: half of that would mistake one for the next.
        assert np.ptp(found) < 0.04 * found.mean()


def test_fat_holds_blood_and_darkens_what_skin_returns() -> None:
    skin = SkinDistribution(site="forearm").median()
    blood = skin["blood_fraction"].copy()
    blood[:, -1] = 0.0
    bare = skin.with_arrays(blood_fraction=blood)
    # Light in the near infrared passes the dermis: the diffuse reflectance of fat without blood is seen through it.
    assert (reflectance(skin, [577.0, 690.0, 810.0]) < reflectance(bare, [577.0, 690.0, 810.0])).all()
    # 10 to 15 µM of haemoglobin over 2.33 mM in blood.
    assert 0.0043 < float(skin["blood_fraction"][0, -1]) < 0.0065


def test_a_colour_is_read_through_a_port() -> None:
    """An instrument misses red light of skin, and none of a phantom: what is told is less red than the spectrum."""
    nm = list(COLOUR_WAVELENGTHS_NM)
    for tables, read in (
        ({"skin": {"site": "cheeks", "ita_deg": 45.0}}, True),
        ({"skin": {"preset": "phantom"}}, False),
    ):
        result = shown(tables, nm)
        whole = spectrum_to_lab(result["reflectance"])
        # Printed reflectances have six digits; a and b multiply the cube roots of tristimulus values by up to 500.
        assert (result["Lab"]["a"] < float(whole.a) - 0.1) == read
        assert (result["Lab"]["a"] == pytest.approx(float(whole.a), abs=5e-3)) != read
        assert (result["Lab"]["L"] < float(whole.L) - 0.1) == read


def test_a_port_loses_red_light_and_more_of_light_skin() -> None:
    dark, light = port_loss_fraction(-42.0), port_loss_fraction(48.0)
    assert (np.diff(light[20:]) > 0).all()  # from 600 nm on
    assert (light >= dark).all()
    assert light[0] < 0.001  # next to nothing at 400 nm (takiwaki2002)
    # Half of the tenth by which the wider of two ports reads more there is the least that the wider one loses too.
    assert 0.03 < light[-1] < 0.1
    # Beyond the colours that were traced the loss is that of the nearest.
    np.testing.assert_array_equal(port_loss_fraction(80.0), light)
    np.testing.assert_array_equal(port_loss_fraction(-80.0), dark)


def test_the_document_has_every_key() -> None:
    result = shown({"skin": {"site": "cheeks", "ita_deg": 45.0}}, [532.0, 1064.0])
    assert result["schema"] == "skinbeam.skin/1"
    assert result["wavelength_nm"] == [532.0, 1064.0]
    for name in ("reflectance", "reflectance_low", "reflectance_high", "reflectance_excluded"):
        assert len(result[name]) == 2
        assert all(isinstance(value, float) for value in result[name])
    low, middle, high = (np.array(result[f"reflectance{end}"]) for end in ("_low", "", "_high"))
    assert ((low <= middle) & (middle <= high)).all()
    assert (np.array(result["reflectance_excluded"]) < middle).all()
    assert set(result["Lab"]) == {"L", "a", "b"}
    assert 0 < result["level"] < 1
    assert result["layers"][0]["name"] == "stratum corneum"
    for layer in result["layers"]:
        for name in ("mua_per_cm", "mus_per_cm", "g", "n"):
            assert len(layer[name]) == 2
        assert layer["density_kg_m3"] > 0
    assert math.isclose(
        result["Lab"]["L"] - 50, result["Lab"]["b"] * math.tan(math.radians(result["ita_deg"])), rel_tol=1e-4
    )


def test_colour_does_not_depend_on_the_wavelengths_asked() -> None:
    case = {"skin": {"site": "cheeks", "ita_deg": 45.0}}
    assert shown(case, [532.0])["Lab"] == shown(case, [700.0, 2000.0])["Lab"]


def test_the_same_seed_gives_the_same_bytes() -> None:
    case = {"skin": {"site": "neck"}}
    assert canonical_json(shown(case, [532.0])) == canonical_json(shown(case, [532.0]))
    other = describe_skin(loaded(**case), [532.0], draws=24, seed=1).to_dict()
    assert other["reflectance"] != shown(case, [532.0])["reflectance"]


def test_explicit_layers_are_shown_as_given() -> None:
    layer = {"name": "slab", "thickness_um": 70.0, "mua_per_cm": 12.0, "mus_per_cm": 300.0, "g": 0.8, "n": 1.4}
    result = shown({"skin": {"layer": [layer]}}, [532.0, 1064.0])
    assert result["layers"][0]["mua_per_cm"] == [12.0, 12.0]
    assert result["layers"][0]["thickness_um"] == 70.0
    assert [w["code"] for w in result["warnings"]] == ["layers-at-one-wavelength"]


def test_a_reading_pulls_the_draws_towards_itself() -> None:
    skin = SkinDistribution(site="forearm")
    ds = skin.sample(200, 0)
    nm = [640.0, 700.0]
    plain = reflectance(ds, nm)
    dark = Reflectance(wavelength_nm=nm, value=[0.30, 0.38])
    weighed = weight_by_reading(ds, dark)
    weight = weighed["weight"]
    assert ((weight >= 0) & (weight <= 1)).all()
    mean = (weight[:, None] * plain).sum(axis=0) / weight.sum()
    before = np.abs(plain.mean(axis=0) - dark.value)
    assert (np.abs(mean - dark.value) < 0.5 * before).all()
    # Chunks weigh the same as the whole.
    part = weight_by_reading(skin.sample(10, 0, start=50), dark)["weight"]
    np.testing.assert_allclose(part, weight[50:60], rtol=1e-9)


def test_a_reading_that_no_skin_gives_is_refused() -> None:
    reading = {"wavelength_nm": [450.0, 640.0, 1450.0], "value": [0.99, 0.01, 0.99]}
    with pytest.raises(InputError, match="No skin of this model"):
        shown({"skin": {"reflectance": reading}}, [532.0])


def test_many_wavelengths_use_fewer_draws_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skinbeam.api.skin.MAX_SOLUTIONS", 4_000)  # a fifth of what is computed at most
    result = describe_skin(loaded(skin={"site": "forearm"}), [532.0, 533.0], draws=5000, seed=0).to_dict()
    assert 20 < result["draws"] < 4_000 / 2
    assert [w["code"] for w in result["warnings"]] == ["fewer-draws"]


def test_very_many_wavelengths_are_not_all_solved_and_give_the_same_spectrum(monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 wavelengths of 20 draws each took half a minute: the limit of solutions did not hold for them."""
    solved = []

    def count_solutions(ds: SkinSample, optics: Sequence[OpticalProperties]) -> Any:
        solved.append(len(optics) * ds.count)
        return reflectance_parts(ds, optics)

    monkeypatch.setattr("skinbeam.api.skin.reflectance_parts", count_solutions)
    case, fine = loaded(skin={"site": "forearm"}), list(np.linspace(500.0, 620.0, 1_201))
    together = describe_skin(case, fine, draws=20)
    assert sum(solved) < 20 * 400
    assert [warning.code for warning in together.warnings] == ["interpolated-spectra"]
    bands = [0, 423, 427, 770, 1200]  # the ends, a band of blood and its edges
    alone = describe_skin(case, [fine[index] for index in bands], draws=20)
    np.testing.assert_allclose(together.reflectance[bands], alone.reflectance, atol=2e-4)
    np.testing.assert_allclose(together.layers[1].mua_per_cm[bands], alone.layers[1].mua_per_cm, rtol=1e-12)
    assert together.Lab == alone.Lab


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("532", [532.0]),
        ("532, 595", [532.0, 595.0]),
        ("400:430:10", [400.0, 410.0, 420.0, 430.0]),
        ("400:425:10,1064", [400.0, 410.0, 420.0, 1064.0]),
        ("400:400:5", [400.0]),
        ("400.1:400.4:0.1", [400.1, 400.2, 400.3, 400.4]),
    ],
)
def test_wavelengths_are_read(text: str, expected: list[float]) -> None:
    assert parse_wavelengths(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-a-number"),
        ("green", "not-a-number"),
        ("400:500", "wrong-value"),
        ("400:500:10:2", "wrong-value"),
        ("nan", "wrong-value"),
        ("400:inf:10", "wrong-value"),
        ("500:400:10", "wrong-value"),
        ("400:500:0", "wrong-value"),
        ("400:500:-10", "wrong-value"),
        ("399", "out-of-range"),
        ("400:12000:100", "out-of-range"),
        ("400:1400:0.1", "too-many"),
        ("400:401:1e-300", "too-many"),
    ],
)
def test_wavelengths_that_cannot_be_are_refused(text: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        parse_wavelengths(text)
    assert error.value.code == code
    assert error.value.field == "wavelength_nm"
    assert error.value.hint


@given(st.text(max_size=30))
def test_any_text_gives_wavelengths_or_an_input_error(text: str) -> None:
    try:
        found = parse_wavelengths(text)
    except InputError:
        return
    assert 1 <= len(found) <= 10_000
    assert all(400 <= nm <= 11000 for nm in found)
