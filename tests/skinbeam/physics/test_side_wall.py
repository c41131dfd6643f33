"""Damage beside the wall of a crater: closed forms, the heat kernel, and how the dwell follows the depth."""

import math

import numpy as np
import pytest

from skinbeam.physics.damage.arrhenius import Kinetics, read_kinetics
from skinbeam.physics.heat.cells import Material, RobinBoundary, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.physics.removal.crater_rim import dwell_damage_width, dwell_for_damage, wall_rise
from skinbeam.simulate.removal.ablation import side_wall_dwell
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.validation.model_query import FUNCTIONS

KAPPA = 1.1e-7  # m²/s
DWELL_S = 0.05
COLLAGEN = read_kinetics("maitland-walsh-collagen")


def dwell(depth_m: float, *, wall_C: float = 100.0, start_C: float = 33.0, processes: Kinetics = COLLAGEN) -> float:
    found = dwell_for_damage(
        depth_m,
        wall_K=wall_C + 273.15,
        start_K=start_C + 273.15,
        diffusivity_m2_s=KAPPA,
        processes=processes,
    )
    return float(found[0])


@pytest.mark.parametrize("time_s", [1e-4, 0.01, DWELL_S])
def test_a_wall_that_is_held_is_the_half_space_of_the_textbook(time_s: float) -> None:
    depth = np.linspace(0, 3, 13) * math.sqrt(4 * KAPPA * time_s)
    expected = [math.erfc(x / math.sqrt(4 * KAPPA * time_s)) for x in depth]
    # A Gauss rule of 48 points on a smooth function: 1e-8 of the wall's rise.
    assert wall_rise(depth, time_s, DWELL_S, KAPPA) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("after", [1.001, 2.0, 50.0])
def test_a_wall_that_is_left_cools_by_its_closed_form(after: float) -> None:
    # At the surface the integral over the times of entry is an arcsine.
    expected = 2 / math.pi * math.asin(math.sqrt(1 / after))
    assert wall_rise(0.0, after * DWELL_S, DWELL_S, KAPPA) == pytest.approx(expected, rel=2e-3 if after < 1.1 else 1e-8)


def test_it_is_what_the_heat_kernel_computes() -> None:
    faces, _ = graded_faces([[4e-3]], finest_m=1e-6, growth=0.03)
    cells, dwell_s = slab_cells(faces), 0.05
    part = np.full(400, dwell_s / 400)
    held = conduct_1d(
        HeatProblem1D(
            cells, Material(KAPPA, 1.0), np.zeros((1, faces.shape[1] - 1)), part, surface=RobinBoundary(np.inf, 1.0)
        ),
        LinearConduction(),
    )
    left = conduct_1d(HeatProblem1D(cells, Material(KAPPA, 1.0), held.final, part), LinearConduction())
    for run, time_s in ((held, dwell_s), (left, 2 * dwell_s)):
        expected = wall_rise(cells.centres[0], time_s, dwell_s, KAPPA)
        # Of second order in cells of 3 % of their depth and steps of 1/400, the first of them a jump.
        assert run.final[0] == pytest.approx(expected, abs=3e-3)


def test_a_sharp_temperature_of_damage_moves_as_the_root_of_the_dwell() -> None:
    # A rate of 1/s at 340 K that grows tenfold in 1.1 K. In four times as long 0.7 K less does, a hundredth of the rise
    # of the wall: where erfc is 1/2 its argument, 0.48, moves by 0.011, 2.4 %, and the dwell by twice as much.
    steep = 700.0
    sharp = Kinetics(np.array([math.exp(steep)]), np.array([steep * 8.314 * 340.0]), COLLAGEN.low_K, COLLAGEN.high_K)
    short, long = dwell(50e-6, processes=sharp), dwell(100e-6, processes=sharp)
    assert 4 * (1 - 0.06) < long / short < 4


def test_deeper_damage_takes_longer_and_a_hotter_wall_takes_less() -> None:
    assert dwell(50e-6) < dwell(100e-6) < dwell(200e-6)
    # A real process needs a lower temperature when it lasts longer, so twice as deep takes less than four times.
    assert dwell(100e-6) < 4 * dwell(50e-6)
    assert dwell(100e-6, wall_C=250.0) < dwell(100e-6, wall_C=175.0) < dwell(100e-6)


def test_what_no_dwell_does_and_what_any_does() -> None:
    assert dwell(100e-6, wall_C=34.0) == math.inf
    assert dwell(0.0, wall_C=250.0) == 0.0


@pytest.mark.parametrize("wall_C", [100.0, 175.0, 250.0])
def test_the_damage_of_a_dwell_is_what_the_dwell_to_damage_says(wall_C: float) -> None:
    held = {"wall_K": wall_C + 273.15, "start_K": 306.0, "diffusivity_m2_s": KAPPA, "processes": COLLAGEN}
    for dwell_s in (1e-3, DWELL_S):
        depth = dwell_damage_width(dwell_s, **held)
        # ln Omega is straight between distances of 1/20 of sqrt(4 kappa tau): 1e-2 of the dwell.
        assert dwell_for_damage(depth, **held) == pytest.approx(dwell_s, rel=1e-2)
    assert dwell_damage_width(1e-3, **(held | {"wall_K": 307.0})) == 0.0


def test_the_wall_of_a_co2_crater() -> None:
    skins = SkinDistribution(preset="pig").sample(16, 0)
    found = side_wall_dwell(skins, 10_600.0)
    assert found.shape == (16,)
    # Of a zone z the time z² / 4 kappa to within the range of (T_damage - T0) / (T_wall - T0), a fifth to two thirds:
    # y / sqrt(4 kappa t) from 0.9 to 0.3. Zones of 50 to 200 um are 6 ms to 1 s.
    assert ((found > 1e-3) & (found < 3.0)).all()
    assert FUNCTIONS["side_wall_dwell_ms"](skins, wavelength_nm=10_600.0) == pytest.approx(1e3 * found)
