"""Arrhenius damage: closed forms, the exact step rule, thresholds and their shift, doses by bisection."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from skinbeam.model.errors import InputError
from skinbeam.model.sources import collect_sources, find_source
from skinbeam.model.units import GAS_CONSTANT_J_MOL_K, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import (
    Kinetics,
    omega,
    read_kinetics,
    shift_kinetics,
    shift_threshold,
    surviving_fraction,
    threshold_temperature,
)
from skinbeam.physics.damage.dose_search import dose_for_unit_omega, dose_for_unit_omega_everywhere
from skinbeam.physics.damage.kinetics_table import compensation_slope, kinetics_sets, shortest_supported_s

HOLDS_S = [1e-6, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0]
# Temperature, degC, at which a constant hold of that length gives Omega = 1, worked out from the printed constants
# independently of this code.
ISOTHERMAL_C = {
    "henriques": [79, 72, 68, 64, 61, 58, 54, 51],
    "takata": [78, 71, 68, 64, 61, 58, 55, 52],
    "mehta-wong-epidermis": [88, 77, 72, 67, 63, 58, 53, 49],
    "weaver-stoll": [102, 86, 79, 72, 65, 58, 52, 48],
    "mehta-wong-dermis": [103, 92, 86, 81, 76, 71, 66, 61],
    "agah-artery": [116, 103, 97, 91, 85, 79, 74, 69],
    "maitland-walsh-collagen": [112, 98, 91, 84, 78, 71, 65, 60],
    "blood": [117, 105, 99, 93, 88, 82, 77, 72],
    # A follows from 145 degC held for 0.3 ms: ln A = 96485 / (8.31446 x 418.15) - ln 3e-4 = 35.864.
    "pulsed-cells": [253, 162, 128, 98, 73, 50, 31, 14],
    "pearce-collagen": [135, 115, 106, 97, 88, 80, 73, 66],
}


def one_process(a, ea):
    return Kinetics(np.array([a]), np.array([ea]), np.zeros(1), np.full(1, np.inf))


def held_threshold_C(processes, hold_s):
    """Rise above 1 degC, by bisection on the Omega of a held temperature."""
    base = np.full((1, 2), ZERO_CELSIUS_K)
    return dose_for_unit_omega(base, np.ones((1, 2)), [hold_s], processes, low=1.0, high=300.0)[0]


@pytest.mark.parametrize("name", sorted(ISOTHERMAL_C))
def test_held_temperatures_are_those_of_the_table(name):
    computed = [held_threshold_C(read_kinetics(name), hold) for hold in HOLDS_S]
    # The table is printed in whole degrees; 0.06 allows for a half that was rounded to even.
    np.testing.assert_allclose(computed, ISOTHERMAL_C[name], atol=0.56)


def test_the_table_covers_every_set():
    assert set(ISOTHERMAL_C) == set(kinetics_sets())


@pytest.mark.parametrize("name", ["henriques", "blood", "agah-artery"])
def test_the_closed_form_gives_omega_one(name):
    processes = read_kinetics(name)
    for hold in HOLDS_S:
        held = threshold_temperature(processes.frequency_1_s[0], processes.activation_J_mol[0], hold)
        # The rate amplifies rounding of T by Ea/RT, at most 300.
        assert omega(np.full((1, 2), held), [hold], processes)[0] == pytest.approx(1.0, rel=1e-10)


def test_blood_coagulates_where_it_was_measured_and_henriques_does_not():
    # 90 to 100 degC at 10 ms (Pfefer 1999); the set for epidermis would say 64.
    assert 90 <= held_threshold_C(read_kinetics("blood"), 1e-2) <= 100
    assert 90 <= held_threshold_C(read_kinetics("agah-artery"), 1e-2) <= 100
    assert held_threshold_C(read_kinetics("henriques"), 1e-2) < 70


@settings(max_examples=60)
@given(
    start=st.floats(300, 380), end=st.floats(300, 380), name=st.sampled_from(["henriques", "maitland-walsh-collagen"])
)
def test_one_linear_step_is_integrated_exactly(start, end, name):
    processes = read_kinetics(name)
    a, b = processes.frequency_1_s[0], processes.activation_J_mol[0] / GAS_CONSTANT_J_MOL_K
    hottest = max(start, end)
    scale = a * math.exp(-b / hottest)  # taken out, so that the quadrature sees numbers of order one
    exact = (
        scale
        * quad(
            lambda s: math.exp(b / hottest - b / (start + (end - start) * s)), 0, 1, epsabs=0, epsrel=1e-11, limit=400
        )[0]
    )
    computed = omega(np.array([[start, end]]), [1.0], processes)[0]
    # Simpson's rule for small steps is the coarser of the two: 0.1^4 / 2880 = 3.5e-8. Rates below exp(-60) are skipped.
    assert computed == pytest.approx(exact, rel=1e-7, abs=1e-24)


def test_a_step_across_the_switch_of_a_two_range_set_uses_both_ranges():
    processes = read_kinetics("weaver-stoll")
    switch = 50.0 + ZERO_CELSIUS_K
    whole = omega(np.array([[switch - 4, switch + 2]]), [3.0], processes)[0]
    below = omega(np.array([[switch - 4, switch]]), [2.0], processes)[0]
    above = omega(np.array([[switch, switch + 2]]), [1.0], processes)[0]
    # Both sides are the same integral; Simpson's 3.5e-8 is the difference that remains.
    assert whole == pytest.approx(below + above, rel=1e-7)
    lower, upper = (one_process(processes.frequency_1_s[i], processes.activation_J_mol[i]) for i in (0, 1))
    assert below == pytest.approx(omega(np.array([[switch - 4, switch]]), [2.0], lower)[0], rel=1e-7)
    assert above == pytest.approx(omega(np.array([[switch, switch + 2]]), [1.0], upper)[0], rel=1e-7)


@given(st.floats(-8, 12), st.floats(1e-4, 10))
def test_a_shift_moves_the_threshold_by_what_was_asked_and_stays_on_the_line(delta, reference):
    processes = read_kinetics("agah-artery")
    a0, e0 = processes.frequency_1_s[0], processes.activation_J_mol[0]
    a1, e1 = shift_threshold(a0, e0, delta, reference_s=reference)
    moved = threshold_temperature(a1, e1, reference) - threshold_temperature(a0, e0, reference)
    # Some 1e-13 of 150 in ln A, times 370 K.
    assert moved == pytest.approx(delta, abs=1e-8)
    assert math.log(a1) - math.log(a0) == pytest.approx(compensation_slope() * (e1 - e0), rel=1e-6, abs=1e-9)


def test_rates_along_the_line_agree_at_its_isokinetic_temperature():
    processes = read_kinetics("henriques")
    a0, e0 = processes.frequency_1_s[0], processes.activation_J_mol[0]
    isokinetic = 1 / (compensation_slope() * GAS_CONSTANT_J_MOL_K)
    for delta in (-3.0, 5.0):
        a1, e1 = shift_threshold(a0, e0, delta, reference_s=0.01)
        rates = [math.log(a) - e / (GAS_CONSTANT_J_MOL_K * isokinetic) for a, e in ((a0, e0), (a1, e1))]
        assert rates[0] == pytest.approx(rates[1], abs=1e-9)
    # The published lines cross at 30 to 45 degC, far from any threshold of a laser pulse.
    assert 300 < isokinetic < 320


def test_a_threshold_cannot_be_moved_across_the_isokinetic_temperature():
    processes = read_kinetics("henriques")
    with pytest.raises(ValueError, match="isokinetic"):
        shift_threshold(processes.frequency_1_s, processes.activation_J_mol, -60.0, reference_s=0.01)


def test_each_sample_may_have_its_own_shift():
    delta = np.array([-3.0, 0.0, 4.0])
    shifted = shift_kinetics(read_kinetics("blood"), delta, reference_s=1e-2)
    rise = dose_for_unit_omega(np.full((3, 2), ZERO_CELSIUS_K), np.ones((3, 2)), [1e-2], shifted, low=1.0, high=300.0)
    # Bisection to 1e-9 of some 90 degrees.
    np.testing.assert_allclose(rise - rise[1], delta, atol=1e-6)


# --- doses --------------------------------------------------------------------------------------------------------

STEPS = np.concatenate((np.full(10, 1e-4), np.geomspace(1e-4, 1e-2, 30)))
TIMES = np.concatenate(([0.0], np.cumsum(STEPS)))
RESPONSE = np.where(TIMES <= 1e-3, TIMES / 1e-3, 1 / np.sqrt(np.maximum(TIMES, 1e-3) / 1e-3))


@settings(max_examples=40)
@given(gain=st.floats(0.5, 50), target=st.floats(0.01, 100), name=st.sampled_from(["henriques", "blood", "takata"]))
def test_the_dose_gives_the_omega_that_was_asked(gain, target, name):
    base, unit = np.full((1, len(TIMES)), 306.0), gain * RESPONSE[None]
    dose = dose_for_unit_omega(base, unit, STEPS, read_kinetics(name), low=1e-2, high=1e3, target=target)
    # Omega changes by Ea dT / (R T^2) < 40 per relative change of dose, which bisection leaves at 1e-9.
    assert omega(base + dose[:, None] * unit, STEPS, read_kinetics(name))[0] == pytest.approx(target, rel=1e-6)


def test_dose_is_infinite_zero_or_below_the_bracket_where_it_must_be():
    base = np.array([[306.0] * len(TIMES), [390.0] * len(TIMES), [306.0] * len(TIMES)])
    unit = np.array([1e-6, 1.0, 1e4])[:, None] * RESPONSE
    dose = dose_for_unit_omega(base, unit, STEPS, read_kinetics("henriques"), low=0.1, high=100.0)
    assert math.isinf(dose[0])
    assert dose[1] == 0.0
    assert 0 < dose[2] < 0.1
    assert omega(base[2:] + dose[2] * unit[2:], STEPS, read_kinetics("henriques"))[0] == pytest.approx(1.0, rel=1e-6)


@given(st.floats(320, 360), st.floats(0.1, 10))
def test_more_heat_never_does_less(temperature, extra):
    history = np.full((1, 3), temperature)
    for name in ("henriques", "maitland-walsh-collagen"):
        assert (
            omega(history + extra, [0.1, 0.2], read_kinetics(name))[0]
            > omega(history, [0.1, 0.2], read_kinetics(name))[0]
        )


def test_cells_are_worked_out_one_by_one():
    rng = np.random.default_rng(1)
    history = rng.uniform(320, 350, (2, 6, 3))
    steps = rng.uniform(0.1, 1, 5)
    together = omega(history, steps, read_kinetics("henriques"))
    assert together.shape == (2, 3)
    for sample in range(2):
        for cell in range(3):
            alone = omega(history[sample : sample + 1, :, cell], steps, read_kinetics("henriques"))[0]
            assert together[sample, cell] == alone


def test_survival_falls_from_one_to_nothing():
    np.testing.assert_allclose(surviving_fraction([0.0, 1.0, 1e3]), [1.0, math.exp(-1), 0.0], atol=1e-300)


def test_sets_name_sources_that_exist_and_reading_them_is_noted():
    for name in kinetics_sets():
        with collect_sources() as keys:
            read_kinetics(name)
        assert all(find_source(key).fields["title"] for key in keys)
        assert len(keys) == 1


def test_microseconds_are_beyond_what_any_set_was_measured_on():
    assert 1e-6 < shortest_supported_s().value < 1e-3


def test_an_unknown_set_names_the_nearest():
    with pytest.raises(InputError, match="unknown kinetics") as caught:
        read_kinetics("henrique")
    assert "henriques" in caught.value.hint


@pytest.mark.parametrize(("history", "steps"), [([[300.0, 301.0]], [1.0, 2.0]), ([[300.0, -1.0]], [1.0])])
def test_histories_that_cannot_be_are_refused(history, steps):
    with pytest.raises(ValueError, match=r"times need|above 0 K"):
        omega(history, steps, read_kinetics("henriques"))


def test_the_dose_of_several_places_is_the_greatest_of_theirs():
    base = np.full((4, len(TIMES)), 306.0)
    # The second place is hotter than the third, for a moment alone: which asks for more is not told by the peak.
    brief, long = 0.95 * np.exp(-TIMES / 3e-5), RESPONSE
    gains = np.array([1.0, 5.0, 20.0, 1e-7])[:, None, None]
    units = gains * np.stack([long, brief, 0.9 * long])
    each = np.stack(
        [dose_for_unit_omega(base, units[:, p], STEPS, read_kinetics("blood"), low=1e-2, high=1e3) for p in range(3)]
    )
    found = dose_for_unit_omega_everywhere(base, units, STEPS, read_kinetics("blood"), low=1e-2, high=1e3)
    assert each[:, 0].argmax() == 1
    np.testing.assert_allclose(found, each.max(axis=0), rtol=1e-7)
    assert math.isinf(found[3])
