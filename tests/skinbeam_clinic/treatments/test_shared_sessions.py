"""A session whose pulses treat several concerns: recorded once, and counted, followed and judged for each of them."""

import datetime
import html
import io
import json
import zipfile
from pathlib import Path

import pytest
from clinic_samples import Clinics
from pypdf import PdfReader
from shared_pattern_samples import DEVICE, SCARS, TEXTURE, add_shared_plan
from starlette.testclient import TestClient
from treated_rows import agree
from treatment_samples import clear_answers

from skinbeam.model.case import Case
from skinbeam.model.consultation import EarlierSession
from skinbeam.suitability.session_response import session_response
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.exchange.copied_patient import parse_copy
from skinbeam_clinic.exchange.fhir.treatments import parse_treatment, treatment_resources
from skinbeam_clinic.follow_ups.models import AestheticChange, ImprovementQuarter
from skinbeam_clinic.outcome_audit.comparison import OutcomeReader
from skinbeam_clinic.outcome_audit.repository import CourseOutcome
from skinbeam_clinic.patients.history import HistoryFact
from skinbeam_clinic.patients.history_join import join_history
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.plans.contraindications import find_contraindications
from skinbeam_clinic.plans.routes import open_plan
from skinbeam_clinic.treatments.models import AdverseEventGrade, AdverseEventSource, AlsoTreated, Treatment

SCARS_OPTION, TEXTURE_OPTION = f"{SCARS}.0", f"{TEXTURE}.0"
ROW = {"site": "cheeks", "side": "both", "energy_mJ": "30", "density_per_cm2": "100", "pulse_ms": "0.5", "passes": "1"}
TOO_SOON = "A session today has already treated"


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture(scope="module")
def machine(clinics: Clinics) -> str:
    return clinics.repositories(Role.OWNER).machines.add(device=DEVICE, serial="SYN-7", name="Fractional laser").id


@pytest.fixture
def plan(clinics: Clinics) -> str:
    """The id of a plan with columns of 30 mJ for the scars, which treat the texture in place of its 15 mJ."""
    return add_shared_plan(clinics)


def ordered(client: TestClient, clinics: Clinics, machine: str, plan: str, option: str) -> Treatment:
    """A session that is ordered for an option, of which the checklist is filled in."""
    begun = client.post(f"/consents/{agree(clinics.repositories(), plan, option)}/treatments").headers["location"]
    client.post(f"{begun}/machine", data={"machine": machine})
    treatment = clinics.repositories().treatments.get(begun.rpartition("/")[2])
    answers = {item: answer for item, (answer, _) in clear_answers(treatment.ordered).items()}
    client.post(f"{begun}/checklist", data=answers)
    return treatment


def fired(client: TestClient, clinics: Clinics, machine: str, plan: str, option: str = SCARS_OPTION) -> Treatment:
    """A session that was done under an option."""
    here = f"/treatments/{ordered(client, clinics, machine, plan, option).id}"
    assert client.post(f"{here}/start").status_code == 303
    row = ROW if option == SCARS_OPTION else ROW | {"energy_mJ": "15"}
    assert client.post(f"{here}/areas", data=row | {"endpoint": "seek"}).status_code == 303
    assert client.post(f"{here}/end", data={"state": "done"}).status_code == 303
    return clinics.repositories().treatments.get(here.rpartition("/")[2])


def sessions(clinics: Clinics, treatment: Treatment) -> dict[str, HistoryFact]:
    """What the records of its patient say of sessions, by condition."""
    repositories = clinics.repositories()
    patient = repositories.consultations.get(treatment.consultation_id).patient_id
    return {
        fact.row.treats: fact
        for fact in read_history(repositories, patient).facts
        if isinstance(fact.row, EarlierSession)
    }


def next_case(clinics: Clinics, treatment: Treatment, home: Path) -> Case:
    """The case file from which the next plan of the same answers is made."""
    repositories = clinics.repositories()
    consultation = repositories.consultations.get(treatment.consultation_id)
    facts = read_history(repositories, consultation.patient_id).facts
    return case_from_form(join_history(consultation.answers, facts, now()), home).case


def grade(clinics: Clinics, treatment: Treatment, option: str, quarter: ImprovementQuarter) -> None:
    follow_ups = clinics.repositories().follow_ups
    change = AestheticChange.WORSE if quarter is ImprovementQuarter.WORSE else AestheticChange.BETTER
    follow_ups.add_grade(follow_ups.begin(treatment.id, option=option).id, quarter, change)


