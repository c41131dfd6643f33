"""A pulse is typed in the unit in which its laser shows it, and read back as it was."""

import re

import pytest

from skinbeam.model.errors import InputError
from skinbeam_clinic.pulse_fields import label_field, read_pulse_field, write_fields


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
    assert read_pulse_field(lambda field: fields.get(field, "")) == pulse_ms


def test_the_unit_is_that_of_the_plan_whatever_was_fired() -> None:
    assert write_fields({"fluence_J_cm2": 3.0, "pulse_ms": 2e-5}, 8e-7) == {"fluence_J_cm2": "3", "pulse_ps": "20000"}


@pytest.mark.parametrize(
    ("typed", "read_ms"),
    [("12,5", 1.25e-5), ("10 ns", 1e-5), ("450 ps", 4.5e-7), ("0.3 ms", 0.3), ("2 µs", 0.002), ("", None)],
)
def test_a_pulse_may_be_typed_with_its_unit(typed: str, read_ms: float | None) -> None:
    assert read_pulse_field(lambda field: typed if field == "pulse_ns" else "") == read_ms


@pytest.mark.parametrize(
    ("typed", "code"), [("ten", "number-not-in-unit"), ("10 J", "number-not-in-unit"), ("1,000", "number-unclear")]
)
def test_what_is_no_pulse_is_refused_at_its_field(typed: str, code: str) -> None:
    with pytest.raises(InputError, match=re.escape(typed)) as refused:
        read_pulse_field(lambda field: typed if field == "0.1.pulse_ns" else "", "0.1.")
    assert (refused.value.code, refused.value.field) == (code, "0.1.pulse_ns")
