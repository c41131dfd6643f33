"""A durable job queue in the database, for work that takes longer than a request may.

A worker takes a job with a lease and renews it while it works. A worker that was killed renews nothing, so another one
takes the job over; the number of the attempt prevents the first from ending what the second does. Rows that another
worker is just taking are skipped (PostgreSQL's SKIP LOCKED; SQLite has one writer at a time).
"""

import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from skinbeam.model.errors import InputError
from skinbeam_clinic import models
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import ClinicRow, JobRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error

__all__ = ["ALARM_JOB", "LEASE", "MOST_ATTEMPTS", "OPEN_STATES", "PROGRESS_CONTENT", "QUEUED", "JobQueue", "read_job"]

LEASE = datetime.timedelta(seconds=20)  # a worker renews it every second
_CLOCK_TOLERANCE = datetime.timedelta(minutes=1)  # between the clocks of two servers
ALARM_JOB = "alarm"  # notification of a diary's alarm, to be mailed
_LONGEST_WAIT = datetime.timedelta(days=1)  # of a postponed job; a later time was set by a clock that ran ahead
# A job that crashed three workers would crash a fourth. A notification of an alarm is never given up: it crashes
# nobody, and must be sent, however often the program was killed or lost its database while it did so.
MOST_ATTEMPTS = 3
QUEUED, RUNNING, DONE, FAILED = "queued", "running", "done", "failed"
OPEN_STATES = (QUEUED, RUNNING)
_WORKER_ACTOR = "worker"
PROGRESS_CONTENT = SealedRecord(models.JobProgress, JobRow.progress_sealed)


class JobQueue:
    """The jobs of all clinics, for workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, *kinds: str) -> models.Job | None:
        """Take the job of these kinds that has waited longest, with a lease; return None where no job waits.

        Of alarms, those of which nobody was told yet come first.
        """
        with self._database.writing() as session:
            at = now()
            # A lease that would last longer than this was given before the clock was set back.
            over = or_(JobRow.lease_until < at, JobRow.lease_until > at + LEASE + _CLOCK_TOLERANCE)
            lost = and_(JobRow.state == RUNNING, over)
            due = or_(JobRow.lease_until.is_(None), ~JobRow.lease_until.between(at, at + _LONGEST_WAIT))
            waiting = select(JobRow).where(JobRow.kind.in_(kinds), or_(and_(JobRow.state == QUEUED, due), lost))
            # Reminders of many old alarms, each due again and again, must not hold up the first word of a new one.
            waiting = waiting.order_by(JobRow.is_reminder, JobRow.created_at, JobRow.id).limit(1)
            while True:
                row = session.scalar(waiting.with_for_update(skip_locked=True))
                if row is None:
                    return None
                work = self._work(session, row)
                if row.attempts < MOST_ATTEMPTS or row.kind == ALARM_JOB:
                    row.state, row.attempts, row.lease_until = RUNNING, row.attempts + 1, now() + LEASE
                    return read_job(work, row)
                row.state, row.ended_at, row.lease_until = FAILED, now(), None
                fault = models.JobProgress(fault=clinic_error("gave-up", "job").as_record())
                work.seal_record(row, PROGRESS_CONTENT, fault)
                session.flush()

    def report(self, job: models.Job, progress: models.JobProgress = models.NO_PROGRESS) -> bool:
        """Store the progress of a job and renew its lease.

        Return False where the job was cancelled or another worker has it.
        """
        return self._set(job, progress, lease_until=now() + LEASE)

    def finish(self, job: models.Job, result: models.JobProgress = models.NO_PROGRESS) -> bool:
        """End a job with its result; return False where it was cancelled or another worker has it."""
        return self._set(job, result, state=DONE, lease_until=None, ended_at=now())

    def fail(self, job: models.Job, error: InputError) -> bool:
        """End a job with an error; return False where it was cancelled or another worker has it."""
        fault = models.JobProgress(fault=error.as_record())
        return self._set(job, fault, state=FAILED, lease_until=None, ended_at=now())

    def give_back(self, job: models.Job, *, attempted: bool) -> bool:
        """Return a job to the queue, where any worker may take it at once.

        Parameters
        ----------
        attempted : whether this counts as an attempt; not for a worker that was told to end.
        """
        return self._set(
            job, models.NO_PROGRESS, state=QUEUED, lease_until=None, attempts=job.attempt - (not attempted)
        )

    def postpone(
        self, job: models.Job, wait: datetime.timedelta, progress: models.JobProgress = models.NO_PROGRESS
    ) -> bool:
        """Return a job to the queue, to be taken again after a while, at the latest after a day.

        Parameters
        ----------
        progress : its result so far. Once it counts a message that was sent, the job is a reminder.
        """
        until, reminder = now() + min(wait, _LONGEST_WAIT), progress.sent > 0
        return self._set(job, progress, state=QUEUED, lease_until=until, attempts=job.attempt - 1, is_reminder=reminder)

    def _set(self, job: models.Job, progress: models.JobProgress, **values: Any) -> bool:
        is_leased = (
            JobRow.clinic_id == job.clinic_id,
            JobRow.id == job.id,
            JobRow.attempts == job.attempt,
            JobRow.state == RUNNING,
        )
        with self._database.writing() as session:
            row = session.scalar(select(JobRow).where(*is_leased).with_for_update())
            if row is None:
                return False
            self._work(session, row).seal_record(row, PROGRESS_CONTENT, progress)
            for name, value in values.items():
                setattr(row, name, value)
            return True

    def _work(self, session: Session, row: JobRow) -> ClinicTransaction:
        return ClinicTransaction(self._database, session, session.get_one(ClinicRow, row.clinic_id), _WORKER_ACTOR)


def read_job(work: ClinicTransaction, row: JobRow) -> models.Job:
    """Return the record of a job's row."""
    return work.read_row(
        models.Job,
        row,
        attempt=row.attempts,
        progress=models.NO_PROGRESS if row.progress_sealed is None else work.open_record(row, PROGRESS_CONTENT),
        created_by=row.created_by,
        content="" if row.content_sealed is None else work.open(row, "content_sealed").decode(),
    )