def test_the_order_names_what_the_columns_treat_and_the_page_says_it(
    client: TestClient, clinics: Clinics, machine: str, plan: str
) -> None:
    deep = ordered(client, clinics, machine, plan, SCARS_OPTION)
    assert deep.ordered.also == (AlsoTreated("skin-texture", "cheeks", TEXTURE_OPTION),)
    page = html.unescape(client.get(f"/treatments/{deep.id}").text)
    assert "it counts for Acne scars, cheeks; Rough texture and large pores, cheeks." in page
    german = html.unescape(client.get(f"/treatments/{deep.id}", headers={"accept-language": "de"}).text)
    assert "Sie zählt für Aknenarben, Wangen; Raue" in german
    shallow = ordered(client, clinics, machine, plan, TEXTURE_OPTION)
    assert shallow.ordered.also == (), "these columns are not as deep as scars"
    assert "Record this session once" not in client.get(f"/treatments/{shallow.id}").text


def test_a_concern_that_gets_another_option_is_none_that_the_columns_treat(
    client: TestClient, clinics: Clinics, machine: str, plan: str
) -> None:
    client.post(f"/plans/{plan}/choice", data={"option": f"{TEXTURE}.1", "notes": "creams alone"})
    assert ordered(client, clinics, machine, plan, SCARS_OPTION).ordered.also == ()


def test_one_pass_of_one_setting_is_a_session_of_each_whichever_is_ordered(
    client: TestClient, clinics: Clinics, machine: str
) -> None:
    plan = add_shared_plan(clinics, energy_times=1.0)
    for option, other in ((SCARS_OPTION, "skin-texture"), (TEXTURE_OPTION, "acne-scars")):
        (also,) = ordered(client, clinics, machine, plan, option).ordered.also
        assert also.condition == other


def test_the_next_plan_counts_it_for_each_concern(
    client: TestClient, clinics: Clinics, machine: str, plan: str, tmp_path: Path
) -> None:
    treatment = fired(client, clinics, machine, plan)
    case = next_case(clinics, treatment, tmp_path)
    assert [(row.treats, row.site, row.week, row.weeks_ago) for row in case.session] == [
        ("acne-scars", "cheeks", 0.0, 0.0),
        ("skin-texture", "cheeks", 0.0, 0.0),
    ]
    assert {(row.device, row.energy_mJ, row.density_per_cm2) for row in case.session} == {(DEVICE, 30.0, 100.0)}
    counts = [session_response(case, AlsoTreated(row.treats, "cheeks", "")).sessions for row in case.session]
    assert counts == [1, 1]


def test_what_was_fired_beside_the_site_of_the_other_concern_is_no_session_of_it(
    client: TestClient, clinics: Clinics, machine: str, plan: str
) -> None:
    here = f"/treatments/{ordered(client, clinics, machine, plan, SCARS_OPTION).id}"
    client.post(f"{here}/start")
    row = ROW | {"site": "chin", "endpoint": "seek", "reason": "scars there, too", "confirmed": "site=chin"}
    assert client.post(f"{here}/areas", data=row).status_code == 303
    treatment = clinics.repositories().treatments.get(here.rpartition("/")[2])
    assert sessions(clinics, treatment).keys() == {"acne-scars"}


