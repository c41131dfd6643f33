"""Run work in parallel processes, and report the progress of a plan.

A third of a plan is Python, which one process runs on one processor only, so that threads would leave processors idle.
A forked process has everything that was imported and read before, and costs a hundredth of a second. Forking is safe
where the process has one thread: a lock that another thread holds would stay locked in the copy for ever. That is so on
the command line, before any kernel runs; elsewhere the same work is done in this process, with the same result.
"""

import ctypes
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, Union

from skinbeam.model.conditions import known_names
from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.text import Message

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

    from skinbeam.model.consultation import Concern
    from skinbeam.plan_records.plan import ConcernPlan

__all__ = [
    "ProgressListener",
    "concern_name",
    "end_with_parent",
    "listen_to_progress",
    "report_progress",
    "run_in_parallel",
]

# Progress of a plan: the current concern and device, and each concern as soon as it is planned.

ProgressListener = Callable[[Union[Message, "ConcernPlan"]], None]
"""Takes where a plan is, and a concern's part of it."""

_progress_listener: ContextVar[ProgressListener | None] = ContextVar("listener", default=None)


@contextmanager
def listen_to_progress(listener: ProgressListener) -> Iterator[None]:
    """Send progress reports of plans made inside the context to `listener` alone. It changes nothing of a plan."""
    token = _progress_listener.set(listener)
    try:
        yield
    finally:
        _progress_listener.reset(token)


def report_progress(progress: "Message | ConcernPlan") -> None:
    """Send a progress report to the current listener, if there is one."""
    listener = _progress_listener.get()
    if listener is not None:
        listener(progress)


def concern_name(concern: "Concern | ConcernPlan") -> str:
    """Return the name of a concern in messages: the titles of its condition and site."""
    return ", ".join(known_names(name)[getattr(concern, name)].title for name in ("condition", "site"))


WorkItem = TypeVar("WorkItem")
WorkResult = TypeVar("WorkResult")

_MAX_PROCESSES = 4  # copies at a time: a plan's skins take up to half a gigabyte in each
_THREAD_FOLDER = Path("/proc/self/task")  # has one folder for each thread
_WAITING_THREAD = "ending"  # the thread of `cli.interruption`, which holds no lock
_PR_SET_PDEATHSIG: Final = 1
_PROGRESS, _DONE, _FAILED = "progress", "done", "failed"


def run_in_parallel(
    work: Callable[[WorkItem], WorkResult], items: Sequence[WorkItem], *, on_started: Callable[[], object] | None = None
) -> list[WorkResult]:
    """Return the result of `work` for each item, in their order; the items are begun in their order too.

    Progress reports and used sources of the copies are passed on in this process. An interrupt ends the copies.

    Parameters
    ----------
    work : its results and exceptions can be pickled.
    on_started : called in this process as soon as every item is begun.

    Raises
    ------
    ChildProcessError : a copy was ended from outside.
    """
    most, fewest = min(_count_processors(), _MAX_PROCESSES), 2 if on_started is None else 1
    if most < 2 or len(items) < fewest or not _is_single_threaded() or _is_copy():
        return [work(item) for item in items]
    made: dict[int, WorkResult] = {}
    waiting = deque(range(len(items)))
    running: dict[Connection, ForkProcess] = {}
    try:
        while len(running) < min(most, len(items)):
            pipe, process = _start_worker(work, items)
            running[pipe] = process
            pipe.send(waiting.popleft())
        while running:
            if not waiting and on_started is not None:
                on_started()
                on_started = None
            for pipe in _ready_pipes(running):
                what, value = _read_pipe(pipe)
                if what == _PROGRESS:
                    report_progress(value)
                    continue
                if what == _FAILED:
                    raise value
                place, made[place], sources = value
                cite_sources(*sources)
                if waiting:
                    pipe.send(waiting.popleft())
                else:
                    pipe.send(None)
                    running.pop(pipe).join()
    finally:
        for process in running.values():
            process.kill()
        for process in running.values():
            process.join()
    return [made[place] for place in range(len(items))]


def end_with_parent(parent: int) -> None:
    """Have this process killed when the process that started it ends, however it ends; works on Linux only."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before prctl took effect
        os._exit(1)


def _ready_pipes(pipes: "Iterable[Connection]") -> "list[Connection]":
    """Wait until at least one of the pipes can be read, and return those that can."""
    from multiprocessing.connection import wait

    every = list(pipes)
    ready = wait(every)
    return [pipe for pipe in every if pipe in ready]


def _read_pipe(pipe: "Connection") -> tuple[str, Any]:
    try:
        message: tuple[str, Any] = pipe.recv()
    except EOFError:
        raise ChildProcessError("a process that worked on a part of this was ended from outside") from None
    return message


def _count_processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _is_single_threaded() -> bool:
    """Return whether one thread alone can hold a lock, threads of libraries included; False where this is not known."""
    waiting = sum(thread.name == _WAITING_THREAD for thread in threading.enumerate())
    return sys.platform == "linux" and len(list(_THREAD_FOLDER.iterdir())) == 1 + waiting


def _is_copy() -> bool:
    """Return whether this process is a copy itself, which starts no further copies."""
    from multiprocessing import current_process

    return current_process().daemon


def _start_worker(
    work: Callable[[WorkItem], WorkResult], items: Sequence[WorkItem]
) -> "tuple[Connection, ForkProcess]":
    from multiprocessing import get_context

    context = get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_run_worker, args=(work, items, there, os.getpid()), daemon=True)
    process.start()
    there.close()
    return here, process


def _run_worker(
    work: Callable[[WorkItem], WorkResult], items: Sequence[WorkItem], pipe: "Connection", parent: int
) -> None:
    """Work on items in a forked process, one after the other, so that it loads kernels once.

    The index of each item arrives through the pipe. The parent handles interrupts; the process ends with its parent,
    however that ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(parent)

    def send_progress(what: Any) -> None:
        pipe.send((_PROGRESS, what))

    while (place := pipe.recv()) is not None:
        try:
            with listen_to_progress(send_progress), collect_sources() as sources:
                result = work(items[place])
            pipe.send((_DONE, (place, result, tuple(sources))))
        except Exception as error:
            pipe.send((_FAILED, error))
