"""The pulses of earlier sessions and test spots in the form: in the unit of the chosen device, and within its reach."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skinbeam.laser.device import Device, describe_pulse
from skinbeam.laser.earlier_pulses import can_be_light_of, can_be_pulse_of
from skinbeam.text import Formatter, render_message
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.pulse_fields import PULSE_UNITS, label_field, pulse_field_name, write_in_field
from skinbeam_clinic.typed_numbers import parse_stored_number

__all__ = ["PulseFieldView", "check_earlier_pulses", "device_pulse_fields", "pulse_field_views"]


@dataclass(frozen=True)
class PulseFieldView:
    """The field of a pulse: `key` is the end of its name, and `range` what the device can fire, empty if unknown."""

    key: str
    label: str
    range: str
    value: str = ""


def device_pulse_fields(devices: ClinicDevices) -> dict[str, tuple[str, str, str]]:
    """Return key, label and range of the pulses of each device, by name; under an empty name of an unknown one."""
    views = ((name, _view(device)) for name, device in (("", None), *devices.all_devices.items()))
    return {name: (view.key, view.label, view.range) for name, view in views}


def pulse_field_views(
    values: Mapping[str, str], starts: Iterable[str], devices: ClinicDevices
) -> dict[str, PulseFieldView]:
    """Return the fields of pulses of a form by the beginnings of their names.

    Parameters
    ----------
    values : name → text of the stored fields, in which a pulse is in ms.
    """
    return {
        start: _view(devices.find(values.get(f"{start}device")), values.get(f"{start}pulse_ms", "")) for start in starts
    }


def check_earlier_pulses(submission: Submission, devices: ClinicDevices) -> None:
    """Check that each typed pulse, and its light, can be of the device that is chosen beside it.

    Raises
    ------
    InputError : `pulse-of-device`, `light-of-device`.
    """
    values = dict(submission.entries)
    for field, text in values.items():
        start, _, key = field.rpartition(".")
        number, device = parse_stored_number(text), devices.find(values.get(f"{start}.device"))
        if not number or device is None:
            continue
        about = {"device": devices.title(device.name)}
        if key == "pulse_ms" and not can_be_pulse_of(device, number):
            about["pulse"] = describe_pulse(number)
            raise clinic_error("pulse-of-device", field, {"range": _range_text(device)}, **about)
        if key == "wavelength_nm" and not can_be_light_of(device, number):
            emitted = ", ".join(f"{nm:g}" for nm in device.wavelengths_nm)
            raise clinic_error("light-of-device", field, {"emitted": emitted}, nm=f"{number:g}", **about)


def _view(device: Device | None, text: str = "") -> PulseFieldView:
    key = "pulse_ms" if device is None else pulse_field_name(device.pulse_ms[1])
    range_text = "" if device is None else render_message("app.pulse-range", {"range": _range_text(device)})
    pulse_ms = parse_stored_number(text)
    value = text if pulse_ms is None else write_in_field(pulse_ms, key)
    return PulseFieldView(key, label_field(key), range_text, value)


def _range_text(device: Device) -> str:
    """Return the shortest and the longest pulse of a device, in the unit in which they are typed."""
    unit, size_ms = PULSE_UNITS[pulse_field_name(device.pulse_ms[1])]
    ends = [Formatter().number(end / size_ms) for end in dict.fromkeys(device.pulse_ms)]
    text = ends[0] if len(ends) == 1 else render_message("app.pulse-ends", {"low": ends[0], "high": ends[1]})
    return f"{text} {unit}"
