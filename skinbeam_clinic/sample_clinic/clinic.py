"""Make the sample clinic: its members, its machines, and forty synthetic people with a year behind them."""

import datetime
import functools
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.database.columns import clock_set_to
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.revisions import open_temporary_database
from skinbeam_clinic.patients.contact_details import LANGUAGE, REMINDER_WAY, ReminderWay
from skinbeam_clinic.patients.erasure import RETENTION_YEARS
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.sample_clinic.courses import CourseEvent, SampleCourse, course_story, days_until_first_session
from skinbeam_clinic.sample_clinic.people import (
    SamplePerson,
    cancelled_story,
    long_ago_story,
    new_soon_story,
    new_today_story,
)
from skinbeam_clinic.sample_clinic.planned_cases import SAMPLE_FORMS, PlannedCase, SamplePlanMaker, plan_sample_cases
from skinbeam_clinic.sample_clinic.staff import SampleStaff, clinic_text_story, hire_staff, upkeep_story
from skinbeam_clinic.sample_clinic.timetable import Story, Timetable, play_stories

__all__ = ["SampleClinic", "make_sample_clinic"]

_YEAR_DAYS = 365
_FOLLOWED = 19  # with two of the others, more than the twenty from which outcomes are compared with predictions
_LONG_AGO_YEARS = RETENTION_YEARS + 1
_TOKEN_DAYS = 90
# How two people agreed to be reminded; the number is one that is kept for use in films.
_REMINDED = (
    {"phone": "020 7946 0182", REMINDER_WAY: ReminderWay.PHONE.value},
    {LANGUAGE: "de", REMINDER_WAY: ReminderWay.EMAIL.value},
)


@dataclass(frozen=True)
class SampleClinic:
    """The records, the names of the members, and where the steps of the tour lead: step → path."""

    database: Database
    members: tuple[str, ...]
    tour: Mapping[str, str]


@contextmanager
def make_sample_clinic(
    folder: Path, password: str, *, make_plan: SamplePlanMaker | None = None, now: datetime.datetime | None = None
) -> Iterator[SampleClinic]:
    """Yield the sample clinic in an empty folder; the key of its records is kept nowhere.

    Parameters
    ----------
    password : of every member.
    make_plan : makes the plan of a form; that of the clinic's app where it is None.
    now : the present, with its time zone; that of this machine where it is None.
    """
    at = now or to_local_time(datetime.datetime.now(datetime.UTC))
    found = functools.cache(lambda: _found_clinic(folder, password, at))  # while plans are made, or else after that
    cases = plan_sample_cases(make_plan, found)
    staff = found()
    try:
        play_stories(_list_stories(staff, Timetable(at), cases), at)
        ClinicRepositories(staff.database, staff.clinicians[0].member).calendar_feeds.create()
        staff.owner.tokens.make(render_message("clinic.sample-token"), _TOKEN_DAYS)
        yield SampleClinic(staff.database, staff.names, staff.tour)
    finally:
        staff.database.close()


def _found_clinic(folder: Path, password: str, at: datetime.datetime) -> SampleStaff:
    """Set up the database with the clinic, its members and its machines, before the oldest of its stories begins."""
    database = open_temporary_database(folder)
    with clock_set_to(at - (_LONG_AGO_YEARS * 366 + 1) * datetime.timedelta(days=1)):
        operator = create_clinic(database, render_message("clinic.sample"), synthetic=True)
        return hire_staff(database, operator, password)


def _list_stories(staff: SampleStaff, days: Timetable, cases: Mapping[str, PlannedCase]) -> Iterator[Story]:
    """Yield the story of everybody; those who need a certain time of today come first."""
    numbers = itertools.count(1)
    yield upkeep_story(staff, days)
    yield clinic_text_story(staff, days)
    for course in _cast_courses(cases, numbers):
        yield course_story(staff, days, course)
    forms = itertools.cycle(SAMPLE_FORMS.values())
    yield long_ago_story(staff, days, SamplePerson(next(numbers)), next(forms), years=_LONG_AGO_YEARS)
    yield cancelled_story(staff, days, SamplePerson(next(numbers)), next(forms))
    for begun in (True, True, False, True):
        yield new_today_story(staff, days, SamplePerson(next(numbers)), next(forms), begun=begun)
    for contact in _REMINDED:
        yield new_soon_story(staff, days, SamplePerson(next(numbers)), next(forms), contact)


def _cast_courses(cases: Mapping[str, PlannedCase], numbers: Iterator[int]) -> Iterator[SampleCourse]:
    """Yield everybody who is or was treated: first those with something due, then those of the past year."""

    def cast(name: str, starts: int, event: CourseEvent = CourseEvent.NONE, **more: str) -> SampleCourse:
        return SampleCourse(SamplePerson(next(numbers)), cases[name], starts, event, **more)

    def session_today(name: str, session: int = 0) -> int:
        return -days_until_first_session(cases[name]) - cases[name].plan.course[session].week * 7

    names = tuple(cases)
    first, second, *_ = itertools.islice(itertools.cycle(names), 4)
    third = names[-1]
    yield cast(first, session_today(first, 1), CourseEvent.PREPARING, tour="session")
    yield cast(second, session_today(second, 0))
    yield cast(first, session_today(first, 1) - 12, tour="person")
    yield cast(third, -9, CourseEvent.SPOTS_UNREAD, tour="spots")
    yield cast(second, -8, CourseEvent.SPOTS_UNREAD)
    yield cast(first, session_today(first, 0) - 2, CourseEvent.ALARM)
    yield cast(second, -15, tour="consent")
    yield cast(first, -4, tour="plan")
    yield cast(second, -120, CourseEvent.WITHDRAWN)
    yield cast(third, -200, CourseEvent.NOT_SEEN)
    yield cast(second, -_YEAR_DAYS, CourseEvent.NOT_SEEN)
    yield cast(first, -330, CourseEvent.COMPLAINT, tour="complaint")
    yield cast(second, -340, CourseEvent.UNSURE, language="de", tour="result")
    for place, name in zip(range(_FOLLOWED), itertools.cycle(names)):
        yield cast(name, -_YEAR_DAYS + 4 * place)
