"""Patients, consultations and plans in the app: what is typed stays, two people never overwrite each other."""

import datetime
import html
import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from app_samples import EXAMPLE, FULL, LEAST, Form, grouped
from clinic_samples import PASSWORD, Clinics
from consultation_pages import JSON, begin_consultation, form_revision
from report_samples import sample
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam.text import Formatter, to_local_time, use_time_zone
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.patients import routes
from skinbeam_clinic.patients.contact_details import check_contact_details

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
FACE = (EXAMPLE / "face.jpg").read_bytes()


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


def test_what_is_filled_in_is_saved_and_comes_back_in_another_browser(client: TestClient, clinics: Clinics) -> None:
    here = begin_consultation(client)
    saved = client.post(f"{here}/answers", data=grouped(FULL) | {"revision": "1"}, headers=JSON)
    assert saved.json() == {"revision": 2, "photograph": ""}
    page = clinics.browser(Role.ASSISTANT).get(here).text
    assert sorted(Form(page).filled) == sorted(FULL)
    assert form_revision(page) == "2"


def test_a_half_filled_form_is_saved_as_it_is(client: TestClient) -> None:
    """What a plan would refuse is kept all the same: it is still being typed."""
    here = begin_consultation(client)
    sent = {"patient.age_years": "5", "concern.0.condition": "", "revision": "1"}
    assert client.post(f"{here}/answers", data=sent, headers=JSON).status_code == 200
    assert ("patient.age_years", "5") in Form(client.get(here).text).filled


def test_two_people_never_overwrite_each_other(client: TestClient, clinics: Clinics) -> None:
    here, other = begin_consultation(client), clinics.browser(Role.ASSISTANT)
    client.post(f"{here}/answers", data=LEAST | {"revision": "1", "patient.sex": "female"}, headers=JSON)
    response = other.post(f"{here}/answers", data=LEAST | {"revision": "1", "patient.sex": "male"}, headers=JSON)
    assert response.status_code == 409
    page = html.unescape(response.text)
    assert "Last saved by clinician, " in page
    assert re.search(r"<td>Sex</td><td>male</td><td>female</td>", page)
    assert ("patient.sex", "male") in Form(response.text).filled  # what was typed is not lost
    assert "data-save" not in response.text  # nor does the page save by itself over the other's
    form = client.get(here).text
    assert ("patient.sex", "female") in Form(form).filled

    again = {"revision": form_revision(response.text), "patient.sex": "male"}
    assert other.post(f"{here}/answers", data=LEAST | again).headers["location"] == here
    assert ("patient.sex", "male") in Form(client.get(here).text).filled


def test_a_photograph_is_kept_encrypted_and_shown_to_its_clinic(client: TestClient, clinics: Clinics) -> None:
    here = begin_consultation(client)
    sent = client.post(f"{here}/answers", data=LEAST | {"revision": "1"}, files={"photo": FACE}, headers=JSON)
    name = sent.json()["photograph"]
    shown = client.get(f"/photographs/{name}")
    assert (shown.content, shown.headers["content-type"]) == (FACE, "image/jpeg")
    assert f'src="/photographs/{name}"' in client.get(here).text
    files = [path for path in clinics.database.files.folder.rglob("*") if path.is_file()]
    assert files
    assert all(FACE[:64] not in path.read_bytes() for path in files)


def test_each_photograph_has_its_uses_which_change_at_any_time_and_are_written_down(
    client: TestClient, clinics: Clinics
) -> None:
    here = begin_consultation(client)
    repositories, id = clinics.repositories(), here.rpartition("/")[2]
    one, _ = (
        repositories.photographs.add(id, FACE + end, "image/jpeg", PhotographPermissions()) for end in (b"1", b"2")
    )
    uses = f"/photographs/{one.id}/uses"
    assert client.get(uses).text.count(" checked") == 1
    sent = {"use.teaching": "true", "use.publication": "true", "version": one.version}
    assert client.post(uses, data=sent).headers["location"] == here
    assert [photograph.permissions for photograph in repositories.photographs.of(id)] == [
        PhotographPermissions(care=False, teaching=True, publication=True),
        PhotographPermissions(),
    ]
    assert "teaching, publication" in client.get(here).text
    client.post(f"{here}/closing", data=LEAST | {"revision": "1"})
    late = clinics.browser(Role.ASSISTANT).post(uses, data={"use.care": "true", "version": one.version})
    assert late.status_code == 409
    assert "Last saved by clinician, " in late.text
    again = {"use.care": "true", "version": shown_version(late.text)}
    assert clinics.browser(Role.ASSISTANT).post(uses, data=again).headers["location"] == here
    assert repositories.photographs.get(one.id).permissions == PhotographPermissions()
    trail = clinics.repositories(Role.OWNER).audit_log.newest(50, subject=f"photograph/{one.id}")
    assert [step.actor for step in trail if step.action == "photograph.permitted"] == ["assistant", "clinician"]


