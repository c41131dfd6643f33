"""Store and read consultations, whose answers are saved while they are typed, and photographs.

A revision number detects two people who edit the same answers.
"""

import datetime
from collections.abc import Collection
from enum import StrEnum

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.forms import NO_ANSWERS, Submission, are_same_answers, changed_facts
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import new_id, submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error, conflict_error
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions, PhotographRecord
from skinbeam_clinic.patient_links.person import get_kept_patient, list_person_ids, require_kept

__all__ = [
    "ANSWERS_CONTENT",
    "OTHER_PICTURE",
    "PAGE_MEDIA_TYPES",
    "ConsultationRepository",
    "ConsultationState",
    "PhotographRepository",
    "add_consultation",
    "advance_state",
    "check_unchanged",
    "get_followed_consultation",
    "get_open_consultation",
    "list_consultation_ids",
    "list_plan_rows",
    "unsupported_photograph_error",
]

_LONGEST_JSON = 1_000_000  # characters, as for a case file
ANSWERS_CONTENT = SealedRecord(Submission, tables.ConsultationRow.answers_sealed, _LONGEST_JSON, "answers")


class ConsultationState(StrEnum):
    """The state of a consultation."""

    DRAFT = "draft"
    PLANNED = "planned"
    AGREED = "agreed"
    CLOSED = "closed"


class ConsultationRepository(Repository):
    """The consultations of a clinic."""

    def begin(self, patient_id: str, answers: Submission = NO_ANSWERS, *, form_key: str = "") -> ConsultationRecord:
        """Begin a consultation with a patient.

        Parameters
        ----------
        form_key : of the form, so that a consultation that is begun twice by it is one (`submission_id`).

        Raises
        ------
        ReplacedError : the record is closed, since another one of the same person is kept.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            id, table = submission_id(form_key, patient_id), tables.ConsultationRow
            if sent := work.find(table, id):
                return _read_consultation(work, sent)
            return add_consultation(work, patient_id, answers, began_at=now(), id=id)

    def get(self, id: str) -> ConsultationRecord:
        """Return a consultation as it was last saved."""
        with self._access.reading_row(tables.ConsultationRow, id, "consultation.seen") as (work, row):
            return _read_consultation(work, row)

    def export(self, id: str) -> ConsultationRecord:
        """Return a consultation as it was last saved, for export from the clinic."""
        with self._access.reading(AccessRight.EXPORT) as work:
            row = work.get(tables.ConsultationRow, id)
            work.log("consultation.exported", f"consultation/{id}")
            return _read_consultation(work, row)

    def of(self, patient_id: str) -> tuple[ConsultationRecord, ...]:
        """Return the consultations in a patient's record, oldest first."""
        with self._access.reading_row(tables.PatientRow, patient_id, "consultations.listed") as (work, _):
            return _list_consultations(work, (patient_id,))

    def of_person(self, patient_id: str) -> tuple[ConsultationRecord, ...]:
        """Return the consultations in all records of a patient, oldest first: what was done to a person before."""
        with self._access.reading_row(tables.PatientRow, patient_id, "consultations.listed") as (work, _):
            ids = list_person_ids(work, patient_id)
            for id in ids:  # the audit log tells of each record that was read
                work.log("consultations.listed", f"patient/{id}")
            return _list_consultations(work, ids)

    def save(self, id: str, answers: Submission, *, revision: int) -> ConsultationRecord:
        """Save answers that were edited from this revision; changed answers set the consultation back to a draft.

        Marks of a photograph about which nobody decided are stored without a new revision. A photograph that was erased
        while the form was open does not return.

        Raises
        ------
        ConflictError : somebody else saved in the meantime; nothing is overwritten.
        InputError : `closed`, or `too-long`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = get_open_consultation(work, id)
            stored = _read_answers(work, row)
            if answers.photo != stored.photo and work.find(tables.PhotographRow, answers.photo) is None:
                answers = answers.without_photograph()
            if answers == stored:
                return _read_consultation(work, row)  # also of an older revision: who sends again has lost the answer
            check_unchanged(work, row, revision)
            work.seal_record(row, ANSWERS_CONTENT, answers)
            if not are_same_answers(answers, stored):
                row.state = ConsultationState.DRAFT.value
                row.revision += 1
            row.saved_at, row.saved_by = now(), work.actor
            changed = dict.fromkeys(changed_facts(stored, answers), ())
            work.save(row, "consultation.saved", revision=row.revision, changed=changed)
            return _read_consultation(work, row)

    def require_open(self, id: str) -> None:
        """Raise an error if nothing new may be done in a consultation.

        Raises
        ------
        ClosedError, ReplacedError : as `get_open_consultation`.
        """
        with self._access.reading_unlogged(AccessRight.READ) as work:
            get_open_consultation(work, id)

    def close(self, id: str, *, revision: int) -> ConsultationRecord:
        """Close a consultation at this revision: it is read-only from now on, and its plan and consent stay valid.

        Raises
        ------
        ConflictError : somebody else saved in the meantime.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(tables.ConsultationRow, id)
            check_unchanged(work, row, revision)
            if row.state != ConsultationState.CLOSED:
                row.state = ConsultationState.CLOSED.value
                work.save(row, "consultation.closed")
            return _read_consultation(work, row)

    def reopen(self, id: str) -> ConsultationRecord:
        """Reopen a closed consultation in the state that its plans and consents imply; an open one stays unchanged."""
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(tables.ConsultationRow, id)
            if row.state == ConsultationState.CLOSED:
                row.state = _current_state(work, row).value
                work.save(row, "consultation.opened")
            return _read_consultation(work, row)


