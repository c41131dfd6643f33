"""A year of a made-up clinic, written into a database in bulk: people, sessions, diaries, harms and follow-ups.

What plans foretold is not what came about: the odds of getting better are lower by a factor that is put in, and one
operator harms twice as often as the others. Who reads the clinic's outcomes must find both.
"""

import datetime
import hashlib
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from skinbeam_clinic.access import AccessRight, Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, create_clinic
from skinbeam_clinic.appointments.models import AppointmentState, Purpose
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.consultations.repository import ANSWERS_CONTENT
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import ClinicScoped, new_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    FollowUpMoment,
    ImprovementQuarter,
)
from skinbeam_clinic.follow_ups.sealed_content import FOLLOW_UP_CONTENT, FollowUpContent, GradeContent
from skinbeam_clinic.models import Member
from skinbeam_clinic.pulse_settings import DOSES, OrderedSettings
from skinbeam_clinic.treatments.models import AdverseEventGrade, TreatmentOrder
from skinbeam_clinic.treatments.sealed_content import (
    ADVERSE_EVENT_CONTENT,
    CHECKLIST_CONTENT,
    FIRED_CONTENT,
    AdverseEventContent,
    ChecklistContent,
    FiredContent,
)

PLAN = Path(__file__).parent.parent / "tests" / "data" / "plan-sample.json"
TWICE = "clinician 2"  # who harms twice as often
FIRED = {  # option → device, and about which settings are fired
    "0.0": ("pulsed-dye-595", OrderedSettings(fluence_J_cm2=8.0, pulse_ms=6.0, spot_mm=7.0)),
    "0.1": ("pulsed-dye-585", OrderedSettings(fluence_J_cm2=6.0, pulse_ms=0.45, spot_mm=7.0)),
    "1.0": ("qs-alexandrite-755", OrderedSettings(fluence_J_cm2=6.0, spot_mm=3.0)),
    "2.0": ("fractional-1550", OrderedSettings(energy_mJ=20.0, density_per_cm2=200.0)),
    "3.0": ("fractional-co2-10600", OrderedSettings(energy_mJ=15.0, density_per_cm2=150.0)),
    "3.1": ("fractional-1540", OrderedSettings(energy_mJ=25.0, density_per_cm2=100.0)),
}
# Of each plan how far the logits of what it foretells are moved, and whose it is, so that they differ.
SHIFTS = ((-1.5, "I"), (-1.0, "II"), (-0.5, "II"), (0.0, "III"), (0.5, "III"), (1.0, "IV"), (1.5, "VI"))
DAY = datetime.timedelta(days=1)
SESSIONS, APART_WEEKS, FOLLOWED_AFTER = (2, 3, 3, 4), 5, 90 * DAY
DIARY_DAYS = (1, 3, 7)
QUARTERS = tuple(ImprovementQuarter)[1:]  # without a worse one
ANSWERS = make_submission(
    (
        ("patient.age_years", "52"),
        ("patient.sex", "female"),
        ("patient.phototype", "II"),
        ("concern.0.condition", "facial-telangiectasia"),
        ("concern.0.site", "cheeks"),
        ("concern.0.severity", "moderate"),
    )
)


Row = TypeVar("Row", bound=ClinicScoped)
Content = TypeVar("Content")


@dataclass(frozen=True)
class Way:
    """One person's way through the clinic, by the names in the records; `follow_up` is empty where nobody saw them."""

    patient: str
    consultation: str
    plan: str
    treatments: tuple[str, ...]
    follow_up: str
    harmed: bool


@dataclass(frozen=True)
class Year:
    """What was written.

    Parameters
    ----------
    odds : true odds of getting better over those that were foretold.
    """

    operator: Member
    clinicians: tuple[str, ...]
    ways: tuple[Way, ...]
    odds: float

    @property
    def sessions(self) -> int:
        """How many there were."""
        return sum(len(one.treatments) for one in self.ways)


@dataclass(frozen=True)
class _Plan:
    """A made-up plan: what is kept of it, and of each option the shares that it foretells."""

    sha256: str
    files: dict[str, str]
    half: dict[str, float]
    harms: dict[str, dict[str, float]]


def year(
    database: Database,
    house: str,
    password: str,
    *,
    passwords: PasswordHasher | None = None,
    people: int = 800,
    clinicians: int = 6,
    odds: float = 0.5,
    seed: int = 2026,
) -> Year:
    """Write a year of a clinic that is marked as synthetic, and return what it holds."""
    chance = random.Random(seed)
    operator = create_clinic(database, house, synthetic=True)
    accounts = AccountRepository(database, operator, passwords or PasswordHasher())
    names = tuple(f"clinician {i}" for i in range(clinicians))
    members = [accounts.add(name, Role.CLINICIAN, password) for name in names]
    for role in (Role.OWNER, Role.AUDITOR):
        accounts.add(role.value, role, password)
    plans = [_plan(ClinicAccess(database, members[0]), *one) for one in SHIFTS]
    first = datetime.datetime.now(datetime.UTC) - 500 * DAY
    ways = []
    for number in range(people):
        begun = first + chance.randrange(365) * DAY + chance.randrange(8 * 60) * datetime.timedelta(minutes=1)
        own = chance.choice((*range(clinicians), names.index(TWICE)))  # who harms more treats more, too
        with ClinicAccess(database, members[own]).writing(AccessRight.TREAT) as work:
            ways.append(_Person(work, chance, members, own, plans[number % len(plans)], odds).write(number, begun))
    return Year(operator, names, tuple(ways), odds)


