"""What a patient may ask for in the app, a copy and erasure; and a consultation that is closed."""

import datetime
import html
import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from app_samples import LEAST, Form
from clinic_samples import HOME, OTHER, Clinics
from consultation_pages import JSON, begin_consultation, form_revision
from record_samples import ANSWERS, MADE, NO_WAIT, sign
from record_samples import begin_consultation as begin_consultation_record
from sqlalchemy import update
from starlette.testclient import TestClient

from skinbeam.api.preview import DOCUMENT_FILE
from skinbeam.model.document import sha256_hex
from skinbeam.text import Formatter, use_time_zone
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.suggestions import SuggestionContent
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.models import PhotographPermissions, PhotographRecord, PlanRecord
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.web.application import build_clinic_app


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def owner(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.OWNER)


def actions(clinics: Clinics, patient: str) -> list[str]:
    steps = clinics.repositories(Role.OWNER).audit_log.newest(
        50, subject=patient.removeprefix("/").replace("patients", "patient")
    )
    return [one.action for one in steps]


ZONES = (ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York"))


def held(client: TestClient, clinics: Clinics, pseudonym: str) -> str:
    """The address of a patient of whom contact, a photograph and a plan are kept."""
    patient = str(client.post("/patients", data={"pseudonym": pseudonym}).headers["location"])
    client.post(f"{patient}/contact", data={"name": "Synthetic Name"})
    here = client.post(f"{patient}/consultations").headers["location"]
    clinics.plan(client, here)
    picture = b"\xff\xd8\xff face"
    clinics.repositories().photographs.add(
        here.rpartition("/")[2], picture, "image/jpeg", PhotographPermissions(teaching=True)
    )
    return patient


def test_a_copy_is_what_the_command_writes_and_its_making_is_written_down(client: TestClient, clinics: Clinics) -> None:
    patient = held(client, clinics, "COPY-1")
    got = client.post(f"{patient}/copy")
    assert got.headers["content-type"] == "application/zip"
    assert got.headers["content-disposition"].startswith('attachment; filename="copy-20')
    assert "COPY-1" not in got.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(got.content)) as archive:
        record = json.loads(archive.read("record.json"))
    assert record["contact"]["name"] == "Synthetic Name"
    assert record["consultations"][0]["plans"][0]["files"]
    assert "copy.made" in actions(clinics, patient)


def test_what_goes_and_what_the_law_keeps_is_shown_before_and_what_is_left_after(
    client: TestClient, owner: TestClient, clinics: Clinics
) -> None:
    patient = held(client, clinics, "KEEP-1")
    page_text = owner.get(f"{patient}/erasure").text
    for words in (
        "Contact data: name",
        "consultations 1, photographs 1, plans 1, consents 0",
        "10 years",
        "The audit log",
    ):
        assert words in page_text
    assert "Erasure was requested" not in page_text
    for wrong in ("", "keep-1", "KEEP-2", "KEEP-1x"):
        refused = owner.post(f"{patient}/erasure", data={"pseudonym": wrong})
        assert refused.status_code == 422
        assert "nothing was erased" in refused.text
    assert "Synthetic Name" in client.get(f"{patient}/contact").text
    assert owner.post(f"{patient}/erasure", data={"pseudonym": "KEEP-1"}).headers["location"] == f"{patient}/erasure"
    left = owner.get(f"{patient}/erasure").text
    assert "Erasure was requested and carried out" in left
    assert "photographs 1" in left
    # What was erased is not offered again while the law keeps the rest.
    assert f'action="{patient}/erasure"' in page_text
    assert f'action="{patient}/erasure"' not in left
    assert 'id="goes"' not in left
    assert "Synthetic Name" not in client.get(f"{patient}/contact").text
    assert "patient.kept" in actions(clinics, patient)


def test_where_no_law_keeps_anything_nothing_is_left_but_an_empty_row(client: TestClient, clinics: Clinics) -> None:
    patient = held(client, clinics, "GONE-1")
    app = build_clinic_app(clinics.database, keep_years=0)
    owner = TestClient(app, base_url="https://localhost", follow_redirects=False)
    owner.cookies.update(clinics.browser(Role.OWNER).cookies)
    assert ">Kept<" in owner.get(f"{patient}/erasure").text
    assert owner.post(f"{patient}/erasure", data={"pseudonym": "GONE-1"}).status_code == 303
    left = owner.get(f"{patient}/erasure").text
    assert "Remaining data" in left
    assert "GONE-1" not in left
    assert "GONE-1" not in client.get("/").text
    page = client.get(patient).text
    assert "Erased on" in page
    assert "Begin a consultation" not in page
    assert "patient.erased" in actions(clinics, patient)


