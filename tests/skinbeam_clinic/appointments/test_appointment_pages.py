"""Appointments in the app: the calendar, a booking that clashes, the clocks of the clinic, and who sees what today."""

import datetime
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from clinic_samples import HOME, Clinics
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam.text import Formatter, to_local_time, use_language, use_time_zone
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.appointments.times import find_free_times, find_monday, parse_moment, span_days

ZURICH = ZoneInfo("Europe/Zurich")
HOUR = datetime.timedelta(hours=1)
# A Wednesday: whatever day the tests run, it and the week around it are to come.
DAY = find_monday(datetime.date.today()) + datetime.timedelta(days=9)


@pytest.fixture
def in_zurich() -> Iterator[None]:
    with use_time_zone(ZURICH):
        yield


def utc(written: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(written).replace(tzinfo=datetime.UTC)


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def patient(clinics: Clinics) -> str:
    return clinics.repositories().patients.add().id


def form(clinics: Clinics, time: str, **sent: str) -> dict[str, str]:
    member = clinics.members[HOME, Role.CLINICIAN].id
    return {"purpose": "consultation", "day": str(DAY), "time": time, "minutes": "30", "member": member} | sent


def test_a_time_is_read_by_the_clocks_of_the_clinic_before_and_after_they_change(in_zurich: None) -> None:
    assert parse_moment("2027-03-27", "09:00") == utc("2027-03-27T08:00")  # winter
    assert parse_moment("2027-03-28", "09:00") == utc("2027-03-28T07:00")  # the day on which summer time begins
    assert parse_moment("2026-10-25", "02:30") == utc("2026-10-25T00:30")  # shown twice: the first
    for day, time in (("2027-03-28", "02:30"), ("2027-02-30", "09:00"), ("", ""), ("0001-01-01", "00:00")):
        with pytest.raises(InputError) as found:
            parse_moment(day, time)
        assert found.value.code == "no-such-time"


@pytest.mark.parametrize("typed", ["10:30", "10.30", "10:30:00"])
def test_a_time_is_the_one_that_was_typed_with_a_point_too(in_zurich: None, typed: str) -> None:
    """ISO 8601 reads 10.30 as three tenths of a second after ten."""
    assert parse_moment("2027-01-04", typed) == utc("2027-01-04T09:30")


@pytest.mark.parametrize("typed", ["10.3", "10,3", "10:3", "1030", "T10:30", "24:00", "10:60", ""])
def test_a_time_that_may_be_another_is_refused(in_zurich: None, typed: str) -> None:
    with pytest.raises(InputError):
        parse_moment("2027-01-04", typed)


def test_a_day_has_as_many_hours_as_clocks_go_round(in_zurich: None) -> None:
    lengths = {"2027-03-28": 23, "2027-03-29": 24, "2026-10-25": 25}
    for day, hours in lengths.items():
        first, until = span_days(datetime.date.fromisoformat(day))
        assert (until - first, to_local_time(first).hour) == (hours * HOUR, 0)


def test_room_is_found_between_what_is_taken_in_the_hours_of_work(in_zurich: None) -> None:
    def at(written: str) -> datetime.datetime:
        return parse_moment(*written.split())

    begins = at("2027-03-26 16:30")  # a Friday, before summer time begins on Sunday
    booking = Booking("p", "m", Purpose.SESSION, begins, begins + datetime.timedelta(minutes=40))
    taken = [(at("2027-03-26 16:00"), at("2027-03-26 16:50")), (at("2027-03-29 08:30"), at("2027-03-29 17:00"))]
    found = [f"{to_local_time(moment):%a %H:%M}" for moment in find_free_times(booking, taken, 3)]
    assert found == ["Fri 16:50", "Mon 17:00", "Tue 08:00"]
    saturday = at("2027-03-27 19:00")  # asked for on a weekend and in the evening
    late = Booking("p", "m", Purpose.SESSION, saturday, saturday + datetime.timedelta(minutes=40))
    assert find_free_times(late, [], 1) == (saturday,)


def test_an_appointment_has_the_same_words_for_its_time_on_its_page_and_in_the_list(
    client: TestClient, clinics: Clinics, patient: str
) -> None:
    client.post(f"/patients/{patient}/appointments", data=form(clinics, "06:10"))
    booked = max(clinics.repositories().appointments.of_person(patient), key=lambda one: one.starts_at)
    span = f"{Formatter().date(DAY)}, 06:10–06:40"
    assert span in client.get(f"/patients/{patient}/appointments").text
    assert span in client.get(f"/appointments/{booked.id}").text


def test_the_week_shows_what_is_booked_and_the_day_that_alone(
    client: TestClient, clinics: Clinics, patient: str
) -> None:
    name = clinics.repositories().patients.get(patient).pseudonym
    booked = client.post(f"/patients/{patient}/appointments", data=form(clinics, "09:00"))
    assert booked.status_code == 303
    for asked, there in (
        (f"from={DAY}", True),
        (f"from={find_monday(DAY)}", True),
        (f"from={DAY}&days=1", True),
        (f"from={DAY + datetime.timedelta(days=1)}&days=1", False),
        (f"from={DAY + datetime.timedelta(days=7)}", False),
        (f"from={DAY}&who={clinics.members[HOME, Role.CLINICIAN].id}", True),
        (f"from={DAY}&who={clinics.members[HOME, Role.OWNER].id}", False),
        ("from=nonsense&days=x&who=nobody", False),
        ("from=9999-12-31", False),
        ("from=0001-01-01", False),
    ):
        answer = client.get(f"/appointments?{asked}")
        assert answer.status_code == 200
        assert (name in answer.text) is there, asked


def test_a_time_that_is_taken_is_refused_with_what_takes_it_and_three_that_are_free(
    client: TestClient, clinics: Clinics, patient: str
) -> None:
    sent = form(clinics, "11:00")
    first = client.post(f"/patients/{patient}/appointments", data=sent).headers["location"]
    other = clinics.repositories().patients.add("Clashing").id
    answer = client.post(f"/patients/{other}/appointments", data=form(clinics, "11:15"))
    assert answer.status_code == 409
    name = clinics.repositories().patients.get(patient).pseudonym
    assert f"the member is taken: {name}, " in answer.text
    assert "11:00 to 11:30" in answer.text
    assert answer.text.count('name="time" value="') == 3
    assert 'value="11:30"' in answer.text
    taken = client.post(f"/patients/{other}/appointments", data=form(clinics, "11:30"))
    assert taken.status_code == 303
    moved = client.post(f"{taken.headers['location']}/time", data=form(clinics, "11:00", revision="1"))
    assert (moved.status_code, name in moved.text) == (409, True)
    cancelled = client.post(f"{first}/state", data={"state": "cancelled", "revision": "1"})
    assert cancelled.status_code == 303
    moved = client.post(f"{taken.headers['location']}/time", data=form(clinics, "11:00", revision="1"))
    assert moved.status_code == 303


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"day": "2026-02-30"}, "cannot be read"),
        ({"time": "later"}, "cannot be read"),
        ({"day": "2001-01-01"}, "is in the past"),
        ({"day": "2101-01-01"}, "is in the past"),
        ({"minutes": "ten"}, "Minutes: &#34;ten&#34; is no whole number"),
        ({"minutes": "1"}, "length of an appointment"),
        ({"purpose": "holiday"}, "purpose of the appointment is missing"),
    ],
)
def test_what_cannot_be_booked_comes_back_with_what_was_typed(
    client: TestClient, clinics: Clinics, patient: str, sent: dict[str, str], why: str
) -> None:
    answer = client.post(f"/patients/{patient}/appointments", data=form(clinics, "15:00") | sent)
    assert answer.status_code == 422
    assert why in answer.text
    assert f'value="{sent.get("day", DAY)}"' in answer.text


