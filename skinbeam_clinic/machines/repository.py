"""The machines of a clinic: which device each is, its serial number, and the room it stands in."""

from skinbeam.errors import unknown_name
from skinbeam.laser.device import devices
from skinbeam.records.faults import fault
from skinbeam.records.roles import Act
from skinbeam.records.store import treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access
from skinbeam.records.treated import Machine

__all__ = ["Machines"]

_LONGEST = 80


class Machines:
    """The machines of a clinic; one that is given away is retired, since treatments go on to name it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, *, device: str, serial: str, name: str, room: str = "") -> Machine:
        """Add a machine.

        Raises
        ------
        InputError : `unknown-device`, `bad-machine`, or `taken`: this device with this serial number is there.
        """
        if device not in devices():
            raise unknown_name("device", device, devices(), field="device")
        with self._access.work(Act.PEOPLE) as work:
            row = treated.Machine(
                clinic_id=work.clinic_id,
                id=new_id(),
                name=_word("name", name),
                device=device,
                serial=_word("serial", serial),
                room=_word("room", room) if room else "",
                created_at=now(),
            )
            work.keep(row, "machine.added")
            return _machine(row)

    def change(self, id: str, *, name: str, room: str) -> Machine:
        """Call a machine otherwise, or move it to another room; what it is stays.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        InputError : `bad-machine`.
        """
        with self._access.work(Act.PEOPLE) as work:
            row = work.get(treated.Machine, id)
            row.name, row.room = _word("name", name), _word("room", room) if room else ""
            work.keep(row, "machine.changed")
            return _machine(row)

    def use(self, id: str, *, used: bool) -> Machine:
        """Retire a machine, or take it into use again; what is so already stays as it is.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.work(Act.PEOPLE) as work:
            row = work.get(treated.Machine, id)
            if used != (row.retired_at is None):
                row.retired_at = None if used else now()
                work.keep(row, "machine.in-use" if used else "machine.retired")
            return _machine(row)

    def get(self, id: str) -> Machine:
        """Return a machine, retired or not.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.look(Act.READ) as work:
            return _machine(work.get(treated.Machine, id))

    def all(self) -> tuple[Machine, ...]:
        """Return the machines by name, those that are retired among them."""
        with self._access.look(Act.READ) as work:
            return tuple(map(_machine, work.rows(treated.Machine, order=(treated.Machine.name,))))


def _word(field: str, word: str) -> str:
    if not 0 < len(word) <= _LONGEST or not word.isprintable():
        raise fault("bad-machine", field, hint={"longest": _LONGEST})
    return word


def _machine(row: treated.Machine) -> Machine:
    return Machine(row.id, row.name, row.device, row.serial, row.room, row.created_at, row.retired_at)
