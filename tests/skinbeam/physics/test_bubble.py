"""Steam has the pressure of the tables, and a roof holds what its closed form says."""

import numpy as np
import pytest

from skinbeam.physics.removal.steam_bubble import (
    SaturatedSteam,
    bubble_filling_kg,
    profile_radius_m,
    roof_strength_Pa,
    steam_below_beam_kg,
)
from skinbeam.simulate.endpoints.surface import read_steam

ATMOSPHERE_PA = 101325.0
WATER = SaturatedSteam(2.2565e6, 0.018015, 373.15, ATMOSPHERE_PA)


def kelvin(celsius):
    return np.asarray(celsius) + 273.15


def test_the_water_of_the_tables_is_that_of_the_data():
    assert read_steam() == WATER


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
    np.testing.assert_allclose(WATER.boiling_point_K(WATER.pressure_Pa(warm)), warm, rtol=1e-13)
    assert WATER.boiling_point_K(ATMOSPHERE_PA) == pytest.approx(373.15, rel=1e-15)
    # exp(L M / R T0) atmospheres, half a million, are more than (bubble 1) has at any temperature.
    assert np.isinf(WATER.boiling_point_K(1e6 * ATMOSPHERE_PA))
    assert WATER.density_kg_m3(1e6 * ATMOSPHERE_PA) == 0.0


def test_a_cap_of_any_other_height_holds_less_than_the_hemisphere():
    """A cap of height h over a circle of radius a is of a sphere of radius (a² + h²) / 2h."""
    strength, roof, radius = 2e6, 12e-6, 1e-3
    heights = np.array([0.2, 0.7, 0.99, 1.01, 1.5]) * radius
    held = 2 * strength * roof / ((radius**2 + heights**2) / (2 * heights))
    assert roof_strength_Pa(strength, roof, radius) == pytest.approx(48e3)
    assert np.all(held < roof_strength_Pa(strength, roof, radius))


def test_what_fills_a_wide_bubble_is_its_volume_at_one_atmosphere():
    radius = 10.0  # a roof that is as good as not there
    found = bubble_filling_kg(WATER, roof_strength_Pa(2e6, 12e-6, radius), radius)
    assert found == pytest.approx(2 / 3 * np.pi * radius**3 * WATER.density_kg_m3(ATMOSPHERE_PA), rel=1e-4)


def cells():
    """Two skins of four cells each: rise, what each is short of vapour and of boiling, and c dz / L."""
    rise = np.array([[3e-4, 2.5e-4, 1e-4, 0.0], [2e-4, 4e-4, 3e-4, 1e-5]])
    vapour = np.array([[88.0, 80.0, 85.0, 75.0], [70.0, 72.0, 74.0, 76.0]])
    boiling = np.array([[82.0, 74.0, 79.0, 69.0], [75.0, 77.0, 79.0, 81.0]])
    return rise, vapour, boiling, np.array([[1e-5], [2e-5]]) * np.arange(1.0, 5.0)


def gaussian(waist, rings=4000):
    """Rings of a Gaussian out to three radii: areas, and the exposure over that on the axis."""
    edges = np.linspace(0.0, 3 * waist, rings + 1)
    return np.pi * np.diff(edges**2), np.exp(-2 * ((edges[1:] + edges[:-1]) / 2 / waist) ** 2)


def test_steam_below_a_gaussian_is_its_closed_form():
    """With dA = (π w²/2) du/u a cell gives (π w²/2) (k (D - u₁) - T ln(D/u₁)), T what it is short of boiling."""
    rise, vapour, boiling, heat = cells()
    dose, waist = np.array([4.5e5, 3.5e5]), 1.5e-3
    area, over_axis = gaussian(waist)
    found = steam_below_beam_kg(dose[:, None] * over_axis, area, rise, vapour, boiling, heat)
    with np.errstate(divide="ignore"):
        first = np.minimum(np.maximum(vapour, boiling) / rise, dose[:, None])
    each = rise * (dose[:, None] - first) - boiling * np.log(dose[:, None] / first)
    # Of the ring in which vapour ends, a part counts: the area below vapour is known to two rings of some 1000.
    assert found == pytest.approx(np.pi * waist**2 / 2 * (each * heat).sum(axis=1), rel=2e-3)
    assert np.all(found > 0)


def test_steam_below_a_flat_beam_takes_what_is_hotter_than_boiling():
    rise, vapour, boiling, heat = cells()
    dose = np.array([4.5e5, 3.5e5])
    found = steam_below_beam_kg(dose[:, None] * np.ones((1, 2)), [1e-6, 3e-6], rise, vapour, boiling, heat)
    over = rise * dose[:, None]
    expected = 4e-6 * (np.where(over > np.maximum(vapour, boiling), over - boiling, 0.0) * heat).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_where_vapour_has_not_begun_to_form_there_is_no_steam():
    rise, vapour, boiling, heat = cells()
    with np.errstate(divide="ignore"):
        first = (np.maximum(vapour, boiling) / rise).min(axis=1)
    assert not steam_below_beam_kg(0.999 * first[:, None], [1e-6], rise, vapour, boiling, heat).any()
    assert np.all(steam_below_beam_kg(1.001 * first[:, None], [1e-6], rise, vapour, boiling, heat) > 0)
    never = np.full_like(boiling, np.inf)
    assert not steam_below_beam_kg(np.full((2, 1), 1e6), [1e-6], rise, vapour, never, heat).any()


def test_a_bubble_reaches_to_where_a_gaussian_is_as_strong_as_asked():
    waist, least = 2e-3, np.array([0.9, 0.5, 0.05])
    edges = np.linspace(0.0, 1.6 * waist, 65)
    over_axis = np.exp(-2 * ((edges[1:] + edges[:-1]) / 2 / waist) ** 2)
    found = profile_radius_m(edges, np.broadcast_to(over_axis, (3, 64)), least)
    # Straight between rings of w/40: a Gaussian that bends by at most 4/w² leaves (w/40)²/8 x 4/w², 3e-4 of its height.
    np.testing.assert_allclose(found, waist * np.sqrt(-np.log(least) / 2), rtol=2e-3)


def test_a_flat_profile_is_as_wide_as_its_rings():
    edges = np.array([0.0, 1e-3, 2e-3])
    found = profile_radius_m(edges, np.array([[1.0, 1.0], [1.0, 0.5]]), np.array([0.8, 0.75]))
    # From the middle of the first ring, 1, to that of the second, 0.5: half-way.
    assert found == pytest.approx([2e-3, 1e-3])
