"""Ablation: limits, balance of energy, the rows that set the parameters, and what is unknown."""

import pytest

from skinbeam.model.sources import collect_sources, find_source
from skinbeam.model.units import J_CM2, MJ, UM
from skinbeam.physics.removal.ablation_front import front_removal
from skinbeam.physics.removal.calibration import ablation_calibration, is_blow_off, microbeam_calibration


def test_the_kind_of_ablation_follows_from_confinement_of_heat():
    # delta^2 / 4 kappa: 4 us for Er:YAG's 1.26 um, 2.25 ms for the 30 um of CO2.
    assert is_blow_off(150e-9, 1.26e-6, 1e-7)
    assert not is_blow_off(250e-6, 1.26e-6, 1e-7)
    assert is_blow_off(1e-3, 30e-6, 1e-7)
    assert not is_blow_off(5e-3, 30e-6, 1e-7)


def test_er_yag_removes_what_its_two_calibration_rows_say():
    laser = ablation_calibration(2940.0)
    slope = 1 / laser.enthalpy.value * J_CM2 / UM  # um per J/cm2
    # Rows of 6 um per J/cm2 and 540 ug/J (1.109 g/cm3): the value lies between them, each within its 25 %.
    by_mass = 540e-9 / 1109.0 * J_CM2 / UM
    assert min(6.0, by_mass) < slope < max(6.0, by_mass)
    assert laser.enthalpy.low < J_CM2 / (6.0 * UM) < laser.enthalpy.high
    assert laser.enthalpy.low < J_CM2 / (by_mass * UM) < laser.enthalpy.high


def test_the_calibrated_exposure_of_co2_removes_what_light_reaches():
    laser = ablation_calibration(10600.0)
    assert laser.penetration.value == pytest.approx(30 * UM)
    found = front_removal(
        5 * J_CM2,
        1e-4,
        front_J_m3=laser.enthalpy.value,
        ejection_J_m3=laser.ejection.value,
        penetration_m=laser.penetration.value,
        diffusivity_m2_s=1e-30,
        ejection_s=5e-7,
    )
    # Printed to three digits: 1e-3 of the exposure, and with it of the depth, each way.
    assert found.depth == pytest.approx(30 * UM, rel=1e-3)
    # There the surface holds what vaporises it, and the front starts.
    assert laser.enthalpy.value * laser.penetration.value == pytest.approx(5 * J_CM2, rel=1e-3)


@pytest.mark.parametrize("wavelength_nm", [2790.0, 1550.0, 9300.0])
def test_a_laser_without_calibration_is_unknown(wavelength_nm):
    assert ablation_calibration(wavelength_nm) is None
    assert microbeam_calibration(wavelength_nm) is None


def test_er_yag_microbeams_have_no_calibration_of_their_own():
    assert microbeam_calibration(2940.0) is None


def test_every_read_notes_sources_that_exist():
    for _ in range(2):
        with collect_sources() as keys:
            ablation_calibration(2940.0)
            microbeam_calibration(10600.0)
        assert {"hibst1991", "walsh1989", "eco2depth"} <= set(keys)
        assert all(find_source(key).fields["title"] for key in keys)


def test_the_range_of_a_microbeam_is_that_of_its_series():
    limits = microbeam_calibration(10600.0).limits
    assert limits["energy_J"][0] <= 80 * MJ <= limits["energy_J"][1]
    assert limits["diameter_m"][0] <= 120 * UM <= limits["diameter_m"][1]
