"""Plans in the queue: asked for, told, stopped, begun again after a crash, kept once."""

import asyncio
import datetime
import html
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from anyio.from_thread import start_blocking_portal
from app_samples import LEAST, Form
from clinic_samples import COOKIE, HOME, PASSWORD, Clinics, planned
from sqlalchemy import select, update
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import hash_token
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import LoginSessionRow
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.jobs import repository as queued_jobs
from skinbeam_clinic.jobs import routes, worker
from skinbeam_clinic.jobs.queue import MOST_ATTEMPTS
from skinbeam_clinic.jobs.worker import JobListeners, PlanWorker
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.plans.worker_process import ProcessDefectError, ProcessEndedError

Heed = Callable[[str], None]


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def here(clinics: Clinics) -> str:
    """The address of a consultation that is filled in."""
    repositories = clinics.repositories()
    answers = make_submission(LEAST.items())
    return f"/consultations/{repositories.consultations.begin(repositories.patients.add().id, answers).id}"


def asked(client: TestClient, here: str) -> str:
    """The address of the job that makes the plan."""
    answer = client.post(f"{here}/plan", data=LEAST | {"revision": "1"})
    assert answer.status_code == 303
    assert re.fullmatch(r"/jobs/\w+", answer.headers["location"])
    return str(answer.headers["location"])


def plans(clinics: Clinics, here: str) -> int:
    return len(clinics.repositories().plans.of(here.rpartition("/")[2]))


def actions(clinics: Clinics, job: str) -> list[tuple[str, str]]:
    steps = clinics.repositories(Role.OWNER).audit_log.newest(50, subject=job[1:].replace("jobs", "job"))
    return [(step.actor, step.action) for step in steps if step.action.startswith("job.")][::-1]


def test_a_job_is_shown_and_leads_to_its_plan(client: TestClient, clinics: Clinics, here: str) -> None:
    job = asked(client, here)
    page = client.get(job).text
    assert "It is waiting in the queue." in page
    assert f'sse-connect="{job}/events"' in page
    assert '<noscript><meta http-equiv="refresh"' in page  # without a script it looks again by itself
    assert client.get(job, headers={"hx-request": "true"}).status_code == 204
    seen = []

    def look(sent: Submission, home: Path, heed: Heed, _language: str) -> NewPlan:
        heed("melasma <cheeks>")
        seen.append(client.get(job).text)
        return planned(sent, home, heed)

    clinics.work(look)
    assert "melasma &lt;cheeks&gt;" in seen[0]
    plan = client.get(job).headers["location"]
    assert re.fullmatch(r"/plans/\w+", plan)
    assert client.get(job, headers={"hx-request": "true"}).headers["hx-redirect"] == plan
    assert actions(clinics, job) == [("clinician", "job.added")]


def test_what_is_asked_for_twice_is_made_once(client: TestClient, clinics: Clinics, here: str) -> None:
    assert asked(client, here) == asked(client, here)
    clinics.work()
    assert plans(clinics, here) == 1


def test_a_clinic_that_asks_for_too_much_at_once_is_refused_in_its_form(
    client: TestClient, clinics: Clinics, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_jobs, "_MOST_OPEN", 0)
    response = client.post(f"{here}/plan", data=LEAST | {"revision": "1"})
    assert response.status_code == 503
    assert "of this clinic are already waiting" in response.text
    assert set(LEAST.items()) <= set(Form(response.text).filled)


