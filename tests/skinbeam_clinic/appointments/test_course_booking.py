"""The course of a plan as appointments: where there is room, booked as a whole, by the clocks of the clinic."""

import datetime
import html
import re
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from app_samples import LEAST
from clinic_samples import COOKIE, HOME, Clinics, planned
from report_samples import sample
from starlette.testclient import TestClient

from skinbeam.model.consultation import EarlierSession
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import Plan
from skinbeam.report.consent_form import cooling_off_days
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments import course_routes
from skinbeam_clinic.appointments.closed_days import is_closed
from skinbeam_clinic.appointments.models import Appointment, Booking, Purpose
from skinbeam_clinic.appointments.plan_visits import (
    PlannedAppointment,
    PlannedCourse,
    list_chosen_lasers,
    plan_course,
    session_minutes,
)
from skinbeam_clinic.appointments.times import find_monday
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.models import PlanChoice
from skinbeam_clinic.patients.history import HistoryFact
from skinbeam_clinic.web.application import build_clinic_app

ZURICH = ZoneInfo("Europe/Zurich")
START = find_monday(now().date()) + datetime.timedelta(days=28)  # after the time to think
FIRSTS = ("0.0", "1.0", "2.0", "3.0")  # the first laser of each concern of the sample
DYE = "pulsed-dye-595"


def chosen(*places: str) -> list[PlanChoice]:
    return [PlanChoice("c", "p", place, "", now(), "Ann") for place in places]


def due_appointments(plan: Plan, *places: str) -> list[tuple[Purpose, int, int, str]]:
    course = plan_course(plan, chosen(*places), None)
    return [(due.purpose, due.days, due.minutes, due.device) for due in course.appointments]


