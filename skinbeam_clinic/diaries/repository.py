"""Store and read diaries for the clinic: links for patients, entries and their reading, and alarms."""

import datetime

from sqlalchemy import ColumnElement

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.accounts.tokens import hash_token, random_token
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.database.transaction import ClinicAccess, ClinicTransaction
from skinbeam_clinic.database.treatment_tables import AdverseEventRow
from skinbeam_clinic.diaries.models import (
    Alarm,
    AlarmCount,
    DiaryEntry,
    DiaryLink,
    DiaryNote,
    DiarySubject,
    NewDiaryLink,
    UnreadEntries,
)
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.queue import ALARM_JOB, FAILED, OPEN_STATES, read_job
from skinbeam_clinic.models import NO_PROGRESS, Job

__all__ = [
    "NOTE_CONTENT",
    "AlarmRepository",
    "DiaryRepository",
    "end_links",
    "is_course_stopped",
    "read_entry",
]

NOTE_CONTENT = SealedRecord(DiaryNote, follow_up_tables.DiaryEntryRow.entry_sealed)


class DiaryRepository:
    """The diaries of a clinic's treatments."""

    def __init__(self, access: ClinicAccess) -> None:
        self._access = access

    def get_subject(self, treatment_id: str) -> DiarySubject:
        """Return the patient and the treatment of a diary.

        Raises
        ------
        AbsentError : this clinic has no such treatment.
        """
        with self._access.reading(AccessRight.READ) as work:
            row = work.get(treatment_tables.TreatmentRow, treatment_id)
            patient = work.get(tables.PatientRow, work.get(tables.ConsultationRow, row.consultation_id).patient_id)
            work.log("treatment.seen", f"treatment/{treatment_id}")
            work.log("patient.seen", f"patient/{patient.id}")
            return DiarySubject(
                treatment_id=row.id,
                consultation_id=row.consultation_id,
                patient_id=patient.id,
                pseudonym=patient.pseudonym,
                plan_id=row.plan_id,
                option=row.option,
                number=row.number,
                started_at=row.started_at,
            )

    def create_link(self, treatment_id: str, *, language: str, until: datetime.datetime) -> NewDiaryLink:
        """Create a link to the diary of a treatment, which ends the earlier one; its token is returned only this once.

        Raises
        ------
        AbsentError : this clinic has no such treatment.
        InputError : `not-begun`: the treatment has not begun.
        """
        token = random_token()
        with self._access.writing(AccessRight.WRITE) as work:
            treatment = work.get(treatment_tables.TreatmentRow, treatment_id)
            if treatment.started_at is None:
                raise clinic_error("not-begun", "treatment")
            end_links(work, [treatment.consultation_id], treatment_id)
            row = follow_up_tables.DiaryLinkRow(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=treatment.consultation_id,
                treatment_id=treatment.id,
                token_hash=hash_token(token),
                language=language,
                until=until,
                made_at=now(),
                made_by=work.actor,
            )
            work.save(row, "diary-link.made")
            return NewDiaryLink(_read_link(work, row), token)

    def end_link(self, treatment_id: str) -> None:
        """End the link to the diary of a treatment; without a link, do nothing."""
        with self._access.writing(AccessRight.WRITE) as work:
            treatment = work.get(treatment_tables.TreatmentRow, treatment_id)
            end_links(work, [treatment.consultation_id], treatment_id)

    def list_links(self, treatment_id: str) -> tuple[DiaryLink, ...]:
        """Return all links to the diary of a treatment, oldest first."""
        with self._access.reading(AccessRight.READ) as work:
            work.get(treatment_tables.TreatmentRow, treatment_id)
            work.log("diary-links.listed", f"treatment/{treatment_id}")
            mine = follow_up_tables.DiaryLinkRow.treatment_id == treatment_id
            rows = work.rows(follow_up_tables.DiaryLinkRow, mine, order=(follow_up_tables.DiaryLinkRow.made_at,))
            return tuple(_read_link(work, row) for row in rows)

    def of(self, treatment_id: str) -> tuple[DiaryEntry, ...]:
        """Return the entries of a diary, sorted by day and then by the time of writing."""
        with self._access.reading(AccessRight.READ) as work:
            work.get(treatment_tables.TreatmentRow, treatment_id)
            work.log("diary.seen", f"treatment/{treatment_id}")
            table = follow_up_tables.DiaryEntryRow
            rows = work.rows(table, table.treatment_id == treatment_id, order=(table.day, table.written_at))
            return tuple(read_entry(work, row) for row in rows)

    def of_consultation(self, consultation_id: str) -> tuple[DiaryEntry, ...]:
        """Return the entries of all diaries of a consultation, sorted by the time of writing."""
        with self._access.reading(AccessRight.READ) as work:
            work.get(tables.ConsultationRow, consultation_id)
            work.log("diary.seen", f"consultation/{consultation_id}")
            table = follow_up_tables.DiaryEntryRow
            rows = work.rows(table, table.consultation_id == consultation_id, order=(table.written_at,))
            return tuple(read_entry(work, row) for row in rows)

    def mark_read(self, treatment_id: str) -> None:
        """Mark the unread entries of a diary as read by the acting member."""
        with self._access.writing(AccessRight.WRITE) as work:
            work.get(treatment_tables.TreatmentRow, treatment_id)
            for row in _find_unread(work, follow_up_tables.DiaryEntryRow.treatment_id == treatment_id):
                reading = follow_up_tables.DiaryReadingRow(clinic_id=work.clinic_id, id=row.id, entry_id=row.id)
                reading.consultation_id, reading.read_at, reading.read_by = row.consultation_id, now(), work.actor
                work.save(reading, "diary.read")

    def list_unread(self) -> tuple[UnreadEntries, ...]:
        """Return the diaries with unread entries, the longest unread first."""
        with self._access.reading(AccessRight.READ) as work:
            work.log("diaries.listed", "diary_entry")
            found: dict[str, list[follow_up_tables.DiaryEntryRow]] = {}
            for row in _find_unread(work):
                found.setdefault(row.treatment_id, []).append(row)
            return tuple(sorted((_group_unread(work, rows) for rows in found.values()), key=lambda one: one.since))


