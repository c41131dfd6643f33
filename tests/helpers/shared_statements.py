"""Engines of SQLAlchemy that share the statements which they have compiled: each test has an engine of its own."""

import functools
from typing import Any

from sqlalchemy import URL, Dialect, Engine, create_engine
from sqlalchemy.util import LRUCache

__all__ = ["create_sharing_engine"]

_COMPILED = LRUCache[Any, Any](2000)  # more than all statements of the clinic for both kinds of database


def create_sharing_engine(url: URL, **options: Any) -> Engine:
    """Return an engine that compiles no statement anew which another engine of its kind has compiled."""
    engine = create_engine(url, execution_options={"compiled_cache": _COMPILED}, **options)
    engine.dialect.__class__ = _equal_dialect(type(engine.dialect))
    return engine


@functools.cache
def _equal_dialect(kind: type[Dialect]) -> type[Dialect]:
    """Return a kind of dialect of which each is equal to each other, as it is part of the key of a statement.

    All databases of a worker's tests are served by one version of SQLite and by one server of PostgreSQL.
    """

    def is_equal(_: Dialect, other: object) -> bool:
        return isinstance(other, kind)

    content = {"__eq__": is_equal, "__hash__": lambda _: hash(kind), "supports_statement_cache": True}
    return type(kind.__name__, (kind,), content)
