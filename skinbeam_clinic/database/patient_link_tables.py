"""SQLAlchemy tables of links between two records of one person, and of the ends of links that were a mistake."""

import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from skinbeam_clinic.database.tables import Base, ClinicScoped, clinic_references

__all__ = ["PatientLinkEndRow", "PatientLinkRow"]

_ID = String(32)
_WORD = String(200)


class PatientLinkRow(ClinicScoped, Base):
    """A record that was closed as a duplicate, and the record that is kept in its place."""

    __tablename__ = "patient_link"
    __table_args__ = clinic_references(patient_id="patient", kept_id="patient")
    patient_id: Mapped[str] = mapped_column(_ID)
    kept_id: Mapped[str] = mapped_column(_ID)
    link_sealed: Mapped[bytes]
    linked_at: Mapped[datetime.datetime]
    linked_by: Mapped[str] = mapped_column(_WORD)


class PatientLinkEndRow(ClinicScoped, Base):
    """The end of a link that was a mistake; the row has the link's id."""

    __tablename__ = "patient_link_end"
    __table_args__ = clinic_references(id="patient_link")
    end_sealed: Mapped[bytes]
    ended_at: Mapped[datetime.datetime]
    ended_by: Mapped[str] = mapped_column(_WORD)
