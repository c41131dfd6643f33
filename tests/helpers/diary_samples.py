"""A patient who was treated under a consent, by rows alone: what a diary needs; all of it made up."""

import datetime
import json
from dataclasses import dataclass

from report_samples import sample, sample_plan
from treated_rows import add_treatment

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.database.treatment_tables import AdverseEventRow
from skinbeam_clinic.diaries.models import DiaryNote
from skinbeam_clinic.models import ConsentAnswers, NewPlan
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["CALM", "WARNING", "Treated", "add_event", "treated"]

CALM = DiaryNote(2, "slight", (), "")
WARNING = DiaryNote(4, "strong", ("fever",), "Is this normal?")


@dataclass(frozen=True)
class Treated:
    """The names of the records of one treatment."""

    patient: str
    consultation: str
    plan: str
    treatment: str


def treated(
    repositories: ClinicRepositories, *, days_ago: float = 0, began: bool = True, phone: str = "", option: str = "0.0"
) -> Treated:
    """Keep a patient with a plan, a signed consent and a treatment that ended some days ago."""
    patient = repositories.patients.add()
    consultation = repositories.consultations.begin(patient.id)
    document = sample_plan() | ({"clinic_phone": phone} if phone else {})
    about, files = sample(), {"plan.json": json.dumps(document).encode()}
    made = NewPlan(about.case_sha256, about.plan_sha256, about.version, about.seed, about.draws, files)
    plan = repositories.plans.add(consultation.id, made, revision=1)
    consent = repositories.consents.record_explanation(plan.id, option=option, cooling_off=datetime.timedelta(0))
    repositories.consents.record_teach_back(consent.id, {}, ())
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": consent.not_before}
    repositories.consents.sign(consent.id, answers=ConsentAnswers(), **signed)  # type: ignore[arg-type]
    treatment = add_treatment(repositories, consent.id, days_ago=days_ago if began else None)
    return Treated(patient.id, consultation.id, plan.id, treatment)


def add_event(repositories: ClinicRepositories, of: Treated) -> str:
    """Keep an adverse event of a treatment that its diary told of."""
    with ClinicAccess(repositories._access.database, repositories.member).writing(AccessRight.TREAT) as work:
        row = AdverseEventRow(clinic_id=work.clinic_id, id=new_id(), consultation_id=of.consultation)
        row.treatment_id, row.source, row.seen_at, row.noted_at, row.noted_by = of.treatment, "diary", now(), now(), "x"
        work.seal(row, "event_sealed", b"{}")
        work.save(row, "made")
    return row.id
