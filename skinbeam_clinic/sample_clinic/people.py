"""The people of the sample clinic by their number, and stories of those who are not treated, or not yet."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam.text import render_message
from skinbeam_clinic.appointments.models import Booking, Purpose
from skinbeam_clinic.appointments.plan_visits import USUAL_MINUTES
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.sample_clinic.staff import SampleStaff
from skinbeam_clinic.sample_clinic.timetable import Story, Timetable

__all__ = [
    "SamplePerson",
    "add_person",
    "cancelled_story",
    "long_ago_story",
    "new_soon_story",
    "new_today_story",
]

_DAY, _MINUTE = datetime.timedelta(days=1), datetime.timedelta(minutes=1)
_AGE = "patient.age_years"


@dataclass(frozen=True)
class SamplePerson:
    """A synthetic person, whose pseudonym and name say so; the pseudonyms of the tutorials have two digits."""

    number: int

    @property
    def pseudonym(self) -> str:
        """The pseudonym."""
        return render_message("clinic.sample-patient", {"number": 100 + self.number})

    @property
    def name(self) -> str:
        """The name, as the person would sign."""
        return render_message("clinic.sample-name", {"number": 100 + self.number})


def add_person(
    repositories: ClinicRepositories,
    person: SamplePerson,
    form: Submission,
    at: datetime.datetime,
    contact: Mapping[str, str] | None = None,
) -> str:
    """Add a person with a name and how to reach them, as old as the form says, and return the patient's id.

    Parameters
    ----------
    contact : further contact details.
    """
    age = next(int(words) for name, words in form.entries if name == _AGE)
    patient = repositories.patients.add(person.pseudonym, year_of_birth=at.year - age)
    address = f"person-{100 + person.number}@example.invalid"
    repositories.patients.set_contact(patient.id, {"name": person.name, "email": address, **(contact or {})})
    return patient.id


def new_today_story(
    staff: SampleStaff, days: Timetable, person: SamplePerson, form: Submission, *, begun: bool
) -> Story:
    """Somebody has called a week ago and comes today; the form is begun where they have filled it in at home."""
    starts = days.book(0, USUAL_MINUTES[Purpose.CONSULTATION], person.pseudonym, staff.clinicians[0].member.id)
    yield days.now - 7 * _DAY
    patient = add_person(staff.assistant, person, form, now())
    consultation = None
    if begun:
        half = Submission(form.entries[: len(form.entries) // 2])
        consultation = staff.assistant.consultations.begin(patient, half).id
    _book_consultation(staff, patient, starts, consultation)


def new_soon_story(
    staff: SampleStaff, days: Timetable, person: SamplePerson, form: Submission, contact: Mapping[str, str]
) -> Story:
    """Somebody has called a week ago, comes on the next working day, and may be reminded of it.

    Parameters
    ----------
    contact : how they are reminded, and in which language.
    """
    ahead = next(number for number in range(1, 4) if days.is_working_day(number))
    starts = days.book(ahead, USUAL_MINUTES[Purpose.CONSULTATION], person.pseudonym, staff.clinicians[0].member.id)
    yield days.now - 7 * _DAY
    patient = add_person(staff.assistant, person, form, now(), contact)
    _book_consultation(staff, patient, starts, None)


def cancelled_story(staff: SampleStaff, days: Timetable, person: SamplePerson, form: Submission) -> Story:
    """Somebody calls, and calls again to say that they do not come."""
    starts = days.book(-40, USUAL_MINUTES[Purpose.CONSULTATION], person.pseudonym, staff.clinicians[1].member.id)
    yield starts - 10 * _DAY
    patient = add_person(staff.assistant, person, form, now())
    id, revision = _book_consultation(staff, patient, starts, None, 1)
    yield starts - _DAY
    staff.assistant.appointments.cancel(id, revision=revision)


def long_ago_story(staff: SampleStaff, days: Timetable, person: SamplePerson, form: Submission, *, years: int) -> Story:
    """Somebody was seen so long ago that nothing of them has to be kept any longer."""
    yield days.now - years * 366 * _DAY
    patient = add_person(staff.assistant, person, form, now())
    staff.assistant.consultations.begin(patient, form)


def _book_consultation(
    staff: SampleStaff, patient: str, starts: datetime.datetime, consultation: str | None, clinician: int = 0
) -> tuple[str, int]:
    ends = starts + USUAL_MINUTES[Purpose.CONSULTATION] * _MINUTE
    member = staff.clinicians[clinician].member.id
    booking = Booking(patient, member, Purpose.CONSULTATION, starts, ends, None, consultation)
    (booked,) = staff.assistant.appointments.book(booking)
    return booked.id, booked.revision
