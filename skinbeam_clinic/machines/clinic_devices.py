"""The devices that a clinic knows by name: those of the catalogue, and those that it describes itself."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from skinbeam.laser.device import Device, devices, parse_device
from skinbeam.model.device_file import DeviceFile
from skinbeam.text import translate

__all__ = ["CATALOGUE", "DEVICE_FILE_ENDING", "ClinicDevices", "OwnDevice", "write_device_files"]

DEVICE_FILE_ENDING = ".toml"


@dataclass(frozen=True)
class OwnDevice:
    """A device that a clinic describes itself.

    Parameters
    ----------
    name : by which machines, sessions and plans name it.
    text : of its device file.
    added_by : name of the member.
    withdrawn_at : since when it is not offered; None while it is.
    """

    id: str
    name: str
    text: str
    added_at: datetime.datetime
    added_by: str
    withdrawn_at: datetime.datetime | None

    @property
    def device(self) -> Device:
        """What the device can emit."""
        return _read_device(self.file, self.text)

    @property
    def file(self) -> str:
        """The name of its file, by which a case names it."""
        return f"{self.name}{DEVICE_FILE_ENDING}"


@dataclass(frozen=True)
class ClinicDevices:
    """The devices that a clinic knows: those of the catalogue, and its own, withdrawn ones included."""

    own: tuple[OwnDevice, ...] = ()

    @property
    def all_devices(self) -> Mapping[str, Device]:
        """Every device by name."""
        return {**devices(), **{own.name: own.device for own in self.own}}

    @property
    def offered_devices(self) -> Mapping[str, Device]:
        """The devices that can be chosen by name: all that were not withdrawn."""
        withdrawn = {own.name for own in self.own if own.withdrawn_at is not None}
        return {name: device for name, device in self.all_devices.items() if name not in withdrawn}

    @property
    def files(self) -> Mapping[str, DeviceFile]:
        """The content of the file of each own device, by the name of the file."""
        return {own.file: own.device.file for own in self.own}

    def find(self, name: str | None) -> Device | None:
        """Return the device of a name; None where the clinic does not know it, such as in a copy of another clinic."""
        return None if name is None else self.all_devices.get(name)

    def title(self, name: str) -> str:
        """Return the title of a device in the current language, or the name of one that the clinic does not know."""
        device = self.find(name)
        return name if device is None else translate(device.title)


CATALOGUE = ClinicDevices()


def write_device_files(own: Iterable[OwnDevice], home: Path) -> None:
    """Write the files of devices into the folder in which a case that names them is read."""
    for each in own:
        (home / each.file).write_bytes(each.text.encode())


@lru_cache(64)
def _read_device(file: str, text: str) -> Device:
    return parse_device(text.encode(), file, field="device_file")
