"""The queue of work that takes longer than a page may: durable, in the same database as what it works on.

Who takes a job holds it for a while and says now and then that they are still at it. A worker that was killed says
nothing, so the next one takes the job over; the number of the attempt keeps the first from ending what the second does.
Rows that another worker is just taking are skipped (PostgreSQL's SKIP LOCKED; SQLite has one writer at a time).
"""

import datetime
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from skinbeam.errors import InputError
from skinbeam.records import kept
from skinbeam.records.faults import fault
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import Clinic, Job
from skinbeam.records.store.work import Work

__all__ = ["ALARM", "LEASE", "MOST_ATTEMPTS", "OPEN", "QUEUED", "Queue", "kept_job"]

LEASE = datetime.timedelta(seconds=20)  # a worker says every second that it is at work
_UNEVEN = datetime.timedelta(minutes=1)  # between the clocks of two servers
ALARM = "alarm"  # word of a diary's alarm, to be sent out of the program
_LONGEST_WAIT = datetime.timedelta(days=1)  # of a job that was put off; a clock that ran ahead told a later moment
MOST_ATTEMPTS = 3  # what ended three workers would end a fourth
QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
OPEN = (QUEUED, RUNNING)
_WORKER = "worker"


class Queue:
    """The jobs of all clinics, as workers see them.

    Parameters
    ----------
    database : an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, *kinds: str) -> kept.Job | None:
        """Return the job of these kinds that has waited longest, held from now on; None where nothing waits."""
        with self._database.writing() as session:
            at = now()
            # None is held for longer than that: the clock was set back since.
            over = or_(Job.lease_until < at, Job.lease_until > at + LEASE + _UNEVEN)
            lost = and_(Job.state == RUNNING, over)
            due = or_(Job.lease_until.is_(None), ~Job.lease_until.between(at, at + _LONGEST_WAIT))
            waiting = select(Job).where(Job.kind.in_(kinds), or_(and_(Job.state == QUEUED, due), lost))
            while True:
                row = session.scalar(
                    waiting.order_by(Job.created_at, Job.id).limit(1).with_for_update(skip_locked=True)
                )
                if row is None:
                    return None
                work = self._work(session, row)
                if row.attempts < MOST_ATTEMPTS:
                    row.state, row.attempts, row.lease_until = RUNNING, row.attempts + 1, now() + LEASE
                    return kept_job(work, row)
                row.state, row.ended_at, row.lease_until = FAILED, now(), None
                _tell(work, row, {"fault": fault("gave-up", "job").as_record()})
                session.flush()

    def report(self, job: kept.Job, progress: Mapping[str, Any]) -> bool:
        """Tell how far a job is, and hold it on; False where nobody waits for it any more, or another has it."""
        return self._set(job, progress, lease_until=now() + LEASE)

    def finish(self, job: kept.Job, result: Mapping[str, Any]) -> bool:
        """End a job with what it led to; False where it was cancelled or another has it."""
        return self._set(job, result, state=DONE, lease_until=None, ended_at=now())

    def fail(self, job: kept.Job, error: InputError) -> bool:
        """End a job with what was wrong; False where it was cancelled or another has it."""
        return self._set(job, {"fault": error.as_record()}, state=FAILED, lease_until=None, ended_at=now())

    def give_back(self, job: kept.Job, *, tried: bool) -> bool:
        """Let go of a job, which the next who asks may take at once.

        Parameters
        ----------
        tried : whether this counts as an attempt; not for a worker that was told to end.
        """
        return self._set(job, {}, state=QUEUED, lease_until=None, attempts=job.attempt - (not tried))

    def put_off(self, job: kept.Job, wait: datetime.timedelta, progress: Mapping[str, Any]) -> bool:
        """Let go of a job that shall be taken up again after a while, at the latest after a day.

        Parameters
        ----------
        progress : what came of it so far.
        """
        until = now() + min(wait, _LONGEST_WAIT)
        return self._set(job, progress, state=QUEUED, lease_until=until, attempts=job.attempt - 1)

    def _set(self, job: kept.Job, progress: Mapping[str, Any], **values: Any) -> bool:
        mine = (Job.clinic_id == job.clinic_id, Job.id == job.id, Job.attempts == job.attempt, Job.state == RUNNING)
        with self._database.writing() as session:
            row = session.scalar(select(Job).where(*mine).with_for_update())
            if row is None:
                return False
            _tell(self._work(session, row), row, progress)
            for name, value in values.items():
                setattr(row, name, value)
            return True

    def _work(self, session: Session, row: Job) -> Work:
        return Work(self._database, session, session.get_one(Clinic, row.clinic_id), _WORKER)


def _tell(work: Work, row: Job, progress: Mapping[str, Any]) -> None:
    work.seal(row, "progress_sealed", json_text(dict(progress)).encode())


def kept_job(work: Work, row: Job) -> kept.Job:
    """Return the record of a job's row."""
    return kept.Job(
        id=row.id,
        clinic_id=row.clinic_id,
        kind=row.kind,
        payload=row.payload,
        state=row.state,
        attempt=row.attempts,
        progress={} if row.progress_sealed is None else json.loads(work.open(row, "progress_sealed")),
        created_at=row.created_at,
        created_by=row.created_by,
    )
