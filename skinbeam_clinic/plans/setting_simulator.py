"""Answer questions about settings: from the answers that are known, otherwise from a few kept processes.

A question that takes longer than somebody likes to wait is answered with nothing yet: it stays in the queue of its
process, and the page asks again. The questions of a person go to one process, which has drawn their skins.
"""

import logging
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable

from skinbeam.model.errors import InputError
from skinbeam_clinic.plans.setting_answer import SettingAnswer, SettingQuestion
from skinbeam_clinic.plans.setting_process import PlannedPerson, SettingProcess
from skinbeam_clinic.plans.setting_queue import SettingQueue, WaitingQuestion
from skinbeam_clinic.plans.worker_process import ProcessDefectError

__all__ = ["SettingSimulator"]

_CORES_FOR_PROCESS, _MOST_PROCESSES = 4, 4  # beside the web server and the plans that are made
_MOST_WAITING = 4  # each waits in a thread of the web server
_MOST_ANSWERS = 10_000  # some kilobytes each
_log = logging.getLogger(__name__)


class SettingSimulator:
    """Answers the questions of all pages."""

    def __init__(self) -> None:
        processes = min(_MOST_PROCESSES, max(1, (os.cpu_count() or 1) // _CORES_FOR_PROCESS))
        self._answers = _AnswerCache()
        self._workers = tuple(_Worker(self._answers, processes) for _ in range(processes))
        self._places = threading.BoundedSemaphore(_MOST_WAITING)

    def ask(
        self,
        question: SettingQuestion,
        read_person: Callable[[], PlannedPerson],
        asker: Hashable,
        *,
        wait_s: float = 5.0,
    ) -> SettingAnswer | None:
        """Return the answer to a question; None while it is being computed: ask again.

        Parameters
        ----------
        read_person : called where no process has the person of the plan.
        asker : who asks about which option; what they asked before is no longer wanted.
        wait_s : how long to wait, where not too many wait already.

        Raises
        ------
        InputError : a setting that the device cannot have, or light that the model cannot judge.
        BusyError : too many questions are waiting, or the server ends.
        ProcessEndedError : the process ended without an answer, or took too long.
        ProcessDefectError : the process met a defect.
        """
        known = self._answers.get(question)
        if known is not None:
            return known
        worker = self._workers[zlib.crc32(question.plan_sha256.encode()) % len(self._workers)]
        asked = worker.ask(question, read_person, asker)
        if not asked.completion.is_set() and self._places.acquire(blocking=False):
            try:
                asked.completion.wait(wait_s)
            finally:
                self._places.release()
        if not asked.completion.is_set():
            return None
        worker.queue.remove(asked)
        if asked.error is not None:
            raise asked.error
        return asked.answer

    def close(self) -> None:
        """Kill the processes, whatever they are doing, and start no other."""
        for worker in self._workers:
            worker.close()


class _Worker:
    """A process with the queue of its questions, and the thread that takes one after the other to it."""

    def __init__(self, answers: "_AnswerCache", processes: int) -> None:
        self.queue = SettingQueue()
        self._answers = answers
        self._processes = processes
        self._process: SettingProcess | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def ask(
        self, question: SettingQuestion, read_person: Callable[[], PlannedPerson], asker: Hashable
    ) -> WaitingQuestion:
        """Add a question to the queue, where it is not there already."""
        waiting = self.queue.find(question, asker)
        if waiting is not None:
            return waiting
        person = None if question.plan_sha256 in self._people else read_person()
        with self._lock:
            asked = self.queue.find(question, asker) or self.queue.add(question, person, asker)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="settings", daemon=True)
                self._thread.start()
        return asked

    def close(self) -> None:
        self.queue.close()
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()

    @property
    def _people(self) -> tuple[str, ...]:
        process = self._process
        return () if process is None or process.has_ended else process.people

    def _run(self) -> None:
        while (asked := self.queue.take(self._people)) is not None:
            try:
                self._answer(asked)
            except Exception as error:
                asked.error = error
            finally:
                asked.complete()

    def _answer(self, question: WaitingQuestion) -> None:
        question.answer = self._answers.get(
            question.question
        )  # it may have come with the answer to an earlier question
        if question.answer is not None:
            return
        person = question.person
        if person is None and question.question.plan_sha256 not in self._people:
            return  # the person has made room since it was asked: whoever asks again brings them
        process = self._running_process()
        if process is None:
            return
        try:
            reply = process.ask(question.question, person)
        except Exception as error:  # the next reply could be the one to this question
            _log.warning("a process that simulates settings is replaced: %s", error)
            self._end_process()
            raise
        for known in reply.curves:
            self._answers.add(known.question, known.answer)
        if reply.fault is not None:
            raise InputError(**reply.fault)
        if reply.answer is None:
            raise ProcessDefectError("a defect while a setting was simulated")
        question.answer = reply.answer
        self._answers.add(question.question, question.answer)

    def _running_process(self) -> SettingProcess | None:
        """Return the process, a new one where nobody asked for long or it was killed; None where the server ends."""
        if self._process is not None and self._process.has_ended:
            self._end_process()
        with self._lock:
            if self._process is None and not self._closed:
                self._process = SettingProcess(self._processes)
            return self._process

    def _end_process(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.close()


class _AnswerCache:
    """The last answers, for every thread of the server."""

    def __init__(self) -> None:
        self._answers: OrderedDict[SettingQuestion, SettingAnswer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: SettingQuestion) -> SettingAnswer | None:
        with self._lock:
            answer = self._answers.get(question)
            if answer is not None:
                self._answers.move_to_end(question)
            return answer

    def add(self, question: SettingQuestion, answer: SettingAnswer) -> None:
        with self._lock:
            self._answers[question] = answer
            while len(self._answers) > _MOST_ANSWERS:
                self._answers.popitem(last=False)
