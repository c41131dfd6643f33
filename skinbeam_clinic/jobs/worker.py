"""The worker that makes plans and compares photographs, and the listeners whose leaving cancels a job.

The worker does one job at a time, in the name of the member who requested it. A program that is killed leaves its job
to another one, since its lease runs out. A plan that is made again is stored once, since it has the same bytes
(`skinbeam_clinic.plans.repository`).

When the last listener has left the page of a job, the job is cancelled. A page that never listened, such as one without
a script, does not cancel its job when it is closed.
"""

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from anyio import to_thread

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.errors import SkinbeamError
from skinbeam.plan_records.document import read_plan
from skinbeam_clinic.accounts.repository import acting_member
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import canonical_json, now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.errors import UnreachableError, clinic_error
from skinbeam_clinic.follow_ups.pair_analyses import PairAnalysisContent
from skinbeam_clinic.follow_ups.pair_subprocess import AFTER_FILE, BEFORE_FILE, measure_pair_in_subprocess
from skinbeam_clinic.jobs.queue import JobQueue
from skinbeam_clinic.machines.clinic_devices import write_device_files
from skinbeam_clinic.models import Job, JobProgress, NewPlan, PlanRecord
from skinbeam_clinic.patients.history_join import join_history
from skinbeam_clinic.patients.plan_history import HISTORY_FILE, serialize_facts
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.plans.document import ChosenPlanSettings, find_place
from skinbeam_clinic.plans.plan_subprocess import (
    PHOTOGRAPH_FILE,
    SETTINGS_FILE,
    make_plan_in_subprocess,
)
from skinbeam_clinic.plans.worker_process import ProcessEndedError
from skinbeam_clinic.polling_thread import PollingThread
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.errors import refusal_from

__all__ = [
    "PAIR_JOB",
    "PLAN_JOB",
    "PLAN_WORK_FOLDER",
    "JobListeners",
    "PairMeasurer",
    "PlanMaker",
    "PlanWorker",
]

PATIENCE_S = 15.0  # a page that is reloaded, or was disconnected for a moment, has reconnected by then


class JobListeners:
    """Counts the open event streams of each job in this program."""

    def __init__(self) -> None:
        self._listening: Counter[str] = Counter()
        self._waits: set[asyncio.Task[None]] = set()

    @contextmanager
    def listen(self, job: str, on_last_left: Callable[[], object]) -> Iterator[None]:
        """Count a listener while the block runs.

        Parameters
        ----------
        on_last_left : called a while after the last listener has gone, unless one has come back.
        """
        self._listening[job] += 1
        try:
            yield
        finally:
            self._listening[job] -= 1
            if not self._listening[job]:
                wait = asyncio.get_running_loop().create_task(self._wait(job, on_last_left))
                self._waits.add(wait)
                wait.add_done_callback(self._waits.discard)

    async def _wait(self, job: str, left: Callable[[], object]) -> None:
        await asyncio.sleep(PATIENCE_S)
        if not self._listening[job]:
            del self._listening[job]
            await to_thread.run_sync(left)


PLAN_JOB = "plan"
PLAN_WORK_FOLDER = "skinbeam-clinic"  # name of the temporary folders of jobs
PAIR_JOB = "pair"  # comparison of a pair of photographs that was graded blind
_POLL_S = 2.0  # how often the queue is checked for jobs without `wake`: those of other processes, and of killed ones
_REPORT_S = 0.9
_LONGEST_S = 900.0  # the first plan compiles for minutes; one that takes longer than this hangs
_ENDING_S = 1.0
_SILENT_S = 60.0  # a worker shows that it is alive every two seconds, but may wait for a busy database

PlanMaker = Callable[[Submission, Path, Callable[[str], None], str], NewPlan]
PairMeasurer = Callable[[Path, Callable[[str], None], str], PairAnalysisContent]


class _ShutdownError(SkinbeamError):
    """The program is ending."""


class _JobLostError(SkinbeamError):
    """The job was cancelled, or another worker has it."""


