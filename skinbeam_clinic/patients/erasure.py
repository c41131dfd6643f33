"""Erase a patient's data (the right to erasure), within the retention period of local law.

Identifying data is deleted at once, and future appointments are cancelled. Treatment records are deleted once the
retention period is over; until then they may be used for care alone. The audit log always stays complete: it holds
names of rows and signatures with a key, and no content of any record. Backups made before an erasure still contain the
erased data until they are deleted.

Two records of one person are erased together, from the page of the one that is kept: the right is the person's.
"""

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import InstrumentedAttribute

from skinbeam.text import from_local_time, to_local_time
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.repository import cancel_future_appointments
from skinbeam_clinic.database import follow_up_tables, patient_link_tables, tables, text_tables, treatment_tables
from skinbeam_clinic.database.clinic_access import ClinicAccess, Repository
from skinbeam_clinic.database.columns import clock_jump, now
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicScoped, list_row_files
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.diaries.repository import end_links
from skinbeam_clinic.models import ErasablePatient, ErasurePreview
from skinbeam_clinic.patient_links.person import kept_ids, list_person_ids, require_kept
from skinbeam_clinic.patients.repository import RETENTION_ACTION, next_number

__all__ = ["RETENTION_YEARS", "ErasureRepository", "delete_with_files", "list_with_dependents", "remove_unnamed_files"]

# The default: § 630f (3) BGB in Germany and § 51 (3) ÄrzteG in Austria require ten years.
RETENTION_YEARS = 10
# The tables written after a consultation was saved, each with the column of the time.
_LAST_ENTRY_COLUMNS: tuple[tuple[type[treatment_tables.ConsultationScoped], InstrumentedAttribute[Any]], ...] = (
    (treatment_tables.TestSpotRow, treatment_tables.TestSpotRow.fired_at),
    (treatment_tables.TestSpotRow, treatment_tables.TestSpotRow.read_at),
    (treatment_tables.TreatmentRow, treatment_tables.TreatmentRow.created_at),
    (treatment_tables.TreatmentRow, treatment_tables.TreatmentRow.ended_at),
    (treatment_tables.TreatedAreaRow, treatment_tables.TreatedAreaRow.fired_at),
    (treatment_tables.AdverseEventRow, treatment_tables.AdverseEventRow.noted_at),
    (treatment_tables.AdverseEventRow, treatment_tables.AdverseEventRow.resolved_at),
    (follow_up_tables.DiaryEntryRow, follow_up_tables.DiaryEntryRow.written_at),
    (follow_up_tables.FollowUpRow, follow_up_tables.FollowUpRow.noted_at),
)
_TABLES_WITH_FILES: tuple[type[ClinicScoped], ...] = (
    tables.PhotographRow,
    tables.PlanRow,
    tables.ConsentRow,
    tables.AttachmentRow,
)