def test_only_an_owner_is_offered_erasure_and_only_care_a_copy(client: TestClient, clinics: Clinics) -> None:
    patient = held(client, clinics, "OFFER-1")
    for role, copies, erases in (
        (Role.OWNER, 1, 1),
        (Role.CLINICIAN, 1, 0),
        (Role.ASSISTANT, 0, 0),
        (Role.AUDITOR, 0, 0),
    ):
        page = clinics.browser(role, HOME).get(patient).text
        assert (page.count(f"{patient}/copy"), page.count(f"{patient}/erasure")) == (copies, erases)


def test_a_closed_consultation_is_read_only_until_it_is_opened_again(client: TestClient, clinics: Clinics) -> None:
    here = begin_consultation(client)
    plan = clinics.plan(client, here)
    client.post(f"{plan}/choice", data={"option": "0.0"})
    number = form_revision(client.get(here).text)
    closed = client.post(f"{here}/closing", data=LEAST | {"revision": number})
    assert closed.headers["location"] == here
    page = client.get(here).text
    assert "This consultation is closed" in page
    for words in ("data-save", "Make the plan", ">Save<", "Save and close", 'type="file"'):
        assert words not in page
    assert ("patient.age_years", "42") in Form(page).filled
    picture = {"photo": b"\xff\xd8\xff face"}
    refused = (
        client.post(f"{here}/answers", data=LEAST | {"revision": number, "patient.sex": "male"}, headers=JSON),
        client.post(f"{here}/answers", data=LEAST | {"revision": number}, files=picture),
        client.post(f"{here}/plan", data=LEAST | {"revision": number}),
        client.post(f"{plan}/choice", data={"option": "0.1"}),
        client.post(f"{plan}/consent/0.0/talk", data={"days": "0"}),
    )
    for answer in refused:
        assert answer.status_code == 409
        assert "The consultation is closed" in html.unescape(answer.text)
    for address in (plan, f"{plan}/consent/0.0"):
        shown = client.get(address).text
        assert "This consultation is closed" in shown
        assert "Save the choice" not in shown
        assert "Record the explanation as given now" not in shown
        assert "This plan is no longer valid" not in shown
    assert clinics.browser(Role.ASSISTANT).post(f"{here}/opening").status_code == 403
    assert client.post(f"{here}/opening").headers["location"] == here
    assert "Make the plan" in client.get(here).text
    assert "Save the choice" in client.get(plan).text


def test_closing_keeps_what_stands_in_the_form_and_overwrites_nobody(client: TestClient) -> None:
    here = begin_consultation(client)
    client.post(f"{here}/answers", data=LEAST | {"revision": "1", "patient.sex": "female"}, headers=JSON)
    response = client.post(f"{here}/closing", data=LEAST | {"revision": "1", "patient.sex": "male"})
    assert response.status_code == 409
    assert "This consultation is closed" not in client.get(here).text
    client.post(f"{here}/closing", data=LEAST | {"revision": "2", "patient.sex": "other"})
    page = client.get(here).text
    assert ("patient.sex", "other") in Form(page).filled
    assert "This consultation is closed" in page


def test_an_owner_is_told_before_records_are_due(client: TestClient, clinics: Clinics) -> None:
    """Eighty days before the end they are listed, and cannot be erased yet; a hundred days before they are not."""
    soon, later = held(client, clinics, "SOON-1"), held(client, clinics, "SOON-2")
    with clinics.database.writing() as session:
        for patient, days in ((soon, 80), (later, 100)):
            at = now() - 10 * datetime.timedelta(days=365.25) + datetime.timedelta(days=days)
            mine = tables.ConsultationRow.patient_id == patient.rpartition("/")[2]
            session.execute(update(tables.ConsultationRow).where(mine).values(saved_at=at))
    owner = clinics.browser(Role.OWNER)
    listed = owner.get("/erasures").text
    _, _, ahead = listed.partition('id="soon"')
    assert f'href="{soon}"' in ahead
    assert f'href="{soon}/erasure"' not in listed
    assert "Due within 90 days: 1" in ahead
    assert later not in listed
    found = clinics.repositories(Role.OWNER).erasure.list_erasable(retention_years=10)
    assert soon.rpartition("/")[2] not in [one.id for one in found], "what may be erased is what is due"


