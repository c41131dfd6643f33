"""Classes of devices: what files state, what follows from the light, and the wider classes."""

import tomllib

import pytest
from paths import ROOT

from skinbeam.laser.device import Device, devices
from skinbeam.laser.device_class import SAME_LINE_NM, class_by_light, class_table, head_classes, widen_classes
from skinbeam.laser.setting_grid import BeamSetting, device_classes, iterate_settings
from skinbeam.model.device_file import DeviceFile
from skinbeam.model.input_files import parse_record

ALL = pytest.mark.parametrize("device", devices().values(), ids=lambda device: device.name)


def file_of(name: str, **changes: object) -> DeviceFile:
    text = (ROOT / "skinbeam" / "data" / "lasers" / f"{name}.toml").read_text(encoding="utf-8")
    tables = {key: value for key, value in tomllib.loads(text).items() if key != "classes"} | changes
    for head in tables["head"]:
        head.pop("classes", None)
    return parse_record(DeviceFile, tables, file="device.toml")


@ALL
def test_every_setting_of_a_shipped_device_has_a_class(device: Device) -> None:
    for setting in iterate_settings(device):
        found = device_classes(device, setting)
        assert found & set(device.classes)
        assert found <= set(class_table())
        assert found == widen_classes(found)


@ALL
def test_every_shipped_head_has_the_class_of_its_light(device: Device) -> None:
    """What a file states is no other class than the light has; a file that states none has the class of its light."""
    for head in device.heads:
        by_light, stated = class_by_light(device.file, head), head_classes(device.file, head)
        assert by_light in stated, f"data/device_classes.toml gives its light to {by_light}; it states {stated}"


def test_the_table_of_classes_has_known_keys_and_words() -> None:
    for name, entry in class_table().items():
        assert set(entry) <= {"within", "emission", "line_nm", "pulse", "compression"}, name
        assert ("emission" in entry) == ("line_nm" in entry), name
        assert entry.get("emission", "full-field") in ("full-field", "microbeams", "lens-array"), name
        assert entry.get("pulse", "nanosecond") in ("picosecond", "nanosecond", "microsecond", "millisecond"), name


def test_every_class_is_held_by_a_device_or_by_a_class() -> None:
    narrow = {key for device in devices().values() for key in device.classes}
    wide = {key for entry in class_table().values() for key in entry["within"]}
    assert set(class_table()) == narrow | wide
    assert wide <= set(class_table())
    for key in narrow:
        # The wider classes of a wider class stand in the entry itself: one step finds them all.
        assert widen_classes(widen_classes([key])) == widen_classes([key])


def test_a_machine_of_several_lights_has_the_class_of_each() -> None:
    nanosecond, dual, lamp = (devices()[name] for name in ("qs-ndyag-532-1064", "ndyag-1064", "ipl"))
    assert device_classes(nanosecond, BeamSetting(532.0, 1e-5, 3.0)) >= {"qs-532"}
    assert "qs-1064" not in device_classes(nanosecond, BeamSetting(532.0, 1e-5, 3.0))
    assert device_classes(nanosecond, BeamSetting(1064.0, 1e-5, 6.0)) >= {"qs-1064"}
    assert "ndyag-1064-us" in device_classes(dual, BeamSetting(1064.0, 0.65, 6.0))
    assert "ndyag-1064-long" in device_classes(dual, BeamSetting(1064.0, 20.0, 6.0))
    for cut_off in lamp.wavelengths_nm:
        setting = next(s for s in iterate_settings(lamp) if s.wavelength_nm == cut_off)
        assert {f"ipl-{cut_off:.0f}", "ipl-any"} <= device_classes(lamp, setting)


def test_a_setting_that_is_not_offered_has_no_class() -> None:
    device = devices()["pulsed-dye-595"]
    assert device_classes(device, BeamSetting(595.0, 10.0, 7.0))
    assert not device_classes(device, BeamSetting(595.0, 10.0, 6.0))
    assert not device_classes(device, BeamSetting(595.0, 400.0, 7.0))
    assert not device_classes(device, BeamSetting(585.0, 10.0, 7.0))


@ALL
def test_a_clinic_s_file_without_classes_has_those_of_its_light(device: Device) -> None:
    assert Device(device.name, file_of(device.name)).classes == device.classes


def test_a_light_of_no_class_has_none_and_one_that_is_stated_holds() -> None:
    lines = [line for entry in class_table().values() for line in entry.get("line_nm", ())]
    nm = next(nm for nm in range(600, 1000, 10) if min(abs(line - nm) for line in lines) > 2 * SAME_LINE_NM)
    head = {
        "wavelength_nm": float(nm),
        "pulse_ms": {"low": 10.0, "high": 20.0},
        "pulse_shape": "square",
        "spot": [{"spot_mm": 1.0, "fluence_J_cm2": {"low": 5.0, "high": 20.0}}],
    }
    other = {"head": [head], "eyewear_nm": [[float(nm), float(nm)]]}
    assert Device("other", file_of("ktp-532", **other)).classes == ()
    assert Device("other", file_of("ktp-532", **other, classes=["pdl-585"])).classes == ("pdl-585",)
