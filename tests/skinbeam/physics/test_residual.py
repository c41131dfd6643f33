"""The heat below an ablated floor: balance of energy, limits of conduction, and what it damages."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.physics.damage.arrhenius import combine_stages, omega, read_kinetics, threshold_temperature
from skinbeam.physics.heat.cells import Material, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.physics.removal.residual_heat import (
    EarlierPulseHeat,
    FloorHeat,
    boiling_energy,
    floor_temperature_rise,
    plane_rise,
    residual_damage_depth,
)

CAPACITY, DIFFUSIVITY, BOILING = 3.76e6, 1.0e-7, 2.5e8  # J/m³K, m²/s, J/m³
COLLAGEN = read_kinetics("maitland-walsh-collagen")


def rise(depth, time, *, heat=5e4, floor=1.7e9, vented=0.0):
    left = FloorHeat(heat, floor, BOILING, vented, DIFFUSIVITY, CAPACITY)
    return floor_temperature_rise(np.atleast_2d(depth), np.atleast_2d(time), left)[0]


def damaged(*, heat=5e4, floor=1.7e9, vented=0.0, start_C=33.0, age=0.0, earlier=(), processes=COLLAGEN, near=None):
    left = FloorHeat(heat, floor, BOILING, vented, DIFFUSIVITY, CAPACITY)
    near = None if near is None else np.array([near])
    found = residual_damage_depth(
        left, start_K=start_C + 273.15, processes=processes, age_s=age, earlier=earlier, guess_m=near
    )
    return found[0]


@settings(max_examples=30)
@given(st.sampled_from([5e2, 5e4, 5e5]), st.floats(0.0, 2e-3))
def test_wherever_the_search_begins_it_finds_the_same_depth(heat, near):
    # ln Omega is met to 1e-4, and falls by at least ten in the whole of a depth.
    assert damaged(heat=heat, near=near) == pytest.approx(damaged(heat=heat), rel=2e-5)


@given(st.floats(1e2, 1e5), st.floats(3e8, 3e9), st.floats(0, 1), st.floats(0, 10))
def test_no_heat_is_lost_but_with_the_steam(heat, floor, vented, time):
    length = heat / floor
    far = 40 * length + 12 * math.sqrt(DIFFUSIVITY * time)
    depth = np.linspace(0, far, 20_001)
    stored = np.trapezoid(rise(depth, time, heat=heat, floor=floor, vented=vented)[0], depth) * CAPACITY
    # Trapezia of 1/500 of the length of an exponential are off by 1/12 of its square, 3e-7; the kink of a flat top by
    # its square, and 40 / 20000 of a step.
    assert stored == pytest.approx(heat - vented * boiling_energy(heat, floor, BOILING), rel=1e-5)


def test_a_beer_heated_half_space_spreads_by_its_closed_form():
    # Carslaw and Jaeger 1959, sec. 2.4: 1/mu_a = 30 um, 5 J/cm2 absorbed, after 10 ms. At these arguments exp times
    # erfc do not overflow, so the printed form can be evaluated as it stands.
    mua, time, heat = 1 / 30e-6, 10e-3, 5e4
    depth = np.linspace(0, 200e-6, 9)
    root = math.sqrt(DIFFUSIVITY * time)
    printed = [
        mua
        * heat
        / (2 * CAPACITY)
        * math.exp(mua**2 * DIFFUSIVITY * time)
        * sum(math.exp(sign * mua * z) * math.erfc(mua * root + sign * z / (2 * root)) for sign in (-1, 1))
        for z in depth
    ]
    assert rise(depth, time, heat=heat, floor=heat * mua)[0] == pytest.approx(printed, rel=1e-9)


@pytest.mark.parametrize("vented", [0.0, 0.6, 1.0])
def test_the_closed_form_is_what_the_heat_kernel_computes(vented):
    faces, _ = graded_faces([[3e-3]], finest_m=5e-7, growth=0.03)
    cells = slab_cells(faces)
    steps, _ = graded_time_steps([0.05], first_fraction=1e-4, growth=1.1, largest_fraction=0.02)
    start = rise(cells.centres[0], 0.0, vented=vented)[0]
    run = conduct_1d(
        HeatProblem1D(cells, Material(DIFFUSIVITY * CAPACITY, CAPACITY), start[None], steps), LinearConduction()
    )
    shown = cells.centres[0] < 3e-4
    exact = rise(cells.centres[0], 0.05, vented=vented)[0]
    # Cells of 3 % of their depth and 1 % of the time a step: of second order in both.
    assert run.final[0][shown] == pytest.approx(exact[shown], rel=5e-3)


def test_a_thin_layer_is_a_plane_source():
    # The highest rise at z is Q / (rho c z) sqrt(2 / pi e), at z^2 / 2 kappa.
    heat, depth = 1e4, 1e-4
    times = depth**2 / (2 * DIFFUSIVITY) * np.linspace(0.9, 1.1, 21)
    history = rise(depth, times, heat=heat, floor=heat / 1e-7)[:, 0]
    # Light that falls off over 1/1000 of the depth shifts the source by that part.
    assert history.max() == pytest.approx(heat / (CAPACITY * depth) * math.sqrt(2 / (math.pi * math.e)), rel=2e-3)
    assert 7 <= int(history.argmax()) <= 13
    far = EarlierPulseHeat(0.0, np.zeros(1), np.array([heat]), math.inf, gaussian=False)
    plane = plane_rise(far, np.array([depth]), times, np.array(DIFFUSIVITY), np.array(CAPACITY))
    assert history == pytest.approx(plane, rel=2e-3)


@pytest.mark.parametrize("gaussian", [True, False])
def test_a_spot_warms_less_the_narrower_it_is_and_the_later(gaussian):
    wide, narrow, old = (
        plane_rise(
            EarlierPulseHeat(age, np.zeros(1), np.array([1e4]), radius, gaussian),
            np.zeros(1),
            np.zeros(1),
            np.array(DIFFUSIVITY),
            np.array(CAPACITY),
        )[0]
        for age, radius in ((1.0, 1.0), (1.0, 1e-3), (100.0, 1e-3))
    )
    assert wide == pytest.approx(1e4 / (CAPACITY * math.sqrt(math.pi * DIFFUSIVITY)), rel=1e-6)
    assert 0 < old < narrow < wide
    # Long after, heat spreads as from a point: as time to the power of -3/2 instead of -1/2.
    later = plane_rise(
        EarlierPulseHeat(400.0, np.zeros(1), np.array([1e4]), 1e-3, gaussian),
        np.zeros(1),
        np.zeros(1),
        np.array(DIFFUSIVITY),
        np.array(CAPACITY),
    )[0]
    # The size of the spot, 1 mm^2 of 4 kappa t = 40 mm^2 and more, is still felt by some per cent.
    assert old / later == pytest.approx(8.0, rel=0.03)


def test_damage_ends_where_the_kinetics_say():
    depth = damaged()
    times = np.concatenate([[0.0], np.geomspace(1e-6, 20.0, 4000)])
    history = rise(depth, times)[:, 0] + 306.15
    rates = COLLAGEN.frequency_1_s[0] * np.exp(-COLLAGEN.activation_J_mol[0] / 8.314462618 / history)
    # Omega grows by a factor of ten in about 1 % of the depth.
    assert np.trapezoid(rates, times) == pytest.approx(1.0, abs=0.5)


@pytest.mark.parametrize("vented", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("above", [0.0, 40e-6])
def test_damage_falls_with_depth(vented, above):
    """So the depth at which it ends may be sought by halving."""
    depth, times = np.geomspace(1e-6, 1e-3, 60), np.concatenate([[0.0], np.geomspace(1e-6, 20.0, 200)])
    history = rise(depth, times, vented=vented)
    before = EarlierPulseHeat(0.2, np.array([above]), np.array([2e4]), 1e-3, gaussian=True)
    history += plane_rise(before, depth[None, None], times[None, :, None], np.array(DIFFUSIVITY), np.array(CAPACITY))[0]
    found = omega(306.15 + history[None], np.diff(times), COLLAGEN)[0]
    assert found[0] > 1 > found[-1]
    # Rounding of temperatures, 1e-16, times the activation energy over RT, 150.
    assert np.all(np.diff(found) <= 1e-12 * found[:-1])
    ends = damaged(vented=vented, earlier=(before,))
    inside, outside = (np.interp(math.log(ends) + s, np.log(depth), np.log(found)) for s in (-0.1, 0.1))
    assert inside > 0 > outside


def test_damage_is_bounded_by_a_plane_source_that_just_suffices():
    # Collagen needs at least the temperature at which a hold of ten times as long reaches Omega = 1. The heat at depth
    # z stays near its peak for about z^2 / kappa.
    depth = damaged(heat=1e4, floor=1e4 / 1e-7)
    needed = threshold_temperature(COLLAGEN.frequency_1_s[0], COLLAGEN.activation_J_mol[0], 10 * depth**2 / DIFFUSIVITY)
    reached = 306.15 + 1e4 / (CAPACITY * depth) * math.sqrt(2 / (math.pi * math.e))
    assert reached > needed


@settings(max_examples=20)
@given(st.floats(1e3, 1e5), st.floats(0.05, 1.0))
def test_more_heat_damages_deeper_and_steam_takes_some_of_it(heat, vented):
    # What is found is exact to about a per cent.
    assert damaged(heat=1.5 * heat) > damaged(heat=heat) * 1.1
    assert damaged(heat=heat, vented=vented) <= damaged(heat=heat) * 1.02
    assert damaged(heat=heat, age=1e-2) <= damaged(heat=heat) * 1.02


def test_warmth_of_earlier_pulses_deepens_the_zone():
    before = EarlierPulseHeat(0.1, np.array([5e-5]), np.array([5e4]), 1.5e-3, gaussian=False)
    assert damaged(earlier=(before,)) > damaged() * 1.05


def test_heat_that_a_fast_train_leaves_cannot_hide_even_if_all_steam_gets_out():
    # Ten pulses at 10 Hz leave 4 J/cm2 each below a floor that goes down by 10 um a pulse and holds 6.8 times the heat
    # of boiling. If all steam gets out 43 % stays, by (ablation 5). At 0.2 mm the nine pulses before the last have then
    # warmed by 76 K, to above 100 degC, and collagen lives for less than 0.1 s at 85.
    heat, step, above = 4e4, 1e-5, 2e-4

    def train(vented):
        remaining = np.array([heat - vented * boiling_energy(heat, 1.7e9, BOILING)])
        return tuple(
            EarlierPulseHeat(0.1 * n, np.array([step * n]), remaining, 1.5e-3, gaussian=False) for n in range(1, 10)
        )

    place = np.array([[above]])
    kappa, capacity = np.array([[DIFFUSIVITY]]), np.array([[CAPACITY]])
    warm = sum(plane_rise(one, place, np.zeros((1, 1)), kappa, capacity)[0, 0] for one in train(1.0))
    assert warm == pytest.approx(76.0, abs=5.0)
    closed, opened = (damaged(heat=heat, vented=vented, earlier=train(vented)) for vented in (0.0, 1.0))
    assert closed > opened > above


def test_nothing_is_damaged_by_next_to_nothing():
    # 27 K above 33 degC for some tens of milliseconds: collagen needs 65 degC for 10 s.
    assert damaged(heat=5e4, floor=1e8) == 0
    assert boiling_energy(1e4, 1e8, BOILING) == 0


def test_stages_that_all_have_to_happen_reach_no_deeper_than_any_of_them():
    """(stages 1): the slowest sets the pace."""
    sets = [read_kinetics(name) for name in ("henriques", "pulsed-cells")]
    each = [damaged(processes=one) for one in sets]
    assert damaged(processes=combine_stages(*sets)) <= min(each)