def test_each_step_comes_as_an_event_and_the_end_too(
    client: TestClient, clinics: Clinics, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_POLL_S", 0.01)
    job, step_sent, listening = asked(client, here), threading.Event(), threading.Event()

    def wait(sent: Submission, home: Path, heed: Heed, _language: str) -> NewPlan:
        heed("melasma <cheeks>")
        assert listening.wait(10)
        assert step_sent.wait(10)
        return planned(sent, home, heed)

    real = html.escape

    def heard(words: str) -> str:
        listening.set()
        if words.startswith("melasma"):
            step_sent.set()
        return real(words)

    monkeypatch.setattr(routes.html, "escape", heard)
    working = threading.Thread(target=clinics.work, args=(wait,))
    working.start()
    answer = client.get(f"{job}/events")
    working.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [event for event in answer.text.split("\n\n") if event != ":"]
    assert "event: said\ndata: melasma &lt;cheeks&gt;" in events
    assert events[-2:] == ["event: ended\ndata:", ""]


def test_who_is_signed_in_no_more_is_sent_nothing_more(
    clinics: Clinics, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_POLL_S", "_SESSION_CHECK_S"):
        monkeypatch.setattr(routes, name, 0.05)
    job, events = asked(clinics.browser(Role.CLINICIAN), here), []
    listener = clinics.browser(Role.AUDITOR)
    listening = threading.Thread(target=lambda: events.append(listener.get(f"{job}/events").text))
    listening.start()
    listening.join(0.5)
    assert listening.is_alive()
    clinics.browser(Role.AUDITOR).post("/sign-out")
    clinics.tokens.pop((HOME, Role.AUDITOR))
    listening.join(20)
    clinics.browser(Role.CLINICIAN).post(f"{job}/cancel")  # so that one that would listen on ends, too
    assert events
    assert "event: ended" not in events[0]


def test_whose_sign_in_lacks_a_step_is_sent_nothing_more_and_a_page_that_listens_is_not_used(
    clinics: Clinics, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_POLL_S", "_SESSION_CHECK_S"):
        monkeypatch.setattr(routes, name, 0.05)
    owner = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    own = AccountRepository(clinics.database, owner.add("listener", Role.AUDITOR, PASSWORD), PasswordHasher())
    token = SignIn(clinics.database, PasswordHasher()).sign_in(HOME, "listener", PASSWORD).token
    listener, job, events = clinics.browser(), asked(clinics.browser(Role.CLINICIAN), here), list[str]()
    listener.cookies.set(COOKIE, token, domain="localhost.local")
    earlier = now() - datetime.timedelta(minutes=5)
    mine = LoginSessionRow.token_hash == hash_token(token)
    with clinics.database.writing() as session:
        session.execute(update(LoginSessionRow).where(mine).values(seen_at=earlier))
    listening = threading.Thread(target=lambda: events.append(listener.get(f"{job}/events").text), daemon=True)
    listening.start()
    listening.join(0.5)
    assert listening.is_alive()
    with clinics.database.reading() as session:
        assert session.scalar(select(LoginSessionRow.seen_at).where(mine)) == earlier
    address = own.new_codes_address()
    own.set_codes(address, pyotp.parse_uri(address).now(), PASSWORD)  # in another browser: a code is due in this one
    listening.join(20)
    clinics.browser(Role.CLINICIAN).post(f"{job}/cancel")
    assert events
    assert "event: ended" not in events[0]


def test_a_stopped_plan_ends_soon_and_is_not_kept(client: TestClient, clinics: Clinics, here: str) -> None:
    job = asked(client, here)

    def stopped(_sent: Submission, _home: Path, heed: Heed, _language: str) -> NewPlan:
        heed("first look")
        assert clinics.browser(Role.OWNER).post(f"{job}/cancel").headers["location"] == here
        while True:  # ended by what it tells to
            heed("")

    clinics.work(stopped)
    assert plans(clinics, here) == 0
    assert "This plan was cancelled" in client.get(job).text
    # The page asks by itself while the answer to the button is on its way: both must lead to the same place.
    assert client.get(job, headers={"hx-request": "true"}).headers["hx-redirect"] == here
    assert actions(clinics, job) == [("clinician", "job.added"), ("owner", "job.cancelled")]


def test_a_plan_that_is_stopped_at_the_last_moment_is_not_kept(client: TestClient, clinics: Clinics, here: str) -> None:
    job = asked(client, here)

    def late(sent: Submission, home: Path, heed: Heed, _language: str) -> NewPlan:
        made = planned(sent, home, heed)
        client.post(f"{job}/cancel")
        return made

    clinics.work(late)
    assert plans(clinics, here) == 0


def test_what_is_wrong_with_a_photograph_is_reported_at_its_field(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    sent = LEAST | {"revision": "1"}
    job = client.post(f"{here}/plan", data=sent, files={"photo": b"\xff\xd8\xff no picture"}).headers["location"]
    clinics.work()
    response = client.get(job)
    assert response.status_code == 422
    form = Form(response.text)
    assert form.controls["photo"]["aria-invalid"] == "true"
    assert set(LEAST.items()) <= set(form.filled)
    client.post(f"{here}/answers", data=LEAST | {"revision": "2", "patient.sex": "male"})
    assert client.get(job).headers["location"] == here, "a fault of other answers is none of these"


def test_answers_that_change_meanwhile_have_no_plan(client: TestClient, clinics: Clinics, here: str) -> None:
    job = asked(client, here)
    client.post(f"{here}/answers", data=LEAST | {"revision": "1", "patient.sex": "male"})
    clinics.work()
    assert plans(clinics, here) == 0
    assert client.get(job).headers["location"] == here


def test_a_plan_whose_process_is_killed_is_made_again(client: TestClient, clinics: Clinics, here: str) -> None:
    job, times = asked(client, here), []

    def breaks(sent: Submission, home: Path, heed: Heed, _language: str) -> NewPlan:
        times.append(1)
        if len(times) < MOST_ATTEMPTS:
            raise ProcessEndedError("killed")
        return planned(sent, home, heed)

    clinics.work(breaks)
    assert client.get(job).headers["location"].startswith("/plans/")
    assert plans(clinics, here) == 1


def test_what_never_comes_to_an_end_is_given_up_and_reported(client: TestClient, clinics: Clinics, here: str) -> None:
    job, times = asked(client, here), []

    def breaks(*_: object) -> NewPlan:
        times.append(1)
        raise ProcessEndedError("killed")

    clinics.work(breaks)
    assert len(times) == MOST_ATTEMPTS
    assert "never finished" in client.get(job).text


@pytest.mark.parametrize("error", [ProcessDefectError("x"), RuntimeError("secret")])
def test_a_defect_is_reported_without_its_inside(
    client: TestClient, clinics: Clinics, here: str, error: Exception
) -> None:
    job, times = asked(client, here), []

    def breaks(*_: object) -> NewPlan:
        times.append(1)
        raise error

    clinics.work(breaks)
    assert len(times) == 1
    response = client.get(job)
    assert "defect in skinbeam" in response.text
    assert "secret" not in response.text


def test_who_is_let_in_no_more_gets_no_plan(clinics: Clinics, here: str) -> None:
    accounts = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    guest = accounts.add("guest", Role.CLINICIAN, PASSWORD)
    client = clinics.browser()
    token = SignIn(clinics.database, PasswordHasher()).sign_in(HOME, "guest", PASSWORD).token
    client.headers["cookie"] = f"{COOKIE}={token}"
    asked(client, here)
    accounts.set_access(guest.id, allowed=False)
    clinics.work()
    assert plans(clinics, here) == 0


def test_a_program_that_ends_gives_its_job_back(client: TestClient, clinics: Clinics, here: str) -> None:
    job, begun = asked(client, here), threading.Event()

    def slow(_sent: Submission, _home: Path, heed: Heed, _language: str) -> NewPlan:
        begun.set()
        while True:
            heed("first look")

    worker = PlanWorker(clinics.database, slow)
    worker.start()
    assert begun.wait(10)
    worker.stop()
    assert "It is waiting in the queue." in client.get(job).text
    clinics.work()
    assert client.get(job).headers["location"].startswith("/plans/")


def test_a_job_ends_when_its_last_listener_has_left_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PATIENCE_S", 0.05)
    left: list[str] = []

    async def come_and_go() -> None:
        heard = JobListeners()
        with heard.listen("a", lambda: left.append("a")):
            with heard.listen("a", lambda: left.append("first of two")):
                pass
            await asyncio.sleep(0.1)
            assert not left
        with heard.listen("a", lambda: left.append("loaded again")):  # within the patience
            await asyncio.sleep(0.1)
            assert not left
        await asyncio.sleep(0.2)

    with start_blocking_portal() as portal:
        portal.call(come_and_go)
    assert left == ["loaded again"]


def test_an_auditor_looks_on_and_stops_nothing(client: TestClient, clinics: Clinics, here: str) -> None:
    job = asked(client, here)
    auditor = clinics.browser(Role.AUDITOR)
    page = auditor.get(job).text
    assert ">Stop<" not in page
    assert "Close this page" not in page
    assert auditor.post(f"{job}/cancel").status_code == 403
    clinics.work()
    assert auditor.get(job).headers["location"].startswith("/plans/")


def test_the_trail_is_whole_and_the_queue_tells_nothing_of_anybody(clinics: Clinics, here: str) -> None:
    asked(clinics.browser(Role.CLINICIAN), here)
    clinics.work()
    assert all(one.findings == () for one in verify_database(clinics.database))
    with clinics.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT payload, progress_sealed FROM job").all()
    assert all(set(json.loads(payload)) == {"consultation", "revision", "language"} for payload, _ in rows)
    assert all(b"redness" not in (sealed or b"") for _, sealed in rows)