@pytest.mark.parametrize(
    ("last", "years", "zone", "until"),
    [
        ("2016-11-29T14:00Z", 10, "UTC", "2026-11-29T14:00Z"),
        ("2016-02-29T14:00Z", 4, "UTC", "2020-02-29T14:00Z"),
        ("2016-02-29T14:00Z", 10, "UTC", "2026-03-01T14:00Z"),
        ("2016-02-29T23:30Z", 10, "Europe/Berlin", "2026-02-28T23:30Z"),  # there it was the 1 March
        ("2016-03-27T22:30Z", 10, "Europe/Berlin", "2026-03-27T23:30Z"),  # of which the clocks showed 0:30 of the 28th
        ("2016-03-29T00:30Z", 10, "Europe/Berlin", "2026-03-29T01:30Z"),  # 2:30, which the clocks skip ten years later
        ("2016-11-29T14:00Z", 0, "UTC", "2016-11-29T14:00Z"),
    ],
)
def test_years_of_retention_are_those_of_the_calendar(
    repositories: ClinicRepositories, last: str, years: int, zone: str, until: str
) -> None:
    at, end = (datetime.datetime.fromisoformat(text) for text in (last, until))
    with clock_set_to(at):
        consultation = repositories.consultations.begin(repositories.patients.add().id, ANSWERS)
    second = datetime.timedelta(seconds=1)
    for moment, is_due in ((end - second, False), (end, True)):
        with clock_set_to(moment), use_time_zone(ZoneInfo(zone)):
            (listed,) = repositories.erasure.list_erasable(retention_years=years, ahead_days=1)
            kept = repositories.erasure.preview(consultation.patient_id, retention_years=years).retain_until
        assert (listed.retained_until, listed.is_due) == (end, is_due)
        assert kept == (None if is_due else end)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clocks are those of Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_without_a_named_time_zone_the_years_are_those_of_the_clocks_of_this_machine(
    repositories: ClinicRepositories,
) -> None:
    """The first day was in summer time and the last one is not: the period ended an hour early, on the day before."""
    at, end = (datetime.datetime.fromisoformat(text) for text in ("2016-03-27T22:30Z", "2026-03-27T23:30Z"))
    with clock_set_to(at):
        repositories.consultations.begin(repositories.patients.add().id, ANSWERS)
    with clock_set_to(end), use_time_zone(None):
        (listed,) = repositories.erasure.list_erasable(retention_years=10)
    assert listed.retained_until == end


def test_the_days_of_a_retention_period_are_those_of_the_clinic(client: TestClient, clinics: Clinics) -> None:
    """An entry late in the evening in London is of the next day in Tokyo, and of the same in New York."""
    patient = held(client, clinics, "DAYS-1")
    with clinics.database.writing() as session:
        at = (now() - 11 * datetime.timedelta(days=366)).replace(hour=20)
        mine = tables.ConsultationRow.patient_id == patient.rpartition("/")[2]
        session.execute(update(tables.ConsultationRow).where(mine).values(saved_at=at))
    days = [Formatter().date(at.astimezone(zone).date()) for zone in ZONES]
    assert days[0] != days[1]
    for zone, day in zip(ZONES, days, strict=True):
        abroad = replace(clinics, app=build_clinic_app(clinics.database, zone=zone))
        assert f"last entry {day}" in abroad.browser(Role.OWNER).get("/erasures").text


def test_an_owner_is_shown_whose_records_may_go_and_nobody_else(client: TestClient, clinics: Clinics) -> None:
    not_due, due = held(client, clinics, "DUE-1"), held(client, clinics, "DUE-2")
    here = clinics.browser(Role.OWNER).get("/erasures")
    assert here.status_code == 200
    assert "DUE-" not in here.text
    with clinics.database.writing() as session:
        ago = now() - 11 * datetime.timedelta(days=366)
        mine = tables.ConsultationRow.patient_id == due.rpartition("/")[2]
        session.execute(update(tables.ConsultationRow).where(mine).values(saved_at=ago))
    listed = clinics.browser(Role.OWNER).get("/erasures").text
    assert f'href="{due}/erasure"' in listed
    assert not_due not in listed
    assert "after the last entry" in listed
    assert "/erasures" in clinics.browser(Role.OWNER).get("/").text
    for role in (Role.CLINICIAN, Role.ASSISTANT, Role.AUDITOR):
        assert "/erasures" not in clinics.browser(role).get("/").text
        assert clinics.browser(role).get("/erasures").status_code == 403
    assert due not in clinics.browser(Role.OWNER, OTHER).get("/erasures").text
    owner = clinics.browser(Role.OWNER)
    owner.post(f"{due}/erasure", data={"pseudonym": "DUE-2"})
    assert due not in owner.get("/erasures").text, "and it is gone"


