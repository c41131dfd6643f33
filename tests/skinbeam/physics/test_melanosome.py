"""A granule in its layer: times of confinement, heat kept during pulses and trains, threshold of vapour."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import erf

from skinbeam.model.errors import InputError
from skinbeam.model.sources import collect_sources, find_source
from skinbeam.model.units import J_CM2, PER_CM, ZERO_CELSIUS_K
from skinbeam.physics.targets.melanosome import (
    nucleation_value,
    retained_heat,
    retained_heat_in_train,
    sphere_relaxation_time,
    threshold_exposure,
)

KAPPA = 1.1e-7
DIAMETER = 0.7e-6


def mean_after_flash(u):
    """Mean over the sphere from the radial solution for a uniform hot sphere (Carslaw and Jaeger 1959, 10.3)."""

    def local(x):  # radius in units of that of the sphere; s = sqrt(4 kappa t) / a = 2 / u
        s = 2 / u
        spread = (math.exp(-(((1 - x) / s) ** 2)) - math.exp(-(((1 + x) / s) ** 2))) * s / (2 * math.sqrt(math.pi) * x)
        return (erf((1 - x) / s) + erf((1 + x) / s)) / 2 - spread

    return quad(lambda x: 3 * x**2 * local(x), 0, 1, epsabs=1e-12)[0]


@pytest.mark.parametrize("ratio", [0.01, 0.3, 3.0, 40.0])
def test_heat_kept_is_the_mean_over_the_pulse_of_the_radial_solution(ratio):
    pulse = ratio * DIAMETER**2 / KAPPA

    def at_root(x):  # t = pulse x^2, in which the mean is smooth
        return 2 * x * mean_after_flash(DIAMETER / math.sqrt(4 * KAPPA * pulse * x**2))

    exact = quad(at_root, 0, 1, epsabs=1e-9)[0]
    assert retained_heat(pulse, DIAMETER, KAPPA) == pytest.approx(exact, rel=1e-6)


def test_a_flash_keeps_all_and_a_long_pulse_reaches_the_steady_state():
    assert retained_heat(1e-13, DIAMETER, KAPPA) == pytest.approx(1.0, abs=5e-3)
    # (2/5) a^2 / (kappa tau); the next term is smaller by a / sqrt(kappa tau), here 0.3 %.
    pulse = 1e5 * (DIAMETER / 2) ** 2 / KAPPA
    steady = 0.4 * (DIAMETER / 2) ** 2 / (KAPPA * pulse)
    assert retained_heat(pulse, DIAMETER, KAPPA) == pytest.approx(steady, rel=0.01)


@given(st.floats(1e-10, 1e-2), st.floats(1.01, 100))
def test_longer_pulses_keep_less(pulse, factor):
    assert retained_heat(pulse * factor, DIAMETER, KAPPA) < retained_heat(pulse, DIAMETER, KAPPA) < 1


def test_relaxation_is_the_half_time_of_a_gaussian_sphere():
    half = (1 + 16 * KAPPA * sphere_relaxation_time(DIAMETER, KAPPA) / DIAMETER**2) ** -1.5
    assert half == pytest.approx(0.5, rel=1e-12)
    assert DIAMETER**2 / (KAPPA * sphere_relaxation_time(DIAMETER, KAPPA)) == pytest.approx(27.2, abs=0.05)


def test_the_threshold_gives_back_the_row_that_set_the_temperature():
    # 0.5 J/cm2 at 1000 nm and 10 ns, absorption 925 1/cm, isolated in water of 20 degC.
    exposure = threshold_exposure(
        nucleation_K=nucleation_value("isolated_C").value + ZERO_CELSIUS_K,
        layer_K=20.0 + ZERO_CELSIUS_K,
        heat_capacity_vol=nucleation_value("heat_capacity_J_m3K").value,
        excess_absorption_1_m=925.0 * PER_CM,
    )
    # Temperature printed to four digits, 0.05 of 110 K.
    assert exposure / J_CM2 == pytest.approx(0.5, rel=1e-3)


@given(st.floats(310, 330), st.floats(1e3, 1e5), st.floats(0, 1e-2), st.floats(0.01, 1))
def test_the_threshold_heats_exactly_to_nucleation(start, over, layer, retained):
    exposure = threshold_exposure(
        nucleation_K=385.0,
        layer_K=start,
        heat_capacity_vol=3.7e6,
        excess_absorption_1_m=over,
        retained_share=retained,
        layer_K_m2_J=layer,
    )
    assert start + exposure * (layer + over * retained / 3.7e6) == pytest.approx(385.0, rel=1e-12)


def test_without_conduction_the_granule_alone_decides_whatever_its_neighbours_absorb():
    # u = mu_l k / rho c and eta = 1: the layer's share falls out, and Jacques and McAuliffe's relation is left.
    mua, ratio, capacity = 2e4, 2.5, 3.7e6
    found = [
        threshold_exposure(
            nucleation_K=390.0,
            layer_K=307.0,
            heat_capacity_vol=capacity,
            excess_absorption_1_m=(mua - layer) * ratio,
            layer_K_m2_J=layer * ratio / capacity,
        )
        for layer in (0.0, 500.0, 6e3)
    ]
    assert found == pytest.approx([capacity * 83.0 / (mua * ratio)] * 3, rel=1e-12)


def test_a_granule_that_keeps_nothing_is_as_warm_as_its_layer():
    layer = 3e-3
    found = threshold_exposure(
        nucleation_K=390.0,
        layer_K=310.0,
        heat_capacity_vol=3.7e6,
        excess_absorption_1_m=1e5,
        retained_share=1e-12,
        layer_K_m2_J=layer,
    )
    assert found == pytest.approx(80.0 / layer, rel=1e-6)
    assert (
        threshold_exposure(nucleation_K=390.0, layer_K=310.0, heat_capacity_vol=3.7e6, excess_absorption_1_m=0.0)
        == np.inf
    )


@pytest.mark.parametrize("gap", [0.05, 1.0, 20.0])
def test_heat_of_earlier_pulses_is_that_of_a_long_pulse_less_a_shorter_one(gap):
    # Heating is linear: from t1 to t2 ago is (t2 eta(t2) - t1 eta(t1)) / tau. The quadrature of eta has 1e-6, and
    # twelve nodes in the logarithm of time have less than 1e-4 over these gaps.
    tau = 0.3e-6
    start = np.array([0.0, tau * (1 + gap)])
    retained = retained_heat_in_train(start, start + tau, tau, np.array([DIAMETER]), np.array([KAPPA]))
    whole, since = tau * (2 + gap), tau * (1 + gap)
    earlier = (whole * retained_heat(whole, DIAMETER, KAPPA) - since * retained_heat(since, DIAMETER, KAPPA)) / tau
    assert retained[0, 0] == pytest.approx(retained_heat(tau, DIAMETER, KAPPA), rel=1e-12)
    assert retained[0, 1] - retained[0, 0] == pytest.approx(earlier, rel=1e-3)


def test_pulses_without_a_pause_are_one_long_pulse():
    # Three pulses as one stretch of light bring three doses.
    retained = retained_heat_in_train(np.array([0.0]), np.array([3e-6]), 1e-6, np.array([DIAMETER]), np.array([KAPPA]))
    assert retained[0, 0] == pytest.approx(3 * retained_heat(3e-6, DIAMETER, KAPPA), rel=1e-9)


@pytest.mark.parametrize("name", ["cutaneous_C", "isolated_C", "heat_capacity_J_m3K", "sound_speed_m_s"])
def test_each_value_has_a_source_that_exists(name):
    with collect_sources() as keys:
        value = nucleation_value(name)
    assert list(keys) == [value.source]
    assert find_source(value.source).fields["title"]


def test_impossible_values_are_refused():
    with pytest.raises(ValueError, match="above zero"):
        threshold_exposure(nucleation_K=300.0, layer_K=306.0, heat_capacity_vol=1, excess_absorption_1_m=1)
    with pytest.raises(ValueError, match="positive"):
        retained_heat(0.0, DIAMETER, KAPPA)
    with pytest.raises(InputError, match="nucleation"):
        nucleation_value("cutaneous")