def test_only_pages_of_a_clinic_may_ask_for_the_camera(client: TestClient) -> None:
    assert "camera=(self)" in client.get(begin_consultation(client)).headers["permissions-policy"]
    assert "camera=()" in client.get("/static/app.js").headers["permissions-policy"]


@pytest.mark.parametrize("content", [b"", b"no picture", b"<svg onload='alert(1)'>", b"%PDF-1.7", b"GIF89a"])
def test_what_is_no_photograph_is_refused(client: TestClient, content: bytes) -> None:
    here = begin_consultation(client)
    files = {"photo": ("../../etc/passwd.jpg", content, "image/jpeg")}
    assert client.post(f"{here}/answers", data=LEAST | {"revision": "1"}, files=files).status_code == 422
    assert "<img" not in client.get(here).text


def test_a_plan_is_made_of_what_was_sent_and_kept_with_its_files(client: TestClient, clinics: Clinics) -> None:
    here = begin_consultation(client)
    made = clinics.plan(client, here)
    page = client.get(made).text
    assert sample().plan_sha256[:12] in page
    for name, kind in (
        ("plan.json", "application/json"),
        ("report.html", "text/html"),
        ("leaflet.pdf", "application/pdf"),
    ):
        file = client.get(f"{made}/files/{name}")
        assert file.headers["content-type"].startswith(kind)
    assert client.get(f"{made}/files/run.toml").status_code == 404
    assert ("patient.age_years", "42") in Form(client.get(here).text).filled


def test_a_plan_that_cannot_be_made_comes_back_as_the_form_with_its_fault(client: TestClient) -> None:
    here = begin_consultation(client)
    response = client.post(f"{here}/plan", data=LEAST | {"revision": "1", "patient.age_years": "520"})
    assert response.status_code == 422
    assert "Is out of range" in html.unescape(response.text)
    assert form_revision(response.text) == "2"  # it was saved, so the next save fits


@pytest.mark.parametrize("years", [-2, 1, 10, -10])
def test_no_plan_is_made_for_an_age_that_the_year_of_birth_excludes(client: TestClient, years: int) -> None:
    """The form may be that of another person, or the age that of another year."""
    this_year = datetime.datetime.now(datetime.UTC).year
    patient = client.post("/patients", data={"year_of_birth": str(this_year - 40)}).headers["location"]
    here = client.post(f"{patient}/consultations").headers["location"]
    refused = client.post(f"{here}/plan", data=LEAST | {"revision": "1", "patient.age_years": str(40 + years)})
    assert refused.status_code == 422
    assert f"does not fit the year of birth, {this_year - 40}" in html.unescape(refused.text)
    assert "This year the person is 39 or 40." in html.unescape(refused.text)
    for age in ("39", "40", "40.5"):
        sent = LEAST | {"revision": form_revision(client.get(here).text), "patient.age_years": age}
        assert client.post(f"{here}/plan", data=sent).status_code == 303, age


def test_an_answer_that_changes_leaves_its_plan_behind_and_says_so(client: TestClient, clinics: Clinics) -> None:
    here = begin_consultation(client)
    plan = clinics.plan(client, here)
    assert "This plan is no longer valid" not in client.get(plan).text
    client.post(f"{here}/answers", data=LEAST | {"revision": "2", "patient.sex": "male"}, headers=JSON)
    page = client.get(plan).text
    assert "This plan is no longer valid" in page
    assert "Save the choice" not in page


