"""Work that is shared among copies of this process, one for each processor, where copying it is safe.

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
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from skinbeam.plan.work.progress import heard, say
from skinbeam.provenance import collect, used

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

__all__ = ["end_with_parent", "side_by_side"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 4  # copies at a time: a plan's skins take up to half a gigabyte in each
_THREADS = Path("/proc/self/task")  # a folder for each
_ONLY_WAITS = "ending"  # the thread of `cli.ending`, which holds no lock
_PR_SET_PDEATHSIG: Final = 1
_SAID, _DONE, _FAILED = "said", "done", "failed"


def side_by_side(
    work: Callable[[Item], Result], items: Sequence[Item], *, meanwhile: Callable[[], object] | None = None
) -> list[Result]:
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
    most, fewest = min(_processors(), _MOST), 2 if meanwhile is None else 1
    if most < 2 or len(items) < fewest or not _alone():
        return [work(item) for item in items]
    made: dict[int, Result] = {}
    waiting = deque(range(len(items)))
    running: dict[Connection, ForkProcess] = {}
    try:
        while len(running) < min(most, len(items)):
            pipe, process = _begun(work, items)
            running[pipe] = process
            pipe.send(waiting.popleft())
        while running:
            if not waiting and meanwhile is not None:
                meanwhile()
                meanwhile = None
            for pipe in _ready(running):
                what, value = _read(pipe)
                if what == _SAID:
                    say(value)
                    continue
                if what == _FAILED:
                    raise value
                place, made[place], sources = value
                used(*sources)
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


def _ready(pipes: "Iterable[Connection]") -> "list[Connection]":
    """Those of some pipes from which something can be read, once there is one."""
    from multiprocessing.connection import wait

    every = list(pipes)
    ready = wait(every)
    return [pipe for pipe in every if pipe in ready]


def _read(pipe: "Connection") -> tuple[str, Any]:
    try:
        message: tuple[str, Any] = pipe.recv()
    except EOFError:
        raise ChildProcessError("a process that worked on a part of this was ended from outside") from None
    return message


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _alone() -> bool:
    """Whether one thread alone can hold a lock, those of libraries counted; False where that cannot be told."""
    waiting = sum(thread.name == _ONLY_WAITS for thread in threading.enumerate())
    return sys.platform == "linux" and len(list(_THREADS.iterdir())) == 1 + waiting


def _begun(work: Callable[[Item], Result], items: Sequence[Item]) -> "tuple[Connection, ForkProcess]":
    from multiprocessing import get_context

    context = get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_copy, args=(work, items, there, os.getpid()), daemon=True)
    process.start()
    there.close()
    return here, process


def _copy(work: Callable[[Item], Result], items: Sequence[Item], pipe: "Connection", parent: int) -> None:
    """What a copy does: one item after the other that it is told the place of, so that it loads kernels once.

    An interrupt is its parent's to hear; it ends with its parent, however that ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent(parent)

    def tell(what: Any) -> None:
        pipe.send((_SAID, what))

    while (place := pipe.recv()) is not None:
        try:
            with heard(tell), collect() as sources:
                result = work(items[place])
            pipe.send((_DONE, (place, result, tuple(sources))))
        except Exception as error:
            pipe.send((_FAILED, error))
