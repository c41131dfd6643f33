"""The sample clinic has something to show on every page, is whole like any other, and ends with the program."""

import datetime
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from clinic_samples import COOKIE, PASSWORD, planned
from starlette.testclient import TestClient

from skinbeam.text import LANGUAGES
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository, clinic_operator, list_clinics
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.appointments.models import AppointmentState
from skinbeam_clinic.clinic_texts.models import TextUse
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import clock_set_to, now
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.follow_ups.routes import list_due_follow_ups
from skinbeam_clinic.models import Member, NewPlan
from skinbeam_clinic.outcome_audit.comparison import OutcomeReader
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.sample_clinic.clinic import SampleClinic, make_sample_clinic
from skinbeam_clinic.sample_clinic.timetable import Timetable, play_stories
from skinbeam_clinic.treatments.models import TreatmentState
from skinbeam_clinic.web.application import build_clinic_app

Run = Callable[..., Any]
DAY = datetime.timedelta(days=1)
NOON = datetime.datetime.now(datetime.UTC).replace(hour=12, minute=0)  # of today, so that no session outlasts a browser
READY_S = 300.0  # plans are made on a busy machine


@pytest.fixture(scope="module")
def make_plan(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Submission], NewPlan]:
    """The plan of the samples, whatever is asked: a plan takes seconds."""
    numbers = itertools.count()
    return lambda form: planned(form, tmp_path_factory.mktemp(f"plan{next(numbers)}"), lambda _: None)


@pytest.fixture(scope="module")
def clinic(
    tmp_path_factory: pytest.TempPathFactory, make_plan: Callable[[Submission], NewPlan]
) -> Iterator[SampleClinic]:
    with make_sample_clinic(tmp_path_factory.mktemp("sample"), PASSWORD, make_plan=make_plan) as made:
        yield made


def members(clinic: SampleClinic) -> dict[str, Member]:
    (name,) = list_clinics(clinic.database)
    accounts = AccountRepository(clinic.database, clinic_operator(clinic.database, name), PasswordHasher())
    return {one.name: one for one in accounts.all()}


@pytest.fixture(scope="module")
def repositories(clinic: SampleClinic) -> ClinicRepositories:
    return ClinicRepositories(clinic.database, members(clinic)["owner"])


def test_its_records_are_whole_and_were_written_in_the_order_of_time(
    clinic: SampleClinic, repositories: ClinicRepositories
) -> None:
    (checked,) = verify_database(clinic.database)
    assert checked.findings == ()
    moments = [entry.at for entry in repositories.audit_log.newest(100_000)][::-1]
    assert moments == sorted(moments)
    assert moments[-1] - moments[0] > 365 * DAY


def test_everybody_is_marked_as_synthetic(repositories: ClinicRepositories) -> None:
    people = repositories.patients.list_all()
    assert len(people) == 41
    assert all(one.pseudonym.startswith("Synthetic ") for one in people)
    names = [
        contact.details["name"] for one in people if (contact := repositories.patients.get_contact(one.id)) is not None
    ]
    assert len(names) == 41
    assert all(name.startswith("Not a real person") for name in names)
    assert "Synthetic" in repositories.member.clinic


def test_every_list_of_work_has_something_in_it(clinic: SampleClinic, repositories: ClinicRepositories) -> None:
    today = now().replace(hour=0, minute=0)
    booked = repositories.appointments.between(today, today + DAY)
    assert len([one for one in booked if one.state is not AppointmentState.CANCELLED]) >= 5
    assert repositories.appointments.between(today + DAY, today + 60 * DAY), "no course goes on"
    assert repositories.test_spots.list_due(10)
    (alarm,) = repositories.alarms.list_open()
    assert alarm.answered_at is None
    assert datetime.timedelta(0) < now() - alarm.raised_at < datetime.timedelta(hours=1)
    assert {one.overdue for one in list_due_follow_ups(repositories)} == {False, True}
    assert {one.retired_at is None for one in repositories.machines.list_all()} == {False, True}
    assert repositories.erasure.list_erasable(retention_years=10)
    assert repositories.tokens.all()
    assert {(one.language, one.use) for one in repositories.clinic_texts.list_all()} == {
        (language, use) for language in LANGUAGES for use in (TextUse.CONSENT, TextUse.LETTER)
    }
    to_remind = repositories.reminders.list_ahead(now() + datetime.timedelta(days=4)).entries
    assert {one.way.value for one in to_remind if one.reminder is None} == {"phone", "email"}
    assert {one.is_overdue for done in repositories.machine_upkeep.list_newest().values() for one in done.values()} == {
        False,
        True,
    }


def test_the_person_of_the_tour_has_notes_and_a_letter(clinic: SampleClinic, repositories: ClinicRepositories) -> None:
    patient = clinic.tour["person"].rpartition("/")[2]
    notes, (letter,) = repositories.notes.of(patient), repositories.attachments.of(patient)
    assert {one.struck is None for one in notes} == {False, True}
    assert all(one.words.startswith("Synthetic") for one in notes)
    assert [one.kept_id for one in repositories.patient_links.of(patient)] == [patient], "and a duplicate was closed"
    found, content = repositories.attachments.read_content(letter.id)
    assert (found.media_type, content[:5]) == ("application/pdf", b"%PDF-")


