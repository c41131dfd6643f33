"""Heat in three dimensions: closed forms, orders of convergence, balance, two solvers side by side, refusals."""

import math

import numpy as np
import pytest
from scipy.special import erf, erfc

from skinbeam.physics.heat.axisymmetric import conduct_rz
from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary, graded_faces
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.heat.three_dimensional import ORDER_SPACE, ORDER_TIME, cell_volumes, conduct_xyz
from skinbeam.physics.heat.three_dimensional_kernels import SLAB, STRIP

K, C = 0.37, 3.76e6  # skin, W/mK and J/m³K
KAPPA = K / C
ORDER_MARGIN = 0.15
WATER_LATENT = 2.26e6 * 1e3 * 0.65  # J/m³ of tissue that is 65 % water


def centres(faces):
    return (faces[1:] + faces[:-1]) / 2


def graded(length, finest, growth=0.05):
    return graded_faces([[length]], finest_m=finest, growth=growth)[0][0]


def outer(x, y, z):
    return x[:, None, None] * y[:, None] * z


def observed_order(errors):
    return math.log2(errors[-2] / errors[-1])


# --- closed forms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_gaussians_of_three_widths_spread_each_along_its_axis(axes):
    """A quarter, mirrored by insulated sides: each axis has a width and a grid of its own."""
    end = 10e-3
    widths = np.array([60e-6, 100e-6, 180e-6])[list(axes)]
    faces = [graded(8 * w, w / 25, 0.06) for w in widths]
    shapes = [np.exp(-((centres(f) / w) ** 2)) for f, w in zip(faces, widths, strict=True)]
    history = conduct_xyz(faces, HeatProblem(Material(K, C), 50 * outer(*shapes), [end], tolerance_K=0.05))
    spread = [1 + 4 * KAPPA * end / w**2 for w in widths]
    exact = 50 * outer(*(s ** (1 / n) / math.sqrt(n) for s, n in zip(shapes, spread, strict=True)))
    # 1 % of the temperature at the centre.
    np.testing.assert_allclose(history.final, exact, atol=0.01 * exact.max())


@pytest.mark.parametrize("water", [None, BoilingWater(320.0, 10.0, 1e9, C)])
def test_the_tiles_in_which_a_grid_is_walked_do_not_show(water):
    """Walked over the long side of x the grid falls into slabs, over that of y and z into strips: turned, it is one."""
    sides = 2 * SLAB + 3, 3, STRIP // (2 * SLAB) + 7
    assert sides[0] * sides[2] > STRIP  # more than one strip of x and z once x and y are exchanged
    faces = [np.linspace(0, n * 1e-5, n + 1) for n in sides]
    power = np.random.default_rng(0).uniform(0, 4e10, sides)
    same = HeatProblem(Material(K, C), 310.0, [1e-3], HeatSource(power), water, RobinBoundary(500.0))
    found = conduct_xyz(faces, same)
    turned = conduct_xyz((faces[1], faces[0], faces[2]), same._replace(source=HeatSource(power.swapaxes(0, 1))))
    # Rounding alone, of sums in another order: some hundred steps of a few ulp of 300 K.
    np.testing.assert_allclose(turned.final.swapaxes(0, 1), found.final, rtol=0, atol=1e-9)


def test_half_space_under_a_film_follows_carslaw_and_jaeger():
    h, end = 4000.0, 0.05
    few, z = np.linspace(0, 1e-3, 4), graded(1e-3, 1e-6, 0.02)
    history = conduct_xyz(
        (few, few, z), HeatProblem(Material(K, C), 30.0, [end], surface=RobinBoundary(h, -26.0), tolerance_K=0.05)
    )
    root = np.sqrt(KAPPA * end)
    near = centres(z) < 6 * root

    def exact(z):
        film = np.exp(h * z / K + (h * root / K) ** 2) * erfc(z / (2 * root) + h * root / K)
        return -26.0 + 56.0 * (erf(z / (2 * root)) + film)

    # 1 % of the 56 K between skin and coolant (Carslaw and Jaeger 1959, 2.7).
    for column in history.final.reshape(9, -1):
        np.testing.assert_allclose(column[near], exact(centres(z)[near]), atol=0.56)
    np.testing.assert_allclose(history.surface[-1], exact(0.0), atol=0.56)


