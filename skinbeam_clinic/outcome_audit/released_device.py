"""What a table that leaves the clinic tells of a device."""

from dataclasses import dataclass

from skinbeam.laser.device import devices
from skinbeam_clinic.machines.clinic_devices import ClinicDevices

__all__ = ["ReleasedDevice", "release_device"]

_OWN = "described by the clinic"
_OF_ANOTHER_CLINIC = "described by another clinic"


@dataclass(frozen=True)
class ReleasedDevice:
    """A device in a table that leaves the clinic.

    Parameters
    ----------
    only_light_nm : its wavelength; None where it has several, or nobody knows it.
    """

    title: str
    only_light_nm: float | None
    is_lamp: bool


def release_device(known: ClinicDevices, name: str) -> ReleasedDevice:
    """Return the name of a device that may be published: one that a clinic describes itself may identify the clinic."""
    device = known.find(name)
    if device is None:
        return ReleasedDevice(_OF_ANOTHER_CLINIC, None, is_lamp=False)
    light = device.wavelengths_nm[0] if len(device.wavelengths_nm) == 1 else None
    title = device.title if name in devices() else _OWN
    return ReleasedDevice(title, light, device.is_lamp)
