"""The sealed columns of notes and attachments, and both in a patient's copy."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from skinbeam_clinic.database.sealed_record import NO_OTHER_KEYS, SealedRecord
from skinbeam_clinic.database.tables import AttachmentRow, ClinicalNoteRow
from skinbeam_clinic.documents.attachment_content import judge_content
from skinbeam_clinic.documents.models import Attachment, ClinicalNote, DocumentStrike

__all__ = [
    "ATTACHMENT_CONTENT",
    "NOTE_CONTENT",
    "AttachmentContent",
    "NoteContent",
    "parse_copied_attachments",
    "parse_copied_notes",
]

_COPIED_NOTES = TypeAdapter(tuple[ClinicalNote, ...], config=NO_OTHER_KEYS)
_COPIED_ATTACHMENT = TypeAdapter(tuple[Attachment], config=NO_OTHER_KEYS)


@dataclass(frozen=True)
class NoteContent:
    """A note as it was written; `by` names who wrote it in another clinic, and is empty for a note of this one."""

    words: str
    by: str = ""
    struck: DocumentStrike | None = None


@dataclass(frozen=True)
class AttachmentContent:
    """What was told of an attachment; `by` names who added it in another clinic, and is empty for one of this one."""

    name: str
    description: str
    by: str = ""
    struck: DocumentStrike | None = None


NOTE_CONTENT = SealedRecord(NoteContent, ClinicalNoteRow.note_sealed)
ATTACHMENT_CONTENT = SealedRecord(AttachmentContent, AttachmentRow.attachment_sealed)


def parse_copied_notes(notes: Any) -> tuple[ClinicalNote, ...]:
    """Return the notes of a patient's copy, from their JSON.

    Raises
    ------
    ValueError : the JSON is not that of notes.
    """
    found = _COPIED_NOTES.validate_python(notes)
    for one in found:
        _check_times(one.noted_at, one.struck)
    return found


def parse_copied_attachments(
    attachments: Sequence[Mapping[str, Any]], files: Mapping[str, bytes]
) -> tuple[tuple[Attachment, bytes], ...]:
    """Return the attachments of a patient's copy with their contents, each judged anew, since anybody may have made it.

    Raises
    ------
    KeyError, ValueError : the JSON is not that of attachments, or a file is missing.
    InputError : as `judge_content`.
    """
    found = []
    for one in attachments:
        content = files[one["file"]]
        (told,) = _COPIED_ATTACHMENT.validate_python([{name: one[name] for name in one if name != "file"}])
        _check_times(told.added_at, told.struck)
        found.append((replace(told, media_type=judge_content(content), size_bytes=len(content)), content))
    return tuple(found)


def _check_times(made_at: datetime.datetime, struck: DocumentStrike | None) -> None:
    if any(at.tzinfo is None for at in (made_at, *([] if struck is None else [struck.at]))):
        raise ValueError("no time zone")
