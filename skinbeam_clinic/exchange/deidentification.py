"""De-identify dossiers for exchange: remove staff names and other personal data, and derive stable ids.

Every exported document is made from a de-identified dossier, so what is removed from it is in none of them.
"""

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from skinbeam.model.document import sha256_hex
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.diaries.models import DiaryEntry
from skinbeam_clinic.documents.models import Attachment, ClinicalNote, DocumentStrike
from skinbeam_clinic.exchange.image_metadata import strip_metadata
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.models import (
    Consent,
    ConsultationContents,
    ConsultationRecord,
    Dossier,
    PhotographRecord,
    PlanContents,
)
from skinbeam_clinic.test_spots.models import TestSpotRecord

__all__ = [
    "FHIR_BASE",
    "DeidentifiedDossier",
    "deidentify_dossier",
    "derive_id",
]

FHIR_BASE = "https://skinbeam.readthedocs.io/fhir"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, FHIR_BASE)


def derive_id(*names: str) -> str:
    """Return an id derived from names, for a part of a record without an id; the same names give the same id."""
    return uuid.uuid5(_NAMESPACE, "/".join(names)).hex


Record = TypeVar("Record")

# Fields with names of staff; where they are None, since nobody has done it yet, they stay None.
_STAFF_FIELDS = frozenset(
    {
        "by",
        "created_by",
        "ended_by",
        "fired_by",
        "machine",
        "member",
        "member_id",
        "noted_by",
        "opened_by",
        "paired_by",
        "pseudonym",
        "rater",
        "read_by",
        "room",
        "started_by",
    }
)


def _remove_staff_names(record: Record) -> Record:
    """Return a record, and all records in it, without staff names and control characters."""
    by_name = {field.name: getattr(record, field.name) for field in fields(record)}  # type: ignore[arg-type]
    values = {
        name: _without_staff(value) if name in _STAFF_FIELDS else _clean_value(value) for name, value in by_name.items()
    }
    return type(record)(**values)


def _strip_control_characters(text: str) -> str:
    """Return a text without control characters, which FHIR documents may not contain."""
    return "".join(sign for sign in text if sign in "\t\n" or unicodedata.category(sign) not in ("Cc", "Cs")).strip()


def _without_staff(value: Any) -> Any:
    return type(value)() if isinstance(value, str | tuple) else value


def _clean_value(value: Any) -> Any:
    if type(value) is str:  # and no member of an enumeration
        return _strip_control_characters(value)
    if isinstance(value, tuple):
        return tuple(map(_clean_value, value))
    if isinstance(value, Mapping):
        return {name: _clean_value(held) for name, held in value.items()}
    return _remove_staff_names(value) if is_dataclass(value) else value


_FILES = (".json", ".pdf")


@dataclass(frozen=True)
class DeidentifiedDossier:
    """A de-identified dossier; `unreadable_photograph_ids` are the ids of photographs that cannot be decoded and were
    left out."""

    dossier: Dossier
    unreadable_photograph_ids: tuple[str, ...]


def deidentify_dossier(dossier: Dossier) -> DeidentifiedDossier:
    """Return a dossier without personal data of staff, and without metadata of photographs.

    Names of members, who signed and the signature are removed; so are the documents that contain a name, of which the
    hash stays, and the words of notes and the files of attachments, which may contain one. Files are named by their
    SHA-256, and photographs contain the picture alone.
    """
    unread: list[str] = []
    consultations = tuple(_deidentify_consultation(consultation, unread) for consultation in dossier.consultations)
    shown = {photograph.id for consultation in consultations for photograph, _ in consultation.photographs}
    followed = (
        replace(consultation, follow_ups=_deidentify_follow_ups(consultation, shown)) for consultation in consultations
    )
    appointments = tuple(map(_remove_staff_names, dossier.appointments))
    notes = tuple(map(_deidentify_note, dossier.notes))
    attachments = tuple((_deidentify_attachment(attachment), None) for attachment, _ in dossier.attachments)
    return DeidentifiedDossier(
        Dossier(dossier.patient, tuple(followed), appointments, notes, attachments, dossier.links), tuple(unread)
    )


def _deidentify_note(note: ClinicalNote) -> ClinicalNote:
    """Return what is left of a note without its words: that there is one, and about which consultation."""
    return replace(note, words="", noted_by="", treatment_id=None, struck=_deidentify_strike(note.struck))


