import math
from typing import Any

import numpy as np
import pytest

from skinbeam.model.case import Case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.input_files import parse_record
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import (
    anisotropy,
    baseline_mua,
    blood_mua,
    blood_thermal_properties,
    lipid_mua,
    melanosome_mua,
    optical_properties,
    reduced_scattering,
    thermal_properties,
    water_mua,
)
from skinbeam.skin.tables import read_spectrum

PER_CM = 100.0


def median_of(**skin: Any) -> Any:
    return SkinDistribution.from_case(parse_record(Case, {"skin": skin}, file="case.toml")).median()


# Whole blood at haematocrit 0.45, 1/cm, as printed; interpolating steps of 2 to 5 nm costs up to 2 %.
@pytest.mark.parametrize(
    ("wavelength_nm", "oxy", "deoxy"),
    [
        (418, 1172.2, 1196.2),
        (532, 224.8, 186.6),
        (577, 270.35, 200.65),
        (595, 50.7, 112.6),
        (694, 1.3, 11.14),
        (1064, 4.52, 2.02),
    ],
)
def test_blood_is_per_metre_to_base_e_with_its_water(wavelength_nm: float, oxy: float, deoxy: float) -> None:
    assert blood_mua(wavelength_nm, 0.45, 1.0) / PER_CM == pytest.approx(oxy, rel=0.02)
    assert blood_mua(wavelength_nm, 0.45, 0.0) / PER_CM == pytest.approx(deoxy, rel=0.02)


def test_haematocrit_scales_cells_and_leaves_water() -> None:
    # At 532 nm cells are all: half the haematocrit is half the absorption, but for water's share of 2e-6.
    assert blood_mua(532.0, 0.225, 0.8) == pytest.approx(0.5 * blood_mua(532.0, 0.45, 0.8), rel=1e-5)
    # At 1440 nm water is all.
    assert blood_mua(1440.0, 0.2, 0.8) == pytest.approx(blood_mua(1440.0, 0.45, 0.8))


def test_fat_is_per_metre() -> None:
    # The printed table is per metre: about 13 at its peak near 930 nm; taken as 1/cm it would be a hundred times that.
    assert lipid_mua(930.0) == pytest.approx(13.0, rel=0.05)


@pytest.mark.parametrize(
    ("wavelength_nm", "per_cm"),
    [
        (755, 0.0288),
        (980, 0.482),
        (1064, 0.1437),
        (1450, 32.7),
        (1550, 11.9),
        (1927, 135.8),
        (2940, 12206),
        (10600, 824.9),
    ],
)
def test_water_is_as_printed(wavelength_nm: float, per_cm: float) -> None:
    # Between the rows of the product's table lie 5 to 50 nm: 1 %.
    assert water_mua(wavelength_nm) / PER_CM == pytest.approx(per_cm, rel=0.01)


def test_melanosomes_of_the_eye_absorb_about_four_times_more() -> None:
    assert melanosome_mua(500.0) == pytest.approx(519 * PER_CM)
    # 4904/1284.6 between the two laws of one author; 2118.7/430.87 between the laws used here, at 532 nm.
    assert melanosome_mua(532.0, "retinal") / melanosome_mua(532.0) == pytest.approx(2118.7 / 430.87, rel=1e-3)


def test_melanosomes_of_the_eye_go_through_what_was_measured_in_the_infrared() -> None:
    assert melanosome_mua(1000.0, "retinal") == pytest.approx(925 * PER_CM, rel=1e-12)
    # Continuous where the law, the power between and the exponential meet.
    for joint in (532.0, 1000.0):
        below, above = (melanosome_mua(joint * (1 + side * 1e-9), "retinal") for side in (-1, 1))
        assert below == pytest.approx(above, rel=1e-7)
    # The geometric mean of the ends, at the geometric mean of the wavelengths.
    middle = melanosome_mua(math.sqrt(532.0 * 1000.0), "retinal")
    assert middle == pytest.approx(math.sqrt(melanosome_mua(532.0, "retinal") * 925 * PER_CM), rel=1e-9)
    # Eumelanin: exp(-0.0056 nm).
    assert melanosome_mua(1200.0, "retinal") == pytest.approx(925 * PER_CM * math.exp(-1.12), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "wavelength_nm"),
    [(water_mua, 399.0), (water_mua, 11001.0), (lipid_mua, 428.0), (lipid_mua, 1100.0), (melanosome_mua, 2000.0)],
)
def test_nothing_is_read_beyond_its_table(call: Any, wavelength_nm: float) -> None:
    with pytest.raises(NotAvailable, match="not known at"):
        call(wavelength_nm)


def test_skin_is_not_described_beyond_its_range() -> None:
    with pytest.raises(NotAvailable, match="skin"):
        optical_properties(median_of(), 355.0)


@pytest.mark.parametrize(
    "wavelength_nm", [400.0, 532.0, 1064.0, 1600.0, 2000.0, 2490.0, 2940.0, 6450.0, 10600.0, 11000.0]
)
def test_optics_of_skin_are_possible_everywhere(wavelength_nm: float) -> None:
    at = optical_properties(SkinDistribution(site="cheeks").sample(50, 0), wavelength_nm)
    assert (at.mua > 0).all()
    assert (at.mus > 0).all()
    assert ((at.g > 0) & (at.g < 1)).all()
    assert ((at.n >= 1) & (at.n < 1.6)).all()
    assert at.mua.shape == at.mus.shape == at.g.shape == at.n.shape == (50, 8)


