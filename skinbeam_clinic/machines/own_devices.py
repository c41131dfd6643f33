"""Store and read the devices that a clinic describes itself, each by a device file.

A file never changes, since plans were computed with it: another description is another device with another name, in
which digits of the content are. One that is withdrawn is offered no longer, and plans that were made with it stay.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath

from skinbeam.laser.device import parse_device
from skinbeam.model.document import sha256_hex
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.treatment_tables import OwnDeviceRow
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.clinic_devices import DEVICE_FILE_ENDING, ClinicDevices, OwnDevice

__all__ = ["OwnDeviceRepository", "read_clinic_devices"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_DIGITS = 6  # of the content, at the end of a name
_OLDER_DIGITS = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}$")  # of a file that was saved from a clinic, and perhaps changed


@dataclass(frozen=True)
class _OwnDeviceContent:
    """What is sealed of a device: its name, and the text of its file."""

    name: str
    text: str


_CONTENT = SealedRecord(_OwnDeviceContent, OwnDeviceRow.text_sealed)


class OwnDeviceRepository(Repository):
    """The devices that a clinic describes itself."""

    def add(self, content: bytes, file: str) -> OwnDevice:
        """Add a device, which has its name from the name and the content of its file.

        Raises
        ------
        InputError : `bad-device-name`, `device-known`: the clinic has this file; or what is wrong with the content.
        """
        name = _name_device(content, PurePath(file).name)
        parse_device(content, f"{name}{DEVICE_FILE_ENDING}", field="device_file")
        with self._access.writing(AccessRight.MEMBERS) as work:
            if any(row.name == name for row in work.rows(OwnDeviceRow)):
                raise clinic_error("device-known", "device_file", name=name)
            row = work.new_row(
                OwnDeviceRow,
                name=name,
                added_at=now(),
                added_by=work.actor,
                withdrawn_at=None,
            )
            work.seal_record(row, _CONTENT, _OwnDeviceContent(name, content.decode("utf-8-sig")))
            work.save(row, "own-device.added")
            return _read_own_device(work, row)

    def set_offered(self, id: str, *, offered: bool) -> OwnDevice:
        """Withdraw a device, or offer it again; one already in that state stays unchanged."""
        with self._access.writing(AccessRight.MEMBERS) as work:
            row = work.get(OwnDeviceRow, id)
            if offered != (row.withdrawn_at is None):
                row.withdrawn_at = None if offered else now()
                work.save(row, "own-device.offered" if offered else "own-device.withdrawn")
            return _read_own_device(work, row)

    def get(self, id: str) -> OwnDevice:
        """Return a device, withdrawn or not."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return work.read_one(work.get(OwnDeviceRow, id), lambda row: _read_own_device(work, row))

    def read(self) -> ClinicDevices:
        """Return the devices that the clinic knows."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return read_clinic_devices(work)

    def list_all(self) -> tuple[OwnDevice, ...]:
        """Return the devices that the clinic describes itself, withdrawn ones included."""
        return self.read().own


def _name_device(content: bytes, file: str) -> str:
    """Return the name of a device: that of its file, and digits of the content.

    A corrected file, or one of another clinic with the same name, so is another device: doses that skin bore with one
    say nothing of the other.
    """
    words = _OLDER_DIGITS.sub("", file.removesuffix(DEVICE_FILE_ENDING))
    if not file.endswith(DEVICE_FILE_ENDING) or _NAME.fullmatch(words) is None:
        raise clinic_error("bad-device-name", "device_file", read=file)
    return f"{words}-{sha256_hex(content)[:_DIGITS]}"


def read_clinic_devices(work: ClinicTransaction) -> ClinicDevices:
    """Return the devices that the clinic of a transaction knows."""
    rows = work.rows(OwnDeviceRow, order=(OwnDeviceRow.name,))
    return ClinicDevices(tuple(work.read_each(rows, lambda row: _read_own_device(work, row))))


def _read_own_device(work: ClinicTransaction, row: OwnDeviceRow) -> OwnDevice:
    content = work.open_record(row, _CONTENT)
    return work.read_row(OwnDevice, row, name=content.name, text=content.text)
