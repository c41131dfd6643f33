"""Lens arrays: settings that a machine takes, and light that is not simulated."""

from pathlib import Path

import pytest

from skinbeam.laser.beam_of_case import resolve_beam
from skinbeam.laser.device import Device, devices
from skinbeam.laser.setting_grid import case_tables, dose_steps, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.errors import NotAvailable
from skinbeam.model.input_files import LoadedCase, parse_record
from skinbeam.simulate.scene import build_scene

ARRAYS = [device for device in devices().values() if device.lens_array]


def test_every_picosecond_light_has_an_array() -> None:
    keys = {key for device in ARRAYS for key in device.classes}
    assert keys == {"ps-532-array", "ps-755-array", "ps-785-array", "ps-1064-array"}


@pytest.mark.parametrize("device", ARRAYS, ids=lambda device: device.name)
def test_its_settings_are_taken_and_its_light_is_not_simulated(device: Device) -> None:
    setting = next(iterate_settings(device))
    tables = case_tables(device, setting, dose_steps(device, setting)[0])
    assert resolve_beam(parse_record(Case, tables, file="case.toml")).lens_array
    case = parse_record(Case, tables | {"skin": {"preset": "human"}}, file="case.toml")
    with pytest.raises(NotAvailable) as caught:
        build_scene(LoadedCase(case, Path()))
    assert device.title in str(caught.value)