def end_links(work: ClinicTransaction, consultations: list[str], treatment_id: str | None = None) -> None:
    """End the open links to the diaries of consultations, or of one treatment only."""
    table = follow_up_tables.DiaryLinkRow
    mine = () if treatment_id is None else (table.treatment_id == treatment_id,)
    for row in work.rows(table, table.consultation_id.in_(consultations), table.ended_at.is_(None), *mine):
        row.ended_at = now()
        work.save(row, "diary-link.ended")


def read_entry(work: ClinicTransaction, row: follow_up_tables.DiaryEntryRow) -> DiaryEntry:
    """Return the entry of a row."""
    readings = work.rows(follow_up_tables.DiaryReadingRow, follow_up_tables.DiaryReadingRow.id == row.id)
    return DiaryEntry(
        id=row.id,
        treatment_id=row.treatment_id,
        day=row.day,
        note=work.open_record(row, NOTE_CONTENT),
        photograph_id=row.photograph_id,
        written_at=row.written_at,
        read_at=readings[0].read_at if readings else None,
        read_by=work.actor_name(readings[0].read_by) if readings else None,
    )


def _find_unread(work: ClinicTransaction, *conditions: ColumnElement[bool]) -> list[follow_up_tables.DiaryEntryRow]:
    table = follow_up_tables.DiaryEntryRow
    read = {
        id for id, _ in work.list_names(follow_up_tables.DiaryReadingRow, follow_up_tables.DiaryReadingRow.entry_id)
    }
    return [row for row in work.rows(table, *conditions, order=(table.written_at,)) if row.id not in read]


def _group_unread(work: ClinicTransaction, rows: list[follow_up_tables.DiaryEntryRow]) -> UnreadEntries:
    consultation = work.get(tables.ConsultationRow, rows[0].consultation_id)
    patient = work.get(tables.PatientRow, consultation.patient_id)
    work.log("diary.unread.seen", f"patient/{patient.id}")
    questions = sum(bool(read_entry(work, row).note.question) for row in rows)
    return UnreadEntries(rows[0].treatment_id, patient.pseudonym, len(rows), questions, rows[0].written_at)


