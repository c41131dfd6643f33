"""Store and read what was done to a machine: services, calibrations of its energy meter, and its counter of shots.

Nothing is changed later; what was entered wrongly is entered again, and the last entry of a kind counts. By the day on
which something was done, a wrong day could hide for years that a calibration is overdue.
"""

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.model.errors import InputError
from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database import treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.typed_numbers import read_whole_number

__all__ = ["MachineUpkeep", "MachineUpkeepRepository", "UpkeepKind"]

# At most twelve digits, also in the groups of three in which a machine, and the page itself, may show them.
_MOST_SHOTS = 999_999_999_999
_OLDEST_YEARS = 50  # of an entry


class UpkeepKind(enum.StrEnum):
    """What was done to a machine."""

    SERVICE = "service"
    METER = "meter"  # calibration of the energy meter by which its output is checked


@dataclass(frozen=True)
class MachineUpkeep:
    """What was done to a machine on a day.

    Parameters
    ----------
    due_on : when it must be done again; None if nobody said so.
    shots : what the machine's own counter showed; None if nobody read it.
    noted_by : name of the member.
    """

    machine_id: str
    kind: UpkeepKind
    done_on: datetime.date
    due_on: datetime.date | None
    shots: int | None
    noted_at: datetime.datetime
    noted_by: str

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been done again before today, by the clocks of the clinic."""
        return self.due_on is not None and self.due_on < to_local_time(now()).date()


class MachineUpkeepRepository(Repository):
    """What was done to the machines of a clinic."""

    def add(
        self, machine_id: str, *, kind: str, done_on: str, due_on: str = "", shots: str = "", form_key: str = ""
    ) -> MachineUpkeep:
        """Store what was done to a machine.

        Parameters
        ----------
        kind : of `UpkeepKind`.
        done_on, due_on : days as ISO text; the second may be empty.
        shots : a whole number, maybe in groups of three digits; or empty.
        form_key : of the form, so that an entry submitted twice is stored once (`submission_id`).

        Raises
        ------
        InputError : `bad-upkeep`: of the kind, a day that lies ahead or does not exist, or a number of shots.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            machine, table = work.get(treatment_tables.MachineRow, machine_id), treatment_tables.MachineUpkeepRow
            if kind not in set(UpkeepKind):
                raise _upkeep_error("kind", kind)
            done, due = _parse_days(done_on, due_on)
            counted = _parse_shots(shots)
            id = submission_id(form_key, machine.id, f"{kind}/{done}/{due}/{counted}".encode())
            if sent := work.find(table, id):
                return _read_upkeep(work, sent)
            row = work.new_row(
                table,
                id=id,
                machine_id=machine.id,
                kind=kind,
                done_on=done.isoformat(),
                due_on=None if due is None else due.isoformat(),
                shots=counted,
                noted_at=now(),
                noted_by=work.actor,
            )
            work.save(row, "machine.upkeep")
            return _read_upkeep(work, row)

    def list_newest(self) -> Mapping[str, Mapping[UpkeepKind, MachineUpkeep]]:
        """Return the last entry of each kind for each machine, by machine id; a machine without any is left out."""
        newest: dict[str, dict[UpkeepKind, MachineUpkeep]] = {}
        for upkeep in self.list_all():
            newest.setdefault(upkeep.machine_id, {})[upkeep.kind] = upkeep
        return newest

    def list_all(self) -> tuple[MachineUpkeep, ...]:
        """Return all entries in the order in which they were made."""
        table = treatment_tables.MachineUpkeepRow
        with self._access.reading_unlogged(AccessRight.READ) as work:
            rows = work.rows(table, order=(table.noted_at,))
            return tuple(work.read_each(rows, lambda row: _read_upkeep(work, row)))


def _parse_days(done_on: str, due_on: str) -> tuple[datetime.date, datetime.date | None]:
    """Return the day on which something was done, and the later one on which it is due again, if that is stated."""
    today, done = to_local_time(now()).date(), _parse_day("done_on", done_on)
    if not today.year - _OLDEST_YEARS <= done.year or done > today:
        raise _upkeep_error("done_on", done_on)
    due = _parse_day("due_on", due_on) if due_on else None
    if due is not None and due <= done:
        raise _upkeep_error("due_on", due_on)
    return done, due


def _parse_shots(shots: str) -> int | None:
    counted = read_whole_number(shots, "shots", render_message("clinic-machine.upkeep-shots")) if shots else None
    if counted is not None and counted > _MOST_SHOTS:
        raise _upkeep_error("shots", shots)
    return counted


def _parse_day(field: str, text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise _upkeep_error(field, text) from None


def _upkeep_error(field: str, read: str) -> InputError:
    return clinic_error("bad-upkeep", field, read=read)


def _read_upkeep(work: ClinicTransaction, row: treatment_tables.MachineUpkeepRow) -> MachineUpkeep:
    return work.read_row(
        MachineUpkeep,
        row,
        kind=UpkeepKind(row.kind),
        done_on=datetime.date.fromisoformat(row.done_on),
        due_on=None if row.due_on is None else datetime.date.fromisoformat(row.due_on),
    )
