"""Column types that read back the same on every database, canonical JSON, and the clock."""

import datetime
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

__all__ = [
    "CanonicalJson",
    "UtcDateTime",
    "canonical_json",
    "clock_jump",
    "clock_set_to",
    "now",
    "time_after",
]

_set_time: ContextVar[datetime.datetime | None] = ContextVar("set_time", default=None)


def now() -> datetime.datetime:
    """Return the current time in UTC."""
    return _set_time.get() or datetime.datetime.fromtimestamp(time.time(), datetime.UTC)


@contextmanager
def clock_set_to(moment: datetime.datetime) -> Iterator[None]:
    """Make `now` return this moment within the block, so that the past of the sample clinic can be written."""
    token = _set_time.set(moment.astimezone(datetime.UTC))
    try:
        yield
    finally:
        _set_time.reset(token)


def canonical_json(value: Any) -> str:
    """Return the canonical text of a JSON value: sorted keys, no spaces, every number as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """A time with its zone, also on a database without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """Convert to UTC, so that stored times compare and sort in order."""
        return None if value is None else value.astimezone(datetime.UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime.datetime | None:
        """Return the stored time in UTC."""
        if value is None:
            return None
        read: datetime.datetime = value
        return read.replace(tzinfo=datetime.UTC) if read.tzinfo is None else read.astimezone(datetime.UTC)


class CanonicalJson(TypeDecorator[Any]):
    """JSON as canonical text: the same bytes on every database, so that they can be signed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return the canonical text."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return the parsed value.

        Raises
        ------
        ValueError : the text is not canonical, so another program has written it.
        """
        if value is None:
            return None
        read = json.loads(value)
        if canonical_json(read) != value:
            raise ValueError("JSON that is not in its one form")
        return read


# Changes of the machine's clock. The program cannot know which of two times was right, so nothing is decided by a
# clock that has jumped forward (`clock_jump`), and what happened later is dated later (`time_after`). A clock that was
# wrong before the program started, and is corrected while the program is not running, is not noticed.

_COUNTER = time.CLOCK_BOOTTIME  # counts on while the machine sleeps, and nobody sets it
_BOOT_TIME = time.time() - time.clock_gettime(_COUNTER)
_DRIFT = datetime.timedelta(minutes=5)  # over months, of a clock that is synchronised
_TICK = datetime.timedelta(microseconds=1)


def clock_jump() -> datetime.timedelta:
    """Return how far the clock was set forward since the program started; zero where it was set back or only drifts."""
    moved = datetime.timedelta(seconds=time.time() - time.clock_gettime(_COUNTER) - _BOOT_TIME)
    return moved if moved > _DRIFT else datetime.timedelta()


def time_after(earlier: Iterable[datetime.datetime]) -> datetime.datetime:
    """Return the current time, or the moment right after the latest of the earlier times where the clock says less."""
    return max([now(), *(moment + _TICK for moment in earlier)])
