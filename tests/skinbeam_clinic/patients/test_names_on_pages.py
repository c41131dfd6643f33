"""Whose pages show names of patients, where a name must never be, and what hides them."""

import datetime
import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_samples import COOKIE, HOME, OTHER, PASSWORD, Clinics, two_clinics_on
from diary_samples import treated
from document_samples import LETTER, PDF
from page_statements import statements_of
from sqlalchemy import select, update
from starlette.testclient import TestClient

from skinbeam_clinic.access import ROUTES, Role, RouteAccess
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import ContactRow

NAME = "Ottilie Rosenquist"
GETS = sorted(path for method, path in ROUTES if method == "GET")
HOUR = datetime.timedelta(hours=1)
# Pages of the clinic's own by whose heading staff recognise whom they have in front of them.
NAMED = (
    "/patients/{patient}",
    "/patients/{patient}/appointments",
    "/patients/{patient}/follow-ups",
    "/consultations/{consultation}",
    "/consultations/{consultation}/test-spots",
    "/consultations/{consultation}/camera",
    "/plans/{plan}",
    "/plans/{plan}/consent/{option}",
    "/plans/{plan}/appointments",
    "/treatments/{treatment}",
    "/treatments/{treatment}/diary",
    "/follow-ups/{follow_up}",
    "/follow-ups/{follow_up}/grade",
    "/appointments/{appointment}",
)
# What a patient reads or is handed, and what asks for contact details or has a rule of its own.
OWN_RULE = frozenset(
    {
        "/patients/{patient}/contact",
        "/patients/{patient}/duplicate",
        "/patients/{duplicate}/duplicate/{kept}",
        "/reminders",
    }
)


@pytest.fixture
def named(clinics: Clinics, names: dict[str, str]) -> dict[str, str]:
    treated(clinics.repositories(), days_ago=200.0)  # who was not seen since
    patients = clinics.repositories().patients
    closed = clinics.repositories().patient_links.list_kept_ids()  # they can only be read
    for one in (each for each in patients.list_all() if each.id not in closed):
        stored = patients.get_contact(one.id)
        details = {"name": NAME, "phone": "030 1", "remind_by": "phone"}
        patients.set_contact(one.id, details, version="" if stored is None else stored.version)
        notes, told = clinics.repositories().notes, {"name": f"{NAME}.pdf", "description": NAME}
        notes.strike(notes.add(one.id, NAME).id, NAME)
        notes.add(one.id, f"About {NAME}")
        clinics.repositories().attachments.add(one.id, PDF, **LETTER | told)
    return names


def addresses(names: Mapping[str, str]) -> dict[str, str]:
    return {path: path.format(**names) for path in GETS if not path.endswith(("/events", "/return"))}


def of_whom(clinics: Clinics, path: str, role: Role) -> TestClient:
    return clinics.reader() if ROUTES["GET", path] is RouteAccess.TOKEN else clinics.browser(role)


def test_no_page_of_an_auditor_or_of_another_program_contains_a_name(clinics: Clinics, named: dict[str, str]) -> None:
    for path, address in addresses(named).items():
        answer = of_whom(clinics, path, Role.AUDITOR).get(address)
        assert "Rosenquist" not in answer.text + str(answer.headers), path
    found = clinics.browser(Role.AUDITOR).post("/search", data={"pseudonym": "S-17"}).text
    assert "S-17" in found
    assert "Rosenquist" not in found


@pytest.mark.parametrize("role", [Role.OWNER, Role.CLINICIAN, Role.ASSISTANT])
def test_whoever_may_see_contact_details_sees_whom_a_page_is_about(
    clinics: Clinics, named: dict[str, str], role: Role
) -> None:
    client = clinics.browser(role)
    for path in NAMED:
        answer = client.get(path.format(**named))
        if answer.status_code == 403:
            continue
        (heading,) = re.findall(r"<h1[ >].*?</h1>", answer.text, re.DOTALL)
        assert f'<bdi class="name">{NAME}</bdi>' in heading, path
    day = (now() + datetime.timedelta(days=1)).date()
    for path in (f"/appointments?from={day}&days=1", "/alarms", "/due", "/reminders"):
        assert f'<bdi class="name">{NAME}</bdi>' in client.get(path).text, path
    assert NAME in client.post("/search", data={"pseudonym": "S-17"}).text


