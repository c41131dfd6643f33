"""One pulse between blow-off and a steady front: both limits, balance of energy, and no step between them."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import erfc

from skinbeam.model.units import J_CM2
from skinbeam.physics.removal.ablation_front import (
    ejection_enthalpy,
    front_growth,
    front_removal,
    heating_length,
    transmitted_exposure,
)
from skinbeam.physics.removal.calibration import ablation_calibration

KAPPA = 1.1e-7
LASERS = {"er-yag": 2940.0, "co2": 10600.0}
names = st.sampled_from(sorted(LASERS))
exposures = st.floats(0.3, 200.0).map(lambda value: value * J_CM2)
pulses = st.floats(math.log(1e-7), math.log(1e-2)).map(math.exp)  # 0.1 us to 10 ms
delays = st.floats(9e-8, 1e-6)


def of(name, exposure, pulse, *, kappa=KAPPA, ejection_s=5e-7):
    laser = ablation_calibration(LASERS[name])
    h, delta = laser.enthalpy.value, laser.penetration.value
    h_ej = (laser.ejection or laser.enthalpy).value
    h_e = ejection_enthalpy(h, h_ej, delta, heating_length(pulse, delta, kappa))
    found = front_removal(
        exposure,
        pulse,
        front_J_m3=h,
        ejection_J_m3=h_e,
        penetration_m=delta,
        diffusivity_m2_s=kappa,
        ejection_s=ejection_s,
    )
    return found, h, float(h_e), delta


@given(names, exposures, st.floats(0.01, 1.0))
def test_a_pulse_over_before_matter_leaves_obeys_beer(name, exposure, part):
    found, _, h_e, delta = of(name, exposure, part * 5e-7, kappa=1e-30)
    assert found.depth == pytest.approx(delta * max(math.log(exposure / (h_e * delta)), 0.0), rel=1e-9, abs=1e-15)
    assert found.heat == pytest.approx(min(exposure, h_e * delta), rel=1e-9)


@given(exposures, pulses)
def test_a_front_without_delay_is_the_steady_state(exposure, pulse):
    found, h, _, delta = of("er-yag", exposure, pulse, ejection_s=1e-30)
    length = delta + KAPPA * pulse * h / exposure
    assert found.depth == pytest.approx(max((exposure - h * length) / h, 0.0), rel=1e-9, abs=1e-15)
    # All that does not stay left with h in each volume.
    assume(found.depth > 0)
    assert found.heat + h * found.depth == pytest.approx(exposure, rel=1e-9)


@given(names, exposures, pulses, delays)
def test_what_leaves_is_paid_for(name, exposure, pulse, delay):
    found, h, h_e, _ = of(name, exposure, pulse, ejection_s=delay)
    assert 0 <= found.heat <= exposure
    # Each volume takes at least h_e with it, and all together no more than was given. The margin is for rounding.
    assert found.depth * h_e <= (exposure - found.heat) * (1 + 1e-9) + 1e-9
    assert found.floor <= h * (1 + 1e-9)


@given(names, exposures, pulses, delays, st.floats(1e-6, 0.05))
def test_more_exposure_removes_more_without_a_step(name, exposure, pulse, delay, more):
    (less, _, h_e, _), (deeper, *_) = (
        of(name, value, pulse, ejection_s=delay) for value in (exposure, exposure * (1 + more))
    )
    gained = deeper.depth - less.depth
    # dz/dH is L/H <= 1/h_e of tissue that stands, and of a front 1/h and at most as much again for the heat that need
    # not be left (kappa tau h/H^2 <= 1/h as L^2 >= kappa tau), since ln(h/h_e) lies between 0 and 1.
    assert -1e-15 <= gained <= 2 * more * exposure / h_e + 1e-15
    # Where something leaves, the faster front leaves less heat.
    assume(less.depth > 0)
    assert deeper.heat <= less.heat * (1 + 1e-12)


@given(names, exposures, pulses, delays, st.floats(1e-6, 0.05))
def test_no_pulse_length_is_a_step(name, exposure, pulse, delay, longer):
    (short, _, h_e, _), (long, *_) = (
        of(name, exposure, value, ejection_s=delay) for value in (pulse, pulse * (1 + longer))
    )
    # dz/d ln tau: the delay gives L a^2/(1+a) <= H/h; L, l and h_e change by at most half, whole and h/h_e/2 <= 1.4 of
    # themselves, each on a depth of at most H/h_e: 4 H/h_e in all.
    assert abs(long.depth - short.depth) <= 4 * longer * exposure / h_e
    # The heat that stays grows with the time in which it spreads, and by no more than l and h_e.
    assume(min(short.depth, long.depth) > 0)
    assert short.heat * (1 - 1e-12) <= long.heat <= short.heat * (1 + 3 * longer)


@given(names, exposures, pulses, delays, st.floats(1e-3, 10.0))
def test_longer_pulses_dig_deeper_as_matter_leaves_in_time_and_less_as_heat_spreads(
    name, exposure, pulse, delay, longer
):
    def depth(value, **other):
        return of(name, exposure, value, **other)[0].depth

    after = pulse * (1 + longer)
    margin = 1e-9 * exposure / 1e8  # rounding of depths as deep as the energy allows
    assert depth(after, kappa=1e-30, ejection_s=delay) >= depth(pulse, kappa=1e-30, ejection_s=delay) - margin
    assert depth(after, ejection_s=1e-30) <= depth(pulse, ejection_s=1e-30) + margin


def test_where_the_laws_ended_nothing_steps_any_more():
    # A hundredth more time at the ends of confinement, 3.6 us and 2.0 ms, where two laws would meet 36 um apart at
    # 10 J/cm2 of Er:YAG.
    for name, end in (("er-yag", 3.6e-6), ("co2", 2.05e-3)):
        for exposure in (3.0, 5.0, 10.0, 16.0, 50.0):
            short, long = (of(name, exposure * J_CM2, end * factor)[0].depth for factor in (0.995, 1.005))
            # By the bound above, 0.04 H/h_e, and h_e is at least 613 J/cm3.
            assert abs(long - short) <= 0.04 * exposure * J_CM2 / 6.13e8


def test_a_moving_front_holds_the_heat_of_its_exact_profile():
    h, delta, v = 1.85e9, 1.26e-6, 0.15
    z = np.linspace(0, 60 * delta, 600_001)
    ratio = KAPPA / (v * delta)
    profile = h / (1 - ratio) * (np.exp(-z / delta) - ratio * np.exp(-v * z / KAPPA))
    # kappa w'' + v w' + (v h/delta) exp(-z/delta) = 0 without flow at the floor: that this solves it is seen on the
    # grid, to the order of its step squared, 1e-8 of the terms.
    first, second = np.gradient(profile, z), np.gradient(np.gradient(profile, z), z)
    rest = KAPPA * second + v * first + v * h / delta * np.exp(-z / delta)
    assert np.abs(rest[10:-10]).max() <= 1e-6 * v * h / delta
    assert profile[0] == pytest.approx(h)
    assert np.trapezoid(profile, z) == pytest.approx(h * (delta + KAPPA / v), rel=1e-6)
    pulse = 1e-4
    found = front_removal(
        h * v * pulse,
        pulse,
        front_J_m3=h,
        ejection_J_m3=h,
        penetration_m=delta,
        diffusivity_m2_s=KAPPA,
        ejection_s=1e-30,
    )
    # H = h v tau is an irradiance that drives the front at v.
    assert found.heat == pytest.approx(h * (delta + KAPPA / v), rel=1e-12)


def test_the_surface_of_tissue_that_stands_is_heated_as_conduction_lets_it():
    # Exactly the mean of exp(x) erfc(sqrt x) over x up to kappa tau/delta^2; delta/L is within 14 % of it everywhere.
    x = np.geomspace(1e-4, 1e3, 71)
    scaled = np.exp(np.minimum(x, 600)) * erfc(np.sqrt(np.minimum(x, 600)))
    scaled = np.where(x > 100, 1 / np.sqrt(np.pi * x), scaled)  # to 1/2x, below 1e-2 of a term that is 1e-2 of the sum
    share = (2 * np.sqrt(x / np.pi) - 1 + scaled) / x
    short = x < 1e-3  # the difference above loses digits: there its series
    share = np.where(short, 1 - 4 / (3 * np.sqrt(np.pi)) * np.sqrt(x), share)
    assert heating_length(x, 1.0, 1.0) * share == pytest.approx(np.ones(71), abs=0.14)


@given(st.floats(1.0, 1e4), st.floats(1e-2, 1e6))
def test_the_way_of_the_front_lies_between_beer_and_the_energy(ratio, delay):
    assert math.log(ratio) - 1e-12 <= front_growth(ratio, delay) <= ratio - 1 + 1e-9 * ratio


@given(exposures, pulses, delays, st.floats(0.0, 1e-4), st.floats(0.0, 1e-4))
def test_light_below_a_layer_is_what_the_layer_did_not_take(exposure, pulse, delay, layer, more):
    common = {"front_J_m3": 1.8e9, "penetration_m": 3e-5, "diffusivity_m2_s": KAPPA, "ejection_s": delay}
    thin, thick = (transmitted_exposure(exposure, pulse, value, **common) for value in (layer, layer + more))
    # Within the layer each depth took at most what the surface of standing tissue holds, and never a negative energy.
    assert 0 <= thick <= thin * (1 + 1e-12) <= exposure * (1 + 1e-9)
    assert transmitted_exposure(exposure, pulse, 0.0, **common) == pytest.approx(exposure, rel=1e-12)
    without = {**common, "ejection_s": 1e-30, "diffusivity_m2_s": 1e-30}
    assume(exposure > 1.8e9 * (3e-5 + layer))  # the front has passed: h of each volume is gone
    assert transmitted_exposure(exposure, pulse, layer, **without) == pytest.approx(exposure - 1.8e9 * layer, rel=1e-9)
