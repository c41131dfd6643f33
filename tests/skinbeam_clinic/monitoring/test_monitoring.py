"""What a server tells whoever watches it: whether it works, how much it does, what went wrong; nothing of anybody."""

import datetime
import io
import json
import logging
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from app_samples import LEAST
from clinic_samples import COOKIE, Clinics
from diary_samples import WARNING
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine
from starlette.testclient import TestClient
from treated_rows import add_treatment

from skinbeam_clinic.access import ROUTES, Role
from skinbeam_clinic.database.backup import write_backup
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import AlarmRow, DiaryEntryRow
from skinbeam_clinic.database.rehearsal import note_rehearsal
from skinbeam_clinic.database.revisions import migrate_to, newest_revision, read_revision
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.diaries.repository import NOTE_CONTENT
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.worker import PLAN_JOB, PlanWorker
from skinbeam_clinic.monitoring import health
from skinbeam_clinic.monitoring import metrics as upkeep
from skinbeam_clinic.monitoring.health import HEALTH_CHECKS, TOKEN_VARIABLE, HealthChecks
from skinbeam_clinic.monitoring.json_log import configure_logging
from skinbeam_clinic.web import request
from skinbeam_clinic.web.application import build_clinic_app

SECRET = "Greta Sommer, blister of 1987"  # what somebody typed; nobody is called that
HERE = ("127.0.0.1", 40000)
TOKEN = "a token of the test"
HOUR = datetime.timedelta(hours=1)


def read_health(client: TestClient) -> tuple[int, dict[str, bool]]:
    answer = client.get("/health")
    body = answer.json()
    assert body["status"] == ("ok" if answer.status_code == 200 else "failing")
    return answer.status_code, body["checks"]


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Each series of the text by its name and the values of its labels."""
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def from_here(clinics: Clinics, **headers: str) -> TestClient:
    return TestClient(clinics.app, base_url="http://127.0.0.1", headers=headers, client=HERE)


@pytest.fixture
def looked_anew(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A browser at an app whose checks hold no answer."""
    monkeypatch.setattr(health, "_CACHE_S", 0.0)
    return TestClient(build_clinic_app(clinics.database), base_url="https://localhost")


def test_a_server_at_work_is_healthy(clinics: Clinics) -> None:
    with TestClient(build_clinic_app(clinics.database), base_url="https://localhost") as client:
        assert read_health(client) == (200, dict.fromkeys(HEALTH_CHECKS, True))


