"""Reminders of appointments: who is to be reminded, what a reminder says, and mails that are sent once."""

import datetime
import io
import json
import smtplib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from clinic_samples import HOME, OTHER, Clinics, two_clinics_on
from sqlalchemy import update

from skinbeam.model.errors import InputError
from skinbeam.text import use_language, use_time_zone
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Appointment, Booking, Purpose
from skinbeam_clinic.appointments.reminder_sender import ReminderSender
from skinbeam_clinic.appointments.reminder_settings import ReminderSettings, read_reminder_settings
from skinbeam_clinic.appointments.reminder_texts import mail_link, reminder_text, reminder_until
from skinbeam_clinic.appointments.reminders import AppointmentReminder, ReminderEntry
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.tables import ClinicRow, ContactRow
from skinbeam_clinic.diaries.alarm_notifier import ContactSettings
from skinbeam_clinic.exchange.copied_patient import parse_copy
from skinbeam_clinic.mail_server import MailInDoubtError, MailServer
from skinbeam_clinic.patients.contact_details import check_contact_details
from skinbeam_clinic.web.application import build_clinic_app

BERLIN = ZoneInfo("Europe/Berlin")
MAIL = MailServer("smtp", "127.0.0.1", 9, "", "", "alarm@clinic.example", ("a@clinic.example",))
SETTINGS = ReminderSettings(sender="Harbour Clinic <desk@clinic.example>", place="1 Quay Street")
PHONE, EMAIL = {"phone": "030 555-1234", "remind_by": "phone"}, {"email": "zoe@example.org", "remind_by": "email"}
HOUR = datetime.timedelta(hours=1)
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.check)]