class ErasureRepository(Repository):
    """Erases a clinic's patients."""

    def preview(self, patient_id: str, *, retention_years: int) -> ErasurePreview:
        """Return how many records of a patient are stored, and until when an erasure now would have to retain them.

        Raises
        ------
        ReplacedError : the record is closed, since another one of the same person is kept.
        """
        with self._access.reading(AccessRight.ERASE) as work:
            patient = work.get(tables.PatientRow, patient_id)
            require_kept(work, patient_id)
            name, ids = f"patient/{patient_id}", list_person_ids(work, patient_id)
            work.log("patient.holdings.seen", name)
            consultations = work.rows(tables.ConsultationRow, tables.ConsultationRow.patient_id.in_(ids))
            names = [consultation.id for consultation in consultations]
            plans = work.rows(tables.PlanRow, tables.PlanRow.consultation_id.in_(names))
            documents = _document_rows(work, ids)
            until = _retention_end(work, patient, consultations, documents, retention_years)
            asked = work.entries(AuditEntryRow.subject == name, AuditEntryRow.action == RETENTION_ACTION, limit=1)
            return ErasurePreview(
                has_contact=bool(work.get_many(tables.ContactRow, ids)),
                consultations=len(consultations),
                photographs=len(_photograph_rows(work, consultations)),
                plans=len(plans),
                consents=len(work.rows(tables.ConsentRow, tables.ConsentRow.plan_id.in_([plan.id for plan in plans]))),
                treatments=len(
                    work.rows(treatment_tables.TreatmentRow, treatment_tables.TreatmentRow.consultation_id.in_(names))
                ),
                notes=sum(isinstance(document, tables.ClinicalNoteRow) for document in documents),
                attachments=sum(isinstance(document, tables.AttachmentRow) for document in documents),
                retain_until=until,
                requested_at=asked[0].at if asked else None,
            )

    def list_erasable(self, *, retention_years: int, ahead_days: int = 0) -> tuple[ErasablePatient, ...]:
        """Return every patient whose retention period is over, the oldest last entry first, in any of their records.

        Parameters
        ----------
        ahead_days : also those whose period ends within so many days.
        """
        with self._access.reading(AccessRight.ERASE) as work:
            work.log("patients.due.listed", "patient")
            at, found = now() - clock_jump(), []
            last, kept = _last_entries(work), kept_ids(work)
            for id, person in kept.items():
                if id in last:
                    last[person] = max(last[id], last.get(person, last[id]))
            for patient in work.rows(tables.PatientRow, tables.PatientRow.erased_at.is_(None)):
                if patient.id in kept:
                    continue
                latest = last.get(patient.id, patient.created_at)
                until = _add_years(latest, retention_years)
                if until <= at + datetime.timedelta(days=ahead_days):
                    found.append(ErasablePatient(patient.id, patient.pseudonym, latest, until, is_due=until <= at))
            return tuple(sorted(found, key=lambda erasable: (erasable.last_entry, erasable.id)))

    def erase(self, patient_id: str, *, retention_years: int) -> datetime.datetime | None:
        """Erase a patient's data as far as the law allows; return until when the rest is retained, None without a rest.

        Parameters
        ----------
        retention_years : years after the last entry for which local law requires treatment records to be retained.

        Raises
        ------
        ReplacedError : the record is closed, since another one of the same person is kept.
        """
        with self._access.writing(AccessRight.ERASE) as work:
            patient = work.get(tables.PatientRow, patient_id)
            require_kept(work, patient_id)
            ids = list_person_ids(work, patient_id)
            for contact in work.get_many(tables.ContactRow, ids).values():
                work.delete(contact, "contact.erased")
            patients = [work.get(tables.PatientRow, id) for id in ids]
            consultations = work.rows(tables.ConsultationRow, tables.ConsultationRow.patient_id.in_(ids))
            documents = _document_rows(work, ids)
            until = _retention_end(work, patient, consultations, documents, retention_years)
            if until is not None:
                for id in ids:
                    cancel_future_appointments(work, id)
                end_links(work, [consultation.id for consultation in consultations])
                for photograph in _photograph_rows(work, consultations):
                    photograph.for_teaching = photograph.for_publication = False
                    work.save(photograph, "photograph.permitted")
                for row in patients:
                    row.pseudonym = next_number(work)  # the earlier one may identify the person
                    work.save(row, "patient.renamed")
                    work.log(RETENTION_ACTION, f"patient/{row.id}", until=until.isoformat())
                return until
            files = _delete_rows(work, ids, consultations, documents)
            for row in patients:
                row.pseudonym, row.year_of_birth, row.erased_at = f"erased {row.id}", None, now()
                work.save(row, "patient.erased")
        remove_unnamed_files(self._access, AccessRight.ERASE, files)
        return None


def delete_with_files(work: ClinicTransaction, rows: Sequence[ClinicScoped], action: str = "erased") -> set[str]:
    """Delete rows, and return the files that they named, for `remove_unnamed_files` once the rows are gone.

    Parameters
    ----------
    rows : each before those that it refers to.
    """
    files = {name for row in rows for name in list_row_files(row)}
    for row in rows:
        work.delete(row, action)
    return files


def remove_unnamed_files(access: ClinicAccess, right: AccessRight, files: Collection[str]) -> None:
    """Remove those of these files that no row names.

    It has a transaction of its own: files go after the rows are gone for good, and while nobody can write another row
    that names the same content.
    """
    if not files:
        return
    with access.writing(right) as work:
        named = {name for table in _TABLES_WITH_FILES for row in work.rows(table) for name in list_row_files(row)}
        for name in set(files) - named:
            access.database.files.remove(access.member.clinic_id, name)


def list_with_dependents(work: ClinicTransaction, plans: Sequence[tables.PlanRow]) -> list[ClinicScoped]:
    """Return plans with their choices and consents, each row before those that it refers to."""
    names = [plan.id for plan in plans]
    consents = work.rows(tables.ConsentRow, tables.ConsentRow.plan_id.in_(names))
    agreed = [consent.id for consent in consents]
    return [
        *work.rows(tables.ConsentLanguageRow, tables.ConsentLanguageRow.id.in_(agreed)),
        *work.rows(text_tables.ConsentTextRow, text_tables.ConsentTextRow.consent_id.in_(agreed)),
        *work.rows(tables.ConsentVoidRow, tables.ConsentVoidRow.id.in_(agreed)),
        *work.rows(tables.TellBackRow, tables.TellBackRow.consent_id.in_(agreed)),
        *consents,
        *work.rows(tables.PlanChoiceRow, tables.PlanChoiceRow.plan_id.in_(names)),
        *plans,
    ]


_DocumentRow = tables.ClinicalNoteRow | tables.AttachmentRow