def _deidentify_attachment(attachment: Attachment) -> Attachment:
    return replace(attachment, name="", description="", added_by="", struck=_deidentify_strike(attachment.struck))


def _deidentify_strike(struck: DocumentStrike | None) -> DocumentStrike | None:
    return None if struck is None else DocumentStrike("", struck.at, "")


def _deidentify_consultation(consultation: ConsultationContents, unread: list[str]) -> ConsultationContents:
    photographs = []
    for photograph, content in consultation.photographs:
        picture = strip_metadata(content, photograph.media_type)
        if picture is None:
            unread.append(photograph.id)
        else:
            photographs.append((_deidentify_photograph(photograph, *picture), picture[0]))
    there = {photograph.id for photograph, _ in photographs}
    return ConsultationContents(
        _deidentify_answers(consultation.consultation, there),
        tuple(photographs),
        tuple(map(_deidentify_plan, consultation.plans)),
        tuple((_deidentify_consent(consent, document), None) for consent, document in consultation.consents),
        tuple(map(_remove_staff_names, consultation.treatments)),
        consultation.follow_ups,
        tuple(_remove_staff_names(_deidentify_spot(spot, there)) for spot in consultation.test_spots),
        tuple(_remove_staff_names(_deidentify_entry(entry, there)) for entry in consultation.diary),
    )


def _deidentify_entry(entry: DiaryEntry, photograph_ids: set[str]) -> DiaryEntry:
    """Return a diary entry, without its photograph's id where that photograph is not exported."""
    return entry if entry.photograph_id in photograph_ids else replace(entry, photograph_id=None)


def _deidentify_spot(spot: TestSpotRecord, photograph_ids: set[str]) -> TestSpotRecord:
    """Return a test spot whose readings name only exported photographs."""
    readings = (
        reading if reading.photograph_id in photograph_ids else replace(reading, photograph_id=None)
        for reading in spot.readings
    )
    return replace(spot, readings=tuple(readings))


def _deidentify_follow_ups(consultation: ConsultationContents, photograph_ids: set[str]) -> tuple[FollowUp, ...]:
    """Return follow-ups with raters as numbers, and only the pairs whose photographs are both exported."""
    handed = []
    for follow_up in consultation.follow_ups:
        raters = list(dict.fromkeys(grade.rater_id for grade in follow_up.grades))
        grades = tuple(replace(grade, rater_id=str(raters.index(grade.rater_id) + 1)) for grade in follow_up.grades)
        pairs = tuple(pair for pair in follow_up.pairs if {pair.before_id, pair.after_id} <= photograph_ids)
        handed.append(_remove_staff_names(replace(follow_up, grades=grades, pairs=pairs)))
    return tuple(handed)


def _deidentify_answers(consultation: ConsultationRecord, photographs: set[str]) -> ConsultationRecord:
    """Return answers grouped by question, and with their photograph only if it is exported."""
    grouped: dict[str, list[str]] = {}
    for name, value in consultation.answers.entries:
        if text := _strip_control_characters(value):
            grouped.setdefault(name, []).append(text)
    entries = tuple((name, value) for name, values in grouped.items() for value in values)
    photograph = consultation.answers.photo if consultation.answers.photo in photographs else ""
    return replace(consultation, answers=Submission(entries, photograph), saved_by="")


def _deidentify_photograph(photograph: PhotographRecord, content: bytes, media_type: str) -> PhotographRecord:
    return replace(photograph, file=sha256_hex(content), media_type=media_type, added_by="")


def _deidentify_plan(contents: PlanContents) -> PlanContents:
    files = {name: content for name, content in contents.files.items() if name.endswith(_FILES)}
    return PlanContents(
        replace(contents.plan, files={name: sha256_hex(content) for name, content in files.items()}, made_by=""),
        files,
        tuple(
            replace(choice, notes=_strip_control_characters(choice.notes), made_by="") for choice in contents.choices
        ),
    )


def _deidentify_consent(consent: Consent, document: bytes | None) -> Consent:
    return replace(
        consent,
        explained_by="",
        signed_by=None,
        told=(),
        answers=None,
        signature=None,
        document=None if document is None else sha256_hex(document),
        texts=tuple(replace(text, written_by="") for text in consent.texts),
    )
