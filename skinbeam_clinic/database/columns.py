"""Kinds of columns that read back the same on every database."""

import datetime
import json
import time
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["Json", "Utc", "json_text", "now"]


def now() -> datetime.datetime:
    """Return the time, in UTC."""
    return datetime.datetime.fromtimestamp(time.time(), datetime.UTC)


def json_text(value: Any) -> str:
    """Return the one text of a JSON value: sorted keys, no spaces, every number as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Utc(TypeDecorator[datetime.datetime]):
    """A moment with its zone, also on a database that knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> datetime.datetime | None:
        """Write UTC, so that moments compare and sort as they happened."""
        return None if value is None else value.astimezone(datetime.UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime.datetime | None:
        """Read UTC."""
        if value is None:
            return None
        read: datetime.datetime = value
        return read.replace(tzinfo=datetime.UTC) if read.tzinfo is None else read.astimezone(datetime.UTC)


class Json(TypeDecorator[Any]):
    """JSON as its one text: the same bytes on every database, so that they can be signed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write the one text."""
        return None if value is None else json_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read it.

        Raises
        ------
        ValueError : somebody else has written it: it is not the one text.
        """
        if value is None:
            return None
        read = json.loads(value)
        if json_text(read) != value:
            raise ValueError("JSON that is not in its one form")
        return read
