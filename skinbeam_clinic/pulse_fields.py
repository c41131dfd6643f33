"""Write the settings of a pulse into the fields of a form, and read its length.

A pulse below a microsecond is typed in the unit in which its laser shows it: as 10 ns, and not as 0.00001 ms, where a
zero too many or too few is not seen. In every field of a pulse, another unit may be typed behind the number. The
diameter of columns is typed in micrometres, and the window of a lamp is chosen by its sides.
"""

from collections.abc import Callable, Mapping

from skinbeam.laser.device import Device, describe_window
from skinbeam.model.document import round_significant
from skinbeam.model.units import MM, MS, NS, PS, UM, US
from skinbeam.report.formatting import capitalise, quantity_label
from skinbeam.text import render_message
from skinbeam_clinic.typed_numbers import number_error, parse_number, write_number

__all__ = [
    "FIELD_UNITS",
    "PULSE_UNITS",
    "SHORT_PULSES",
    "field_words",
    "label_field",
    "parse_in_field",
    "parse_pulse",
    "pulse_field_name",
    "quantity_of_field",
    "read_setting",
    "typed_field",
    "window_choices",
    "write_fields",
    "write_in_field",
]

_DIGITS = 9  # of a pulse, without the rounding error of its unit
# The fields in which short pulses are typed, the shortest first: name → unit, and the unit in ms.
SHORT_PULSES: Mapping[str, tuple[str, float]] = {"pulse_ps": ("ps", PS / MS), "pulse_ns": ("ns", NS / MS)}
PULSE_UNITS = {**SHORT_PULSES, "pulse_us": ("µs", US / MS), "pulse_ms": ("ms", 1.0)}  # of all fields of pulses
_COLUMN = "diameter_um"
# Fields whose unit is not that of their setting: name → the setting, and the unit of the field in that of the setting.
FIELD_UNITS = {name: ("pulse_ms", size_ms) for name, (_, size_ms) in PULSE_UNITS.items()} | {
    _COLUMN: ("spot_mm", UM / MM)
}


def quantity_of_field(name: str) -> str:
    """Return the setting that is typed into a field: `pulse_ms` into `pulse_ns`."""
    return FIELD_UNITS.get(name, (name, 1.0))[0]


def field_words(name: str) -> tuple[str, str]:
    """Return the words and the unit of a field."""
    words, unit = quantity_label("pulse_ms" if name in PULSE_UNITS else name)
    return words, PULSE_UNITS.get(name, (unit, 0.0))[0]


def label_field(name: str) -> str:
    """Return the label of a field, with its unit."""
    words, unit = field_words(name)
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
        elif name == "spot_mm" and "energy_mJ" in settings:
            name = _COLUMN
        fields[name] = write_in_field(value, name)
    return fields


def write_in_field(value: float, name: str) -> str:
    """Return the value of a setting as the text of a field."""
    return write_number(round_significant(value / FIELD_UNITS.get(name, ("", 1.0))[1], _DIGITS))


def read_setting(read_field: Callable[[str], str], name: str, start: str = "") -> float | None:
    """Return a setting that was typed into a form, in whatever unit; None where its field is empty.

    Parameters
    ----------
    name : of the setting, such as `pulse_ms`.
    read_field : name of a field → what was typed into it.
    start : of the names of fields in a form of several pulses.

    Raises
    ------
    InputError : as `read_number`.
    """
    field = typed_field(read_field, name, start)
    typed = read_field(f"{start}{field}")
    value = parse_in_field(typed, field)
    if typed and value is None:
        raise number_error(typed, f"{start}{field}", field_words(field)[0], field)
    return value


def typed_field(read_field: Callable[[str], str], name: str, start: str = "") -> str:
    """Return the field into which a setting was typed, the one in its own unit where all are empty."""
    fields = (field for field, (quantity, _) in FIELD_UNITS.items() if quantity == name)
    return next((field for field in fields if read_field(f"{start}{field}")), name)


def parse_in_field(text: str, field: str) -> float | None:
    """Return the value of a setting that was typed into a field; None where it is no number."""
    if field in PULSE_UNITS:
        return parse_pulse(text, field)
    number = parse_number(text, field)
    return None if number is None else round_significant(number * FIELD_UNITS.get(field, ("", 1.0))[1], _DIGITS)


def window_choices(device: Device | None, spot_mm: float | None) -> dict[str, str]:
    """Return the windows of a lamp, the text of the field of their spot → their sides; empty for round spots.

    Parameters
    ----------
    spot_mm : the planned one, of the disc of equal area.
    """
    if device is None or spot_mm is None or device.window_mm(spot_mm) is None:
        return {}
    return {
        write_in_field(spot.diameter_mm, "spot_mm"): describe_window(spot.footprint_mm)
        for head in device.heads
        for spot in head.spot
        if spot.footprint_mm is not None
    }


def parse_pulse(text: str, field: str = "pulse_ms") -> float | None:
    """Return the length in ms of a pulse, typed in the unit of its field or with a unit of time behind it."""
    for name in (field, *PULSE_UNITS):
        if (number := parse_number(text, name)) is not None:
            return round_significant(number * PULSE_UNITS[name][1], _DIGITS)
    return None
