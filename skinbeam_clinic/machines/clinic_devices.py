"""The devices that a clinic knows by name: those of the catalogue, and those that it describes itself."""

import datetime
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from skinbeam.laser.device import Device, devices, parse_device
from skinbeam.model.atomic_files import work_folder
from skinbeam.model.case import Case
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

    @cached_property
    def all_devices(self) -> Mapping[str, Device]:
        """Every device by name."""
        return {**devices(), **{own.name: own.device for own in self.own}}

    @cached_property
    def offered_devices(self) -> Mapping[str, Device]:
        """The devices that can be chosen by name: all that were not withdrawn."""
        withdrawn = {own.name for own in self.own if own.withdrawn_at is not None}
        return {name: device for name, device in self.all_devices.items() if name not in withdrawn}

    def name_files(self, case: Case) -> Case:
        """Return a case with own devices named by their files, and with the content of these.

        The app names a device as the clinic does, which another one may have for a title; the name of a file is one.
        """
        files = {own.name: own.file for own in self.own}
        named: dict[str, object] = {
            kind: [row.model_copy(update={"device": files.get(row.device or "", row.device)}) for row in rows]
            for kind, rows in (("test_spot", case.test_spot), ("session", case.session))
        }
        if case.clinic is not None and case.clinic.devices is not None:
            chosen = [files.get(name, name) for name in case.clinic.devices]
            named["clinic"] = case.clinic.model_copy(update={"devices": chosen})
        return case.model_copy(update=named).with_device_files({own.file: own.device.file for own in self.own})

    @contextmanager
    def open_folder(self) -> Iterator[Path]:
        """Provide a folder with the files of the own devices, in which cases that name them are read."""
        with work_folder(Path(tempfile.gettempdir()), "skinbeam-clinic") as home:
            write_device_files(self.own, home)
            yield home

    def find(self, name: str | None) -> Device | None:
        """Return the device of a name; None where the clinic does not know it, such as in a copy of another clinic."""
        return None if name is None else self.all_devices.get(name)

    def title(self, name: str) -> str:
        """Return the title of a device in the current language, or the name of one that the clinic does not know.

        An own device with the title of another one has its name beside it.
        """
        device = self.find(name)
        if device is None:
            return name
        alike = [other for other in self.all_devices.values() if other.title == device.title]
        is_own = any(own.name == name for own in self.own)
        return f"{translate(device.title)} ({name})" if is_own and len(alike) > 1 else translate(device.title)


CATALOGUE = ClinicDevices()


def write_device_files(own: Iterable[OwnDevice], home: Path) -> None:
    """Write the files of devices into the folder in which a case that names them is read."""
    for each in own:
        (home / each.file).write_bytes(each.text.encode())


@lru_cache(64)
def _read_device(file: str, text: str) -> Device:
    return parse_device(text.encode(), file, field="device_file")
