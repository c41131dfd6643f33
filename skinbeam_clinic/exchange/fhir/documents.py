"""FHIR resources of clinical notes and attachments, and back: DocumentReference without the content.

A note and the file of an attachment may name the person, so a Bundle says only that there is one, of which kind, from
when, and whether it was struck. The patient's copy contains them.
"""

from typing import Any

from skinbeam_clinic.documents.models import Attachment, AttachmentKind, ClinicalNote, DocumentStrike
from skinbeam_clinic.exchange.fhir.elements import (
    Resource,
    attachment,
    codeable_concept,
    drop_empty,
    english_text,
    extension,
    format_time,
    local_coding,
    parse_reference,
    parse_time,
    read_extension,
    reference,
)

__all__ = ["attachment_resource", "note_resource", "parse_attachment", "parse_note"]

_SYSTEM, _NOTE = "document", "clinical-note"
_STRUCK = "document"  # name of the extension with the time of the strike, which a struck document alone has


def note_resource(note: ClinicalNote) -> Resource:
    """Return a DocumentReference that says that there is a note."""
    context = {} if note.consultation_id is None else {"encounter": [reference(note.consultation_id)]}
    about = {"contentType": "text/plain"}
    return _document_reference(note.id, _NOTE, note.patient_id, format_time(note.noted_at), note.struck, about, context)


def attachment_resource(document: Attachment) -> Resource:
    """Return a DocumentReference that says that there is an attachment, of which type and size."""
    about = attachment(None, document.media_type, size=document.size_bytes)
    return _document_reference(
        document.id,
        document.kind.value,
        document.patient_id,
        format_time(document.added_at),
        document.struck,
        about,
        {},
    )


def parse_note(resource: Resource) -> ClinicalNote | None:
    """Return the note of a DocumentReference, without words; None for a document of another kind."""
    if _read_kind(resource) != _NOTE:
        return None
    encounters = resource.get("context", {}).get("encounter", ())
    return ClinicalNote(
        id=resource["id"],
        patient_id=parse_reference(resource["subject"]),
        consultation_id=parse_reference(encounters[0]) if encounters else None,
        treatment_id=None,
        words="",
        noted_at=parse_time(resource["date"]),
        noted_by="",
        struck=_parse_strike(resource),
    )


def parse_attachment(resource: Resource) -> Attachment | None:
    """Return the attachment of a DocumentReference, without texts; None for a document of another kind."""
    kind = _read_kind(resource)
    if kind not in set(AttachmentKind):
        return None
    about = resource["content"][0]["attachment"]
    return Attachment(
        id=resource["id"],
        patient_id=parse_reference(resource["subject"]),
        kind=AttachmentKind(kind),
        media_type=about["contentType"],
        size_bytes=about["size"],
        name="",
        description="",
        added_at=parse_time(resource["date"]),
        added_by="",
        struck=_parse_strike(resource),
    )


def _document_reference(
    id: str,
    kind: str,
    patient_id: str,
    date: str,
    struck: DocumentStrike | None,
    about: dict[str, Any],
    context: Resource,
) -> Resource:
    return drop_empty(
        {
            "resourceType": "DocumentReference",
            "id": id,
            "extension": [] if struck is None else [extension(_STRUCK, struck_at=format_time(struck.at))],
            "status": "current" if struck is None else "entered-in-error",
            "type": codeable_concept(local_coding(_SYSTEM, kind), text=english_text(kind)),
            "subject": reference(patient_id),
            "date": date,
            "description": english_text("document-not-enclosed"),
            "content": [{"attachment": about}],
            "context": context,
        }
    )


def _read_kind(resource: Resource) -> str:
    """Return the kind of a note or an attachment; empty for a document of another kind."""
    codings = resource["type"].get("coding", ())
    return next(
        (str(coding["code"]) for coding in codings if coding.get("system") == local_coding(_SYSTEM, "")["system"]), ""
    )


def _parse_strike(resource: Resource) -> DocumentStrike | None:
    if "extension" not in resource:
        return None
    return DocumentStrike("", parse_time(read_extension(resource, _STRUCK)["struck_at"]), "")
