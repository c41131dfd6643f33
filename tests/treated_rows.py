"""Treatments written straight into their table, for what is asked of what comes after them."""

import datetime

from skinbeam.records.desk.desk import Desk
from skinbeam.records.roles import Act
from skinbeam.records.store import tables, treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.work import Access

__all__ = ["add_treatment", "end_treatment"]


def add_treatment(desk: Desk, consent_id: str, *, days_ago: float | None = None, number: int = 1) -> str:
    """Write a session under a consent that ended so long ago; one that is being prepared where nothing is said."""
    access = Access(desk._access.database, desk.member)
    with access.work(Act.TREAT) as work:
        consent = work.get(tables.Consent, consent_id)
        plan = work.get(tables.Plan, consent.plan_id)
        row = treated.Treatment(
            clinic_id=work.clinic_id,
            id=tables.new_id(),
            consultation_id=plan.consultation_id,
            plan_id=plan.id,
            option=consent.option,
            consent_id=consent.id,
            number=number,
            state="preparing",
            created_at=now(),
            created_by=work.actor,
        )
        if days_ago is not None:
            _end(row, work.actor, days_ago)
        work.keep(row, "treatment.made")
        return row.id


def end_treatment(desk: Desk, id: str, *, days_ago: float) -> None:
    """Let a session have ended so long ago."""
    access = Access(desk._access.database, desk.member)
    with access.work(Act.TREAT) as work:
        row = work.get(treated.Treatment, id)
        _end(row, work.actor, days_ago)
        work.keep(row, "treatment.ended")


def _end(row: treated.Treatment, actor: str, days_ago: float) -> None:
    row.state, row.started_by, row.ended_by = "done", actor, actor
    row.ended_at = now() - datetime.timedelta(days=days_ago)
    row.started_at = row.ended_at - datetime.timedelta(minutes=20)
