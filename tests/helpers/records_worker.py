"""Does one kind of work on records for ever, and tells each step once it is kept: a program to be killed."""

import json
import os
import sys
from itertools import count
from pathlib import Path

from skinbeam_clinic.accounts.repository import clinic_operator
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.backup import write_backup
from skinbeam_clinic.database.connection import Database, database_url, open_engine
from skinbeam_clinic.database.revisions import migrate_to, newest_revision, open_database
from skinbeam_clinic.jobs.queue import JobQueue
from skinbeam_clinic.models import Job, JobProgress, NewPlan, PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories


def report(*step: object) -> None:
    print(json.dumps(step), flush=True)


def made(number: int, **files: bytes) -> NewPlan:
    return NewPlan("c" * 64, f"{number:064}", "0", 0, 1, {"plan.json": b"%d" % number * 1000} | files)


def do(database: Database, job: Job) -> None:
    """Make the plan of a job, the same however often, as the clinic's worker does."""
    queue, names = JobQueue(database), job.payload
    queue.report(job, JobProgress(step="first look"))
    plans = ClinicRepositories(database, clinic_operator(database, "Harbour Clinic")).plans
    queue.finish(job, JobProgress(plan=plans.add(names["consultation"], made(names["number"]), revision=1).id))


def go_up_and_down(address: str) -> None:
    engine = open_engine(database_url(address))
    report("ready")
    while True:
        for revision in ("0001", newest_revision()):
            with engine.begin() as connection:
                migrate_to(connection, revision)
            report(revision)


def work(address: str, kind: str, folder: Path) -> None:
    database = open_database(address, os.environ)
    repositories = ClinicRepositories(database, clinic_operator(database, "Harbour Clinic"))
    one = repositories.consultations.begin(repositories.patients.add().id)
    report("ready")
    for number in count(1):
        if kind == "save":
            one = repositories.consultations.save(one.id, Submission((("number", str(number)),)), revision=one.revision)
            report(one.id, one.revision)
        elif kind == "upload":
            report(repositories.photographs.add(one.id, os.urandom(20_000), "image/png", PhotographPermissions()).id)
        elif kind == "plan":
            report(repositories.plans.add(one.id, made(number, **{"a.pdf": os.urandom(9999)}), revision=1).id)
        elif kind == "job":
            report(repositories.jobs.add("plan", {"consultation": one.id, "number": number}).id)
            job = JobQueue(database).take("plan")
            assert job is not None
            do(database, job)
        else:
            path = folder / f"{os.getpid()}-{number}.tar"
            write_backup(database, path)
            report(path.name)


if __name__ == "__main__":
    if sys.argv[2] == "upgrade":
        go_up_and_down(sys.argv[1])
    else:
        work(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
