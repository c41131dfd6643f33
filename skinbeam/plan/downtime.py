"""How long anything of a session shows: every duration that is known, and the longest of them.

`downtime_days` of an option is one of them: until the wound has closed, the crusts are off or the swelling has gone.
Redness and the last changes outlast it, and who is told the shorter number is told a wrong one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.messages import Message, text
from skinbeam.plan.aftercare import visible
from skinbeam.plan.search.limits import bruise
from skinbeam.plan.spans import Duration
from skinbeam.plan.visit.healing import healing_days
from skinbeam.provenance import used
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table

__all__ = ["Showing", "longest", "showings", "shows_days", "shows_of"]

_DAYS = {"days": 1.0, "weeks": 7.0}


@dataclass(frozen=True)
class Showing:
    """One duration.

    Parameters
    ----------
    what : downtime, redness or covering (of a rule), trials, calendar (the last day that is described) or bruise.
    low, high : days.
    median : the printed mean or the middle, by which it is compared where it is no longest.
    rule : id of the rule that gives it; empty where none does.
    sources, message : its sources, and what it says.
    """

    what: str
    low: float
    high: float
    median: float
    rule: str
    sources: tuple[str, ...]
    message: Message

    @property
    def estimate(self) -> Estimate:
        """The days as an estimate; what is no estimate of trials is assumed (plan/aftercare)."""
        return Estimate(self.median, self.low, self.high, 0.8, "assumed", basis=self.sources)

    @property
    def told(self) -> Duration:
        """The record of it in a plan."""
        source = self.sources[0] if len(self.sources) == 1 else self.sources
        return Duration(self.what, self.low, self.high, "days", source, self.message, self.rule or None)


def showings(concern: Concern, modality: str, downtime: Value, *, bruised: bool = False) -> tuple[Showing, ...]:
    """Return every duration that is known of a session with a modality.

    Parameters
    ----------
    downtime : days of visible healing of the option; those of trials are among the durations.
    bruised : whether a bruise is likely.
    """
    found = [
        Showing(
            quantity,
            span.low * _DAYS[span.unit],
            span.high * _DAYS[span.unit],
            span.estimate().median * _DAYS[span.unit],
            span.rule,
            (span.source,),
            span.message,
        )
        for quantity, span in visible(modality, concern.condition, site=concern.site)
    ]
    if isinstance(downtime, Estimate) and downtime.kind != "assumed":  # an assumed one is the span of a rule
        message = Message("plan.shows-trials", {"days": downtime})
        found.append(
            Showing("trials", downtime.low, downtime.high, downtime.median, "", tuple(downtime.basis), message)
        )
    if table("modality")[modality]["laser"]:
        days = healing_days(modality, concern.condition)
        last, source = float(days[-1].day), days[-1].source
        message = Message("plan.shows-calendar", {"days": last})
        found.append(Showing("calendar", last, last, last, "", (source,), message))
    if bruised:
        told = bruise()
        message = Message("plan.shows-bruise", {"low": told.low_days, "high": told.high_days})
        middle = (told.low_days + told.high_days) / 2.0
        found.append(Showing("bruise", told.low_days, told.high_days, middle, "", (told.source,), message))
    used(*(key for one in found for key in one.sources))
    return tuple(found)


def longest(found: Sequence[Showing]) -> Showing | None:
    """Return the duration that ends last; None where none is known."""
    return max(found, key=lambda one: (one.high, one.low), default=None)


def shows_days(found: Sequence[Showing]) -> Duration | Unknown:
    """Return the record of the longest duration."""
    one = longest(found)
    return Unknown(text("plan.shows-unknown")) if one is None else one.told


def shows_of(found: Sequence[Showing]) -> tuple[Duration, ...]:
    """Return the records of all durations, the longest first."""
    return tuple(one.told for one in sorted(found, key=lambda one: (-one.high, -one.low)))
