"""Appointments as iCalendar, read back by the library that calendar programs are built with."""

import datetime
from typing import Any

import pytest
from clinic_samples import HOME, Clinics
from icalendar import Calendar, Event
from sqlalchemy import update
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.appointments.models import Appointment, Booking, Purpose
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import CalendarFeedRow

AWKWARD = "Umlaut ü; comma, back\\slash"
TEN = (now() + datetime.timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
HALF = datetime.timedelta(minutes=30)


@pytest.fixture(scope="module")
def appointment(clinics: Clinics) -> Appointment:
    """A session of a patient whose pseudonym needs every escape, in a room with one that is longer than a line."""
    owner, repositories = clinics.repositories(Role.OWNER), clinics.repositories()
    machine = owner.machines.add(device="pulsed-dye-595", serial="7", name="Laser, " * 8 + "one", room="Room ü")
    patient = repositories.patients.add(AWKWARD)
    asked = Booking(patient.id, clinics.members[HOME, Role.CLINICIAN].id, Purpose.SESSION, TEN, TEN + HALF, machine.id)
    return repositories.appointments.book(asked)[0]


def events(client: TestClient, address: str) -> list[Event]:
    """What a calendar program reads at an address: well formed, in lines of at most 75 bytes."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.content.endswith(b"\r\n")
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    calendar = Calendar.from_ical(answer.content)
    assert not calendar.errors
    assert (calendar["version"], calendar["method"]) == ("2.0", "PUBLISH")
    return list(calendar.walk("VEVENT"))


def event_values(event: Event) -> dict[str, Any]:
    return {name: event.decoded(name) for name in ("uid", "sequence", "dtstart", "dtend")} | {"status": event["status"]}


def test_the_patients_file_says_when_and_where_and_nothing_of_why(clinics: Clinics, appointment: Appointment) -> None:
    client = clinics.browser(Role.ASSISTANT)
    (event,) = events(client, f"/appointments/{appointment.id}.ics")
    assert event["summary"] == f"Appointment at {HOME}"
    assert "location" not in event
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (TEN, TEN + HALF)
    calendar_text = client.get(f"/appointments/{appointment.id}.ics").text.casefold()
    assert not [word for word in ("session", "laser", "umlaut", "description") if word in calendar_text]
    assert b"DTSTART:" + f"{TEN:%Y%m%dT%H%M%SZ}".encode() in client.get(f"/appointments/{appointment.id}.ics").content
    assert event.decoded("dtstamp").utcoffset() == datetime.timedelta(0)


def test_the_week_says_who_comes_and_where_word_for_word(clinics: Clinics, appointment: Appointment) -> None:
    address = f"/appointments.ics?from={TEN.date()}"
    (event,) = [one for one in events(clinics.browser(Role.CLINICIAN), address) if appointment.id in one["uid"]]
    assert event["summary"] == f"{AWKWARD} (clinician)"
    assert event["location"] == f"Room ü, {appointment.machine}"
    assert "session" not in str(event.to_ical())


def test_a_moved_one_is_the_same_with_a_higher_sequence_and_a_cancelled_one_says_so(clinics: Clinics) -> None:
    repositories, client = clinics.repositories(), clinics.browser(Role.CLINICIAN)
    member, patient = clinics.members[HOME, Role.CLINICIAN].id, repositories.patients.add().id
    begins = TEN + 4 * HALF
    (one,) = repositories.appointments.book(Booking(patient, member, Purpose.SESSION, begins, begins + HALF))
    address = f"/appointments/{one.id}.ics"
    first = event_values(*events(client, address))
    assert (first["sequence"], first["status"]) == (0, "CONFIRMED")
    later = begins + HALF
    moved = repositories.appointments.move(
        one.id, starts_at=later, ends_at=later + HALF, member_id=member, machine_id=None, revision=1
    )
    then = event_values(*events(client, address))
    assert then == first | {"sequence": 1, "dtstart": later, "dtend": later + HALF}
    repositories.appointments.cancel(one.id, revision=moved.revision)
    last = event_values(*events(client, address))
    assert last == then | {"sequence": 2, "status": "CANCELLED"}


def fed(client: TestClient) -> str:
    """The address of a new feed, as the page tells it once."""
    page = client.post("/feeds").text
    address = page[page.index("https://localhost/calendar.ics") :].partition("<")[0]
    assert address not in client.get("/feeds").text
    return address.removeprefix("https://localhost")


def test_a_feed_is_read_without_a_sign_in_and_holds_ones_own_alone(clinics: Clinics, appointment: Appointment) -> None:
    repositories, nobody = clinics.repositories(), clinics.browser()
    assistant = clinics.members[HOME, Role.ASSISTANT].id
    others = Booking(repositories.patients.add().id, assistant, Purpose.READING, TEN + 9 * HALF, TEN + 10 * HALF)
    (other,) = repositories.appointments.book(others)
    address = fed(clinics.browser(Role.CLINICIAN))
    found = {event["uid"] for event in events(nobody, address)}
    assert f"{appointment.id}@skinbeam" in found
    assert f"{other.id}@skinbeam" not in found
    newest = clinics.repositories(Role.OWNER).audit_log.newest(2)[1]
    assert (newest.actor, newest.action) == ("clinician", "appointments.listed")


def test_a_feed_is_ended_by_who_it_is_of_by_an_owner_by_a_new_one_and_by_time(clinics: Clinics) -> None:
    client, owner, nobody = clinics.browser(Role.CLINICIAN), clinics.browser(Role.OWNER), clinics.browser()

    def good(address: str) -> bool:
        status = nobody.get(address).status_code
        assert status in (200, 404)
        return status == 200

    def end(who: TestClient) -> int:
        page = who.get("/feeds").text
        return who.post(page[page.index("/feeds/") :].partition('"')[0]).status_code

    first, second = fed(client), fed(client)
    assert (good(first), good(second)) == (False, True)
    assert (end(client), good(second)) == (303, False)
    third = fed(client)
    assert "/feeds/" not in clinics.browser(Role.ASSISTANT).get("/feeds").text
    assert (good(third), end(owner), good(third)) == (True, 303, False)
    over = fed(client)
    with clinics.database.writing() as session:
        session.execute(update(CalendarFeedRow).values(until=now() - HALF))
    assert not good(over)
    for guess in ("", "?token=", "?token=x", "?token=%00", f"?token={'x' * 9000}"):
        assert not good(f"/calendar.ics{guess}")


def test_who_is_let_in_no_more_is_fed_no_more(clinics: Clinics) -> None:
    owner = clinics.members[HOME, Role.OWNER]
    address, accounts = (
        fed(clinics.browser(Role.ASSISTANT)),
        AccountRepository(clinics.database, owner, PasswordHasher()),
    )
    assistant = clinics.members[HOME, Role.ASSISTANT].id
    assert clinics.browser().get(address).status_code == 200
    accounts.set_access(assistant, allowed=False)
    assert clinics.browser().get(address).status_code == 404
    accounts.set_access(assistant, allowed=True)
    clinics.tokens.pop((HOME, Role.ASSISTANT))


def test_another_member_ends_nobody_elses(clinics: Clinics) -> None:
    fed(clinics.browser(Role.OWNER))
    page = clinics.browser(Role.OWNER).get("/feeds").text
    end = page[page.index("/feeds/") :].partition('"')[0]
    assert clinics.browser(Role.CLINICIAN).post(end).status_code == 404
