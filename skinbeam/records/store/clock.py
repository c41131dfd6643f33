"""What holds when the machine's clock is set: nobody here can know which of two times was the right one.

So nothing is built on a clock that has jumped forward (`set_forward`), and what came later is dated later (`after`). A
clock that was wrong before the program started, and is put right while it stands still, is not noticed.
"""

import datetime
import time
from collections.abc import Iterable

from skinbeam.records.store.columns import now

__all__ = ["after", "set_forward"]

_COUNTER = time.CLOCK_BOOTTIME  # counts on while the machine sleeps, and nobody sets it
_STARTED = time.time() - time.clock_gettime(_COUNTER)
_DRIFT = datetime.timedelta(minutes=5)  # in months, of a clock that is kept right
_TICK = datetime.timedelta(microseconds=1)


def set_forward() -> datetime.timedelta:
    """Return how far the clock was set forward since this program started; nothing where it was set back or drifts."""
    moved = datetime.timedelta(seconds=time.time() - time.clock_gettime(_COUNTER) - _STARTED)
    return moved if moved > _DRIFT else datetime.timedelta()


def after(earlier: Iterable[datetime.datetime]) -> datetime.datetime:
    """Return the time, or where the clock says less, the moment right after the latest of those that came before."""
    return max([now(), *(one + _TICK for one in earlier)])
