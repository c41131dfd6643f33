"""Note in the audit log that a letter about a patient leaves the clinic."""

from collections.abc import Sequence

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database.tables import PatientRow
from skinbeam_clinic.database.transaction import Repository

__all__ = ["PaperRepository"]


class PaperRepository(Repository):
    """The papers that a clinic makes of its records; none of them is stored."""

    def note_letter(self, patient_id: str, texts: Sequence[str] = ()) -> None:
        """Note that a letter about a patient was made.

        Parameters
        ----------
        texts : ids of the versions of the clinic's own texts that it contains.

        Raises
        ------
        DeniedError : the role may not send records to others.
        RecordNotFoundError : this clinic has no such patient.
        """
        with self._access.reading(AccessRight.EXPORT) as work:
            work.get(PatientRow, patient_id)
            work.log("letter.made", f"patient/{patient_id}", **({"texts": list(texts)} if texts else {}))
