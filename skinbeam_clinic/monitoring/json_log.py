"""Structured logging: one line of JSON per record, without personal data.

An exception is logged with its type and traceback. Its message is left out, as it may repeat what somebody has typed;
so are the messages of libraries, except for those of the server, which are logged before arguments are put into them.
"""

import datetime
import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import IO

__all__ = ["configure_logging", "request_id"]

_OUR_LOGGERS, _SERVER_LOGGER = ("skinbeam", "skinbeam_clinic"), "uvicorn"
_MOST_PLACES = 30  # traceback frames of one exception; the innermost are the most useful

request_id: ContextVar[str] = ContextVar("request_number", default="")


class _JsonLogFormatter(logging.Formatter):
    """Formats a log record as one JSON document in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds")
        line: dict[str, str | list[Mapping[str, str | list[str]]]] = {
            "at": at,
            "level": record.levelname.lower(),
            "from": record.name,
        }
        package = record.name.split(".")[0]
        if package in _OUR_LOGGERS:
            line["said"] = record.getMessage()
        elif package == _SERVER_LOGGER:
            line["said"] = str(record.msg).strip()
        if number := request_id.get():
            line["request"] = number
        line |= getattr(record, "told", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["faults"] = list(_exception_chain(record.exc_info[1]))
        return json.dumps(line)


def _exception_chain(error: BaseException) -> Iterator[Mapping[str, str | list[str]]]:
    """Yield an exception, then its causes."""
    met: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in met:
        met.add(id(following))
        frames = traceback.extract_tb(following.__traceback__)[-_MOST_PLACES:]
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        yield {"kind": type(following).__qualname__, "at": places}
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def configure_logging(stream: IO[str] | None = None) -> None:
    """Make the whole program log JSON lines, including warnings of libraries and exceptions that end a thread.

    Parameters
    ----------
    stream : the error stream where it is None.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLogFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _OUR_LOGGERS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _log_ended_thread


def _log_ended_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        kind, error = type(ended.exc_value), ended.exc_value
        logging.getLogger(_OUR_LOGGERS[0]).error("a thread has ended", exc_info=(kind, error, ended.exc_traceback))
