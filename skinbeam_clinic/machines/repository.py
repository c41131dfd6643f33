"""Store and read the machines of a clinic: device, serial number, name and room."""

from skinbeam.model.errors import unknown_name_error
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database import treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.own_devices import read_clinic_devices
from skinbeam_clinic.treatments.models import ClinicMachine

__all__ = ["MachineRepository"]

_LONGEST_WORD = 80


class MachineRepository(Repository):
    """The machines of a clinic; a machine is retired and never deleted, since treatments refer to it."""

    def add(self, *, device: str, serial: str, name: str, room: str = "") -> ClinicMachine:
        """Add a machine.

        Raises
        ------
        InputError : `unknown-device`, `bad-machine`, or `machine-known`: a machine of this device or of this name has
            this serial number already.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            offered = read_clinic_devices(work).offered_devices
            if device not in offered:
                raise unknown_name_error("device", device, offered, field="device")
            name, serial = _check_word("name", name), _check_word("serial", serial)
            for known in work.rows(treatment_tables.MachineRow):
                if known.device == device or _is_same(known.name, name):
                    _refuse_double(known, serial, "serial")
            row = work.new_row(
                treatment_tables.MachineRow,
                name=name,
                device=device,
                serial=serial,
                room=_check_word("room", room) if room else "",
                created_at=now(),
            )
            work.save(row, "machine.added")
            return _read_machine(work, row)

    def update(self, id: str, *, name: str, room: str, version: str) -> ClinicMachine:
        """Rename a machine or move it to another room; its device and serial number never change.

        Parameters
        ----------
        version : `ClinicMachine.version` of what was edited.

        Raises
        ------
        ConflictError : somebody else changed it in the meantime.
        InputError : `bad-machine`, or `machine-known`: another machine of the new name has the same serial number.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            row = work.get(treatment_tables.MachineRow, id)
            if (row.name, row.room) != (name, room):
                work.check_version(row, version)
                for known in work.rows(treatment_tables.MachineRow):
                    if known.id != id and not _is_same(row.name, name) and _is_same(known.name, name):
                        _refuse_double(known, row.serial, "name")
                row.name, row.room = _check_word("name", name), _check_word("room", room) if room else ""
                work.save(row, "machine.changed")
            return _read_machine(work, row)

    def set_in_use(self, id: str, *, in_use: bool) -> ClinicMachine:
        """Retire a machine, or take it into use again; a machine already in that state stays unchanged."""
        with self._access.writing(AccessRight.MEMBERS) as work:
            row = work.get(treatment_tables.MachineRow, id)
            if in_use != (row.retired_at is None):
                row.retired_at = None if in_use else now()
                work.save(row, "machine.in-use" if in_use else "machine.retired")
            return _read_machine(work, row)

    def get(self, id: str) -> ClinicMachine:
        """Return a machine, retired or not."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return _read_machine(work, work.get(treatment_tables.MachineRow, id))

    def list_all(self) -> tuple[ClinicMachine, ...]:
        """Return the machines sorted by name, retired ones included."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = work.rows(treatment_tables.MachineRow, order=(treatment_tables.MachineRow.name,))
            return tuple(_read_machine(work, row) for row in rows)


def _check_word(field: str, word: str) -> str:
    if not 0 < len(word) <= _LONGEST_WORD or not word.isprintable():
        raise clinic_error("bad-machine", field, hint={"longest": _LONGEST_WORD})
    return word


def _is_same(one: str, other: str) -> bool:
    """Return whether two words differ in nothing but capitals and spaces, as somebody reads them from a plate."""
    return "".join(one.casefold().split()) == "".join(other.casefold().split())


def _refuse_double(known: treatment_tables.MachineRow, serial: str, field: str) -> None:
    """Raise an error if a machine has a serial number: who treats could not tell it from another of the same name."""
    if _is_same(known.serial, serial):
        raise clinic_error("machine-known", field, name=known.name, serial=known.serial)


def _read_machine(work: ClinicTransaction, row: treatment_tables.MachineRow) -> ClinicMachine:
    return work.read_row(ClinicMachine, row, version=work.row_version(row))
