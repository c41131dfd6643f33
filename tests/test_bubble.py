"""Steam has the pressure of the tables, and a roof holds what its closed form says."""

import numpy as np
import pytest

from skinbeam.physics.bubble import Steam, filling_kg, held_Pa, steam_kg
from skinbeam.simulate.surface_rupture import steam

ATMOSPHERE_PA = 101325.0
WATER = Steam(2.2565e6, 0.018015, 373.15, ATMOSPHERE_PA)


def kelvin(celsius):
    return np.asarray(celsius) + 273.15


def test_the_water_of_the_tables_is_that_of_the_data():
    assert steam() == WATER


@pytest.mark.parametrize(
    ("celsius", "kPa"), [(90, 70.18), (100, 101.42), (110, 143.38), (120, 198.67), (140, 361.54), (160, 618.23)]
)
def test_steam_has_the_pressure_of_the_steam_tables(celsius, kPa):
    """NISTIR 5078 (harvey1998); a latent heat that is constant, and ideal steam, leave 1 %."""
    assert WATER.pressure_Pa(kelvin(celsius)) == pytest.approx(kPa * 1e3, rel=0.01)


@pytest.mark.parametrize(("celsius", "kg_m3"), [(100, 0.5982), (120, 1.1221), (140, 1.9667)])
def test_steam_is_nearly_as_dense_as_in_the_steam_tables(celsius, kg_m3):
    # Saturated steam is denser than an ideal gas: by 1.6 % at 100 °C and 3.6 % at 140 °C.
    assert WATER.density_kg_m3(WATER.pressure_Pa(kelvin(celsius))) == pytest.approx(kg_m3, rel=0.04)


def test_water_boils_where_its_pressure_is_reached():
    warm = kelvin([60.0, 100.0, 137.0, 180.0])
    np.testing.assert_allclose(WATER.boils_K(WATER.pressure_Pa(warm)), warm, rtol=1e-13)
    assert WATER.boils_K(ATMOSPHERE_PA) == pytest.approx(373.15, rel=1e-15)
    # exp(L M / R T0) atmospheres, half a million, are more than (bubble 1) has at any temperature.
    assert np.isinf(WATER.boils_K(1e6 * ATMOSPHERE_PA))
    assert WATER.density_kg_m3(1e6 * ATMOSPHERE_PA) == 0.0


def test_a_cap_of_any_other_height_holds_less_than_the_hemisphere():
    """A cap of height h over a circle of radius a is of a sphere of radius (a² + h²) / 2h."""
    strength, roof, radius = 2e6, 12e-6, 1e-3
    heights = np.array([0.2, 0.7, 0.99, 1.01, 1.5]) * radius
    held = 2 * strength * roof / ((radius**2 + heights**2) / (2 * heights))
    assert held_Pa(strength, roof, radius) == pytest.approx(48e3)
    assert np.all(held < held_Pa(strength, roof, radius))


def test_what_fills_a_wide_bubble_is_its_volume_at_one_atmosphere():
    radius = 10.0  # a roof that is as good as not there
    found = filling_kg(WATER, held_Pa(2e6, 12e-6, radius), radius)
    assert found == pytest.approx(2 / 3 * np.pi * radius**3 * WATER.density_kg_m3(ATMOSPHERE_PA), rel=1e-4)


def cells():
    """Two skins of four cells each: rise, what each is short of vapour and of boiling, and c dz / L."""
    rise = np.array([[3e-4, 2.5e-4, 1e-4, 0.0], [2e-4, 4e-4, 3e-4, 1e-5]])
    vapour = np.array([[88.0, 80.0, 85.0, 75.0], [70.0, 72.0, 74.0, 76.0]])
    boiling = np.array([[82.0, 74.0, 79.0, 69.0], [75.0, 77.0, 79.0, 81.0]])
    return rise, vapour, boiling, np.array([[1e-5], [2e-5]]) * np.arange(1.0, 5.0)


def test_steam_below_a_gaussian_is_the_integral_over_its_profile():
    """Rings of the exposure D exp(-2 r² / w²), each with the steam of its cells, summed by brute force."""
    rise, vapour, boiling, heat = cells()
    dose, waist = np.array([4.5e5, 3.5e5]), np.array([1.5e-3, 4e-3])
    found = steam_kg(dose, rise, vapour, boiling, heat, radius_m=waist, gaussian=True)
    rings = 200_000
    for k in range(2):
        edges = np.linspace(0.0, 2 * waist[k], rings + 1)
        middle = (edges[:-1] + edges[1:]) / 2
        warmed = dose[k] * np.exp(-2 * (middle / waist[k]) ** 2)[:, None] * rise[k]
        made = np.where(warmed > np.maximum(vapour[k], boiling[k]), warmed - boiling[k], 0.0) * heat[k]
        expected = (made.sum(axis=1) * 2 * np.pi * middle * np.diff(edges)).sum()
        # Of the ring in which vapour ends, a part counts: 1e-5 of the radius.
        assert found[k] == pytest.approx(expected, rel=1e-4)


def test_steam_below_a_top_hat_takes_what_is_hotter_than_boiling():
    rise, vapour, boiling, heat = cells()
    dose = np.array([4.5e5, 3.5e5])
    found = steam_kg(dose, rise, vapour, boiling, heat, radius_m=2e-3, gaussian=False)
    over = rise * dose[:, None]
    expected = np.pi * 4e-6 * (np.where(over > np.maximum(vapour, boiling), over - boiling, 0.0) * heat).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    # Latent heat and what is beyond boiling are the same energy: heat is c dz / L.
    assert np.all(found > 0)


def test_a_gaussian_makes_half_of_the_steam_of_a_top_hat_of_its_width_far_above_boiling():
    """Far above, the exposure over the area decides, and its axis has twice the mean of the Gaussian."""
    rise, vapour, boiling, heat = np.array([[1e-3]]), np.array([[80.0]]), np.array([[80.0]]), np.array([[1e-5]])
    dose = np.array([1e9])
    shapes = [steam_kg(dose, rise, vapour, boiling, heat, radius_m=1e-3, gaussian=shape) for shape in (True, False)]
    # What is short of boiling is 80 of a million kelvin, times a logarithm of 9.
    assert shapes[0] / shapes[1] == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("gaussian", [True, False])
def test_where_vapour_has_not_begun_to_form_there_is_no_steam(gaussian):
    rise, vapour, boiling, heat = cells()
    below = np.full(2, 0.999 * (np.maximum(vapour, boiling)[:, :2] / rise[:, :2]).min())
    assert not steam_kg(below * 0.5, rise, vapour, boiling, heat, radius_m=1e-3, gaussian=gaussian).any()
    never = np.full_like(boiling, np.inf)
    assert not steam_kg(np.full(2, 1e6), rise, vapour, never, heat, radius_m=1e-3, gaussian=gaussian).any()