def photographed(mine: ClinicRepositories) -> tuple[PlanRecord, PhotographRecord, PhotographRecord]:
    """A plan that was drawn on the photograph of its answers, this photograph, and another one of the consultation."""
    consultation = begin_consultation_record(mine)
    first, other = (
        mine.photographs.add(consultation.id, content, "image/jpeg", PhotographPermissions())
        for content in (b"\xff\xd8\xff somebody", b"\xff\xd8\xff else")
    )
    marked = (("mark.of", first.id), ("mark.0.kind", "brown spot"), ("photo.points.of", first.id))
    answers = replace(ANSWERS, entries=(*ANSWERS.entries, *marked), photo=first.id)
    revision = mine.consultations.save(consultation.id, answers, revision=1).revision
    drawn = {DOCUMENT_FILE: json.dumps({"photo_sha256": sha256_hex(b"\xff\xd8\xff somebody")}).encode()}
    return (
        mine.plans.add(consultation.id, replace(MADE, files={**MADE.files, **drawn}), revision=revision),
        first,
        other,
    )


def test_a_photograph_goes_with_what_was_derived_from_it_once_that_is_confirmed(clinics: Clinics) -> None:
    mine, client = clinics.repositories(Role.OWNER), clinics.browser(Role.CLINICIAN, HOME)
    findings = [checked.findings for checked in verify_database(clinics.database)]  # of other tests of this file
    plan, first, other = photographed(mine)
    shown = SuggestionContent(condition="age-spots", site="cheeks", findings=("two spots",), messages=())
    mine.suggestions.add(plan.consultation_id, first.id, [shown])
    here = f"/photographs/{first.id}/erasure"
    assert here in client.get(f"/photographs/{first.id}/uses").text
    page = client.get(here).text
    for sentence in ("Suggested concerns: 1.", "reports, pictures and choices: 1.", "which then need a new plan"):
        assert sentence in page
    assert "nothing was erased" in client.post(here).text
    assert mine.plans.get(plan.id) == plan
    assert client.post(here, data={"confirmed": "true"}).headers["location"].endswith(plan.consultation_id)
    assert mine.photographs.of(plan.consultation_id) == (other,)
    assert (mine.plans.of(plan.consultation_id), mine.suggestions.of(plan.consultation_id)) == ((), ())
    left = mine.consultations.get(plan.consultation_id)
    assert (left.answers, left.state) == (ANSWERS, "draft")
    for name in (first.file, plan.files[DOCUMENT_FILE]):
        with pytest.raises(RecordNotFoundError):
            clinics.database.files.get(mine.member.clinic_id, name)
    entries = mine.audit_log.newest(50, subject=f"photograph/{first.id}")
    assert "photograph.erased" in [entry.action for entry in entries]
    again = replace(ANSWERS, photo=first.id)  # from a form that was open meanwhile
    assert mine.consultations.save(left.id, again, revision=left.revision) == left
    assert [checked.findings for checked in verify_database(clinics.database)] == findings


def test_who_makes_no_plans_erases_no_photograph_that_one_was_made_with(clinics: Clinics) -> None:
    mine, assistant = clinics.repositories(Role.OWNER), clinics.browser(Role.ASSISTANT, HOME)
    plan, first, other = photographed(mine)
    here = f"/photographs/{first.id}/erasure"
    page = assistant.get(here).text
    assert "Ask a clinician or an owner" in page
    assert 'name="confirmed"' not in page
    assert "Ask a clinician or an owner" in assistant.post(here, data={"confirmed": "true"}).text
    assert mine.plans.get(plan.id) == plan
    assert mine.photographs.get(first.id) == first
    assert assistant.post(f"/photographs/{other.id}/erasure", data={"confirmed": "true"}).status_code == 303


def test_a_photograph_stays_where_a_record_that_must_be_kept_rests_on_it(clinics: Clinics) -> None:
    mine, client = clinics.repositories(Role.OWNER), clinics.browser(Role.ASSISTANT, HOME)
    (plan, first, other), (spotted, fired_on, _) = photographed(mine), photographed(mine)
    sign(mine, mine.consents.record_explanation(plan.id, option="0.0", cooling_off=NO_WAIT))
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", fluence_J_cm2=4.0)
    mine.test_spots.fire(spotted.consultation_id, SpotFiring(spotted.id, settings, 48.0, ORAL_CONSENT))
    for photograph, sentence in ((first, "what was signed must be kept whole"), (fired_on, "were fired under a plan")):
        here = f"/photographs/{photograph.id}/erasure"
        assert sentence in client.get(here).text
        assert 'name="confirmed"' not in client.get(here).text
        assert sentence in client.post(here, data={"confirmed": "true"}).text
        assert mine.photographs.get(photograph.id) == photograph
    assert client.post(f"/photographs/{other.id}/erasure", data={"confirmed": "true"}).status_code == 303
    assert mine.plans.get(plan.id) == plan
