"""Work side by side in processes, and the progress that it reports.

A third of a plan is Python, of which one process runs one line at a time, so that threads would leave a processor idle.
A copy knows all that was imported and read before, and costs a hundredth of a second. It is safe where the process has
one thread: a lock that another one holds would stay locked in the copy for ever. That is so on the command line, before
any kernel runs; elsewhere the same work is done here, and the result is the same.
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

from skinbeam.model.sources import cite_sources, collect_sources
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.text import Message

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

    from skinbeam.model.consultation import Concern
    from skinbeam.plan.records import ConcernPlan

__all__ = [
    "ProgressListener",
    "concern_name",
    "end_with_parent",
    "listen_to_progress",
    "report_progress",
    "run_in_parallel",
]

# What a plan tells while it is made: which concern and device it is at, and each concern as soon as it stands.

ProgressListener = Callable[[Union[Message, "ConcernPlan"]], None]
"""Takes where a plan is, and a concern's part of it."""

_progress_listener: ContextVar[ProgressListener | None] = ContextVar("listener", default=None)


@contextmanager
def listen_to_progress(listener: ProgressListener) -> Iterator[None]:
    """Tell `listener` what plans say inside; nobody else listens. It changes nothing of a plan."""
    token = _progress_listener.set(listener)
    try:
        yield
    finally:
        _progress_listener.reset(token)


def report_progress(what: "Message | ConcernPlan") -> None:
    """Tell whoever listens."""
    listener = _progress_listener.get()
    if listener is not None:
        listener(what)


def concern_name(concern: "Concern | ConcernPlan") -> str:
    """Return by which words messages of a concern name it."""
    return ", ".join(vocabulary_table(name)[getattr(concern, name)]["title"] for name in ("condition", "site"))


WorkItem = TypeVar("WorkItem")
WorkResult = TypeVar("WorkResult")

_MAX_PROCESSES = 4  # copies at a time: a plan's skins take up to half a gigabyte in each
_THREAD_FOLDER = Path("/proc/self/task")  # a folder for each
_WAITING_THREAD = "ending"  # the thread of `cli.interruption`, which holds no lock
_PR_SET_PDEATHSIG: Final = 1
_PROGRESS, _DONE, _FAILED = "said", "done", "failed"


def run_in_parallel(
    work: Callable[[WorkItem], WorkResult], items: Sequence[WorkItem], *, meanwhile: Callable[[], object] | None = None
) -> list[WorkResult]:
    """Return what `work` makes of each item, in their order; they are begun in their order too.

    What is said and which sources are used inside is heard here. An interrupt ends the copies.

    Parameters
    ----------
    work : what it returns and raises can be pickled.
    meanwhile : what this process does as soon as every item is begun.

    Raises
    ------
    ChildProcessError : a copy was ended from outside.
    """
    most, fewest = min(_count_processors(), _MAX_PROCESSES), 2 if meanwhile is None else 1
    if most < 2 or len(items) < fewest or not _is_single_threaded():
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
            if not waiting and meanwhile is not None:
                meanwhile()
                meanwhile = None
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
    """Have this process ended with the one that started it, however that ends; only Linux can do so."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that stood
        os._exit(1)


def _ready_pipes(pipes: "Iterable[Connection]") -> "list[Connection]":
    """Those of some pipes from which something can be read, once there is one."""
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
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _is_single_threaded() -> bool:
    """Whether one thread alone can hold a lock, those of libraries counted; False where that cannot be told."""
    waiting = sum(thread.name == _WAITING_THREAD for thread in threading.enumerate())
    return sys.platform == "linux" and len(list(_THREAD_FOLDER.iterdir())) == 1 + waiting


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
    """What a copy does: one item after the other that it is told the place of, so that it loads kernels once.

    An interrupt is its parent's to hear; it ends with its parent, however that ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(parent)

    def tell(what: Any) -> None:
        pipe.send((_PROGRESS, what))

    while (place := pipe.recv()) is not None:
        try:
            with listen_to_progress(tell), collect_sources() as sources:
                result = work(items[place])
            pipe.send((_DONE, (place, result, tuple(sources))))
        except Exception as error:
            pipe.send((_FAILED, error))