class PlanWorker(PollingThread):
    """A thread that makes plans for all clinics of a database, and compares their pairs of photographs.

    Parameters
    ----------
    measure : compares the two photographs in a folder.
    """

    def __init__(
        self,
        database: Database,
        make: PlanMaker = make_plan_in_subprocess,
        measure: PairMeasurer = measure_pair_in_subprocess,
    ) -> None:
        self._database = database
        self._queue = JobQueue(database)
        self._make = make
        self._measure = measure
        self._alive_at = time.monotonic()
        super().__init__("worker", defect="defect in the queue", poll_s=_POLL_S, join_s=_ENDING_S)

    def is_alive(self) -> bool:
        """Return whether the thread is running and was active recently."""
        return self._thread.is_alive() and time.monotonic() - self._alive_at < _SILENT_S

    def process_next(self) -> bool:
        """Do the plan that has waited longest, or else the comparison; return False where there is no job.

        A job that was begun is given back when the thread is told to end.

        Raises
        ------
        UnreachableError : the database does not answer; the job is done again later.
        """
        self._alive_at = time.monotonic()
        # A patient sits in front of a plan; nobody waits for a comparison.
        job = self._queue.take(PLAN_JOB) or self._queue.take(PAIR_JOB)
        if job is None:
            return False
        try:
            if job.kind == PAIR_JOB:
                self._measure_pair(job)
                self._queue.finish(job)
            else:
                self._queue.finish(job, JobProgress(plan=self._make_plan(job).id))
        except _ShutdownError:
            self._queue.give_back(job, attempted=False)
        except ProcessEndedError:
            self._queue.give_back(job, attempted=True)
        except _JobLostError:
            pass
        except UnreachableError:
            raise
        except Exception as error:
            self._queue.fail(job, refusal_from(error).error)
        return True

    def _open_repositories(self, job: Job) -> ClinicRepositories:
        return ClinicRepositories(self._database, acting_member(self._database, job.clinic_id, job.created_by))

    def _make_plan(self, job: Job) -> PlanRecord:
        repositories = self._open_repositories(job)
        names = job.payload
        consultation = repositories.consultations.get(names["consultation"])
        if consultation.revision != names["revision"]:
            raise clinic_error("plan-outdated", "job")
        facts = read_history(repositories, consultation.patient_id).facts
        joined_at = now()
        sent = join_history(consultation.answers, facts, joined_at)
        chosen = ChosenPlanSettings.from_json(job.content) if job.content else None
        with work_folder(Path(tempfile.gettempdir()), PLAN_WORK_FOLDER) as home:
            if sent.photo:
                (home / PHOTOGRAPH_FILE).write_bytes(repositories.photographs.read_content(sent.photo)[1])
            if chosen is not None:
                (home / SETTINGS_FILE).write_text(
                    canonical_json([asdict(setting) for setting in chosen.settings]), "utf-8"
                )
            write_device_files(repositories.own_devices.read().own, home)
            made = self._make(sent, home, self._report_progress(job), names["language"])
        if not self._queue.report(job):
            raise _JobLostError("called off at the last moment")
        if facts:
            made = replace(made, files={**made.files, HISTORY_FILE: serialize_facts(facts, joined_at)})
        plan = repositories.plans.add(names["consultation"], made, revision=names["revision"])
        if chosen is not None:
            place = find_place(read_plan(json.loads(made.files["plan.json"])), chosen.settings[-1])
            repositories.plans.choose(plan.id, place, chosen.reason)
        return plan

    def _measure_pair(self, job: Job) -> None:
        repositories = self._open_repositories(job)
        names = job.payload
        follow_up = names["follow_up"]
        pair = repositories.pair_analyses.open_pair(follow_up, names["pair"])
        with work_folder(Path(tempfile.gettempdir()), PLAN_WORK_FOLDER) as home:
            for name, photograph in ((BEFORE_FILE, pair.before_id), (AFTER_FILE, pair.after_id)):
                (home / name).write_bytes(repositories.photographs.read_content(photograph)[1])
            measured = self._measure(home, self._report_progress(job), names["language"])
        if not self._queue.report(job):
            raise _JobLostError("called off at the last moment")
        repositories.pair_analyses.add(follow_up, pair.id, measured)

    def _report_progress(self, job: Job) -> Callable[[str], None]:
        """Return a callback that reports progress now and then.

        It raises an error when the program is ending, the plan takes too long, or the job was cancelled.
        """
        begun, reported = time.monotonic(), 0.0

        def heed(progress: str) -> None:
            nonlocal reported
            now = self._alive_at = time.monotonic()
            if self._stopping.is_set():
                raise _ShutdownError("the program ends")
            if now - begun > _LONGEST_S:
                raise clinic_error("job-too-long", "job")
            if now - reported < _REPORT_S:
                return
            reported = now
            if not self._queue.report(job, JobProgress(step=progress)):
                raise _JobLostError("called off, or another has it")

        return heed
