"""Settings that a plan looks at on a device."""

from pathlib import Path

from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import iterate_settings
from skinbeam.plan.search.settings import candidate_settings
from skinbeam.simulate.removal.ablation import is_pulse_calibrated

CO2 = load_device("fractional-co2-10600", Path())


def pulses(answered):
    return {setting.pulse_ms for setting in candidate_settings(CO2, pulses=2, can_judge=answered)}


def test_the_pulses_tried_lie_between_the_ends_of_what_can_be_judged():
    # Its pulses go from 0.08 to 20 ms, what is known of ablation by CO2 to 10 ms.
    known = pulses(is_pulse_calibrated)
    assert len(known) == 2
    assert all(0.08 < pulse < 10.0 for pulse in known)
    assert max(pulses(None)) < 20.0


def test_a_device_with_few_pulses_has_all_of_them_tried():
    ruby = load_device("qs-ruby-694")
    lengths = {setting.pulse_ms for setting in candidate_settings(ruby, pulses=3)}
    assert lengths == {offer.pulse_ms for offer in iterate_settings(ruby)}


def test_where_no_pulse_can_be_judged_all_are_tried_so_that_the_reason_is_told():
    assert pulses(lambda wavelength, pulse: False) == pulses(None)


def test_light_without_a_calibration_is_answered_at_any_pulse():
    assert is_pulse_calibrated(1550.0, 1e-6)
    assert is_pulse_calibrated(1550.0, 1e4)
    assert not is_pulse_calibrated(10_600.0, 11.0)