def test_tables_join_without_a_step() -> None:
    # Where one source hands over to the next, two neighbouring values differ by less than the sources do (18 %).
    for nm in (690.0, 2490.0):
        assert water_mua(nm + 0.5) == pytest.approx(water_mua(nm - 0.5), rel=0.05)
    for material in ("epidermis", "dermis", "fat"):
        assert reduced_scattering(material, 1600.01) == pytest.approx(reduced_scattering(material, 1599.99), rel=1e-4)
    assert blood_mua(2005.0, 0.45, 0.5) == pytest.approx(float(blood_mua(1995.0, 0.45, 0.5)), rel=0.1)


def test_dermis_scatters_as_the_mean_of_its_data_sets() -> None:
    # Geometric mean at 500 nm of a = 45.6, 42.9, 42.6, 58.3, 36.4, 43.6, 30.6, 44.7 per cm.
    sets = [45.6, 42.9, 42.6, 58.3, 36.4, 43.6, 30.6, 44.7]
    assert reduced_scattering("dermis", 500.0) / PER_CM == pytest.approx(np.exp(np.mean(np.log(sets))))
    wavelengths = [400.0, 600.0, 1000.0, 1600.0, 3000.0, 11000.0]
    for material in ("corneum", "epidermis", "dermis", "fat"):
        assert (np.diff([reduced_scattering(material, nm) for nm in wavelengths]) < 0).all()


def test_anisotropy_follows_its_sources() -> None:
    assert anisotropy(633.0) == pytest.approx(0.62 + 0.29e-3 * 633.0, abs=1e-3)
    assert anisotropy(9700.0) == pytest.approx(0.967)


def test_baseline_is_the_formula_in_per_metre() -> None:
    # 0.244 + 85.3 exp(-(500 - 154)/66.2) = 0.702 per cm.
    assert baseline_mua(500.0) / PER_CM == pytest.approx(0.244 + 85.3 * np.exp(-346 / 66.2))


def test_the_infrared_is_water() -> None:
    at = optical_properties(median_of(hydration=0.65), 2940.0)
    # Dermis: water fraction times water, and blood, which is nearly water too, in place of a thousandth of it.
    assert at.mua[0, 5] / (0.65 * water_mua(2940.0)) == pytest.approx(1.0, abs=0.01)


def test_more_melanin_absorbs_more_and_only_in_the_living_epidermis() -> None:
    light, dark = median_of(ita_deg=50.0), median_of(ita_deg=-10.0)
    for nm in (400.0, 694.0, 1064.0, 1550.0):
        difference = optical_properties(dark, nm).mua - optical_properties(light, nm).mua
        assert (difference[0, 1:3] > 0).all()
        np.testing.assert_allclose(np.delete(difference[0], [1, 2]), 0.0, atol=1e-9)


def test_hydration_changes_1450_nm_and_not_532() -> None:
    wet, dry = median_of(hydration=0.75), median_of(hydration=0.55)
    ratio = optical_properties(wet, 1450.0).mua / optical_properties(dry, 1450.0).mua
    assert (ratio[0, :7] > 1.2).all()
    assert optical_properties(wet, 532.0).mua == pytest.approx(optical_properties(dry, 532.0).mua, rel=1e-3)


def test_blood_in_vessels_is_reached_less_than_blood_spread_out() -> None:
    ds = median_of(site="cheeks")
    spread_out = ds.with_arrays(vessel_radius_m=np.zeros_like(ds["vessel_radius_m"]))
    packed, free = optical_properties(ds, 418.0).mua, optical_properties(spread_out, 418.0).mua
    assert (packed[0, 3:] < free[0, 3:]).all()
    # At 800 nm a vessel is clear: 2 mua r = 2 x 430/m x 12 µm = 1 %, of which half is lost.
    assert optical_properties(ds, 800.0).mua == pytest.approx(optical_properties(spread_out, 800.0).mua, rel=0.01)


def test_a_cuvette_of_blood_is_blood() -> None:
    ds = SkinDistribution(preset="blood").median()
    at = optical_properties(ds, 532.0)
    assert at.mua[0, 0] == pytest.approx(
        float(blood_mua(532.0, ds["blood_haematocrit"][0], ds["blood_oxygenation"][0]))
    )
    assert at.mus[0, 0] == pytest.approx(float(read_spectrum("blood").at("scattering_per_m", 532.0)))
    assert blood_thermal_properties() == pytest.approx((0.52, 1050.0 * 3617.0))


def test_heat_properties_are_those_of_the_tables() -> None:
    heat = thermal_properties(median_of(site="cheeks"))
    assert heat.conductivity[0] == pytest.approx([0.21, 0.29, 0.29, 0.37, 0.37, 0.37, 0.37, 0.21])
    assert heat.heat_capacity_vol[0, 5] == pytest.approx(1109.0 * 3391.0)
    assert heat.heat_capacity_vol[0, 7] == pytest.approx(911.0 * 2348.0)
