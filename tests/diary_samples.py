"""A patient who was treated under a consent, by rows alone: what a diary needs; all of it made up."""

import datetime
import json
from dataclasses import dataclass

from report_samples import sample, sample_plan
from treated_rows import add_treatment

from skinbeam.records.desk.consents import SignatureKind
from skinbeam.records.desk.desk import Desk
from skinbeam.records.diary import DiaryNote
from skinbeam.records.kept import Made
from skinbeam.records.roles import Act
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.treated import AdverseEvent
from skinbeam.records.store.work import Access

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


def treated(desk: Desk, *, days_ago: float = 0, began: bool = True, phone: str = "", option: str = "0.0") -> Treated:
    """Keep a patient with a plan, a signed consent and a treatment that ended some days ago."""
    patient = desk.patients.add()
    consultation = desk.consultations.begin(patient.id)
    document = sample_plan() | ({"clinic_phone": phone} if phone else {})
    about, files = sample(), {"plan.json": json.dumps(document).encode()}
    made = Made(about.case_sha256, about.plan_sha256, about.version, about.seed, about.draws, files)
    plan = desk.plans.add(consultation.id, made, revision=1)
    consent = desk.consents.explain(plan.id, option=option, cooling_off=datetime.timedelta(0))
    desk.consents.tell_back(consent.id, {}, ())
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": consent.not_before}
    desk.consents.sign(consent.id, answers={}, **signed)  # type: ignore[arg-type]
    treatment = add_treatment(desk, consent.id, days_ago=days_ago if began else None)
    return Treated(patient.id, consultation.id, plan.id, treatment)


def add_event(desk: Desk, of: Treated) -> str:
    """Keep an adverse event of a treatment that its diary told of."""
    with Access(desk._access.database, desk.member).work(Act.TREAT) as work:
        row = AdverseEvent(clinic_id=work.clinic_id, id=new_id(), consultation_id=of.consultation)
        row.treatment_id, row.source, row.seen_at, row.noted_at, row.noted_by = of.treatment, "diary", now(), now(), "x"
        work.seal(row, "event_sealed", b"{}")
        work.keep(row, "made")
    return row.id