def berlin(written: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(written).replace(tzinfo=BERLIN)


# A Friday, two days before clocks go back; the appointment is on the Monday after that.
FRIDAY, MONDAY = berlin("2030-10-25T12:00"), berlin("2030-10-28T09:30")


@pytest.fixture(params=DATABASES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    """Clinics of real people, since those of synthetic ones send no mail, on a Friday by the clocks of Berlin."""
    with two_clinics_on(request.param, tmp_path) as made:
        with made.database.engine.begin() as connection:
            connection.execute(update(ClinicRow).values(synthetic=False))
        with clock_set_to(FRIDAY), use_time_zone(BERLIN):
            yield made


def book(clinics: Clinics, contact: dict[str, str], at: datetime.datetime = MONDAY, clinic: str = HOME) -> Appointment:
    repositories = clinics.repositories(clinic=clinic)
    member = clinics.members[clinic, Role.CLINICIAN].id
    patient = repositories.patients.add()
    repositories.patients.set_contact(patient.id, {"name": "Zoë Müller"} | contact)
    (booked,) = repositories.appointments.book(Booking(patient.id, member, Purpose.TEST_SPOT, at, at + HOUR))
    return booked


def move(clinics: Clinics, one: Appointment, starts: datetime.datetime) -> Appointment:
    moved = clinics.repositories().appointments
    return moved.move(
        one.id, starts_at=starts, ends_at=starts + HOUR, member_id=one.member_id, machine_id=None, revision=one.revision
    )


def ahead(clinics: Clinics, days: int = 1) -> list[ReminderEntry]:
    return list(clinics.repositories().reminders.list_ahead(reminder_until(now(), days)).entries)


def only(clinics: Clinics, days: int = 1) -> AppointmentReminder | None:
    (entry,) = ahead(clinics, days)
    return entry.reminder


def test_who_agreed_is_listed_and_marked_once(house: Clinics) -> None:
    one = book(house, PHONE)
    book(house, {"phone": "1"}, MONDAY + HOUR)  # nobody has asked
    reminders = house.repositories(Role.ASSISTANT).reminders
    found = reminders.list_ahead(reminder_until(now(), 1))
    (entry,) = found.entries
    assert (found.not_agreed, entry.name, entry.way, entry.address) == (1, "Zoë Müller", "phone", "030 555-1234")
    assert entry.reminder is None
    marked = reminders.mark(one.id, revision=one.revision)
    assert (marked.state, marked.way, marked.noted_by, marked.starts_at) == (
        "marked",
        "phone",
        "assistant",
        one.starts_at,
    )
    assert house.repositories().reminders.mark(one.id, revision=one.revision) == marked
    assert only(house) == marked
    told = house.repositories(Role.OWNER).audit_log.newest(1000, subject=f"appointment_reminder/{marked.id}")
    assert [(entry.actor, entry.action) for entry in told[1:]] == [("assistant", "reminder.marked")]
    seen = house.repositories(Role.OWNER).audit_log.newest(1000, subject=f"contact/{one.patient_id}")
    assert "contact.seen" in {entry.action for entry in seen} | {
        what for entry in seen for parts in entry.records_read.values() for what in parts
    }


def test_a_moved_appointment_needs_a_new_reminder_also_back_at_its_first_time(house: Clinics) -> None:
    one = book(house, PHONE)
    first = house.repositories().reminders.mark(one.id, revision=one.revision)
    moved = move(house, one, MONDAY + 2 * HOUR)
    assert only(house) is None
    with pytest.raises(InputError) as found:
        house.repositories().reminders.mark(one.id, revision=one.revision)  # of the time that was on the page
    assert found.value.code == "appointment-changed"
    second = house.repositories().reminders.mark(one.id, revision=moved.revision)
    assert second.id != first.id
    back = move(house, moved, MONDAY)
    assert only(house) is None
    house.repositories().reminders.mark(one.id, revision=back.revision)
    kept = house.repositories().reminders.of(one.patient_id)
    assert sorted(each.ended_at is None for each in kept) == [False, False, True]


def test_another_member_or_length_needs_no_new_reminder(house: Clinics) -> None:
    one = book(house, PHONE)
    house.repositories().reminders.mark(one.id, revision=one.revision)
    house.repositories().appointments.move(
        one.id,
        starts_at=one.starts_at,
        ends_at=one.ends_at + HOUR,
        member_id=house.members[HOME, Role.OWNER].id,
        machine_id=None,
        revision=one.revision,
    )
    reminder = only(house)
    assert reminder is not None
    assert reminder.is_done


def test_nobody_is_reminded_of_what_is_cancelled_over_or_not_agreed(house: Clinics) -> None:
    one, unasked = book(house, PHONE), book(house, {"phone": "1"}, MONDAY + HOUR)
    reminders = house.repositories().reminders
    with pytest.raises(InputError) as found:
        reminders.mark(unasked.id, revision=unasked.revision)
    assert found.value.code == "reminder-not-agreed"
    with clock_set_to(MONDAY + HOUR), pytest.raises(InputError) as found:
        reminders.mark(one.id, revision=one.revision)
    assert found.value.code == "reminder-over"
    reminders.mark(one.id, revision=one.revision)
    cancelled = house.repositories().appointments.cancel(one.id, revision=one.revision)
    assert ahead(house) == []
    with pytest.raises(InputError) as found:
        reminders.mark(one.id, revision=cancelled.revision)
    assert found.value.code == "reminder-over"
    assert all(each.ended_at is not None for each in reminders.of(one.patient_id))


@pytest.mark.parametrize(
    ("at", "days", "until"),
    [
        ("2030-10-25T12:00", 1, "2030-10-29T00:00"),  # from Friday over the end of summer time to the end of Monday
        ("2030-10-25T00:30", 2, "2030-10-30T00:00"),
        ("2030-03-29T23:30", 1, "2030-04-02T00:00"),  # over its beginning
        ("2030-10-26T12:00", 1, "2030-10-29T00:00"),  # a Saturday
        ("2030-10-23T23:59", 1, "2030-10-25T00:00"),
    ],
)
def test_working_days_are_those_of_the_clinics_clocks(at: str, days: int, until: str) -> None:
    with use_time_zone(BERLIN):
        assert reminder_until(berlin(at).astimezone(datetime.UTC), days) == berlin(until)


@pytest.mark.parametrize(("at", "time"), [("2030-10-25T09:30", "09:30"), ("2030-10-28T09:30", "09:30")])
def test_a_reminder_names_the_time_that_clocks_will_show_then(at: str, time: str) -> None:
    with use_time_zone(BERLIN):
        text = reminder_text(berlin(at).astimezone(datetime.UTC), clinic="C", place="", phone="")
    assert time in text.body


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_reminder_says_nothing_of_the_treatment(language: str) -> None:
    with use_time_zone(BERLIN), use_language(language):
        text = reminder_text(MONDAY, clinic="Harbour & Sons", place="1 Quay Street", phone="030 99")
        link = mail_link("zoe+x@example.org", text)
    for words in ("Harbour & Sons", "28", "09:30", "1 Quay Street", "030 99"):
        assert words in text.body
    address = urlsplit(link)
    sent = parse_qs(address.query)
    assert (address.scheme, address.path) == ("mailto", "zoe%2Bx@example.org")
    assert sent == {"subject": [text.subject], "body": [text.body.replace("\n", "\r\n")]}
    assert text.body.count("\n") == 2


def test_the_page_offers_a_call_or_a_mail_in_the_language_of_the_patient(clinics: Clinics) -> None:
    at = now() + datetime.timedelta(hours=3)
    called = book(clinics, PHONE, at)
    written = book(clinics, EMAIL | {"language": "de"}, at + HOUR)
    client = clinics.browser(Role.ASSISTANT)
    page = client.get("/reminders").text
    assert 'href="tel:0305551234"' in page
    assert "Zoë Müller" in page
    assert (
        'href="mailto:zoe@example.org?subject=Ihr%20Termin%20bei%20Harbour%20Clinic&amp;body=Zur%20Erinnerung' in page
    )
    for path in ("/", "/appointments"):
        assert 'href="/reminders"' in client.get(path).text
    for one in (called, written):
        answer = client.post(f"/appointments/{one.id}/reminder", data={"revision": str(one.revision)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/reminders")
    page = client.get("/reminders").text
    assert "by telephone, assistant" in page
    assert "by e-mail, assistant" in page
    stale = client.post(f"/appointments/{called.id}/reminder", data={"revision": "7"})
    assert stale.status_code == 422
    assert "Patients to remind" in stale.text


def test_how_somebody_may_be_reminded_is_kept_with_the_contact_details(clinics: Clinics) -> None:
    client, patient = clinics.browser(Role.ASSISTANT), clinics.repositories().patients.add()
    path = f"/patients/{patient.id}/contact"
    for wrong in ({"remind_by": "pigeon", "phone": "1"}, {"remind_by": "email", "phone": "1"}, {"language": "tlh"}):
        assert client.post(path, data=wrong).status_code == 422
    client.post(path, data={"phone": "030 1", "remind_by": "phone", "language": "de"})
    stored = clinics.repositories().patients.get_contact(patient.id)
    assert stored is not None
    assert (stored.details["remind_by"], stored.details["language"]) == ("phone", "de")
    assert '<option value="phone" selected>' in client.get(path).text


def test_a_copy_tells_of_reminders_and_another_clinic_asks_anew(clinics: Clinics) -> None:
    one = book(clinics, PHONE, now() + HOUR)
    clinics.repositories().reminders.mark(one.id, revision=one.revision)
    copy = clinics.repositories().patient_copies.make(one.patient_id)
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        record = json.loads(archive.read("record.json"))
    assert [(each["way"], each["state"]) for each in record["reminders"]] == [("phone", "marked")]
    assert record["contact"]["remind_by"] == "phone"
    assert "remind_by" not in parse_copy(copy).contact


def test_an_erased_patient_is_reminded_of_nothing(clinics: Clinics) -> None:
    one = book(clinics, PHONE, now() + 12 * HOUR)
    clinics.repositories().reminders.mark(one.id, revision=one.revision)
    assert clinics.repositories(Role.OWNER).erasure.erase(one.patient_id, retention_years=0) is None
    assert clinics.repositories().reminders.of(one.patient_id) == ()


# Mails that the server sends.


class Post:
    """Takes messages, or fails as it is told to."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.fault: BaseException | None = None

    def __call__(self, _: MailServer, message: EmailMessage) -> None:
        if self.fault is not None:
            raise self.fault
        self.taken.append(message)


def sender(clinics: Clinics, post: Post, settings: ReminderSettings = SETTINGS) -> ReminderSender:
    return ReminderSender(clinics.database, MAIL, settings, phone="030 99", zone=BERLIN, send=post)


def state(clinics: Clinics) -> str:
    reminder = only(clinics, 3)
    return "" if reminder is None else reminder.state.value


def test_a_mail_is_sent_once_and_says_nothing_of_the_treatment(house: Clinics) -> None:
    one = book(house, EMAIL | {"language": "de"})
    book(house, PHONE, MONDAY + HOUR)
    post = Post()
    assert sender(house, post).process_next()
    assert not sender(house, post).process_next()
    (message,) = post.taken
    assert (message["To"], message["From"]) == ("zoe@example.org", SETTINGS.sender)
    text = str(message) + message.get_content()
    assert "Zur Erinnerung an Ihren Termin bei Harbour Clinic: Montag, 28. Oktober 2030, 09:30 Uhr." in text
    assert "1 Quay Street" in text
    assert not any(word in text for word in ("Zoë", "P00001", "spot", "Probe", "clinician", one.id, one.patient_id))
    sent = next(entry.reminder for entry in ahead(house) if entry.way == "email")
    assert sent is not None
    assert (sent.state, sent.noted_by, sent.is_done) == ("sent", "worker", True)
    actions = [entry.action for entry in house.repositories(Role.OWNER).audit_log.newest(20)]
    assert "reminder.sending" in actions
    assert "reminder.sent" in actions


def test_where_no_language_is_known_the_mail_is_in_every_one_or_in_the_clinics(house: Clinics) -> None:
    book(house, EMAIL)
    post = Post()
    sender(house, post).process_next()
    content = post.taken[0].get_content()
    assert "A reminder of your appointment" in content
    assert "Zur Erinnerung" in content
    book(house, EMAIL, MONDAY + HOUR)
    sender(house, post, replace(SETTINGS, language="de")).process_next()
    assert "A reminder" not in post.taken[1].get_content()


def test_what_a_server_refuses_is_tried_again_and_told(house: Clinics) -> None:
    one, post = book(house, EMAIL), Post()
    post.fault = smtplib.SMTPRecipientsRefused({})
    assert sender(house, post).process_next()
    assert not sender(house, post).process_next()  # not at once
    reminder = only(house)
    assert reminder is not None
    assert (reminder.state, reminder.fault, reminder.is_done) == ("failed", "SMTPRecipientsRefused", False)
    with clock_set_to(FRIDAY + HOUR / 4):
        assert sender(house, post).process_next()
    post.fault = None
    with clock_set_to(FRIDAY + 2 * HOUR):
        assert sender(house, post).process_next()
        assert state(house) == "sent"
    assert len(post.taken) == 1
    assert len(house.repositories().reminders.of(one.patient_id)) == 1


@pytest.mark.parametrize("sign", list(',;:<>()[]\\"'))
def test_a_mail_goes_to_the_one_address_that_stands_in_the_contact_details(house: Clinics, sign: str) -> None:
    """Mail programs read `zoe,anna@example.org` as two receivers, of whom the second is somebody else."""
    for written in (
        f"zoe{sign}anna@example.org",
        f"zoe@example{sign}a.org",
        f"zoe@example.org{sign}",
        f"{sign}z@a.org",
    ):
        with pytest.raises(InputError) as refused:
            check_contact_details(EMAIL | {"email": written})
        assert refused.value.code == "bad-email"
    book(house, EMAIL | {"email": f"zoe{sign}anna@example.org"})  # from before such an address was refused
    post = Post()
    assert sender(house, post).process_next()
    assert (state(house), post.taken) == ("failed", [])


@pytest.mark.parametrize("altered", [HOME, OTHER])
def test_a_row_that_cannot_be_read_keeps_no_other_clinic_from_reminding(house: Clinics, altered: str) -> None:
    for clinic in (HOME, OTHER):
        book(house, EMAIL | {"email": f"{clinic.split()[0].lower()}@example.org"}, clinic=clinic)
    harmed = house.members[altered, Role.OWNER].clinic_id
    with house.database.engine.begin() as connection:  # no key of this database has sealed it
        sealed = b"\x01" + b"x" * 64
        connection.execute(update(ContactRow).where(ContactRow.clinic_id == harmed).values(contact_sealed=sealed))
    post = Post()
    sender(house, post).process_next()
    sent = [message["To"] for message in post.taken]
    assert sent == ["hill@example.org" if altered == HOME else "harbour@example.org"]


def test_contact_details_that_were_altered_are_told_and_the_others_are_reminded(house: Clinics) -> None:
    lost, other = book(house, EMAIL), book(house, EMAIL | {"email": "ann@example.org"}, MONDAY + HOUR)
    with house.database.engine.begin() as connection:
        mine = ContactRow.id == lost.patient_id
        connection.execute(update(ContactRow).where(mine).values(contact_sealed=b"x" * 64))
    found = house.repositories().reminders.list_ahead(reminder_until(now(), 1))
    assert [entry.appointment.id for entry in found.entries] == [other.id]
    assert (found.not_agreed, found.unread) == (0, (lost.pseudonym,))
    page = house.browser(Role.ASSISTANT).get("/reminders")
    assert (page.status_code, "were altered" in page.text, lost.pseudonym in page.text) == (200, True, True)
    post = Post()
    while sender(house, post).process_next():
        pass
    assert [message["To"] for message in post.taken] == ["ann@example.org"]


def test_a_member_takes_over_what_could_not_be_sent(house: Clinics) -> None:
    one, post = book(house, EMAIL), Post()
    post.fault = ConnectionRefusedError()
    sender(house, post).process_next()
    house.repositories().reminders.mark(one.id, revision=one.revision)
    post.fault = None
    with clock_set_to(FRIDAY + 2 * HOUR):
        assert not sender(house, post).process_next()
    assert (state(house), post.taken) == ("marked", [])


@pytest.mark.parametrize("fault", [MailInDoubtError("TimeoutError"), KeyboardInterrupt()])
def test_what_may_have_been_sent_is_never_sent_again(house: Clinics, fault: BaseException) -> None:
    """The connection breaks, or the program is killed, while a mail is handed over."""
    one, post = book(house, EMAIL), Post()
    post.fault = fault
    if isinstance(fault, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            sender(house, post).process_next()
        with pytest.raises(InputError) as found:
            house.repositories().reminders.mark(one.id, revision=one.revision)
        assert found.value.code == "reminder-sending"
    else:
        assert sender(house, post).process_next()
    post.fault = None
    for later in (HOUR, 2 * HOUR, 22 * HOUR):
        with clock_set_to(FRIDAY + later):
            assert not sender(house, post).process_next()
            reminder = only(house, 3)
            assert reminder is not None
            assert (reminder.is_unclear, reminder.is_done) == (True, False)
    assert post.taken == []
    with clock_set_to(FRIDAY + HOUR):
        house.repositories().reminders.mark(one.id, revision=one.revision)
        assert state(house) == "marked"


def test_a_moved_appointment_is_mailed_anew_and_a_cancelled_one_never(house: Clinics) -> None:
    one, gone, post = book(house, EMAIL), book(house, EMAIL, MONDAY + 5 * HOUR), Post()
    house.repositories().appointments.cancel(gone.id, revision=gone.revision)
    assert sender(house, post).process_next()
    move(house, one, MONDAY + 2 * HOUR)
    assert sender(house, post).process_next()
    assert not sender(house, post).process_next()
    assert [("09:30" in each.get_content(), "11:30" in each.get_content()) for each in post.taken] == [
        (True, False),
        (False, True),
    ]
    assert post.taken[0]["Message-ID"] != post.taken[1]["Message-ID"]


@pytest.mark.parametrize(
    ("clock_at", "starts"),
    [
        (FRIDAY.replace(hour=7), MONDAY),  # too early in the morning
        (FRIDAY.replace(hour=21), MONDAY),
        (FRIDAY, FRIDAY + 3 * HOUR),  # today
        (FRIDAY, MONDAY + datetime.timedelta(days=2)),  # after the next working days
        (FRIDAY, berlin("2030-10-30T00:00")),
    ],
)
def test_no_mail_comes_at_night_for_today_or_too_early(
    house: Clinics, clock_at: datetime.datetime, starts: datetime.datetime
) -> None:
    book(house, EMAIL, starts)
    with clock_set_to(clock_at):
        assert not sender(house, Post()).process_next()


def test_the_last_moment_of_the_last_working_day_is_among_them(house: Clinics) -> None:
    book(house, EMAIL, berlin("2030-10-29T23:30"))
    assert sender(house, Post()).process_next()


def test_a_clinic_of_synthetic_people_sends_nothing(house: Clinics) -> None:
    book(house, EMAIL)
    with house.database.engine.begin() as connection:
        connection.execute(update(ClinicRow).values(synthetic=True))
    assert not sender(house, Post()).process_next()


def test_who_withdraws_the_agreement_gets_no_mail(house: Clinics) -> None:
    one = book(house, EMAIL)
    patients = house.repositories().patients
    stored = patients.get_contact(one.patient_id)
    assert stored is not None
    patients.set_contact(one.patient_id, dict(stored.details) | {"remind_by": ""}, version=stored.version)
    assert not sender(house, Post()).process_next()


def test_the_app_sends_where_a_sender_is_set_and_nowhere_else(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ReminderSettings] = []
    monkeypatch.setattr(ReminderSender, "__init__", lambda *given, **_: made.append(given[3]))
    for mail, settings in ((None, SETTINGS), (MAIL, ReminderSettings()), (MAIL, None), (MAIL, SETTINGS)):
        build_clinic_app(clinics.database, outside_contact=ContactSettings(mail=mail), reminders=settings)
    assert made == [SETTINGS]


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"SKINBEAM_REMINDER_DAYS": "0"}, "SKINBEAM_REMINDER_DAYS"),
        ({"SKINBEAM_REMINDER_DAYS": "15"}, "SKINBEAM_REMINDER_DAYS"),
        ({"SKINBEAM_REMINDER_DAYS": "two"}, "SKINBEAM_REMINDER_DAYS"),
        ({"SKINBEAM_REMINDER_FROM": "nobody"}, "SKINBEAM_REMINDER_FROM"),
        ({"SKINBEAM_REMINDER_LANGUAGE": "tlh"}, "SKINBEAM_REMINDER_LANGUAGE"),
        ({"SKINBEAM_REMINDER_PLACE": "a\nb"}, "SKINBEAM_REMINDER_PLACE"),
    ],
)
def test_a_setting_that_cannot_be_read_keeps_the_server_from_starting(
    environment: dict[str, str], variable: str
) -> None:
    with pytest.raises(InputError) as found:
        read_reminder_settings(environment, MAIL)
    assert (found.value.code, found.value.field) == ("bad-outside", variable)
    assert found.value.hint


def test_settings_are_those_of_the_environment_and_none_needs_to_be_set() -> None:
    assert read_reminder_settings({}, None) == ReminderSettings(days=2, place="", language="", sender="")
    written = {"DAYS": "3", "FROM": "desk@clinic.example", "PLACE": "1 Quay Street", "LANGUAGE": "de"}
    environment = {f"SKINBEAM_REMINDER_{name}": text for name, text in written.items()}
    assert read_reminder_settings(environment, MAIL) == ReminderSettings(
        3, "1 Quay Street", "de", "desk@clinic.example"
    )
    with pytest.raises(InputError):
        read_reminder_settings(environment, None)  # no server takes the mail