def test_a_choice_is_kept_with_its_notes_and_the_last_one_counts(client: TestClient, clinics: Clinics) -> None:
    plan = clinics.plan(client, begin_consultation(client))
    for option, notes in (("0.0", "first thought"), ("0.1", "fewer visits")):
        assert client.post(f"{plan}/choice", data={"option": option, "notes": notes}).headers["location"] == plan
    page = client.get(plan).text
    assert "fewer visits" in page
    assert "first thought" not in page
    assert f"{plan}/consent/0.1" in page
    assert f"{plan}/consent/0.0" not in page
    for nowhere in ("9.9", "0", "../0", "", "0.0.0", "-1.0"):
        assert client.post(f"{plan}/choice", data={"option": nowhere}).status_code == 404


def test_past_sessions_are_carried_over_newer_consultations_without_any(client: TestClient, clinics: Clinics) -> None:
    consultations = clinics.repositories().consultations
    patient = clinics.repositories().patients.add().id
    sessions = (("session.0.treats", "age-spots"), ("session.0.week", "0"))
    consultations.begin(patient, Submission((("session.0.treats", "rosacea"),)))
    consultations.begin(patient, Submission((*sessions, ("patient.age_years", "52"))))
    consultations.begin(patient, Submission((("patient.age_years", "53"),)))
    here = client.post(f"/patients/{patient}/consultations").headers["location"]
    assert consultations.get(here.rsplit("/", 1)[-1]).answers == Submission(sessions)


def test_an_auditor_reads_and_is_offered_nothing_to_change(client: TestClient, clinics: Clinics) -> None:
    here = begin_consultation(client)
    plan = clinics.plan(client, here)
    auditor = clinics.browser(Role.AUDITOR)
    for page in ("/", here, plan):
        page_text = auditor.get(page).text
        assert "data-save" not in page_text
        for words in ("Add a patient", "Make the plan", ">Save<", "Save the choice", "/contact"):
            assert words not in page_text
    assert "Make the plan" not in clinics.browser(Role.ASSISTANT).get(here).text


@pytest.mark.parametrize("written", ["1974,5", "2090", "19x4"])
def test_a_refused_year_of_birth_is_named_as_it_was_written(client: TestClient, written: str) -> None:
    refused = client.post("/patients", data={"year_of_birth": written})
    assert refused.status_code == 422
    assert f"{written} cannot be a year of birth" in refused.text
    assert f'value="{written}"' in refused.text


def test_another_name_or_birthday_is_asked_about_before_it_replaces_the_former(client: TestClient) -> None:
    patient = client.post("/patients").headers["location"]
    contact = f"{patient}/contact"
    client.post(contact, data={"name": "Ada", "born": "1980-04-03"})

    def send(**changed: str) -> Any:
        (version,) = re.findall(r'name="version" value="([^"]*)"', client.get(contact).text)
        return client.post(contact, data={"name": "Ada", "born": "1980-04-03", "version": version} | changed)

    assert send(phone="030 1").status_code == 303, "who it is did not change"
    refused = send(born="3.4.1974")
    assert refused.status_code == 422
    assert "3 April 1980 becomes 3 April 1974" in refused.text
    (box,) = re.findall(r'name="confirmed" value="([^"]*)"', refused.text)
    assert send(name="Ida", born="3.4.1974", confirmed=box).status_code == 422, "another change was confirmed"
    assert send(born="3.4.1974", confirmed=box).status_code == 303
    assert "Ada, 3 April 1980; replaced on" in client.get(contact).text
    assert send(born="3.4.1974", confirmed="").status_code == 303, "what is stored is no change"


def test_a_first_birthday_of_another_year_than_was_entered_is_asked_about(client: TestClient) -> None:
    """It replaced the year without a word."""
    patient = client.post("/patients", data={"year_of_birth": "1974"}).headers["location"]
    contact, typed = f"{patient}/contact", {"name": "Ada", "born": "1980-04-03"}
    refused = client.post(contact, data=typed)
    assert refused.status_code == 422
    assert "year of birth 1974 becomes 3 April 1980" in refused.text
    (box,) = re.findall(r'name="confirmed" value="([^"]*)"', refused.text)
    assert client.post(contact, data=typed | {"confirmed": box}).status_code == 303
    same = client.post("/patients", data={"year_of_birth": "1980"}).headers["location"]
    assert client.post(f"{same}/contact", data=typed).status_code == 303


