"""What waits in a database, of all its clinics together: for whoever watches the server."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select

from skinbeam.records.store.columns import now
from skinbeam.records.store.database import Database
from skinbeam.records.store.followed import Alarm
from skinbeam.records.store.queue import OPEN, QUEUED
from skinbeam.records.store.tables import Job

__all__ = ["Standing", "standing"]


@dataclass(frozen=True)
class Standing:
    """How much waits, and for how long the oldest of it has.

    Parameters
    ----------
    jobs : by state, of those that have not ended; the oldest is of those that nobody has taken.
    alarms : out of patients' diaries, that nobody has answered.
    """

    jobs: Mapping[str, int]
    oldest_job_s: float
    alarms: int
    oldest_alarm_s: float


def standing(database: Database) -> Standing:
    """Count what waits."""
    fresh = case((Job.lease_until.is_(None), Job.created_at))  # what was put off is not overdue
    counted = select(Job.state, func.count(), func.min(fresh)).where(Job.state.in_(OPEN)).group_by(Job.state)
    raised = select(func.count(), func.min(Alarm.raised_at)).where(Alarm.answered_at.is_(None))
    with database.reading() as session:
        jobs = {state: (number, since) for state, number, since in session.execute(counted)}
        alarms, raised_at = session.execute(raised).one()
    number = {state: jobs.get(state, (0, None))[0] for state in OPEN}
    return Standing(number, _age_s(jobs.get(QUEUED, (0, None))[1]), alarms, _age_s(raised_at))


def _age_s(since: datetime.datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (now() - since).total_seconds())
