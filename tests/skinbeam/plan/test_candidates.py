"""Settings that a plan looks at on a device."""

from pathlib import Path

from skinbeam.laser.device import load_device
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.plan.search.settings import SearchMachine, candidate_settings, narrower_spots
from skinbeam.simulate.removal.ablation import is_pulse_calibrated

CO2 = load_device("fractional-co2-10600", Path())


def pulses(answered):
    return {setting.pulse_ms for setting in candidate_settings(CO2, all_sizes=True, pulses=2, can_judge=answered)}


def test_the_pulses_tried_lie_between_the_ends_of_what_can_be_judged():
    # Its pulses go from 0.08 to 20 ms, what is known of ablation by CO2 to 10 ms.
    known = pulses(is_pulse_calibrated)
    assert len(known) == 2
    assert all(0.08 < pulse < 10.0 for pulse in known)
    assert max(pulses(None)) < 20.0


def test_a_device_with_few_pulses_has_all_of_them_tried():
    ruby = load_device("qs-ruby-694")
    lengths = {setting.pulse_ms for setting in candidate_settings(ruby, all_sizes=True, pulses=3)}
    assert lengths == {offer.pulse_ms for offer in iterate_settings(ruby)}


def test_where_no_pulse_can_be_judged_all_are_tried_so_that_the_reason_is_told():
    assert pulses(lambda wavelength, pulse: False) == pulses(None)


def test_light_without_a_calibration_is_answered_at_any_pulse():
    assert is_pulse_calibrated(1550.0, 1e-6)
    assert is_pulse_calibrated(1550.0, 1e4)
    assert not is_pulse_calibrated(10_600.0, 11.0)


def test_a_narrower_spot_is_tried_where_the_wider_one_ends():
    machine = SearchMachine("alexandrite-755", load_device("alexandrite-755"), Path())
    every = list(iterate_settings(machine.device))
    pulse_ms = min(one.pulse_ms for one in every)
    widest = max(one.spot_mm for one in every if one.pulse_ms == pulse_ms)
    found = list(narrower_spots(machine, BeamSetting(755.0, pulse_ms, widest)))
    sizes = [setting.spot_mm for setting in found]
    greatest = [machine.doses(setting)[-1] for setting in found]
    assert sizes == sorted(sizes, reverse=True)
    assert greatest == sorted(set(greatest))
    assert greatest
    assert greatest[0] > machine.doses(BeamSetting(755.0, pulse_ms, widest))[-1]
    assert not list(narrower_spots(machine, BeamSetting(755.0, pulse_ms, sizes[-1])))
