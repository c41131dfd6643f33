"""Heat conduction: closed forms, orders of convergence, balance of heat, superposition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import erf, erfc, j0, jn_zeros

from skinbeam.physics.heat.cells import (
    INSULATED,
    HeatSource,
    Material,
    RobinBoundary,
    cylinder_cells,
    graded_faces,
    slab_cells,
)
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import ORDER_SPACE, ORDER_TIME, LinearConduction, graded_time_steps

K, C = 0.37, 3.76e6  # skin, W/mK and J/m³K
KAPPA = K / C
END_S = 0.05
ORDER_MARGIN = 0.1


def fine_slab():
    """A millimetre, 0.5 µm at the surface: errors of space stay below 0.1 %, and the bottom is 13 lengths away."""
    faces, _ = graded_faces([[1e-3]], finest_m=0.5e-6, growth=0.02)
    return slab_cells(faces)


def steps_to(end_s):
    return graded_time_steps([end_s], first_fraction=1e-5, growth=1.05)[0]


def test_half_space_with_its_surface_held_cold_follows_erf():
    cells, steps = fine_slab(), steps_to(END_S)
    history = conduct_1d(
        HeatProblem1D(cells, Material(K, C), 1.0, steps, surface=RobinBoundary(math.inf, 0.0)), LinearConduction()
    )
    exact = erf(cells.centres[0] / np.sqrt(4 * KAPPA * END_S))
    # 1 % of the step at the surface.
    np.testing.assert_allclose(history.final[0], exact, atol=0.01)
    assert history.surface[0, -1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("h", [500.0, 4000.0, 30000.0])
def test_half_space_under_a_film_follows_carslaw_and_jaeger(h):
    cells, steps = fine_slab(), steps_to(END_S)
    history = conduct_1d(
        HeatProblem1D(cells, Material(K, C), 30.0, steps, surface=RobinBoundary(h, -26.0)), LinearConduction()
    )
    root = np.sqrt(KAPPA * END_S)

    def exact(z):
        with np.errstate(over="ignore"):
            film = np.exp(h * z / K + (h * root / K) ** 2) * erfc(z / (2 * root) + h * root / K)
        return -26.0 + 56.0 * (erf(z / (2 * root)) + film)

    near = cells.centres[0] < 6 * root
    # 1 % of the 56 K between skin and coolant (Carslaw and Jaeger 1959, 2.7).
    np.testing.assert_allclose(history.final[0][near], exact(cells.centres[0][near]), atol=0.56)
    assert history.surface[0, -1] == pytest.approx(exact(0.0), abs=0.56)


@pytest.mark.parametrize("mua", [2e3, 2e4])
def test_insulated_half_space_after_a_short_pulse_follows_the_closed_form(mua):
    cells, exposure = fine_slab(), 1e4
    faces = np.concatenate(([0.0], np.cumsum(cells.volumes[0])))
    heated = exposure / C * -np.diff(np.exp(-mua * faces)) / np.diff(faces)
    end = 2e-3
    history = conduct_1d(HeatProblem1D(cells, Material(K, C), heated, steps_to(end)), LinearConduction())
    z, root = cells.centres[0], np.sqrt(KAPPA * end)
    with np.errstate(over="ignore", invalid="ignore"):
        exact = (
            mua
            * exposure
            / (2 * C)
            * np.exp((mua * root) ** 2)
            * (
                np.exp(-mua * z) * erfc(mua * root - z / (2 * root))
                + np.exp(mua * z) * erfc(mua * root + z / (2 * root))
            )
        )
    near = z < 8 / mua
    np.testing.assert_allclose(history.final[0][near], exact[near], atol=0.01 * exact[0])


@pytest.mark.parametrize(("shape", "power"), [(slab_cells, -0.5), (cylinder_cells, -1.0)])
def test_gaussian_decays_at_its_centre_with_its_dimension(shape, power):
    width = 50e-6
    cells = shape(np.linspace(0, 12 * width, 601))
    initial = np.exp(-(cells.centres**2) / width**2)
    end = 5e-3
    history = conduct_1d(HeatProblem1D(cells, Material(K, C), initial, steps_to(end)), LinearConduction())
    exact = (1 + 4 * KAPPA * end / width**2) ** power
    assert history.final[0, 0] == pytest.approx(exact, rel=0.01)


# --- orders -------------------------------------------------------------------------------------------------------


def observed_order(errors):
    return math.log2(errors[-2] / errors[-1])


def decay(cells, mode, rate, k=1.0, c=1.0, surface=INSULATED):
    """Largest error after the mode has lost most of itself; 2000 steps leave an error in time below 1e-6."""
    end = 1.0 / rate
    steps = np.full(2000, end / 2000)
    history = conduct_1d(
        HeatProblem1D(cells, Material(k, c), mode, steps, surface=surface, record_cells=[0]), LinearConduction()
    )
    return np.abs(history.final[0] - mode * math.exp(-1.0)).max()


def test_order_in_space_in_the_bulk():
    errors = []
    for n in (16, 32, 64):
        cells = slab_cells(np.linspace(0, 1, n + 1))
        errors.append(decay(cells, np.cos(2 * np.pi * cells.centres[0]), (2 * np.pi) ** 2))
    assert observed_order(errors) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


def test_order_in_space_in_a_cylinder():
    beta = float(jn_zeros(1, 1)[0])
    errors = []
    for n in (16, 32, 64):
        cells = cylinder_cells(np.linspace(0, 1, n + 1))
        errors.append(decay(cells, j0(beta * cells.centres[0]), beta**2))
    assert observed_order(errors) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


@pytest.mark.parametrize("h", [0.7, 20.0, math.inf])
def test_order_in_space_at_a_cooled_surface(h):
    # cos(beta (1 - x)) with beta tan(beta) = h / k has a film at x = 0 and is insulated at x = 1.
    beta = math.pi / 2 if math.isinf(h) else brentq(lambda b: b * math.sin(b) - h * math.cos(b), 1e-06, math.pi / 2)
    errors = []
    for n in (16, 32, 64):
        cells = slab_cells(np.linspace(0, 1, n + 1))
        errors.append(decay(cells, np.cos(beta * (1 - cells.centres[0])), beta**2, surface=RobinBoundary(h)))
    assert observed_order(errors) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


def test_order_in_space_at_an_interface_of_layers():
    # Conductivity and capacity jump at x = 0.4; the mode is a cosine on both sides, matched in value and flux.
    k1, c1, k2, c2, edge = 1.0, 1.0, 0.3, 1.7, 0.4

    def mismatch(rate):
        a, b = math.sqrt(rate * c1 / k1), math.sqrt(rate * c2 / k2)
        return k1 * a * math.sin(a * edge) * math.cos(b * (1 - edge)) + k2 * b * math.sin(b * (1 - edge)) * math.cos(
            a * edge
        )

    rate = brentq(mismatch, 0.5, 6.0)
    a, b = math.sqrt(rate * c1 / k1), math.sqrt(rate * c2 / k2)
    ratio = math.cos(a * edge) / math.cos(b * (1 - edge))
    errors = []
    for n in (16, 32, 64):
        cells = slab_cells(np.concatenate((np.linspace(0, edge, n + 1), np.linspace(edge, 1, n + 1)[1:])))
        x = cells.centres[0]
        mode = np.where(x < edge, np.cos(a * x), ratio * np.cos(b * (1 - x)))
        errors.append(decay(cells, mode, rate, np.where(x < edge, k1, k2), np.where(x < edge, c1, c2)))
    assert observed_order(errors) == pytest.approx(ORDER_SPACE, abs=ORDER_MARGIN)


def test_order_in_time():
    # A cosine is an eigenvector of the discrete slab, with a known rate: the error is that of time alone.
    n = 20
    cells = slab_cells(np.linspace(0, 1, n + 1))
    mode = np.cos(np.pi * cells.centres[0])
    rate = 4 * n**2 * math.sin(math.pi / (2 * n)) ** 2
    errors = []
    for count in (20, 40, 80):
        steps = np.full(count, 1.0 / rate / count)
        history = conduct_1d(HeatProblem1D(cells, Material(1.0, 1.0), mode, steps), LinearConduction())
        errors.append(np.abs(history.final[0] - mode * math.exp(-1)).max())
    assert observed_order(errors) == pytest.approx(ORDER_TIME, abs=ORDER_MARGIN)


def test_a_step_far_beyond_every_time_scale_damps_all_but_the_mean():
    # L-stability: the amplification of TR-BDF2 falls as 1 / (rate x step), here below 1e-4 for the slowest mode.
    cells = slab_cells(np.linspace(0, 1, 31))
    initial = np.where(np.arange(30) % 2, 1.0, -1.0) + np.cos(np.pi * cells.centres[0]) + 5.0
    history = conduct_1d(HeatProblem1D(cells, Material(1.0, 1.0), initial, [1e6]), LinearConduction())
    np.testing.assert_allclose(history.final[0], 5.0, atol=1e-4)


# --- balance and linearity ----------------------------------------------------------------------------------------

layers = st.lists(st.floats(1e-5, 1e-3), min_size=1, max_size=4)


@settings(max_examples=40)
@given(
    thickness=layers,
    seed=st.integers(0, 2**31),
    round_shape=st.booleans(),
    h=st.floats(0, 5e4),
    bottom=st.sampled_from([0.0, 300.0, math.inf]),
    perfusion=st.floats(0, 1e5),
)
def test_heat_is_conserved(thickness, seed, round_shape, h, bottom, perfusion):
    rng = np.random.default_rng(seed)
    faces, _ = graded_faces([thickness], finest_m=2e-6, growth=0.1)
    cells = (cylinder_cells if round_shape else slab_cells)(faces)
    n = cells.volumes.shape[1]
    c = rng.uniform(1e6, 4e6, (3, n))
    q = rng.uniform(0, 1e9, (3, n))
    initial = rng.uniform(-5, 5, (3, n))
    steps, phase = graded_time_steps([0.03, 1e-3, 0.2])
    film = np.where(phase == 0, h, 10.0)
    history = conduct_1d(
        HeatProblem1D(
            cells,
            Material(rng.uniform(0.1, 0.6, (3, n)), c),
            initial,
            steps,
            HeatSource(q, phase == 1),
            RobinBoundary(film, -50.0),
            RobinBoundary(bottom),
        ),
        LinearConduction(perfusion, 3.0),
    )
    stored = ((history.final - initial) * c * cells.volumes).sum(axis=1)
    supplied = (q * cells.volumes).sum(axis=1) * steps[phase == 1].sum()
    gained = history.heat_gain[:, -1]
    # Every cell's balance holds to the rounding of a tridiagonal solve in each of some 100 steps.
    scale = np.abs(supplied) + np.abs(gained).sum(axis=1) + (np.abs(initial) * c * cells.volumes).sum(axis=1)
    assert np.all(np.abs(stored - supplied - gained.sum(axis=1)) < 1e-10 * scale)


@settings(max_examples=25)
@given(dose=st.floats(1e-3, 1e3), seed=st.integers(0, 2**31))
def test_dose_scales_a_unit_response(dose, seed):
    rng = np.random.default_rng(seed)
    faces, _ = graded_faces([[60e-6, 1e-3]], finest_m=3e-6, growth=0.15)
    cells = slab_cells(faces)
    q = rng.uniform(0, 1e8, cells.volumes.shape)
    steps, phase = graded_time_steps([0.02, 5e-4, 0.05])
    h = np.where(phase == 0, 4000.0, 10.0)
    cooled = HeatProblem1D(cells, Material(K, C), 306.0, steps, surface=RobinBoundary(h, 247.0))
    base = conduct_1d(cooled, LinearConduction())
    unit = conduct_1d(
        cooled._replace(initial=0.0, source=HeatSource(q, phase == 1), surface=RobinBoundary(h)), LinearConduction()
    )
    both = conduct_1d(cooled._replace(source=HeatSource(dose * q, phase == 1)), LinearConduction())
    scale = 306.0 + dose * unit.cell_temperature.max()
    np.testing.assert_allclose(
        both.cell_temperature, base.cell_temperature + dose * unit.cell_temperature, atol=1e-11 * scale
    )
    np.testing.assert_allclose(both.surface, base.surface + dose * unit.surface, atol=1e-11 * scale)


def test_a_sample_does_not_depend_on_its_company():
    rng = np.random.default_rng(3)
    cells = slab_cells(np.cumsum(rng.uniform(1e-6, 1e-4, (7, 30)), axis=1))
    k = rng.uniform(0.1, 0.6, cells.volumes.shape)
    steps = steps_to(0.1)

    def run(rows):
        part = type(cells)(*(a[rows] for a in cells))
        return conduct_1d(
            HeatProblem1D(part, Material(k[rows], C), 1.0, steps, surface=RobinBoundary(1e3)), LinearConduction()
        )

    np.testing.assert_array_equal(run(slice(None)).cell_temperature[4], run(slice(4, 5)).cell_temperature[0])


def test_steady_flow_through_layers_is_that_of_resistances_in_series():
    faces, first = graded_faces([[1e-4, 3e-4]], finest_m=5e-6, growth=0.1)
    cells = slab_cells(faces)
    k = np.where(np.arange(cells.volumes.shape[1]) < first[1], 0.2, 0.5)
    # 100 s are 60 times the slowest relaxation, L^2 / kappa.
    history = conduct_1d(
        HeatProblem1D(
            cells,
            Material(k, C),
            0.0,
            graded_time_steps([100.0])[0],
            surface=RobinBoundary(1e3, -20.0),
            bottom=RobinBoundary(math.inf, 37.0),
        ),
        LinearConduction(),
    )
    flow = 57.0 / (1e-3 + 1e-4 / 0.2 + 3e-4 / 0.5)
    assert history.surface[0, -1] == pytest.approx(-20.0 + flow / 1e3, rel=1e-6)


def test_perfusion_alone_relaxes_to_the_temperature_of_blood():
    cells = slab_cells(np.linspace(0, 1e-3, 11))
    rate = 2e3 / C
    steps = np.full(200, 1 / rate / 200)
    history = conduct_1d(HeatProblem1D(cells, Material(K, C), 30.0, steps), LinearConduction(2e3, 37.0))
    # Error of second order in 200 steps: below (1/200)^2.
    np.testing.assert_allclose(history.final[0], 37.0 - 7.0 * math.exp(-1), atol=1e-3)


# --- grids and steps ----------------------------------------------------------------------------------------------


@given(st.lists(layers, min_size=1, max_size=3).filter(lambda rows: len({len(r) for r in rows}) == 1))
def test_faces_lie_on_every_boundary_and_increase(rows):
    faces, first = graded_faces(rows, finest_m=2e-6, growth=0.1)
    bounds = np.concatenate((np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)), axis=1)
    np.testing.assert_allclose(faces[:, first], bounds, rtol=1e-12, atol=1e-18)
    assert np.all(np.diff(faces) > 0)


@given(st.lists(st.one_of(st.just(0.0), st.floats(1e-9, 1e4)), min_size=1, max_size=6).filter(any))
def test_steps_fill_each_phase_exactly(durations):
    steps, phase = graded_time_steps(durations)
    assert np.all(steps > 0)
    for index, duration in enumerate(durations):
        assert steps[phase == index].sum() == pytest.approx(duration, rel=1e-12, abs=0)
        own = steps[phase == index]
        # Growth by the stated ratio at most (1e-9 for rounding).
        assert np.all(own[1:] <= own[:-1] * 1.12 * (1 + 1e-9))


@pytest.mark.parametrize(
    "wrong",
    [
        {"step_s": [0.1, 0.0]},
        {"material": Material(0.0, C)},
        {"material": Material(K, -1.0)},
        {"step_s": [[[0.1]]]},
    ],
)
def test_impossible_values_are_refused(wrong):
    good = HeatProblem1D(slab_cells(np.linspace(0, 1, 5)), Material(K, C), 1.0, [0.1])
    with pytest.raises(ValueError, match="must be"):
        conduct_1d(good._replace(**wrong), LinearConduction())


def test_faces_that_do_not_increase_are_refused():
    with pytest.raises(ValueError, match="increasing"):
        slab_cells([0.0, 2.0, 1.0])
    with pytest.raises(ValueError, match="negative"):
        cylinder_cells([-1.0, 0.0, 1.0])
