"""Consent in the app: explained, slept on, told back, signed, sealed; void for all to see when the plan changes."""

import datetime
import functools
import html
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from clinic_samples import HOME, Clinics, planned
from pypdf import PdfReader
from report_samples import sample, sample_plan
from starlette.testclient import TestClient

from skinbeam.report.consent_context import TeachBackQuestion
from skinbeam.report.consent_form import agreement_text, cooling_off_days, teach_back_questions
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consents import repository as stored_consents
from skinbeam_clinic.database import columns
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.models import NewPlan, PhotographPermissions

DAY = datetime.timedelta(days=1)
STROKES = [[[0.1, 0.5], [0.5, 0.1], [0.9, 0.9]]]


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def plan(client: TestClient, clinics: Clinics) -> str:
    return fresh_plan(client, clinics)


def fresh_plan(client: TestClient, clinics: Clinics) -> str:
    """The address of a fresh plan, whose first option of the first concern was chosen."""
    patient = client.post("/patients").headers["location"]
    here = client.post(f"{patient}/consultations").headers["location"]
    made = clinics.plan(client, here)
    client.post(f"{made}/choice", data={"option": "0.0"})
    return made


@functools.cache
def questions() -> tuple[TeachBackQuestion, ...]:
    return teach_back_questions(sample(), sample().concerns[0].options[0])


def right_answers() -> dict[str, str]:
    return {f"answer.{one.id}": str(one.right_index) for one in questions()}


def explained(client: TestClient, plan: str, days: str = "0") -> str:
    here = f"{plan}/consent/0.0"
    assert client.post(f"{here}/talk", data={"days": days}).headers["location"] == here
    return here


def teach_back(client: TestClient, here: str, **sent: str) -> Any:
    return client.post(f"{here}/told-back", data=right_answers() | sent)


def signed(client: TestClient, here: str, **sent: str) -> Any:
    """What was explained is told back, then signed."""
    teach_back(client, here)
    return client.post(f"{here}/signature", data={"person": "Synthetic Person"} | sent)


def sealed(client: TestClient, here: str) -> str:
    """The text of the document that a page links to."""
    found = re.search(r'href="(/consents/\w+/document)"', client.get(here).text)
    assert found
    content = client.get(found[1]).content
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


@pytest.fixture(scope="module")
def unsigned(clinics: Clinics) -> str:
    """The page of a consent that was explained and told back; what is refused leaves it as it is."""
    client = clinics.browser(Role.CLINICIAN)
    here = explained(client, fresh_plan(client, clinics))
    teach_back(client, here)
    assert "Sign and seal" in client.get(here).text
    blank = PdfReader(io.BytesIO(client.get(f"{here}/form.pdf").content)).pages[0].extract_text()
    assert "Harbour Clinic" in blank
    return here


def test_from_talk_to_seal(client: TestClient, plan: str) -> None:
    here = explained(client, plan)
    assert signed(client, here, **{"photographs.teaching": "true"}).headers["location"] == here
    page = client.get(here).text
    assert "Signed " in page
    assert "Sign and seal" not in page
    text = sealed(client, here)
    assert "Harbour Clinic · Record " in text, "a signed paper says who asked for it"
    assert sample().plan_sha256[:24] in text
    assert "Synthetic Person" in text
    assert "Explained by: clinician" in text
    assert re.search(r"no: Photographs are taken for my care.*yes: They may be shown.*no: They may be printed", text)


