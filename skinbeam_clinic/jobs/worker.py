"""Takes plans from the queue and has them made, one at a time, in the name of who asked.

A program that is killed leaves its job to the next one: its lease runs out. A plan that is made again is kept once,
since it has the same bytes (`records.desk.plans`).
"""

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from skinbeam.app.clinic.answers import submission_of
from skinbeam.app.clinic.apart import PHOTOGRAPH, BrokenError, made_apart
from skinbeam.app.clinic.course.history import HISTORY, joined, recorded_history, written_facts
from skinbeam.app.faults import refusal
from skinbeam.app.forms import Submission
from skinbeam.errors import InputError, SkinbeamError
from skinbeam.files.unfinished import work_folder
from skinbeam.records.desk.desk import Desk
from skinbeam.records.faults import UnreachableError, fault
from skinbeam.records.kept import Job, Made, Plan
from skinbeam.records.people.accounts import acting
from skinbeam.records.store.database import Database
from skinbeam.records.store.queue import Queue

__all__ = ["PLAN", "Maker", "Worker"]

PLAN = "plan"
_LOOK_S = 2.0  # how often it is looked for jobs that nobody told of: those of other programs, and of killed ones
_REPORT_S = 0.9
_LONGEST_S = 900.0  # a first plan compiles for minutes; one that takes longer hangs
_ENDING_S = 1.0
_SILENT_S = 60.0  # a worker says that it is alive every two seconds, but waits for a busy database

Maker = Callable[[Submission, Path, Callable[[str], None], str], Made]
_log = logging.getLogger(__name__)


class _EndedError(SkinbeamError):
    """The program ends."""


class _LostError(SkinbeamError):
    """The job was called off, or another has it."""


class Worker:
    """One thread that works for all clinics of a database.

    Parameters
    ----------
    make : makes a plan.
    """

    def __init__(self, database: Database, make: Maker = made_apart) -> None:
        self._database = database
        self._queue = Queue(database)
        self._make = make
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._alive_at = time.monotonic()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is a job."""
        self._woken.set()

    def alive(self) -> bool:
        """Tell whether jobs are being done."""
        return self._thread.is_alive() and time.monotonic() - self._alive_at < _SILENT_S

    def end(self) -> None:
        """Say that it is to give the job back that is under way, and end."""
        self._ended.set()
        self._woken.set()

    def stop(self) -> None:
        """End, and wait until it has."""
        self.end()
        self._thread.join(_ENDING_S)

    def work(self) -> bool:
        """Do the job that has waited longest; False where none waits.

        Raises
        ------
        UnreachableError : the database does not answer; the job is done again later.
        """
        job = self._queue.take(PLAN)
        if job is None:
            return False
        try:
            self._queue.finish(job, {"plan": self._plan(job).id})
        except _EndedError:
            self._queue.give_back(job, tried=False)
        except BrokenError:
            self._queue.give_back(job, tried=True)
        except _LostError:
            pass
        except UnreachableError:
            raise
        except InputError as error:
            self._queue.fail(job, error)
        except Exception:
            _log.exception("defect while working on a job")
            self._queue.fail(job, refusal(500).error)
        return True

    def _run(self) -> None:
        while not self._ended.is_set():
            worked, self._alive_at = False, time.monotonic()
            try:
                worked = self.work()
            except UnreachableError as error:
                _log.warning("%s", error)
            except Exception:
                _log.exception("defect in the queue")
            if not worked:
                self._woken.wait(_LOOK_S)
                self._woken.clear()

    def _plan(self, job: Job) -> Plan:
        desk, names = Desk(self._database, acting(self._database, job.clinic_id, job.created_by)), job.payload
        kept = desk.consultations.get(names["consultation"])
        if kept.revision != names["revision"]:
            raise fault("plan-outdated", "job")
        facts = recorded_history(desk, kept.patient_id)
        sent = joined(submission_of(kept.answers), facts)
        with work_folder(Path(tempfile.gettempdir()), "skinbeam-clinic") as home:
            if sent.photo:
                (home / PHOTOGRAPH).write_bytes(desk.photographs.content(sent.photo)[1])
            made = self._make(sent, home, self._heed(job), names["language"])
        if not self._queue.report(job, {}):
            raise _LostError("called off at the last moment")
        if facts:
            made = replace(made, files={**made.files, HISTORY: written_facts(facts)})
        return desk.plans.add(names["consultation"], made, revision=names["revision"])

    def _heed(self, job: Job) -> Callable[[str], None]:
        """What reports now and then, and ends the making of a plan that nobody waits for."""
        begun, reported = time.monotonic(), 0.0

        def heed(said: str) -> None:
            nonlocal reported
            now = self._alive_at = time.monotonic()
            if self._ended.is_set():
                raise _EndedError("the program ends")
            if now - begun > _LONGEST_S:
                raise fault("job-too-long", "job")
            if now - reported < _REPORT_S:
                return
            reported = now
            if not self._queue.report(job, {"said": said}):
                raise _LostError("called off, or another has it")

        return heed