def test_a_round_spot_agrees_with_the_solver_about_an_axis():
    """A quarter of a spot on squares beside rings: half a cell of either is 2 % of the spot."""
    w, r = 200e-6, np.linspace(0, 1e-3, 51)
    z = graded(1e-3, 10e-6, 0.05)
    depth = np.exp(-centres(z) / 2e-4)
    water, film = BoilingWater(373.0, 20.0, WATER_LATENT, C), RobinBoundary(1000.0, 290.0)
    spot = np.exp(-((centres(r) / w) ** 2))

    def lit(power):
        source = HeatSource(power, [1.0, 0.0])
        return HeatProblem(Material(K, C), 310.0, [5e-3, 50e-3], source, water, film, tolerance_K=0.1)

    flat = conduct_rz((r, z), lit(8e10 * spot[:, None] * depth))
    cube = conduct_xyz((r, r, z), lit(8e10 * outer(spot, spot, depth)))
    # 1 % of the rise of 65 K, where both have cells on the axis and along x.
    np.testing.assert_allclose(cube.peak[0, 0], flat.peak[0, 0], atol=0.65)
    np.testing.assert_allclose(cube.final[0, 0], flat.final[0, 0], atol=0.65)
    np.testing.assert_allclose(cube.final[:, 0], cube.final[0, :], atol=0.5)
    assert flat.peak.max() > 373.0


# --- orders -------------------------------------------------------------------------------------------------------


def mode_error(n, tolerance):
    """Largest error of a mode that is insulated everywhere, after it has lost most of itself."""
    faces = [np.linspace(0, 1, n + shift) for shift in (1, 2, 3)]
    mode = outer(*(np.cos(np.pi * centres(f)) for f in faces))
    history = conduct_xyz(faces, HeatProblem(Material(1.0, 3 * np.pi**2), mode, [1.0], tolerance_K=tolerance))
    return np.abs(history.final - mode * math.exp(-1.0)).max(), history


def test_order_in_space():
    errors = [mode_error(n, 1e-6)[0] for n in (6, 12, 24)]
    assert observed_order(errors) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


@pytest.mark.parametrize(("n", "kind", "tolerances"), [(8, 0, (1e-5, 1e-6)), (48, 1, (1e-2, 1e-3))])
def test_order_in_time(n, kind, tolerances):
    """Error against the number of steps, each as long as its tolerance allows, from a run with far smaller ones."""
    exact = mode_error(n, tolerances[1] * 1e-3)[1].final
    errors, steps = [], []
    for tolerance in tolerances:
        history = mode_error(n, tolerance)[1]
        assert history.steps[kind] >= 0.5 * sum(history.steps)
        errors.append(np.abs(history.final - exact).max())
        steps.append(history.steps[kind])
    order = math.log(errors[0] / errors[1]) / math.log(steps[1] / steps[0])
    assert order == pytest.approx(ORDER_TIME, abs=0.4)


# --- balance ------------------------------------------------------------------------------------------------------


def vessel():
    """A vessel across layers that conduct, hold and absorb differently, lit hard enough to boil."""
    faces = np.linspace(0, 6e-4, 15), np.linspace(0, 6e-4, 12), graded(8e-4, 20e-6, 0.08)
    x, _, z = (centres(f) for f in faces)
    medium = np.zeros((14, 11, len(z)), int)
    medium[:, :, z > 1e-4] = 1
    medium[((x[:, None] - 3e-4) ** 2 + (z - 3e-4) ** 2 < 1e-8)[:, None, :].repeat(11, axis=1)] = 2
    light = np.array([2e10, 2e9, 6e10])[medium]
    k, c = np.array([0.3, 0.4, 0.52])[medium], np.array([3.6e6, 3.3e6, 3.8e6])[medium]
    train, on = [1e-3, 4e-3] * 3 + [0.1, 2.0], [1.0, 0.0] * 3 + [0.0, 0.0]
    return faces, HeatProblem(Material(k, c), 307.0, train, HeatSource(light, on))


BOIL = BoilingWater(383.0, 30.0, WATER_LATENT, C)
SURFACES = [
    {},
    {"surface": RobinBoundary(300.0, 295.0)},
    {"surface": RobinBoundary(math.inf, 295.0)},
]


