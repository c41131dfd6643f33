"""The page of outcomes: what it says of a made-up year, and that it says nothing of a handful of people."""

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import looked_at, opened_page, served
from clinic_samples import COOKIE, HOME, PASSWORD, Clinics, planned
from clinic_year import TWICE, year
from playwright.sync_api import Browser
from report_samples import sample_plan
from starlette.testclient import TestClient
from treated_rows import add_treatment
from treatment_samples import fired

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.outcome_audit.funnel import FunnelPlot
from skinbeam.plan_records.document import read_plan
from skinbeam.text import render_message
from skinbeam_clinic.access import AccessRight, Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.connection import FILES_VARIABLE, Database
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.database.revisions import open_database, upgrade_database
from skinbeam_clinic.database.treatment_tables import TreatmentRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter, SelfRating
from skinbeam_clinic.follow_ups.patient_reports import PatientAnswers
from skinbeam_clinic.models import ConsentAnswers
from skinbeam_clinic.outcome_audit.comparison import OutcomeReader, read_prediction
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, TreatmentState
from skinbeam_clinic.treatments.sealed_content import CHECKLIST_CONTENT
from skinbeam_clinic.used_cooling import CoolingKind, UsedCooling
from skinbeam_clinic.web.application import build_clinic_app
from skinbeam_clinic.web.client import LANGUAGE_COOKIE, SESSION_COOKIE

HOUSE = "Synthetic House"
PLACE = "0.1"  # of the plan of the samples: a vascular laser, with known shares


def treated(clinics: Clinics, folder: Path) -> tuple[ClinicRepositories, str]:
    """Repositories, and a session that is over, under a consent."""
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    made = planned(make_submission(LEAST.items()), folder, lambda _: None)
    plan = repositories.plans.add(consultation.id, made, revision=consultation.revision)
    consent = repositories.consents.record_explanation(plan.id, option=PLACE, cooling_off=datetime.timedelta())
    repositories.consents.record_teach_back(consent.id, {}, ())
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF"}
    repositories.consents.sign(consent.id, answers=ConsentAnswers(), signed_at=consent.not_before, **signed)  # type: ignore[arg-type]
    return repositories, add_treatment(repositories, consent.id, days_ago=100)


def test_what_was_foretold_is_what_the_signed_plan_says() -> None:
    plan = sample_plan()
    prediction, written = read_prediction(read_plan(plan), PLACE), plan["concerns"][0]["options"][1]
    stated = written["expected"]["p_at_least"]["50"]
    assert (prediction.condition, prediction.modality) == (plan["concerns"][0]["condition"], written["modality"])
    assert prediction.predicted.half_improved == Estimate(**{**stated, "basis": tuple(stated["basis"])})
    assert isinstance(prediction.predicted.harms["pih"], Estimate)
    assert isinstance(prediction.predicted.harms["blister"], Unknown)


def test_a_course_counts_once_somebody_saw_the_patient_after_it(clinics: Clinics, tmp_path: Path) -> None:
    repositories, treatment = treated(clinics, tmp_path)
    reader, before = OutcomeReader(), OutcomeReader().read(clinics.repositories(Role.AUDITOR))
    assert reader.read(repositories).without_follow_up == before.without_follow_up
    follow_up = repositories.follow_ups.begin(treatment)
    repositories.follow_ups.add_grade(follow_up.id, ImprovementQuarter.THIRD, AestheticChange.BETTER)
    read = reader.read(repositories)
    assert (len(read.comparisons), read.without_follow_up) == (
        len(before.comparisons) + 1,
        before.without_follow_up - 1,
    ), "counted anew since it changed"
    (one,) = (found for found in read.comparisons if found.outcome.observed.half_improved is not None)
    assert one.outcome.observed.half_improved
    assert one.outcome.observed.harms == frozenset()
    assert one.outcome.observed.downtime_days is None  # nobody has asked
    repositories.adverse_events.add(
        treatment, kind="pih", grade=AdverseEventGrade.MILD, source=AdverseEventSource.FOLLOW_UP
    )
    assert any(found.outcome.observed.harms == {"pih"} for found in reader.read(repositories).comparisons)
    assert reader.read(repositories) is reader.read(clinics.repositories(Role.AUDITOR)), (
        "what has not changed is not counted again"
    )