def test_another_phototype_than_in_an_earlier_consultation_is_asked_about(client: TestClient) -> None:
    patient = client.post("/patients").headers["location"]
    here = client.post(f"{patient}/consultations").headers["location"]
    told = LEAST | {"patient.phototype": "III", "patient.sex": "female"}
    client.post(f"{here}/answers", data=told | {"revision": "1"}, headers=JSON)
    there = client.post(f"{patient}/consultations").headers["location"]

    def send(**changed: str) -> Any:
        return client.post(f"{there}/plan", data=told | changed | {"revision": form_revision(client.get(there).text)})

    refused = send(**{"patient.phototype": "V"})
    assert refused.status_code == 422
    assert "phototype: III on" in html.unescape(refused.text)
    assert ", V here" in html.unescape(refused.text)
    (box,) = re.findall(r'name="same_person" value="([^"]*)"', refused.text)
    assert send(**{"patient.phototype": "VI", "same_person": box}).status_code == 422, "another answer was confirmed"
    assert send(**{"patient.phototype": "V", "same_person": box}).status_code == 303


def test_an_unclear_number_that_is_stored_still_counts_and_is_asked_about_before_a_plan(client: TestClient) -> None:
    """Rules that look at the stored answers again, such as before a session, must not lose them."""
    here = begin_consultation(client)
    client.post(f"{here}/answers", data=LEAST | {"revision": "1", "patient.ita_deg": "41.235"}, headers=JSON)
    assert "ita_deg = 41.235" in client.get(f"{here}/case.toml").text
    refused = client.post(f"{here}/plan", data=LEAST | {"revision": "2", "patient.ita_deg": "41.235"})
    assert refused.status_code == 422
    assert "If it means 41.2350, write 41.2350; if it means 41235, write 41235." in refused.text


def test_who_saved_in_two_tabs_is_not_told_of_another_member(client: TestClient) -> None:
    """The name of the member stands as it is written, wherever the sentence begins."""
    contact = client.post("/patients").headers["location"] + "/contact"
    assert client.post(contact, data={"name": "Ada"}).status_code == 303
    refused = client.post(contact, data={"name": "Ida"})
    assert refused.status_code == 409
    assert "It was saved elsewhere in the meantime" in refused.text
    assert "Last saved by clinician, " in refused.text


def test_the_audit_log_writes_the_days_that_were_read_as_pages_do(client: TestClient, clinics: Clinics) -> None:
    client.get("/")  # with today's appointments
    log = clinics.browser(Role.OWNER).get("/trail").text
    today = Formatter().date(to_local_time(now()).date())
    assert f"Appointments read {today}, 00:00 " in log
    assert not re.search(r"\dT00:00", log)


def test_markup_in_any_field_stays_text(client: TestClient, clinics: Clinics) -> None:
    patient = client.post("/patients", data={"pseudonym": HOSTILE[:40]}).headers["location"]
    here = client.post(f"{patient}/consultations").headers["location"]
    client.post(f"{patient}/contact", data=dict.fromkeys(("name", "phone", "address", "number"), HOSTILE))
    answers = {name: HOSTILE for name, _ in FULL} | {"revision": "1"}
    client.post(f"{here}/answers", data=answers, headers=JSON)
    conflict = client.post(f"{here}/answers", data=LEAST | {"revision": "1"})
    refused = client.post(f"{here}/plan", data=answers | {"revision": "2"})
    fresh = begin_consultation(client)
    plan = clinics.plan(client, fresh)
    client.post(f"{plan}/choice", data={"option": "0.0", "notes": HOSTILE})
    wrong = clinics.browser().post("/sign-in", data={"house": HOSTILE, "name": HOSTILE, "password": HOSTILE})
    owner = clinics.browser(Role.OWNER)
    people = owner.post("/people", data={"name": HOSTILE, "role": HOSTILE, "password": "x", "own": PASSWORD})
    search = client.post("/search", data={"pseudonym": HOSTILE})
    seen = [client.get(page) for page in ("/", patient, f"{patient}/contact", here, plan)]
    for answer in (*seen, conflict, refused, wrong, people, search):
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "onerror=alert(2)>" not in answer.text.replace("&gt;", "")
        assert ">49<" not in answer.text


