"""End the process at once on Ctrl-C or SIGTERM, and remove partly written files and child processes.

A signal handler that raises an exception does so inside any running code: a callback of the compiler discards it, or
the process crashes. Handlers of this module therefore do not raise. The C handler of Python writes the number of the
signal to a pipe, a thread that reads the pipe ends the process, and the main thread stops as soon as it is back in
Python, so that it writes nothing more.
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
_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # a service that is stopped cleans up as after Ctrl-C
_HALT_WAIT_S = 0.3  # longest wait for the main thread, which may be in compiled code
_POLL_S = 1.5  # the process ends after this, even if a disk has not answered
_SHOW_CURSOR = b"\x1b[?25h"

_halted_flags: list[bool] = []


@contextmanager
def end_on_signal(*, until_exit: bool) -> Iterator[None]:
    """End the process with code 130 on Ctrl-C or SIGTERM, whatever it is doing.

    If other code installs its own handler for a signal, that handler alone responds to it.

    Parameters
    ----------
    until_exit : whether this holds until the process ends; else the previous handlers are restored after the block.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    woken = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wait_for_signal, args=(reading,), name="ending", daemon=True).start()
    before = {asked: signal.signal(asked, _halt_main_thread) for asked in _SIGNALS}
    if until_exit:
        atexit.register(_ignore_signals)
    try:
        yield
    finally:
        if not until_exit:
            for asked, handler in before.items():
                signal.signal(asked, handler)
            signal.set_wakeup_fd(woken)
            os.close(writing)


def _wait_for_signal(reading: int) -> None:
    """Wait for a signal that this module handles, and end the process; return when the pipe is closed."""
    while signals := os.read(reading, 1):
        if signal.getsignal(signals[0]) is _halt_main_thread:
            _end_process()
    os.close(reading)


def _halt_main_thread(_signal: int, _frame: object) -> None:
    """Stop the main thread; the thread that waits for signals ends the process."""
    _halted_flags.append(True)
    while True:
        time.sleep(_POLL_S)


def _end_process() -> None:
    """End the process. This function imports nothing, as the main thread may have stopped during an import."""
    try:
        forced = threading.Timer(_POLL_S, os._exit, [EXIT_INTERRUPTED])
        forced.daemon = True
        forced.start()
        until = time.monotonic() + _HALT_WAIT_S
        while not _halted_flags and time.monotonic() < until:
            time.sleep(0.005)
        if os.isatty(2):
            os.write(2, _SHOW_CURSOR)  # a progress bar hides it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # other threads would print errors about the killed processes
        _end_children()
        remove_temporary_paths()
    finally:
        os._exit(EXIT_INTERRUPTED)


def _end_children() -> None:
    """Kill all descendants of this process, and wait until its own child processes have ended."""
    started: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of a program is in brackets and may contain brackets; state and parent follow it.
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
    """Ignore signals while Python shuts down: the work is done, and the thread that handles signals is gone."""
    for asked in _SIGNALS:
        signal.signal(asked, signal.SIG_IGN)


def _reset_in_child() -> None:
    """Reset signals in a forked process: Ctrl-C reaches parent and child, and the parent ends its children."""
    if signal.getsignal(signal.SIGTERM) is _halt_main_thread:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_reset_in_child)
