"""Ends a run at once when it is asked to, wherever it is: nothing half written stays, and no process that it started.

A handler that raises does so inside whatever runs: a callback of the compiler swallows that, or the process dies of it.
So none raises. Python's own handler in C writes the number of the signal to a pipe, a thread that waits there ends the
process, and the main thread stands still as soon as it is back in Python, so that it writes nothing more meanwhile.
"""

import atexit
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from skinbeam.model.atomic_files import remove_temporary_paths

__all__ = ["EXIT_INTERRUPTED", "end_on_signal"]

EXIT_INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # a service that is stopped leaves as little behind as Ctrl-C
_HALT_WAIT_S = 0.3  # how long the main thread is waited for: compiled code may keep it
_POLL_S = 1.5  # the process ends after this, even if a disk has not answered
_SHOW_CURSOR = b"\x1b[?25h"

_halted_flags: list[bool] = []


@contextmanager
def end_on_signal(*, for_good: bool) -> Iterator[None]:
    """End the process with code 130 on Ctrl-C or SIGTERM, whatever it is at.

    Who takes a signal over with a handler of its own is left to answer it.

    Parameters
    ----------
    for_good : until the process ends; else while the block runs, and then handlers are as they were before it.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait_for_signal, args=(reading,), name="ending", daemon=True).start()
    before = {asked: signal.signal(asked, _halt_main_thread) for asked in _SIGNALS}
    if for_good:
        atexit.register(_ignore_signals)
    try:
        yield
    finally:
        if not for_good:
            for asked, handler in before.items():
                signal.signal(asked, handler)
            signal.set_wakeup_fd(woken)
            os.close(writing)


def _wait_for_signal(reading: int) -> None:
    """Wait for a signal of ours, and end; return once nobody writes any more."""
    while heard := os.read(reading, 1):
        if signal.getsignal(heard[0]) is _halt_main_thread:
            _end_process()
    os.close(reading)


def _halt_main_thread(_signal: int, _frame: object) -> None:
    """Keep the main thread from going on: the one that waits ends the process."""
    _halted_flags.append(True)
    while True:
        time.sleep(_POLL_S)


def _end_process() -> None:
    """End the process. Nothing is imported here: the main thread may stand still in the middle of an import."""
    try:
        forced = threading.Timer(_POLL_S, os._exit, [EXIT_INTERRUPTED])
        forced.daemon = True
        forced.start()
        until = time.monotonic() + _HALT_WAIT_S
        while not _halted_flags and time.monotonic() < until:
            time.sleep(0.005)
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)  # a bar of progress hides it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # other threads miss the processes that go, and would say so
        _end_children()
        remove_temporary_paths()
    finally:
        os._exit(EXIT_INTERRUPTED)


def _end_children() -> None:
    """Kill all processes that this one started, and those that they started, and wait until its own are gone."""
    started: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of a program stands in brackets and may hold any; state and parent follow it.
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            started.setdefault(parent, []).append(int(stat.parent.name))
    own = started.get(os.getpid(), [])
    waiting = list(own)
    while waiting:
        child = waiting.pop()
        with suppress(OSError):
            os.kill(child, signal.SIGKILL)
        waiting += started.get(child, [])
    for child in own:
        with suppress(OSError):
            os.waitpid(child, 0)


def _ignore_signals() -> None:
    """Python takes itself down, and what was asked for is done: nobody is there any more who could answer."""
    for asked in _SIGNALS:
        signal.signal(asked, signal.SIG_IGN)


def _reset_in_child() -> None:
    """In a forked process: Ctrl-C reaches both, and the parent ends its children."""
    if signal.getsignal(signal.SIGTERM) is _halt_main_thread:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_reset_in_child)