def test_each_concern_is_graded_on_its_own(
    client: TestClient, clinics: Clinics, machine: str, plan: str, tmp_path: Path
) -> None:
    treatment = fired(client, clinics, machine, plan)
    repositories = clinics.repositories()
    patient = repositories.consultations.get(treatment.consultation_id).patient_id
    courses = repositories.follow_ups.list_courses(patient)
    assert [(course.option, course.sessions) for course in courses] == [(TEXTURE_OPTION, 1), (SCARS_OPTION, 1)]
    page = html.unescape(client.get(f"/patients/{patient}/follow-ups").text)
    assert page.count("a session for Atrophic acne scars, cheeks that treated this, too") == 1
    form = {"row": "r1", "option": TEXTURE_OPTION}
    begun = client.post(f"/treatments/{treatment.id}/follow-ups", data=form).headers["location"]
    again = client.post(f"/treatments/{treatment.id}/follow-ups", data=form).headers["location"]
    other = client.post(f"/treatments/{treatment.id}/follow-ups", data=form | {"option": SCARS_OPTION})
    assert begun == again != other.headers["location"], "sent again, and the form of the other concern"
    assert "Uneven texture, cheeks" in html.unescape(client.get(begun).text)
    graded = client.post(f"{begun}/grade", data={"quarter": "0-25", "change": "3"})
    assert graded.status_code == 303
    responses = {treats: fact.values.get("response_pct") for treats, fact in sessions(clinics, treatment).items()}
    assert responses == {"skin-texture": 12.5, "acne-scars": None}
    client.post(f"{other.headers['location']}/grade", data={"quarter": "51-75", "change": "2"})
    case = next_case(clinics, treatment, tmp_path)
    assert {row.treats: row.response_pct for row in case.session} == {"skin-texture": 12.5, "acne-scars": 62.5}
    courses = repositories.follow_ups.list_courses(patient)
    assert [[each.option for each in course.follow_ups] for course in courses] == [[TEXTURE_OPTION], [SCARS_OPTION]]
    with pytest.raises(RecordNotFoundError):
        repositories.follow_ups.begin(treatment.id, option="0.0")


def test_what_improved_another_concern_is_no_outcome_of_the_option_that_was_fired(
    client: TestClient, clinics: Clinics, machine: str, plan: str
) -> None:
    treatment = fired(client, clinics, machine, plan)
    grade(clinics, treatment, TEXTURE_OPTION, ImprovementQuarter.FOURTH)
    assert read_outcome(clinics, treatment).improvement is None
    grade(clinics, treatment, SCARS_OPTION, ImprovementQuarter.SECOND)
    improvement = read_outcome(clinics, treatment).improvement
    assert improvement is not None
    assert (improvement.low_pct, improvement.high_pct) == (25.0, 50.0)


def test_a_session_at_the_setting_of_both_is_an_outcome_of_each(
    client: TestClient, clinics: Clinics, machine: str
) -> None:
    treatment = fired(client, clinics, machine, add_shared_plan(clinics, energy_times=1.0))
    grade(clinics, treatment, TEXTURE_OPTION, ImprovementQuarter.FOURTH)
    courses = read_outcomes(clinics, treatment)
    assert courses.keys() == {SCARS_OPTION, TEXTURE_OPTION}
    improvement = courses[TEXTURE_OPTION].improvement
    assert improvement is not None
    assert (improvement.low_pct, courses[TEXTURE_OPTION].sessions) == (75.0, 1)
    assert not courses[SCARS_OPTION].has_follow_up, "nobody has looked at the scars"
    grade(clinics, treatment, SCARS_OPTION, ImprovementQuarter.SECOND)
    predictions = [
        comparison.prediction.condition
        for comparison in OutcomeReader().read(clinics.repositories(Role.OWNER)).comparisons
        if comparison.course.patient_id == courses[SCARS_OPTION].patient_id
    ]
    assert sorted(predictions) == ["acne-scars", "skin-texture"]


def test_a_session_beside_the_site_of_the_other_concern_is_no_outcome_of_it(
    client: TestClient, clinics: Clinics, machine: str
) -> None:
    plan = add_shared_plan(clinics, energy_times=1.0)
    here = f"/treatments/{ordered(client, clinics, machine, plan, SCARS_OPTION).id}"
    client.post(f"{here}/start")
    row = ROW | {"site": "chin", "endpoint": "seek", "reason": "scars there, too", "confirmed": "site=chin"}
    assert client.post(f"{here}/areas", data=row).status_code == 303
    client.post(f"{here}/end", data={"state": "done"})
    treatment = clinics.repositories().treatments.get(here.rpartition("/")[2])
    assert read_outcomes(clinics, treatment).keys() == {SCARS_OPTION}


def read_outcomes(clinics: Clinics, treatment: Treatment) -> dict[str, CourseOutcome]:
    """The courses of a treatment's patient, by their option."""
    repositories = clinics.repositories(Role.OWNER)
    patient = repositories.consultations.get(treatment.consultation_id).patient_id
    return {course.option: course for course in repositories.outcomes.courses() if course.patient_id == patient}


def read_outcome(clinics: Clinics, treatment: Treatment) -> CourseOutcome:
    (course,) = read_outcomes(clinics, treatment).values()
    return course


