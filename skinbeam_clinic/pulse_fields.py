"""Write the settings of a pulse into the fields of a form, and read its length.

A pulse below a microsecond is typed in the unit in which its laser shows it: as 10 ns, and not as 0.00001 ms, where a
zero too many or too few is not seen. In every field of a pulse, another unit may be typed behind the number.
"""

from collections.abc import Callable, Mapping

from skinbeam.model.document import round_significant
from skinbeam.model.units import MS, NS, PS, US
from skinbeam.report.formatting import capitalise, quantity_label
from skinbeam.text import render_message
from skinbeam_clinic.typed_numbers import number_error, parse_number, write_number

__all__ = [
    "PULSE_UNITS",
    "SHORT_PULSES",
    "label_field",
    "parse_pulse",
    "pulse_field_name",
    "quantity_of_field",
    "read_pulse_field",
    "write_fields",
    "write_pulse",
]

_DIGITS = 9  # of a pulse, without the rounding error of its unit
# The fields in which short pulses are typed, the shortest first: name → unit, and the unit in ms.
SHORT_PULSES: Mapping[str, tuple[str, float]] = {"pulse_ps": ("ps", PS / MS), "pulse_ns": ("ns", NS / MS)}
PULSE_UNITS = {**SHORT_PULSES, "pulse_us": ("µs", US / MS), "pulse_ms": ("ms", 1.0)}  # of all fields of pulses


def quantity_of_field(name: str) -> str:
    """Return the setting that is typed into a field: `pulse_ms` into `pulse_ns`."""
    return "pulse_ms" if name in SHORT_PULSES else name


def label_field(name: str) -> str:
    """Return the label of a field, with its unit."""
    words, unit = quantity_label(quantity_of_field(name))
    unit = SHORT_PULSES.get(name, (unit, 0.0))[0]
    return render_message("clinic-session.setting-of", {"name": capitalise(words), "unit": unit})


def pulse_field_name(pulse_ms: float) -> str:
    """Return the field in which a pulse of such a length is typed."""
    return next((field for field, (_, size_ms) in SHORT_PULSES.items() if pulse_ms < 1000 * size_ms), "pulse_ms")


def write_fields(settings: Mapping[str, float], planned_ms: float | None = None) -> dict[str, str]:
    """Return settings as the texts of the fields of a form.

    Parameters
    ----------
    planned_ms : the pulse of the plan, by which the unit is chosen; that of the settings where it is None.
    """
    fields = {}
    for name, value in settings.items():
        if name == "pulse_ms":
            name = pulse_field_name(value if planned_ms is None else planned_ms)
        fields[name] = write_pulse(value, name) if name in PULSE_UNITS else write_number(value)
    return fields


def write_pulse(pulse_ms: float, name: str) -> str:
    """Return the length of a pulse as the text of a field."""
    return write_number(round_significant(pulse_ms / PULSE_UNITS[name][1], _DIGITS))


def read_pulse_field(read_field: Callable[[str], str], start: str = "") -> float | None:
    """Return the length in ms of the pulse that was typed into a form; None where its field is empty.

    Parameters
    ----------
    read_field : name of a field → what was typed into it.
    start : of the names of fields in a form of several pulses.

    Raises
    ------
    InputError : as `read_number`.
    """
    for name in PULSE_UNITS:
        if typed := read_field(f"{start}{name}"):
            pulse_ms = parse_pulse(typed, name)
            if pulse_ms is None:
                raise number_error(typed, f"{start}{name}", quantity_label("pulse_ms")[0], name)
            return pulse_ms
    return None


def parse_pulse(text: str, field: str = "pulse_ms") -> float | None:
    """Return the length in ms of a pulse, typed in the unit of its field or with a unit of time behind it."""
    for name in (field, *PULSE_UNITS):
        if (number := parse_number(text, name)) is not None:
            return round_significant(number * PULSE_UNITS[name][1], _DIGITS)
    return None
