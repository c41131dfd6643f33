"""Ranges and durations as a source prints them."""

from dataclasses import dataclass

from skinbeam.messages import Message

__all__ = ["Duration", "Range"]


@dataclass(frozen=True)
class Range:
    """What a source prints as a range, in `unit`; `text` is the sentence that tells where it is from.

    Parameters
    ----------
    usual : what trials did in the middle, where they were counted.
    """

    low: float
    high: float
    unit: str
    source: str | None = None
    text: Message | None = None
    usual: float | None = None


@dataclass(frozen=True)
class Duration:
    """How long one thing of a session shows, in days.

    Parameters
    ----------
    what : downtime, redness or covering (of a rule), trials, calendar (the last day that is described) or bruise.
    source : key of its source, or of each where there are several.
    rule : id of the rule that gives it.
    """

    what: str
    low: float
    high: float
    unit: str
    source: str | tuple[str, ...]
    text: Message
    rule: str | None = None