def _read_link(work: ClinicTransaction, row: follow_up_tables.DiaryLinkRow) -> DiaryLink:
    return DiaryLink(
        id=row.id,
        treatment_id=row.treatment_id,
        language=row.language,
        expires_at=row.until,
        created_at=row.made_at,
        created_by=work.actor_name(row.made_by),
        ended_at=row.ended_at,
    )


# Alarms of diaries: a member answers at once, and a clinician assesses the alarm later.
#
# A patient's description is no diagnosis. Until a clinician has decided, the course of a consultation is stopped: an
# alarm that was answered by telephone may still be a burn.

_LONGEST_ANSWER = 2000  # characters of an answer or a reason
_DELIVERY_LIMIT = datetime.timedelta(minutes=2)


class AlarmRepository:
    """The alarms of a clinic."""

    def __init__(self, access: ClinicAccess) -> None:
        self._access = access

    def count(self) -> AlarmCount:
        """Return the count of unanswered alarms, which every page displays; it identifies no patient."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            table = follow_up_tables.AlarmRow
            waiting = work.rows(table, table.answered_at.is_(None), order=(table.raised_at,))
            since = waiting[0].raised_at if waiting else None
            return AlarmCount(len(waiting), since, bool(waiting) and _has_unsent(work, {one.id for one in waiting}))

    def list_open(self) -> tuple[Alarm, ...]:
        """Return the alarms that await an answer or a decision, oldest first."""
        with self._access.reading(AccessRight.READ) as work:
            work.log("alarms.listed", "alarm")
            decided = {
                id
                for id, _ in work.list_names(
                    follow_up_tables.AlarmDecisionRow, follow_up_tables.AlarmDecisionRow.alarm_id
                )
            }
            rows = work.rows(follow_up_tables.AlarmRow, order=(follow_up_tables.AlarmRow.raised_at,))
            return tuple(
                _read_logged_alarm(work, row) for row in rows if row.answered_at is None or row.id not in decided
            )

    def of_consultation(self, consultation_id: str) -> tuple[Alarm, ...]:
        """Return the alarms of the diaries of a consultation, oldest first."""
        with self._access.reading(AccessRight.READ) as work:
            work.get(tables.ConsultationRow, consultation_id)
            work.log("alarms.listed", f"consultation/{consultation_id}")
            table = follow_up_tables.AlarmRow
            rows = work.rows(table, table.consultation_id == consultation_id, order=(table.raised_at,))
            return tuple(_read_logged_alarm(work, row) for row in rows)

    def get(self, id: str) -> Alarm:
        """Return an alarm.

        Raises
        ------
        AbsentError : this clinic has no such record.
        """
        with self._access.reading(AccessRight.READ) as work:
            return _read_logged_alarm(work, work.get(follow_up_tables.AlarmRow, id))

    def answer(self, id: str, text: str) -> Alarm:
        """Store the answer to an alarm: what was done, by which member, and when.

        Raises
        ------
        AbsentError : this clinic has no such record.
        InputError : `no-words`, `too-long`, or `answered-already`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(follow_up_tables.AlarmRow, id)
            if row.answered_at is not None:
                raise clinic_error(
                    "answered-already", "alarm", by=work.actor_name(row.answered_by or ""), at=row.answered_at
                )
            work.seal(row, "answer_sealed", _encode_words(text, "done"))
            row.answered_at, row.answered_by = now(), work.actor
            work.save(row, "alarm.answered")
            return _read_alarm(work, row)

    def decide(self, id: str, reason: str, *, adverse_event_id: str | None) -> Alarm:
        """Store a clinician's decision about an alarm, after which the course may continue if the adverse event allows.

        Parameters
        ----------
        adverse_event_id : the event that caused the alarm; None where there was none.

        Raises
        ------
        AbsentError : this clinic has no such alarm or event.
        InputError : `not-answered`, `no-words`, `too-long`, or `decided-already`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            alarm = work.get(follow_up_tables.AlarmRow, id)
            if alarm.answered_at is None:
                raise clinic_error("not-answered", "alarm")
            if known := work.rows(follow_up_tables.AlarmDecisionRow, follow_up_tables.AlarmDecisionRow.id == id):
                by, at = work.actor_name(known[0].decided_by), known[0].decided_at
                raise clinic_error("decided-already", "alarm", by=by, at=at)
            row = follow_up_tables.AlarmDecisionRow(clinic_id=work.clinic_id, id=id, alarm_id=id)
            row.consultation_id, row.adverse_event_id = alarm.consultation_id, adverse_event_id
            if adverse_event_id is not None:
                work.get(AdverseEventRow, adverse_event_id)
            work.seal(row, "reason_sealed", _encode_words(reason, "reason"))
            row.decided_at, row.decided_by = now(), work.actor
            work.save(row, "alarm.decided")
            return _read_alarm(work, alarm)

    def is_course_stopped(self, consultation_id: str) -> bool:
        """Return whether an alarm stops the course of a consultation until a clinician has decided."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            work.get(tables.ConsultationRow, consultation_id)
            return is_course_stopped(work, consultation_id)


