"""Records of documents about a patient: clinical notes and attachments.

What may name a person, which is every typed text, is empty for a reader who may not see contact details.
"""

import datetime
import enum
from dataclasses import dataclass

__all__ = ["Attachment", "AttachmentKind", "ClinicalNote", "DocumentStrike"]


class AttachmentKind(enum.StrEnum):
    """What kind of document an attachment is."""

    REFERRAL = "referral-letter"
    PATHOLOGY = "pathology-report"
    LABORATORY = "laboratory-result"
    OTHER = "other-document"


@dataclass(frozen=True)
class DocumentStrike:
    """Why, when and by whom a note or an attachment was struck as a mistake; it stays readable."""

    reason: str
    at: datetime.datetime
    by: str


@dataclass(frozen=True)
class ClinicalNote:
    """A note about a patient, as it was written; an addition is another note.

    Parameters
    ----------
    consultation_id, treatment_id : of the consultation and the session that it is about; None for neither.
    """

    id: str
    patient_id: str
    consultation_id: str | None
    treatment_id: str | None
    words: str
    noted_at: datetime.datetime
    noted_by: str
    struck: DocumentStrike | None = None


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to a patient, without its content.

    Parameters
    ----------
    media_type : judged by the content.
    name : of the file as it was sent, cleaned; its ending is that of the media type.
    """

    id: str
    patient_id: str
    kind: AttachmentKind
    media_type: str
    size_bytes: int
    name: str
    description: str
    added_at: datetime.datetime
    added_by: str
    struck: DocumentStrike | None = None
