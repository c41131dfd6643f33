"""A pulse is typed in the unit in which its laser shows it, and read back as it was."""

import re

import pytest

from skinbeam.laser.device import describe_window, devices
from skinbeam.model.errors import InputError
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.patients.record_lines import describe_pulse
from skinbeam_clinic.pulse_fields import label_field, read_setting, window_choices, write_fields
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.treatments.views import describe_value


@pytest.mark.parametrize(
    ("pulse_ms", "fields", "label"),
    [
        (1e-5, {"pulse_ns": "10"}, "Pulse (ns)"),
        (5.5e-7, {"pulse_ps": "550"}, "Pulse (ps)"),
        (8e-7, {"pulse_ps": "800"}, "Pulse (ps)"),
        (0.3, {"pulse_ms": "0.3"}, "Pulse (ms)"),
        (0.45, {"pulse_ms": "0.45"}, "Pulse (ms)"),
        (40.0, {"pulse_ms": "40"}, "Pulse (ms)"),
    ],
)
def test_a_short_pulse_is_typed_without_zeros_before_it(pulse_ms: float, fields: dict[str, str], label: str) -> None:
    assert write_fields({"pulse_ms": pulse_ms}) == fields
    (name,) = fields
    assert label_field(name) == label
    assert read_setting(lambda field: fields.get(field, ""), "pulse_ms") == pulse_ms


def test_the_unit_is_that_of_the_plan_whatever_was_fired() -> None:
    assert write_fields({"fluence_J_cm2": 3.0, "pulse_ms": 2e-5}, 8e-7) == {"fluence_J_cm2": "3", "pulse_ps": "20000"}


@pytest.mark.parametrize(
    ("typed", "read_ms"),
    [("12,5", 1.25e-5), ("10 ns", 1e-5), ("450 ps", 4.5e-7), ("0.3 ms", 0.3), ("2 µs", 0.002), ("", None)],
)
def test_a_pulse_may_be_typed_with_its_unit(typed: str, read_ms: float | None) -> None:
    assert read_setting(lambda field: typed if field == "pulse_ns" else "", "pulse_ms") == read_ms


@pytest.mark.parametrize(
    ("typed", "code"), [("ten", "number-not-in-unit"), ("10 J", "number-not-in-unit"), ("1,000", "number-unclear")]
)
def test_what_is_no_pulse_is_refused_at_its_field(typed: str, code: str) -> None:
    with pytest.raises(InputError, match=re.escape(typed)) as refused:
        read_setting(lambda field: typed if field == "0.1.pulse_ns" else "", "pulse_ms", "0.1.")
    assert (refused.value.code, refused.value.field) == (code, "0.1.pulse_ns")


def test_the_diameter_of_columns_is_typed_in_micrometres() -> None:
    fields = write_fields({"energy_mJ": 50.0, "spot_mm": 0.12})
    assert fields == {"energy_mJ": "50", "diameter_um": "120"}
    assert label_field("diameter_um") == "Diameter (µm)"
    assert read_setting(lambda field: fields.get(field, ""), "spot_mm") == 0.12
    assert write_fields({"fluence_J_cm2": 7.5, "spot_mm": 7.0})["spot_mm"] == "7", "a spot on the skin stays in mm"
    columns = PulseSettings(energy_mJ=50.0, spot_mm=0.12)
    assert "microbeams of 120 µm" in describe_pulse(CATALOGUE, "fractional-co2-10600", columns)
    assert describe_value("spot_mm", 0.12) == "120 µm"


def test_the_window_of_a_lamp_is_chosen_by_its_sides() -> None:
    lamp = devices()["ipl"]
    spots = [spot for head in lamp.heads for spot in head.spot if spot.footprint_mm is not None]
    choices = window_choices(lamp, spots[0].diameter_mm)
    for spot in spots:
        text = write_fields({"fluence_J_cm2": 8.0, "spot_mm": spot.diameter_mm})["spot_mm"]
        assert spot.footprint_mm is not None
        assert choices[text] == describe_window(spot.footprint_mm)
    assert window_choices(devices()["pulsed-dye-595"], 7.0) == {}
