"""A vessel in light: absorption in isotropic light, and heat in and around the lumen."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad
from scipy.special import i0e, i1e

from skinbeam.physics.damage.arrhenius import Kinetics
from skinbeam.physics.heat.linear_conduction import graded_time_steps
from skinbeam.physics.numerics.interpolation import interpolate_history
from skinbeam.physics.targets.vessel import (
    LUMEN_CELLS,
    _profile_table,
    cylinder_relaxation_time,
    lumen_cells,
    lumen_profile,
    radial_grid,
    radial_response,
    shading,
    steam_doses,
)
from skinbeam.physics.targets.vessel_absorption_feedback import march_heated_blood

K, C = 0.4, 3.7e6
KAPPA = K / C
SKIN = (K, C)


@pytest.mark.parametrize("x", [0.05, 0.7, 3.0, 12.0])
def test_shading_is_the_mean_over_isotropic_chords(x):
    mean, _ = dblquad(
        lambda psi, alpha: (
            math.sin(alpha) ** 2 * math.cos(psi) * -math.expm1(-x * math.cos(psi) / math.sin(alpha)) * 4 / math.pi
        ),
        1e-12,
        math.pi / 2,
        0,
        math.pi / 2,
        epsabs=1e-9,
    )
    # 24 Gauss nodes in each angle are good to 1e-5 here.
    assert shading(x, 1.0) == pytest.approx(mean / x, rel=1e-5)


def test_shading_has_the_mean_chord_of_a_cylinder():
    # 1 - shading -> x <s^2>/2 for small x, and shading -> 1 there needs <s> = 4V/S = d.
    assert shading(1e-4, 1.0) == pytest.approx(1.0, abs=1e-3)
    # A black vessel takes what arrives at its surface, phi/4 x S = phi V / d.
    assert shading(1e3, 1.0) * 1e3 == pytest.approx(1.0, rel=1e-2)


@given(st.floats(0, 1e6), st.floats(1e-6, 1e-3))
def test_shading_lies_below_one_and_below_the_value_at_the_mean_chord(mua, diameter):
    x = mua * diameter
    limit = -math.expm1(-x) / x if x > 1e-6 else 1.0
    assert 0 < shading(mua, diameter) <= limit * (1 + 1e-6)


def lumen_after_a_flash(y):
    """Mean and edge of a uniform cylinder after heat has spread, y = a² / 4 kappa t (Carslaw and Jaeger 1959, 10.3)."""
    return 1 - i0e(2 * y) - i1e(2 * y), (1 - i0e(2 * y)) / 2


@pytest.mark.parametrize("diameter_m", [30e-6, 150e-6])
@pytest.mark.parametrize("after", [0.3, 1.0, 5.0])
def test_lumen_cools_as_a_cylinder_in_an_unbounded_medium(diameter_m, after):
    relaxation = float(cylinder_relaxation_time(diameter_m, KAPPA))
    pulse, wait = relaxation / 1e3, after * relaxation
    steps, phase = graded_time_steps([pulse, wait])
    rise = 50.0
    history = radial_response(diameter_m, 3e-6, rise * C / pulse, steps, phase == 0, blood=SKIN, dermis=SKIN)
    mean, edge = lumen_after_a_flash((diameter_m / 2) ** 2 / (4 * KAPPA * wait))
    # 1 % of the initial rise: ten cells across the lumen give 1/10^2.
    assert history.lumen[0, 0, -1] == pytest.approx(rise * mean, abs=0.01 * rise)
    assert history.lumen_edge[0, 0, -1] == pytest.approx(rise * edge, abs=0.01 * rise)
    assert 0 < history.wall[0, 0, -1] < history.lumen_edge[0, 0, -1] < history.lumen[0, 0, -1]


def test_a_pulse_far_below_relaxation_heats_the_lumen_without_loss():
    steps, phase = graded_time_steps([1e-6, 1e-5])
    history = radial_response(200e-6, 3e-6, 1e12, steps, phase == 0, blood=(0.52, 3.8e6), dermis=SKIN)
    end = np.flatnonzero(phase == 0)[-1] + 1
    # The loss is of the order of the diffusion length over the radius: 2 sqrt(kappa t / pi) x 2 / a = 0.7 %.
    assert history.lumen[0, 0, end] == pytest.approx(1e12 * 1e-6 / 3.8e6, rel=0.01)


@settings(max_examples=15)
@given(st.floats(20e-6, 400e-6), st.floats(1e-6, 20e-6), st.floats(1e-4, 0.05))
def test_the_response_is_linear_positive_and_falls_outwards(diameter, wall, pulse):
    steps, phase = graded_time_steps([pulse, 5 * pulse])
    power = np.array([[1e9, 4e9]])
    history = radial_response(diameter, wall, power, steps, phase == 0, blood=(0.52, 3.8e6), dermis=SKIN)
    for part in history:
        np.testing.assert_allclose(part[0, 1], 4 * part[0, 0], rtol=1e-10, atol=1e-12)
    end = np.flatnonzero(phase == 0)[-1] + 1
    assert history.lumen[0, 0, end] > history.lumen_edge[0, 0, end] > history.wall[0, 0, end] > 0


def test_a_thin_vessel_is_worked_out_alike_next_to_a_wide_one():
    steps, phase = graded_time_steps([1e-3, 1e-2])
    both = radial_response([[30e-6, 300e-6]], 3e-6, 1e10, steps, phase == 0, blood=SKIN, dermis=SKIN)
    alone = radial_response([[300e-6]], 3e-6, 1e10, steps, phase == 0, blood=SKIN, dermis=SKIN)
    # The finer outer cells that the thin vessel asks for change the wide one by an error of second order.
    np.testing.assert_allclose(both.lumen[0, 1], alone.lumen[0, 0], atol=0.01 * alone.lumen.max())


def test_relaxation_times_agree_with_published_estimates():
    # Kimel 1994: 30 um 0.45 ms, 150 um 10 ms; with 1.3e-7 m²/s, and printed to two figures and one.
    assert cylinder_relaxation_time(30e-6, 1.3e-7) == pytest.approx(0.45e-3, rel=0.1)
    assert cylinder_relaxation_time(150e-6, 1.3e-7) == pytest.approx(10e-3, rel=0.1)


def test_impossible_vessels_are_refused():
    steps, on = graded_time_steps([1e-3])
    with pytest.raises(ValueError, match="positive"):
        radial_response(0.0, 3e-6, 1.0, steps, on == 0, blood=SKIN, dermis=SKIN)
    with pytest.raises(ValueError, match="negative"):
        shading(-1.0, 1e-4)


# Light across the lumen


@pytest.mark.parametrize("x", [0.05, 0.7, 3.0, 12.0, 45.0])
def test_the_mean_of_the_profile_is_the_shading(x):
    _, volume = lumen_cells()
    nodes, logs = _profile_table()
    # The table itself, before it is scaled to the shading: both count the same absorbed rays.
    before = np.exp([np.interp(math.log(x), np.log(nodes), column) for column in logs.T])
    assert before @ volume == pytest.approx(float(shading(x, 1.0)), rel=1e-3)
    # Steps of 0.008 in ln x, and the second derivative of ln shading is below one: 0.008² / 8 = 8e-6.
    assert lumen_profile(x, 1.0) @ volume == pytest.approx(float(shading(x, 1.0)), rel=1e-5)


def test_the_profile_is_the_mean_over_directions_of_what_the_path_leaves():
    x = 4.0
    faces, _ = lumen_cells()

    def at(radius):
        def part(psi, alpha):
            path = (math.sqrt(1 - radius**2 * math.sin(psi) ** 2) - radius * math.cos(psi)) / math.sin(alpha) / 2
            return math.sin(alpha) * math.exp(-x * path) / math.pi

        return dblquad(part, 1e-9, math.pi / 2, 0, math.pi, epsabs=1e-9)[0]

    found = lumen_profile(x, 1.0)
    # In the innermost cell the profile is flat about the axis; its outer face is at 0.18 of the radius.
    assert found[0] == pytest.approx(at(faces[1] / math.sqrt(2)), rel=2e-3)
    # In the sixth it is close to straight in the square of the radius.
    middle = math.sqrt((faces[5] ** 2 + faces[6] ** 2) / 2)
    assert found[5] == pytest.approx(at(middle), rel=2e-3)


@given(st.floats(1e-3, 200.0))
def test_light_falls_from_the_edge_to_the_axis(x):
    found = lumen_profile(x, 1.0)
    assert np.all(np.diff(found) > 0)
    assert np.all((found > 0) & (found < 1))


def test_energy_that_is_absorbed_in_the_cells_stays():
    steps, phase = graded_time_steps([1e-3, 1e-2])
    power = 1e10 * lumen_profile(2e4, 150e-6)[None, None]
    cells = radial_response(150e-6, 3e-6, power, steps, phase == 0, blood=SKIN, dermis=SKIN)
    even = radial_response(150e-6, 3e-6, (power @ lumen_cells()[1]), steps, phase == 0, blood=SKIN, dermis=SKIN)
    # The same power in all. Near the edge it leaves sooner: after relaxation, 11 ms, little of that is left.
    assert cells.lumen[0, 0, -1] < even.lumen[0, 0, -1]
    assert cells.lumen[0, 0, -1] == pytest.approx(even.lumen[0, 0, -1], rel=0.15)


# Blood that absorbs by its temperature


def marched(power, steps, on, *, diameter=150e-6, surroundings_K=300.0, between_K=(300.0, 400.0), change=None):
    grid = radial_grid(diameter, 3e-6, float(steps.sum()), blood=SKIN, dermis=SKIN)
    everywhere = np.full((1, 1, steps.size + 1), surroundings_K)
    (found,) = march_heated_blood(grid, power[None], between_K, everywhere, steps, on, change)
    return found


def process(frequency_1_s, *, low_K=0.0):
    return Kinetics(np.array([[frequency_1_s]]), np.zeros((1, 1)), np.array([[low_K]]), np.array([[np.inf]]))


def test_power_that_does_not_change_gives_the_linear_solution():
    steps, phase = graded_time_steps([1e-2, 1e-3, 1e-2])
    power = 1e10 * lumen_profile(2e4, 150e-6)
    linear = radial_response(150e-6, 3e-6, power[None, None], steps, phase == 1, blood=SKIN, dermis=SKIN)
    found = marched(np.broadcast_to(power, (1, 1, 5, power.size)), steps, phase == 1)
    for one, other in zip(found, linear, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_power_that_grows_with_temperature_makes_it_grow_exponentially():
    """Adiabatic in the middle of a wide vessel: c dT/dt = P (1 + s T) gives T = (exp(s P t / c) - 1) / s."""
    rise, power, duration = 0.02, 2.5e9, 50 / 2.5e9 * SKIN[1]
    exact = (np.exp(rise * 50) - 1) / rise
    assert exact < 100  # within the nodes
    errors = []
    for count in (10, 20):
        steps = np.full(count, duration / count)
        grows = power * np.array([1.0, 1.0 + rise * 100])[None, None, :, None] * np.ones((1, 1, 2, LUMEN_CELLS))
        found = marched(grows, steps, np.ones(count), diameter=0.1)
        errors.append(float(found.cells[0, 0, -1, 0]) - exact)
    # Of second order in the steps.
    assert abs(errors[0]) < 0.01 * exact
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)


def test_beyond_the_nodes_power_is_held():
    steps = np.full(20, 1e-6)
    nodes = np.array([1.0, 3.0])[None, None, :, None] * np.full((1, 1, 2, LUMEN_CELLS), 1e9)
    cold, hot = (
        marched(nodes, steps, np.ones(20), diameter=0.1, surroundings_K=at).lumen[0, 0, -1] for at in (200.0, 500.0)
    )
    assert hot == pytest.approx(3 * cold, rel=1e-9)


@pytest.mark.parametrize("remaining", [0.0, 3.0])
def test_power_follows_the_blood_that_has_changed(remaining):
    """At the rate k, adiabatic in a wide vessel: c dT/dt = P (exp(-k t) + kept (1 - exp(-k t)))."""
    power, duration = 2.5e9, 50 / 2.5e9 * SKIN[1]
    rate = 2.0 / duration
    gone = -np.expm1(-2.0) / 2.0  # mean of exp(-k t)
    exact = 50 * (gone + remaining * (1 - gone))
    errors = []
    for count in (10, 20):
        steps = np.full(count, duration / count)
        turns = power * np.array([1.0, remaining])[None, None, :, None, None] * np.ones((1, 1, 2, 2, LUMEN_CELLS))
        found = marched(turns, steps, np.ones(count), diameter=0.1, change=process(rate))
        errors.append(float(found.cells[0, 0, -1, 0]) - exact)
    # The share in the middle of a step counts: a 24th of (k step)² of the part that goes is left.
    assert abs(errors[0]) < 50 * abs(remaining - 1) * (2.0 / 10) ** 2 / 24
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.15)


def test_blood_that_has_changed_stays_so_when_it_cools():
    """It changes above 340 K at once. Two pulses with a pause between them: the second finds no power at all."""
    phases = [1e-3, 0.5, 1e-3]
    steps, phase = graded_time_steps(phases)
    turns = 4e11 * np.array([1.0, 0.0])[None, None, :, None, None] * np.ones((1, 1, 2, 2, LUMEN_CELLS))
    found = marched(turns, steps, phase != 1, diameter=30e-6, change=process(1e9, low_K=340.0)).lumen[0, 0]
    first, second = (found[1:][phase == n].max() for n in (0, 2))
    assert first > 40.0  # beyond 340 K
    assert second < 0.05 * first


def test_what_changes_nothing_leaves_the_march_as_it_is():
    steps, phase = graded_time_steps([1e-2, 1e-3, 1e-2])
    power = np.broadcast_to(1e10 * lumen_profile(2e4, 150e-6), (1, 1, 2, LUMEN_CELLS))
    plain = marched(power, steps, phase == 1)
    both = np.stack([power, 0 * power], axis=2)
    for one, other in zip(marched(both, steps, phase == 1, change=process(1.0, low_K=1e4)), plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_march_of_heated_blood_needs_its_shapes():
    steps = np.full(3, 1e-6)
    with pytest.raises(ValueError, match="two shares"):
        marched(np.ones((1, 1, 1, 2, LUMEN_CELLS)), steps, np.ones(3), change=process(1.0))
    with pytest.raises(ValueError, match="two temperatures"):
        marched(np.ones((1, 1, 1, LUMEN_CELLS)), steps, np.ones(3))
    grid = radial_grid(1e-4, 3e-6, 1e-3, blood=SKIN, dermis=SKIN)
    with pytest.raises(ValueError, match="3 steps need 4"):
        march_heated_blood(
            grid, np.ones((1, 1, 1, 2, LUMEN_CELLS)), (300.0, 400.0), np.ones((1, 1, 3)), steps, np.ones(3)
        )


def test_steam_needs_all_places_at_one_time_or_any_at_any():
    rng = np.random.default_rng(1)
    short, coldest = rng.uniform(-5, 60, (7, 9)), rng.uniform(0, 2, (7, 4, 9))
    hottest = 1.5 * coldest
    everywhere, somewhere = steam_doses(short, coldest, hottest, 1e-30)
    np.testing.assert_allclose(everywhere, (short[:, None] / coldest).max(axis=1).min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(somewhere, (short[:, None] / hottest).min(axis=(1, 2)), rtol=1e-12)
    assert np.all(somewhere <= everywhere)


def test_histories_between_cells_lie_on_straight_lines():
    rng = np.random.default_rng(2)
    middles, history = np.cumsum(rng.uniform(0.1, 1, (3, 6)), axis=1), rng.uniform(0, 1, (3, 5, 6))
    places = np.concatenate([middles[:, :2], rng.uniform(-1, 8, (3, 9))], axis=1)
    found = interpolate_history(middles, history, places)
    for sample in range(3):
        for time in range(5):
            exact = np.interp(places[sample], middles[sample], history[sample, time])
            np.testing.assert_allclose(found[sample, :, time], exact, rtol=1e-12)
    with pytest.raises(ValueError, match="same samples"):
        interpolate_history(middles[:2], history, places)