def add_consultation(
    work: ClinicTransaction,
    patient_id: str,
    answers: Submission,
    *,
    began_at: datetime.datetime,
    state: ConsultationState = ConsultationState.DRAFT,
    id: str = "",
) -> ConsultationRecord:
    """Add a consultation that began at a time, within a transaction.

    Parameters
    ----------
    id : of the consultation; a new one if empty.

    Raises
    ------
    RecordNotFoundError : this clinic has no such patient, or has erased them.
    ReplacedError : the record is closed, since another one of the same person is kept.
    """
    get_kept_patient(work, patient_id)
    row = work.new_row(
        tables.ConsultationRow,
        id=id or new_id(),
        patient_id=patient_id,
        state=state.value,
        revision=1,
        created_at=began_at,
        saved_at=now(),
        saved_by=work.actor,
    )
    work.seal_record(row, ANSWERS_CONTENT, answers)
    work.save(row, "consultation.begun")
    return _read_consultation(work, row)


def advance_state(work: ClinicTransaction, id: str, state: ConsultationState) -> tables.ConsultationRow:
    """Set the state of a consultation that is not closed.

    Raises
    ------
    ClosedError : the consultation is closed.
    """
    row = get_followed_consultation(work, id)
    if row.state != state:
        row.state = state.value
        work.save(row, f"consultation.{state}")
    return row


def get_open_consultation(work: ClinicTransaction, id: str) -> tables.ConsultationRow:
    """Return a consultation in which something new may be done: it is not closed, and neither is its record.

    Raises
    ------
    ClosedError : the consultation is closed.
    ReplacedError : the record is closed, since another one of the same person is kept.
    """
    row = get_followed_consultation(work, id)
    require_kept(work, row.patient_id)
    return row


def get_followed_consultation(work: ClinicTransaction, id: str) -> tables.ConsultationRow:
    """Return a consultation that is not closed, of which results may be added.

    What was done in a record that was closed as a duplicate is still followed up there.

    Raises
    ------
    ClosedError : the consultation is closed.
    """
    row = work.get(tables.ConsultationRow, id)
    if row.state == ConsultationState.CLOSED:
        raise clinic_error("closed", "consultation")
    return row


def list_consultation_ids(work: ClinicTransaction, patient_ids: Collection[str]) -> list[str]:
    """Return the ids of the consultations in records of patients, oldest first."""
    table = tables.ConsultationRow
    of = work.list_names(table, table.patient_id, table.patient_id.in_(patient_ids), order=(table.created_at,))
    return [id for id, _ in of]


def _list_consultations(work: ClinicTransaction, patient_ids: Collection[str]) -> tuple[ConsultationRecord, ...]:
    table = tables.ConsultationRow
    rows_by_patient = work.rows_by(table, table.patient_id, patient_ids, table.created_at)
    rows = sorted(
        (row for of_patient in rows_by_patient.values() for row in of_patient), key=lambda row: (row.created_at, row.id)
    )
    return tuple(
        work.read_each(rows, lambda row: _read_consultation(work, row), lambda row: _altered_consultation(work, row))
    )


def list_plan_rows(work: ClinicTransaction, consultation_id: str) -> list[tables.PlanRow]:
    """Return the plans of a consultation, oldest first; the last one is current."""
    table = tables.PlanRow
    return work.rows_of(table, table.consultation_id, consultation_id, table.made_at)


def check_unchanged(work: ClinicTransaction, row: tables.ConsultationRow, revision: int) -> None:
    """Raise an error if the answers were saved again since this revision was read.

    Raises
    ------
    ConflictError : the revision differs; the error reports who saved and when.
    """
    if row.revision == revision:
        return
    raise conflict_error("consultation", work.actor_name(row.saved_by), row.saved_at)


def _current_state(work: ClinicTransaction, row: tables.ConsultationRow) -> ConsultationState:
    """Return the state implied by the records: a plan for these answers, a signed and valid consent to that plan."""
    last = list_plan_rows(work, row.id)[-1:]
    if not last or last[0].consultation_revision != row.revision:
        return ConsultationState.DRAFT
    signed = work.rows(
        tables.ConsentRow, tables.ConsentRow.plan_id == last[0].id, tables.ConsentRow.signed_at.is_not(None)
    )
    void = {
        void.id
        for void in work.rows(tables.ConsentVoidRow, tables.ConsentVoidRow.id.in_([consent.id for consent in signed]))
    }
    return ConsultationState.AGREED if any(consent.id not in void for consent in signed) else ConsultationState.PLANNED