def test_what_photographs_may_be_used_for_follows_the_signature(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    repositories = clinics.repositories()
    consultation = repositories.plans.get(plan.rpartition("/")[2]).consultation_id
    repositories.photographs.add(consultation, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions(teaching=True))
    here = explained(client, plan)
    signed(client, here, **{"photographs.care": "true"})
    permissions = repositories.photographs.of(consultation)[0].permissions
    assert (permissions.care, permissions.teaching, permissions.publication) == (True, False, False)


def test_nothing_is_signed_before_it_was_explained_and_slept_on(
    client: TestClient, plan: str, monkeypatch: Any
) -> None:
    here = f"{plan}/consent/0.0"
    assert "Record the explanation as given now" in client.get(here).text
    assert signed(client, here).status_code == 404
    explained(client, plan, "14")
    assert "Sign and seal" not in client.get(here).text
    assert signed(client, here).status_code == 422
    early = teach_back(client, here)
    assert early.status_code == 422
    assert "time to think" in html.unescape(early.text)
    monkeypatch.setattr(stored_consents, "now", lambda: columns.now() + 14.1 * DAY)
    assert signed(client, here).status_code == 303


@pytest.mark.parametrize(
    ("thought", "sentence"),
    [
        (0, "signed on the same day"),
        (3, "That is 3 days to think; 14 days are usual"),
        (14, "There was time to think"),
    ],
)
def test_what_is_signed_says_how_long_there_was_to_think(thought: int, sentence: str) -> None:
    talked = datetime.date(2026, 3, 2)
    lines = agreement_text((talked, talked + datetime.timedelta(days=thought)))
    assert any(sentence in line for line in lines)
    assert any("There was time to think" in line for line in lines) == (thought > 0)
    assert any("usual" in line for line in lines) == (0 < thought < cooling_off_days())


@pytest.mark.parametrize("days", ["", "-1", "366", "1000", "two weeks", "1.5", "٣"])
def test_days_to_think_are_a_whole_number(client: TestClient, unsigned: str, days: str) -> None:
    response = client.post(f"{unsigned}/talk", data={"days": days})
    assert response.status_code == 422
    assert "A whole number from 0 to 365." in response.text


def test_who_has_not_understood_does_not_sign_and_every_try_is_kept(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    here, (first, *others) = explained(client, plan), questions()
    wrong = (first.right_index + 1) % 3
    assert teach_back(client, here, **{f"answer.{first.id}": str(wrong)}).headers["location"] == here
    page = client.get(here).text
    assert page.count("explain it again, then repeat the question") == 1
    assert "Not all answers were right" in page
    assert page.count(" checked>") == len(others)  # what was right need not be looked for again
    assert "Sign and seal" not in page
    refused = client.post(f"{here}/signature", data=right_answers() | {"person": "Synthetic Person", "tries.free": "0"})
    assert refused.status_code == 422
    assert "not all been answered correctly yet" in refused.text
    assert signed(client, here).status_code == 303
    text = sealed(client, here)
    assert f"Right on try 2. Said before: {first.answers[wrong].rstrip('.')}" in text
    assert text.count("Right on try 1") == len(others)
    assert re.search(r"This was answered on \d+ \w+ 20\d\d\. clinician asked\.", text)
    repositories = clinics.repositories()
    consent = repositories.consents.of(repositories.plans.get(plan.rpartition("/")[2]).consultation_id)[-1]
    assert [(one.told_by, one.wrong) for one in consent.told] == [("clinician", (first.id,)), ("clinician", ())]
    assert consent.told[0].answers[first.id] == first.answers[wrong]


def test_each_consent_has_a_teach_back_of_its_own(client: TestClient, plan: str) -> None:
    here = explained(client, plan)
    teach_back(client, here)
    assert "Sign and seal" in client.get(here).text
    client.post(f"{here}/withdrawal")
    explained(client, plan)
    assert "Sign and seal" not in client.get(here).text
    assert client.post(f"{here}/signature", data={"person": "Synthetic Person"}).status_code == 422


def test_an_answer_left_out_is_no_answer_and_no_try(client: TestClient, plan: str) -> None:
    here = explained(client, plan)
    for one in questions():
        for nothing in ("", "3", "-1", "x"):
            response = teach_back(client, here, **{f"answer.{one.id}": nothing})
            assert response.status_code == 422
            assert "Not every question was answered" in response.text
    signed(client, here)
    assert sealed(client, here).count("Right on try 1") == len(questions())


@pytest.mark.parametrize("person", ["", " ", "x" * 201, "tab\there"])
def test_a_signature_has_a_name(client: TestClient, unsigned: str, person: str) -> None:
    assert client.post(f"{unsigned}/signature", data={"person": person}).status_code == 422


def test_a_drawn_signature_is_sealed_too(client: TestClient, clinics: Clinics, plan: str) -> None:
    here = explained(client, plan)
    assert signed(client, here, strokes=json.dumps(STROKES)).status_code == 303
    repositories = clinics.repositories()
    consent = repositories.consents.of(repositories.plans.get(plan.rpartition("/")[2]).consultation_id)[-1]
    assert consent.signature_kind == "drawn"
    assert json.loads(consent.signature or b"") == STROKES


@pytest.mark.parametrize(
    "strokes",
    [
        "nonsense",
        "[[[0.1]]]",
        "[[[2, 0.5]]]",
        "[[[NaN, 0.5]]]",
        '[[["<script>", 1]]]',
        "{}{}",
        "5",
        "[" * 9_000,
        json.dumps([[[0.5, 0.5]] * 4000], separators=(",", ":")),
    ],
)
def test_what_is_no_drawing_is_refused(client: TestClient, unsigned: str, strokes: str) -> None:
    sent = {"person": "Synthetic Person", "strokes": strokes}
    assert client.post(f"{unsigned}/signature", data=sent).status_code == 422


def test_a_changed_plan_voids_the_consent_before_everybodys_eyes(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    here = explained(client, plan)
    signed(client, here)
    consultation = clinics.repositories().plans.get(plan.rpartition("/")[2]).consultation_id
    clinics.plan(client, f"/consultations/{consultation}", **{"revision": "2", "patient.sex": "male"})
    for role in (Role.CLINICIAN, Role.AUDITOR):
        page = clinics.browser(role).get(here).text
        assert 'class="void"' in page
        assert "Void: the plan was changed" in page
        assert "This plan is no longer valid" in page
    assert "Void: the plan was changed" in client.get(plan).text
    assert sealed(client, here)  # what was signed stays to be read
    assert signed(client, here).status_code == 404


def test_consent_is_taken_back_at_any_time_and_given_anew(client: TestClient, clinics: Clinics, plan: str) -> None:
    here = explained(client, plan)
    signed(client, here)
    assert clinics.browser(Role.ASSISTANT).post(f"{here}/withdrawal").headers["location"] == here
    page = client.get(here).text
    assert "Void: withdrawn" in page
    assert "Record the explanation as given now" in page
    explained(client, plan)
    assert signed(client, here).status_code == 303


def test_sessions_that_stay_booked_after_a_withdrawal_are_named_to_be_cancelled(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    """Nobody was told: their time stayed taken, and the patient was reminded of them."""
    repositories, member = clinics.repositories(), clinics.members[HOME, Role.CLINICIAN].id
    consultation = repositories.consultations.get(repositories.plans.get(plan.rpartition("/")[2]).consultation_id)
    owner = clinics.repositories(Role.OWNER)
    devices = ("pulsed-dye-595", "ktp-532", None)  # the first is that of the option
    used = [device and owner.machines.add(device=device, serial="withdrawn", name=device).id for device in devices]
    first, half = now() + 60 * DAY, DAY / 48
    times = [first + day * DAY for day in range(4)]
    about = (*((Purpose.SESSION, machine) for machine in used), (Purpose.FOLLOW_UP, None))
    booked = repositories.appointments.book(
        *(
            Booking(consultation.patient_id, member, purpose, at, at + half, machine, consultation.id)
            for at, (purpose, machine) in zip(times, about, strict=True)
        )
    )
    here, listed = explained(client, plan), f"/patients/{consultation.patient_id}/appointments"
    signed(client, here)
    assert "/appointments/" not in client.get(here).text.partition("<h1>")[2]
    assert "consent was withdrawn" not in client.get(listed).text
    client.post(f"{here}/withdrawal")
    assert re.findall(r'href="/appointments/(\w+)"', client.get(here).text) == [booked[0].id, booked[2].id]
    assert client.get(listed).text.count("the consent was withdrawn") == 3  # a list knows no devices of options
    repositories.appointments.cancel(booked[0].id, revision=booked[0].revision)
    assert re.findall(r'href="/appointments/(\w+)"', client.get(here).text) == [booked[2].id]
    other = repositories.consents.record_explanation(plan.rpartition("/")[2], option="1.0", cooling_off=DAY)
    assert "consent was withdrawn" not in client.get(listed).text, "the session may be of the other option"
    repositories.consents.withdraw(other.id)
    assert client.get(listed).text.count("the consent was withdrawn") == 2
    explained(client, plan)
    assert "consent was withdrawn" not in client.get(here).text + client.get(listed).text


def test_consent_to_one_choice_is_none_to_another(client: TestClient, plan: str) -> None:
    signed(client, explained(client, plan))
    assert "Signed " not in client.get(f"{plan}/consent/0.1").text
    assert client.get(f"{plan}/consent/0.2").status_code == 404  # no treatment: nothing to agree to


def test_the_form_on_paper_is_the_one_of_the_plan(client: TestClient, plan: str) -> None:
    paper = client.get(f"{plan}/consent/0.0/form.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(paper.content)).pages)
    assert sample().plan_sha256[:24] in text
    assert "Right on try" not in text


def test_an_auditor_reads_what_was_signed_and_signs_nothing(client: TestClient, clinics: Clinics, plan: str) -> None:
    here = explained(client, plan)
    auditor = clinics.browser(Role.AUDITOR)
    page = auditor.get(here).text
    for words in ("Sign and seal", "Record the explanation as given now", "Withdraw the consent"):
        assert words not in page
    signed(client, here)
    assert "Synthetic Person" in sealed(auditor, here)


def test_markup_in_a_signature_stays_text(client: TestClient, plan: str) -> None:
    here, name = explained(client, plan), '<script>alert(1)</script> #panic("x")'
    wrong = signed(client, here, person=name, strokes="x")
    assert wrong.status_code == 422
    assert "<script>alert" not in wrong.text
    signed(client, here, person=name)
    assert name in sealed(client, here)
    assert "<script>alert" not in client.get(here).text


@pytest.mark.parametrize("decision", ["refer", "not-suitable"])
def test_nothing_is_agreed_to_that_a_rule_stops(client: TestClient, clinics: Clinics, decision: str) -> None:
    def stopped(*given: Any) -> NewPlan:
        document = sample_plan()
        document["suitability"]["decision"] = document["suitability"]["reasons"][1]["decision"] = decision
        document["suitability"]["reasons"][1]["about"] = "age-spots at cheeks"
        made = planned(*given)
        return replace(made, files={**made.files, "plan.json": json.dumps(document).encode()})

    patient = client.post("/patients").headers["location"]
    begun = client.post(f"{patient}/consultations").headers["location"]
    plan = clinics.plan(client, begun, make=stopped)
    told = client.get(plan).text
    assert "cold sores in the past" in told, "the page of the plan says why"
    assert "Age spots (solar lentigines), cheeks: " in told, "of several concerns, it says which"
    assert "isotretinoin 14 months ago" not in told, "which is a caution alone"
    here = f"{plan}/consent/0.0"
    page = client.get(here).text
    assert "The plan says that laser is not right, or not yet." in page
    assert "Record the explanation as given now" not in page
    assert client.post(f"{here}/talk", data={"days": "0"}).status_code == 422
    assert signed(client, here).status_code == 422
    assert "Explained " not in client.get(here).text