@pytest.mark.parametrize("boundary", SURFACES)
@pytest.mark.parametrize("water", [None, BOIL._replace(dried_heat_capacity=1.2e6)])
@pytest.mark.parametrize("bottom", [None, 306.0])
def test_enthalpy_is_balanced_to_1e_8_of_the_light(boundary, water, bottom):
    faces, problem = vessel()
    history = conduct_xyz(faces, problem._replace(**boundary, water=water, bottom=bottom))
    lit = history.heat_gain[-1, 2]
    assert lit == pytest.approx(3e-3 * (cell_volumes(faces) * problem.source.power_density).sum(), rel=1e-12)
    balance = history.enthalpy - history.enthalpy[0] - history.heat_gain.sum(axis=-1)
    assert np.abs(balance).max() < 1e-8 * lit
    # The state is what the temperatures and the heat capacities given say, not what the solver keeps beside them.
    if water is None:
        stored = (cell_volumes(faces) * problem.material.heat_capacity_vol * history.final).sum()
        assert stored == pytest.approx(history.enthalpy[-1], rel=1e-13)
    assert (history.heat_gain[-1, 0] == 0) == (boundary == {})
    assert (history.heat_gain[-1, 1] == 0) == (bottom is None)
    # Steps of both kinds were taken, so that the balance of both is held.
    assert min(history.steps[:2]) > 0


def test_records_and_pulses():
    faces, problem = vessel()
    light = problem.source.power_density
    run = problem._replace(record_cells=[[0, 0, 0], [7, 5, 8]], tolerance_K=0.02)
    whole = conduct_xyz(faces, run._replace(interval_s=[1e-4, 1e-2], source=HeatSource(light, [0.5, 0.0])))
    train, on = [1e-6] * 100 + [1e-2], [1.0, 0.0] * 50 + [0.0]
    split = conduct_xyz(faces, run._replace(interval_s=train, source=HeatSource(light, on)))
    # 1 µs moves heat by less than a µm, below any cell: both differ by the tolerance and no more.
    np.testing.assert_allclose(split.cell_temperature[-1], whole.cell_temperature[-1], atol=0.05)
    np.testing.assert_array_equal(whole.cell_temperature[-1], whole.final[[0, 7], [0, 5], [0, 8]])
    assert np.all(whole.peak >= whole.final)
    # Pulses far below the shortest time of a cell are one explicit step each.
    assert split.steps[0] >= 100
    assert whole.steps[0] < split.steps[0]


# --- refusals -----------------------------------------------------------------------------------------------------

GOOD = HeatProblem(Material(K, C), 307.0, [1e-3])
FACES = ([0, 1e-3, 2e-3],) * 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"material": Material([[[K], [K]], [[K], [0.0]]], C)},
            r"conductivity must be positive.*read 0.0 at index \(1, 1, 0\)",
        ),
        ({"material": Material(K, -1.0)}, "heat capacity must be positive.*read -1.0"),
        ({"source": HeatSource(-1.0)}, "light does not cool.*read -1.0"),
        ({"source": HeatSource(1.0, [-1.0])}, "cannot be negative; read -1.0"),
        ({"interval_s": [1e-3, math.nan]}, r"longer than 0 s; read nan at index \(1,\)"),
        ({"surface": RobinBoundary(-5.0)}, "h_surface cannot be negative.*read -5.0"),
        ({"surface": RobinBoundary(1.0, math.inf)}, "outside_surface must be finite.*read inf"),
        ({"initial": math.nan}, "initial temperature must be finite.*read nan"),
        ({"water": BOIL._replace(latent_heat=-1.0)}, "latent heat cannot be negative.*read -1.0"),
        ({"water": BOIL, "initial": 0.0}, "above 0 K where water boils.*read 0.0"),
        ({"bottom": math.nan}, "bottom must be finite.*read nan"),
        ({"record_cells": [[0, 2, 0]]}, "outside the grid; read 2"),
        ({"tolerance_K": -1.0}, "tolerance_K must be positive; read -1.0"),
    ],
)
def test_impossible_numbers_are_refused_with_their_place(changed, says):
    with pytest.raises(ValueError, match=says):
        conduct_xyz(FACES, GOOD._replace(**changed))


def test_impossible_grids_are_refused():
    with pytest.raises(ValueError, match=r"y faces must increase; read 0.001 at index \(1,\)"):
        conduct_xyz(([0, 1, 2], [0, 1e-3, 1e-3], [0, 1, 2]), GOOD)
    with pytest.raises(ValueError, match="at least three z faces"):
        conduct_xyz(([0, 1, 2], [0, 1, 2], [0, 1]), GOOD)