def test_a_session_without_a_pulse_counts_neither_as_one_nor_as_the_last(clinics: Clinics, tmp_path: Path) -> None:
    """Whoever was sent home stood in the tables as treated without harm, and what was graded before was left out."""
    repositories, treatment = treated(clinics, tmp_path)
    follow_up = repositories.follow_ups.begin(treatment)
    repositories.follow_ups.add_grade(follow_up.id, ImprovementQuarter.THIRD, AestheticChange.BETTER)
    before = repositories.outcomes.courses()
    consent = repositories.treatments.get(treatment).consent_id
    repositories.treatments.end(add_treatment(repositories, consent), TreatmentState.STOPPED)
    assert repositories.outcomes.courses() == before


@pytest.mark.parametrize("change", ["as planned", "not recorded", *CoolingKind])
def test_a_course_that_was_cooled_otherwise_is_told_and_not_compared(
    clinics: Clinics, tmp_path: Path, change: str
) -> None:
    """Its plan foretold what the planned cooling does."""
    repositories, treatment = treated(clinics, tmp_path)
    before = OutcomeReader().read(clinics.repositories(Role.AUDITOR))
    ordered = repositories.treatments.get(treatment).ordered
    planned_one = UsedCooling(kind=CoolingKind.SPRAY)
    with ClinicAccess(clinics.database, clinics.members[HOME, Role.CLINICIAN]).writing(AccessRight.TREAT) as work:
        row = work.get(TreatmentRow, treatment)
        checklist = work.open_record(row, CHECKLIST_CONTENT)
        work.seal_record(row, CHECKLIST_CONTENT, replace(checklist, ordered=replace(ordered, cooling=planned_one)))
        work.save(row, "treatment.checked")
    used = {"as planned": planned_one, "not recorded": None} | {
        kind.value: UsedCooling(kind=kind) for kind in CoolingKind
    }
    repositories.treatments.add_area(
        treatment, fired(cooling=used[change], pain_0_10=None, reason="as it was", why="typed later")
    )
    follow_up = repositories.follow_ups.begin(treatment)
    repositories.follow_ups.add_grade(follow_up.id, ImprovementQuarter.THIRD, AestheticChange.BETTER)
    read = OutcomeReader().read(clinics.repositories(Role.AUDITOR))
    alike = change in ("as planned", "not recorded", "spray")
    assert len(read.comparisons) - len(before.comparisons) == alike
    assert read.cooled_otherwise - before.cooled_otherwise == (not alike)
    assert read.course_count == len(read.comparisons) + read.cooled_otherwise + read.without_follow_up
    page = clinics.browser(Role.AUDITOR).get("/learning").text
    words = render_message("clinic-learning.cooled-otherwise", {"courses": read.cooled_otherwise})
    assert (words in page) == bool(read.cooled_otherwise)


def test_saved_answers_and_members_are_no_reason_to_count_again(clinics: Clinics, tmp_path: Path) -> None:
    """A clinic saves forms and signs in all day, and counting takes seconds."""
    repositories, treatment = treated(clinics, tmp_path)
    reader = OutcomeReader()
    read = reader.read(repositories)
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    repositories.consultations.save(consultation.id, make_submission(LEAST.items()), revision=1)
    accounts = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    accounts.add("newcomer", Role.CLINICIAN, PASSWORD)
    assert reader.read(repositories) is read
    repositories.follow_ups.begin(treatment)
    assert reader.read(repositories) is not read


def test_of_a_handful_of_people_no_number_is_shown(clinics: Clinics, tmp_path: Path) -> None:
    repositories, treatment = treated(clinics, tmp_path)
    repositories.follow_ups.add_grade(
        repositories.follow_ups.begin(treatment).id, ImprovementQuarter.FIRST, AestheticChange.SAME
    )
    page = clinics.browser(Role.AUDITOR).get("/learning").text
    assert render_message("clinic-learning.half") in page
    assert render_message("clinic-learning.funnel") in page
    assert "<img" not in page
    assert "<tbody>" not in page
    assert clinics.browser(Role.ASSISTANT).get("/learning").status_code == 403
    assert "/learning" not in clinics.browser(Role.ASSISTANT).get("/").text


