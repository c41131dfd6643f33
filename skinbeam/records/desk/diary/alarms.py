"""Alarms out of diaries: somebody answers at once, and a clinician decides what it was.

The patient's word is no diagnosis. Until a clinician has decided, the course of a consultation is stopped: an alarm
that was answered by telephone may still be a burn.
"""

import datetime

from skinbeam.records.desk.diary.entries import entry_of
from skinbeam.records.diary import Alarm, AlarmCount
from skinbeam.records.faults import fault
from skinbeam.records.kept import Job
from skinbeam.records.roles import Act
from skinbeam.records.store import followed, tables
from skinbeam.records.store.columns import now
from skinbeam.records.store.queue import ALARM, FAILED, OPEN, kept_job
from skinbeam.records.store.treated import AdverseEvent
from skinbeam.records.store.work import Access, Work

__all__ = ["Alarms", "course_is_stopped"]

_LONGEST = 2000  # characters of what was done
_SENT_WITHIN = datetime.timedelta(minutes=2)


class Alarms:
    """The alarms of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def count(self) -> AlarmCount:
        """Return how many wait for an answer, for every page; it tells of no patient."""
        with self._access.look(Act.READ) as work:
            table = followed.Alarm
            waiting = work.rows(table, table.answered_at.is_(None), order=(table.raised_at,))
            since = waiting[0].raised_at if waiting else None
            return AlarmCount(len(waiting), since, bool(waiting) and _unsent(work, {one.id for one in waiting}))

    def open(self) -> tuple[Alarm, ...]:
        """Return those that wait for an answer or a decision, oldest first."""
        with self._access.see(Act.READ) as work:
            work.note("alarms.listed", "alarm")
            decided = {id for id, _ in work.names(followed.AlarmDecision, followed.AlarmDecision.alarm_id)}
            rows = work.rows(followed.Alarm, order=(followed.Alarm.raised_at,))
            return tuple(_seen(work, row) for row in rows if row.answered_at is None or row.id not in decided)

    def of_consultation(self, consultation_id: str) -> tuple[Alarm, ...]:
        """Return the alarms out of the diaries of a consultation, oldest first."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("alarms.listed", f"consultation/{consultation_id}")
            table = followed.Alarm
            rows = work.rows(table, table.consultation_id == consultation_id, order=(table.raised_at,))
            return tuple(_seen(work, row) for row in rows)

    def get(self, id: str) -> Alarm:
        """Return an alarm.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            return _seen(work, work.get(followed.Alarm, id))

    def answer(self, id: str, done: str) -> Alarm:
        """Keep what was done about an alarm, by whom and when.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        InputError : `no-words`, `too-long`, or `answered-already`.
        """
        with self._access.work(Act.WRITE) as work:
            row = work.get(followed.Alarm, id)
            if row.answered_at is not None:
                raise fault("answered-already", "alarm", by=work.name_of(row.answered_by or ""), at=row.answered_at)
            work.seal(row, "answer_sealed", _written(done, "done"))
            row.answered_at, row.answered_by = now(), work.actor
            work.keep(row, "alarm.answered")
            return _alarm(work, row)

    def decide(self, id: str, reason: str, *, adverse_event_id: str | None) -> Alarm:
        """Keep what a clinician made of an alarm, after which the course may go on as the adverse event allows.

        Parameters
        ----------
        adverse_event_id : the event that the alarm was of; None where it was none.

        Raises
        ------
        AbsentError : this clinic has no such alarm or event.
        InputError : `not-answered`, `no-words`, `too-long`, or `decided-already`.
        """
        with self._access.work(Act.TREAT) as work:
            alarm = work.get(followed.Alarm, id)
            if alarm.answered_at is None:
                raise fault("not-answered", "alarm")
            if known := work.rows(followed.AlarmDecision, followed.AlarmDecision.id == id):
                by, at = work.name_of(known[0].decided_by), known[0].decided_at
                raise fault("decided-already", "alarm", by=by, at=at)
            row = followed.AlarmDecision(clinic_id=work.clinic_id, id=id, alarm_id=id)
            row.consultation_id, row.adverse_event_id = alarm.consultation_id, adverse_event_id
            if adverse_event_id is not None:
                work.get(AdverseEvent, adverse_event_id)
            work.seal(row, "reason_sealed", _written(reason, "reason"))
            row.decided_at, row.decided_by = now(), work.actor
            work.keep(row, "alarm.decided")
            return _alarm(work, alarm)

    def stop(self, consultation_id: str) -> bool:
        """Return whether an alarm stops the course of a consultation until a clinician has decided."""
        with self._access.look(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            return course_is_stopped(work, consultation_id)


def course_is_stopped(work: Work, consultation_id: str) -> bool:
    """Return whether an alarm of a consultation waits for a clinician's decision."""
    mine = followed.Alarm.consultation_id == consultation_id
    decided = followed.AlarmDecision.consultation_id == consultation_id
    return len(work.rows(followed.Alarm, mine)) > len(work.rows(followed.AlarmDecision, decided))


def _unsent(work: Work, waiting: set[str]) -> bool:
    """Whether word of an alarm got nowhere: sending it failed the last time, or nobody has tried for minutes."""
    jobs = work.rows(tables.Job, tables.Job.kind == ALARM, tables.Job.state.in_((*OPEN, FAILED)))
    return any(_stuck(kept_job(work, job)) for job in jobs if job.payload["alarm"] in waiting)


def _stuck(job: Job) -> bool:
    return "fault" in job.progress or (not job.progress and now() - job.created_at > _SENT_WITHIN)


def _written(words: str, field: str) -> bytes:
    if not words.strip():
        raise fault("no-words", field)
    if len(words) > _LONGEST:
        raise fault("too-long", field, hint={"longest": _LONGEST})
    return words.strip().encode()


def _seen(work: Work, row: followed.Alarm) -> Alarm:
    alarm = _alarm(work, row)
    work.note("alarm.seen", f"patient/{alarm.patient_id}", alarm=alarm.id)
    return alarm


def _alarm(work: Work, row: followed.Alarm) -> Alarm:
    patient = work.get(tables.Patient, work.get(tables.Consultation, row.consultation_id).patient_id)
    decisions = work.rows(followed.AlarmDecision, followed.AlarmDecision.id == row.id)
    decision = decisions[0] if decisions else None
    return Alarm(
        id=row.id,
        consultation_id=row.consultation_id,
        patient_id=patient.id,
        pseudonym=patient.pseudonym,
        entry=entry_of(work, work.get(followed.DiaryEntry, row.entry_id)),
        raised_at=row.raised_at,
        answered_at=row.answered_at,
        answered_by=None if row.answered_by is None else work.name_of(row.answered_by),
        answer="" if row.answer_sealed is None else work.open(row, "answer_sealed").decode(),
        decided_at=None if decision is None else decision.decided_at,
        decided_by=None if decision is None else work.name_of(decision.decided_by),
        reason="" if decision is None else work.open(decision, "reason_sealed").decode(),
        adverse_event_id=None if decision is None else decision.adverse_event_id,
    )
