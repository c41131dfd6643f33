"""Heat about an axis: closed forms, orders of convergence, balance, boiling, choice of the step, refusals."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erf, erfc, j0, jn_zeros

from skinbeam.physics.heat.axisymmetric import ORDER_SPACE, ORDER_TIME, conduct_rz, ring_volumes
from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary, graded_faces
from skinbeam.physics.heat.problem import HeatProblem

K, C = 0.37, 3.76e6  # skin, W/mK and J/m³K
KAPPA = K / C
ORDER_MARGIN = 0.15
WATER_LATENT = 2.26e6 * 1e3 * 0.65  # J/m³ of tissue that is 65 % water


def centres(faces):
    return (faces[1:] + faces[:-1]) / 2


def graded(length, finest, growth=0.05):
    return graded_faces([[length]], finest_m=finest, growth=growth)[0][0]


def observed_order(errors):
    return math.log2(errors[-2] / errors[-1])


# --- closed forms -------------------------------------------------------------------------------------------------


def test_gaussian_spot_and_depth_spread_as_their_dimensions_say():
    w, end = 100e-6, 20e-3
    r, z = graded(12 * w, 2e-6, 0.03), graded(12 * w, 2e-6, 0.03)
    shape = np.exp(-((centres(r)[:, None] / w) ** 2) - (centres(z)[None, :] / w) ** 2)
    history = conduct_rz((r, z), HeatProblem(Material(K, C), 50 * shape, [end], tolerance_K=0.05))
    spread = 1 + 4 * KAPPA * end / w**2
    exact = 50 * spread**-1.5 * shape ** (1 / spread)
    # 1 % of the temperature on the axis.
    np.testing.assert_allclose(history.final[0], exact, atol=0.01 * exact[0, 0])


@pytest.mark.parametrize("h", [500.0, 4000.0, 30000.0])
def test_half_space_under_a_film_follows_carslaw_and_jaeger(h):
    end = 0.05
    r, z = np.linspace(0, 1e-3, 4), graded(1e-3, 1e-6, 0.02)
    history = conduct_rz(
        (r, z), HeatProblem(Material(K, C), 30.0, [end], surface=RobinBoundary(h, -26.0), tolerance_K=0.05)
    )
    root, depth = np.sqrt(KAPPA * end), centres(z)
    near = depth < 6 * root

    def exact(z):
        film = np.exp(h * z / K + (h * root / K) ** 2) * erfc(z / (2 * root) + h * root / K)
        return -26.0 + 56.0 * (erf(z / (2 * root)) + film)

    # 1 % of the 56 K between skin and coolant (Carslaw and Jaeger 1959, 2.7).
    for ring in history.final[0]:
        np.testing.assert_allclose(ring[near], exact(depth[near]), atol=0.56)
    np.testing.assert_allclose(history.surface[0, -1], exact(0.0), atol=0.56)


def test_front_of_boiling_follows_neumann():
    """A wall held hotter boils its way into water at the start of boiling: x = 2 λ sqrt(κ t)."""
    start, band, rise, end = 373.0, 0.5, 40.0, 0.5
    stefan = C * rise / WATER_LATENT
    front = brentq(lambda x: x * math.exp(x * x) * erf(x) - stefan / math.sqrt(math.pi), 1e-3, 2.0)
    r, z = np.linspace(0, 1e-3, 3), np.linspace(0, 0.5e-3, 251)
    history = conduct_rz(
        (r, z),
        HeatProblem(
            Material(K, C),
            start,
            [end],
            water=BoilingWater(start, band, WATER_LATENT, C),
            surface=RobinBoundary(math.inf, start + band + rise),
        ),
    )
    # What boiled is the latent heat taken up; the band of boiling, an eightieth of the rise, smears it by as much.
    done = np.clip((history.final[0, 0] - start) / band, 0, 1) @ np.diff(z)
    assert done == pytest.approx(2 * front * math.sqrt(KAPPA * end), rel=0.02)


# --- orders -------------------------------------------------------------------------------------------------------


def mode_error(n, tolerance, end=1.0):
    """Largest error of a mode that is insulated everywhere, after it has lost most of itself; and steps taken."""
    beta = float(jn_zeros(1, 1)[0])
    r = z = np.linspace(0, 1, n + 1)
    mode = j0(beta * centres(r))[:, None] * np.cos(np.pi * centres(z))[None, :]
    rate = beta**2 + np.pi**2
    history = conduct_rz((r, z), HeatProblem(Material(1.0, rate), mode, [end], tolerance_K=tolerance))
    return np.abs(history.final[0] - mode * math.exp(-end)).max(), history


def test_order_in_space():
    errors = [mode_error(n, 1e-5)[0] for n in (8, 16, 32)]
    assert observed_order(errors) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


@pytest.mark.parametrize(("n", "kind", "tolerances"), [(10, 0, (1e-5, 1e-6)), (160, 1, (4e-3, 4e-4))])
def test_order_in_time(n, kind, tolerances):
    """Error against the number of steps, each as long as its tolerance allows, from a run with far smaller ones."""
    exact = mode_error(n, tolerances[1] * 1e-4)[1].final
    errors, steps = [], []
    for tolerance in tolerances:
        history = mode_error(n, tolerance)[1]
        assert history.steps[0, kind] > 0.6 * history.steps[0].sum()
        errors.append(np.abs(history.final - exact).max())
        steps.append(history.steps[0, kind])
    order = math.log(errors[0] / errors[1]) / math.log(steps[1] / steps[0])
    assert order == pytest.approx(ORDER_TIME, abs=0.4)


# --- balance ------------------------------------------------------------------------------------------------------


def skins(n=3, rings=12, depths=20):
    """Skins whose layers conduct, hold and absorb differently, lit hard enough to boil."""
    random = np.random.default_rng(1)
    r, z = graded(1e-3, 1e-3 / rings / 2)[: rings + 1], graded(1.5e-3, 1e-3 / depths / 2)[: depths + 1]
    medium = np.arange(depths)[None, :] // 5 + np.zeros(rings, int)[:, None]
    k, c = random.uniform(0.2, 0.6, (n, 4)), random.uniform(2.5e6, 4.2e6, (n, 4))
    light = 2e10 * np.exp(-centres(z) / 2e-4)[None, :] * np.exp(-((centres(r) / 3e-4) ** 2))[:, None]
    train, on = [2e-3, 5e-3] * 5 + [0.1, 2.0], [1.0, 0.0] * 5 + [0.0, 0.0]
    return (r, z), HeatProblem(Material(k[:, medium], c[:, medium]), 307.0, train, HeatSource(light, on))


BOIL = BoilingWater(383.0, 30.0, WATER_LATENT, C)
SURFACES = [
    {},
    {"surface": RobinBoundary(300.0, 295.0)},
    {"surface": RobinBoundary(math.inf, 295.0)},
]


@pytest.mark.parametrize("boundary", SURFACES)
@pytest.mark.parametrize("water", [None, BOIL, BOIL._replace(dried_heat_capacity=1.2e6)])
@pytest.mark.parametrize("bottom", [None, 306.0])
def test_enthalpy_is_balanced_to_1e_8_of_the_light(boundary, water, bottom):
    faces, problem = skins()
    history = conduct_rz(faces, problem._replace(**boundary, water=water, bottom=bottom))
    lit = history.heat_gain[:, -1, 2]
    np.testing.assert_allclose(
        lit, 5 * 2e-3 * (ring_volumes(faces)[0] * problem.source.power_density).sum(), rtol=1e-12
    )
    balance = history.enthalpy - history.enthalpy[:, :1] - history.heat_gain.sum(axis=-1)
    assert np.abs(balance).max() < 1e-8 * lit.min()
    assert (history.heat_gain[:, -1, 0] == 0).all() == (boundary == {})
    assert (history.heat_gain[:, -1, 1] == 0).all() == (bottom is None)
    # Steps of both kinds were taken, so that the balance of both is held.
    assert np.all(history.steps[:, :2] > 0)


# --- boiling ------------------------------------------------------------------------------------------------------


def heated_evenly(end, water):
    problem = HeatProblem(Material(K, C), 310.0, [end], HeatSource(1e10), water)
    return float(conduct_rz(([0, 1e-3, 2e-3],) * 2, problem).final[0, 0, 0])


@pytest.mark.parametrize(("start", "end"), [(373.0, 383.0), (418.0, 458.0)])
def test_boiling_follows_the_enthalpy_and_starts_where_it_is_set(start, end):
    water = BoilingWater(start, end - start, WATER_LATENT, C)
    per_s = 1e10 / C
    till = (start - 310.0) / per_s
    lasts = (C * (end - start) + WATER_LATENT) / 1e10
    assert heated_evenly(till, water) == pytest.approx(start, abs=1e-6)
    assert heated_evenly(till + lasts / 2, water) == pytest.approx((start + end) / 2, abs=1e-6)
    assert heated_evenly(till + lasts, water) == pytest.approx(end, abs=1e-6)
    assert heated_evenly(till + lasts + 10.0 / per_s, water) == pytest.approx(end + 10.0, abs=1e-6)


# --- surface, pulses, steps ---------------------------------------------------------------------------------------


def test_sub_pulses_bring_their_share_and_short_ones_add_up_to_a_long_one():
    faces, problem = skins()
    light = problem.source.power_density
    run = problem._replace(record_cells=[[0, 0], [3, 7]], tolerance_K=0.02)
    whole = conduct_rz(faces, run._replace(interval_s=[1e-3, 1e-2], source=HeatSource(light, [0.5, 0.0])))
    train, on = [1e-6] * 1000 + [1e-2], [1.0, 0.0] * 500 + [0.0]
    split = conduct_rz(faces, run._replace(interval_s=train, source=HeatSource(light, on)))
    np.testing.assert_allclose(split.heat_gain[:, -1, 2], whole.heat_gain[:, -1, 2], rtol=1e-12)
    # 1 µs moves heat by less than a µm, below any cell: both differ by the tolerance and no more.
    np.testing.assert_allclose(split.cell_temperature[:, -1], whole.cell_temperature[:, -1], atol=0.05)
    np.testing.assert_array_equal(whole.cell_temperature[:, -1], whole.final[:, [0, 3], [0, 7]])
    assert np.all(whole.peak >= whole.final)


def test_steps_are_explicit_for_short_pulses_and_along_lines_for_long_ones():
    faces, problem = skins()
    light = problem.source.power_density
    short = conduct_rz(faces, problem._replace(interval_s=[1e-7, 1e-6], source=HeatSource(light, [1e3, 0.0])))
    assert np.all(short.steps[:, 0] == 2)
    assert np.all(short.steps[:, 1] == 0)
    long = conduct_rz(faces, problem._replace(interval_s=[10.0], source=HeatSource(light, [1e-4])))
    assert np.all(long.steps[:, 1] > 0)
    # Explicit steps of ten stages last 64 / rate at most, and depths alone decay with 4 kappa / width².
    slowest = problem.material.conductivity.min() / problem.material.heat_capacity_vol.max()
    assert 10.0 * 4 * slowest / np.diff(faces[1]).min() ** 2 / 64 > long.steps[:, :2].sum(axis=1).max()


def test_a_smaller_tolerance_is_a_smaller_error():
    faces, problem = skins()
    exact, *rough = (
        conduct_rz(faces, problem._replace(water=BOIL, tolerance_K=tolerance)).peak for tolerance in (1e-4, 0.2, 0.02)
    )
    errors = [np.abs(peak - exact).max() for peak in rough]
    # Errors of some hundred steps, most of which later ones damp: five times that of one.
    assert errors[0] < 5 * 0.2
    assert errors[1] < errors[0] / 3


def test_a_sample_does_not_depend_on_those_beside_it():
    faces, problem = skins()
    together = conduct_rz(faces, problem)
    for s in range(3):
        mine = problem._replace(material=Material(*(values[s] for values in problem.material)))
        np.testing.assert_array_equal(conduct_rz(faces, mine).final[0], together.final[s])


# --- refusals -----------------------------------------------------------------------------------------------------

GOOD = HeatProblem(Material(K, C), 307.0, [1e-3])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"material": Material([[[K, K], [K, -0.1]]], C)},
            r"conductivity must be positive.*read -0.1 at index \(0, 1, 1\)",
        ),
        ({"material": Material(K, 0.0)}, "heat capacity must be positive.*read 0.0"),
        ({"source": HeatSource(-1.0)}, "light does not cool.*read -1.0"),
        ({"source": HeatSource(1.0, [-1.0])}, "cannot be negative; read -1.0"),
        ({"interval_s": [1e-3, 0.0]}, r"longer than 0 s; read 0.0 at index \(1,\)"),
        ({"surface": RobinBoundary(-5.0)}, "h_surface cannot be negative.*read -5.0"),
        ({"surface": RobinBoundary(1.0, math.nan)}, "outside_surface must be finite.*read nan"),
        ({"initial": math.inf}, "initial temperature must be finite.*read inf"),
        ({"water": BOIL._replace(latent_heat=-1.0)}, "latent heat cannot be negative, J/m³; read -1.0"),
        ({"water": BOIL._replace(start_K=math.inf)}, "boiling must start at a temperature above 0 K; read inf"),
        ({"water": BOIL._replace(range_K=0.0)}, "the range over which water boils must be positive, K; read 0.0"),
        (
            {"water": BOIL._replace(dried_heat_capacity=0.0)},
            "heat capacity of dried tissue must be positive, J/m³K; read 0.0",
        ),
        (
            {"water": BOIL._replace(latent_heat=1e6, dried_heat_capacity=1e6)},
            "boiling cannot take up less than heating",
        ),
        ({"water": BOIL, "initial": -4.0}, "above 0 K where water boils.*read -4.0"),
        ({"bottom": math.nan}, "bottom must be finite.*read nan"),
        ({"record_cells": [[0, 2]]}, "outside the grid; read 2"),
        ({"tolerance_K": 0.0}, "tolerance_K must be positive; read 0.0"),
    ],
)
def test_impossible_numbers_are_refused_with_their_place(changed, says):
    with pytest.raises(ValueError, match=says):
        conduct_rz(([0, 1e-3, 2e-3],) * 2, GOOD._replace(**changed))


@pytest.mark.parametrize(
    ("r", "z", "says"),
    [
        ([-1e-3, 0, 1e-3], [0, 1, 2], "radius cannot be negative; read -0.001"),
        ([0, 1e-3, 1e-3], [0, 1, 2], "r faces must increase; read 0.001"),
        ([0, 1, 2], [0, 1], "at least three z faces"),
        ([0, 1, 2], [0, 1, math.nan], "z faces must be finite"),
    ],
)
def test_impossible_grids_are_refused(r, z, says):
    with pytest.raises(ValueError, match=says):
        conduct_rz((r, z), GOOD)
