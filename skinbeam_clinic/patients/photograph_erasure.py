"""Erase one photograph with what was derived from it: for a photograph that does not belong in its record.

Its findings go with it: points and marks of the answers, suggested concerns, plans that it was drawn in, pairs and what
was measured on them. What was recorded beside it stays, and names no photograph any more: entries of a diary, readings
of test spots, grades. A plan to which a consent was signed, or under which test spots were fired, must be kept whole,
and so must its photograph. Where plans, pairs, readings or entries rest on it, whoever may make plans erases it.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import or_

from skinbeam.api.preview import DOCUMENT_FILE
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.repository import ANSWERS_CONTENT, ConsultationState, list_plan_rows
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import ClinicScoped
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import PhotographErasurePreview
from skinbeam_clinic.patients.erasure import delete_with_files, list_with_dependents, remove_unnamed_files
from skinbeam_clinic.test_spots.models import SpotReading
from skinbeam_clinic.test_spots.sealed_content import READINGS_CONTENT, SPOT_CONTENT, ReadingsContent

__all__ = ["PhotographErasureRepository"]


class PhotographErasureRepository(Repository):
    """Erases single photographs of a clinic."""

    def preview(self, id: str) -> PhotographErasurePreview:
        """Return what an erasure of a photograph would take along, and why it is refused, if it is."""
        with self._access.reading_row(tables.PhotographRow, id, "photograph.holdings.seen") as (work, row):
            return self._count_holdings(work, row, self._list_plans(work, row))

    def erase(self, id: str) -> str:
        """Erase a photograph and what was derived from it; return the id of its consultation.

        Raises
        ------
        InputError : `photograph-signed` or `photograph-fired`: a record that must be kept whole rests on it;
            `photograph-used`: a clinician's records do, and the member is none.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(tables.PhotographRow, id)
            consultation_id, plans = row.consultation_id, self._list_plans(work, row)
            if refusal := self._count_holdings(work, row, plans).refusal:
                raise refusal
            pairs = _pair_rows(work, id)
            was_answered = _clear_answers(work, row)
            _detach_rows(work, row)
            derived = [
                *_job_rows(work, row.consultation_id, pairs, of_plans=was_answered or bool(plans)),
                *_suggestion_rows(work, id),
                *_analysis_rows(work, pairs),
                *pairs,
                *list_with_dependents(work, plans),
            ]
            files = delete_with_files(work, derived)
            files |= delete_with_files(work, [row], "photograph.erased")
        remove_unnamed_files(self._access, AccessRight.WRITE, files)
        return consultation_id

    def _count_holdings(
        self, work: ClinicTransaction, row: tables.PhotographRow, plans: Sequence[tables.PlanRow]
    ) -> PhotographErasurePreview:
        read = [reading for _, readings in _list_readings(work, row) for reading in readings]
        preview = PhotographErasurePreview(
            consultation_id=row.consultation_id,
            added_at=row.added_at,
            in_answers=_get_answers(work, row).photo == row.id,
            suggestions=len(_suggestion_rows(work, row.id)),
            plans=len(plans),
            pairs=len(_pair_rows(work, row.id)),
            diary_entries=len(_diary_rows(work, row.id)),
            readings=sum(reading.photograph_id == row.id for reading in read),
            refusal=_find_refusal(work, row, plans),
        )
        is_used = any((preview.plans, preview.pairs, preview.diary_entries, preview.readings))
        if preview.refusal is None and is_used and self._access.member.role not in PERMITTED_ROLES[AccessRight.TREAT]:
            return replace(preview, refusal=clinic_error("photograph-used", "photograph"))
        return preview

    def _list_plans(self, work: ClinicTransaction, row: tables.PhotographRow) -> list[tables.PlanRow]:
        """Return the plans of the consultation that were drawn on this photograph, oldest first."""
        drawn = [plan for plan in list_plan_rows(work, row.consultation_id) if DOCUMENT_FILE in plan.files]
        if not drawn:
            return []
        photo_sha256 = sha256_hex(self._read_file(row.file))
        return [
            plan
            for plan in drawn
            if json.loads(self._read_file(plan.files[DOCUMENT_FILE]))["photo_sha256"] == photo_sha256
        ]

    def _read_file(self, name: str) -> bytes:
        return self._access.database.files.get(self._access.member.clinic_id, name)


