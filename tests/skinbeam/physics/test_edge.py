"""Damage beside the edge of a crater: exact discs, the heat kernel about the axis, and the rim by pulse and steam."""

import math

import numpy as np
import pytest
from scipy.stats import ncx2

from skinbeam.physics.damage.arrhenius import combine_stages, read_kinetics
from skinbeam.physics.heat.axisymmetric import conduct_rz
from skinbeam.physics.heat.cells import Material
from skinbeam.physics.heat.linear_conduction import graded_time_steps
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.removal.crater_rim import disc_share, edge_rim, edge_rise
from skinbeam.physics.removal.residual_heat import FloorHeat, floor_temperature_rise

CAPACITY, KAPPA, BOILING = 3.33e6, 1.11e-7, 2.2e8  # J/m³K, m²/s, J/m³
HEAT, FLOOR = 1.84e4, 613e6  # confined CO2 light: 30 um
COLLAGEN = read_kinetics("maitland-walsh-collagen")


def rise(distance, time, *, edge=80e-6, radius=60e-6, vented=0.0):
    left = FloorHeat(HEAT, FLOOR, BOILING, vented, KAPPA, CAPACITY)
    return edge_rise(distance, time, left, edge_m=edge, radius_m=radius)[0]


def rim(*, edge=80e-6, radius=60e-6, heat=HEAT, vented=0.0, age=1e-4, start_C=33.0, processes=COLLAGEN):
    left = FloorHeat(heat, FLOOR, BOILING, vented, KAPPA, CAPACITY)
    start_K = start_C + 273.15
    return edge_rim(left, edge_m=edge, radius_m=radius, start_K=start_K, processes=processes, age_s=age)[0]


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("beyond", [1.0, 1.1, 1.3, 1.6])
def test_a_disc_keeps_what_the_integral_over_it_says(spread, beyond):
    # A heated disc keeps the chance that a walk of variance 2 s² ends on it: a non-central chi square of two degrees.
    exact = ncx2.cdf(1 / (2 * spread**2), 2, beyond**2 / (2 * spread**2))
    # What (edge 3) leaves out at the edge is (s / a)^3 / (8 sqrt(pi)), 0.005 at 0.4, and beside it terms of its order.
    assert disc_share(1.0, beyond, spread) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("time", [1e-4, 1e-3, 5e-3])
def test_beside_a_front_it_is_what_the_heat_kernel_computes(time):
    edge, radius, length = 80e-6, 60e-6, HEAT / FLOOR
    rings = np.concatenate(
        [np.linspace(0, 60e-6, 16), np.arange(62e-6, 180e-6, 2e-6), 180e-6 + np.geomspace(5e-6, 5e-4, 12)]
    )
    depths = np.concatenate([[0.0], np.cumsum(1e-6 * 1.1 ** np.arange(48))])
    r = (rings[1:] + rings[:-1]) / 2
    share = np.minimum(1.0, np.exp(-2 * (r**2 - edge**2) / radius**2))
    deposited = FLOOR * length * -np.diff(np.exp(-depths / length)) / np.diff(depths)
    steps, _ = graded_time_steps([time], first_fraction=1e-2, growth=1.2, largest_fraction=0.05)
    final = conduct_rz(
        (rings, depths),
        HeatProblem(
            Material(KAPPA * CAPACITY, CAPACITY), share[:, None] * deposited / CAPACITY, steps, tolerance_K=0.1
        ),
    ).final[0]
    beside = r[(r > edge) & (r < edge + 40e-6)]
    expected = np.interp(beside, r, final[:, 0])
    # Half a cell of 1 um lies above the first middle, levels stand for 4 um each, and discs are good to 0.02 of 184 K.
    assert rise(beside - edge, time)[0] == pytest.approx(expected, abs=0.03 * HEAT / (length * CAPACITY))


def test_a_wide_crater_with_a_sharp_edge_has_half_of_its_heat_there():
    time = 1e-3
    whole = floor_temperature_rise(0.0, time, FloorHeat(HEAT, FLOOR, BOILING, 0.3, KAPPA, CAPACITY)).item()
    # The edge of a disc of 0.1 m: s / a is 1e-4, and half of that over sqrt(pi) is missing.
    assert rise(0.0, time, edge=0.1, radius=0.0, vented=0.3).item() == pytest.approx(whole / 2, rel=1e-3)


def test_the_rim_hardly_depends_on_a_pulse_in_which_heat_goes_nowhere():
    # In 1 ms heat goes sqrt(4 kappa t) = 21 um, in 10 us 2 um: taken as the rim that would be ten times as far.
    short, long = rim(age=5e-6), rim(age=5e-4)
    assert long == pytest.approx(short, rel=0.1)
    assert short > math.sqrt(4 * KAPPA * 1e-5)


def test_the_rim_grows_with_the_heat_and_shrinks_with_what_steam_takes():
    assert rim(heat=2 * HEAT) > rim() > rim(heat=HEAT / 2)
    assert rim(vented=1.0) < rim(vented=0.5) < rim()
    # Light that fades over more of the skin coagulates more of it beside the crater.
    assert rim(radius=100e-6) > rim(radius=60e-6) > rim(radius=0.0)
    assert rim(heat=0.01 * HEAT) == 0.0


def test_stages_that_all_have_to_happen_make_no_wider_rim_than_any_of_them() -> None:
    """(stages 1): the slowest sets the pace."""
    sets = [read_kinetics(name) for name in ("henriques", "pulsed-cells")]
    each = [rim(processes=one) for one in sets]
    assert rim(processes=combine_stages(*sets)) <= min(each)
