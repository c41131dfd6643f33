"""Read whole dossiers for export, under the pseudonym and without contact details, and import them.

Records from another clinic are imported as a new patient, with their original times, and once: a second patient of the
same person would have half of a history. A consent given elsewhere was to what that clinic explained: it is stored
unchanged, and void. All rows are written in one transaction.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from types import MappingProxyType
from typing import TypeVar

from skinbeam.text import ENGLISH
from skinbeam_clinic.access import AccessRight, require_right
from skinbeam_clinic.audit_log.repository import detail_contains
from skinbeam_clinic.clinic_texts.repository import save_consent_texts
from skinbeam_clinic.consents.repository import VoidReason
from skinbeam_clinic.consultations.repository import (
    ANSWERS_CONTENT,
    ConsultationState,
)
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import ClinicAccess, Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import AuditEntryRow, new_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.database.verification import tables_with
from skinbeam_clinic.documents.attachments import import_attachment
from skinbeam_clinic.documents.notes import import_note
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.follow_ups.repository import mark_reports_copied
from skinbeam_clinic.models import (
    Consent,
    ConsultationContents,
    ConsultationRecord,
    Dossier,
    PatientRecord,
    PlanContents,
    PlanRecord,
)
from skinbeam_clinic.patient_links.person import get_present_patient, list_replaced_ids
from skinbeam_clinic.patients.repository import add_contact, add_patient, find_birth_year, find_owner
from skinbeam_clinic.record_repositories import RecordRepositories
from skinbeam_clinic.test_spots.repository import import_spot

__all__ = ["DossierImporter", "DossierRepository", "read_together"]

Item = TypeVar("Item")

_PATIENTS_READ = 50  # together: more would hardly be faster, and hold more in memory
_OWNING_COLUMNS = ("patient_id", "consultation_id", "plan_id")  # of rows that belong to a patient


def read_together(patients: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Yield the patients of a clinic, or their ids, in parts that are read together."""
    return (patients[first : first + _PATIENTS_READ] for first in range(0, len(patients), _PATIENTS_READ))


