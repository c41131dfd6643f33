"""Store and read diaries for the clinic: links for patients, entries and their reading, and alarms."""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, exists, or_

from skinbeam.course.recovery import PAIN_RANGE, REDNESS_GRADES
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.accounts.tokens import hash_token, random_token
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.transaction import ClinicTransaction
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
from skinbeam_clinic.patient_links.person import find_kept_owners, find_kept_patients, kept_ids

__all__ = [
    "NOTE_CONTENT",
    "AlarmRepository",
    "DiaryRepository",
    "end_links",
    "is_course_stopped",
    "list_stopped_courses",
]

NOTE_CONTENT = SealedRecord(DiaryNote, follow_up_tables.DiaryEntryRow.entry_sealed)


class DiaryRepository(Repository):
    """The diaries of a clinic's treatments."""

    def get_subject(self, treatment_id: str) -> DiarySubject:
        """Return the patient and the treatment of a diary."""
        with self._access.reading(AccessRight.READ) as work:
            row = work.get(treatment_tables.TreatmentRow, treatment_id)
            patient = work.get(tables.PatientRow, work.get(tables.ConsultationRow, row.consultation_id).patient_id)
            work.log("treatment.seen", f"treatment/{treatment_id}")
            work.log("patient.seen", f"patient/{patient.id}")
            about = {"treatment_id": row.id, "patient_id": patient.id, "pseudonym": patient.pseudonym}
            return work.read_row(DiarySubject, row, **about)

    def create_link(self, treatment_id: str, *, language: str, until: datetime.datetime) -> NewDiaryLink:
        """Create a link to the diary of a treatment, which ends the earlier one; its token is returned only this once.

        Raises
        ------
        InputError : `not-begun`: the treatment has not begun.
        """
        token = random_token()
        with self._access.writing(AccessRight.WRITE) as work:
            treatment = work.get(treatment_tables.TreatmentRow, treatment_id)
            if treatment.started_at is None:
                raise clinic_error("not-begun", "treatment")
            end_links(work, [treatment.consultation_id], treatment_id)
            row = work.new_row(
                follow_up_tables.DiaryLinkRow,
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
        with self._access.reading_row(treatment_tables.TreatmentRow, treatment_id, "diary-links.listed") as (work, _):
            is_of_treatment = follow_up_tables.DiaryLinkRow.treatment_id == treatment_id
            rows = work.rows(
                follow_up_tables.DiaryLinkRow, is_of_treatment, order=(follow_up_tables.DiaryLinkRow.made_at,)
            )
            return tuple(_read_link(work, row) for row in rows)

    def of(self, treatment_id: str) -> tuple[DiaryEntry, ...]:
        """Return the entries of a diary, sorted by day and then by the time of writing."""
        with self._access.reading_row(treatment_tables.TreatmentRow, treatment_id, "diary.seen") as (work, _):
            table = follow_up_tables.DiaryEntryRow
            rows = work.rows(table, table.treatment_id == treatment_id, order=(table.day, table.written_at))
            return tuple(_read_entries(work, rows))

    def of_consultation(self, consultation_id: str) -> tuple[DiaryEntry, ...]:
        """Return the entries of all diaries of a consultation, sorted by the time of writing."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "diary.seen") as (work, _):
            table = follow_up_tables.DiaryEntryRow
            rows = work.rows_of(table, table.consultation_id, consultation_id, table.written_at)
            return tuple(_read_entries(work, rows))

    def mark_read(self, treatment_id: str) -> None:
        """Mark the unread entries of a diary as read by the acting member."""
        with self._access.writing(AccessRight.WRITE) as work:
            work.get(treatment_tables.TreatmentRow, treatment_id)
            for row in _find_unread(work, follow_up_tables.DiaryEntryRow.treatment_id == treatment_id):
                reading = work.new_row(follow_up_tables.DiaryReadingRow, id=row.id, entry_id=row.id)
                reading.consultation_id, reading.read_at, reading.read_by = row.consultation_id, now(), work.actor
                work.save(reading, "diary.read")

    def list_unread(self, limit: int) -> tuple[tuple[UnreadEntries, ...], int]:
        """Return the diaries with unread entries that have been unread longest, and the number of all of them."""
        with self._access.reading(AccessRight.READ) as work:
            work.log("diaries.listed", "diary_entry")
            table = follow_up_tables.DiaryEntryRow
            waiting = work.oldest_moments(table, table.treatment_id, table.written_at, _is_unread())
            unread: dict[str, list[follow_up_tables.DiaryEntryRow]] = {id: [] for id in list(waiting)[:limit]}
            for row in _find_unread(work, table.treatment_id.in_(unread)):
                unread[row.treatment_id].append(row)
            patients = find_kept_patients(work, (rows[0].consultation_id for rows in unread.values()))
            diaries = (_group_unread(work, rows, patients[rows[0].consultation_id]) for rows in unread.values())
            return tuple(diaries), len(waiting)


def end_links(work: ClinicTransaction, consultations: list[str], treatment_id: str | None = None) -> None:
    """End the open links to the diaries of consultations, or of one treatment only."""
    table = follow_up_tables.DiaryLinkRow
    is_of_treatment = () if treatment_id is None else (table.treatment_id == treatment_id,)
    work.end_rows(table, "diary-link.ended", table.consultation_id.in_(consultations), *is_of_treatment)


def _read_entries(work: ClinicTransaction, rows: Sequence[follow_up_tables.DiaryEntryRow]) -> list[DiaryEntry]:
    """Return the entries of rows, in their order; a bounded number of statements, however many there are."""
    readings = work.get_many(follow_up_tables.DiaryReadingRow, (row.id for row in rows))
    names = work.actor_names(reading.read_by for reading in readings.values())

    def read(row: follow_up_tables.DiaryEntryRow) -> DiaryEntry:
        return _read_entry(work, row, work.open_record(row, NOTE_CONTENT), readings.get(row.id), names)

    def stand_in(row: follow_up_tables.DiaryEntryRow) -> DiaryEntry:
        return _read_entry(work, row, _NO_NOTE, readings.get(row.id), names)

    return list(work.read_each(rows, read, stand_in))


# In place of a note that cannot be read: it says nothing, and pages show none of it.
_NO_NOTE = DiaryNote(pain=PAIN_RANGE[0], redness=REDNESS_GRADES[0], signs=(), question="")


def _read_entry(
    work: ClinicTransaction,
    row: follow_up_tables.DiaryEntryRow,
    note: DiaryNote,
    reading: follow_up_tables.DiaryReadingRow | None,
    names: Mapping[str, str],
) -> DiaryEntry:
    return work.read_row(
        DiaryEntry,
        row,
        note=note,
        read_at=None if reading is None else reading.read_at,
        read_by=None if reading is None else names[reading.read_by],
    )


def _find_unread(work: ClinicTransaction, *conditions: ColumnElement[bool]) -> list[follow_up_tables.DiaryEntryRow]:
    table = follow_up_tables.DiaryEntryRow
    return work.rows(table, _is_unread(), *conditions, order=(table.written_at,))


def _is_unread() -> ColumnElement[bool]:
    table, reading = follow_up_tables.DiaryEntryRow, follow_up_tables.DiaryReadingRow
    return ~exists().where(reading.clinic_id == table.clinic_id, reading.id == table.id)


def _group_unread(
    work: ClinicTransaction, rows: list[follow_up_tables.DiaryEntryRow], patient: tables.PatientRow
) -> UnreadEntries:
    work.log("diary.unread.seen", f"patient/{patient.id}")
    notes = work.read_each(rows, lambda row: work.open_record(row, NOTE_CONTENT))
    questions = sum(bool(note.question) for note in notes)
    return UnreadEntries(rows[0].treatment_id, patient.id, patient.pseudonym, len(rows), questions, rows[0].written_at)


def _read_link(work: ClinicTransaction, row: follow_up_tables.DiaryLinkRow) -> DiaryLink:
    by = work.actor_name(row.made_by)
    return work.read_row(DiaryLink, row, expires_at=row.until, created_at=row.made_at, created_by=by)


# Alarms of diaries: a member answers at once, and a clinician assesses the alarm later.
#
# A patient's description is no diagnosis. Until a clinician has decided, the course of a consultation is stopped: an
# alarm that was answered by telephone may still be a burn.

_LONGEST_ANSWER = 2000  # characters of an answer or a reason
_DELIVERY_LIMIT = datetime.timedelta(minutes=2)


class AlarmRepository(Repository):
    """The alarms of a clinic."""

    def count(self) -> AlarmCount:
        """Return the count of unanswered alarms, which every page displays; it identifies no patient."""
        with self._access.skipping_altered(), self._access.reading_unlogged(AccessRight.READ) as work:
            table = follow_up_tables.AlarmRow
            waiting = work.rows(table, table.answered_at.is_(None), order=(table.raised_at,))
            since = waiting[0].raised_at if waiting else None
            return AlarmCount(len(waiting), since, bool(waiting) and _has_unsent(work, {alarm.id for alarm in waiting}))

    def list_open(self) -> tuple[Alarm, ...]:
        """Return the alarms that await an answer or a decision, oldest first."""
        with self._access.reading(AccessRight.READ) as work:
            work.log("alarms.listed", "alarm")
            table, decision = follow_up_tables.AlarmRow, follow_up_tables.AlarmDecisionRow
            decided = exists().where(decision.clinic_id == table.clinic_id, decision.id == table.id)
            is_open = or_(table.answered_at.is_(None), ~decided)
            return _read_logged_alarms(work, work.rows(table, is_open, order=(table.raised_at,)))

    def of_consultation(self, consultation_id: str) -> tuple[Alarm, ...]:
        """Return the alarms of the diaries of a consultation, oldest first."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "alarms.listed") as (work, _):
            table = follow_up_tables.AlarmRow
            rows = work.rows_of(table, table.consultation_id, consultation_id, table.raised_at)
            return _read_logged_alarms(work, rows)

    def get(self, id: str) -> Alarm:
        """Return an alarm."""
        with self._access.reading(AccessRight.READ) as work:
            return _read_logged_alarms(work, [work.get(follow_up_tables.AlarmRow, id)])[0]

    def answer(self, id: str, text: str) -> Alarm:
        """Store the answer to an alarm: what was done, by which member, and when; also where its entry was altered.

        Raises
        ------
        InputError : `no-words`, `too-long`, or `answered-already`.
        """
        with self._access.skipping_altered(), self._access.writing(AccessRight.WRITE) as work:
            row = work.get(follow_up_tables.AlarmRow, id)
            if row.answered_at is not None:
                raise clinic_error(
                    "answered-already", "alarm", by=work.actor_name(row.answered_by or ""), at=row.answered_at
                )
            work.seal(row, "answer_sealed", _encode_words(text, "done"))
            row.answered_at, row.answered_by = now(), work.actor
            work.save(row, "alarm.answered")
            return _read_alarms(work, [row])[0]

    def decide(self, id: str, reason: str, *, adverse_event_id: str | None) -> Alarm:
        """Store a clinician's decision about an alarm, after which the course may continue if the adverse event allows.

        An alarm whose entry was altered is decided, too: by whoever has asked the patient.

        Parameters
        ----------
        adverse_event_id : the event that caused the alarm; None where there was none.

        Raises
        ------
        RecordNotFoundError : this clinic has no such alarm or event.
        InputError : `not-answered`, `no-words`, `too-long`, or `decided-already`.
        """
        with self._access.skipping_altered(), self._access.writing(AccessRight.TREAT) as work:
            alarm = work.get(follow_up_tables.AlarmRow, id)
            if alarm.answered_at is None:
                raise clinic_error("not-answered", "alarm")
            if known := work.find(follow_up_tables.AlarmDecisionRow, id):
                by, at = work.actor_name(known.decided_by), known.decided_at
                raise clinic_error("decided-already", "alarm", by=by, at=at)
            row = work.new_row(follow_up_tables.AlarmDecisionRow, id=id, alarm_id=id)
            row.consultation_id, row.adverse_event_id = alarm.consultation_id, adverse_event_id
            if adverse_event_id is not None:
                work.get(AdverseEventRow, adverse_event_id)
            work.seal(row, "reason_sealed", _encode_words(reason, "reason"))
            row.decided_at, row.decided_by = now(), work.actor
            work.save(row, "alarm.decided")
            return _read_alarms(work, [alarm])[0]

    def is_course_stopped(self, consultation_id: str) -> bool:
        """Return whether an alarm stops the course of a consultation until a clinician has decided."""
        with self._access.reading_unlogged(AccessRight.READ) as work:
            work.get(tables.ConsultationRow, consultation_id)
            return is_course_stopped(work, consultation_id)


def is_course_stopped(work: ClinicTransaction, consultation_id: str) -> bool:
    """Return whether an alarm of a consultation, or of another record of its patient, awaits a clinician's decision."""
    return bool(list_stopped_courses(work, (consultation_id,)))


def list_stopped_courses(work: ClinicTransaction, consultation_ids: Collection[str]) -> frozenset[str]:
    """Return those consultations of which an alarm awaits a clinician's decision.

    The course of a record that was closed as a duplicate goes on in the kept one. So an alarm in another record of the
    same person stops every consultation of the person.
    """
    elsewhere = _list_consultations_elsewhere(work, consultation_ids)
    asked = {*consultation_ids, *(id for others in elsewhere.values() for id in others)}
    alarm, decision = follow_up_tables.AlarmRow, follow_up_tables.AlarmDecisionRow
    raised = Counter(row.consultation_id for row in work.rows(alarm, alarm.consultation_id.in_(asked)))
    decided = work.rows(decision, decision.consultation_id.in_(asked))
    stopped = (raised - Counter(decision.consultation_id for decision in decided)).keys()
    return frozenset(id for id in consultation_ids if {id, *elsewhere.get(id, ())} & stopped)


def _list_consultations_elsewhere(
    work: ClinicTransaction, consultation_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return the consultations in other records of the same person, by the consultation; none without links."""
    kept, table = kept_ids(work), tables.ConsultationRow
    if not kept:
        return {}
    of = dict(work.list_names(table, table.patient_id, table.id.in_(consultation_ids)))
    persons = {kept.get(id, id) for id in of.values()}
    records = {id for id, last in kept.items() if last in persons} | persons
    every = work.list_names(table, table.patient_id, table.patient_id.in_(records))
    return {
        id: frozenset(
            other for other, record in every if record != mine and kept.get(record, record) == kept.get(mine, mine)
        )
        for id, mine in of.items()
    }


def _has_unsent(work: ClinicTransaction, alarm_ids: set[str]) -> bool:
    """Return whether a notification was not delivered: its last attempt failed, or there was none for minutes.

    One of which cannot be read what became of it counts as not delivered.
    """
    jobs = work.rows(tables.JobRow, tables.JobRow.kind == ALARM_JOB, tables.JobRow.state.in_((*OPEN_STATES, FAILED)))
    alarm_jobs = [job for job in jobs if job.payload["alarm"] in alarm_ids]
    return any(work.read_each(alarm_jobs, lambda job: _is_stuck(read_job(work, job)), lambda _: True))


def _is_stuck(job: Job) -> bool:
    return job.progress.fault is not None or (job.progress == NO_PROGRESS and now() - job.created_at > _DELIVERY_LIMIT)


def _encode_words(words: str, field: str) -> bytes:
    if not words.strip():
        raise clinic_error("no-words", field)
    if len(words) > _LONGEST_ANSWER:
        raise clinic_error("too-long", field, hint={"longest": _LONGEST_ANSWER})
    return words.strip().encode()


def _read_logged_alarms(work: ClinicTransaction, rows: Sequence[follow_up_tables.AlarmRow]) -> tuple[Alarm, ...]:
    alarms = _read_alarms(work, rows)
    for alarm in alarms:
        work.log("alarm.seen", f"patient/{alarm.patient_id}", alarm=alarm.id)
    return alarms


def _read_alarms(work: ClinicTransaction, rows: Sequence[follow_up_tables.AlarmRow]) -> tuple[Alarm, ...]:
    """Return the alarms of rows, in their order; a bounded number of statements, however many there are."""
    # An export has loaded the consultations of many patients at once; `get_many` asks for none of them again.
    consultations = work.get_many(tables.ConsultationRow, (row.consultation_id for row in rows))
    patients = find_kept_owners(work, {id: row.patient_id for id, row in consultations.items()})
    entry_rows = work.get_many(follow_up_tables.DiaryEntryRow, (row.entry_id for row in rows))
    entries = {entry.id: entry for entry in _read_entries(work, list(entry_rows.values()))}
    decisions = work.get_many(follow_up_tables.AlarmDecisionRow, (row.id for row in rows))
    actors = (*(row.answered_by for row in rows), *(row.decided_by for row in decisions.values()))
    names = work.actor_names(actor for actor in actors if actor is not None)
    return tuple(
        _read_alarm(work, row, patients[row.consultation_id], entries[row.entry_id], decisions.get(row.id), names)
        for row in rows
    )


def _read_alarm(
    work: ClinicTransaction,
    row: follow_up_tables.AlarmRow,
    patient: tables.PatientRow,
    entry: DiaryEntry,
    decision: follow_up_tables.AlarmDecisionRow | None,
    names: Mapping[str, str],
) -> Alarm:
    return work.read_row(
        Alarm,
        row,
        patient_id=patient.id,
        pseudonym=patient.pseudonym,
        entry=entry,
        answered_by=None if row.answered_by is None else names[row.answered_by],
        answer="" if row.answer_sealed is None else _open_words(work, row, "answer_sealed"),
        decided_at=None if decision is None else decision.decided_at,
        decided_by=None if decision is None else names[decision.decided_by],
        reason="" if decision is None else _open_words(work, decision, "reason_sealed"),
        adverse_event_id=None if decision is None else decision.adverse_event_id,
    )


def _open_words(
    work: ClinicTransaction, row: follow_up_tables.AlarmRow | follow_up_tables.AlarmDecisionRow, column: str
) -> str:
    """Return what was written about an alarm, which stays in its list where these words were altered."""
    return next(work.read_each([row], lambda row: work.open(row, column).decode(), lambda _: ""))
