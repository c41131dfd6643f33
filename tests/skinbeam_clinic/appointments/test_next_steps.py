"""What today's patients need next: the first step that is open, in the order in which a course goes on."""

import datetime
import itertools
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_samples import HOME, Clinics, planned
from diary_samples import WARNING, treated
from page_statements import statements_of

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource

HOUR = datetime.timedelta(hours=1)
_minutes = itertools.count(0, 11)  # nobody is in two places


def booked(
    clinics: Clinics, patient: str, purpose: Purpose, consultation: str | None = None, *, consented: bool = False
) -> str:
    """The id of an appointment of today; a session lies ahead, when there was time to think."""
    now = datetime.datetime.now(datetime.UTC)
    begin = now + 12 * HOUR if consented else now.replace(hour=1, minute=0)  # hours apart at any time of day
    begin += datetime.timedelta(minutes=next(_minutes))
    doctor = clinics.members[HOME, Role.CLINICIAN].id
    asked = Booking(patient, doctor, purpose, begin, begin + HOUR / 6, None, consultation)
    return clinics.repositories().appointments.book(asked)[0].id


def next_of(clinics: Clinics, id: str) -> str | None:
    repositories = clinics.repositories()
    step = repositories.next_steps.read([repositories.appointments.get(id)]).get(id)
    return None if step is None else step.name


def test_a_course_goes_on_step_by_step(clinics: Clinics, tmp_path: Path) -> None:
    repositories = clinics.repositories()
    patient = repositories.patients.add("Steps").id
    assert next_of(clinics, booked(clinics, patient, Purpose.CONSULTATION)) == "begin"
    consultation = repositories.consultations.begin(patient, make_submission(LEAST.items()))
    at = booked(clinics, patient, Purpose.CONSULTATION, consultation.id)
    assert next_of(clinics, at) == "photograph"
    repositories.photographs.add(consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions())
    assert next_of(clinics, at) == "plan"
    made = planned(make_submission(LEAST.items()), tmp_path, lambda _: None)
    plan = repositories.plans.add(consultation.id, made, revision=consultation.revision)
    assert next_of(clinics, at) is None
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
    spot = repositories.test_spots.fire(consultation.id, SpotFiring(plan.id, settings, 0.0, ORAL_CONSENT))
    assert next_of(clinics, at) == "spots"
    repositories.test_spots.add_reading(spot.id, reaction="none")
    assert next_of(clinics, at) is None


@pytest.mark.parametrize("pictured", [True, False], ids=["with a photograph", "without any"])
def test_a_session_needs_a_consent_and_its_checklist(clinics: Clinics, pictured: bool) -> None:
    """Nobody must be photographed: where a plan was made without it, nothing else is left out for it."""
    repositories = clinics.repositories()
    of = treated(repositories, days_ago=30)
    if pictured:
        repositories.photographs.add(of.consultation, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions())
    at = booked(clinics, of.patient, Purpose.SESSION, of.consultation, consented=True)
    assert next_of(clinics, at) is None
    consent = repositories.treatments.get(of.treatment).consent_id
    repositories.treatments.begin(consent, repositories.treatments.get(of.treatment).ordered)
    assert next_of(clinics, at) == "checklist"
    repositories.consents.withdraw(consent)
    assert next_of(clinics, at) == "explain"
    repositories.consents.record_explanation(of.plan, option="0.0", cooling_off=datetime.timedelta(0))
    assert next_of(clinics, at) == "consent"