class DossierRepository(Repository):
    """The dossiers of a clinic's patients, for reading, and the note of a letter made of one."""

    def __init__(self, access: ClinicAccess) -> None:
        super().__init__(access)
        self._records = RecordRepositories(access)

    def export(self, patient_id: str, file_format: str) -> Dossier:
        """Return everything of a patient for an export; the audit log records the format.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        """
        with self.exporting((patient_id,), file_format) as read:
            return read(patient_id)

    @contextmanager
    def exporting(
        self, patient_ids: Sequence[str], *formats: str, copied: bool = False
    ) -> Iterator[Callable[[str], Dossier]]:
        """Yield what returns everything of one of these patients, as they all are at one moment, for an export.

        The audit log records the formats of each, and what is read of each in an entry of its own.

        Parameters
        ----------
        copied : whether a copy of each is made (`PatientCopyRepository`).

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        """
        with self._access.writing(AccessRight.EXPORT) as work:
            patients = work.get_many(tables.PatientRow, patient_ids)
            for id in patient_ids:
                if id not in patients or patients[id].erased_at is not None:
                    raise clinic_error("absent", "patient")
                for file_format in formats:
                    work.log("record.exported", f"patient/{id}", form=file_format)
                if copied:
                    work.log("copy.made", f"patient/{id}")
            others = list_replaced_ids(work, *patient_ids) if copied else ()
            mark_reports_copied(work, {*patient_ids, *others})

        def read(patient_id: str) -> Dossier:
            self._access.begin_entry()
            return self._build_dossier(patient_id)

        with self._access.reading_one_moment(patient_ids):
            yield read

    def read(self, patient_id: str, what: str, *, pictures: bool = True) -> Dossier:
        """Return everything of a patient for a caller that discloses a part of it, which the audit log names.

        Parameters
        ----------
        pictures : whether photographs are read, too.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        """
        with self._access.reading(AccessRight.READ) as work:
            get_present_patient(work, patient_id)
            work.log("record.read", f"patient/{patient_id}", what=what)
        with self._access.without_entries():
            return self._build_dossier(patient_id, pictures=pictures)

    def note_letter(self, patient_id: str, texts: Sequence[str] = ()) -> None:
        """Note in the audit log that a letter about a patient leaves the clinic; it is not stored.

        Parameters
        ----------
        texts : ids of the versions of the clinic's own texts that it contains.

        Raises
        ------
        DeniedError : the role may not send records to others.
        """
        with self._access.reading(AccessRight.EXPORT) as work:
            work.get(tables.PatientRow, patient_id)
            work.log("letter.made", f"patient/{patient_id}", **({"texts": list(texts)} if texts else {}))

    def find_patient_id(self, id: str) -> str:
        """Return the id of the patient to whom a row of any table belongs."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            for column in _OWNING_COLUMNS:
                for table in tables_with(column):
                    if found := work.find(table, id):
                        return find_owner(work, found)
        raise clinic_error("absent", "record")

    def plans(self, form: str) -> Iterator[Dossier]:
        """Yield every patient with answers, plans, choices and consents; two records of one person as one patient.

        Photographs, reports and signed documents are left out. The audit log records the format of the export.
        """
        with self._access.writing(AccessRight.EXPORT) as work:
            work.log("plans.exported", "plan", form=form)
        return self._read_plans(self._records.patient_links.list_kept_ids())

    def _read_plans(self, closed: Collection[str]) -> Iterator[Dossier]:
        for together in read_together(
            [patient for patient in self._records.patients.list_all() if patient.id not in closed]
        ):
            with self._access.reading_one_moment([patient.id for patient in together]):
                for patient in together:
                    self._access.begin_entry()
                    consultations = self._records.consultations.of_person(patient.id)
                    yield Dossier(patient, tuple(map(self._planned_contents, consultations)))

    def read_replaced(self, patient_id: str) -> tuple[Dossier, ...]:
        """Return everything of the records that were closed as duplicates of a record, for its copy."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            work.get(tables.PatientRow, patient_id)
            closed = list_replaced_ids(work, patient_id)
        return tuple(map(self._build_dossier, closed))

    def _build_dossier(self, patient_id: str, *, pictures: bool = True) -> Dossier:
        patient = self._records.patients.get(patient_id)
        consultations = (
            self._consultation_contents(consultation, pictures=pictures)
            for consultation in self._records.consultations.of(patient_id)
        )
        notes, attachments = self._records.notes.of(patient_id), self._records.attachments.of(patient_id)
        return Dossier(
            patient,
            tuple(consultations),
            self._records.appointments.of(patient_id),
            notes,
            tuple((attachment, None) for attachment in attachments),
            self._records.patient_links.list_linked().get(patient_id, ()),
        )

    def _consultation_contents(self, consultation: ConsultationRecord, *, pictures: bool) -> ConsultationContents:
        records = self._records
        photographs = records.photographs.of(consultation.id) if pictures else ()
        shown = (records.photographs.read_content(photograph.id) for photograph in photographs)
        signed = (
            (consent, None if consent.document is None else records.consents.read_document(consent.id))
            for consent in records.consents.of(consultation.id)
        )
        course = (
            records.treatments.of(consultation.id),
            records.follow_ups.of(consultation.id),
            records.test_spots.list_every(consultation.id),
        )
        diary = records.diaries.of_consultation(consultation.id)
        return ConsultationContents(
            consultation, tuple(shown), self._plans_of(consultation), tuple(signed), *course, diary
        )

    def _planned_contents(self, consultation: ConsultationRecord) -> ConsultationContents:
        consents = tuple((consent, None) for consent in self._records.consents.of(consultation.id))
        course = (self._records.treatments.of(consultation.id), self._records.follow_ups.of(consultation.id))
        return ConsultationContents(consultation, (), self._plans_of(consultation, "plan.json"), consents, *course)

    def _plans_of(self, consultation: ConsultationRecord, *names: str) -> tuple[PlanContents, ...]:
        plans = self._records.plans
        return tuple(
            PlanContents(
                plan,
                {name: plans.read_file(plan.id, name) for name in plan.files if not names or name in names},
                plans.list_choices(plan.id),
            )
            for plan in plans.of(consultation.id)
        )


_IMPORT_ACTION, _PATIENT_IMPORTED = "record.arrived", "patient.arrived"
_MOST_ENTRIES = 1_000_000


class DossierImporter(Repository):
    """Imports dossiers."""

    def import_dossier(self, dossier: Dossier, contact: Mapping[str, str] = MappingProxyType({})) -> PatientRecord:
        """Store a dossier as a new patient under a new pseudonym, with new ids for every row.

        Of a note without words and an attachment without content, as a Bundle names them, nothing is stored.

        Parameters
        ----------
        contact : identity and contact details as they were stored; a date of birth decides the year of birth.

        Raises
        ------
        InputError : `imported-already`, `bad-year`, `too-long`, or settings of a test spot that are invalid in a case
            file.
        """
        if contact:
            require_right(self._access.member.role, AccessRight.CONTACT)
        contents = [content for consultation in dossier.consultations for _, content in consultation.photographs]
        contents += [
            content
            for consultation in dossier.consultations
            for plan in consultation.plans
            for content in plan.files.values()
        ]
        contents += [content for _, content in dossier.attachments if content is not None]
        with self._access.writing_with_files(AccessRight.TREAT, contents) as (work, names):
            _refuse_second_import(work, dossier.patient.id)
            patient = add_patient(work, year_of_birth=find_birth_year(contact) or dossier.patient.year_of_birth)
            work.log(_PATIENT_IMPORTED, f"patient/{patient.id}", source=dossier.patient.id)
            if contact:
                add_contact(work, patient, contact)
            writer = _ConsultationWriter(work, names)
            ids = {
                consultation.consultation.id: writer.consultation(consultation, patient.id)
                for consultation in dossier.consultations
            }
            for note in dossier.notes:
                if note.words:
                    import_note(work, patient.id, note, ids)
            for attachment, content in dossier.attachments:
                if content is not None:
                    import_attachment(work, patient.id, attachment, names[content])
        return patient


