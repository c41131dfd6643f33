"""Store and read the devices that a clinic describes itself, each by a device file.

A file never changes, since plans were computed with it: another description is another device with another name. One
that is withdrawn is offered no longer, and plans that were made with it stay as they are.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from skinbeam.laser.device import Device, devices, parse_device
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.transaction import ClinicTransaction, Repository
from skinbeam_clinic.database.treatment_tables import OwnDeviceRow
from skinbeam_clinic.errors import clinic_error

__all__ = ["OwnDevice", "OwnDeviceRepository", "offered_devices"]

_ENDING = ".toml"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


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
        return _read_device(self.name, self.text)

    @property
    def file(self) -> str:
        """The name of its file, by which a case names it."""
        return f"{self.name}{_ENDING}"


class OwnDeviceRepository(Repository):
    """The devices that a clinic describes itself."""

    def add(self, content: bytes, file: str) -> OwnDevice:
        """Add a device, which has its name from its file.

        Raises
        ------
        InputError : `bad-device-name`, `device-known`: the catalogue or the clinic has a device of this name, or what
            is wrong with the content.
        """
        name = PurePath(file).name.removesuffix(_ENDING)
        if not file.endswith(_ENDING) or _NAME.fullmatch(name) is None:
            raise clinic_error("bad-device-name", "device_file", read=PurePath(file).name)
        parse_device(content, f"{name}{_ENDING}", field="device_file")
        with self._access.writing(AccessRight.MEMBERS) as work:
            if name in devices() or any(row.name == name for row in work.rows(OwnDeviceRow)):
                raise clinic_error("device-known", "device_file", name=name)
            row = work.new_row(
                OwnDeviceRow,
                name=name,
                text=content.decode("utf-8-sig"),
                added_at=now(),
                added_by=work.actor,
                withdrawn_at=None,
            )
            work.save(row, "own-device.added")
            return work.read_row(OwnDevice, row)

    def set_offered(self, id: str, *, offered: bool) -> OwnDevice:
        """Withdraw a device, or offer it again; one already in that state stays unchanged."""
        with self._access.writing(AccessRight.MEMBERS) as work:
            row = work.get(OwnDeviceRow, id)
            if offered != (row.withdrawn_at is None):
                row.withdrawn_at = None if offered else now()
                work.save(row, "own-device.offered" if offered else "own-device.withdrawn")
            return work.read_row(OwnDevice, row)

    def get(self, id: str) -> OwnDevice:
        """Return a device, withdrawn or not."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return work.read_row(OwnDevice, work.get(OwnDeviceRow, id))

    def list_all(self) -> tuple[OwnDevice, ...]:
        """Return the devices that the clinic describes itself by name, withdrawn ones included."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return _read_all(work)

    def list_known(self) -> Mapping[str, Device]:
        """Return every device that the clinic knows by name: of the catalogue, and its own, withdrawn ones included."""
        return {**devices(), **{own.name: own.device for own in self.list_all()}}

    def list_offered(self) -> Mapping[str, Device]:
        """Return the devices that can be chosen, by name: of the catalogue, and its own that were not withdrawn."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return offered_devices(work)


def offered_devices(work: ClinicTransaction) -> Mapping[str, Device]:
    """Return the devices that can be chosen in the clinic of a transaction, by name."""
    return {**devices(), **{own.name: own.device for own in _read_all(work) if own.withdrawn_at is None}}


def _read_all(work: ClinicTransaction) -> tuple[OwnDevice, ...]:
    rows = work.rows(OwnDeviceRow, order=(OwnDeviceRow.name,))
    return tuple(work.read_each(rows, lambda row: work.read_row(OwnDevice, row)))


@lru_cache(64)
def _read_device(name: str, text: str) -> Device:
    return parse_device(text.encode(), f"{name}{_ENDING}", field="device_file")
