"""Store and read adverse events of treatments: kind, grade, source, and resolution."""

import datetime
from collections.abc import Sequence
from dataclasses import replace

from skinbeam.model.vocabulary import vocabulary_table
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import AlarmDecisionRow
from skinbeam_clinic.database.tables import submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.treatments.models import (
    ADVERSE_KINDS,
    AdverseEvent,
    AdverseEventGrade,
    AdverseEventSource,
    TreatmentState,
)
from skinbeam_clinic.treatments.sealed_content import ADVERSE_EVENT_CONTENT, AdverseEventContent

__all__ = ["AdverseEventRepository", "end_treatment", "list_adverse_events", "parse_grade"]

_STOPPING_GRADES = (AdverseEventGrade.SEVERE, AdverseEventGrade.SERIOUS)


def parse_grade(text: str) -> AdverseEventGrade:
    """Return the grade of an adverse event that a form sent.

    Raises
    ------
    InputError : `no-grade`.
    """
    if text not in set(AdverseEventGrade):
        raise clinic_error("no-grade", "grade")
    return AdverseEventGrade(text)


class AdverseEventRepository(Repository):
    """The adverse events of a clinic."""

    def add(
        self,
        treatment_id: str,
        *,
        kind: str,
        grade: AdverseEventGrade,
        source: AdverseEventSource,
        seen_at: datetime.datetime | None = None,
        site: str = "",
        words: str = "",
        form_key: str = "",
        alarm_id: str = "",
    ) -> AdverseEvent:
        """Store an adverse event, by default observed now; a severe one in a session stops the session.

        Parameters
        ----------
        form_key : of the form, so that an event submitted twice is stored once (`submission_id`).
        alarm_id : of the alarm that the event raised in a diary. An alarm has one event, which takes over what is sent
            otherwise before the alarm is decided. Its id is not made from its sealed content: the id of the alarm is no
            secret, so whoever has the database could try what the content may be.

        Raises
        ------
        InputError : `bad-event` (unknown kind or site), `not-yet`, or `too-long`.
        """
        if kind not in ADVERSE_KINDS or (site and site not in vocabulary_table("site")):
            raise clinic_error("bad-event", "kind", hint={"kinds": ", ".join(ADVERSE_KINDS)})
        at = now()
        if seen_at is not None and seen_at > at:
            raise clinic_error("not-yet", "seen_at")
        with self._access.writing(AccessRight.TREAT) as work:
            treatment = work.get(treatment_tables.TreatmentRow, treatment_id)
            content = AdverseEventContent(kind, grade, site, words)
            sealed_content = b"" if alarm_id else ADVERSE_EVENT_CONTENT.to_json(content)
            id = submission_id(alarm_id or form_key, treatment_id, sealed_content)
            table = treatment_tables.AdverseEventRow
            if sent := work.find(table, id):
                if alarm_id and work.find(AlarmDecisionRow, alarm_id) is None:
                    _correct_event(work, sent, content)
                return _read_event(work, sent)
            row = work.new_row(
                table,
                id=id,
                consultation_id=treatment.consultation_id,
                treatment_id=treatment_id,
                source=source.value,
                seen_at=seen_at or at,
                noted_at=at,
                noted_by=work.actor,
            )
            work.seal_record(row, ADVERSE_EVENT_CONTENT, content)
            work.save(row, "adverse-event.added")
            if source is AdverseEventSource.SESSION and grade in _STOPPING_GRADES and treatment.ended_at is None:
                end_treatment(work, treatment, TreatmentState.STOPPED)
            return _read_event(work, row)

    def resolve(self, id: str, *, words: str = "") -> AdverseEvent:
        """Record that an adverse event is over now, and its outcome.

        Raises
        ------
        InputError : `too-long`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(treatment_tables.AdverseEventRow, id)
            if row.resolved_at is None:
                row.resolved_at = now()
                content = work.open_record(row, ADVERSE_EVENT_CONTENT)
                work.seal_record(row, ADVERSE_EVENT_CONTENT, replace(content, resolved=words))
                work.save(row, "adverse-event.resolved")
            return _read_event(work, row)

    def of(self, consultation_id: str) -> tuple[AdverseEvent, ...]:
        """Return the adverse events of a consultation, in the order of observation."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "adverse-events.listed") as (work, _):
            is_of_consultation = treatment_tables.AdverseEventRow.consultation_id == consultation_id
            rows = work.rows(
                treatment_tables.AdverseEventRow, is_of_consultation, order=(treatment_tables.AdverseEventRow.seen_at,)
            )
            return tuple(work.read_each(rows, lambda row: _read_event(work, row)))


def list_adverse_events(work: ClinicTransaction, treatment_ids: Sequence[str]) -> dict[str, tuple[AdverseEvent, ...]]:
    """Return the adverse events of treatments, by their ids and in the order of observation, by one statement."""
    table = treatment_tables.AdverseEventRow
    rows_by_treatment = work.rows_by(table, table.treatment_id, treatment_ids, table.seen_at)
    return {
        id: tuple(work.read_each(rows, lambda row: _read_event(work, row))) for id, rows in rows_by_treatment.items()
    }


def _correct_event(
    work: ClinicTransaction, row: treatment_tables.AdverseEventRow, content: AdverseEventContent
) -> None:
    stored = work.open_record(row, ADVERSE_EVENT_CONTENT)
    corrected = replace(content, resolved=stored.resolved)
    if corrected != stored:
        work.seal_record(row, ADVERSE_EVENT_CONTENT, corrected)
        work.save(row, "adverse-event.corrected")


def end_treatment(work: ClinicTransaction, row: treatment_tables.TreatmentRow, state: TreatmentState) -> None:
    """End a treatment, which is read-only from now on."""
    row.state, row.ended_at, row.ended_by = state.value, now(), work.actor
    work.save(row, f"treatment.{state}")


def _read_event(work: ClinicTransaction, row: treatment_tables.AdverseEventRow) -> AdverseEvent:
    content = work.open_record(row, ADVERSE_EVENT_CONTENT)
    return work.read_row(AdverseEvent, row, source=AdverseEventSource(row.source), **vars(content))
