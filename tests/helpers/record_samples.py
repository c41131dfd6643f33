"""A consultation, its plan and a signed consent, made by the repositories alone; all of it made up."""

import datetime
from dataclasses import replace

from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.exchange.copied_patient import parse_copy
from skinbeam_clinic.models import Consent, ConsentAnswers, ConsultationRecord, NewPlan, PatientRecord, PlanRecord
from skinbeam_clinic.repositories import ClinicRepositories

ANSWERS = Submission(
    (
        ("patient.age_years", "42"),
        ("patient.sex", "female"),
        ("concern.0.site", "cheeks"),
        ("concern.0.area_cm2", "40.25"),
    )
)
MADE = NewPlan("c" * 64, "p" * 64, "0.2.0", 2**62, 200, {"plan.json": b'{"a": 1.0}', "report.pdf": b"%PDF-1.7 \x00"})
NO_WAIT = datetime.timedelta()


def with_note(words: str) -> Submission:
    """The answers with one more."""
    return replace(ANSWERS, entries=(*ANSWERS.entries, ("note", words)))


def begin_consultation(repositories: ClinicRepositories) -> ConsultationRecord:
    return repositories.consultations.begin(repositories.patients.add().id, ANSWERS)


def make_plan_record(repositories: ClinicRepositories) -> PlanRecord:
    return repositories.plans.add(begin_consultation(repositories).id, MADE, revision=1)


def sign(repositories: ClinicRepositories, consent: Consent) -> Consent:
    repositories.consents.record_teach_back(consent.id, {"free": "No."}, ())
    about = {"answers": ConsentAnswers(("care",), "Zoë"), "kind": SignatureKind.TYPED, "signature": "Zoë".encode()}
    return repositories.consents.sign(consent.id, document=b"%PDF the document", signed_at=now(), **about)  # type: ignore[arg-type]


def import_copy(repositories: ClinicRepositories, content: bytes) -> PatientRecord:
    """The new patient of a copy, as `records import` makes them."""
    copied = parse_copy(content)
    return repositories.dossier_importer.import_dossier(copied.dossier, copied.contact)
