"""The clock of the programs of `chaos.py`: time that passes in jumps, and hands that somebody has set.

As a program, `python chaos_clock.py CLOCK WORDS...` runs `skinbeam WORDS...` by that clock: `time.time` has both, the
counter of time since the machine started, which nobody can set, has only what passed. (libfaketime sets the clock of
any program, yet where it leaves the counters alone, version 0.9.10 breaks `time.sleep` of Python.)
"""

import datetime
import mmap
import sys
import time
from pathlib import Path

__all__ = ["MachineClock"]

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


def main() -> None:
    clock, wall, counter = MachineClock(Path(sys.argv[1])), time.time, time.clock_gettime
    time.time = lambda: wall() + clock.passed_s + clock.wrong_s
    time.clock_gettime = lambda which: counter(which) + clock.passed_s
    from skinbeam.cli import main as run_skinbeam

    sys.argv = ["skinbeam", *sys.argv[2:]]
    run_skinbeam()


if __name__ == "__main__":
    main()