def test_sessions_stand_in_the_weeks_of_the_plan_one_for_each_device_of_a_visit() -> None:
    plan = sample()
    due = [one for one in due_appointments(plan, *FIRSTS) if one[0] is Purpose.SESSION]
    assert sorted({days // 7 for _, days, _, _ in due}) == [visit.week for visit in plan.course]
    assert [device for _, days, _, device in due if days == 0] == [DYE, "nd-yag-532-picosecond"]
    assert all(minutes == 30 for _, _, minutes, _ in due)  # what the source of the sample says at most


def test_test_spots_come_as_long_before_as_they_need_to_be_read_and_for_a_chosen_device_alone() -> None:
    plan = sample()
    (ladder,) = plan.test_spots
    assert (ladder.device, ladder.read_after_h) == (DYE, 72)
    assert due_appointments(plan, "0.0")[:2] == [(Purpose.TEST_SPOT, -3, 20, DYE), (Purpose.READING, 0, 10, "")]
    assert {purpose for purpose, *_ in due_appointments(plan, "3.0")} == {Purpose.SESSION}


def test_creams_come_before_the_laser_and_the_test_spots_of_melasma_in_the_calendar_of_a_clinic() -> None:
    plan = sample()
    first, *others = plan.concerns
    melasma = replace(plan, concerns=(replace(first, condition="melasma"), *others))
    due = plan_course(melasma, chosen("0.0"), None).appointments
    days = [appointment.days for appointment in due if appointment.purpose is not Purpose.FOLLOW_UP]
    assert days[:3] == [14 * 7 - 3, 14 * 7, 14 * 7]  # test spot, reading and session


def test_another_laser_than_the_first_has_a_course_of_its_own_and_no_laser_none() -> None:
    plan = sample()
    devices = {device for purpose, _, _, device in due_appointments(plan, "0.1") if purpose is Purpose.SESSION}
    assert devices == {"ktp-532"}
    assert due_appointments(plan, "0.0", "0.1") == due_appointments(plan, "0.1")  # what was chosen last
    assert due_appointments(plan, "0.2") == due_appointments(plan) == []  # no treatment, and nothing chosen


def test_a_course_begins_after_earlier_sessions_by_the_least_interval_of_each_concern() -> None:
    """The page proposed the most that the source allows, weeks after the first visit of the plan made anew."""
    plan = sample()
    first = min(visit.week for visit in plan.course if plan.concerns[1].place in visit.treats)
    option = replace(plan.concerns[1].options[0], interval_weeks=SourceRange(5.0, 6.0, "weeks"))
    concern = replace(plan.concerns[1], options=(option, *plan.concerns[1].options[1:]))
    plan = replace(plan, concerns=(plan.concerns[0], concern, *plan.concerns[2:]))
    row = EarlierSession(week=0.0, treats=concern.condition)
    fired_at = now()
    fact = HistoryFact("treatment/t", row, fired_at, "/", "p", "1.0", concern.site)
    assert plan_course(plan, chosen("1.0"), None).earliest_start([fact]) == fired_at + datetime.timedelta(weeks=5)
    assert plan_course(plan, chosen(*FIRSTS), None).earliest_start([fact]) == fired_at + datetime.timedelta(
        weeks=5 - first
    )
    assert plan_course(plan, chosen("1.0"), None).earliest_start([replace(fact, site="hands")]) is None
    assert plan_course(plan, chosen("0.0"), None).earliest_start([fact]) is None


@pytest.mark.parametrize("second", ["same", "another"])
def test_minutes_of_a_session_count_once_whatever_its_device_treats(second: str) -> None:
    """A lamp that treats redness and spots in one visit was booked for twice the minutes of its source."""
    plan = sample()
    option, setup = plan.concerns[0].options[0], plan.concerns[0].options[0].setup
    assert setup is not None
    red = replace(option, minutes=SourceRange(15, 90, "minutes"))
    brown = replace(red, minutes=SourceRange(10, 40, "minutes"))
    if second == "another":
        brown = replace(brown, setup=replace(setup, device="alexandrite-755"))
    concerns = [replace(concern, options=(laser,)) for concern, laser in zip(plan.concerns, (red, brown), strict=False)]
    lasers = list_chosen_lasers(replace(plan, concerns=tuple(concerns)), chosen("0.0", "1.0"))
    assert session_minutes(lasers) == {"same": 90, "another": 130}[second]


def test_what_a_course_has_no_visits_for_books_nothing_and_does_not_fail() -> None:
    """Whoever chose the laser of a concern that is better enough got the page of a defect."""
    plan = sample()
    first, *others = plan.concerns
    done = replace(first, is_done=True)
    assert due_appointments(replace(plan, concerns=(done,), course=()), "0.0") == []
    assert due_appointments(replace(plan, concerns=(done, *others)), "0.0") == []  # scheduled anew


def test_a_follow_up_stands_when_trials_looked_and_a_length_that_nobody_gave_is_as_usual() -> None:
    plan = sample()
    first, *others = plan.concerns
    option = replace(first.options[0], followup_months=SourceRange(3, 12, "months"), minutes=Unknown("no source"))
    known = replace(plan, concerns=(replace(first, options=(option,)), *others), course=plan.course[:1])
    *_, session, follow_up = due_appointments(known, "0.0")
    assert session[0] is Purpose.SESSION
    assert session[2] == 30
    assert follow_up == (Purpose.FOLLOW_UP, session[1] + 92, 20, "")


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    """A browser of a clinician at a server whose clinic is in Zurich."""
    clinics.browser(Role.CLINICIAN)
    found = TestClient(
        build_clinic_app(clinics.database, zone=ZURICH), base_url="https://localhost", follow_redirects=False
    )
    found.cookies.set(COOKIE, clinics.tokens[HOME, Role.CLINICIAN], domain="localhost.local")
    return found


@pytest.fixture
def plan(clinics: Clinics, tmp_path: Path) -> str:
    """A kept plan whose first lasers were chosen."""
    repositories, sent = clinics.repositories(), make_submission(LEAST.items())
    consultation = repositories.consultations.begin(repositories.patients.add().id, sent)
    record = repositories.plans.add(consultation.id, planned(sent, tmp_path, lambda _: None), revision=1)
    for place in FIRSTS:
        repositories.plans.choose(record.id, place, "")
    return record.id


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form that books."""
    form = page[page.index('<form method="post" action="/plans/') :]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select [^>]*name="(machine-\d+)">(.*?)</select>', form, re.S):
        held = re.search(r'value="([^"]*)" selected', options)
        found[name] = held[1] if held else ""
    return found


def of_patient(clinics: Clinics, plan: str) -> tuple[Appointment, ...]:
    repositories = clinics.repositories()
    patient = repositories.consultations.get(repositories.plans.get(plan).consultation_id).patient_id
    return repositories.appointments.of(patient)


def test_the_course_is_looked_at_and_booked_in_one_act_at_the_same_hour_in_summer_and_winter(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    machine = clinics.repositories(Role.OWNER).machines.add(device=DYE, serial="course", name="Dye")
    page = client.get(f"/plans/{plan}/appointments?day={START}&time=09:00").text
    sent = fields(page)
    assert of_patient(clinics, plan) == ()
    answer = client.post(f"/plans/{plan}/appointments", data=sent)
    assert answer.status_code == 303
    booked = of_patient(clinics, plan)
    assert "lie ahead already" not in page
    assert f"lie ahead already: {len(booked)}." in client.get(f"/plans/{plan}/appointments").text
    assert [one.purpose for one in booked[:2]] == [Purpose.TEST_SPOT, Purpose.READING]
    sessions = [one for one in booked if one.purpose is Purpose.SESSION]
    weeks = [
        (one.starts_at.astimezone(ZURICH).date() - sessions[0].starts_at.astimezone(ZURICH).date()).days // 7
        for one in sessions
    ]
    assert weeks == sorted(due[1] // 7 for due in due_appointments(sample(), *FIRSTS) if due[0] is Purpose.SESSION)
    begins = {f"{one.starts_at.astimezone(ZURICH):%H:%M}" for one in sessions if one.starts_at.date() != START}
    assert "09:00" in begins
    assert begins <= {"09:00", "09:10", "09:30", "09:40"}
    assert {one.starts_at.utcoffset() for one in booked} == {datetime.timedelta(0)}
    assert all(one.machine_id == (machine.id if "Dye" in one.machine else None) for one in booked)
    assert sum(one.machine_id == machine.id for one in booked) == 1 + sum(
        due[3] == DYE for due in due_appointments(sample(), *FIRSTS) if due[0] is Purpose.SESSION
    )


def test_a_course_that_starts_after_weeks_of_creams_is_proposed_from_then(
    client: TestClient, clinics: Clinics, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was proposed from the next day, whatever week its first visit had."""
    session = PlannedAppointment(Purpose.SESSION, 98, 30, DYE, "")
    monkeypatch.setattr(course_routes, "planned_course", lambda *_: PlannedCourse(appointments=(session,)))
    day = datetime.date.fromisoformat(fields(client.get(f"/plans/{plan}/appointments").text)["day-0"])
    days = (day - clinics.repositories().plans.get(plan).made_at.astimezone(ZURICH).date()).days
    assert 98 <= days <= 100  # a weekend may follow


def test_a_course_is_proposed_on_no_closed_day(clinics: Clinics, client: TestClient, plan: str) -> None:
    """It was proposed on 25 December."""

    def proposed() -> list[datetime.date]:
        sent = fields(client.get(f"/plans/{plan}/appointments?day={START}&time=09:00").text)
        return [datetime.date.fromisoformat(day) for name, day in sent.items() if name.startswith("day-")]

    before = proposed()
    assert START in before
    for first in before:
        clinics.repositories(Role.OWNER).closed_days.add(str(first), str(first + datetime.timedelta(days=1)))
    after = proposed()
    assert len(after) == len(before)
    closed_days = clinics.repositories().closed_days.list_all()
    assert not any(is_closed(day, closed_days) for day in after)
    for days in closed_days:
        clinics.repositories(Role.OWNER).closed_days.remove(days.id)


def test_a_session_that_is_moved_closer_to_another_one_than_the_plan_allows_says_so(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    """Only the checklist of that day did. What is proposed keeps the interval."""
    clinics.repositories(Role.OWNER).machines.add(device=DYE, serial="close", name="Dye")
    client.post(f"/plans/{plan}/appointments", data=fields(client.get(f"/plans/{plan}/appointments").text))
    sessions = [one for one in of_patient(clinics, plan) if one.purpose is Purpose.SESSION]
    said = "Closer to another session"
    assert not any(said in client.get(f"/appointments/{one.id}").text for one in sessions)
    first, second, *_ = [one for one in sessions if one.machine_id]
    least = plan_course(sample(), chosen(*FIRSTS), None).least_days(DYE)
    assert least > 1
    for days in (least - 1, least):
        held = clinics.repositories().appointments.get(second.id)
        moved = {
            "day": str(first.starts_at.astimezone(ZURICH).date() + datetime.timedelta(days=days)),
            "time": "19:00",
            "minutes": "30",
            "member": held.member_id,
            "machine": held.machine_id or "",
            "revision": str(held.revision),
        }
        assert client.post(f"/appointments/{second.id}/time", data=moved).status_code == 303
        page = client.get(f"/appointments/{second.id}").text
        assert (f"Days between them: {days}, by the plan at least {least}." in page) == (days < least)
        assert (f'href="/appointments/{first.id}"' in page) == (days < least) == (said in page)


def test_answers_that_are_no_case_any_more_keep_nobody_from_a_booked_session(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    """Its page answered with what is wrong in the form, so that it could be neither moved nor cancelled."""
    client.post(f"/plans/{plan}/appointments", data=fields(client.get(f"/plans/{plan}/appointments").text))
    (session, *_) = [one for one in of_patient(clinics, plan) if one.purpose is Purpose.SESSION]
    repositories = clinics.repositories()
    consultation = repositories.consultations.get(repositories.plans.get(plan).consultation_id)
    unreadable = make_submission((LEAST | {"patient.age_years": "fifty"}).items())
    repositories.consultations.save(consultation.id, unreadable, revision=consultation.revision)
    assert client.get(f"/appointments/{session.id}").status_code == 200


def test_a_session_of_another_consultation_for_the_same_concern_is_as_close(
    client: TestClient, clinics: Clinics, plan: str, tmp_path: Path
) -> None:
    """A second consultation has a course of its own, and the skin knows nothing of it."""
    repositories, sent = clinics.repositories(), make_submission(LEAST.items())
    first = repositories.consultations.get(repositories.plans.get(plan).consultation_id)
    least = plan_course(sample(), chosen(*FIRSTS), None).least_days(DYE)
    machine = clinics.repositories(Role.OWNER).machines.add(device=DYE, serial="other", name="Dye").id
    other = repositories.consultations.begin(first.patient_id, sent)
    record = repositories.plans.add(other.id, planned(sent, tmp_path, lambda _: None), revision=1)

    def book(days: int, consultation: str) -> Appointment:
        at = datetime.datetime.combine(START + datetime.timedelta(days=days), datetime.time(9), datetime.UTC)
        to = at + datetime.timedelta(minutes=30)
        asked = Booking(first.patient_id, repositories.member.id, Purpose.SESSION, at, to, machine, consultation)
        return repositories.appointments.book(asked)[0]

    held, near, far = book(0, first.id), book(least - 1, other.id), book(least, other.id)
    page = f"/appointments/{held.id}"
    assert "Closer to another session" not in client.get(page).text  # nobody has chosen a laser there
    repositories.plans.choose(record.id, FIRSTS[0], "")
    said = client.get(page).text
    assert f"Days between them: {least - 1}, by the plan at least {least}." in said
    assert (f'href="/appointments/{near.id}"' in said, f'href="/appointments/{far.id}"' in said) == (True, False)


def test_the_fewest_days_between_sessions_are_the_interval_or_those_of_the_planned_visits() -> None:
    plan = sample()
    first, *others = plan.concerns
    option = replace(first.options[0], interval_weeks=SourceRange(4, 6, "weeks"))
    course = plan_course(replace(plan, concerns=(replace(first, options=(option,)), *others)), chosen("0.0"), None)
    far = [PlannedAppointment(Purpose.SESSION, days, 30, DYE, "") for days in (0, 42, 84)]
    near = PlannedAppointment(Purpose.SESSION, 105, 30, DYE, "")  # of another concern on the same device
    assert replace(course, appointments=tuple(far)).least_days(DYE) == 28
    assert replace(course, appointments=(*far, near)).least_days(DYE) == 21
    assert course.least_days("ktp-532") == 0


@pytest.mark.parametrize("weekday", range(7))
def test_a_course_is_proposed_on_a_weekend_only_where_it_was_asked_for(
    client: TestClient, plan: str, weekday: int
) -> None:
    start = START + datetime.timedelta(days=weekday)
    proposed = fields(client.get(f"/plans/{plan}/appointments?day={start}&time=09:00").text)
    days = [datetime.date.fromisoformat(proposed[f"day-{number}"]) for number, _ in purposes_of(proposed)]
    assert start in days
    assert any(day.weekday() > 4 for day in days) == (weekday > 4)
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize("ahead", range(7))
def test_a_course_begins_on_a_day_of_the_week_with_who_made_the_plan(
    clinics: Clinics, plan: str, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now() + datetime.timedelta(days=ahead)
    monkeypatch.setattr(course_routes, "now", lambda: at)
    page = clinics.browser(Role.ASSISTANT).get(f"/plans/{plan}/appointments").text
    proposed = fields(page)
    first = min(datetime.date.fromisoformat(proposed[f"day-{number}"]) for number, _ in purposes_of(proposed))
    assert first.weekday() < 5
    assert first > at.astimezone(ZURICH).date()
    maker = clinics.repositories().plans.get(plan).made_by
    assert re.search(rf"<option[^>]* selected>{maker}</option>", page)


@pytest.mark.parametrize(
    "refused",
    [{"minutes-1": "half an hour"}, {"minutes-1": "2"}, {"time-1": "noon"}, {"day-1": "1999-01-01"}],
)
def test_a_refused_row_of_the_course_names_its_own_field(
    client: TestClient, clinics: Clinics, plan: str, refused: dict[str, str]
) -> None:
    sent = fields(client.get(f"/plans/{plan}/appointments").text)
    sent.pop("book-0")  # a row that is not booked is counted all the same
    answer = client.post(f"/plans/{plan}/appointments", data=sent | refused)
    assert answer.status_code == 422
    (field,) = refused
    assert f'data-entry="{field}"' in answer.text
    assert f'name="{field}"' in answer.text
    assert of_patient(clinics, plan) == ()


def test_what_is_taken_is_gone_around_and_a_clash_books_nothing(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    repositories, member = clinics.repositories(), clinics.members[HOME, Role.CLINICIAN].id
    day = START + datetime.timedelta(days=7)
    nine = datetime.datetime.combine(day, datetime.time(9), ZURICH)
    hour = datetime.timedelta(hours=1)
    repositories.appointments.book(
        Booking(repositories.patients.add("Before").id, member, Purpose.READING, nine, nine + hour)
    )
    sent = fields(client.get(f"/plans/{plan}/appointments?day={day}&time=09:00").text)
    assert (sent["day-0"], sent["time-0"]) == (str(day), "10:00")
    answer = client.post(f"/plans/{plan}/appointments", data=sent | {"time-0": "09:15"})
    assert answer.status_code == 409
    assert "the member is taken: Before, " in answer.text
    assert of_patient(clinics, plan) == ()
    assert fields(answer.text) == sent | {"time-0": "09:15"}
    twice = sent | {"day-1": sent["day-0"], "time-1": sent["time-0"]}
    assert "by another appointment of this list" in client.post(f"/plans/{plan}/appointments", data=twice).text
    del sent["book-0"]
    assert client.post(f"/plans/{plan}/appointments", data=sent).status_code == 303
    assert Purpose.TEST_SPOT not in {one.purpose for one in of_patient(clinics, plan)}


def test_a_session_that_nobody_gave_a_length_is_as_long_as_its_plan_says(
    client: TestClient, clinics: Clinics, plan: str
) -> None:
    repositories = clinics.repositories()
    consultation = repositories.plans.get(plan).consultation_id
    patient = repositories.consultations.get(consultation).patient_id
    sent = {
        "purpose": "session",
        "consultation": consultation,
        "day": str(START + datetime.timedelta(days=1)),
        "time": "13:00",
        "minutes": "",
        "member": clinics.members[HOME, Role.OWNER].id,
    }
    assert client.post(f"/patients/{patient}/appointments", data=sent).status_code == 303
    (one,) = repositories.appointments.of(patient)
    assert one.ends_at - one.starts_at == datetime.timedelta(minutes=4 * 30)  # four concerns, 30 minutes each


def test_no_session_is_booked_within_the_time_to_think(client: TestClient, clinics: Clinics, plan: str) -> None:
    repositories = clinics.repositories()
    consultation = repositories.plans.get(plan).consultation_id
    patient = repositories.consultations.get(consultation).patient_id
    today = now().astimezone(ZURICH).date()
    sent = {
        "purpose": "session",
        "consultation": consultation,
        "day": str(today + datetime.timedelta(days=1)),
        "time": "23:30",
        "minutes": "20",
        "member": clinics.members[HOME, Role.OWNER].id,
    }
    response = client.post(f"/patients/{patient}/appointments", data=sent)  # nothing was explained: the usual time
    assert response.status_code == 422
    assert "before the time to think is over" in response.text
    proposed = fields(client.get(f"/plans/{plan}/appointments").text)
    days = {sent_purpose: proposed[f"day-{number}"] for number, sent_purpose in purposes_of(proposed)}
    assert datetime.date.fromisoformat(days["session"]) > today + datetime.timedelta(days=cooling_off_days())
    assert datetime.date.fromisoformat(days["test-spot"]) < datetime.date.fromisoformat(days["session"])
    number = next(number for number, purpose in purposes_of(proposed) if purpose == "session")
    early = {f"day-{number}": sent["day"], f"time-{number}": sent["time"]}
    refused = client.post(f"/plans/{plan}/appointments", data=proposed | early)
    assert (refused.status_code, f'data-entry="day-{number}"' in refused.text) == (422, True)
    repositories.consents.record_explanation(plan, option="0.0", cooling_off=datetime.timedelta(days=5))
    assert client.post(f"/patients/{patient}/appointments", data=sent).status_code == 422
    assert client.post(f"/patients/{patient}/appointments", data=sent | {"purpose": "consultation"}).status_code == 303
    later = sent | {"day": str(today + datetime.timedelta(days=6))}
    assert client.post(f"/patients/{patient}/appointments", data=later).status_code == 303
    booked = next(one for one in repositories.appointments.of(patient) if one.purpose is Purpose.SESSION)
    moved = sent | {"revision": str(booked.revision)}
    assert client.post(f"/appointments/{booked.id}/time", data=moved).status_code == 422


def purposes_of(proposed: dict[str, str]) -> list[tuple[int, str]]:
    """Number and purpose of each proposed appointment, the last first, so that the first of a purpose is kept."""
    return [(n, proposed[f"purpose-{n}"]) for n in range(60) if f"purpose-{n}" in proposed][::-1]


def test_a_new_plan_marks_what_was_booked_for_the_old_one(
    client: TestClient, clinics: Clinics, plan: str, tmp_path: Path
) -> None:
    repositories = clinics.repositories()
    client.post(f"/plans/{plan}/appointments", data=fields(client.get(f"/plans/{plan}/appointments").text))
    before = of_patient(clinics, plan)
    assert before
    assert not any(one.is_plan_replaced for one in before)
    consultation = repositories.consultations.get(repositories.plans.get(plan).consultation_id)
    changed = make_submission((LEAST | {"patient.age_years": "61"}).items())
    saved = repositories.consultations.save(consultation.id, changed, revision=consultation.revision)
    newer = repositories.plans.add(consultation.id, planned(changed, tmp_path, lambda _: None), revision=saved.revision)
    repositories.plans.choose(newer.id, "0.0", "")
    assert all(one.is_plan_replaced for one in of_patient(clinics, plan))
    page = client.get(f"/patients/{consultation.patient_id}/appointments").text
    assert page.count("booked for an earlier plan") == len(before)
    for one in before:
        repositories.appointments.cancel(one.id, revision=one.revision)
    sent = fields(client.get(f"/plans/{newer.id}/appointments").text)
    assert client.post(f"/plans/{newer.id}/appointments", data=sent).status_code == 303
    assert not any(one.is_plan_replaced for one in of_patient(clinics, plan))


def test_a_plan_that_no_longer_holds_is_not_booked(client: TestClient, clinics: Clinics, plan: str) -> None:
    repositories = clinics.repositories()
    consultation = repositories.consultations.get(repositories.plans.get(plan).consultation_id)
    repositories.consultations.save(consultation.id, Submission(), revision=consultation.revision)
    page = client.get(f"/plans/{plan}/appointments").text
    assert "This plan is no longer valid" in page
    assert "Book all of these" not in page
