"""The address and the telephone of a clinic: its owners enter them, else those of the server hold, for each clinic."""

import datetime
import html
import io
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from clinic_samples import HOME, OTHER, Clinics, two_clinics_on
from diary_samples import treated
from icalendar import Calendar
from pypdf import PdfReader
from sqlalchemy import update

from skinbeam.model.errors import InputError
from skinbeam.text import use_time_zone
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.clinic_contact import LONGEST_PHONE, LONGEST_PLACE
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.appointments.reminder_sender import ReminderSender
from skinbeam_clinic.appointments.reminder_settings import ReminderSettings
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.tables import ClinicRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries.alarm_notifier import ContactSettings
from skinbeam_clinic.errors import ConflictError
from skinbeam_clinic.mail_server import MailServer
from skinbeam_clinic.web.application import build_clinic_app

SERVER = {"place": "1 Server Road", "phone": "030 1000"}
OWN = {"place": "7 Harbour Street, Bremen", "phone": "0421 7007"}
NOON = datetime.datetime(2030, 10, 25, 12, tzinfo=datetime.UTC)  # a Friday
HOUR = datetime.timedelta(hours=1)
MAIL = MailServer("smtp", "127.0.0.1", 9, "", "", "alarm@clinic.example", ("a@clinic.example",))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    """Two clinics of real people on one server, which has an address and a telephone of its own."""
    with two_clinics_on(request.param, tmp_path) as made:
        with made.database.engine.begin() as connection:
            connection.execute(update(ClinicRow).values(synthetic=False))
        reminders = ReminderSettings(place=SERVER["place"])
        made.app = build_clinic_app(
            made.database, outside_contact=ContactSettings(phone=SERVER["phone"]), reminders=reminders
        )
        with clock_set_to(NOON), use_time_zone(datetime.UTC):
            yield made


def enter(house: Clinics, clinic: str = HOME, **contact: str) -> None:
    version = house.repositories(Role.OWNER, clinic).clinic_contact.get().version
    sent = house.browser(Role.OWNER, clinic).post("/people/contact", data=OWN | contact | {"version": version})
    assert sent.headers["location"] == "/people#contact"


def book(house: Clinics, clinic: str, contact: dict[str, str]) -> str:
    repositories, at = house.repositories(clinic=clinic), NOON + datetime.timedelta(days=3)
    patient = repositories.patients.add()
    repositories.patients.set_contact(patient.id, {"name": "Zoë"} | contact)
    member = house.members[clinic, Role.CLINICIAN].id
    repositories.appointments.book(Booking(patient.id, member, Purpose.SESSION, at, at + HOUR))
    return patient.id


def pdf_text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def test_what_patients_read_names_the_address_and_the_telephone_of_their_own_clinic(house: Clinics) -> None:
    enter(house)
    for clinic, mine, others in ((HOME, OWN, SERVER), (OTHER, SERVER, OWN)):
        patient, client = (
            book(house, clinic, {"phone": "1", "remind_by": "phone"}),
            house.browser(Role.CLINICIAN, clinic),
        )
        repositories = house.repositories(clinic=clinic)
        consultation = client.post(f"/patients/{patient}/consultations").headers["location"]
        answers = dict(repositories.consultations.get(consultation.rpartition("/")[2]).answers.entries)
        assert answers["clinic.phone"] == mine["phone"]
        page = client.get("/reminders").text
        assert (mine["place"] in page, mine["phone"] in page) == (True, True)
        assert (others["place"] in page, others["phone"] in page) == (False, False)
        diary = treated(repositories, days_ago=2.0).treatment
        for paper in (f"/patients/{patient}/appointments.pdf", f"/treatments/{diary}/letter/en"):
            printed = pdf_text(client.get(paper).content)
            assert all(word in printed for word in mine.values())
            assert not any(word in printed for word in others.values())
        (booked,) = repositories.appointments.of_person(patient)
        (event,) = Calendar.from_ical(client.get(f"/appointments/{booked.id}.ics").text).events
        assert event["location"] == mine["place"]
        link = repositories.diaries.create_link(diary, language="en", until=now() + 24 * HOUR)
        shown = house.browser().get(f"/diary/{link.token}").text
        assert (mine["phone"] in shown, others["phone"] in shown) == (True, False)


