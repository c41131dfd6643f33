"""A pulse is typed in the unit in which its laser shows it, and read back as it was."""

import pytest

from skinbeam_clinic.pulse_fields import label_field, read_pulse_text, write_fields


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
    assert float(read_pulse_text(lambda field: fields.get(field, ""))) == pulse_ms


def test_the_unit_is_that_of_the_plan_whatever_was_fired() -> None:
    assert write_fields({"fluence_J_cm2": 3.0, "pulse_ms": 2e-5}, 8e-7) == {"fluence_J_cm2": "3", "pulse_ps": "20000"}


@pytest.mark.parametrize(("typed", "read"), [("12,5", "0.0000125"), ("ten", "ten"), ("1,000", "1,000"), ("", "")])
def test_what_is_no_number_stays_as_it_was_typed(typed: str, read: str) -> None:
    assert read_pulse_text(lambda field: typed if field == "pulse_ns" else "") == read