def test_a_step_that_would_be_refused_is_not_offered(clinics: Clinics, tmp_path: Path) -> None:
    """Changed answers: neither consent nor session is possible before a new plan. A closed consultation takes none."""
    repositories = clinics.repositories()
    of = treated(repositories, days_ago=30)
    at = booked(clinics, of.patient, Purpose.SESSION, of.consultation, consented=True)
    seen = booked(clinics, of.patient, Purpose.FOLLOW_UP, of.consultation, consented=True)
    first = repositories.treatments.get(of.treatment)
    repositories.treatments.begin(first.consent_id, first.ordered)
    assert next_of(clinics, at) == "checklist"
    revision = repositories.consultations.get(of.consultation).revision
    changed = make_submission((LEAST | {"patient.age_years": "52"}).items())
    revision = repositories.consultations.save(of.consultation, changed, revision=revision).revision
    with pytest.raises(InputError, match="plan"):
        repositories.treatments.begin(first.consent_id, first.ordered)
    assert next_of(clinics, at) == "plan"
    assert next_of(clinics, seen) is None, "a follow-up needs no new plan"
    repositories.plans.add(of.consultation, planned(changed, tmp_path, lambda _: None), revision=revision)
    assert next_of(clinics, at) == "explain"
    repositories.consultations.close(of.consultation, revision=revision)
    assert next_of(clinics, at) is None


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("grade", AdverseEventGrade)
def test_an_event_that_lasts_is_looked_at_before_the_course_goes_on(
    clinics: Clinics, purpose: Purpose, grade: AdverseEventGrade
) -> None:
    repositories = clinics.repositories()
    of = treated(repositories, days_ago=30)
    at = booked(clinics, of.patient, purpose, of.consultation, consented=True)
    consent = repositories.treatments.get(of.treatment).consent_id
    repositories.consents.withdraw(consent)
    before = next_of(clinics, at)
    source = list(AdverseEventSource)[len(grade) % len(AdverseEventSource)]  # wherever it was reported
    events = [
        repositories.adverse_events.add(of.treatment, kind=kind, grade=grade, source=source)
        for kind in ("blister", "burn")
    ]
    for event in events:
        step = repositories.next_steps.read([repositories.appointments.get(at)])[at]
        assert (step.name, step.path) == ("adverse-event", f"/treatments/{of.treatment}#events")
        assert 'id="events"' in clinics.browser(Role.CLINICIAN).get(step.path).text
        repositories.adverse_events.resolve(event.id, words="healed")
    assert next_of(clinics, at) == before


def test_an_alarm_comes_first_and_the_checklist_says_the_same(clinics: Clinics) -> None:
    """One mechanism stops a course: the list of today, the checklist and the button that begins a session agree."""
    repositories = clinics.repositories()
    of = treated(repositories, days_ago=3)
    at = booked(clinics, of.patient, Purpose.SESSION, of.consultation, consented=True)
    consent = repositories.treatments.get(of.treatment).consent_id
    session = repositories.treatments.begin(consent, repositories.treatments.get(of.treatment).ordered).id
    doctor = clinics.browser(Role.CLINICIAN)
    told = "A diary reports a warning sign, and no clinician has decided yet what it was."
    assert told not in doctor.get(f"/treatments/{session}").text
    until = datetime.datetime.now(datetime.UTC) + 24 * HOUR
    link = repositories.diaries.create_link(of.treatment, language="en", until=until)
    DiaryAccess(clinics.database).open(link.token).add_entry("1" * 32, 1, WARNING, photograph=None, alarm=True)
    assert next_of(clinics, at) == "alarm"
    assert told in doctor.get(f"/treatments/{session}").text
    alarm = next(one for one in repositories.alarms.list_open() if one.consultation_id == of.consultation)
    repositories.alarms.answer(alarm.id, "called")
    assert next_of(clinics, at) == "alarm", "answered, and not yet decided"
    repositories.alarms.decide(alarm.id, "redness as expected", adverse_event_id=None)
    assert next_of(clinics, at) != "alarm"
    assert told not in doctor.get(f"/treatments/{session}").text


def test_what_is_over_needs_nothing_and_a_full_day_takes_no_more_statements(clinics: Clinics) -> None:
    repositories, owner = clinics.repositories(), clinics.browser(Role.OWNER)
    patient = repositories.patients.add("Over").id
    at = booked(clinics, patient, Purpose.CONSULTATION)
    assert "Begin the consultation" in owner.get("/").text
    revision = repositories.appointments.get(at).revision
    repositories.appointments.set_attendance(at, attended=False, revision=revision)
    assert next_of(clinics, at) is None
    consultation = repositories.consultations.begin(patient, make_submission(LEAST.items())).id
    booked(clinics, patient, Purpose.SESSION, consultation)
    few = statements_of(clinics, owner, "/")
    for _ in range(3):
        another = repositories.patients.add().id
        begun = repositories.consultations.begin(another, make_submission(LEAST.items())).id
        booked(clinics, another, Purpose.SESSION, begun)
    assert statements_of(clinics, owner, "/") == few


def test_who_may_only_read_sees_the_same_steps(clinics: Clinics, repositories: ClinicRepositories) -> None:
    assert clinics.browser(Role.AUDITOR).get("/").status_code == 200
    assert repositories.next_steps.read([]) == {}
