"""Store and read clinical notes: sealed text about a patient, which nobody changes later.

Whoever may write writes one; it may name the patient, so those read it who may see contact details, and anybody else
sees that there is one. A mistake is struck with a reason, and an addition is another note.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from skinbeam_clinic.access import AccessRight, allowed_roles
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import ClinicAccess, Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import new_id, submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.documents.models import ClinicalNote, DocumentStrike
from skinbeam_clinic.documents.plain_text import LONGEST_NOTE, LONGEST_REASON, check_text
from skinbeam_clinic.documents.sealed_content import NOTE_CONTENT, AttachmentContent, NoteContent
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patient_links.person import get_kept_patient

__all__ = ["NoteRepository", "import_note", "strike_document"]

_Content = TypeVar("_Content", NoteContent, AttachmentContent)


class NoteRepository(Repository):
    """The clinical notes of a clinic."""

    def __init__(self, access: ClinicAccess) -> None:
        super().__init__(access)
        self._is_read = access.member.role in allowed_roles(AccessRight.CONTACT)

    def add(
        self,
        patient_id: str,
        words: str,
        *,
        consultation_id: str | None = None,
        treatment_id: str | None = None,
        form_key: str = "",
    ) -> ClinicalNote:
        """Store a note about a patient, or about one of their consultations or sessions.

        Parameters
        ----------
        treatment_id : of the session; its consultation is the one of the note.
        form_key : of the form, so that a note submitted twice is stored once (`submission_id`).

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient or has erased them, or they have no such consultation or
            session.
        ReplacedError : the record is closed, since another one of the same person is kept.
        InputError : `no-reason` (the note is empty), or `too-long`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            get_kept_patient(work, patient_id)
            if treatment_id is not None:
                consultation_id = work.get(treatment_tables.TreatmentRow, treatment_id).consultation_id
            about = None if consultation_id is None else work.get(tables.ConsultationRow, consultation_id)
            if about is not None and about.patient_id != patient_id:
                raise clinic_error("absent", "consultation")
            content = NoteContent(_check_words(words))
            subject = f"{consultation_id}/{treatment_id}/".encode()
            id = submission_id(form_key, patient_id, subject + NOTE_CONTENT.to_json(content))
            if sent := work.find(tables.ClinicalNoteRow, id):
                return _read_note(work, sent, is_read=True)
            row = work.new_row(
                tables.ClinicalNoteRow,
                id=id,
                patient_id=patient_id,
                consultation_id=consultation_id,
                treatment_id=treatment_id,
                noted_at=now(),
                noted_by=work.actor,
            )
            work.seal_record(row, NOTE_CONTENT, content)
            work.save(row, "note.written")
            return _read_note(work, row, is_read=True)

    def strike(self, id: str, why: str) -> ClinicalNote:
        """Strike a note that was a mistake: note and reason stay readable; once struck, it stays so.

        Raises
        ------
        InputError : `no-reason`, or `too-long`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(tables.ClinicalNoteRow, id)
            strike_document(work, row, NOTE_CONTENT, why, "note.struck")
            return _read_note(work, row, is_read=True)

    def find_patient_id(self, id: str) -> str:
        """Return the id of the patient whom a note is about."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return work.get(tables.ClinicalNoteRow, id).patient_id

    def of(self, patient_id: str, *, names_hidden: bool = False) -> tuple[ClinicalNote, ...]:
        """Return the notes about a patient, oldest first; without words for whoever may not see contact details.

        Parameters
        ----------
        names_hidden : whether the page shows no names, and so no words either.
        """
        table = tables.ClinicalNoteRow
        is_read = self._is_read and not names_hidden
        action = "notes.seen" if is_read else "notes.listed"
        with self._access.reading_row(tables.PatientRow, patient_id, action) as (work, _):
            rows = work.rows_of(table, table.patient_id, patient_id, table.noted_at)
            reading = partial(_read_note, work, is_read=is_read)
            return tuple(work.read_each(rows, reading, partial(_altered_note, work)))


def import_note(work: ClinicTransaction, patient_id: str, note: ClinicalNote, consultations: Mapping[str, str]) -> None:
    """Import a note within a transaction: written and maybe struck in another clinic, by the persons that it names.

    Parameters
    ----------
    consultations : id of a consultation in the other clinic → its id in this one. Sessions are not imported, so a note
        about one is about its consultation.

    Raises
    ------
    InputError : `no-reason` (the note is empty), or `too-long`.
    """
    row = work.new_row(
        tables.ClinicalNoteRow,
        id=new_id(),
        patient_id=patient_id,
        consultation_id=consultations.get(note.consultation_id or ""),
        treatment_id=None,
        noted_at=note.noted_at,
        noted_by=work.actor,
    )
    work.seal_record(row, NOTE_CONTENT, NoteContent(_check_words(note.words), note.noted_by, note.struck))
    work.save(row, "note.written")


def strike_document(
    work: ClinicTransaction,
    row: tables.Base,
    sealed: SealedRecord[_Content],
    why: str,
    action: str,
) -> None:
    """Strike a document for a reason; one that is struck stays as it is.

    Parameters
    ----------
    sealed : the column of its content. action : as the audit log names it.

    Raises
    ------
    InputError : `no-reason`, or `too-long`.
    """
    content, reason = work.open_record(row, sealed), check_text(why, "why", LONGEST_REASON)
    if not reason:
        raise clinic_error("no-reason", "why")
    if content.struck is None:
        struck = DocumentStrike(reason, now(), work.actor_name(work.actor))
        work.seal_record(row, sealed, replace(content, struck=struck))
        work.save(row, action)


def _check_words(words: str) -> str:
    plain = check_text(words, "notes", LONGEST_NOTE, lines=True)
    if not plain:
        raise clinic_error("no-reason", "notes")
    return plain


def _read_note(work: ClinicTransaction, row: tables.ClinicalNoteRow, *, is_read: bool) -> ClinicalNote:
    content = work.open_record(row, NOTE_CONTENT)
    struck = content.struck if is_read or content.struck is None else replace(content.struck, reason="")
    by = content.by or work.actor_name(row.noted_by)
    return work.read_row(ClinicalNote, row, words=content.words if is_read else "", noted_by=by, struck=struck)


def _altered_note(work: ClinicTransaction, row: tables.ClinicalNoteRow) -> ClinicalNote:
    """Return what is known of a note that cannot be read: neither its words nor whether it was struck."""
    return work.read_row(ClinicalNote, row, words="", struck=None)
