"""A device that a clinic describes itself, for display: how its file was read, and what plans do not know of it."""

from dataclasses import dataclass

from skinbeam.api.device_check import device_warnings
from skinbeam.laser.device import Device, describe_light, describe_pulse
from skinbeam.text import Formatter, render_message
from skinbeam_clinic.machines.clinic_devices import OwnDevice

__all__ = ["OwnDeviceView", "view_own_device"]


@dataclass(frozen=True)
class OwnDeviceView:
    """What the page shows of a device that the clinic describes itself.

    Parameters
    ----------
    facts : what the device can emit, as its file was read.
    warnings : what plans do not know of its light.
    """

    own: OwnDevice
    facts: tuple[str, ...]
    warnings: tuple[str, ...]


def view_own_device(own: OwnDevice) -> OwnDeviceView:
    """Return a device for display, in the current language."""
    device = own.device
    warnings = tuple(warning.message.text for warning in device_warnings(device))
    return OwnDeviceView(own, _facts(device), warnings)


def _facts(device: Device) -> tuple[str, ...]:
    lights = dict.fromkeys(describe_light(head.wavelength_nm, lamp=head.band_nm is not None) for head in device.heads)
    dose = "energy" if device.microbeam else "fluence"
    return (
        ", ".join(lights),
        render_message("clinic-own-device.pulse", {"span": _span(*map(describe_pulse, device.pulse_ms))}),
        render_message("clinic-own-device.spots", {"sizes": Formatter().numbers(device.spots_mm)}),
        render_message(f"clinic-own-device.{dose}", {"span": _span(*map(Formatter().number, device.dose))}),
    )


def _span(low: str, high: str) -> str:
    return low if low == high else render_message("clinic-own-device.span", {"low": low, "high": high})
