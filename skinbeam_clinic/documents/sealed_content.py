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
from skinbeam_clinic.documents.plain_text import LONGEST_REASON, check_text

__all__ = [
    "ATTACHMENT_CONTENT",
    "NOTE_CONTENT",
    "AttachmentContent",
    "NoteContent",
    "parse_copied_attachments",
    "parse_copied_notes",
]

_LONGEST_NAME = 200  # of a member, in characters
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
    """The description of an attachment; `by` names who added it in another clinic, and is empty for this one."""

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
    InputError : `too-long`.
    """
    return tuple(
        replace(note, noted_by=_check_author(note.noted_at, note.noted_by), struck=_check_strike(note.struck))
        for note in _COPIED_NOTES.validate_python(notes)
    )


def parse_copied_attachments(
    attachments: Sequence[Mapping[str, Any]], files: Mapping[str, bytes]
) -> tuple[tuple[Attachment, bytes], ...]:
    """Return the attachments of a patient's copy with their contents, each checked, since anybody may have made it.

    Raises
    ------
    KeyError, ValueError : the JSON is not that of attachments, or a file is missing.
    InputError : `too-long`, or as `judge_content`.
    """
    attachments_with_files = []
    for attachment in attachments:
        content = files[attachment["file"]]
        (told,) = _COPIED_ATTACHMENT.validate_python(
            [{name: attachment[name] for name in attachment if name != "file"}]
        )
        checked = replace(
            told,
            media_type=judge_content(content),
            size_bytes=len(content),
            added_by=_check_author(told.added_at, told.added_by),
            struck=_check_strike(told.struck),
        )
        attachments_with_files.append((checked, content))
    return tuple(attachments_with_files)


def _check_author(at: datetime.datetime, by: str) -> str:
    """Return the name of who made a document at a time."""
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return check_text(by, "by", _LONGEST_NAME)


def _check_strike(struck: DocumentStrike | None) -> DocumentStrike | None:
    if struck is None:
        return None
    return DocumentStrike(
        check_text(struck.reason, "why", LONGEST_REASON), struck.at, _check_author(struck.at, struck.by)
    )
