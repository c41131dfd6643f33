"""Booking in a real browser: two who want one time, a whole course, a session that begins; on a phone and a desktop."""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_pages import DESK, looked_at, opened_page, served, sign_in
from clinic_samples import HOME, Clinics, planned
from playwright.sync_api import Browser, Page, expect

from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.consents.repository import SignatureKind
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.models import ConsentAnswers

pytestmark = pytest.mark.check

FRIDAY = now().date() + datetime.timedelta(days=14 - now().date().weekday() + 4)


@pytest.fixture
def address(clinics: Clinics) -> Iterator[str]:
    with served(clinics.app) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with opened_page(browser) as page:
        yield page


def ask_for(page: Page, address: str, patient: str, time: str) -> None:
    page.goto(f"{address}/patients/{patient}/appointments")
    page.get_by_label("Day").fill(str(FRIDAY))
    page.get_by_label("Time").fill(time)
    page.get_by_label("With whom").select_option("clinician")
    page.get_by_role("button", name="Book an appointment").click()


def test_two_browsers_want_one_time_and_the_second_takes_one_that_is_free(
    page: Page, browser: Browser, address: str, clinics: Clinics
) -> None:
    repositories = clinics.repositories()
    first, second = (repositories.patients.add(name).id for name in ("First", "Second"))
    sign_in(page, address, "clinician")
    page.goto(f"{address}/patients/{first}")
    page.get_by_role("main").get_by_role("link", name="Appointments").click()
    looked_at(page, "booking")
    context = browser.new_context(viewport=DESK)
    other = context.new_page()
    sign_in(other, address, "assistant")
    ask_for(page, address, first, "09:00")
    expect(page.get_by_role("heading", level=1)).to_have_text("Appointment of First")
    looked_at(page, "appointment")
    ask_for(other, address, second, "09:15")
    expect(other.get_by_role("alert")).to_contain_text("the member is taken: First")
    looked_at(other, "clash")
    other.get_by_role("alert").get_by_role("button", name="09:30").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Appointment of Second")
    other.get_by_role("link", name="The other appointments of that day").click()
    looked_at(other, "day")
    other.get_by_role("link", name="The week").click()
    expect(other.get_by_role("link", name="09:00–09:30 First")).to_be_visible()
    looked_at(other, "week")
    other.goto(f"{address}/appointments?from=2027-09-20")  # the longest name of a month, on days of two digits
    for date in other.locator(".week h2 a").all():
        assert date.evaluate("one => one.getClientRects().length") == 1, "a date stands in one line"
    for day in other.locator(".week section").all():
        assert day.evaluate("one => one.scrollWidth <= one.clientWidth")
    other.go_back()
    with other.expect_download() as download:
        other.get_by_role("link", name="As a calendar file").click()
    assert Path(download.value.path()).read_bytes().count(b"BEGIN:VEVENT") == 2
    other.get_by_role("link", name="Your own calendar").click()
    other.get_by_role("button", name="Make a new address").click()
    expect(other.get_by_role("status")).to_contain_text("/calendar.ics?token=")
    looked_at(other, "feeds")
    context.close()
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_role("main")).to_contain_text("cancelled")


def test_a_course_is_booked_at_once_and_a_session_begins_in_its_appointment(
    page: Page, address: str, clinics: Clinics, tmp_path: Path
) -> None:
    repositories, sent = clinics.repositories(), make_submission(LEAST.items())
    patient = repositories.patients.add("Course").id
    consultation = repositories.consultations.begin(patient, sent)
    record = repositories.plans.add(consultation.id, planned(sent, tmp_path, lambda _: None), revision=1)
    repositories.plans.choose(record.id, "0.0", "")
    sign_in(page, address, "clinician")
    page.goto(f"{address}/plans/{record.id}")
    page.get_by_role("link", name="Book the course").click()
    looked_at(page, "course")
    page.get_by_role("button", name="Book all of these").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Appointments of Course")
    expect(page.get_by_role("listitem").filter(has_text=re.compile("session"))).to_have_count(2)

    consent = repositories.consents.record_explanation(record.id, option="0.0", cooling_off=datetime.timedelta(0))
    repositories.consents.record_teach_back(consent.id, {}, ())
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": consent.not_before}
    repositories.consents.sign(consent.id, answers=ConsentAnswers(), **signed)  # type: ignore[arg-type]
    member, at = clinics.members[HOME, Role.CLINICIAN].id, now()
    asked = Booking(patient, member, Purpose.SESSION, at, at + datetime.timedelta(minutes=30), None, consultation.id)
    (today,) = repositories.appointments.book(asked)
    page.goto(f"{address}/")
    page.get_by_role("link", name=re.compile("Course$")).first.click()
    looked_at(page, "appointment-today")
    page.get_by_role("button", name="Begin").first.click()
    page.wait_for_url(re.compile(r"/treatments/\w+$"))
    page.goto(f"{address}/appointments/{today.id}")
    expect(page.get_by_role("link", name="To the session")).to_be_visible()
    expect(page.get_by_text("came", exact=True)).to_be_visible()