def test_the_pages_of_the_made_up_year_open(clinics: Clinics) -> None:
    """What is written in bulk is what the drawers would have written, as far as the pages read it."""
    written = year(clinics.database, HOUSE, PASSWORD, people=6, clinicians=3)
    token = SignIn(clinics.database, PasswordHasher()).sign_in(HOUSE, written.clinicians[0], PASSWORD).token
    client = TestClient(clinics.app, base_url="https://localhost")
    client.cookies.set(COOKIE, token, domain="localhost.local")
    one = next(way for way in written.ways if way.follow_up)
    here = f"/patients/{one.patient}"
    treatment, follow_up = f"/treatments/{one.treatments[-1]}", f"/follow-ups/{one.follow_up}"
    for path in (here, f"{here}/appointments", f"{here}/follow-ups", treatment, follow_up, "/learning"):
        assert client.get(path).status_code == 200, path


@pytest.fixture(scope="module")
def whole_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with a made-up year."""
    folder = tmp_path_factory.mktemp("year")
    environment = {KEY_VARIABLE: generate_key(), FILES_VARIABLE: str(folder / "files")}
    address = str(folder / "clinic.sqlite")
    upgrade_database(address, environment)
    database = open_database(address, environment)
    written = year(database, HOUSE, PASSWORD, people=400)
    assert len(written.ways) == 400
    assert written.sessions > 1150
    assert sum(one.harmed for one in written.ways) > 25
    yield database
    database.close()


@pytest.mark.check
def test_the_page_shows_what_was_put_into_a_made_up_year(whole_year: Database, browser: Browser) -> None:
    """True odds half of those foretold, and one operator of six who harms twice as often."""
    assert all(not one.findings for one in verify_database(whole_year))
    token = SignIn(whole_year, PasswordHasher()).sign_in(HOUSE, "auditor", PASSWORD).token
    app = build_clinic_app(whole_year)
    client = TestClient(app, base_url="https://localhost")
    client.cookies.set(COOKIE, token, domain="localhost.local")
    page = client.get("/learning").text
    assert render_message("clinic-learning.half-less") in page
    auditor = SignIn(whole_year, PasswordHasher()).find_session(token)
    assert auditor is not None
    read = OutcomeReader().read(ClinicRepositories(whole_year, auditor.member))
    found = read.summary(None)
    assert isinstance(found.improvement.odds, Estimate)
    assert found.improvement.odds.low < 0.5 < found.improvement.odds.high < 1.0
    assert isinstance(found.improvement.slope, Estimate)
    assert found.improvement.slope.low < 1.0 < found.improvement.slope.high, "the odds alone were altered"
    assert isinstance(found.funnel, FunnelPlot)
    assert [read.names[one.name] for one in found.funnel.operators if one.exceeded_level and one.above] == [TWICE]
    client.cookies.set(f"__Host-{LANGUAGE_COOKIE}", "de", domain="localhost.local")
    assert "Aknenarben: " in client.get("/learning").text, "counted in English, told in German"
    with served(app) as address, opened_page(browser) as opened:
        opened.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
        opened.goto(f"{address}/learning")
        assert opened.get_by_role("img").count() == 2
        looked_at(opened, "learning")
        opened.get_by_label(render_message("clinic-learning.filter")).select_option(index=1)
        opened.get_by_role("button", name=render_message("clinic-learning.show")).click()
        opened.wait_for_url("**/learning?kind=*")
        looked_at(opened, "learning-one")


def test_days_away_that_patients_reported_are_held_against_those_foretold(clinics: Clinics, tmp_path: Path) -> None:
    """The last test of a clinic that all share: its table of days counts from one report on."""
    repositories, treatment = treated(clinics, tmp_path)
    follow_up = repositories.follow_ups.begin(treatment)
    repositories.follow_ups.save_report(follow_up.id, PatientAnswers(SelfRating(7, 0), days_away=3))
    read = OutcomeReader().read(clinics.repositories(Role.AUDITOR))
    seen = [one.outcome.observed.downtime_days for one in read.comparisons]
    assert [days for days in seen if days is not None] == [3]
    page = clinics.browser(Role.AUDITOR).get("/learning").text
    assert "Days of downtime, interval of 80 %" in page
