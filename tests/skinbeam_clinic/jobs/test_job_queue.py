"""The queue: each job is done once by one worker, also when workers are killed, and can be called off."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from record_samples import MADE, begin_consultation
from sqlalchemy import text

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import create_clinic
from skinbeam_clinic.database import cleanup as upkeep
from skinbeam_clinic.database.cleanup import CleanupSummary, clean_database
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import DeniedError, RecordNotFoundError, clinic_error
from skinbeam_clinic.jobs import queue
from skinbeam_clinic.jobs.queue import ALARM_JOB, LEASE, MOST_ATTEMPTS, JobQueue
from skinbeam_clinic.models import Job, JobProgress
from skinbeam_clinic.repositories import ClinicRepositories


def fault_of(repositories: ClinicRepositories, job: Job) -> dict[str, str]:
    fault = repositories.jobs.get(job.id).progress.fault
    assert isinstance(fault, dict)
    return fault


def later(monkeypatch: pytest.MonkeyPatch, by: datetime.timedelta) -> None:
    monkeypatch.setattr(queue, "now", lambda: now() + by)


def test_jobs_are_done_in_their_order_and_once(database: Database, repositories: ClinicRepositories) -> None:
    workers, asked = JobQueue(database), [repositories.jobs.add("plan", {"number": number}) for number in range(3)]
    repositories.jobs.add("report", {})
    taken = [workers.take("plan") for _ in range(4)]
    assert [job and job.id for job in taken] == [*[job.id for job in asked], None]
    job = taken[0]
    assert job is not None
    assert workers.report(job, JobProgress(step="age spots"))
    assert repositories.jobs.get(job.id).progress == JobProgress(step="age spots")
    assert workers.finish(job, JobProgress(plan="p"))
    assert (repositories.jobs.get(job.id).state, repositories.jobs.get(job.id).progress) == (
        "done",
        JobProgress(plan="p"),
    )
    assert not workers.finish(job, JobProgress(plan="another"))
    failed = taken[1]
    assert failed is not None
    assert workers.fail(failed, clinic_error("absent", "photo"))
    assert repositories.jobs.get(failed.id).state == "failed"
    assert fault_of(repositories, failed)["field"] == "photo"


def test_many_workers_never_share_a_job(database: Database, repositories: ClinicRepositories) -> None:
    asked = {repositories.jobs.add("plan", {"number": number}).id for number in range(12)}
    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(lambda _: JobQueue(database).take("plan"), range(12)))
    assert {job.id for job in taken if job} == asked


def test_a_job_of_a_killed_worker_is_done_by_another(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories.jobs.add("plan", {})
    first = JobQueue(database).take("plan")
    assert first is not None
    assert JobQueue(database).take("plan") is None
    later(monkeypatch, LEASE + datetime.timedelta(seconds=1))
    second = JobQueue(database).take("plan")
    assert second is not None
    assert (second.id, second.attempt) == (first.id, 2)
    assert not JobQueue(database).report(first), "the first one was only slow, and is told that it has lost the job"
    assert not JobQueue(database).finish(first, JobProgress(plan="first"))
    assert JobQueue(database).finish(second, JobProgress(plan="second"))


def test_a_worker_that_says_it_is_at_work_keeps_its_job(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    repositories.jobs.add("plan", {})
    job = JobQueue(database).take("plan")
    assert job is not None
    for minutes in range(1, 5):
        later(monkeypatch, minutes * LEASE - datetime.timedelta(seconds=10))
        assert JobQueue(database).report(job, JobProgress(step=f"{minutes}"))
        assert JobQueue(database).take("plan") is None


def test_a_job_that_ends_its_workers_is_given_up(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, after = repositories.jobs.add("plan", {}), repositories.jobs.add("plan", {"harmless": True})
    for attempt in range(MOST_ATTEMPTS):
        later(monkeypatch, 2 * attempt * LEASE)
        job = JobQueue(database).take("plan")
        assert job is not None
        assert (job.id, job.attempt) == (asked.id, attempt + 1)
    later(monkeypatch, 2 * MOST_ATTEMPTS * LEASE)
    next_one = JobQueue(database).take("plan")
    assert next_one is not None
    assert next_one.id == after.id
    assert repositories.jobs.get(asked.id).state == "failed"
    assert fault_of(repositories, asked)["code"] == "gave-up"


def test_an_alarm_is_sent_however_often_its_program_was_killed(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = repositories.jobs.add(ALARM_JOB, {"alarm": "a"})
    for attempt in range(3 * MOST_ATTEMPTS):
        later(monkeypatch, 2 * attempt * LEASE)
        job = JobQueue(database).take(ALARM_JOB)
        assert job is not None
        assert job.id == asked.id


def test_a_new_alarm_is_sent_before_the_reminders_of_old_ones(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = repositories.jobs.add(ALARM_JOB, {"alarm": "old"})
    postpone(database, JobProgress(sent=1))
    new = repositories.jobs.add(ALARM_JOB, {"alarm": "new"})
    later(monkeypatch, datetime.timedelta(minutes=16))
    taken = [JobQueue(database).take(ALARM_JOB) for _ in range(2)]
    assert [job and job.id for job in taken] == [new.id, old.id]


def test_a_first_word_that_could_not_be_sent_stays_before_reminders(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminder = repositories.jobs.add(ALARM_JOB, {"alarm": "told"})
    postpone(database, JobProgress(sent=1))
    refused = repositories.jobs.add(ALARM_JOB, {"alarm": "refused"})
    postpone(database, JobProgress(fault="OSError", failed=1))
    killed = repositories.jobs.add(ALARM_JOB, {"alarm": "killed"})
    assert JobQueue(database).take(ALARM_JOB) is not None
    later(monkeypatch, datetime.timedelta(minutes=16))
    taken = [JobQueue(database).take(ALARM_JOB) for _ in range(3)]
    assert [job and job.id for job in taken] == [refused.id, killed.id, reminder.id]


def postpone(database: Database, progress: JobProgress) -> None:
    job = JobQueue(database).take(ALARM_JOB)
    assert job is not None
    assert JobQueue(database).postpone(job, datetime.timedelta(minutes=15), progress)


def test_a_job_that_is_given_back_is_done_next(database: Database, repositories: ClinicRepositories) -> None:
    """A worker that was told to end has not tried; one whose plan was killed has."""
    asked = repositories.jobs.add("plan", {})
    repositories.jobs.add("plan", {"later": True})
    for tried, attempts in ((False, [1, 1, 1, 1, 1]), (True, [1, 2, 3])):
        for attempt in attempts:
            job = JobQueue(database).take("plan")
            assert job is not None
            assert (job.id, job.attempt) == (asked.id, attempt)
            assert JobQueue(database).give_back(job, attempted=tried)
            assert not JobQueue(database).report(job)
    next_one = JobQueue(database).take("plan")
    assert next_one is not None
    assert next_one.payload == {"later": True}


def test_what_is_asked_for_already_is_not_done_twice(database: Database, repositories: ClinicRepositories) -> None:
    first = repositories.jobs.add("plan", {"number": 1})
    assert repositories.jobs.add("plan", {"number": 1}).id == first.id
    repositories.jobs.cancel(first.id)
    assert repositories.jobs.add("plan", {"number": 1}).id != first.id
    stranger = ClinicRepositories(database, create_clinic(database, "Other Clinic"))
    assert stranger.jobs.add("plan", {"number": 1}).clinic_id == stranger.member.clinic_id


def test_a_clinic_cannot_fill_the_queue(database: Database, repositories: ClinicRepositories) -> None:
    asked = [repositories.jobs.add("plan", {"number": number}) for number in range(20)]
    with pytest.raises(InputError, match="20 such requests of this clinic are already waiting") as found:
        repositories.jobs.add("plan", {"number": 20})
    assert found.value.code == "queue-full"
    assert ClinicRepositories(database, create_clinic(database, "Other Clinic")).jobs.add("plan", {}).state == "queued"
    repositories.jobs.cancel(asked[7].id)
    assert repositories.jobs.add("plan", {"number": 20}).state == "queued"


def test_how_far_a_job_is_cannot_be_read_without_the_key(database: Database, repositories: ClinicRepositories) -> None:
    repositories.jobs.add("plan", {})
    job = JobQueue(database).take("plan")
    assert job is not None
    JobQueue(database).report(job, JobProgress(step="melasma, cheeks"))
    with database.reading() as session:
        assert b"melasma" not in session.execute(text("SELECT progress_sealed FROM job")).scalar_one()
    assert repositories.jobs.get(job.id).progress == JobProgress(step="melasma, cheeks")


def test_the_trail_says_who_asked_for_a_job_and_who_called_it_off(repositories: ClinicRepositories) -> None:
    job = repositories.jobs.add("plan", {})
    repositories.jobs.cancel(job.id)
    repositories.jobs.cancel(job.id)
    steps = [(step.actor, step.action) for step in repositories.audit_log.newest(9, subject=f"job/{job.id}")]
    assert steps[1:] == [(repositories.member.name, "job.cancelled"), (repositories.member.name, "job.added")]


def test_a_job_that_is_called_off_tells_its_worker(database: Database, repositories: ClinicRepositories) -> None:
    waiting, running = repositories.jobs.add("plan", {}), repositories.jobs.add("report", {})
    job = JobQueue(database).take("report")
    assert job is not None
    assert repositories.jobs.cancel(waiting.id).state == repositories.jobs.cancel(running.id).state == "cancelled"
    assert JobQueue(database).take("plan") is None
    assert not JobQueue(database).report(job)
    assert not JobQueue(database).finish(job)
    assert repositories.jobs.cancel(running.id).state == "cancelled"


def test_a_job_that_is_done_again_leaves_one_plan(repositories: ClinicRepositories) -> None:
    made = begin_consultation(repositories)
    first, again = (repositories.plans.add(made.id, MADE, revision=1) for _ in range(2))
    assert first == again
    assert len(repositories.plans.of(made.id)) == 1


def test_jobs_are_those_of_the_clinic_and_of_who_treats(database: Database, repositories: ClinicRepositories) -> None:
    job = repositories.jobs.add("plan", {})
    stranger = ClinicRepositories(database, create_clinic(database, "Other Clinic"))
    for attempt in (lambda: stranger.jobs.get(job.id), lambda: stranger.jobs.cancel(job.id)):
        with pytest.raises(RecordNotFoundError):
            attempt()
    auditor = ClinicRepositories(database, replace(repositories.member, role=Role.AUDITOR))
    assert auditor.jobs.get(job.id) == job
    for refused in (lambda: auditor.jobs.add("plan", {}), lambda: auditor.jobs.cancel(job.id)):
        with pytest.raises(DeniedError):
            refused()


def test_a_job_that_ended_goes_after_a_month_and_nothing_that_waits(
    database: Database, repositories: ClinicRepositories, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = JobQueue(database)
    done, failed, waits = (repositories.jobs.add("plan", {"number": number}) for number in range(3))
    taken = queue.take("plan")
    assert taken is not None
    queue.finish(taken)
    repositories.jobs.cancel(failed.id)
    month = datetime.timedelta(days=30)
    assert clean_database(database) == {"Harbour Clinic": CleanupSummary(files=0, jobs=0)}
    with monkeypatch.context() as patch:
        patch.setattr(upkeep, "now", lambda: now() + month)
        assert clean_database(database) == {"Harbour Clinic": CleanupSummary(files=0, jobs=2)}
        assert clean_database(database) == {"Harbour Clinic": CleanupSummary(files=0, jobs=0)}
    assert repositories.jobs.get(waits.id).state == "queued"
    for gone in (done, failed):
        with pytest.raises(RecordNotFoundError):
            repositories.jobs.get(gone.id)
    assert [one.action for one in repositories.audit_log.newest(50)].count("jobs.tidied") == 1
    assert [one.findings for one in verify_database(database)] == [()]