def _find_refusal(
    work: ClinicTransaction, row: tables.PhotographRow, plans: Sequence[tables.PlanRow]
) -> InputError | None:
    """Return why a photograph must be kept; None where it need not be. A withdrawn consent was signed, too."""
    names = {plan.id for plan in plans}
    consent = tables.ConsentRow
    signed = work.rows(consent, consent.plan_id.in_(names), consent.signed_at.is_not(None), order=(consent.signed_at,))
    if signed:
        return clinic_error("photograph-signed", "photograph", at=signed[0].signed_at)
    spots = _spot_rows(work, row.consultation_id)
    if any(work.open_record(spot, SPOT_CONTENT).firing.plan_id in names for spot in spots):
        return clinic_error("photograph-fired", "photograph")
    return None


def _get_answers(work: ClinicTransaction, row: tables.PhotographRow) -> Submission:
    return work.open_record(work.get(tables.ConsultationRow, row.consultation_id), ANSWERS_CONTENT)


def _clear_answers(work: ClinicTransaction, row: tables.PhotographRow) -> bool:
    """Remove a photograph from the answers, which become new ones; return whether they had it."""
    answers = _get_answers(work, row)
    if answers.photo != row.id:
        return False
    consultation = work.get(tables.ConsultationRow, row.consultation_id)
    work.seal_record(consultation, ANSWERS_CONTENT, answers.without_photograph())
    if consultation.state != ConsultationState.CLOSED:
        consultation.state = ConsultationState.DRAFT.value
    consultation.revision += 1
    consultation.saved_at, consultation.saved_by = now(), work.actor
    work.save(consultation, "consultation.saved", revision=consultation.revision)
    return True


def _detach_rows(work: ClinicTransaction, row: tables.PhotographRow) -> None:
    """Remove the references to this photograph from diary entries and readings of test spots."""
    for entry in _diary_rows(work, row.id):
        entry.photograph_id = None
        work.save(entry, "photograph.detached")
    for spot, readings in _list_readings(work, row):
        if any(reading.photograph_id == row.id for reading in readings):
            left = (
                replace(reading, photograph_id=None) if reading.photograph_id == row.id else reading
                for reading in readings
            )
            work.seal_record(spot, READINGS_CONTENT, ReadingsContent(tuple(left)))
            work.save(spot, "photograph.detached")


def _list_readings(
    work: ClinicTransaction, row: tables.PhotographRow
) -> list[tuple[treatment_tables.TestSpotRow, tuple[SpotReading, ...]]]:
    """Return the test spots of a photograph's consultation that were read, with their readings."""
    spots = _spot_rows(work, row.consultation_id)
    return [(spot, work.open_record(spot, READINGS_CONTENT).readings) for spot in spots if spot.reading_sealed]


def _spot_rows(work: ClinicTransaction, consultation_id: str) -> list[treatment_tables.TestSpotRow]:
    table = treatment_tables.TestSpotRow
    return work.rows(table, table.consultation_id == consultation_id)


def _diary_rows(work: ClinicTransaction, id: str) -> list[follow_up_tables.DiaryEntryRow]:
    table = follow_up_tables.DiaryEntryRow
    return work.rows(table, table.photograph_id == id)


def _suggestion_rows(work: ClinicTransaction, id: str) -> list[follow_up_tables.SuggestedConcernRow]:
    table = follow_up_tables.SuggestedConcernRow
    return work.rows(table, table.photograph_id == id)


def _pair_rows(work: ClinicTransaction, id: str) -> list[follow_up_tables.PhotographPairRow]:
    table = follow_up_tables.PhotographPairRow
    return work.rows(table, or_(table.before_id == id, table.after_id == id))


def _analysis_rows(
    work: ClinicTransaction, pairs: Sequence[follow_up_tables.PhotographPairRow]
) -> list[follow_up_tables.PairAnalysisRow]:
    table = follow_up_tables.PairAnalysisRow
    return work.rows(table, table.pair_id.in_([pair.id for pair in pairs]))


def _job_rows(
    work: ClinicTransaction,
    consultation_id: str,
    pairs: Sequence[follow_up_tables.PhotographPairRow],
    *,
    of_plans: bool,
) -> list[ClinicScoped]:
    """Return the jobs that compare pairs, and with `of_plans` those that make plans of the consultation."""
    names = {pair.id for pair in pairs}
    return [
        job
        for job in work.rows(tables.JobRow)
        if job.payload.get("pair") in names
        or (of_plans and job.payload.get("consultation") == consultation_id and "revision" in job.payload)
    ]