def test_the_first_page_shows_what_today_brings_to_whom(clinics: Clinics) -> None:
    """A clinician their own, the owner and an assistant everybody's: the front desk knows who comes in."""
    repositories, now = clinics.repositories(), datetime.datetime.now(datetime.UTC)
    for role in (Role.OWNER, Role.CLINICIAN):
        patient = repositories.patients.add(f"Today {role}").id
        repositories.appointments.book(
            Booking(patient, clinics.members[HOME, role].id, Purpose.SESSION, now, now + HOUR / 2)
        )
    everybody = ["owner", "clinician"]
    for role, seen in ((Role.OWNER, everybody), (Role.CLINICIAN, ["clinician"]), (Role.ASSISTANT, everybody)):
        page = clinics.browser(role).get("/").text
        today = page[page.index('id="today"') : page.index('id="list"')]
        assert [name for name in ("owner", "clinician") if f"Today {name}" in today] == seen


def test_machines_of_one_name_are_told_apart_by_their_serial_numbers(
    client: TestClient, clinics: Clinics, patient: str
) -> None:
    owner = clinics.repositories(Role.OWNER)
    for serial in ("SYN-41", "SYN-42"):
        owner.machines.add(device="ktp-532", serial=serial, name="Green laser", room="4")
    page = client.get(f"/patients/{patient}/appointments").text
    assert [f"Green laser, 4 · {serial}<" in page for serial in ("SYN-41", "SYN-42")] == [True, True]


def test_an_appointment_is_proposed_with_somebody_who_treats(clinics: Clinics, patient: str) -> None:
    """A new consultation stood in the calendar of the assistant who answered the telephone."""
    ids = {role: clinics.members[HOME, role].id for role in Role}

    def proposed(role: Role) -> str:
        page = clinics.browser(role).get(f"/patients/{patient}/appointments").text
        select = page.partition('<select id="member"')[2].partition("</select>")[0]
        (found,) = re.findall(r'value="(\w+)" selected', select)
        return str(found)

    assert proposed(Role.CLINICIAN) == ids[Role.CLINICIAN]
    assert proposed(Role.ASSISTANT) in (ids[Role.OWNER], ids[Role.CLINICIAN])
    for day, role in enumerate((Role.CLINICIAN, Role.OWNER)):  # whom the patient saw last
        later = DAY + datetime.timedelta(days=35 + day)  # on days of its own: another test may have booked
        at = datetime.datetime.combine(later, datetime.time(9), datetime.UTC)
        booked = clinics.repositories().appointments.book(
            Booking(patient, ids[role], Purpose.SESSION, at, at + HOUR / 2)
        )
        assert proposed(Role.ASSISTANT) == ids[role]
    clinics.repositories().appointments.cancel(booked[0].id, revision=booked[0].revision)
    assert proposed(Role.ASSISTANT) == ids[Role.CLINICIAN], "nobody was seen in what is cancelled"


def test_it_is_all_shown_in_german(client: TestClient, clinics: Clinics, patient: str) -> None:
    client.post(f"/patients/{patient}/appointments", data=form(clinics, "17:00"))
    german = {"accept-language": "de"}
    page = client.get(f"/patients/{patient}/appointments", headers=german).text
    assert "Konsultation" in page
    with use_language("de"):
        assert "Mittwoch" in client.get(f"/appointments?from={DAY}", headers=german).text
    clash = client.post(f"/patients/{patient}/appointments", data=form(clinics, "17:00"), headers=german)
    assert "Diese Zeit ist vergeben" in clash.text
