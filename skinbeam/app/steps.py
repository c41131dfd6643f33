"""What a plan tells of its steps, in one line each."""

from skinbeam.messages import Message
from skinbeam.plan.records import ConcernPlan

__all__ = ["said"]


def said(what: Message | ConcernPlan) -> str:
    """Return the line of a step, or of a concern that stands."""
    if isinstance(what, Message):
        return what.text
    from skinbeam.report.terminal import concern_rows

    name, option, expected, _ = concern_rows(what)[0]
    return f"{name}: {option}, {expected}"
