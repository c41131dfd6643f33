"""Moves along the steps of a machine: trains, rectangular windows, neighbours in pulse and spot."""

import itertools
import math
from typing import Any

import pytest

from skinbeam.laser.beam import Beam, coverage_pct, density_of_coverage_per_cm2
from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import (
    BeamSetting,
    case_tables,
    density_steps,
    dose_steps,
    iterate_settings,
    nearest_setting,
)
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.units import CM, MM

ALL = pytest.mark.parametrize("device", devices().values(), ids=lambda device: device.name)
LAMP = devices()["ipl"]


def beam_of(tables: dict[str, Any]) -> Beam:
    return resolve_beam(parse_record(Case, tables, file="case.toml"))


def lamp_beam(**settings: Any) -> Beam:
    return beam_of({"laser": {"device": "ipl", "wavelength_nm": 560.0}, "settings": {"fluence_J_cm2": 12.0} | settings})


# --- rectangular windows ------------------------------------------------------------------------------------------


def test_a_window_has_the_energy_of_its_rectangle() -> None:
    beam = lamp_beam(pulse_ms=10.0, footprint_mm=[15.0, 35.0])
    assert beam.footprint_mm == (15.0, 35.0)
    assert beam.energy_J == pytest.approx(12.0 * 15.0 * 35.0 * (MM / CM) ** 2, rel=1e-12)


def test_a_window_turned_and_the_disc_of_its_area_are_the_same_spot() -> None:
    """The disc is stated to three digits: half a unit of the last one, 0.05 of 25.9 mm, is 0.4 % of the area."""
    straight = lamp_beam(pulse_ms=10.0, footprint_mm=[15.0, 35.0])
    for beam in (lamp_beam(pulse_ms=10.0, footprint_mm=[35.0, 15.0]), lamp_beam(pulse_ms=10.0, spot_mm=25.9)):
        assert beam.spot_mm == straight.spot_mm
        assert beam.footprint_mm is not None
        assert sorted(beam.footprint_mm) == [15.0, 35.0]
        assert beam.energy_J == pytest.approx(straight.energy_J, rel=0.004)


@ALL
def test_every_setting_of_a_rectangular_window_names_its_sides(device: Device) -> None:
    for setting in iterate_settings(device):
        window = device.window_mm(setting.spot_mm)
        steps = () if device.microbeam else dose_steps(device, setting)
        if steps:
            beam = beam_of(case_tables(device, setting, steps[0]))
            assert beam.footprint_mm == window
            if window is not None:
                assert math.pi / 4 * setting.spot_mm**2 == pytest.approx(window[0] * window[1], rel=0.01)


# --- microbeams ---------------------------------------------------------------------------------------------------


def test_coverage_is_that_of_columns_placed_at_random() -> None:
    """Few columns cover the sum of their areas; many overlap, and never cover all."""
    area_cm2 = math.pi / 4 * 0.04**2  # of 400 µm
    assert coverage_pct(400.0, 1.0) == pytest.approx(100.0 * area_cm2, rel=area_cm2)  # the next term of the series
    few, many = coverage_pct(400.0, 252.0), coverage_pct(400.0, 784.0)
    # Printed of this machine: 30 and 55 % (polder2011) at such densities (polder2012), to five per cent of skin or ten.
    assert few == pytest.approx(30.0, abs=5.0)
    assert many == pytest.approx(55.0, abs=10.0)
    assert coverage_pct(400.0, 2.0 * 784.0) < 2.0 * many
    assert coverage_pct(400.0, 20_000.0) < 100.0
    assert density_of_coverage_per_cm2(400.0, many) == pytest.approx(784.0)


# --- trains -------------------------------------------------------------------------------------------------------


def test_a_double_pulse_is_given_by_its_pulses_and_the_time_between_them() -> None:
    beam = lamp_beam(subpulses=2, subpulse_ms=3.0, subpulse_delay_ms=20.0, footprint_mm=[15.0, 35.0])
    assert beam.pulse_ms == 26.0
    assert beam.trains == ((2, 3.0),)
    assert beam == lamp_beam(subpulses=2, subpulse_ms=3.0, pulse_ms=26.0, footprint_mm=[15.0, 35.0])


def test_the_nearest_setting_keeps_a_pulse_that_the_machine_has() -> None:
    dye = devices()["pulsed-dye-595"]
    assert nearest_setting(dye, 595.0, 6.0, 8.0) == BeamSetting(595.0, 6.0, 7.0)
    assert nearest_setting(dye, 595.0, 90.0, 7.0) == BeamSetting(595.0, 40.0, 7.0)
    assert nearest_setting(dye, 532.0, 6.0, 7.0) is None


@ALL
def test_steps_of_dose_are_those_that_the_machine_takes(device: Device) -> None:
    for setting in itertools.islice(iterate_settings(device), 0, None, 5):
        for dose in dose_steps(device, setting):
            densities = density_steps(device, setting, dose)[:1] if device.microbeam else (None,)
            for density in densities:
                beam_of(case_tables(device, setting, dose, density))
