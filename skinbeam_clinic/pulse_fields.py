"""Write the settings of a pulse into the fields of a form, and read its length.

A pulse below a microsecond is typed in the unit in which its laser shows it: as 10 ns, and not as 0.00001 ms, where a
zero too many or too few is not seen.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from skinbeam.model.document import round_significant
from skinbeam.model.units import MS, NS, PS
from skinbeam.report.formatting import capitalise, quantity_label
from skinbeam.text import render_message
from skinbeam_clinic.consultations.forms import parse_decimal

__all__ = ["SHORT_PULSES", "format_field_number", "label_field", "quantity_of_field", "read_pulse_text", "write_fields"]

_DIGITS = 9  # of a pulse, without the rounding error of its unit
# The fields in which short pulses are typed, the shortest first: name → unit, and the unit in ms.
SHORT_PULSES: Mapping[str, tuple[str, float]] = {"pulse_ps": ("ps", PS / MS), "pulse_ns": ("ns", NS / MS)}


def quantity_of_field(name: str) -> str:
    """Return the setting that is typed into a field: `pulse_ms` into `pulse_ns`."""
    return "pulse_ms" if name in SHORT_PULSES else name


def label_field(name: str) -> str:
    """Return the label of a field, with its unit."""
    words, unit = quantity_label(quantity_of_field(name))
    unit = SHORT_PULSES.get(name, (unit, 0.0))[0]
    return render_message("clinic-session.setting-of", {"name": capitalise(words), "unit": unit})


def write_fields(settings: Mapping[str, float], planned_ms: float | None = None) -> dict[str, str]:
    """Return settings as the texts of the fields of a form.

    Parameters
    ----------
    planned_ms : the pulse of the plan, by which the unit is chosen; that of the settings where it is None.
    """
    fields = {}
    for name, value in settings.items():
        if name == "pulse_ms":
            like = value if planned_ms is None else planned_ms
            name = next((field for field, (_, size_ms) in SHORT_PULSES.items() if like < 1000 * size_ms), name)
        size = SHORT_PULSES.get(name, ("", 1.0))[1]
        fields[name] = format_field_number(round_significant(value / size, _DIGITS))
    return fields


def read_pulse_text(read_field: Callable[[str], str]) -> str:
    """Return what was typed of a pulse as text in ms; what is no number, as it was typed.

    Parameters
    ----------
    read_field : name of a field → what was typed into it.
    """
    for name, (_, size_ms) in SHORT_PULSES.items():
        if typed := read_field(name):
            number = parse_decimal(typed)
            return typed if number is None else format_field_number(round_significant(number * size_ms, _DIGITS))
    return read_field("pulse_ms")


def format_field_number(value: float) -> str:
    """Return a number as text for a form field: without an exponent, which no form reads."""
    return f"{Decimal(repr(value)).normalize():f}"