def test_names_stand_in_no_title_address_file_name_or_log(
    clinics: Clinics, named: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """A browser keeps titles and addresses in its history, and others read logs and folders of downloads."""
    caplog.set_level(logging.DEBUG)
    seen = set()
    for path, address in addresses(named).items():
        answer = of_whom(clinics, path, Role.OWNER).get(address)
        assert "Rosenquist" not in str(answer.headers), path
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html"):
            title = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
            assert title is None or "Rosenquist" not in title[1], path
            links = re.findall(r'(?:href|action|src)="([^"]*)"', answer.text)
            assert not [link for link in links if "Rosenquist" in link], path
            if "Rosenquist" in answer.text:
                seen.add(path)
        else:  # calendars, case files, plans and what other programs read
            assert "Rosenquist" not in answer.text, path
    assert (
        set(NAMED)
        <= seen
        <= {*NAMED, *OWN_RULE, "/", "/appointments", "/due", "/alarms", "/patients/{patient}/erasure"}
    )
    assert "Rosenquist" not in caplog.text


def test_a_job_names_nobody(clinics: Clinics, named: dict[str, str]) -> None:
    client = clinics.browser(Role.CLINICIAN)
    begun = client.post(f"/patients/{named['patient']}/consultations").headers["location"]
    age = {"patient.age_years": str(now().year - 1974)}
    asked = client.post(f"{begun}/plan", data=LEAST | {"revision": "1"} | age)
    jobs = clinics.repositories().jobs
    job = jobs.get(asked.headers["location"].rpartition("/")[2])
    assert "Rosenquist" not in str(job)
    jobs.cancel(job.id)


def test_a_name_on_a_page_is_a_read_that_the_log_tells(clinics: Clinics, named: dict[str, str]) -> None:
    trail, subject = clinics.repositories(Role.OWNER).audit_log, f"contact/{named['patient']}"
    for role, more in ((Role.ASSISTANT, 1), (Role.AUDITOR, 0)):
        before = trail.newest(1000, subject=subject)
        assert clinics.browser(role).get(f"/patients/{named['patient']}").status_code == 200
        after = trail.newest(1000, subject=subject)
        assert sum(one.actor == role.value for one in after) == sum(one.actor == role.value for one in before) + more
    (entry,) = [one for one in trail.newest(6, subject=subject) if one.actor == "assistant"][:1]
    assert entry.records_read[subject] == ["contact.name.seen"]
    assert "Rosenquist" not in clinics.browser(Role.OWNER).get("/trail").text


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def test_twenty_names_take_no_more_statements_than_two(kind: str, tmp_path: Path) -> None:
    with two_clinics_on(kind, tmp_path) as made:
        repositories, client = made.repositories(), made.browser(Role.CLINICIAN)
        member, begins = made.members[HOME, Role.CLINICIAN].id, now() + 24 * HOUR
        begins = begins.replace(hour=1, minute=0)
        path, counts = f"/appointments?from={begins.date()}&days=1", []
        for number in range(20):
            patient = repositories.patients.add(f"N-{number}")
            repositories.patients.set_contact(
                patient.id, {"name": f"Somebody {number}", "phone": "1", "remind_by": "phone"}
            )
            at = begins + number * HOUR / 2
            repositories.appointments.book(Booking(patient.id, member, Purpose.CONSULTATION, at, at + HOUR / 2))
            if number in (1, 19):
                pages = [client.get(one).text for one in (path, "/reminders")]
                assert all(page.count('class="name"') == number + 1 for page in pages)
                counts.append([statements_of(made, client, one) for one in (path, "/reminders")])
        assert counts[0] == counts[1]


def test_a_member_hides_names_in_one_session_alone(clinics: Clinics, named: dict[str, str]) -> None:
    signed = SignIn(clinics.database, PasswordHasher()).sign_in(HOME, "clinician", PASSWORD)
    at_desk, elsewhere = clinics.browser(), clinics.browser(Role.CLINICIAN)
    at_desk.cookies.set(COOKIE, signed.token, domain="localhost.local")
    path = f"/patients/{named['patient']}"
    assert NAME in at_desk.get(path).text
    assert at_desk.post("/account/names", data={"names": "hidden", "back": path}).headers["location"] == path
    assert NAME not in at_desk.get(path).text
    assert "Show names" in at_desk.get(path).text
    for address in addresses(named).values():
        if not address.endswith("/contact"):
            assert "Rosenquist" not in at_desk.get(address).text, address
    assert "030 1" not in at_desk.get("/reminders").text
    assert NAME in elsewhere.get(path).text
    at_desk.post("/account/names", data={"names": "shown", "back": path})
    assert NAME in at_desk.get(path).text
    SignIn(clinics.database, PasswordHasher()).set_names_hidden(signed.token, hidden=True)
    again = SignIn(clinics.database, PasswordHasher()).sign_in(HOME, "clinician", PASSWORD)
    assert not again.names_hidden


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", "", "javascript:1"])
def test_the_switch_leads_to_no_other_server(clinics: Clinics, back: str) -> None:
    answer = clinics.browser(Role.OWNER).post("/account/names", data={"names": "shown", "back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_the_switch_is_for_those_who_see_names(clinics: Clinics) -> None:
    assert "Hide names" in clinics.browser(Role.ASSISTANT).get("/").text
    assert "Hide names" not in clinics.browser(Role.AUDITOR).get("/").text
    assert clinics.browser(Role.AUDITOR).post("/account/names", data={"names": "hidden"}).status_code == 403
    assert "Hide names" in clinics.browser(Role.OWNER, OTHER).get("/").text


def test_a_name_that_was_altered_closes_no_page_but_its_own(clinics: Clinics, named: dict[str, str]) -> None:
    """Whoever treats needs the page of the session, whatever became of the name."""
    with clinics.database.engine.begin() as connection:
        mine = ContactRow.id == named["patient"]
        stored = connection.scalar(select(ContactRow.contact_sealed).where(mine))
        connection.execute(update(ContactRow).where(mine).values(contact_sealed=b"x" * 64))
    client = clinics.browser(Role.CLINICIAN)
    try:
        for path in (*NAMED, "/", "/appointments", "/due", "/alarms"):
            assert client.get(path.format(**named)).status_code in (200, 403), path
        told = client.get(f"/patients/{named['patient']}/contact")
        assert (told.status_code, "altered" in told.text) == (422, True)
    finally:
        with clinics.database.engine.begin() as connection:
            connection.execute(update(ContactRow).where(mine).values(contact_sealed=stored))
