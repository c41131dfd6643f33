"""The sealed columns of links and of their ends: reasons, which may name the person."""

from dataclasses import dataclass

from skinbeam_clinic.database.patient_link_tables import PatientLinkEndRow, PatientLinkRow
from skinbeam_clinic.database.sealed_record import SealedRecord

__all__ = ["LINK_CONTENT", "LINK_END_CONTENT", "LinkContent", "LinkEndContent"]


@dataclass(frozen=True)
class LinkContent:
    """Why two records are of one person; `birth_confirmed` as in `PatientLink`."""

    reason: str
    birth_confirmed: bool


@dataclass(frozen=True)
class LinkEndContent:
    """Why two records are of two persons after all."""

    reason: str


LINK_CONTENT = SealedRecord(LinkContent, PatientLinkRow.link_sealed)
LINK_END_CONTENT = SealedRecord(LinkEndContent, PatientLinkEndRow.end_sealed)
