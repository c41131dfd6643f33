"""Records of links between two records of one person."""

import datetime
from dataclasses import dataclass

from skinbeam_clinic.models import PatientRecord

__all__ = ["PatientLink", "PatientLinkEnd", "PersonRecords"]


@dataclass(frozen=True)
class PatientLinkEnd:
    """Why, when and by whom a link was undone; the reason is empty for who may not see contact details."""

    reason: str
    at: datetime.datetime
    by: str


@dataclass(frozen=True)
class PatientLink:
    """A record that was closed as a duplicate of another one.

    Parameters
    ----------
    patient_id, pseudonym : of the closed record.
    kept_id, kept_pseudonym : of the record that is kept.
    reason : why both are one person; empty for who may not see contact details.
    birth_confirmed : whether the dates of birth differed, and who linked the records said that one is a typing error.
    """

    id: str
    patient_id: str
    pseudonym: str
    kept_id: str
    kept_pseudonym: str
    reason: str
    birth_confirmed: bool
    linked_at: datetime.datetime
    linked_by: str
    end: PatientLinkEnd | None = None


@dataclass(frozen=True)
class PersonRecords:
    """The records of one person, seen from one of them.

    Parameters
    ----------
    current : the record in which to go on.
    others : the closed records of the same person, oldest first, without the one that is asked about.
    """

    patient_id: str
    current: PatientRecord
    others: tuple[PatientRecord, ...]

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all records of the person."""
        return frozenset({self.patient_id, self.current.id, *(patient.id for patient in self.others)})

    @property
    def is_replaced(self) -> bool:
        """Whether the record is closed, since another one is kept in its place."""
        return self.current.id != self.patient_id
