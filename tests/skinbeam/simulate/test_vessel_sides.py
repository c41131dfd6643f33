"""The lit and the dark side of a vessel: heat along the circle, light from one side, and what comes back of it."""

import math

import numpy as np
import pytest
from pulse_samples import loaded, wide_response
from scipy.special import jn_zeros, jv

from research.derived_tables.vessel_return import trace_light_return
from skinbeam.api.threshold import find_threshold
from skinbeam.physics.heat.cells import Material, RobinBoundary, cylinder_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.physics.targets.vessel import (
    LUMEN_CELLS,
    RadialGrid,
    azimuthal_loss,
    lumen_cells,
    lumen_paths,
    lumen_profile,
    radial_grid,
    radial_response,
    shading,
)
from skinbeam.physics.targets.vessel_absorption_feedback import march_heated_blood
from skinbeam.physics.targets.vessel_optics import (
    AmbientLight,
    light_return_below_surface,
    lumen_light,
)
from skinbeam.simulate.scene import build_scene
from skinbeam.simulate.vessels.vessel_endpoints import closure_dose, leak_dose, rupture_dose
from skinbeam.simulate.vessels.vessel_light import interpolate_light_return
from skinbeam.simulate.vessels.vessel_response import simulate_vessels

K, C = 0.4, 3.7e6
KAPPA = K / C
SKIN = (K, C)
NONE = (np.array(0.0), np.array(0.0))


def around(net=0.0, slope=0.0, returned=NONE):
    return AmbientLight(np.array(net), np.array(slope), returned)


# Heat


def grid_of(cells, radius=1e-4):
    faces = cylinder_cells(np.linspace(0.0, radius, cells + 1))
    each = np.ones_like(faces.volumes)
    return RadialGrid(faces, K * each, C * each, (1, 1))


@pytest.mark.parametrize("order", [1, 2])
def test_a_mode_decays_as_its_bessel_function(order):
    """J_n(j r / a) cos(n theta) in a cylinder whose surface keeps its temperature decays as exp(-kappa j² t / a²)."""
    radius, zero = 1e-4, jn_zeros(order, 1)[0]
    duration = radius**2 / KAPPA / zero**2
    steps = np.full(200, duration / 200)
    errors = []
    for count in (20, 40):
        grid = grid_of(count, radius)
        start = jv(order, zero * grid.cells.centres / radius)
        found = conduct_1d(
            HeatProblem1D(grid.cells, Material(K, C), start, steps, bottom=RobinBoundary(math.inf)),
            LinearConduction(azimuthal_loss(grid, order)),
        ).final
        errors.append(float(np.abs(found - start / math.e).max()))
    # Second order in the cells: 1/20² of the peak; 200 steps leave a thousandth of that.
    assert errors[0] < 2.5e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.25)


def test_order_zero_loses_nothing_along_the_circle():
    assert np.all(azimuthal_loss(grid_of(10), 0) == 0)


def test_steady_heat_from_a_source_that_grows_along_the_lumen():
    """Of q r/a cos(theta) within a the edge comes to q a² / (8 k): T = A r - q r³ / (8 k a) within and B / r beyond."""
    radius, power = 50e-6, 1e10
    steps, phase = graded_time_steps([60 * radius**2 / KAPPA])
    found = radial_response(
        2 * radius,
        3e-6,
        (power * lumen_paths().relative_radius)[None, None],
        steps,
        phase == 0,
        blood=SKIN,
        dermis=SKIN,
        order=1,
    )
    expected = power * radius**2 / (8 * K)
    # Ten cells give 1 %; what is still missing falls as a² / (4 kappa t), 0.4 %.
    assert found.lumen_edge[0, 0, -1] == pytest.approx(expected, rel=0.02)
    # B / r: by the wall's outer edge.
    assert found.wall[0, 0, -1] == pytest.approx(expected * radius / (radius + 3e-6), rel=0.02)
    assert found.cells[0, 0, -1, 0] < 0.2 * expected  # none on the axis


