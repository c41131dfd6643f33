"""Note in the audit log that a letter about a patient leaves the clinic."""

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.transaction import ClinicAccess

__all__ = ["PaperRepository"]


class PaperRepository:
    """The papers that a clinic makes of its records; none of them is stored."""

    def __init__(self, access: ClinicAccess) -> None:
        self._access = access

    def note_letter(self, patient_id: str) -> None:
        """Note that a letter about a patient was made.

        Raises
        ------
        DeniedError : the role may not send records to others.
        """
        with self._access.reading(AccessRight.EXPORT) as work:
            work.log("letter.made", f"patient/{patient_id}")
