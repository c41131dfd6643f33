"""Store and read the days on which a clinic is closed: none is a working day, and no appointment is proposed on it.

Which public holidays a clinic keeps depends on its country, its region and itself, so its owners enter them. A booking
that is typed for such a day is accepted, as on a weekend.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.times import YEARS, skip_weekend
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.treatment_tables import ClosedDaysRow
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "ClosedDays",
    "ClosedDaysRepository",
    "add_closed_days",
    "can_be_closed",
    "is_closed",
    "next_working_day",
    "read_closed_days",
]

_DAY = datetime.timedelta(days=1)
_LONGEST = datetime.timedelta(days=364)  # less than a year, so that days of every year are not all of them


@dataclass(frozen=True)
class ClosedDays:
    """Days in a row on which a clinic is closed.

    Parameters
    ----------
    yearly : whether it is closed on the same days of each later year, too.
    added_by : name of the member.
    """

    id: str
    first_day: datetime.date
    last_day: datetime.date
    yearly: bool
    added_at: datetime.datetime
    added_by: str

    def include(self, day: datetime.date) -> bool:
        """Return whether the clinic is closed on a day."""
        if self.first_day <= day <= self.last_day:
            return True
        if not self.yearly or day < self.first_day:
            return False
        first, last, asked = ((each.month, each.day) for each in (self.first_day, self.last_day, day))
        return first <= asked <= last if first <= last else asked >= first or asked <= last


class ClosedDaysRepository(Repository):
    """The days on which a clinic is closed; its owners enter them."""

    def list_all(self) -> tuple[ClosedDays, ...]:
        """Return all of them, the earliest first; every member may know them."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return read_closed_days(work)

    def add(self, first_day: str, last_day: str = "", *, yearly: bool = False) -> ClosedDays:
        """Store days on which the clinic is closed; days that are stored already are not stored twice.

        Parameters
        ----------
        first_day, last_day : days as ISO text; the second may be empty, for a single day.

        Raises
        ------
        InputError : `bad-closed-days`: no such day, the last before the first, or a year or more between them.
        """
        first = _parse_day("first_day", first_day)
        last = _parse_day("last_day", last_day) if last_day else first
        if not can_be_closed(first, last):
            raise _closed_days_error("last_day", last_day)
        with self._access.writing(AccessRight.MEMBERS) as work:
            return add_closed_days(work, first, last, yearly=yearly)

    def remove(self, id: str) -> None:
        """Delete days, so that appointments are proposed on them again; the audit log keeps who entered them.

        Raises
        ------
        RecordNotFoundError : there are none of this id.
        """
        with self._access.writing(AccessRight.MEMBERS) as work:
            work.delete(work.get(ClosedDaysRow, id), "closed-days.removed")


def can_be_closed(first: datetime.date, last: datetime.date) -> bool:
    """Return whether a clinic may be closed from one day to another: in years that have appointments, and for less than
    a year.
    """
    return first.year in YEARS and first <= last <= first + _LONGEST


def add_closed_days(work: ClinicTransaction, first: datetime.date, last: datetime.date, *, yearly: bool) -> ClosedDays:
    """Store days on which the clinic is closed, unless they are stored already, within a transaction."""
    for known in read_closed_days(work):
        if (known.first_day, known.last_day, known.yearly) == (first, last, yearly):
            return known
    row = work.new_row(
        ClosedDaysRow,
        first_day=first.isoformat(),
        last_day=last.isoformat(),
        yearly=yearly,
        added_at=now(),
        added_by=work.actor,
    )
    work.save(row, "closed-days.added")
    return _read_days(work, row)


def read_closed_days(work: ClinicTransaction) -> tuple[ClosedDays, ...]:
    """Return the days on which the clinic is closed, within a transaction."""
    rows = work.rows(ClosedDaysRow, order=(ClosedDaysRow.first_day,))
    return tuple(work.read_each(rows, lambda row: _read_days(work, row)))


def is_closed(day: datetime.date, closed: Sequence[ClosedDays]) -> bool:
    """Return whether a clinic is closed on a day by what its owners entered."""
    return any(days.include(day) for days in closed)


def next_working_day(day: datetime.date, closed: Sequence[ClosedDays]) -> datetime.date:
    """Return the first day that is neither on a weekend nor closed; `day` itself if there is none in two years."""
    found = skip_weekend(day)
    while is_closed(found, closed):
        found = skip_weekend(found + _DAY)
        if found - day > 2 * _LONGEST:
            return day
    return found


def _read_days(work: ClinicTransaction, row: ClosedDaysRow) -> ClosedDays:
    return work.read_row(
        ClosedDays,
        row,
        first_day=datetime.date.fromisoformat(row.first_day),
        last_day=datetime.date.fromisoformat(row.last_day),
    )


def _parse_day(field: str, text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        raise _closed_days_error(field, text) from None
    if day.year not in YEARS:
        raise _closed_days_error(field, text)
    return day


def _closed_days_error(field: str, read: str) -> InputError:
    return clinic_error("bad-closed-days", field, read=read)
