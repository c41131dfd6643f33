"""Which sources a computation used: collected as values are read, printed with the result.

The report cites exactly what was read while it was made, never a fixed list.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from skinbeam.shipped import shipped_table

__all__ = ["collect", "remembered", "sourced", "used"]

Args = ParamSpec("Args")
Result = TypeVar("Result")

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
        for key in keys:  # mostly one, for which a loop is quickest
            collector[key] = None


def sourced(table: str, section: str, name: str) -> Mapping[str, Any]:
    """Return a record of a shipped table: `value`, `source` and what else it carries; its source counts as used."""
    record: Mapping[str, Any] = shipped_table(table)[section][name]
    used(record["source"])
    return record


def remembered(most: int) -> Callable[[Callable[Args, Result]], Callable[Args, Result]]:
    """Keep the last `most` results of a function, whose sources are named at every read and not only at the first."""

    def keeps(work: Callable[Args, Result]) -> Callable[Args, Result]:
        def with_sources(*args: Args.args, **kwargs: Args.kwargs) -> tuple[Result, tuple[str, ...]]:
            with collect() as sources:
                result = work(*args, **kwargs)
            return result, tuple(sources)

        kept: Any = lru_cache(maxsize=most)(with_sources)

        @wraps(work)
        def read(*args: Args.args, **kwargs: Args.kwargs) -> Result:
            result: Result
            result, sources = kept(*args, **kwargs)
            used(*sources)
            return result

        return read

    return keeps
