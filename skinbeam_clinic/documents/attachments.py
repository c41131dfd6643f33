"""Store and read attachments: documents of a patient that were made elsewhere, as sealed files.

Nothing is taken out of them, so each may contain names: those read them who may see contact details, and anybody else
sees that there is one, of which kind and size.
"""

from dataclasses import replace
from functools import partial

from skinbeam_clinic.access import AccessRight, allowed_roles
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import ClinicAccess, Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import new_id, submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.documents.attachment_content import ENDINGS, judge_content
from skinbeam_clinic.documents.models import Attachment, AttachmentKind
from skinbeam_clinic.documents.notes import strike_document
from skinbeam_clinic.documents.plain_text import LONGEST_DESCRIPTION, check_text, clean_file_name
from skinbeam_clinic.documents.sealed_content import ATTACHMENT_CONTENT, AttachmentContent
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patient_links.person import get_kept_patient

__all__ = ["AttachmentRepository", "import_attachment"]


class AttachmentRepository(Repository):
    """The attachments of a clinic's patients."""

    def __init__(self, access: ClinicAccess) -> None:
        super().__init__(access)
        self._is_read = access.member.role in allowed_roles(AccessRight.CONTACT)

    def add(
        self, patient_id: str, content: bytes, *, kind: str, name: str, description: str = "", form_key: str = ""
    ) -> Attachment:
        """Store a file that belongs to a patient.

        Parameters
        ----------
        kind : of `AttachmentKind`.
        name : of the file, as it was sent.
        form_key : of the form, so that a file submitted twice is stored once (`submission_id`).

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        InputError : `bad-attachment-kind`, `too-long`, or as `judge_content`.
        """
        with self._access.reading_unlogged(AccessRight.WRITE) as work:
            get_kept_patient(work, patient_id)
        if kind not in set(AttachmentKind):
            raise clinic_error("bad-attachment-kind", "kind")
        checked = check_text(description, "description", LONGEST_DESCRIPTION)
        media_type = judge_content(content)
        about = AttachmentContent(clean_file_name(name, ENDINGS[media_type], kind), checked)
        with self._access.writing_with_files(AccessRight.WRITE, [content]) as (work, files):
            file = files[content]
            get_kept_patient(work, patient_id)
            id = submission_id(form_key, patient_id, f"{kind}/{file}/".encode() + ATTACHMENT_CONTENT.to_json(about))
            if sent := work.find(tables.AttachmentRow, id):
                return _read_attachment(work, sent, is_read=True)
            row = work.new_row(
                tables.AttachmentRow,
                id=id,
                patient_id=patient_id,
                kind=kind,
                media_type=media_type,
                size_bytes=len(content),
                file=file,
                added_at=now(),
                added_by=work.actor,
            )
            work.seal_record(row, ATTACHMENT_CONTENT, about)
            work.save(row, "attachment.added")
            return _read_attachment(work, row, is_read=True)

    def strike(self, id: str, why: str) -> Attachment:
        """Strike an attachment that was a mistake: file and reason stay readable; once struck, it stays so.

        Raises
        ------
        InputError : `no-reason`, or `too-long`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(tables.AttachmentRow, id)
            strike_document(work, row, ATTACHMENT_CONTENT, why, "attachment.struck")
            return _read_attachment(work, row, is_read=True)

    def find_patient_id(self, id: str) -> str:
        """Return the id of the patient to whom an attachment belongs."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return work.get(tables.AttachmentRow, id).patient_id

    def of(self, patient_id: str, *, names_hidden: bool = False) -> tuple[Attachment, ...]:
        """Return the attachments of a patient, oldest first; without texts for whoever may not see contact details.

        Parameters
        ----------
        names_hidden : whether the page shows no names, and so no texts either.
        """
        table, is_read = tables.AttachmentRow, self._is_read and not names_hidden
        with self._access.reading_row(tables.PatientRow, patient_id, "attachments.listed") as (work, _):
            rows = work.rows_of(table, table.patient_id, patient_id, table.added_at)
            reading = partial(_read_attachment, work, is_read=is_read)
            return tuple(work.read_each(rows, reading, partial(_altered_attachment, work)))

    def read_content(self, id: str) -> tuple[Attachment, bytes]:
        """Return an attachment with its content; the audit log records kind, media type and size.

        Raises
        ------
        InputError : `altered-data`: the file is not as it was stored.
        """
        with self._access.reading(AccessRight.CONTACT) as work:
            row = work.get(tables.AttachmentRow, id)
            about = {"kind": row.kind, "media_type": row.media_type, "bytes": row.size_bytes}
            work.log("attachment.seen", f"attachment/{id}", **about)
            found, file = _read_attachment(work, row, is_read=True), row.file
        return found, self._access.database.files.get(self._access.member.clinic_id, file)


def import_attachment(work: ClinicTransaction, patient_id: str, attachment: Attachment, file: str) -> None:
    """Import an attachment within a transaction: added and maybe struck in another clinic, by the persons it names.

    Parameters
    ----------
    file : name of its content, which was judged, in the file store of this clinic.

    Raises
    ------
    InputError : `too-long`.
    """
    row = work.new_row(
        tables.AttachmentRow,
        id=new_id(),
        patient_id=patient_id,
        kind=attachment.kind.value,
        media_type=attachment.media_type,
        size_bytes=attachment.size_bytes,
        file=file,
        added_at=attachment.added_at,
        added_by=work.actor,
    )
    name = clean_file_name(attachment.name, ENDINGS[attachment.media_type], attachment.kind)
    description = check_text(attachment.description, "description", LONGEST_DESCRIPTION)
    work.seal_record(
        row, ATTACHMENT_CONTENT, AttachmentContent(name, description, attachment.added_by, attachment.struck)
    )
    work.save(row, "attachment.added")


def _read_attachment(work: ClinicTransaction, row: tables.AttachmentRow, *, is_read: bool) -> Attachment:
    content = work.open_record(row, ATTACHMENT_CONTENT)
    struck = content.struck if is_read or content.struck is None else replace(content.struck, reason="")
    return work.read_row(
        Attachment,
        row,
        kind=AttachmentKind(row.kind),
        name=content.name if is_read else "",
        description=content.description if is_read else "",
        added_by=content.by or work.actor_name(row.added_by),
        struck=struck,
    )


def _altered_attachment(work: ClinicTransaction, row: tables.AttachmentRow) -> Attachment:
    """Return what is known of an attachment of which cannot be read what was told."""
    known = row.kind in set(AttachmentKind)
    kind = AttachmentKind(row.kind) if known else AttachmentKind.OTHER
    return work.read_row(Attachment, row, kind=kind, name="", description="", struck=None)