def test_what_is_looked_for_stands_in_no_address(client: TestClient, clinics: Clinics) -> None:
    client.post("/patients", data={"pseudonym": "FIND-77"})
    client.post("/patients", data={"pseudonym": "OTHER-78"})
    none = html.unescape(client.post("/search", data={"pseudonym": "<Jane>"}).text)
    assert "Patients found: 0" in none
    assert "Patients: " not in none  # the clinic is not empty
    assert "Nobody is found by <Jane>." in none
    none = html.unescape(clinics.browser(Role.AUDITOR).post("/search", data={"pseudonym": "<Jane>"}).text)
    assert "No pseudonym contains <Jane>. Names are not searched" in none
    found = client.post("/search", data={"pseudonym": "find"})
    assert "FIND-77" in found.text
    assert "OTHER-78" not in found.text
    assert 'method="get"' not in found.text.lower()


def test_a_long_list_shows_the_newest_and_says_so(client: TestClient, monkeypatch: Any) -> None:
    for name in ("LONG-1", "LONG-2"):
        client.post("/patients", data={"pseudonym": name})
    monkeypatch.setattr(routes, "_PATIENTS_LIMIT", 1)
    page = client.get("/").text
    assert "LONG-2" in page
    assert "LONG-1" not in page
    assert "The newest 1 are shown" in page
    assert "LONG-1" in client.post("/search", data={"pseudonym": "long-1"}).text


@pytest.mark.parametrize("year", ["74", "19745", "nineteen", "1700", "-1974"])
def test_a_year_that_cannot_be_is_refused_with_the_form_as_it_was(client: TestClient, year: str) -> None:
    response = client.post("/patients", data={"pseudonym": f"Y{year}", "year_of_birth": year})
    assert response.status_code == 422
    assert f'value="{year}"' in response.text


def test_who_a_patient_is_stands_apart_and_each_look_is_written_down(client: TestClient, clinics: Clinics) -> None:
    patient = client.post("/patients", data={"pseudonym": "APART-1"}).headers["location"]
    client.post(f"{patient}/contact", data={"name": "Synthetic Name", "phone": "030 1"})
    assert "Synthetic Name" in client.get(f"{patient}/contact").text
    assert "Synthetic Name" not in clinics.browser(Role.AUDITOR).get(patient).text
    assert "Synthetic Name" not in client.get("/").text  # among the newest, for whom nobody has looked
    trail = clinics.browser(Role.AUDITOR).get("/trail").text
    assert "Contact details read" in trail
    assert not re.search(r"<td>[a-z-]+[.][a-z.-]+</td>", trail), "a key instead of words"
    german = clinics.browser(Role.AUDITOR).get("/trail", headers={"accept-language": "de"}).text
    assert "Kontaktdaten gelesen" in german
    assert "Synthetic Name" not in trail
    assert b"Synthetic Name" not in Path(clinics.database.engine.url.database or "").read_bytes()


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ("born", "31.02.1980", None),
        ("phone", "none, ask at the desk", None),
        ("phone", "020 7946 0000 (evenings)", "020 7946 0000 (evenings)"),
        ("born", "1980-02-31", None),
        ("born", "03/04/1980", None),
        ("born", "01.01.2999", None),
        ("born", "29.02.1984", "1984-02-29"),
        ("born", "1984-02-29", "1984-02-29"),
        ("email", "not an email", None),
        ("email", "zoe@example.org", "zoe@example.org"),
    ],
)
def test_a_birthday_that_is_none_and_no_email_are_refused(
    clinics: Clinics, field: str, typed: str, expected: str | None
) -> None:
    client = clinics.browser(Role.ASSISTANT)
    contact = f"{client.post('/patients').headers['location']}/contact"
    response = client.post(contact, data={"name": "Synthetic Name", field: typed})
    stored = clinics.repositories().patients.get_contact(contact.split("/")[2])
    if expected is None:
        assert response.status_code == 422
        assert typed in response.text, "what was typed stays in the form"
        assert stored is None
    else:
        assert stored is not None
        assert stored.details[field] == expected


