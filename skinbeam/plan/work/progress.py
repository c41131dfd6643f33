"""What a plan tells while it is made: which concern and device it is at, and each concern as soon as it stands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Union

from skinbeam.messages import Message
from skinbeam.schema.names import table

if TYPE_CHECKING:  # a photograph is looked at before a planner is there
    from skinbeam.plan.records import ConcernPlan
    from skinbeam.schema.consultation import Concern

__all__ = ["Listener", "heard", "in_short", "say"]

Listener = Callable[[Union[Message, "ConcernPlan"]], None]
"""Takes where a plan is, and a concern's part of it."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard(listener: Listener) -> Iterator[None]:
    """Tell `listener` what plans say inside; nobody else listens. It changes nothing of a plan."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def say(what: "Message | ConcernPlan") -> None:
    """Tell whoever listens."""
    listener = _listener.get()
    if listener is not None:
        listener(what)


def in_short(concern: "Concern | ConcernPlan") -> str:
    """Return by which words messages of a concern name it."""
    return ", ".join(table(name)[getattr(concern, name)]["title"] for name in ("condition", "site"))
