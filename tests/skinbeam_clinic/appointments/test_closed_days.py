"""Days on which a clinic is closed: nothing is proposed on them, and they are no working days."""

import datetime

import pytest
from clinic_samples import Clinics

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.closed_days import ClosedDays, is_closed, next_working_day
from skinbeam_clinic.appointments.reminder_texts import reminder_until
from skinbeam_clinic.repositories import ClinicRepositories


def closed(first: str, last: str, *, yearly: bool) -> ClosedDays:
    days = (datetime.date.fromisoformat(day) for day in (first, last))
    return ClosedDays("c", *days, yearly, datetime.datetime.now(datetime.UTC), "Ann")


@pytest.mark.parametrize(
    ("day", "once", "each_year"),
    [
        ("2026-12-23", False, False),
        ("2026-12-24", True, True),
        ("2027-01-02", True, True),
        ("2027-01-03", False, False),
        ("2025-12-25", False, False),  # before it was closed for the first time
        ("2027-12-24", False, True),
        ("2029-01-02", False, True),
        ("2029-06-30", False, False),
    ],
)
def test_days_of_every_year_may_span_its_end(day: str, once: bool, each_year: bool) -> None:
    asked = datetime.date.fromisoformat(day)
    assert is_closed(asked, [closed("2026-12-24", "2027-01-02", yearly=False)]) is once
    assert is_closed(asked, [closed("2026-12-24", "2027-01-02", yearly=True)]) is each_year


def test_the_next_working_day_is_neither_closed_nor_on_a_weekend() -> None:
    friday = datetime.date(2026, 12, 25)
    assert next_working_day(friday, []) == friday
    assert next_working_day(friday, [closed("2026-12-25", "2026-12-26", yearly=True)]) == datetime.date(2026, 12, 28)
    every_day = [closed("2026-01-01", "2026-06-30", yearly=True), closed("2026-07-01", "2026-12-31", yearly=True)]
    assert next_working_day(friday, every_day) == friday


def test_closed_days_are_no_working_days_of_reminders() -> None:
    thursday = datetime.datetime(2026, 12, 24, 12, tzinfo=datetime.UTC)
    assert reminder_until(thursday, 1).date() < datetime.date(2026, 12, 27)
    until = reminder_until(thursday, 1, [closed("2026-12-25", "2026-12-26", yearly=True)])
    assert until.date() >= datetime.date(2026, 12, 28)


def test_days_are_stored_once_and_can_be_removed(repositories: ClinicRepositories) -> None:
    days = repositories.closed_days
    christmas = days.add("2026-12-25", "2026-12-26", yearly=True)
    assert days.add("2026-12-25", "2026-12-26", yearly=True) == christmas
    single = days.add("2026-12-11")
    assert days.list_all() == (single, christmas)
    days.remove(christmas.id)
    assert days.list_all() == (single,)


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("", "", "first_day"),
        ("25.12.2026", "", "first_day"),
        ("1026-12-25", "", "first_day"),
        ("2026-12-25", "2026-12-24", "last_day"),
        ("2026-12-25", "2027-12-25", "last_day"),
        ("2026-12-25", "tomorrow", "last_day"),
    ],
)
def test_what_are_no_such_days_is_refused(repositories: ClinicRepositories, first: str, last: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        repositories.closed_days.add(first, last)
    assert (caught.value.code, caught.value.field) == ("bad-closed-days", field)
    assert repositories.closed_days.list_all() == ()


def test_owners_enter_closed_days_and_every_member_sees_them_in_the_calendar(clinics: Clinics) -> None:
    owner, other = clinics.browser(Role.OWNER), clinics.browser(Role.ASSISTANT)
    sent = {"first_day": "2030-12-25", "last_day": "2030-12-26", "yearly": "true"}
    assert other.post("/closed-days", data=sent).status_code == 403
    assert owner.post("/closed-days", data=sent).status_code == 303
    wrong = owner.post("/closed-days", data=sent | {"first_day": "2030-12-27"})
    assert wrong.status_code == 422
    assert 'value="2030-12-27"' in wrong.text
    page = other.get("/closed-days").text
    assert "every year" in page
    assert "/remove" not in page
    assert "/remove" in owner.get("/closed-days").text
    for day, shown in (("2031-12-25", True), ("2031-12-24", False)):
        assert ("<strong>Closed</strong>" in other.get(f"/appointments?from={day}&days=1").text) is shown
    for days in clinics.repositories().closed_days.list_all():
        assert owner.post(f"/closed-days/{days.id}/remove").status_code == 303
    assert clinics.repositories().closed_days.list_all() == ()