def test_mails_name_the_address_and_the_telephone_of_their_own_clinic(house: Clinics) -> None:
    enter(house)
    for clinic in (HOME, OTHER):
        book(house, clinic, {"email": f"{clinic.split()[0].lower()}@example.org", "remind_by": "email"})
    taken: list[EmailMessage] = []
    settings = ReminderSettings(place=SERVER["place"], sender="desk@clinic.example")
    sender = ReminderSender(
        house.database,
        MAIL,
        settings,
        phone=SERVER["phone"],
        zone=datetime.UTC,
        send=lambda _, message: taken.append(message),
    )
    while sender.process_next():
        pass
    texts = {message["To"].partition("@")[0]: message.get_content() for message in taken}
    for name, mine, others in (("harbour", OWN, SERVER), ("hill", SERVER, OWN)):
        assert all(word in texts[name] for word in mine.values())
        assert not any(word in texts[name] for word in others.values())


@pytest.mark.parametrize("name", ["place", "phone"])
def test_what_is_left_empty_is_that_of_the_server(house: Clinics, name: str) -> None:
    enter(house)
    enter(house, **{name: ""})
    book(house, HOME, {"phone": "1", "remind_by": "phone"})
    page = house.browser(Role.CLINICIAN).get("/reminders").text
    assert (SERVER[name] in page, OWN[name] in page) == (True, False)
    (other,) = OWN.keys() - {name}
    assert OWN[other] in page


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"place": "x" * (LONGEST_PLACE + 1)}, "too-long"),
        ({"phone": "1" * (LONGEST_PHONE + 1)}, "too-long"),
        ({"phone": "ask at the desk"}, "bad-phone"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_in_the_form(house: Clinics, sent: dict[str, str], code: str) -> None:
    with pytest.raises(InputError) as raised:
        house.repositories(Role.OWNER).clinic_contact.save(version="", **OWN | sent)
    assert raised.value.code == code
    answer = house.browser(Role.OWNER).post("/people/contact", data=OWN | sent | {"version": ""})
    assert answer.status_code == 422
    assert all(html.escape(text) in answer.text for text in (OWN | sent).values())
    assert house.repositories().clinic_contact.get().changed_at is None


def test_nothing_is_overwritten_and_every_change_is_signed(house: Clinics) -> None:
    contacts = house.repositories(Role.OWNER).clinic_contact
    first = contacts.save(version="", **OWN)
    assert contacts.save(version="", **OWN) == first, "who sends again has lost the answer"
    contacts.save(place="8 New Street", phone=OWN["phone"], version=first.version)
    with pytest.raises(ConflictError):
        contacts.save(place="9 Old Street", phone="", version=first.version)
    answer = house.browser(Role.OWNER).post("/people/contact", data={"place": "9 Old Street", "version": first.version})
    assert answer.status_code == 409
    assert contacts.get().place == "8 New Street"
    entries = house.repositories(Role.OWNER).audit_log.newest(9)
    assert [one.actor for one in entries if one.action == "clinic.contact-saved"] == ["owner", "owner"]
    assert find_altered(house) == set()
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE clinic_contact SET phone = '0190 666'")
    assert find_altered(house) == {f"clinic_contact/{house.members[HOME, Role.OWNER].clinic_id}"}


def find_altered(house: Clinics) -> set[str]:
    """What the check finds beside the rows of the clinics, of which the fixture has altered the kind."""
    found = {finding.location for one in verify_database(house.database) for finding in one.findings}
    return {location for location in found if not location.startswith("clinic/")}
