"""Killed at a random moment of its work, from a save to an upgrade: what was told as kept is kept."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import records_worker
from records_worker import do
from sqlalchemy import inspect, text

from skinbeam_clinic.accounts.repository import clinic_operator, create_clinic
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.backup import restore_backup
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database, database_url, open_engine
from skinbeam_clinic.database.revisions import newest_revision, open_database, read_revision, upgrade_database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import UnreachableError
from skinbeam_clinic.jobs import queue
from skinbeam_clinic.jobs.queue import LEASE, JobQueue
from skinbeam_clinic.repositories import ClinicRepositories

WORKER = Path(records_worker.__file__)
KINDS = ("save", "upload", "plan", "job", "backup", "upgrade")


def killed(address: str, kind: str, folder: Path, environment: dict[str, str], after_s: float) -> list[list[object]]:
    """What a worker told until it was killed, some time after it was ready."""
    folder.mkdir(exist_ok=True)
    started = [sys.executable, str(WORKER), address, kind, str(folder)]
    worker = subprocess.Popen(started, stdout=subprocess.PIPE, env=dict(os.environ) | environment, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == '["ready"]\n'
    time.sleep(after_s)
    worker.send_signal(signal.SIGKILL)
    output, _ = worker.communicate(timeout=20)
    return [json.loads(line) for line in output.splitlines() if line.endswith("]")]


def check(kind: str, steps: list[list[object]], database: Database, environment: dict[str, str], folder: Path) -> None:
    repositories = ClinicRepositories(database, clinic_operator(database, "Harbour Clinic"))
    assert [one.findings for one in verify_database(database)] == [()]
    for step in steps[-3:]:
        if kind == "save":
            assert repositories.consultations.get(str(step[0])).revision >= int(str(step[1]))
        elif kind == "upload":
            assert len(repositories.photographs.read_content(str(step[0]))[1]) == 20_000
        elif kind == "plan":
            plan = repositories.plans.get(str(step[0]))
            assert len(repositories.plans.read_file(plan.id, "a.pdf")) == 9999
    if kind == "job":
        left_over(database)
        jobs = [repositories.jobs.get(str(step[0])) for step in steps]
        assert [job.state for job in jobs] == ["done"] * len(jobs)
        if jobs:  # one that was kept and not told counts as well
            numbers = [int(one.plan_sha256) for one in repositories.plans.of(jobs[0].payload["consultation"])]
            assert numbers in (list(range(1, len(jobs) + 1)), list(range(1, len(jobs) + 2)))
    if kind == "backup":  # every file that stands there under its name can be restored, told or not
        there = sorted(path.name for path in folder.iterdir() if path.suffix == ".tar" and path.name[0] != ".")
        assert {str(step[0]) for step in steps} <= set(there)
        for name in there[-2:]:
            target = folder / f"{name}.sqlite"
            (restored,) = restore_backup(
                folder / name, str(target), environment | {"SKINBEAM_FILES": f"{target}.files"}
            )
            assert restored.findings == ()
        for name in there:
            (folder / name).unlink()


def left_over(database: Database) -> None:
    """Do what the killed worker left, as the next program does once the lease has run out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "now", lambda: now() + LEASE)
        while job := JobQueue(database).take("plan"):
            do(database, job)


def check_revision(address: str) -> None:
    engine = open_engine(database_url(address))
    with engine.connect() as connection:
        assert read_revision(connection) in ("0001", newest_revision())
        assert connection.execute(text("SELECT count(*) FROM store")).scalar_one() == 1
        there = inspect(connection).has_table("job")
        assert there == (read_revision(connection) == newest_revision()), "half of the steps were done"
    engine.dispose()


def rounds(count: int, address: str, environment: dict[str, str], folder: Path) -> dict[str, int]:
    """Kill that many workers, of every kind in turn, and return how many steps of each were told."""
    upgrade_database(address, environment)
    database = open_database(address, environment)
    create_clinic(database, "Harbour Clinic")
    database.close()
    beside = f"{address}.beside"  # goes down to the first revision and up again, which takes tables away
    upgrade_database(beside, environment)
    chance, steps = random.Random(1), dict.fromkeys(KINDS, 0)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        work = beside if kind == "upgrade" else address
        reported = killed(work, kind, folder, environment, chance.uniform(0.0, 0.6))
        steps[kind] += len(reported)
        if kind == "upgrade":
            check_revision(work)
            upgrade_database(work, environment)
        else:
            database = open_database(address, environment)
            check(kind, reported, database, environment, folder)
            database.close()
    return steps


@pytest.mark.check
def test_nothing_that_was_confirmed_is_lost_when_the_program_is_killed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Once at each kind of work; `make validate` kills two hundred."""
    steps = rounds(len(KINDS), str(tmp_path / "clinic.sqlite"), environment, tmp_path / "work")
    assert all(steps.values()), steps


@pytest.mark.long
def test_nothing_that_was_confirmed_is_lost_in_two_hundred_kills(environment: dict[str, str], tmp_path: Path) -> None:
    steps = rounds(200, str(tmp_path / "clinic.sqlite"), environment, tmp_path / "work")
    print(f"steps that were told before their worker was killed: {steps}")
    assert all(steps.values()), steps


def test_a_full_database_is_reported_and_keeps_what_was_there(environment: dict[str, str], tmp_path: Path) -> None:
    address = str(tmp_path / "clinic.sqlite")
    upgrade_database(address, environment)
    database = open_database(address, environment)
    repositories = ClinicRepositories(database, create_clinic(database, "Harbour Clinic"))
    one = repositories.consultations.begin(repositories.patients.add().id, Submission((("kept", "true"),)))
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    revisions = [one]

    def save_until_full() -> None:
        while len(revisions) < 100:
            answers = Submission((("long", os.urandom(20_000).hex()),))
            revisions.append(repositories.consultations.save(one.id, answers, revision=revisions[-1].revision))

    with pytest.raises(UnreachableError, match="full"):
        save_until_full()
    database.close()
    database = open_database(address, environment)
    assert ClinicRepositories(database, repositories.member).consultations.get(one.id) == revisions[-1]
    assert verify_database(database)[0].findings == ()
    database.close()


@pytest.mark.check
def test_a_server_that_goes_and_comes_back_is_reported_and_loses_nothing(
    environment: dict[str, str], postgresql: str
) -> None:
    with psycopg.connect(postgresql.format(name="postgres"), autocommit=True) as server:
        server.execute("CREATE DATABASE goes")

        def let_in(allowed: bool) -> None:
            """Whether anybody may connect; whoever was connected is not any more."""
            server.execute(f"ALTER DATABASE goes WITH ALLOW_CONNECTIONS {allowed}".encode())
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'goes'")

        address = postgresql.format(name="goes")
        upgrade_database(address, environment)
        database = open_database(address, environment)
        repositories = ClinicRepositories(database, create_clinic(database, "Harbour Clinic"))
        one = repositories.consultations.begin(repositories.patients.add().id, Submission((("kept", "true"),)))
        let_in(True)
        assert repositories.consultations.get(one.id) == one, "connections that died meanwhile are made anew"
        let_in(False)
        with pytest.raises(UnreachableError, match="Nothing was saved"):
            repositories.consultations.save(one.id, Submission((("late", "true"),)), revision=1)
        let_in(True)
        assert repositories.consultations.save(one.id, Submission((("late", "true"),)), revision=1).revision == 2
        assert verify_database(database)[0].findings == ()
        database.close()
        server.execute("DROP DATABASE goes WITH (FORCE)")
