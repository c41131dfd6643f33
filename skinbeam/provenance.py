"""Which sources a computation used: collected as values are read, printed with the result.

The report cites exactly what was read while it was made, never a fixed list.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["collect", "used"]

_collectors: ContextVar[tuple[dict[str, None], ...]] = ContextVar("collectors", default=())


@contextmanager
def collect() -> Iterator[dict[str, None]]:
    """Collect the source keys that are `used` inside, in order of first use; contexts may be nested."""
    keys: dict[str, None] = {}
    token = _collectors.set((*_collectors.get(), keys))
    try:
        yield keys
    finally:
        _collectors.reset(token)


def used(*keys: str) -> None:
    """Say that a value from these sources was read."""
    for collector in _collectors.get():
        collector.update(dict.fromkeys(keys))