def is_course_stopped(work: ClinicTransaction, consultation_id: str) -> bool:
    """Return whether an alarm of a consultation awaits a clinician's decision."""
    mine = follow_up_tables.AlarmRow.consultation_id == consultation_id
    decided = follow_up_tables.AlarmDecisionRow.consultation_id == consultation_id
    return len(work.rows(follow_up_tables.AlarmRow, mine)) > len(work.rows(follow_up_tables.AlarmDecisionRow, decided))


def _has_unsent(work: ClinicTransaction, alarm_ids: set[str]) -> bool:
    """Return whether a notification was not delivered: its last attempt failed, or there was none for minutes."""
    jobs = work.rows(tables.JobRow, tables.JobRow.kind == ALARM_JOB, tables.JobRow.state.in_((*OPEN_STATES, FAILED)))
    return any(_is_stuck(read_job(work, job)) for job in jobs if job.payload["alarm"] in alarm_ids)


def _is_stuck(job: Job) -> bool:
    return job.progress.fault is not None or (job.progress == NO_PROGRESS and now() - job.created_at > _DELIVERY_LIMIT)


def _encode_words(words: str, field: str) -> bytes:
    if not words.strip():
        raise clinic_error("no-words", field)
    if len(words) > _LONGEST_ANSWER:
        raise clinic_error("too-long", field, hint={"longest": _LONGEST_ANSWER})
    return words.strip().encode()


def _read_logged_alarm(work: ClinicTransaction, row: follow_up_tables.AlarmRow) -> Alarm:
    alarm = _read_alarm(work, row)
    work.log("alarm.seen", f"patient/{alarm.patient_id}", alarm=alarm.id)
    return alarm


def _read_alarm(work: ClinicTransaction, row: follow_up_tables.AlarmRow) -> Alarm:
    patient = work.get(tables.PatientRow, work.get(tables.ConsultationRow, row.consultation_id).patient_id)
    decisions = work.rows(follow_up_tables.AlarmDecisionRow, follow_up_tables.AlarmDecisionRow.id == row.id)
    decision = decisions[0] if decisions else None
    return Alarm(
        id=row.id,
        consultation_id=row.consultation_id,
        patient_id=patient.id,
        pseudonym=patient.pseudonym,
        entry=read_entry(work, work.get(follow_up_tables.DiaryEntryRow, row.entry_id)),
        raised_at=row.raised_at,
        answered_at=row.answered_at,
        answered_by=None if row.answered_by is None else work.actor_name(row.answered_by),
        answer="" if row.answer_sealed is None else work.open(row, "answer_sealed").decode(),
        decided_at=None if decision is None else decision.decided_at,
        decided_by=None if decision is None else work.actor_name(decision.decided_by),
        reason="" if decision is None else work.open(decision, "reason_sealed").decode(),
        adverse_event_id=None if decision is None else decision.adverse_event_id,
    )