def _document_rows(work: ClinicTransaction, ids: Sequence[str]) -> list[_DocumentRow]:
    """Return the notes and attachments of a patient, which are records of treatment as much as what was filled in."""
    notes = work.rows(tables.ClinicalNoteRow, tables.ClinicalNoteRow.patient_id.in_(ids))
    return [*notes, *work.rows(tables.AttachmentRow, tables.AttachmentRow.patient_id.in_(ids))]


def _link_rows(work: ClinicTransaction, ids: Sequence[str]) -> list[ClinicScoped]:
    """Return the links between records of a patient and their ends, undone ones too: a reason may name the person."""
    table = patient_link_tables.PatientLinkRow
    links = work.rows(table, or_(table.patient_id.in_(ids), table.kept_id.in_(ids)))
    return [*work.get_many(patient_link_tables.PatientLinkEndRow, [row.id for row in links]).values(), *links]


def _made_at(document: _DocumentRow) -> datetime.datetime:
    return document.noted_at if isinstance(document, tables.ClinicalNoteRow) else document.added_at


def _retention_end(
    work: ClinicTransaction,
    patient: tables.PatientRow,
    consultations: list[tables.ConsultationRow],
    documents: list[_DocumentRow],
    keep_years: int,
) -> datetime.datetime | None:
    """Return until when treatment records must be retained, counted from the last entry; None if none must be."""
    names = [consultation.id for consultation in consultations]
    after = [
        at
        for table, moment in _LAST_ENTRY_COLUMNS
        for at in work.newest_moments(table, moment, table.consultation_id.in_(names)).values()
    ]
    saved = [*after, *(consultation.saved_at for consultation in consultations), *map(_made_at, documents)]
    until = _add_years(max(saved, default=patient.created_at), keep_years)
    return until if saved and until > now() - clock_jump() else None


def _add_years(moment: datetime.datetime, years: int) -> datetime.datetime:
    """Return the same day and time of the clinic's clocks so many years later; of a 29 February, else the 1 March.

    Where the later year has no 29 February the period ends on the day after, so that nothing is erased too early; a
    time that clocks skip when summer time begins is an hour later, for the same reason.
    """
    shown = to_local_time(moment).replace(tzinfo=None)  # the later day may be in winter and the first in summer
    try:
        later = shown.replace(year=shown.year + years)
    except ValueError:
        later = shown.replace(year=shown.year + years, month=3, day=1)
    try:
        return from_local_time(later)
    except ValueError:
        return from_local_time(later + datetime.timedelta(hours=1))


def _last_entries(work: ClinicTransaction) -> dict[str, datetime.datetime]:
    """Return the time of the last entry for each patient with a record, by the id of the patient."""
    after = [work.newest_moments(table, moment) for table, moment in _LAST_ENTRY_COLUMNS]
    last: dict[str, datetime.datetime] = {}
    table = tables.ConsultationRow
    for id, patient_id, saved_at in work.read_columns(table, table.id, table.patient_id, table.saved_at):
        known = [last[patient_id]] if patient_id in last else []
        last[patient_id] = max([saved_at, *known, *(moments[id] for moments in after if id in moments)])
    note, attachment = tables.ClinicalNoteRow, tables.AttachmentRow
    for patient_id, made_at in (
        *work.read_columns(note, note.patient_id, note.noted_at),
        *work.read_columns(attachment, attachment.patient_id, attachment.added_at),
    ):
        last[patient_id] = max(made_at, last.get(patient_id, made_at))
    return last


def _photograph_rows(
    work: ClinicTransaction, consultations: list[tables.ConsultationRow]
) -> list[tables.PhotographRow]:
    return work.rows(
        tables.PhotographRow,
        tables.PhotographRow.consultation_id.in_([consultation.id for consultation in consultations]),
    )


def _delete_rows(
    work: ClinicTransaction,
    ids: Sequence[str],
    consultations: list[tables.ConsultationRow],
    documents: list[_DocumentRow],
) -> set[str]:
    """Delete appointments, notes, attachments, links of records, and consultations with all dependent rows.

    Return their files that nothing else names.
    """
    plans = work.rows(
        tables.PlanRow, tables.PlanRow.consultation_id.in_([consultation.id for consultation in consultations])
    )
    of_these = {consultation.id for consultation in consultations}
    after = [
        row
        for kind in follow_up_tables.CONSULTATION_TABLES
        for row in work.rows(kind, kind.consultation_id.in_(of_these))
    ]
    jobs = [job for job in work.rows(tables.JobRow) if job.payload.get("consultation") in of_these]
    rows: list[ClinicScoped] = [
        *jobs,
        *documents,
        *after,
        *work.rows(
            treatment_tables.AppointmentReminderRow, treatment_tables.AppointmentReminderRow.patient_id.in_(ids)
        ),
        *work.rows(treatment_tables.AppointmentRow, treatment_tables.AppointmentRow.patient_id.in_(ids)),
        *_link_rows(work, ids),
        *list_with_dependents(work, plans),
        *_photograph_rows(work, consultations),
        *consultations,
    ]
    return delete_with_files(work, rows)
