"""Link two records of one person: the duplicate is closed, and nothing of either is rewritten or deleted.

A link is a row of its own with its reason, and a link that was a mistake is undone by another one. Every call that
reads what was done to a person reads it in all their records (`patient_links.person`), and nothing new is begun in a
closed one.
"""

from collections.abc import Collection, Mapping
from functools import partial

from skinbeam_clinic.access import AccessRight, allowed_roles
from skinbeam_clinic.consultations.repository import list_consultation_ids
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.patient_link_tables import PatientLinkEndRow, PatientLinkRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.documents.plain_text import LONGEST_REASON, check_text
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import LinkedPatient, LinkRelation, PatientRecord
from skinbeam_clinic.patient_links.models import PatientLink, PatientLinkEnd, PersonRecords
from skinbeam_clinic.patient_links.person import (
    get_present_patient,
    kept_ids,
    list_open_links,
    list_person_ids,
    require_kept,
)
from skinbeam_clinic.patient_links.sealed_content import LINK_CONTENT, LINK_END_CONTENT, LinkContent, LinkEndContent
from skinbeam_clinic.patients.repository import CONTACT_DETAILS
from skinbeam_clinic.treatments.models import TreatmentState

__all__ = ["PatientLinkRepository"]


class PatientLinkRepository(Repository):
    """The links between records of one person in a clinic."""

    def link(self, patient_id: str, kept_id: str, reason: str, *, birth_confirmed: bool = False) -> PatientLink:
        """Close a record as a duplicate of another one; the same link sent again is stored once.

        The clinic is locked meanwhile, so of two links at once the second finds what the first has closed.

        Parameters
        ----------
        birth_confirmed : whether a date of birth that differs is a typing error in one of the records.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        ReplacedError : one of the records is closed as a duplicate already; the last of its chain can be linked.
        InputError : `same-record`; `no-reason`; `too-long`; `birth-differs`: and nobody confirmed that one of the dates
            is a typing error; `session-running`: a session in the record to be closed has begun and not ended.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            closed, kept = (get_present_patient(work, id) for id in (patient_id, kept_id))
            why = _check_reason(reason)
            sent = next((link for link in list_open_links(work) if link.patient_id == patient_id), None)
            if sent is not None and sent.kept_id == kept_id:
                return _read_link(work, sent, is_read=True)
            if patient_id == kept_id:
                raise clinic_error("same-record", "kept")
            require_kept(work, patient_id)
            require_kept(work, kept_id)
            differs = _is_birth_different(work, closed, kept)
            if differs and not birth_confirmed:
                raise clinic_error("birth-differs", "birth_confirmed")
            _refuse_running_session(work, patient_id)
            row = work.new_row(
                PatientLinkRow, patient_id=patient_id, kept_id=kept_id, linked_at=now(), linked_by=work.actor
            )
            work.seal_record(row, LINK_CONTENT, LinkContent(why, differs))
            work.save(row, "patient.linked", kept=f"patient/{kept_id}")
            return _read_link(work, row, is_read=True)

    def undo(self, id: str, reason: str) -> PatientLink:
        """Undo a link that was a mistake: both records are of two persons again; once undone, it stays so.

        Raises
        ------
        InputError : `no-reason`, or `too-long`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row, why = work.get(PatientLinkRow, id), _check_reason(reason)
            if work.find(PatientLinkEndRow, id) is None:
                end = work.new_row(PatientLinkEndRow, id=id, ended_at=now(), ended_by=work.actor)
                work.seal_record(end, LINK_END_CONTENT, LinkEndContent(why))
                work.save(end, "patient.unlinked")
            return _read_link(work, row, is_read=True)

    def find_patient_id(self, id: str) -> str:
        """Return the id of the record that a link closed."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return work.get(PatientLinkRow, id).patient_id

    def of(self, patient_id: str, *, names_hidden: bool = False) -> tuple[PatientLink, ...]:
        """Return all links from or to a record, oldest first, undone ones included.

        Parameters
        ----------
        names_hidden : whether the page shows no names, and so no reasons either.
        """
        table = PatientLinkRow
        is_read = self._access.member.role in allowed_roles(AccessRight.CONTACT) and not names_hidden
        with self._access.reading_row(tables.PatientRow, patient_id, "patient-links.listed") as (work, _):
            sides = (work.rows_of(table, column, patient_id) for column in (table.patient_id, table.kept_id))
            rows = sorted((row for side in sides for row in side), key=lambda row: (row.linked_at, row.id))
            reading, stand_in = partial(_read_link, work, is_read=is_read), partial(_read_link, work, is_read=False)
            return tuple(work.read_each(rows, reading, stand_in))

    def read_person(self, patient_id: str) -> PersonRecords:
        """Return the records of the person of a record."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            work.get(tables.PatientRow, patient_id)
            kept, *closed = list_person_ids(work, patient_id)
            others = (work.get(tables.PatientRow, id) for id in closed if id != patient_id)
            return PersonRecords(
                patient_id,
                work.read_row(PatientRecord, work.get(tables.PatientRow, kept)),
                tuple(work.read_row(PatientRecord, row) for row in sorted(others, key=lambda row: row.created_at)),
            )

    def list_all(self) -> tuple[PatientLink, ...]:
        """Return all links of the clinic, oldest first, undone ones included."""
        with self._access.reading(AccessRight.TRANSFER) as work:
            work.log("patient-links.listed", "patient_link")
            rows = work.rows(PatientLinkRow, order=(PatientLinkRow.linked_at,))
            return tuple(work.read_each(rows, partial(_read_link, work, is_read=True)))

    def list_kept_ids(self) -> Mapping[str, str]:
        """Return the id of the record that is kept in place of each closed one of the clinic."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return kept_ids(work)

    def list_linked(self) -> Mapping[str, tuple[LinkedPatient, ...]]:
        """Return the records to which each record of the clinic has links that were not undone, as exports name them.

        One answer serves all patients of a list, however long it is; a record without links is not in it.
        """
        with self._access.reading_unlogged(AccessRight.READ) as work:
            links = list_open_links(work)
            rows = work.get_many(tables.PatientRow, (id for link in links for id in (link.patient_id, link.kept_id)))
            linked: dict[str, tuple[LinkedPatient, ...]] = {}
            for link in links:
                for id, relation, other in (
                    (link.patient_id, LinkRelation.REPLACED_BY, link.kept_id),
                    (link.kept_id, LinkRelation.REPLACES, link.patient_id),
                ):
                    linked[id] = (*linked.get(id, ()), LinkedPatient(relation, other, rows[other].pseudonym))
            return linked

    def list_replaced(self, kept: Collection[str]) -> Mapping[str, tuple[PatientRecord, ...]]:
        """Return the closed records of the persons of kept ones, by the id of the kept; a list shows both together."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            replaced: dict[str, tuple[PatientRecord, ...]] = {}
            for id, last in kept_ids(work).items():
                if last in kept:
                    patient = work.read_row(PatientRecord, work.get(tables.PatientRow, id))
                    replaced[last] = (*replaced.get(last, ()), patient)
            return replaced

    def has_undone(self) -> bool:
        """Return whether any link of the clinic was undone, so that a plan may rest on records of somebody else."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            return bool(work.newest_rows(PatientLinkEndRow, 1, order=PatientLinkEndRow.ended_at)[0])


def _check_reason(reason: str) -> str:
    plain = check_text(reason, "reason", LONGEST_REASON)
    if not plain:
        raise clinic_error("no-reason", "reason")
    return plain


def _is_birth_different(work: ClinicTransaction, patient: tables.PatientRow, other: tables.PatientRow) -> bool:
    """Return whether two records have different dates of birth, or different years where one has no date."""
    rows = (work.find(tables.ContactRow, each.id) for each in (patient, other))
    days = ["" if row is None else work.open_record(row, CONTACT_DETAILS).get("born", "") for row in rows]
    if all(days):
        return days[0] != days[1]
    years = {each.year_of_birth for each in (patient, other)} - {None}
    return len(years) > 1


def _refuse_running_session(work: ClinicTransaction, patient_id: str) -> None:
    """Raise an error if a session has begun in a record and not ended: its pulses belong into the record first."""
    table, consultation_ids = treatment_tables.TreatmentRow, list_consultation_ids(work, (patient_id,))
    if work.rows(table, table.consultation_id.in_(consultation_ids), table.state == TreatmentState.TREATING.value):
        raise clinic_error("session-running", "patient")


def _read_link(work: ClinicTransaction, row: PatientLinkRow, *, is_read: bool) -> PatientLink:
    content = work.open_record(row, LINK_CONTENT) if is_read else None
    closed, kept = (work.get(tables.PatientRow, id) for id in (row.patient_id, row.kept_id))
    return work.read_row(
        PatientLink,
        row,
        pseudonym=closed.pseudonym,
        kept_pseudonym=kept.pseudonym,
        reason="" if content is None else content.reason,
        birth_confirmed=content is not None and content.birth_confirmed,
        end=_read_end(work, row.id, is_read=is_read),
    )


def _read_end(work: ClinicTransaction, id: str, *, is_read: bool) -> PatientLinkEnd | None:
    row = work.find(PatientLinkEndRow, id)
    if row is None:
        return None
    reason = work.open_record(row, LINK_END_CONTENT).reason if is_read else ""
    return PatientLinkEnd(reason, row.ended_at, work.actor_name(row.ended_by))
