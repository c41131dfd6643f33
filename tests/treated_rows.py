"""Sessions that ended long ago, for what is asked of what comes after them: their time alone is written by hand."""

import datetime
from typing import Any

from treatment_samples import ORDERED

from skinbeam.records.desk.consents import SignatureKind
from skinbeam.records.desk.desk import Desk
from skinbeam.records.roles import Act
from skinbeam.records.store import treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.work import Access
from skinbeam.records.treated import TreatmentState

__all__ = ["add_treatment", "agree", "end_treatment"]


def agree(desk: Desk, plan_id: str, option: str = "0.0") -> str:
    """Have somebody consent to an option of a plan without sleeping on it, and name the consent."""
    waiting = desk.consents.explain(plan_id, option=option, cooling_off=datetime.timedelta(0))
    desk.consents.tell_back(waiting.id, {}, ())
    signed: dict[str, Any] = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF"}
    return desk.consents.sign(waiting.id, answers={}, signed_at=waiting.not_before, **signed).id


def add_treatment(desk: Desk, consent_id: str, *, days_ago: float | None = None) -> str:
    """Begin a session under a consent, and let it have ended so long ago; where nothing is said it is prepared."""
    id = desk.treatments.begin(consent_id, ORDERED).id
    if days_ago is not None:
        end_treatment(desk, id, days_ago=days_ago)
    return id


def end_treatment(desk: Desk, id: str, *, days_ago: float) -> None:
    """Let a session have ended so long ago."""
    with Access(desk._access.database, desk.member).work(Act.TREAT) as work:
        row = work.get(treated.Treatment, id)
        row.state, row.started_by, row.ended_by = TreatmentState.DONE.value, work.actor, work.actor
        row.ended_at = now() - datetime.timedelta(days=days_ago)
        row.started_at = row.ended_at - datetime.timedelta(minutes=20)
        work.keep(row, "treatment.done")
