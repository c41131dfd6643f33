"""Predicted and observed outcome of a judged course of treatment, and the forecasts that can be verified with it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skinbeam.model.estimate import Estimate, Unknown, Value

__all__ = [
    "AuditedCourse",
    "ObservedOutcome",
    "PredictedOutcome",
    "VerifiedForecast",
    "any_harm_forecast",
    "downtime_pairs",
    "harm_forecasts",
    "improvement_forecasts",
    "pain_pairs",
]


@dataclass(frozen=True)
class PredictedOutcome:
    """Prediction of a plan for an option when the consent was signed.

    Parameters
    ----------
    half_improved : share of people who improve by half.
    harms : mapping of the name of a harm to the share of people with it.
    downtime_days, pain_0_10 : typical values.
    """

    half_improved: Value
    harms: Mapping[str, Value]
    downtime_days: Value
    pain_0_10: Value


@dataclass(frozen=True)
class ObservedOutcome:
    """Observed outcome of a course; None for values that were not recorded.

    Parameters
    ----------
    half_improved : whether it improved by half, by the clinician's grade.
    harms : names of the observed harms, at any time and by any observer.
    downtime_days, pain_0_10 : as reported.
    """

    half_improved: bool | None
    harms: frozenset[str]
    downtime_days: float | None = None
    pain_0_10: float | None = None


@dataclass(frozen=True)
class AuditedCourse:
    """A judged course of treatment: a consent for a concern, with one or more sessions.

    Parameters
    ----------
    person : pseudonym of the patient.
    operator : name of the operator in the records; empty for several operators, as none is responsible alone.
    """

    person: str
    condition: str
    modality: str
    site: str
    phototype: str | Unknown
    operator: str
    predicted: PredictedOutcome
    observed: ObservedOutcome


@dataclass(frozen=True)
class VerifiedForecast:
    """The predicted share of such people, with its interval, and whether the event happened in this person."""

    predicted: Estimate
    occurred: bool

    @property
    def p(self) -> float:
        """Median of the prediction."""
        return self.predicted.median


def improvement_forecasts(outcomes: Iterable[AuditedCourse]) -> tuple[VerifiedForecast, ...]:
    """Return the forecasts of an improvement by half for courses with a prediction and an observation."""
    return tuple(
        VerifiedForecast(course.predicted.half_improved, course.observed.half_improved)
        for course in outcomes
        if isinstance(course.predicted.half_improved, Estimate) and course.observed.half_improved is not None
    )


def harm_forecasts(outcomes: Iterable[AuditedCourse], name: str) -> tuple[VerifiedForecast, ...]:
    """Return the forecasts of a harm for courses with a prediction of it."""
    pairs = ((course.predicted.harms.get(name), name in course.observed.harms) for course in outcomes)
    return tuple(VerifiedForecast(stated, seen) for stated, seen in pairs if isinstance(stated, Estimate))


def any_harm_forecast(outcome: AuditedCourse) -> tuple[float, bool] | None:
    """Return the probability of any harm whose share the plan predicted, and whether one was observed.

    None if the plan predicted no share. Harms are taken as independent of each other. If they occur together, this
    predicts too many harmed people; it affects all operators alike, who are compared with each other.
    """
    known = {name: p.median for name, p in outcome.predicted.harms.items() if isinstance(p, Estimate)}
    if not known:
        return None
    return 1.0 - math.prod(1.0 - p for p in known.values()), bool(known.keys() & outcome.observed.harms)


def downtime_pairs(outcomes: Iterable[AuditedCourse]) -> tuple[tuple[Estimate, float], ...]:
    """Return pairs of predicted and observed days of downtime, where both are known."""
    return _complete_pairs((course.predicted.downtime_days, course.observed.downtime_days) for course in outcomes)


def pain_pairs(outcomes: Iterable[AuditedCourse]) -> tuple[tuple[Estimate, float], ...]:
    """Return pairs of predicted and reported pain from 0 to 10, where both are known."""
    return _complete_pairs((course.predicted.pain_0_10, course.observed.pain_0_10) for course in outcomes)


def _complete_pairs(pairs: Iterable[tuple[Value, float | None]]) -> tuple[tuple[Estimate, float], ...]:
    return tuple((stated, seen) for stated, seen in pairs if isinstance(stated, Estimate) and seen is not None)