def _refuse_second_import(work: ClinicTransaction, source: str) -> None:
    """Raise an error if a patient of the other clinic was imported before, and is still here.

    Parameters
    ----------
    source : the id that the patient has in the other clinic.
    """
    about = (AuditEntryRow.action == _PATIENT_IMPORTED, detail_contains(source))
    for entry in work.entries(*about, limit=_MOST_ENTRIES):
        patient = work.find(tables.PatientRow, entry.subject.removeprefix("patient/"))
        if entry.detail["source"] == source and patient is not None and patient.erased_at is None:
            raise clinic_error("imported-already", "FILE", pseudonym=patient.pseudonym)


class _ConsultationWriter:
    """Writes the rows of a consultation; `files` maps contents to their names in the file store."""

    def __init__(self, work: ClinicTransaction, files: Mapping[bytes, str]) -> None:
        self._work = work
        self._files = files

    def consultation(self, consultation: ConsultationContents, patient_id: str) -> str:
        """Write a consultation with its records, and return its id in this clinic."""
        work, held = self._work, consultation.consultation
        photographs = {photograph.id: new_id() for photograph, _ in consultation.photographs}
        answers = held.answers.rename_photographs(photographs)
        state = (
            ConsultationState.PLANNED if held.state == ConsultationState.AGREED else ConsultationState(held.state)
        )  # consent given elsewhere is void
        row = work.new_row(
            tables.ConsultationRow,
            patient_id=patient_id,
            state=state.value,
            revision=held.revision,
            created_at=held.created_at,
            saved_at=held.saved_at,
            saved_by=work.actor,
        )
        work.seal_record(row, ANSWERS_CONTENT, answers)
        work.save(row, _IMPORT_ACTION)
        for photograph, content in consultation.photographs:
            photograph_row = work.new_row(
                tables.PhotographRow,
                id=photographs[photograph.id],
                consultation_id=row.id,
                file=self._files[content],
                media_type=photograph.media_type,
                added_at=photograph.added_at,
                added_by=work.actor,
                **{f"for_{use}": allowed for use, allowed in asdict(photograph.permissions).items()},
            )
            work.save(photograph_row, _IMPORT_ACTION)
        plans = {photograph_row.plan.id: self._plan(photograph_row, row.id) for photograph_row in consultation.plans}
        for consent, _ in consultation.consents:
            self._consent(consent, plans[consent.plan_id])
        for spot in consultation.test_spots:
            import_spot(work, row.id, spot, photographs)
        return row.id

    def _plan(self, contents: PlanContents, consultation_id: str) -> str:
        work = self._work
        same = {field.name: getattr(contents.plan, field.name) for field in fields(PlanRecord)}
        own = {"id": new_id(), "consultation_id": consultation_id, "made_by": work.actor}
        files = {name: self._files[content] for name, content in contents.files.items()}
        row = work.new_row(tables.PlanRow, **same | own | {"files": files})
        work.save(row, _IMPORT_ACTION, plan_sha256=row.plan_sha256)
        for choice in contents.choices:
            chosen = work.new_row(
                tables.PlanChoiceRow,
                plan_id=row.id,
                option=choice.option,
                made_at=choice.made_at,
                made_by=work.actor,
            )
            work.seal(chosen, "notes_sealed", choice.notes.encode())
            work.save(chosen, _IMPORT_ACTION)
        return row.id

    def _consent(self, consent: Consent, plan_id: str) -> None:
        work = self._work
        row = work.new_row(
            tables.ConsentRow,
            plan_id=plan_id,
            option=consent.option,
            plan_sha256=consent.plan_sha256,
            explained_at=consent.explained_at,
            explained_by=work.actor,
            not_before=consent.not_before,
            signature_kind=consent.signature_kind,
            signed_at=consent.signed_at,
            signed_by=None if consent.signed_at is None else work.actor,
        )
        work.save(row, _IMPORT_ACTION, plan_sha256=row.plan_sha256)
        if consent.language != ENGLISH:
            spoken = work.new_row(tables.ConsentLanguageRow, id=row.id, language=consent.language)
            work.save(spoken, _IMPORT_ACTION, language=consent.language)
        save_consent_texts(work, row.id, consent.texts, _IMPORT_ACTION)
        reason = consent.void_reason or VoidReason.ELSEWHERE.value
        void = work.new_row(
            tables.ConsentVoidRow,
            id=row.id,
            reason=reason,
            voided_at=consent.voided_at or now(),
            voided_by=work.actor,
        )
        work.save(void, _IMPORT_ACTION, reason=reason)
