"""SQLAlchemy tables of the texts that a clinic writes itself, and of which of them a consent was explained with."""

import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from skinbeam_clinic.database.tables import Base, ClinicScoped, clinic_references

__all__ = ["ClinicTextRow", "ConsentTextRow"]

_ID = String(32)
_WORD = String(200)


class ClinicTextRow(ClinicScoped, Base):
    """A version of a text in one language; `text_id` is the id of the first version of all, and `treatment` may be
    empty."""

    __tablename__ = "clinic_text"
    __table_args__ = (UniqueConstraint("clinic_id", "text_id", "language", "number"),)
    text_id: Mapped[str] = mapped_column(_ID)
    use: Mapped[str] = mapped_column(_WORD)
    treatment: Mapped[str] = mapped_column(_WORD)
    language: Mapped[str] = mapped_column(_WORD)
    number: Mapped[int]
    title: Mapped[str] = mapped_column(_WORD)
    text: Mapped[str] = mapped_column(Text)
    withdrawn: Mapped[bool]
    written_at: Mapped[datetime.datetime]
    written_by: Mapped[str] = mapped_column(_WORD)


class ConsentTextRow(ClinicScoped, Base):
    """A text with which a consent was explained, as it was then, and its place among the others on the form.

    It is a copy, so that a patient keeps what they were shown, also in a clinic that did not write it.
    """

    __tablename__ = "consent_text"
    __table_args__ = clinic_references(consent_id="consent")
    consent_id: Mapped[str] = mapped_column(_ID)
    place: Mapped[int]
    text_sealed: Mapped[bytes]
