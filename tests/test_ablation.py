"""Ablation: limits, balance of energy, the rows that set the parameters, and what is unknown."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.physics.ablation import (
    ablation_of,
    blow_off_depth,
    depth,
    is_blow_off,
    microbeam_ablation_of,
    steady_depth,
)
from skinbeam.provenance import collect
from skinbeam.sources import cite
from skinbeam.units import J_CM2, MJ, UM

exposures = st.floats(1.0, 1e7)
enthalpies = st.floats(1e8, 5e10)
penetrations = st.floats(1e-7, 1e-4)


@given(exposures, enthalpies, penetrations)
def test_blow_off_never_removes_more_than_the_energy_allows(exposure, enthalpy, penetration):
    removed = blow_off_depth(exposure, enthalpy, penetration)
    # ln x <= x - 1, so z <= (H - h delta) / h. The margin is for rounding.
    assert 0 <= removed <= max(exposure / enthalpy - penetration, 0) * (1 + 1e-9) + 1e-18


@given(exposures, exposures, enthalpies)
def test_steady_ablation_balances_the_energy_above_threshold(exposure, threshold, enthalpy):
    removed = steady_depth(exposure, threshold, enthalpy)
    assert removed * enthalpy == pytest.approx(max(exposure - threshold, 0), rel=1e-12, abs=1e-9)


@given(enthalpies, penetrations, st.floats(1.0001, 1e3))
def test_blow_off_obeys_beer(enthalpy, penetration, excess):
    # What leaves is what received at least h: at its floor the deposited energy density is h.
    exposure = excess * enthalpy * penetration
    floor = blow_off_depth(exposure, enthalpy, penetration)
    assert exposure / penetration * math.exp(-floor / penetration) == pytest.approx(enthalpy, rel=1e-9)


@given(st.floats(1e-8, 1e-1), exposures)
def test_more_energy_never_removes_less(pulse, exposure):
    common = {
        "enthalpy_J_m3": 1.8e9,
        "threshold_J_m2": 6e3,
        "penetration_m": 3e-6,
        "diffusivity_m2_s": 1e-7,
    }
    assert depth(1.5 * exposure, pulse, **common) >= depth(exposure, pulse, **common)


def test_the_kind_of_ablation_follows_from_confinement_of_heat():
    # delta^2 / 4 kappa: 4 us for Er:YAG's 1.26 um, 2.25 ms for the 30 um of CO2.
    assert is_blow_off(150e-9, 1.26e-6, 1e-7)
    assert not is_blow_off(250e-6, 1.26e-6, 1e-7)
    assert is_blow_off(1e-3, 30e-6, 1e-7)
    assert not is_blow_off(5e-3, 30e-6, 1e-7)


def test_er_yag_removes_what_its_two_calibration_rows_say():
    laser = ablation_of(2940.0)
    slope = 1 / laser.enthalpy.value * J_CM2 / UM  # um per J/cm2
    # Rows of 6 um per J/cm2 and 540 ug/J (1.109 g/cm3): the value lies between them, each within its 25 %.
    by_mass = 540e-9 / 1109.0 * J_CM2 / UM
    assert min(6.0, by_mass) < slope < max(6.0, by_mass)
    assert laser.enthalpy.low < J_CM2 / (6.0 * UM) < laser.enthalpy.high
    assert laser.enthalpy.low < J_CM2 / (by_mass * UM) < laser.enthalpy.high


def test_the_calibrated_exposure_of_co2_removes_what_light_reaches():
    laser = ablation_of(10600.0)
    assert laser.penetration.value == pytest.approx(30 * UM)
    common = {"penetration_m": laser.penetration.value, "diffusivity_m2_s": 1e-7}
    confined = {"enthalpy_J_m3": laser.ejection.value, "threshold_J_m2": laser.threshold.value}
    # Printed to three digits: 1e-3 of the exposure, and with it of the depth, each way.
    assert depth(5 * J_CM2, 5e-4, **common, **confined) == pytest.approx(30 * UM, rel=1e-3)
    # Longer than the relaxation time the same exposure is where removal begins: no confined heat throws tissue out.
    moving = {"enthalpy_J_m3": laser.enthalpy.value, "threshold_J_m2": laser.threshold.value}
    assert depth(5 * J_CM2, 5e-3, **common, **moving) == 0
    assert depth(5.01 * J_CM2, 5e-3, **common, **moving) > 0
    # Without its heat lost it would have vaporised the layer.
    assert laser.enthalpy.value * laser.penetration.value == pytest.approx(5 * J_CM2, rel=1e-3)


@given(enthalpies, penetrations)
def test_blow_off_removes_what_light_reaches_at_e_times_its_onset(enthalpy, penetration):
    assert blow_off_depth(math.e * enthalpy * penetration, enthalpy, penetration) == pytest.approx(penetration)


@pytest.mark.parametrize("wavelength_nm", [2790.0, 1550.0, 9300.0])
def test_a_laser_without_calibration_is_unknown(wavelength_nm):
    assert ablation_of(wavelength_nm) is None
    assert microbeam_ablation_of(wavelength_nm) is None


def test_er_yag_microbeams_have_no_calibration_of_their_own():
    assert microbeam_ablation_of(2940.0) is None


def test_every_read_notes_sources_that_exist():
    for _ in range(2):
        with collect() as keys:
            ablation_of(2940.0)
            microbeam_ablation_of(10600.0)
        assert {"hibst1991", "walsh1989", "eco2depth"} <= set(keys)
        assert all(cite(key).fields["title"] for key in keys)


def test_the_range_of_a_microbeam_is_that_of_its_series():
    limits = microbeam_ablation_of(10600.0).limits
    assert limits["energy_J"][0] <= 80 * MJ <= limits["energy_J"][1]
    assert limits["diameter_m"][0] <= 120 * UM <= limits["diameter_m"][1]


def test_arrays_broadcast_over_samples():
    enthalpy = np.array([1.5e9, 2e9])
    assert steady_depth(1e5, 1e4, enthalpy).shape == (2,)