def _read_answers(work: ClinicTransaction, row: tables.ConsultationRow) -> Submission:
    try:
        return work.open_record(row, ANSWERS_CONTENT)
    except ValueError:  # what this version does not know would be lost when it saves them
        raise clinic_error("bad-answers", f"consultation/{row.id}") from None


def _read_consultation(work: ClinicTransaction, row: tables.ConsultationRow) -> ConsultationRecord:
    return work.read_row(ConsultationRecord, row, answers=_read_answers(work, row))


def _altered_consultation(work: ClinicTransaction, row: tables.ConsultationRow) -> ConsultationRecord:
    """Return a consultation without its answers, for a list that leads to what belongs to it."""
    return work.read_row(ConsultationRecord, row, answers=Submission())


# Photographs: encrypted files, each with the permissions that the patient gave.

PAGE_MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")  # of photographs that every browser shows
OTHER_PICTURE = "application/octet-stream"  # of one that can be read, but that browsers do not show


def unsupported_photograph_error(accepted: Collection[str]) -> InputError:
    """Return the error of a photograph whose media type is none of those accepted."""
    kinds = [kind.rpartition("/")[2].upper() for kind in accepted]
    return clinic_error("bad-photograph", "photograph", hint={"kinds": kinds})


class PhotographRepository(Repository):
    """The photographs of a clinic's consultations."""

    def add(
        self,
        consultation_id: str,
        content: bytes,
        media_type: str,
        permissions: PhotographPermissions,
        *,
        accepted: Collection[str] = PAGE_MEDIA_TYPES,
    ) -> PhotographRecord:
        """Store a photograph; one that this consultation has already is not stored again, and stays as it is.

        Parameters
        ----------
        accepted : media types.

        Raises
        ------
        InputError : `closed`, or `bad-photograph`: its media type is not supported.
        """
        if media_type not in accepted:
            raise unsupported_photograph_error(accepted)
        with self._access.writing_with_files(AccessRight.WRITE, [content]) as (work, files):
            get_followed_consultation(work, consultation_id)
            table = tables.PhotographRow
            if sent := work.rows(table, table.consultation_id == consultation_id, table.file == files[content]):
                return _read_photograph(work, sent[0])
            row = work.new_row(
                table,
                consultation_id=consultation_id,
                file=files[content],
                media_type=media_type,
                for_care=permissions.care,
                for_teaching=permissions.teaching,
                for_publication=permissions.publication,
                added_at=now(),
                added_by=work.actor,
            )
            work.save(row, "photograph.added")
            return _read_photograph(work, row)

    def set_permissions(self, id: str, permissions: PhotographPermissions, *, version: str) -> PhotographRecord:
        """Change what a photograph may be used for; a permission may be withdrawn at any time.

        Parameters
        ----------
        version : `PhotographRecord.version` of the permissions that were edited.

        Raises
        ------
        ConflictError : somebody else changed them in the meantime.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(tables.PhotographRow, id)
            if _read_permissions(row) == permissions:
                return _read_photograph(work, row)  # also of an older version: who sends again has lost the answer
            work.check_version(row, version)
            row.for_care, row.for_teaching = permissions.care, permissions.teaching
            row.for_publication = permissions.publication
            work.save(row, "photograph.permitted")
            return _read_photograph(work, row)

    def of(self, consultation_id: str) -> tuple[PhotographRecord, ...]:
        """Return the photographs of a consultation, oldest first."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "photographs.listed") as (work, _):
            table = tables.PhotographRow
            rows = work.rows_of(table, table.consultation_id, consultation_id, table.added_at)
            return tuple(_read_photograph(work, row) for row in rows)

    def get(self, id: str) -> PhotographRecord:
        """Return the record of a photograph, without its content."""
        with self._access.reading_row(tables.PhotographRow, id, "photograph.uses.seen") as (work, row):
            return _read_photograph(work, row)

    def read_content(self, id: str) -> tuple[PhotographRecord, bytes]:
        """Return the record and the content of a photograph."""
        with self._access.reading_row(tables.PhotographRow, id, "photograph.seen") as (work, row):
            photograph = _read_photograph(work, row)
        return photograph, self._access.database.files.get(self._access.member.clinic_id, photograph.file)


def _read_photograph(work: ClinicTransaction, row: tables.PhotographRow) -> PhotographRecord:
    return work.read_row(PhotographRecord, row, permissions=_read_permissions(row), version=work.row_version(row))


def _read_permissions(row: tables.PhotographRow) -> PhotographPermissions:
    return PhotographPermissions(row.for_care, row.for_teaching, row.for_publication)
