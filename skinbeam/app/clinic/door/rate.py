"""How often somebody asks, counted in memory; a clock that is set back locks nobody out."""

import time

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

__all__ = ["Rate"]

_SET_BACK_S = 1.0


class Rate:
    """Counts within a moving window.

    The library dates each request by the clock: what was asked before the clock was set back would count for as long as
    that, so it is forgotten then.
    """

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._offset_s = _offset_s()

    def hit(self, limit: RateLimitItem, who: str) -> bool:
        """Count a request; False where there were too many."""
        offset_s = _offset_s()
        if offset_s < self._offset_s - _SET_BACK_S:
            self._storage.reset()
        self._offset_s = offset_s
        return self._limiter.hit(limit, who)


def _offset_s() -> float:
    return time.time() - time.monotonic()
