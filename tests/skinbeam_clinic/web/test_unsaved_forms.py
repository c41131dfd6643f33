"""A page with something typed is not left without a question, by whatever way; what was sent is not asked about."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from clinic_pages import opened_page, served
from clinic_samples import HOME, Clinics
from playwright.sync_api import Browser, Dialog, Page, expect

from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Appointment, Booking, Purpose
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.web.client import SESSION_COOKIE

pytestmark = pytest.mark.check

HOUR = datetime.timedelta(hours=1)


@dataclass
class Desk:
    """A browser at the page of a patient, and the questions of a page that is left: each is answered by staying."""

    page: Page
    address: str
    patient: str
    asked: list[str] = field(default_factory=list)

    def stay(self, dialog: Dialog) -> None:
        self.asked.append(dialog.type)
        dialog.dismiss()

    def write_note(self) -> None:
        self.page.goto(f"{self.address}/patients/{self.patient}")
        self.page.get_by_text("Write a note").first.click()
        self.page.locator("#note-words").fill("Zoster vaccine on Friday.")


@pytest.fixture
def desk(browser: Browser, clinics: Clinics) -> Iterator[Desk]:
    patient = clinics.repositories().patients.add().id
    clinics.browser(Role.CLINICIAN)
    with served(clinics.app) as address, opened_page(browser) as page:
        token = clinics.tokens["Harbour Clinic", Role.CLINICIAN]
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": address}])
        made = Desk(page, address, patient)
        page.on("dialog", made.stay)
        yield made


def test_a_link_and_another_form_ask_before_what_was_typed_is_lost(desk: Desk) -> None:
    desk.write_note()
    desk.page.get_by_role("link", name="Contact").click()
    desk.page.get_by_role("button", name="Begin a consultation").click()
    expect(desk.page.locator("#note-words")).to_have_value("Zoster vaccine on Friday.")
    assert desk.asked == ["beforeunload", "beforeunload"]


def test_what_is_sent_or_was_taken_away_again_is_not_asked_about(desk: Desk) -> None:
    desk.write_note()
    desk.page.get_by_role("button", name="Save the note").click()
    expect(desk.page.get_by_text("Zoster vaccine on Friday.")).to_be_visible()
    desk.write_note()
    desk.page.locator("#note-words").fill("")
    desk.page.get_by_role("link", name="Contact").click()
    expect(desk.page).to_have_url(re.compile("/contact$"))
    assert desk.asked == []


def test_what_was_refused_is_not_left_without_a_question(desk: Desk) -> None:
    desk.page.goto(f"{desk.address}/patients/{desk.patient}/contact")
    desk.page.get_by_label("Date of birth").fill("31.02.1974")
    desk.page.get_by_role("button", name="Save").click()
    expect(desk.page.get_by_text("is not a possible date of birth")).to_be_visible()
    desk.page.get_by_role("link", name="Patients").first.click()
    expect(desk.page.get_by_label("Date of birth")).to_have_value("31.02.1974")
    assert desk.asked == ["beforeunload"]


def test_what_came_after_the_session_had_ended_is_not_left_without_a_question(desk: Desk) -> None:
    desk.write_note()
    desk.page.context.clear_cookies()
    desk.page.get_by_role("button", name="Save the note").click()
    expect(desk.page.get_by_text("You are no longer signed in")).to_be_visible()
    desk.page.get_by_role("link", name="To the patients").click()
    expect(desk.page.get_by_text("Zoster vaccine on Friday.")).to_be_visible()
    assert desk.asked == ["beforeunload"]


def test_a_search_that_was_typed_is_not_asked_about(desk: Desk) -> None:
    desk.page.goto(desk.address)
    desk.page.locator("#asked").fill("S-")
    desk.page.locator(f"main a[href='/patients/{desk.patient}']").click()
    expect(desk.page).to_have_url(re.compile(f"/patients/{desk.patient}$"))
    assert desk.asked == []


def test_a_refused_one_time_code_is_not_asked_about(desk: Desk) -> None:
    """Who has mistyped it may as well go on without codes: the next one is another."""
    desk.page.goto(f"{desk.address}/account")
    desk.page.get_by_role("textbox", name="One-time code").fill("000000")
    desk.page.locator("#codes-password").fill("not the password")
    desk.page.get_by_role("button", name="Require codes from now on").click()
    expect(desk.page.get_by_role("alert")).to_be_visible()
    desk.page.get_by_role("textbox", name="One-time code").fill("000001")
    desk.page.get_by_role("link", name="Patients").first.click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Patients")
    assert desk.asked == []


def book(clinics: Clinics, patient: str) -> Appointment:
    starts, member = now() + datetime.timedelta(days=7), clinics.members[HOME, Role.CLINICIAN].id
    booking = Booking(patient, member, Purpose.CONSULTATION, starts, starts + HOUR / 2)
    return clinics.repositories().appointments.book(booking)[0]


def test_a_refused_button_without_an_entry_is_not_asked_about(desk: Desk, clinics: Clinics) -> None:
    booked = book(clinics, desk.patient)
    desk.page.goto(f"{desk.address}/appointments/{booked.id}")
    clinics.repositories().appointments.move(
        booked.id,
        starts_at=booked.starts_at + HOUR,
        ends_at=booked.ends_at + HOUR,
        member_id=booked.member_id,
        machine_id=None,
        revision=booked.revision,
    )
    desk.page.get_by_role("button", name="Cancel it").click()
    expect(desk.page.locator("#why")).to_be_visible()
    desk.page.get_by_role("link", name="Patients").first.click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Patients")
    assert desk.asked == []


def test_what_was_refused_is_known_by_its_form_whatever_the_address_asks(desk: Desk, clinics: Clinics) -> None:
    """The talk before a consent is sent with the language of the page."""
    client = clinics.browser(Role.CLINICIAN)
    made = clinics.plan(client, client.post(f"/patients/{desk.patient}/consultations").headers["location"])
    desk.page.goto(f"{desk.address}{made}/consent/0.0")
    desk.page.locator("#days").fill("soon")
    desk.page.get_by_role("button", name="Record the explanation").click()
    expect(desk.page.locator("#days[aria-invalid=true]")).to_have_value("soon")
    desk.page.get_by_role("link", name="Patients").first.click()
    expect(desk.page.locator("#days")).to_have_value("soon")
    assert desk.asked == ["beforeunload"]


def test_a_file_is_saved_beside_a_form_that_is_not_sent_yet(desk: Desk, clinics: Clinics) -> None:
    booked = book(clinics, desk.patient)
    desk.page.goto(f"{desk.address}/appointments/{booked.id}")
    desk.page.locator("#minutes").fill("45")
    with desk.page.expect_download() as saved:
        desk.page.locator("a[href$='.ics']").click()
    assert saved.value.suggested_filename == "appointment.ics"
    assert desk.asked == []
