"""The address and the telephone of a clinic, as patients read them: what its owners entered, else the server's.

Several clinics may share a server. Reminders, papers, diaries and new consultations name the clinic's own.
"""

import datetime
from dataclasses import dataclass

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import ClinicContactRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.documents.plain_text import check_text
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patients.contact_details import is_phone_number

__all__ = ["LONGEST_PHONE", "LONGEST_PLACE", "ClinicContact", "ClinicContactRepository", "read_clinic_contact"]

LONGEST_PLACE = 200  # characters: a line of a mail, and of a letter
LONGEST_PHONE = 60  # as in a case file


@dataclass(frozen=True)
class ClinicContact:
    """The address and the telephone of a clinic.

    Parameters
    ----------
    place : the address, in one line; empty: that of the server, if it has one.
    phone : the telephone; empty: that of the server, if it has one.
    changed_at, changed_by : when and by which member they were entered; None where nobody has.
    version : what the next change must name.
    """

    place: str = ""
    phone: str = ""
    changed_at: datetime.datetime | None = None
    changed_by: str | None = None
    version: str = ""


class ClinicContactRepository(Repository):
    """The address and the telephone that the owners of a clinic entered."""

    def get(self) -> ClinicContact:
        """Return what was entered; every member may know it, as patients do."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return read_clinic_contact(work)

    def save(self, *, place: str, phone: str, version: str) -> ClinicContact:
        """Store the address and the telephone, replacing those of this version.

        Raises
        ------
        ConflictError : another owner saved in the meantime.
        InputError : `too-long`, or `bad-phone`.
        """
        place, phone = check_text(place, "place", LONGEST_PLACE), check_text(phone, "phone", LONGEST_PHONE)
        if phone and not is_phone_number(phone):
            raise clinic_error("bad-phone", "phone", read=phone)
        with self._access.writing(AccessRight.MEMBERS) as work:
            row = work.find(ClinicContactRow, work.clinic_id)
            if (place, phone) == (("", "") if row is None else (row.place, row.phone)):
                return read_clinic_contact(work)  # also of an older version: who sends again has lost the answer
            if row is None:
                row = work.new_row(ClinicContactRow, id=work.clinic_id)
            else:
                work.check_version(row, version)
            row.place, row.phone, row.changed_at, row.changed_by = place, phone, now(), work.actor
            work.save(row, "clinic.contact-saved")
            return read_clinic_contact(work)


def read_clinic_contact(work: ClinicTransaction) -> ClinicContact:
    """Return what the owners of a clinic entered, within a transaction."""
    row = work.find(ClinicContactRow, work.clinic_id)
    return ClinicContact() if row is None else work.read_row(ClinicContact, row, version=work.row_version(row))