def test_papers_and_copies_name_each_concern(client: TestClient, clinics: Clinics, machine: str, plan: str) -> None:
    treatment = fired(client, clinics, machine, plan)
    names = ("Acne scars, cheeks", "Rough texture and large pores, cheeks")
    letter = client.get(f"/treatments/{treatment.id}/letter/en")
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(letter.content)).pages).split())
    assert all(name in text for name in names)
    patient = clinics.repositories().consultations.get(treatment.consultation_id).patient_id
    copy = clinics.browser(Role.OWNER).post(f"/patients/{patient}/copy")
    with zipfile.ZipFile(io.BytesIO(copy.content)) as archive:
        overview = html.unescape(archive.read("overview.html").decode())
        sessions_elsewhere = parse_copy(copy.content).dossier.consultations[-1].consultation.answers.tables["session"]
    assert all(name in overview for name in names)
    assert {row["treats"] for row in sessions_elsewhere} == {"acne-scars", "skin-texture"}, "another clinic counts both"
    procedure, *_ = treatment_resources(treatment, patient)
    assert parse_treatment(json.loads(json.dumps(procedure))) == treatment


def test_a_harm_is_told_once_and_holds_for_each(
    client: TestClient, clinics: Clinics, machine: str, plan: str, tmp_path: Path
) -> None:
    treatment = fired(client, clinics, machine, plan)
    clinics.repositories().adverse_events.add(
        treatment.id, kind="blister", grade=AdverseEventGrade.MODERATE, source=AdverseEventSource.SESSION, site="cheeks"
    )
    case = next_case(clinics, treatment, tmp_path)
    assert {row.treats: row.adverse for row in case.session} == {
        "skin-texture": ["blister"],
        "acne-scars": ["blister"],
    }, "a row without it would say that this skin has borne the dose"
    opened = open_plan(clinics.repositories(), plan)
    found = find_contraindications(opened.records_since, opened.plan, SCARS_OPTION)
    assert found
    texts = [each.message.text for each in found]
    assert len(texts) == len(set(texts))
    assert not any(each.fact is not None and each.fact.is_also for each in found)


@pytest.mark.parametrize(("first", "second"), [(SCARS_OPTION, TEXTURE_OPTION), (TEXTURE_OPTION, SCARS_OPTION)])
def test_a_second_pattern_of_the_day_waits_for_a_reason(
    client: TestClient, clinics: Clinics, machine: str, plan: str, first: str, second: str
) -> None:
    """Both orders of a visit could be fired on the same skin without a word: it has two densities then."""
    fired(client, clinics, machine, plan, first)
    here = f"/treatments/{ordered(client, clinics, machine, plan, second).id}"
    page = html.unescape(client.get(here).text)
    assert page.count(TOO_SOON) == 1
    assert "Uneven texture" in page[page.index(TOO_SOON) :][:200]
    assert client.post(f"{here}/start").status_code == 422
    why = "the chin was left out, where the texture is worst"
    client.post(f"{here}/decision", data={"item": "course", "why-course": why})
    assert client.post(f"{here}/start").status_code == 303, "a clinician decides"


def test_the_interval_of_the_other_concern_is_counted_from_it(
    client: TestClient, clinics: Clinics, machine: str, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    treatment = fired(client, clinics, machine, plan)
    later = now() + datetime.timedelta(days=6)
    monkeypatch.setattr("skinbeam_clinic.treatments.session_page.now", lambda: later)
    here = f"/treatments/{ordered(client, clinics, machine, plan, TEXTURE_OPTION).id}"
    page = html.unescape(client.get(here).text)
    assert "The last session for Uneven texture was less than " in page
    assert f"/treatments/{treatment.id}" in page


def test_sessions_of_a_visit_that_treat_different_concerns_of_the_skin_are_no_double(
    client: TestClient, clinics: Clinics, machine: str, plan: str
) -> None:
    """The plan treats veins and brown spots of the cheeks in one visit: the skin of the first is left out."""
    treatment = fired(client, clinics, machine, plan)
    assert treatment.ordered.also
    veins = ordered(client, clinics, machine, plan, "0.0")
    page = html.unescape(client.get(f"/treatments/{veins.id}").text)
    assert TOO_SOON not in page
    left_out = page[page.index("Skin of this site was treated today") :][:600]
    assert left_out.count("<li>") == 1, "a session of two concerns is one"
    assert f'<a href="/treatments/{treatment.id}">Session of week 0: Acne scars, cheeks' in left_out
    assert "treated today" not in client.get(f"/treatments/{treatment.id}").text