def test_courses_stand_at_every_step(repositories: ClinicRepositories) -> None:
    treatments, consents, resolved = [], [], []
    for patient in repositories.patients.list_all():
        for consultation in repositories.consultations.of(patient.id):
            treatments.append(repositories.treatments.of(consultation.id))
            consents += repositories.consents.of(consultation.id)
            resolved += [one for one in repositories.adverse_events.of(consultation.id) if one.resolved_at is not None]
    assert {one.state for mine in treatments for one in mine} >= {TreatmentState.PREPARING, TreatmentState.DONE}
    assert {one.void_reason for one in consents} == {None, "withdrawn"}
    assert {one.signed_at is None for one in consents} == {False, True}
    assert any(len(one.told) > 1 for one in consents), "nobody repeated wrongly"
    assert resolved, "no complaint came to an end"
    for one in (one for mine in treatments for one in mine if one.state is TreatmentState.DONE):
        assert all(not area.deviations for area in one.areas), "something else than the plan was fired"


def test_outcomes_are_enough_to_be_compared(repositories: ClinicRepositories) -> None:
    outcomes = OutcomeReader().read(repositories)
    assert len(outcomes.comparisons) >= 20, "below, the page of outcomes shows nothing"
    assert outcomes.without_follow_up > 0


def test_the_tour_leads_to_ten_pages(clinic: SampleClinic) -> None:
    token = (
        SignIn(clinic.database, PasswordHasher())
        .sign_in(list_clinics(clinic.database)[0], Role.OWNER.value, PASSWORD)
        .token
    )
    app = build_clinic_app(clinic.database, tour=clinic.tour)
    client = TestClient(app, base_url="https://localhost", follow_redirects=False)
    client.cookies.set(COOKIE, token, domain="localhost.local")
    first = client.get("/").text
    assert len(clinic.tour) == 10
    for path in clinic.tour.values():
        assert f'href="{path}"' in first
        assert client.get(path).status_code == 200, path
    other = TestClient(build_clinic_app(clinic.database), base_url="https://localhost", follow_redirects=False)
    other.cookies.set(COOKIE, token, domain="localhost.local")
    assert "tour" not in other.get("/").text, "a clinic of real people is led through nothing"


@pytest.mark.check
@pytest.mark.parametrize(
    ("weekday", "hour"),
    [
        pytest.param(5, 23, id="saturday-23"),
        *(
            pytest.param(day, hour, id=f"{name}-{hour}", marks=pytest.mark.long)
            for day, hour, name in (
                (5, 0, "saturday"),
                (6, 0, "sunday"),
                (6, 23, "sunday"),
                (0, 0, "monday"),
                (0, 23, "monday"),
            )
        ),
    ],
)
def test_it_can_be_made_on_any_day_at_any_hour(
    weekday: int, hour: int, tmp_path: Path, make_plan: Callable[[Submission], NewPlan]
) -> None:
    at = now().replace(hour=hour, minute=10) - DAY
    at -= (at.weekday() - weekday) % 7 * DAY
    with make_sample_clinic(tmp_path, PASSWORD, make_plan=make_plan, now=at) as made, clock_set_to(at):
        repositories = ClinicRepositories(made.database, members(made)["owner"])
        day = at.replace(hour=0, minute=0)
        assert repositories.appointments.between(day, day + DAY)
        assert repositories.test_spots.list_due(10)
        assert len(repositories.alarms.list_open()) == 1
        assert "" not in made.tour.values()


def test_stories_are_played_together_and_only_until_now() -> None:
    begin, seen = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC), []

    def story(name: str, *days: int) -> Iterator[datetime.datetime]:
        for day in days:
            yield begin + day * DAY
            seen.append((name, (now() - begin).days))

    play_stories([story("a", 1, 4, 9), story("b", 2, 3)], begin + 5 * DAY)
    assert seen == [("a", 1), ("b", 2), ("b", 3), ("a", 4)]
    assert abs(now() - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1), "the clock stays set"


def test_a_weekend_counts_as_the_friday_before_it_and_nobody_is_in_two_places() -> None:
    saturday = datetime.datetime(2026, 3, 7, 15, tzinfo=datetime.UTC)
    days = Timetable(saturday)
    assert days.book(1, 30, "a").weekday() == 4
    assert days.book(0, 30, "a").date() == saturday.date(), "today is today, whatever day it is"
    taken = [days.book(3, 60, who) for who in ("a", "a", "b")]
    assert [one.hour for one in taken] == [9, 10, 9]


def test_a_database_beside_the_demonstration_is_refused(run: Run, tmp_path: Path) -> None:
    ran = run("serve", "--demo", "--db", str(tmp_path / "clinic.sqlite"), "--json")
    assert (ran.code, ran.document["error"]["field"]) == (2, "--db")
    assert not list(tmp_path.iterdir())


@pytest.mark.check
def test_the_program_tells_how_to_sign_in_and_leaves_nothing(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "skinbeam", "serve", "--demo", "--port", str(port)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(3)]
            assert f"http://127.0.0.1:{port}" in lines[2]
            names, _, password = lines[1].rpartition("Password of each: ")
            assert all(role.value in names for role in Role)
            until = time.monotonic() + READY_S
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=READY_S) as client:
                sent = {"house": "Synthetic clinic", "name": "owner", "password": password.strip()}
                assert client.post("/sign-in", data=sent).status_code == 303
                assert "A tour in ten steps" in client.get("/").text
            assert time.monotonic() < until
            assert list(tmp_path.iterdir())
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        finally:
            process.kill()
    assert list(tmp_path.iterdir()) == []
