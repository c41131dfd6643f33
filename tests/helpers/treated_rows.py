"""Sessions that ended long ago, for what is asked of what comes after them: their time alone is written by hand."""

import datetime
from dataclasses import replace
from typing import Any

from treatment_samples import FIRED, ORDERED

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.database import treatment_tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.models import ConsentAnswers
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import TreatmentState

__all__ = ["add_treatment", "agree", "end_treatment"]


def agree(repositories: ClinicRepositories, plan_id: str, option: str = "0.0") -> str:
    """Have somebody consent to an option of a plan without sleeping on it, and name the consent."""
    waiting = repositories.consents.record_explanation(plan_id, option=option, cooling_off=datetime.timedelta(0))
    repositories.consents.record_teach_back(waiting.id, {}, ())
    signed: dict[str, Any] = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF"}
    return repositories.consents.sign(waiting.id, answers=ConsentAnswers(), signed_at=waiting.not_before, **signed).id


def add_treatment(repositories: ClinicRepositories, consent_id: str, *, days_ago: float | None = None) -> str:
    """Begin a session under a consent, and let it have ended so long ago; where nothing is said it is prepared."""
    id = repositories.treatments.begin(consent_id, ORDERED).id
    if days_ago is not None:
        end_treatment(repositories, id, days_ago=days_ago)
    return id


def end_treatment(repositories: ClinicRepositories, id: str, *, days_ago: float) -> None:
    """Let a session in which one row was fired have ended so long ago."""
    with ClinicAccess(repositories._access.database, repositories.member).writing(AccessRight.TREAT) as work:
        row = work.get(treatment_tables.TreatmentRow, id)
        row.state, row.started_by, row.ended_by = TreatmentState.DONE.value, work.actor, work.actor
        row.ended_at = now() - datetime.timedelta(days=days_ago)
        row.started_at = row.ended_at - datetime.timedelta(minutes=20)
        work.save(row, "treatment.done")
    repositories.treatments.add_area(id, replace(FIRED, pain_0_10=None, why="entered later"))
