"""The queue of work that takes longer than a page may: durable, in the same database as what it works on.

Who takes a job holds it for a while and says now and then that they are still at it. A worker that was killed says
nothing, so the next one takes the job over; the number of the attempt keeps the first from ending what the second does.
Rows that another worker is just taking are skipped (PostgreSQL's SKIP LOCKED; SQLite has one writer at a time).
"""

import datetime
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, or_, select, update

from skinbeam.records import kept
from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.tables import Job

__all__ = ["LEASE", "MOST_ATTEMPTS", "Queue", "kept_job"]

LEASE = datetime.timedelta(seconds=60)
MOST_ATTEMPTS = 3  # what ended three workers would end a fourth
QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"


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
            lost = and_(Job.state == RUNNING, Job.lease_until < now())
            waiting = select(Job).where(Job.kind.in_(kinds), or_(Job.state == QUEUED, lost))
            while True:
                row = session.scalar(
                    waiting.order_by(Job.created_at, Job.id).limit(1).with_for_update(skip_locked=True)
                )
                if row is None:
                    return None
                if row.attempts < MOST_ATTEMPTS:
                    row.state, row.attempts, row.lease_until = RUNNING, row.attempts + 1, now() + LEASE
                    return kept_job(row)
                row.state, row.ended_at, row.progress = FAILED, now(), {"fault": "gave-up"}
                session.flush()

    def report(self, job: kept.Job, progress: Mapping[str, Any]) -> bool:
        """Tell how far a job is, and hold it on; False where nobody waits for it any more, or another has it."""
        return self._set(job, progress=dict(progress), lease_until=now() + LEASE)

    def finish(self, job: kept.Job, result: Mapping[str, Any]) -> bool:
        """End a job with what it led to; False where it was cancelled or another has it."""
        return self._set(job, state=DONE, progress=dict(result), lease_until=None, ended_at=now())

    def fail(self, job: kept.Job, fault: Mapping[str, Any]) -> bool:
        """End a job with what was wrong; False where it was cancelled or another has it."""
        return self._set(job, state=FAILED, progress=dict(fault), lease_until=None, ended_at=now())

    def _set(self, job: kept.Job, **values: Any) -> bool:
        mine = (Job.clinic_id == job.clinic_id, Job.id == job.id, Job.attempts == job.attempt, Job.state == RUNNING)
        with self._database.writing() as session:
            found = session.scalar(select(Job).where(*mine).with_for_update())
            if found is None:
                return False
            session.execute(update(Job).where(*mine).values(**values))
            return True


def kept_job(row: Job) -> kept.Job:
    """Return the record of a job's row."""
    return kept.Job(
        id=row.id,
        clinic_id=row.clinic_id,
        kind=row.kind,
        payload=row.payload,
        state=row.state,
        attempt=row.attempts,
        progress=row.progress,
        created_at=row.created_at,
        created_by=row.created_by,
    )