class _Person:
    """One person's way through the clinic, from the first question to the last follow-up."""

    def __init__(
        self,
        work: ClinicTransaction,
        chance: random.Random,
        members: Sequence[Member],
        own: int,
        plan: _Plan,
        odds: float,
    ) -> None:
        self._work, self._chance, self._members, self._own = work, chance, members, own
        self._plan, self._odds = plan, odds
        self._option = chance.choice(tuple(FIRED))
        self._sessions = chance.choice(SESSIONS)

    def write(self, number: int, begun: datetime.datetime) -> Way:
        """Write all of it."""
        patient, consultation = self._consultation(number, begun)
        plan, consent = self._consent(consultation, begun)
        treatments = [
            self._session(patient, consultation, plan, consent, i, begun + (14 + 7 * APART_WEEKS * (i - 1)) * DAY)
            for i in range(1, self._sessions + 1)
        ]
        harmed = self._harms(treatments)
        seen = self._follow_up(treatments[-1]) if self._chance.random() < 0.8 else ""
        return Way(patient, consultation, plan, tuple(one.id for one in treatments), seen, harmed)

    def _consultation(self, number: int, begun: datetime.datetime) -> tuple[str, str]:
        patient = self._keep(
            tables.PatientRow, "patient.added", pseudonym=f"P{number + 1:05}", year_of_birth=1974, created_at=begun
        )
        row = self._new(tables.ConsultationRow, patient_id=patient.id, state="agreed", revision=1)
        row.created_at = row.saved_at = begun
        row.saved_by = self._work.actor
        return patient.id, self._save(row, ANSWERS_CONTENT, ANSWERS, "consultation.begun").id

    def _consent(self, consultation: str, at: datetime.datetime) -> tuple[str, str]:
        plan = self._keep(
            tables.PlanRow,
            "plan.made",
            consultation_id=consultation,
            consultation_revision=1,
            case_sha256=self._plan.sha256,
            plan_sha256=self._plan.sha256,
            version="synthetic",
            seed=0,
            draws=1,
            files=self._plan.files,
            made_at=at,
            made_by=self._work.actor,
        )
        consent = self._new(tables.ConsentRow, plan_id=plan.id, option=self._option, plan_sha256=self._plan.sha256)
        consent.explained_at, consent.not_before, consent.signed_at = at, at + 7 * DAY, at + 8 * DAY
        consent.explained_by = consent.signed_by = self._work.actor
        consent.signature_kind, consent.document = "typed", self._plan.files["report.pdf"]
        self._work.seal(consent, "signature_sealed", b"synthetic")
        return plan.id, self._sealed(consent, "answers_sealed", {}, "consent.signed").id

    def _session(
        self, patient: str, consultation: str, plan: str, consent: str, number: int, at: datetime.datetime
    ) -> treatment_tables.TreatmentRow:
        by = self._chance.choice(self._members) if self._chance.random() < 0.03 else self._members[self._own]
        booked = self._keep(
            treatment_tables.AppointmentRow,
            "appointment.booked",
            patient_id=patient,
            consultation_id=consultation,
            member_id=by.id,
            purpose=Purpose.SESSION.value,
            starts_at=at,
            ends_at=at + datetime.timedelta(minutes=45),
            state=AppointmentState.ATTENDED.value,
            revision=1,
            created_at=at - 14 * DAY,
            created_by=self._work.actor,
        )
        row = self._new(
            treatment_tables.TreatmentRow,
            consultation_id=consultation,
            plan_id=plan,
            option=self._option,
            consent_id=consent,
            appointment_id=booked.id,
            device=FIRED[self._option][0],
            serial="S-1",
            number=number,
            state="done",
            created_at=at,
            created_by=by.id,
            started_at=at,
            started_by=by.id,
            ended_at=at + datetime.timedelta(minutes=30),
            ended_by=by.id,
        )
        ordered = TreatmentOrder("acne-scars", "cheeks", row.device or "", FIRED[self._option][1])
        self._save(row, CHECKLIST_CONTENT, ChecklistContent(ordered), "treatment.done")
        area = self._new(
            treatment_tables.TreatedAreaRow, consultation_id=consultation, treatment_id=row.id, fired_at=at
        )
        area.fired_by = by.id
        self._save(area, FIRED_CONTENT, self._fired(), "area.fired")
        for day in DIARY_DAYS:
            entry = self._new(
                follow_up_tables.DiaryEntryRow, consultation_id=consultation, treatment_id=row.id, day=day
            )
            entry.written_at = at + day * DAY
            said = {"pain": 1, "redness": "slight", "signs": [], "question": ""}
            self._sealed(entry, "entry_sealed", said, "diary.written")
        return row

    def _fired(self) -> FiredContent:
        """Round about the setting that was planned."""
        about, around = FIRED[self._option][1], self._chance.uniform(0.85, 1.1)
        doses = {name: round(value * around, 1) for name, value in about.numbers().items() if name in DOSES}
        settings = replace(about.pulse, **doses)
        pain = self._chance.randint(1, 6)
        return FiredContent(site="cheeks", settings=settings, passes=1, endpoint="seek", pain_0_10=pain, deviations=())

    def _harms(self, treatments: Sequence[treatment_tables.TreatmentRow]) -> bool:
        """Harms as often as they were foretold, and twice as often where one operator treated."""
        harmed, factor = False, 2.0 if self._members[self._own].name == TWICE else 1.0
        for name, p in self._plan.harms[self._option].items():
            if self._chance.random() < min(1.0, factor * p):
                one, harmed = self._chance.choice(treatments), True
                at = (one.ended_at or one.created_at) + 5 * DAY
                row = self._new(
                    treatment_tables.AdverseEventRow,
                    consultation_id=one.consultation_id,
                    treatment_id=one.id,
                    source="diary",
                )
                row.seen_at = row.noted_at = at
                row.noted_by = self._work.actor
                event = AdverseEventContent(name, AdverseEventGrade.MILD, "cheeks", "")
                self._save(row, ADVERSE_EVENT_CONTENT, event, "event.noted")
        return harmed

    def _follow_up(self, last: treatment_tables.TreatmentRow) -> str:
        """A follow-up whose grade comes about with odds lower than those foretold."""
        p = self._plan.half[self._option]
        true = self._odds * p / (1.0 - p + self._odds * p)
        better = self._chance.random() < true
        quarter = self._chance.choice(QUARTERS[2:] if better else QUARTERS[:2])
        at = (last.ended_at or last.created_at) + FOLLOWED_AFTER
        row = self._new(follow_up_tables.FollowUpRow, consultation_id=last.consultation_id, treatment_id=last.id)
        row.seen_at = row.noted_at = at
        row.noted_by = self._work.actor
        grade = GradeContent(
            quarter=quarter,
            change=AestheticChange.MUCH_BETTER if better else AestheticChange.BETTER,
            readings=(),
            notes="",
            hidden=False,
            unseen=True,
            treated=True,
            graded_at=at,
            rater="",
            rater_id=self._work.actor,
        )
        content = FollowUpContent(FollowUpMoment.AFTER, grades=(grade,))
        return self._save(row, FOLLOW_UP_CONTENT, content, "follow-up.graded").id

    def _new(self, table: type[Row], **values: Any) -> Row:
        return table(clinic_id=self._work.clinic_id, id=new_id(), **values)

    def _keep(self, table: type[Row], action: str, **values: Any) -> Row:
        row = self._new(table, **values)
        self._work.save(row, action)  # type: ignore[arg-type]
        return row

    def _save(self, row: Row, sealed: SealedRecord[Content], content: Content, action: str) -> Row:
        self._work.seal_record(row, sealed, content)  # type: ignore[arg-type]
        self._work.save(row, action)  # type: ignore[arg-type]
        return row

    def _sealed(self, row: Row, column: str, held: Any, action: str) -> Row:
        self._work.seal(row, column, canonical_json(held).encode())  # type: ignore[arg-type]
        self._work.save(row, action)  # type: ignore[arg-type]
        return row


