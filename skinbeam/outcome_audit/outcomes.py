"""One judged outcome: what a plan foretold of a course of treatment, and what was seen of it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skinbeam.model.estimate import Estimate, Unknown, Value

__all__ = [
    "AuditedCourse",
    "ObservedOutcome",
    "PredictedOutcome",
    "VerifiedForecast",
    "any_harm",
    "downtime_pairs",
    "harm_forecasts",
    "improvement_forecasts",
    "pain_pairs",
]


@dataclass(frozen=True)
class PredictedOutcome:
    """What a plan said of an option when consent to it was signed.

    Parameters
    ----------
    half : share of people who get better by half.
    harms : name of a harm → share of people whom it meets.
    downtime_days, pain_0_10 : what most people have.
    """

    half: Value
    harms: Mapping[str, Value]
    downtime_days: Value
    pain_0_10: Value


@dataclass(frozen=True)
class ObservedOutcome:
    """What was seen of a course; None where nobody looked or asked.

    Parameters
    ----------
    half : whether it got better by half, by the clinician's grade.
    harms : names of the harms that were seen, whenever and by whom.
    downtime_days, pain_0_10 : as they were told.
    """

    half: bool | None
    harms: frozenset[str]
    downtime_days: float | None = None
    pain_0_10: float | None = None


@dataclass(frozen=True)
class AuditedCourse:
    """A course of treatment that was judged: one consent, one concern, one or more sessions.

    Parameters
    ----------
    person : whose it is, by a name that tells nobody who that is.
    operator : the name in the records of who treated; empty where several did, since none of them answers alone.
    """

    person: str
    condition: str
    modality: str
    site: str
    phototype: str | Unknown
    operator: str
    foretold: PredictedOutcome
    seen: ObservedOutcome


@dataclass(frozen=True)
class VerifiedForecast:
    """The share of such people that was foretold, with its interval, and whether it came about in this one."""

    stated: Estimate
    happened: bool

    @property
    def p(self) -> float:
        """The middle of what was foretold."""
        return self.stated.median


def improvement_forecasts(outcomes: Iterable[AuditedCourse]) -> tuple[VerifiedForecast, ...]:
    """Return what was foretold and seen of getting better by half, where both are known."""
    return tuple(
        VerifiedForecast(one.foretold.half, one.seen.half)
        for one in outcomes
        if isinstance(one.foretold.half, Estimate) and one.seen.half is not None
    )


def harm_forecasts(outcomes: Iterable[AuditedCourse], name: str) -> tuple[VerifiedForecast, ...]:
    """Return what was foretold and seen of one harm, where it was foretold."""
    told = ((one.foretold.harms.get(name), name in one.seen.harms) for one in outcomes)
    return tuple(VerifiedForecast(stated, seen) for stated, seen in told if isinstance(stated, Estimate))


def any_harm(outcome: AuditedCourse) -> tuple[float, bool] | None:
    """Return the chance of any harm of which the plan told a share, and whether one was seen; None where it told none.

    Harms are taken as independent of each other, which foretells too many people harmed where they come together: it
    moves all operators alike, who are compared with each other.
    """
    known = {name: p.median for name, p in outcome.foretold.harms.items() if isinstance(p, Estimate)}
    if not known:
        return None
    return 1.0 - math.prod(1.0 - p for p in known.values()), bool(known.keys() & outcome.seen.harms)


def downtime_pairs(outcomes: Iterable[AuditedCourse]) -> tuple[tuple[Estimate, float], ...]:
    """Return the days of downtime that were foretold and seen, where both are known."""
    return _complete_pairs((one.foretold.downtime_days, one.seen.downtime_days) for one in outcomes)


def pain_pairs(outcomes: Iterable[AuditedCourse]) -> tuple[tuple[Estimate, float], ...]:
    """Return the pain from 0 to 10 that was foretold and told, where both are known."""
    return _complete_pairs((one.foretold.pain_0_10, one.seen.pain_0_10) for one in outcomes)


def _complete_pairs(pairs: Iterable[tuple[Value, float | None]]) -> tuple[tuple[Estimate, float], ...]:
    return tuple((stated, seen) for stated, seen in pairs if isinstance(stated, Estimate) and seen is not None)
