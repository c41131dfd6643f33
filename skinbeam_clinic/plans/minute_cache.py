"""Cache what was read from records for a minute, for every thread of the server.

What is older is dropped from every cache whenever something is looked up in one or added, so that the records of people
who are treated no longer, or were erased, do not stay in memory; not even where a cache is seldom used itself.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

__all__ = ["MinuteCache"]

_LONGEST_S = 60.0
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")
_LOCK = threading.Lock()  # of all caches
_CACHES: "WeakSet[MinuteCache[Any, Any]]" = WeakSet()


class MinuteCache(Generic[_Key, _Value]):
    """The values that were added last.

    Parameters
    ----------
    most : how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._added: OrderedDict[_Key, tuple[float, _Value]] = OrderedDict()  # with the time, the oldest first
        with _LOCK:
            _CACHES.add(self)

    def get(self, key: _Key) -> _Value | None:
        """Return a value; None where it was not added within the last minute."""
        with _LOCK:
            _drop_old()
            entry = self._added.get(key)
        return None if entry is None else entry[1]

    def add(self, key: _Key, value: _Value) -> None:
        """Add a value in place of the one before."""
        with _LOCK:
            _drop_old()
            self._added[key] = time.monotonic(), value
            self._added.move_to_end(key)
            if len(self._added) > self._most:
                self._added.popitem(last=False)

    def drop_before(self, oldest_s: float) -> None:
        """Drop what was added until then."""
        while self._added and next(iter(self._added.values()))[0] <= oldest_s:
            self._added.popitem(last=False)


def _drop_old() -> None:
    oldest_s = time.monotonic() - _LONGEST_S
    for cache in _CACHES:
        cache.drop_before(oldest_s)
