"""Follow-ups by their pages: asked before and after, graded without knowing, and what was foretold beside what came."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinic_pages import looked_at, opened_page, served, sign_in
from clinic_samples import HOME, Clinics, two_clinics
from follow_up_samples import begin_follow_up, consent, page_of, patient_of, picture
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient
from treated_rows import add_treatment, end_treatment

from skinbeam_clinic.access import Role
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.follow_ups import patient_reports as handed_over
from skinbeam_clinic.follow_ups.models import AestheticChange, FollowUp, ImprovementQuarter, SelfRating
from skinbeam_clinic.follow_ups.patient_reports import PatientAnswers
from skinbeam_clinic.follow_ups.routes import LEFT, NEITHER, RIGHT
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.treatments.models import AdverseEventSource
from skinbeam_clinic.web.client import HANDOVER_COOKIE

ANSWERS = {"quarter": "26-50", "change": "3", "satisfied": "4", "now.confidence": "7", "now.pain": "0"}
WORDS = "It is <b>paler</b>,\nand I look at it less."


@pytest.fixture
def begun(clinics: Clinics, tmp_path: Path) -> FollowUp:
    return begin_follow_up(clinics, tmp_path)


@pytest.fixture(scope="module")
def unanswered(clinics: Clinics, tmp_path_factory: pytest.TempPathFactory) -> FollowUp:
    """A follow-up whose patient has not answered; what is refused leaves it so."""
    return begin_follow_up(clinics, tmp_path_factory.mktemp("unanswered"))


def handed(clinics: Clinics, id: str) -> TestClient:
    """A browser that an assistant has handed over."""
    client = clinics.browser(Role.ASSISTANT)
    answer = client.post(f"/follow-ups/{id}/handing", data={"x": "y"})
    clinics.tokens.pop((HOME, Role.ASSISTANT))
    assert answer.headers["location"] == "/asked"
    return client


def side_of_now(page: str, one: FollowUp) -> str:
    """Where the later photograph stands on a page."""
    left, right = re.findall(r'<img src="/photographs/(\w+)"', page)
    assert {left, right} == {one.pairs[0].before_id, one.pairs[0].after_id}
    return LEFT if left == one.pairs[0].after_id else RIGHT


def test_before_the_first_treatment_a_patient_is_asked_and_not_again_afterwards(
    clinics: Clinics, tmp_path: Path
) -> None:
    repositories, client = clinics.repositories(), clinics.browser(Role.ASSISTANT)
    consultation, agreed = consent(repositories, tmp_path)
    treatment = add_treatment(repositories, agreed)
    patient = repositories.consultations.get(consultation).patient_id
    assert "Ask how it is before" in client.get(f"/patients/{patient}/follow-ups").text
    asked = client.post(f"/treatments/{treatment}/follow-ups", data={"moment": "before"}).headers["location"]
    form = client.get(asked).text
    assert "satisfied" not in form
    assert "as you remember it" not in form
    client.post(asked, data={"now.confidence": "3", "now.pain": "2", "words": WORDS})
    page = client.get(asked.removesuffix("/patient")).text
    assert "3 of 10" in page
    assert "asked by a member of the clinic" in page
    assert "It is &lt;b&gt;paler" in page
    assert "Ask how it is before" not in client.get(f"/patients/{patient}/follow-ups").text
    end_treatment(repositories, treatment, days_ago=95)
    after = client.post(f"/treatments/{treatment}/follow-ups").headers["location"]
    assert "as you remember it" not in client.get(f"{after}/patient").text
    client.post(f"{after}/patient", data=ANSWERS)
    row = re.search(r"<tr><th scope=\"row\">Confidence.*?</tr>", client.get(after).text)
    assert row
    assert re.findall(r"\d+ of 10", row[0]) == ["3 of 10", "7 of 10"]


def test_asked_late_it_is_marked_as_remembered(clinics: Clinics, begun: FollowUp) -> None:
    client = clinics.browser(Role.ASSISTANT)
    assert "as you remember it" in client.get(f"/follow-ups/{begun.id}/patient").text
    client.post(f"/follow-ups/{begun.id}/patient", data=ANSWERS | {"before.confidence": "2", "before.pain": "1"})
    assert "remembered" in client.get(f"/follow-ups/{begun.id}").text


@pytest.mark.parametrize("name", [*ANSWERS])
@pytest.mark.parametrize("typed", ["", "x", "11", "-1", "²"])
def test_an_answer_that_is_none_is_asked_again_and_the_others_stay(
    name: str, typed: str, clinics: Clinics, unanswered: FollowUp
) -> None:
    answer = clinics.browser(Role.ASSISTANT).post(
        f"/follow-ups/{unanswered.id}/patient", data=ANSWERS | {name: typed, "words": "kept"}
    )
    assert answer.status_code == 422
    assert "kept</textarea>" in answer.text
    assert clinics.repositories().follow_ups.get(unanswered.id).said is None


def test_who_holds_the_tablet_answers_once_and_reaches_nothing_else(clinics: Clinics, begun: FollowUp) -> None:
    client = handed(clinics, begun.id)
    for path in ("/", f"/follow-ups/{begun.id}", f"/photographs/{begun.pairs[0].before_id}"):
        assert client.get(path).headers["location"] == "/sign-in"
    form = client.get("/asked").text
    assert "How satisfied are you" in form
    assert clinics.repositories().patients.get(patient_of(clinics, begun)).pseudonym not in form
    assert "/follow-ups/" not in form
    assert client.post("/asked", data=ANSWERS | {"now.pain": ""}).status_code == 422
    assert client.post("/asked", data=ANSWERS | {"away": "some"}).status_code == 422
    assert "Thank you" in client.post("/asked", data=ANSWERS | {"words": WORDS, "away": "0"}).text
    report = clinics.repositories().follow_ups.get(begun.id).said
    assert report is not None
    assert report.days_away == 0  # none, which is not the same as unknown
    clinician = clinics.browser(Role.CLINICIAN)
    clinician.post(f"/follow-ups/{begun.id}/opening")
    seen = clinician.get(f"/follow-ups/{begun.id}").text
    assert "filled in by the patient" in seen
    assert "noted by patient" not in seen
    assert "<dt>Days away from other people after the last session</dt><dd>0</dd>" in seen
    assert (report.words.splitlines(), report.alone, report.noted_by) == (WORDS.splitlines(), True, "patient")
    assert "nothing to answer" in client.get("/asked").text
    assert (
        clinics.repositories(Role.ASSISTANT).member.id not in clinics.repositories().follow_ups.get(begun.id).opened_by
    )


def test_what_was_handed_over_ends_and_cannot_be_made_up(
    clinics: Clinics, begun: FollowUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = handed(clinics, begun.id)
    (name, token), *_ = ((one.name, one.value) for one in client.cookies.jar if one.name.endswith(HANDOVER_COOKIE))
    clinic, _, until, signature = (token or "").split(".")
    other = clinics.repositories(Role.OWNER).follow_ups.begin(begun.treatment_id).id
    for made_up in (
        "",
        "...",
        "a.b.1.c",
        f"{clinic}.{other}.{until}.{signature}",
        f"{clinic}.{begun.id}.9{until}.{signature}",
    ):
        client.cookies.set(name, made_up, domain="localhost.local")
        assert "nothing to answer" in client.get("/asked").text
        assert "nothing to answer" in client.post("/asked", data=ANSWERS).text
    client.cookies.set(name, token or "", domain="localhost.local")
    assert "How satisfied are you" in client.get("/asked").text
    monkeypatch.setattr(handed_over, "now", lambda: now() + datetime.timedelta(minutes=31))
    assert "nothing to answer" in client.get("/asked").text
    assert clinics.repositories().follow_ups.get(begun.id).said is None


def test_what_went_wrong_is_noted_at_a_follow_up_and_closed(clinics: Clinics, begun: FollowUp) -> None:
    client, path = clinics.browser(Role.CLINICIAN), f"/follow-ups/{begun.id}"
    assert client.post(f"{path}/events", data={"kind": "pih", "grade": "awful"}).status_code == 422
    sent = {"kind": "pih", "grade": "mild", "site": "cheeks", "event-words": "since two weeks"}
    assert client.post(f"{path}/events", data=sent).status_code == 303
    (event,) = clinics.repositories().adverse_events.of(begun.consultation_id)
    assert (event.source, event.treatment_id) == (AdverseEventSource.FOLLOW_UP, begun.treatment_id)
    assert "since two weeks" in client.get(path).text
    client.post(f"{path}/events/{event.id}/end", data={"words": "gone"})
    assert "gone" in client.get(path).text
    assert clinics.repositories().adverse_events.of(begun.consultation_id)[0].resolved_at is not None


def test_who_is_to_grade_sees_neither_answers_nor_order_nor_what_was_foretold(
    clinics: Clinics, begun: FollowUp
) -> None:
    client = clinics.browser(Role.ASSISTANT)
    client.post(f"/follow-ups/{begun.id}/patient", data=ANSWERS | {"words": "Paler than it was"})
    for path in (f"/follow-ups/{begun.id}", f"/follow-ups/{begun.id}/grade"):
        page = page_of(clinics, Role.CLINICIAN, path)
        assert "Paler than it was" not in page
        assert "of 100" not in page
        assert "Before," not in page
    assert "Paler than it was" in client.get(f"/follow-ups/{begun.id}").text
    sides = {"better": NEITHER, "notes": "even"}
    assert clinics.browser(Role.CLINICIAN).post(f"/follow-ups/{begun.id}/grade", data=sides).status_code == 303
    page = page_of(clinics, Role.CLINICIAN, f"/follow-ups/{begun.id}")
    assert "Paler than it was" in page
    assert "<td>62 (" in page
    assert "blind: did not treat" in page


@pytest.mark.parametrize("role", [Role.OWNER, Role.CLINICIAN])
@pytest.mark.parametrize("now_is_better", [True, False])
def test_a_grade_of_sides_becomes_one_of_before_and_after(
    role: Role, now_is_better: bool, clinics: Clinics, begun: FollowUp
) -> None:
    client, path = clinics.browser(role), f"/follow-ups/{begun.id}/grade"
    now = side_of_now(client.get(path).text, begun)
    better = now if now_is_better else ({LEFT, RIGHT} - {now}).pop()
    assert client.post(path, data={"better": better, "quarter": "51-75", "change": "2"}).status_code == 303
    (grade,) = clinics.repositories().follow_ups.get(begun.id).grades
    wanted = (
        (ImprovementQuarter.THIRD, AestheticChange.MUCH_BETTER)
        if now_is_better
        else (ImprovementQuarter.WORSE, AestheticChange.WORSE)
    )
    assert (grade.quarter, grade.change, grade.hidden, grade.blinded) == (*wanted, True, role is Role.CLINICIAN)


def test_a_grade_of_hidden_sides_that_is_sent_again_stays_one_and_blind(clinics: Clinics, begun: FollowUp) -> None:
    client, path = clinics.browser(Role.CLINICIAN), f"/follow-ups/{begun.id}/grade"
    page = client.get(path).text
    order = re.search(r'name="order" value="(\w+)"', page)
    assert order
    earlier = ({LEFT, RIGHT} - {side_of_now(page, begun)}).pop()
    sent = {"order": order[1], "better": earlier, "quarter": "51-75", "change": "2"}
    for _ in range(2):
        assert client.post(path, data=sent).status_code == 303
    (grade,) = clinics.repositories().follow_ups.get(begun.id).grades
    assert (grade.quarter, grade.blinded) == (ImprovementQuarter.WORSE, True)
    # Who changes their mind on that page is still read by its sides, and is no longer blind.
    client.post(path, data=sent | {"change": "3", "better": side_of_now(page, begun)})
    _, changed = clinics.repositories().follow_ups.get(begun.id).grades
    assert (changed.change, changed.blinded) == (AestheticChange.BETTER, False)


def test_sides_are_drawn_and_stay_as_drawn(clinics: Clinics, tmp_path: Path) -> None:
    owner, found = clinics.repositories(Role.OWNER), []
    consultation, agreed = consent(owner, tmp_path)
    treatment = add_treatment(owner, agreed, days_ago=100)
    faces = [
        owner.photographs.add(consultation, picture(one), "image/jpeg", PhotographPermissions()).id
        for one in ("red", "pink")
    ]
    for _ in range(16):
        one = clinics.repositories(Role.ASSISTANT).follow_ups.add_pair(owner.follow_ups.begin(treatment).id, *faces)
        pages = [page_of(clinics, Role.CLINICIAN, f"/follow-ups/{one.id}/grade") for _ in range(2)]
        assert side_of_now(pages[0], one) == side_of_now(pages[1], one)
        found.append(side_of_now(pages[0], one))
    assert set(found) == {LEFT, RIGHT}


def test_half_a_comparison_is_none(clinics: Clinics, begun: FollowUp) -> None:
    client, path = clinics.browser(Role.CLINICIAN), f"/follow-ups/{begun.id}/grade"
    for sent in (
        {},
        {"better": LEFT},
        {"better": RIGHT, "quarter": "51-75"},
        {"better": "up", "quarter": "51-75", "change": "2"},
        {"better": LEFT, "quarter": "worse", "change": "5"},
        {"better": LEFT, "quarter": "0-25", "change": "4"},
    ):
        assert client.post(path, data=sent | {"x": "y"}).status_code == 422
    assert clinics.repositories().follow_ups.get(begun.id).grades == ()


def test_who_looked_at_the_answers_grades_on_but_not_blind(clinics: Clinics, begun: FollowUp) -> None:
    client, path = clinics.browser(Role.CLINICIAN), f"/follow-ups/{begun.id}"
    clinics.repositories(Role.ASSISTANT).follow_ups.save_report(
        begun.id, PatientAnswers(SelfRating(1, 9), words="It hurts")
    )
    assert client.post(f"{path}/opening", data={"x": "y"}).status_code == 303
    assert "It hurts" in client.get(path).text
    client.post(f"{path}/grade", data={"better": NEITHER})
    assert "had seen the patient&#39;s answers" in client.get(path).text


def test_scores_are_asked_of_the_concern_and_end_up_on_the_right_side(clinics: Clinics, tmp_path: Path) -> None:
    owner, client = clinics.repositories(Role.OWNER), clinics.browser(Role.CLINICIAN)
    consultation, agreed = consent(owner, tmp_path, "3.0")
    faces = [
        owner.photographs.add(consultation, picture(one), "image/jpeg", PhotographPermissions()).id
        for one in ("red", "pink")
    ]
    begun = owner.follow_ups.begin(add_treatment(owner, agreed, days_ago=100))
    one = clinics.repositories(Role.ASSISTANT).follow_ups.add_pair(begun.id, *faces)
    path = f"/follow-ups/{one.id}/grade"
    page = client.get(path).text
    assert "ECCA" in page
    assert "MASI" not in page
    now = side_of_now(page, one)
    then = ({LEFT, RIGHT} - {now}).pop()
    sent = {"better": now, "quarter": "26-50", "change": "3", f"ecca.{now}": "20", f"ecca.{then}": "48"}
    for wrong in ("541", "x", "1e9"):
        assert client.post(path, data=sent | {f"ecca.{now}": wrong}).status_code == 422
    client.post(path, data=sent)
    ((reading,),) = (grade.readings for grade in owner.follow_ups.get(one.id).grades)
    assert (reading.scale, reading.before, reading.after) == ("ecca", 48.0, 20.0)


def test_without_photographs_it_is_graded_at_the_patients_side(clinics: Clinics, tmp_path: Path) -> None:
    owner, client = clinics.repositories(Role.OWNER), clinics.browser(Role.CLINICIAN)
    _, agreed = consent(owner, tmp_path)
    one = owner.follow_ups.begin(add_treatment(owner, agreed, days_ago=100))
    assert 'name="better"' not in client.get(f"/follow-ups/{one.id}/grade").text
    client.post(f"/follow-ups/{one.id}/grade", data={"quarter": "worse", "change": "5"})
    page = client.get(f"/follow-ups/{one.id}").text
    assert "Here: worse than before" in page
    assert "with no photographs side by side" in page
    assert "To compare photographs, begin another follow-up." in page


def test_a_photograph_of_now_is_kept_and_put_beside_one_from_before(clinics: Clinics, tmp_path: Path) -> None:
    owner, client = clinics.repositories(Role.OWNER), clinics.browser(Role.ASSISTANT)
    consultation, agreed = consent(owner, tmp_path)
    before = owner.photographs.add(
        consultation, picture("red", (300, 400), 0.01), "image/jpeg", PhotographPermissions()
    ).id
    one = owner.follow_ups.begin(add_treatment(owner, agreed, days_ago=100))
    path = f"/follow-ups/{one.id}"
    now = {"photo": ("now.jpg", picture("pink", (600, 800), 0.02), "image/jpeg")}
    assert client.post(f"{path}/pairs", data={"before": before}, files=now).status_code == 303
    (pair,) = owner.follow_ups.get(one.id).pairs
    assert pair.before_id == before
    page = client.get(path).text
    assert "300 × 400 and 600 × 800" in page
    assert "1/100 s and 1/50 s" in page
    assert client.post(f"{path}/pairs", data={"before": before}).status_code == 422
    client.post(f"{path}/pairs/{pair.id}/parting", data={"x": "y"})
    assert owner.follow_ups.get(one.id).pairs == ()


def test_the_front_page_tells_who_should_be_seen(clinics: Clinics, tmp_path: Path) -> None:
    owner = clinics.repositories(Role.OWNER)
    consultation, agreed = consent(owner, tmp_path)
    treatment = add_treatment(owner, agreed, days_ago=200)
    patient = owner.patients.get(owner.consultations.get(consultation).patient_id)
    for path in ("/", "/due"):
        page = page_of(clinics, Role.ASSISTANT, path)
        assert f'<a href="/patients/{patient.id}/follow-ups">{patient.pseudonym}</a>' in page
        assert "overdue" in page
    owner.follow_ups.begin(treatment)
    assert f"/patients/{patient.id}/follow-ups" not in page_of(clinics, Role.ASSISTANT, "/due")


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinics]:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as opened:
        yield opened


@pytest.mark.check
def test_from_what_is_due_to_a_blind_grade_in_a_browser(page: Page, clinics: Clinics, begun: FollowUp) -> None:
    owner = clinics.repositories(Role.OWNER)
    with served(clinics.app) as address:
        sign_in(page, address, "assistant")
        page.goto(f"{address}/due")
        looked_at(page, "follow-ups-due")
        page.goto(f"{address}/patients/{owner.consultations.get(begun.consultation_id).patient_id}/follow-ups")
        looked_at(page, "follow-ups")
        page.goto(f"{address}/follow-ups/{begun.id}/patient")
        page.get_by_role("button", name="Hand over the tablet").click()
        expect(page.get_by_role("navigation")).to_have_count(0)
        looked_at(page, "asked")
        for question, answer in (
            ("How much better", "By a half to"),
            ("All in all", "Much better"),
            ("How satisfied", "Satisfied"),
        ):
            page.get_by_role("group", name=question).get_by_label(re.compile(f"^{answer}")).check()
        for question, answer in (("confident are you in", "8"), ("skin hurt today", "0")):
            page.get_by_role("group", name=question).get_by_label(answer, exact=True).check()
        page.get_by_label("What do you want to say").fill(WORDS)
        page.get_by_role("button", name="Save my answers").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
        looked_at(page, "asked-thanks")
        sign_in(page, address, "clinician")
        page.goto(f"{address}/follow-ups/{begun.id}")
        expect(page.locator("blockquote")).to_have_count(0)
        looked_at(page, "follow-up-hidden")
        page.get_by_role("link", name="Grade it").click()
        slider = page.get_by_label("Uncover more of the right photograph")
        before = page.locator(".laid img + img").evaluate("one => one.style.clipPath")
        slider.press("ArrowRight")
        assert page.locator(".laid img + img").evaluate("one => one.style.clipPath") != before
        looked_at(page, "grade")
        page.get_by_label("Neither").check()
        page.get_by_role("button", name="Save my grade").click()
        expect(page.locator("blockquote")).to_have_text(WORDS)  # white space between words is one
        expect(page.get_by_text("blind: did not treat")).to_be_visible()
        looked_at(page, "follow-up")