def _plan(access: ClinicAccess, shift: float, phototype: str) -> _Plan:
    """The plan of the samples, with what it foretells of improvement moved by so many logits."""
    document = json.loads(PLAN.read_text(encoding="utf-8"))
    document["assessment"]["phototype"] = phototype
    half, harms = {}, {}
    for place in FIRED:
        concern, option = map(int, place.split("."))
        one = document["concerns"][concern]["options"][option]
        for told in one["expected"]["p_at_least"].values():
            told |= {end: round(_moved(told[end], shift), 6) for end in ("low", "median", "high")}
        half[place] = one["expected"]["p_at_least"]["50"]["median"]
        harms[place] = {harm["name"]: harm["p"]["median"] for harm in one["harms"] if "median" in harm["p"]}
    contents = dict.fromkeys(("report.html", "report.pdf", "appendix.pdf", "leaflet.pdf"), b"%PDF synthetic")
    contents |= {"run.json": b"{}", "plan.json": json.dumps(document).encode()}
    files = {name: access.database.files.add(access.member.clinic_id, content) for name, content in contents.items()}
    return _Plan(hashlib.sha256(contents["plan.json"]).hexdigest(), files, half, harms)


def _moved(p: float, shift: float) -> float:
    odds = p / (1.0 - p) * math.exp(shift)
    return odds / (1.0 + odds)
