"""Several processes as one damage, and damage that begins late."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from skinbeam.errors import InputError
from skinbeam.physics.combine import combination, combined_omega
from skinbeam.physics.damage import Kinetics, kinetics, omega
from skinbeam.physics.delay import omega_after_delay
from skinbeam.units import GAS_CONSTANT_J_MOL_K

PAIR = ("henriques", "agah-artery")


def rate(name: str, kelvin: float) -> float:
    found = kinetics(name)
    return float(found.frequency_1_s[0] * math.exp(-found.activation_J_mol[0] / GAS_CONSTANT_J_MOL_K / kelvin))


def test_independent_processes_add() -> None:
    history, step = np.array([[330.0, 345.0, 340.0]]), [0.1, 0.3]
    parts = sum(omega(history, step, kinetics(name)) for name in PAIR)
    assert combined_omega(history, step, combination(*PAIR)) == pytest.approx(parts, rel=1e-12)


def test_the_slowest_of_limiting_processes_sets_the_pace() -> None:
    for kelvin in (325.0, 345.0, 365.0):
        one, other = (rate(name, kelvin) for name in PAIR)
        held = combined_omega([[kelvin, kelvin]], [2.0], combination(*PAIR, rule="limiting"))
        assert held[0] == pytest.approx(2.0 / (1 / one + 1 / other), rel=1e-12)
        assert held[0] < 2.0 * min(one, other)
    # Two of one kind take twice as long.
    twice = combined_omega([[335.0, 335.0]], [1.0], combination("henriques", "henriques", rule="limiting"))
    assert twice[0] == pytest.approx(rate("henriques", 335.0) / 2, rel=1e-12)


def test_limiting_processes_are_integrated_over_steep_steps() -> None:
    def pace(t: float) -> float:
        kelvin = 320.0 + 60.0 * t
        return 1 / sum(1 / rate(name, kelvin) for name in PAIR)

    exact = quad(pace, 0, 1, epsrel=1e-11, limit=200)[0]
    both = np.array([[[320.0, 300.0], [380.0, 310.0]]])  # (sample, time, cell)
    found = combined_omega(both, [1.0], combination(*PAIR, rule="limiting"))
    # Four Gauss points where exponents change by one at most: 1e-8 of the rate.
    assert found[0, 0] == pytest.approx(exact, rel=1e-7)
    assert found[0, 1] < 1e-6 * exact


def test_unknown_rules_and_sets_are_named() -> None:
    with pytest.raises(InputError, match="limiting"):
        combination("henriques", rule="limitng")
    with pytest.raises(InputError, match="henriques"):
        combination("henriqes")


def test_damage_begins_when_its_delay_has_passed() -> None:
    one = kinetics("henriques")
    step, kelvin = np.full(50, 2.0), 320.0
    history = np.full((1, 51), kelvin)
    late = omega_after_delay(history, step, one, lambda t: np.full_like(t, 31.0))
    assert late[0] == pytest.approx(rate("henriques", kelvin) * (100.0 - 31.0), rel=1e-9)
    assert omega_after_delay(history, step, one, lambda t: np.full_like(t, 101.0))[0] == 0
    never = omega_after_delay(history, step, one, lambda t: np.full_like(t, np.inf))
    assert never[0] == 0
    with pytest.raises(ValueError, match="positive"):
        omega_after_delay(history, step, one, np.zeros_like)


def test_a_delay_that_shortens_with_heat_is_passed_at_its_time() -> None:
    slow = Kinetics(np.array([1e-3]), np.array([0.0]), np.array([0.0]), np.array([np.inf]))  # a constant rate
    step = np.full(2000, 0.05)
    history = 315.0 + 0.1 * np.concatenate([[0.0], np.cumsum(step)])[None, :]

    def delay(t: np.ndarray) -> np.ndarray:
        return 100.0 * np.exp(-(t - 315.0) / 2.0)

    # integral of exp(0.05 t) / 100 dt = 1 at exp(0.05 t) = 1 + 5.
    begins = math.log(6.0) / 0.05
    found = omega_after_delay(history, step, slow, delay)
    # The trapezium rule of steps of 0.05 s: (0.05 x 0.05)² / 12.
    assert found[0] == pytest.approx(1e-3 * (100.0 - begins), rel=1e-5)
    cells = omega_after_delay(np.repeat(history[:, :, None], 2, axis=2), step, slow, delay)
    assert cells[0] == pytest.approx([found[0]] * 2, rel=1e-12)
