"""The clock of the programs of `chaos.py`: time that passes in jumps, and hands that somebody has set.

For the programs `time.time` has both; the counter of time since the machine started, which nobody can set, has only
what passed. (libfaketime sets the clock of any program, yet where it leaves the counters alone, version 0.9.10 breaks
`time.sleep` of Python.)
"""

import datetime
import mmap
import multiprocessing
import os
import sys
import time
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from skinbeam.cli import main
from skinbeam_clinic.database import columns

__all__ = ["ClockPrograms", "MachineClock"]

# Whatever a served app imports, so that one that was killed is back at once.
_IMPORTED = ["chaos_clock", "skinbeam_clinic.web.server", "skinbeam_clinic.web.application", "clinic"]

_PASSED, _WRONG = 0, 1  # places of the two numbers, in seconds, in the file
_SIZE = 16


class MachineClock:
    """The clock of a machine, in a file that its programs share.

    Parameters
    ----------
    path : of the file; it is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._seconds = memoryview(mmap.mmap(file.fileno(), _SIZE)).cast("d")

    @property
    def passed_s(self) -> float:
        """How far time has jumped."""
        return self._seconds[_PASSED]

    @property
    def wrong_s(self) -> float:
        """How far the hands are ahead of time."""
        return self._seconds[_WRONG]

    def now(self) -> datetime.datetime:
        """What a right clock shows."""
        return datetime.datetime.fromtimestamp(time.time() + self.passed_s, datetime.UTC)

    def pass_until(self, moment: datetime.datetime) -> None:
        """Let time pass."""
        self._seconds[_PASSED] += max(0.0, (moment - self.now()).total_seconds())

    def set_hands(self, wrong: datetime.timedelta) -> None:
        """Set the hands ahead of time or behind it; by zero they are right again."""
        self._seconds[_WRONG] = wrong.total_seconds()


class ClockPrograms:
    """Starts programs that read a clock, each in a process of its own, forked from one that has imported them already.

    Parameters
    ----------
    environment : of all programs.
    log : the file for all that they print.
    """

    def __init__(self, clock: MachineClock, environment: Mapping[str, str], log: Path) -> None:
        self._about = str(clock.path), dict(environment), str(log)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_IMPORTED)

    def start(self, *words: str) -> BaseProcess:
        """Start `skinbeam WORDS...`."""
        process = self._context.Process(target=_run, args=(*self._about, words))
        process.start()
        return process


def _run(clock_path: str, environment: dict[str, str], log: str, words: tuple[str, ...]) -> None:
    """Run a command of skinbeam by the clock, as a program that has just been started."""
    with open(log, "ab", buffering=0) as file:  # noqa: PTH123
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.update(environment)
    clock, wall, counter = MachineClock(Path(clock_path)), time.time, time.clock_gettime
    time.time = lambda: wall() + clock.passed_s + clock.wrong_s
    time.clock_gettime = lambda which: counter(which) + clock.passed_s
    columns._BOOT_TIME = time.time() - time.clock_gettime(columns._COUNTER)
    sys.argv = ["skinbeam", *words]
    main()