@pytest.mark.parametrize(
    ("zone", "moment", "today"),
    [
        ("Pacific/Auckland", "2026-06-10T20:00:00+00:00", "2026-06-11"),
        ("America/Los_Angeles", "2026-06-11T03:00:00+00:00", "2026-06-10"),
    ],
)
def test_today_is_the_day_of_the_clinic(zone: str, moment: str, today: str) -> None:
    """In New Zealand nobody was born today before noon; in California tomorrow began in the evening."""
    tomorrow = datetime.date.fromisoformat(today) + datetime.timedelta(days=1)
    with clock_set_to(datetime.datetime.fromisoformat(moment)), use_time_zone(ZoneInfo(zone)):
        assert check_contact_details({"born": today})["born"] == today
        with pytest.raises(InputError):
            check_contact_details({"born": tomorrow.isoformat()})


def test_a_pseudonym_with_a_name_is_exchanged_where_the_name_is_typed(client: TestClient, clinics: Clinics) -> None:
    """Whoever typed a name as pseudonym lost the contact details by going to the page where it is changed."""
    patient = client.post("/patients", data={"pseudonym": "Ms Renumbered"}).headers["location"]
    typed = {"name": "Ada Renumbered", "phone": "030 7"}
    refused = client.post(f"{patient}/contact", data=typed)
    assert refused.status_code == 422
    assert 'data-entry="renumbered"' in refused.text
    assert 'name="renumbered"' in refused.text
    assert 'value="030 7"' in refused.text
    assert client.post(f"{patient}/contact", data=typed | {"renumbered": "true"}).headers["location"] == patient
    assert "Ms Renumbered" not in client.get(patient).text
    assert 'name="renumbered"' not in client.get(f"{patient}/contact").text


def test_of_two_who_edit_contact_details_the_second_sees_both_and_loses_nothing(
    client: TestClient, clinics: Clinics
) -> None:
    contact = f"{client.post('/patients').headers['location']}/contact"
    assistant = clinics.browser(Role.ASSISTANT)
    opened = shown_version(client.get(contact).text)
    first = {"name": "Synthetic Name", "phone": "030 1", "version": opened}
    assert assistant.post(contact, data=first).status_code == 303
    assert assistant.post(contact, data=first).status_code == 303  # sent again, since the answer was lost
    mine = {"name": "Synthetic Name", "email": "a@example.org", "version": opened}
    late = client.post(contact, data=mine)
    assert late.status_code == 409
    for words in ("Last saved by assistant, ", "030 1", "a@example.org", "Take theirs"):
        assert words in late.text
    assert 'value="030 1"' in client.get(contact).text
    both = mine | {"phone": "030 1", "version": shown_version(late.text)}
    assert client.post(contact, data=both).status_code == 303
    stored = clinics.repositories().patients.get_contact(contact.split("/")[2])
    assert stored is not None
    assert {name: value for name, value in stored.details.items() if value} == {
        "name": "Synthetic Name",
        "phone": "030 1",
        "email": "a@example.org",
    }


def test_a_contact_form_without_a_version_empties_nothing(client: TestClient, clinics: Clinics) -> None:
    patient = client.post("/patients").headers["location"]
    client.post(f"{patient}/contact", data={"name": "Synthetic Name"})
    assert client.post(f"{patient}/contact", data={"name": ""}).status_code == 409
    assert "Synthetic Name" in client.get(f"{patient}/contact").text


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml", "form", ""])
def test_a_body_that_is_no_form_is_refused_and_empties_nothing(client: TestClient, clinics: Clinics, kind: str) -> None:
    patient = client.post("/patients").headers["location"]
    client.post(f"{patient}/contact", data={"name": "Synthetic Name"})
    version = shown_version(client.get(f"{patient}/contact").text)
    body = json.dumps({"name": "Another", "version": version}).encode()
    response = client.post(f"{patient}/contact", content=body, headers={"content-type": kind} if kind else {})
    assert response.status_code == 415
    assert "not a form" in response.text
    assert "Synthetic Name" in client.get(f"{patient}/contact").text


def shown_version(page: str) -> str:
    """The version that the form of a page sends back."""
    found = re.search(r'name="version" value="(\w*)"', page)
    assert found is not None
    return found[1]


def test_the_database_gone_is_reported_and_nothing_is_lost(
    client: TestClient, clinics: Clinics, monkeypatch: Any
) -> None:
    from sqlalchemy.exc import OperationalError

    from skinbeam_clinic.database import connection

    here = begin_consultation(client)

    class Gone:
        def __init__(self, *_: Any, **__: Any) -> None:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(connection, "Session", Gone)
        assert client.get(here).status_code == 503
    assert client.get(here).status_code == 200