def test_the_march_of_heated_blood_solves_the_uneven_part_too():
    steps, phase = graded_time_steps([1e-2, 1e-3, 1e-2])
    profile = 1e10 * lumen_profile(2e4, 150e-6)
    parts = np.stack([profile, 0.3 * profile * lumen_paths().relative_radius])[:, None, None]
    grid = radial_grid(150e-6, 3e-6, float(steps.sum()), blood=SKIN, dermis=SKIN)
    nodes = np.repeat(parts[:, :, :, None], 3, axis=3)
    found = march_heated_blood(grid, nodes, (300.0, 400.0), np.full((1, 1, steps.size + 1), 300.0), steps, phase == 1)
    for order, history in enumerate(found):
        linear = radial_response(150e-6, 3e-6, parts[order], steps, phase == 1, blood=SKIN, dermis=SKIN, order=order)
        for one, other in zip(history, linear, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


# Light


def test_a_clear_vessel_leaves_the_light_as_it_is():
    even, uneven = lumen_light(1e-6, 1e-4, around(0.1, 0.2, (np.array(0.3), np.array(0.2))))
    # The table begins at an optical diameter of 1e-3.
    np.testing.assert_allclose(even, 1.0, atol=1e-3)
    np.testing.assert_allclose(uneven, 0.2 * lumen_paths().relative_radius, atol=1e-3)


def light_in_a_place(x, distance, angle, net, slope):
    """Fluence rate at a place in a lumen of radius 1 by a sum over directions, of light as (sides 1) says."""
    node, weight = np.polynomial.legendre.leggauss(96)
    turn = (np.arange(720) + 0.5) * 2 * np.pi / 720
    along = np.sqrt(1 - node**2)
    # y is the axis; the light comes from -z.
    u = np.stack([along[:, None] * np.sin(turn), along[:, None] * np.cos(turn)])
    place = np.array([distance * np.sin(angle), -distance * np.cos(angle)])
    back = -u
    straight = (back**2).sum(axis=0)
    nearing = (back * place[:, None, None]).sum(axis=0)
    path = (-nearing + np.sqrt(nearing**2 + straight * (1 - place @ place))) / straight
    radiance = (1 + slope * distance * np.cos(angle) + 3 * net * u[1]) / (4 * np.pi)
    return float((weight[:, None] * radiance * np.exp(-x * path / 2)).sum() * 2 * np.pi / turn.size)


@pytest.mark.parametrize("x", [0.5, 2.0, 6.0])
def test_light_from_one_side_is_the_sum_over_directions(x):
    net, slope = 0.1, 0.15
    even, uneven = lumen_light(x, 1.0, around(net, slope))
    faces, _ = lumen_cells()
    for cell in (2, 6, 9):
        squares = np.linspace(faces[cell] ** 2, faces[cell + 1] ** 2, 9)
        for angle in (0.0, 1.1, np.pi):
            places = [light_in_a_place(x, math.sqrt(square), angle, net, slope) for square in squares[1:-1]]
            expected = even[cell] + uneven[cell] * math.cos(angle)
            # Seven places of a cell for its mean: a few thousandths of what changes across it.
            assert float(np.mean(places)) == pytest.approx(expected, rel=0.01)


def test_a_vessel_takes_as_much_as_is_missing_around_it():
    """Of what does not come back no more than what arrives once is absorbed: 1 / (1 + N a), N returns, a absorbed."""
    share = np.array(0.3)
    even, _ = lumen_light(6e3, 3e-4, around(returned=(share, np.array(0.1))))
    _, volume = lumen_cells()
    taken = 1.8 * float(shading(6e3, 3e-4))
    expected = float(shading(6e3, 3e-4)) / (1 + 0.3 / 0.7 * taken)
    assert float(even @ volume) == pytest.approx(expected, rel=1e-4)


def test_the_dark_side_has_less_of_its_light_the_wider_and_darker_a_vessel_is():
    def dark(mua, diameter):
        even, uneven = lumen_light(mua, diameter, around(0.1, 0.15, (np.array(0.3), np.array(0.15))))
        return float(((even - uneven) / even)[-1])

    by_width = [dark(6e3, d * 1e-6) for d in (10.0, 30.0, 100.0, 300.0)]
    assert by_width == sorted(by_width, reverse=True)
    assert dark(2e4, 1e-4) < dark(6e3, 1e-4) < 1.0


# What comes back


def test_more_comes_back_to_wide_vessels_in_skin_that_absorbs_little():
    radius = np.geomspace(0.005, 3.0, 12)
    first, second = interpolate_light_return(radius, np.full(12, 0.03))
    assert np.all(np.diff(first) >= 0)
    assert np.all(np.diff(second) >= 0)
    assert np.all((first > second) & (second > 0) & (first < 1))
    by_loss = interpolate_light_return(np.full(6, 0.3), np.geomspace(0.003, 0.3, 6))
    assert all(np.all(np.diff(one) < 0) for one in by_loss)
    # Below the table as the radius.
    narrow = interpolate_light_return(np.array([0.01, 0.005]), np.full(2, 0.03))
    assert all(one[0] == pytest.approx(2 * one[1]) for one in narrow)


def test_the_table_is_what_packets_say():
    losses = np.array([0.1, 0.3])
    found, error = trace_light_return(0.4, losses, packets=6000, seed=5)
    for shares, mean, each in zip(interpolate_light_return(np.full(2, 0.4), losses), found, error, strict=False):
        # Four standard errors, and the table's own, which is a fifth as large, and its three digits.
        np.testing.assert_array_less(np.abs(shares - mean), 4.2 * each + 0.001)


def test_a_surface_lets_light_out():
    inside = np.array(0.3)
    by_depth = [float(light_return_below_surface(inside, 0.4, depth, 0.03, 0.3)) for depth in (0.5, 1.0, 2.0, 30.0)]
    assert by_depth == sorted(by_depth)
    assert by_depth[0] < 0.3
    assert by_depth[-1] == pytest.approx(0.3, rel=1e-6)
    # A surface that sends more back lets less out.
    assert light_return_below_surface(inside, 0.4, 1.0, 0.03, 0.6) > light_return_below_surface(
        inside, 0.4, 1.0, 0.03, 0.1
    )


# Doses


def doses(diameter_um, wavelength_nm=595.0, pulse_ms=10.0, *, depth_um=400.0, sides=True):
    case = {
        "skin": {"preset": "human"},
        "laser": {"wavelength_nm": wavelength_nm},
        "settings": {"fluence_J_cm2": 8.0, "pulse_ms": pulse_ms, "spot_mm": 10.0},
        "vessel": [{"depth_um": depth_um, "diameter_um": diameter_um}],
    }
    scene = build_scene(loaded(case))
    response = wide_response(scene.skin.median(), scene)
    vessels = simulate_vessels(response, with_sides=sides)
    assert vessels is not None
    assert vessels.cells.shape[2] == LUMEN_CELLS
    return [float(end(response, vessels)[0, 0]) for end in (closure_dose, rupture_dose, leak_dose)]


@pytest.mark.parametrize("wavelength_nm", [532.0, 595.0])
def test_the_dark_side_asks_for_more_the_wider_the_vessel(wavelength_nm):
    ratios = []
    for diameter in (20.0, 60.0, 150.0, 300.0):
        with_sides, about_axis = (doses(diameter, wavelength_nm, sides=sides) for sides in (True, False))
        ratios.append(with_sides[0] / about_axis[0])
        assert with_sides[1] > about_axis[1]
        assert with_sides[2] < with_sides[0]
    assert ratios == sorted(ratios)
    assert ratios[0] > 0.99


@pytest.mark.parametrize("wavelength_nm", [532.0, 595.0])
def test_doses_do_not_step_with_depth(wavelength_nm):
    """A vessel does not lie in a cell of the grid, whose cells are tens of µm high there, but where it was put."""
    depths = np.arange(250.0, 331.0, 5.0)
    found = np.log([doses(60.0, wavelength_nm, depth_um=float(depth)) for depth in depths])
    rises = np.diff(found, axis=0)
    closure, rupture, leak = rises.T
    # Light falls off exponentially within a layer: the logarithm of a dose rises in a straight line. A straight line
    # between cells of height h in its place leaves (mu h)²/8 of it, (2000 1/m 35 µm)²/8 = 6e-4, twice.
    for each in (closure, rupture):
        assert np.ptp(each) < 1.2e-3
    # The side that leaks first is in skin whose warmth is a straight line between cells: its slope steps, not itself.
    assert (leak > 0).all()
    assert leak.max() < 0.02


def test_the_darker_the_blood_the_more_the_dark_side_asks_for():
    ratios = [doses(200.0, nm)[0] / doses(200.0, nm, sides=False)[0] for nm in (755.0, 595.0, 532.0)]
    assert ratios == sorted(ratios)


def test_where_no_packet_of_a_spot_came_there_is_no_light_and_no_warning() -> None:
    case = {
        "skin": {"preset": "hamster"},
        "vessel": [{"depth_um": 110.0, "diameter_um": 60.0}],
        "laser": {"wavelength_nm": 585.0},
        "settings": {"spot_mm": 4.0, "pulse_ms": 0.5},
    }
    # Division of nothing by nothing is a warning, and a warning an error.
    assert find_threshold(loaded(case), "vessel-closure", draws=60).to_dict()["reached"] is True
