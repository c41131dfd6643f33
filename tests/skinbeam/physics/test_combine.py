"""Several processes as one damage, and damage that begins late."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from skinbeam.model.errors import InputError
from skinbeam.model.units import GAS_CONSTANT_J_MOL_K, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import (
    Kinetics,
    combine_stages,
    omega,
    omega_growth,
    read_kinetics,
    threshold_temperature,
)
from skinbeam.physics.damage.dose_search import dose_for_unit_omega
from skinbeam.physics.damage.kinetics_table import isothermal_threshold
from skinbeam.simulate.skins.tissue_kinetics import (
    CELL_DEATH_KINETICS,
    CONTACT_KINETICS,
    PULSED_KINETICS,
    repeat_processes,
    sample_kinetics,
)
from skinbeam.skin.distribution import SkinDistribution

PAIR = ("henriques", "agah-artery")
STAGES = ("henriques", PULSED_KINETICS)


def stages_of(*names: str) -> Kinetics:
    return combine_stages(*map(read_kinetics, names))


def rate(name: str, kelvin: float) -> float:
    found = read_kinetics(name)
    return float(found.frequency_1_s[0] * math.exp(-found.activation_J_mol[0] / GAS_CONSTANT_J_MOL_K / kelvin))


def test_the_slowest_of_limiting_processes_sets_the_pace() -> None:
    for kelvin in (325.0, 345.0, 365.0):
        one, other = (rate(name, kelvin) for name in PAIR)
        held = omega([[kelvin, kelvin]], [2.0], stages_of(*PAIR))
        assert held[0] == pytest.approx(2.0 / (1 / one + 1 / other), rel=1e-12)
        assert held[0] < 2.0 * min(one, other)
    # Two of one kind take twice as long.
    twice = omega([[335.0, 335.0]], [1.0], stages_of("henriques", "henriques"))
    assert twice[0] == pytest.approx(rate("henriques", 335.0) / 2, rel=1e-12)


def test_limiting_processes_are_integrated_over_steep_steps() -> None:
    def pace(t: float) -> float:
        kelvin = 320.0 + 60.0 * t
        return 1 / sum(1 / rate(name, kelvin) for name in PAIR)

    exact = quad(pace, 0, 1, epsrel=1e-11, limit=200)[0]
    both = np.array([[[320.0, 300.0], [380.0, 310.0]]])  # (sample, time, cell)
    found = omega(both, [1.0], stages_of(*PAIR))
    # Four Gauss points where exponents change by two at most: 1e-6 of the rate.
    assert found[0, 0] == pytest.approx(exact, rel=1e-6)
    assert found[0, 1] < 1e-6 * exact


@settings(max_examples=40)
@given(start=st.floats(305, 420), end=st.floats(305, 420))
def test_the_stages_of_cell_death_are_integrated_within_their_bound(start: float, end: float) -> None:
    cold, hot = min(start, end), max(start, end)

    def pace(share: float) -> float:
        kelvin = cold + (hot - cold) * share
        return 1 / sum(1 / rate(name, kelvin) for name in STAGES)

    exact = quad(pace, 0, 1, epsabs=0, epsrel=1e-10, limit=400)[0]
    found = omega([[start, end]], [1.0], stages_of(*STAGES))
    assert found[0] == pytest.approx(exact, rel=1e-6)


def test_a_stage_of_two_ranges_takes_whichever_runs() -> None:
    switch = 50.0 + ZERO_CELSIUS_K
    both = stages_of("weaver-stoll", PULSED_KINETICS)
    whole = omega([[switch - 6, switch + 3]], [9.0], both)[0]
    below, above = (
        omega([ends], [length], both)[0] for ends, length in (((switch - 6, switch), 6.0), ((switch, switch + 3), 3.0))
    )
    # Parts end where a range ends, so the three are the same integral to 1e-6.
    assert whole == pytest.approx(below + above, rel=2e-6)


# --- cell death ---------------------------------------------------------------------------------------------------


def held_threshold_K(processes: Kinetics, hold_s: float) -> float:
    return (
        float(dose_for_unit_omega(np.full((1, 2), 1.0), np.ones((1, 2)), [hold_s], processes, low=1.0, high=900.0)[0])
        + 1.0
    )


def alone(name: str, hold_s: float) -> float:
    found = read_kinetics(name)
    return float(threshold_temperature(found.frequency_1_s, found.activation_J_mol, hold_s)[0])


def test_the_frequency_of_pulsed_cells_is_that_of_its_threshold() -> None:
    threshold, hold_s = isothermal_threshold(PULSED_KINETICS)
    assert alone(PULSED_KINETICS, hold_s) == pytest.approx(threshold.value + ZERO_CELSIUS_K, abs=1e-9)


def test_long_holds_kill_as_henriques_and_short_ones_as_pulses_do() -> None:
    death = stages_of(*STAGES)
    # The other stage adds k / k_other to the time, e^-4.7 and e^-33 at these holds, and R T^2 / Ea times that to the
    # threshold: 1.4 K x 0.0091 = 0.013 K.
    assert held_threshold_K(death, 100.0) == pytest.approx(alone("henriques", 100.0), abs=0.015)
    assert held_threshold_K(death, 1e-3) == pytest.approx(alone(PULSED_KINETICS, 1e-3), abs=1e-4)


def test_where_both_stages_take_as_long_death_takes_twice_as_long() -> None:
    lines = [read_kinetics(name) for name in STAGES]
    ln_a, ea = (
        [math.log(line.frequency_1_s[0]) for line in lines],
        [line.activation_J_mol[0] / GAS_CONSTANT_J_MOL_K for line in lines],
    )
    crossing = (ea[0] - ea[1]) / (ln_a[0] - ln_a[1])
    one = rate("henriques", crossing)
    # Rounding of ln A is amplified by E / (R T) of 200.
    assert rate(PULSED_KINETICS, crossing) == pytest.approx(one, rel=1e-9)
    found = omega([[crossing, crossing]], [1.0], stages_of(*STAGES))
    assert found[0] == pytest.approx(one / 2, rel=1e-9)
    # Between burns of seconds and pulses of milliseconds, where neither was watched: 57 to 67 degC.
    assert 57 < crossing - ZERO_CELSIUS_K < 67


@given(st.floats(-5, 3))
def test_the_threshold_of_death_falls_with_the_hold_and_never_below_either_stage(ln_hold: float) -> None:
    death, hold = stages_of(*STAGES), math.exp(ln_hold * 2)
    found = held_threshold_K(death, hold)
    # Bisection to 1e-9 of 400 K; the quickest stage may take no time that counts.
    assert found > max(alone(name, hold) for name in STAGES) - 1e-6
    assert held_threshold_K(death, 1.1 * hold) < found


def test_both_stages_never_ask_for_less_heat_than_one() -> None:
    skins = SkinDistribution().sample(64, 0)
    history = np.linspace(310.0, 400.0, 64)[:, None] + np.array([[0.0, 12.0, 4.0]])
    both, one = (
        omega(history, [1e-3, 0.2], sample_kinetics(name, skins)) for name in (CELL_DEATH_KINETICS, CONTACT_KINETICS)
    )
    # 1e-6 is what the quadrature leaves.
    assert np.all(both <= one * (1 + 1e-6))


def test_each_draw_moves_both_stages_by_their_own_spread() -> None:
    skins = SkinDistribution().sample(200, 0)
    drawn = sample_kinetics(CELL_DEATH_KINETICS, skins)
    _, hold_s = isothermal_threshold(PULSED_KINETICS)
    short = threshold_temperature(drawn.frequency_1_s[:, 1], drawn.activation_J_mol[:, 1], hold_s)
    expected = alone(PULSED_KINETICS, hold_s) + 15.0 * skins["pulsed_kinetics_shift"]
    np.testing.assert_allclose(short, expected, atol=1e-8)
    long = threshold_temperature(drawn.frequency_1_s[:, 0], drawn.activation_J_mol[:, 0], 1.0)
    np.testing.assert_allclose(long, alone("henriques", 1.0) + 3.0 * skins["kinetics_shift"], atol=1e-8)
    again = sample_kinetics(CELL_DEATH_KINETICS, SkinDistribution().sample(200, 0))
    np.testing.assert_array_equal(again.activation_J_mol, drawn.activation_J_mol)


def test_stages_stay_with_the_processes() -> None:
    skins = SkinDistribution().sample(3, 0)
    death = sample_kinetics(CELL_DEATH_KINETICS, skins)
    history = np.full((6, 3), 350.0)
    twice = omega(history, [1e-3, 1e-3], repeat_processes(death, 2))
    np.testing.assert_allclose(twice, np.repeat(omega(history[:3], [1e-3, 1e-3], death), 2), rtol=1e-12)
    growth = omega_growth(history[:3], [1e-3, 1e-3], death)
    np.testing.assert_allclose(growth.sum(axis=1), twice[::2], rtol=1e-12)


def test_unknown_sets_are_named() -> None:
    with pytest.raises(InputError, match="henriques"):
        read_kinetics("henriqes")