def test_it_says_when_a_backup_was_made_and_when_a_restore_was_rehearsed(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(health, "_BACKUP_CACHE_S", 0.0)
    client = from_here(clinics)

    def reported_times() -> tuple[str | None, str | None, float, float]:
        body, series = client.get("/health").json(), figures(client.get("/metrics").text)
        name = "skinbeam_last_backup_timestamp_seconds"
        return body["backup_made_at"], body["restore_rehearsed_at"], series[name, "backup"], series[name, "rehearsal"]

    assert reported_times() == (None, None, 0, 0)
    begun = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    write_backup(clinics.database, tmp_path / "b.tar")
    made, rehearsed, made_s, rehearsed_s = reported_times()
    assert (rehearsed, rehearsed_s) == (None, 0)
    assert made is not None
    assert datetime.datetime.fromisoformat(made) >= begun
    assert made_s == pytest.approx(datetime.datetime.fromisoformat(made).timestamp(), abs=1)
    note_rehearsal(clinics.database)
    assert reported_times()[1] is not None
    assert reported_times()[3] >= made_s


def test_a_database_that_does_not_answer_makes_no_backup_seem_missing(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither while it is silent nor, by what is remembered of that, after it answers again."""
    monkeypatch.setattr(health, "_CACHE_S", 0.0)
    client, key = from_here(clinics), ("skinbeam_last_backup_timestamp_seconds", "backup")
    write_backup(clinics.database, tmp_path / "b.tar")
    for silent in ("last_backup", "read_revision"):
        with monkeypatch.context() as patch:
            patch.setattr(health, silent, silence)
            assert figures(client.get("/metrics").text).get(key, 1) > 0, silent
        assert figures(client.get("/metrics").text)[key] > 0, silent


def silence(*_: object) -> None:
    raise clinic_error("unreachable", "database", reason="silent")


def test_each_thing_that_is_missing_is_reported_as_that(
    clinics: Clinics, looked_anew: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = clinics.database

    def failing() -> set[str]:
        status, checks = read_health(looked_anew)
        assert status == 503
        return {name for name, met in checks.items() if not met}

    assert failing() == {"worker"}, "nobody has started this one"
    (tmp_path / "file").touch()
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
        assert failing() == {"worker", "disk"}
    with monkeypatch.context() as patch:
        patch.setattr(database.files, "folder", tmp_path / "file" / "files")
        assert failing() == {"worker", "disk"}
    for revision in ("0001", newest_revision()):
        with database.engine.begin() as connection:
            migrate_to(connection, revision)
            assert read_revision(connection) == revision
        assert failing() == ({"worker"} if revision == newest_revision() else {"worker", "schema"})
    with monkeypatch.context() as patch:
        patch.setattr(database, "engine", create_engine(f"sqlite:///{tmp_path}/nowhere/clinic.sqlite"))
        assert failing() >= {"database", "schema"}


def test_a_worker_that_says_nothing_any_more_is_not_alive(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = PlanWorker(clinics.database)
    worker.start()
    try:
        assert worker.is_alive()
        later = time.monotonic() + 61
        monkeypatch.setattr("skinbeam_clinic.jobs.worker.time", SimpleNamespace(monotonic=lambda: later))
        monkeypatch.setattr(worker, "_alive_at", later - 61)
        assert not worker.is_alive()
    finally:
        worker.stop()
    assert not worker.is_alive()


def test_health_is_looked_at_once_however_often_it_is_asked(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    honest = HealthChecks._run_checks
    monkeypatch.setattr(HealthChecks, "_run_checks", lambda self: (looked.append(1), honest(self))[1])
    client = TestClient(build_clinic_app(clinics.database), base_url="https://localhost")
    begun = time.monotonic()
    for _ in range(100):
        client.get("/health")
    assert len(looked) <= 1 + (time.monotonic() - begun) / health._CACHE_S


def test_a_database_that_says_nothing_is_reported_as_gone_and_waited_for_once(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, silence = [], threading.Event()

    def silent(_: HealthChecks) -> None:
        looked.append(1)
        silence.wait(20)

    monkeypatch.setattr(HealthChecks, "_revision", silent)
    monkeypatch.setattr(health, "_PATIENCE_S", 0.05)
    with TestClient(build_clinic_app(clinics.database), base_url="https://localhost") as client:
        for _ in range(5):
            status, checks = read_health(client)
            assert (status, checks["database"], checks["worker"]) == (503, False, True)
        silence.set()
    assert len(looked) == 1


def test_health_needs_no_sign_in_and_looks_at_none(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object) -> None:
        raise AssertionError("a sign-in was looked at")

    client = clinics.browser(Role.OWNER)
    monkeypatch.setattr("skinbeam_clinic.web.routing.ClinicRouter._find_session", no)
    assert client.get("/health").status_code == 503
    assert client.get("/metrics").status_code == 403


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"])
def test_figures_are_for_this_machine_and_for_nobody_behind_a_server_before_it(clinics: Clinics, name: str) -> None:
    assert from_here(clinics).get("/metrics").status_code == 200
    assert clinics.browser(Role.OWNER).get("/metrics").status_code == 403, "an address that is no loopback"
    assert from_here(clinics, **{name: "127.0.0.1"}).get("/metrics").status_code == 403


def test_with_a_token_figures_are_for_who_has_it(clinics: Clinics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    app = build_clinic_app(clinics.database)
    far, near = (TestClient(app, base_url="http://127.0.0.1", client=(one, 40000)) for one in ("10.1.2.3", "127.0.0.1"))
    for client in (far, near):
        for sent in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}):
            assert client.get("/metrics", headers=sent).status_code == 403
        assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_requests_are_counted_by_the_pattern_of_their_address(clinics: Clinics, names: dict[str, str]) -> None:
    client, strange = clinics.browser(Role.CLINICIAN), "/wp-admin/17.php"

    def asked() -> dict[tuple[str, ...], float]:
        return figures(from_here(clinics).get("/metrics").text)

    before = asked()
    for _ in range(3):
        assert client.get(f"/patients/{names['patient']}?since={names['plan']}").status_code == 200
    client.get(strange)
    client.request("BREW", f"/patients/{names['patient']}")
    after = asked()

    def more(*series: str) -> float:
        return after.get(series, 0.0) - before.get(series, 0.0)

    assert more("skinbeam_requests_total", "GET", "/patients/{patient}", "200") == 3
    assert more("skinbeam_request_seconds_count", "GET", "/patients/{patient}") == 3
    assert more("skinbeam_requests_total", "GET", "none", "404") == 1
    assert after["skinbeam_requests_open",] == 1, "the one that asks"
    patterns = {path for _, path in ROUTES} | {"none", "/static"}
    assert {labels[1] for name, *labels in after if name == "skinbeam_requests_total"} <= patterns
    assert {labels[0] for name, *labels in after if name == "skinbeam_requests_total"} <= {
        "GET",
        "POST",
        "HEAD",
        "other",
    }
    assert after["skinbeam_healthy", "database"] == 1
    assert after["skinbeam_healthy", "worker"] == 0


def test_the_queue_is_reported_with_how_long_its_oldest_job_has_waited(
    clinics: Clinics, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = figures(from_here(clinics).get("/metrics").text)["skinbeam_jobs", "queued"]
    job = clinics.repositories().jobs.add(
        PLAN_JOB, {"consultation": names["consultation"], "revision": 1, "language": "en"}
    )
    monkeypatch.setattr(upkeep, "now", lambda: job.created_at + HOUR)
    found = figures(from_here(clinics).get("/metrics").text)
    assert (found["skinbeam_jobs", "queued"], found["skinbeam_jobs", "running"]) == (before + 1, 0)
    assert found["skinbeam_job_oldest_seconds",] >= HOUR.total_seconds()
    clinics.repositories().jobs.cancel(job.id)
    found = figures(from_here(clinics).get("/metrics").text)
    assert found["skinbeam_jobs", "queued"] == before


def test_alarms_of_patients_that_nobody_answers_are_reported(clinics: Clinics, names: dict[str, str]) -> None:
    before = figures(from_here(clinics).get("/metrics").text)["skinbeam_alarms",]
    treatment = add_treatment(clinics.repositories(), names["consent"], days_ago=1)
    of = {"clinic_id": clinics.repositories().member.clinic_id, "consultation_id": names["consultation"]}
    id = new_id()
    note = clinics.database.keys.seal(
        NOTE_CONTENT.to_json(WARNING), f"{of['clinic_id']}/diary_entry/{id}/{NOTE_CONTENT.column.key}"
    )
    with clinics.database.writing() as session:
        row = DiaryEntryRow(**of, id=id, treatment_id=treatment, day=1, entry_sealed=note, written_at=now())
        session.add(row)
        session.flush()
        open_alarm = AlarmRow(**of, id=new_id(), entry_id=row.id, raised_at=now() - HOUR)
        session.add_all([open_alarm, AlarmRow(**of, id=new_id(), entry_id=row.id, raised_at=now(), answered_at=now())])
    found = figures(from_here(clinics).get("/metrics").text)
    assert found["skinbeam_alarms",] == before + 1
    assert HOUR.total_seconds() <= found["skinbeam_alarm_oldest_seconds",] < HOUR.total_seconds() + 60


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the program has logged; each line is one document."""
    root, ours, stream = logging.getLogger(), logging.getLogger("skinbeam"), io.StringIO()
    handlers, levels, hook = root.handlers[:], (root.level, ours.level), threading.excepthook
    configure_logging(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.captureWarnings(False)


def test_a_request_is_one_line_that_names_nobody(
    clinics: Clinics, names: dict[str, str], lines: Callable[[], list[dict[str, Any]]]
) -> None:
    client = clinics.browser(Role.CLINICIAN)
    answers = [
        client.get(f"/patients/{names['patient']}", params={"asked": SECRET}),
        client.post("/search", data={"pseudonym": SECRET}),
        client.get(f"/{SECRET}"),
        client.post(f"/consultations/{names['consultation']}/answers", data=LEAST | {"patient.own_words": SECRET}),
        client.get("/static/app.css"),
    ]
    found = lines()
    assert [one["route"] for one in found] == ["/patients/{patient}", "/search", "none", OF_ANSWERS]
    assert [one["request"] for one in found] == [answer.headers["x-request-id"] for answer in answers[:-1]]
    assert [one["status"] for one in found] == [answer.status_code for answer in answers[:-1]]
    assert all(one["s"] > 0 and one["said"] == "request" for one in found)
    _names_nobody(found, names, client)


def test_a_defect_is_logged_by_its_kind_and_place_and_the_page_by_its_number(
    clinics: Clinics,
    names: dict[str, str],
    lines: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def defect(*_: object) -> None:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(f"nothing is known of {SECRET}") from error

    monkeypatch.setattr(request.ClinicRequest, "repositories", property(defect))
    client = clinics.browser(Role.CLINICIAN)
    answer = client.get(f"/patients/{names['patient']}", params={"asked": SECRET})
    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert re.search(rf"Request {number}\.", answer.text)
    assert "This could not be done because of a defect" in answer.text, "nobody asked for a plan"
    assert "nothing that names a person" in answer.text
    error, counted = lines()
    assert (error["level"], error["request"], counted["status"]) == ("error", number, 500)
    assert [one["kind"] for one in error["faults"]] == ["RuntimeError", "ValueError"]
    assert re.fullmatch(r".*test_monitoring\.py:\d+ defect", error["faults"][0]["at"][-1])
    _names_nobody([error, counted], names, client)


def test_two_requests_have_two_numbers_and_none_is_taken_from_who_asks(clinics: Clinics) -> None:
    numbers = {
        clinics.browser().get(path, headers={"X-Request-Id": SECRET}).headers["x-request-id"]
        for path in ("/sign-in", "/sign-in", "/nowhere", "/static/app.css", "/health")
    }
    assert len(numbers) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", number) for number in numbers)


def test_what_libraries_say_is_logged_without_what_they_put_into_it(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("uvicorn.error").error("Cancel %s running task(s)", SECRET)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved: {SECRET}")
    logging.getLogger("py.warnings").warning("%s", SECRET)
    ending = threading.Thread(target=lambda: int(SECRET))
    ending.start()
    ending.join()
    found = lines()
    assert [one["from"] for one in found] == ["uvicorn.error", "asyncio", "py.warnings", "skinbeam"]
    assert [one.get("said") for one in found] == ["Cancel %s running task(s)", None, None, "a thread has ended"]
    assert SECRET not in json.dumps(found)


OF_ANSWERS = "/consultations/{consultation}/answers"


def _names_nobody(found: list[dict[str, Any]], names: dict[str, str], client: TestClient) -> None:
    written = json.dumps(found)
    assert SECRET not in written
    assert SECRET.replace(" ", "%20") not in written
    assert "asked" not in written, "what an address asks for"
    assert str(client.cookies.get(COOKIE)) not in written
    assert all(name not in written for key, name in names.items() if key not in ("option", "name", "language"))
