"""Columns computed in full: what the quick model must give where it holds, and what boiling changes."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.physics.damage.arrhenius import read_kinetics
from skinbeam.physics.heat.axisymmetric import ring_volumes
from skinbeam.physics.removal.microbeam import DermisProperties, coagulated_column, column_heat
from skinbeam.simulate.removal.column import (
    ENERGY_LADDER_J,
    MedianSkinLayers,
    _cold_absorbed_power,
    _column_grid,
    _key_layers,
    full_column,
)
from skinbeam.simulate.removal.heated_optics import ThermalOptics, heated_coefficients, thermal_optics
from skinbeam.simulate.skins.tissue_kinetics import COLLAGEN_KINETICS
from skinbeam.skin.distribution import SkinDistribution

PROFILES = ("gaussian", "top-hat")
DEPTHS_M = np.linspace(0.0, 3e-3, 80)


def skin(**changes: Any) -> MedianSkinLayers:
    """One layer of wet dermis without an end, that hardly scatters and does not boil unless it is told to."""
    one = {
        "thickness": np.inf,
        "mua": 1000.0,
        "mus": 1.0,
        "g": 0.9,
        "n": 1.0,
        "conductivity": 0.4,
        "heat_capacity_vol": 3.7e6,
        "latent_heat_vol": 0.0,
        "dry_heat_capacity_vol": 1.1e6,
        **changes,
    }
    return MedianSkinLayers(**{name: np.array([value]) for name, value in one.items()}, start_K=306.0)


def full(of: MedianSkinLayers, energy_J: float, **changes: Any) -> tuple[float, float]:
    beam = {"diameter_m": 200e-6, "profile": "gaussian", "pulse_s": 1e-3, **changes}
    return full_column(of, energy_J=energy_J, **beam)


@pytest.mark.parametrize("energy_J", [5e-3, 20e-3])
def test_without_scattering_or_boiling_it_is_the_semi_analytic_column(energy_J: float) -> None:
    """Both then hold Beer's law and heat that spreads in radius; the quick one leaves out what flows along the axis.

    Of 50 000 packets an eighth pass the inner ring, and 0.7 of them reach 0.35 mm: 1.5 % of scatter, which Beer's law
    turns into 0.015 / mua of depth; three times that, and a third of the cells of 8 µm and 8 % of their depth. Radii
    are known to a third of a ring of 25 µm on either side.
    """
    of = skin()
    dermis = DermisProperties(of.mua, of.mus, of.g, of.conductivity, of.heat_capacity_vol, np.array([of.start_K]))
    heat = column_heat(DEPTHS_M, dermis, radius_m=1e-4, pulse_s=1e-3)
    quick = coagulated_column(heat, energy_J, read_kinetics(COLLAGEN_KINETICS))
    depth, width = full(of, energy_J)
    expected = quick.depth_m[0]
    assert depth == pytest.approx(expected, abs=3 * 0.015 / of.mua[0] + (8e-6 + 0.08 * expected) / 3)
    assert width == pytest.approx(quick.width_m[0], abs=2 * 25e-6 / 3)


def test_all_light_is_absorbed_within_the_grid() -> None:
    """Ten mean free paths deep and eight radii wide: what is missing is far below the scatter of nothing."""
    of = skin(mua=5000.0)
    key = tuple(part.tobytes() for part in of[:5])
    grid = _column_grid(_key_layers(key)[0], 200e-6)
    absorbed = _cold_absorbed_power(key, 200e-6, "gaussian")
    total = float((absorbed * ring_volumes((grid.r, grid.z))[0]).sum())
    # Cells take the mean of exp(-mua z) over themselves, so that Beer's law is kept whole.
    assert total == pytest.approx(1.0, abs=2e-3)


def test_water_that_boils_narrows_the_column_and_never_deepens_it() -> None:
    dry, wet = (full(skin(latent_heat_vol=latent), 40e-3) for latent in (0.0, 1.4e9))
    assert wet[1] < 0.9 * dry[1]
    assert wet[0] <= dry[0] * (1 + 1e-6)


def test_more_energy_never_makes_it_smaller() -> None:
    found = [full(skin(mus=1e4, latent_heat_vol=1.4e9), float(energy)) for energy in ENERGY_LADDER_J[::2]]
    depths, widths = zip(*found, strict=True)
    assert all(after >= before for before, after in itertools.pairwise(depths))
    assert all(after >= before for before, after in itertools.pairwise(widths))
    assert found[0] == (0.0, 0.0)
    assert depths[-1] > 0


def test_a_top_hat_is_traced_as_one() -> None:
    """Through the inner ring, a quarter of the radius, pass 1 - exp(-1/8) of a Gaussian and 1/16 of a top-hat.

    Of 50 000 packets these are 5900 and 3100: 1.3 and 1.8 % of scatter; three times both together.
    """
    key = tuple(part.tobytes() for part in skin()[:5])
    heights = np.diff(_column_grid(_key_layers(key)[0], 200e-6).z)
    bell, flat = (_cold_absorbed_power(key, 200e-6, profile)[0] @ heights for profile in PROFILES)
    assert bell / flat == pytest.approx(16 * -math.expm1(-1 / 8), rel=3 * 0.022)


# --- light that is computed anew as the pulse warms the skin ---------------------------------------------------------


def warming(**changes: Any) -> ThermalOptics:
    """What changes nothing, unless it is told to."""
    one = {"water_mua": [900.0], "scattering_slope": [0.0], "denatured_share": [1.0], **changes}
    slope = one.pop("water_slope", 0.0)
    return ThermalOptics(water_slope=slope, **{name: np.array(value) for name, value in one.items()})


SCATTERING = {"mus": 7000.0, "g": 0.85, "n": 1.37}


def test_light_that_is_computed_anew_of_unchanged_skin_is_the_same_light() -> None:
    """12 000 packets scatter by up to 1.5 % in the depth of a column and 0.5 % in its width: four of each."""
    of = skin(**SCATTERING)
    cold, warm = full(of, 20e-3), full(of, 20e-3, thermal_optics=warming())
    assert warm[0] == pytest.approx(cold[0], rel=0.06)
    assert warm[1] == pytest.approx(cold[1], rel=0.02)


def test_water_that_pales_as_it_warms_makes_a_narrower_column() -> None:
    """Deep down what is absorbed less above makes up for it; widths scatter by 0.5 %, and four of those are 2 %."""
    of = skin(**SCATTERING)
    cold, warm = full(of, 20e-3), full(of, 20e-3, thermal_optics=warming(water_slope=-4e-3))
    assert warm[1] < 0.98 * cold[1]


def test_collagen_that_scatters_less_once_denatured_lets_light_deeper() -> None:
    of = skin(**SCATTERING)
    cold, clear, dull = (full(of, 20e-3, thermal_optics=warming(denatured_share=[left]))[0] for left in (1.0, 0.5, 2.0))
    assert clear > 1.05 * cold > cold > 1.05 * dull


def test_computing_the_light_more_often_changes_little() -> None:
    """The light of a span is that of its start: what is missed halves with the span, 4 % of the depth from 4 to 16."""
    of, change = skin(latent_heat_vol=1.4e9, **SCATTERING), warming(water_slope=-5.7e-3, scattering_slope=[4.7e-3])
    few, many = (full(of, 20e-3, thermal_optics=change, light_updates=times) for times in (4, 16))
    assert few[0] == pytest.approx(many[0], rel=0.06)
    assert few[1] == pytest.approx(many[1], rel=0.03)


def test_twice_in_a_pulse_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        full(skin(), 1e-3, thermal_optics=warming(), light_updates=2)


def test_boiled_water_leaves_what_is_not_water() -> None:
    layer, mua, mus = np.array([0, 1]), np.array([1000.0, 500.0]), np.array([7000.0, 6000.0])
    change = warming(water_mua=[900.0, 600.0], scattering_slope=[0.0, 0.0], denatured_share=[0.5, 1.0])
    hot, none, all_of_it = np.full((1, 2), 400.0), np.zeros((1, 2)), np.ones((1, 2))
    absorbed, scattered = heated_coefficients(change, layer, mua, mus, (hot, 50.0 * all_of_it, all_of_it))
    assert absorbed == pytest.approx(np.array([[100.0, 0.0]]))  # never less than nothing
    assert scattered == pytest.approx(np.array([[3500.0, 6000.0]]))
    assert heated_coefficients(change, layer, mua, mus, (hot, none, none))[0] == pytest.approx(mua[None])


def test_only_dermis_and_fat_of_known_make_change_their_scattering() -> None:
    drawn = SkinDistribution.from_case(parse_record(Case, {"skin": {"preset": "human"}}, file="test")).median()
    found = thermal_optics(drawn, 1550.0)
    assert found is not None
    names = list(drawn.materials)
    assert [bool(slope) for slope in found.scattering_slope] == [name in ("dermis", "fat") for name in names]
    assert [left < 1 for left in found.denatured_share] == [name == "dermis" for name in names]
    layer = {"name": "slab", "mua_per_cm": 5.0, "mus_per_cm": 50.0, "g": 0.8, "n": 1.4}
    explicit = SkinDistribution.from_case(parse_record(Case, {"skin": {"layer": [layer]}}, file="test")).median()
    assert thermal_optics(explicit, 1550.0) is None
