"""Calibration of predictions: reliability curve, Brier score, observed over expected, intercept and slope."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.outcome_audit.counts import (
    CONFIDENCE_LEVEL,
    MIN_CASES,
    MIN_CASES_OF_EACH,
    Z95,
    central_range,
    count_distribution,
    share_estimate,
    too_few_cases,
)
from skinbeam.outcome_audit.outcomes import VerifiedForecast
from skinbeam.text import render_message

__all__ = [
    "BrierScore",
    "ForecastCalibration",
    "ReliabilityGroup",
    "brier_score",
    "forecast_calibration",
    "reliability_curve",
]

Floats = NDArray[np.float64]

_MAX_GROUPS = 10


@dataclass(frozen=True)
class ReliabilityGroup:
    """A group of people with similar predicted probabilities.

    Parameters
    ----------
    people, events : numbers of people and of events.
    predicted : mean predicted probability.
    observed : observed share, with its 95 % interval.
    expected_low, expected_high : shares between which 95 % of such groups are if the predictions are right.
    """

    people: int
    events: int
    predicted: float
    observed: Estimate
    expected_low: float
    expected_high: float

    @property
    def consistent(self) -> bool:
        """Whether chance alone explains the observed share."""
        return self.expected_low <= self.observed.median <= self.expected_high


@dataclass(frozen=True)
class BrierScore:
    """Brier score, the mean of (predicted probability - outcome)², and its components (learning 4).

    Parameters
    ----------
    score : with its 95 % interval.
    expected : expected score if the predictions are right, with the 95 % interval by chance.
    miscalibration : improvement if each prediction were replaced by the observed share among equal predictions.
    discrimination : improvement over predicting the same probability for all people.
    uncertainty : score of predicting the overall observed share for all people.
    """

    score: Estimate
    expected: Estimate
    miscalibration: float
    discrimination: float
    uncertainty: float


def reliability_curve(forecasts: Sequence[VerifiedForecast]) -> tuple[ReliabilityGroup, ...] | Unknown:
    """Return groups of about equal size by predicted probability, at least `MIN_CASES` people each (learning 3).

    People with equal predictions are in the same group.
    """
    if len(forecasts) < MIN_CASES:
        return too_few_cases(len(forecasts), "learning.of-judged")
    ordered = sorted(forecasts, key=lambda forecast: forecast.p)
    size = max(MIN_CASES, math.ceil(len(ordered) / _MAX_GROUPS))
    groups: list[list[VerifiedForecast]] = [[]]
    for forecast in ordered:
        if len(groups[-1]) >= size and forecast.p > groups[-1][-1].p:
            groups.append([])
        groups[-1].append(forecast)
    if len(groups[-1]) < MIN_CASES and len(groups) > 1:
        last = groups.pop()
        groups[-1] += last
    return tuple(map(_make_group, groups))


def _make_group(members: Sequence[VerifiedForecast]) -> ReliabilityGroup:
    p, n = np.array([forecast.p for forecast in members]), len(members)
    happened = sum(forecast.occurred for forecast in members)
    low, high = central_range(count_distribution(p))
    return ReliabilityGroup(n, happened, float(p.mean()), share_estimate(happened, n), low / n, high / n)


def brier_score(forecasts: Sequence[VerifiedForecast]) -> BrierScore | Unknown:
    """Return the Brier score, or the reason why there is none."""
    if len(forecasts) < MIN_CASES:
        return too_few_cases(len(forecasts), "learning.of-judged")
    p = np.array([forecast.p for forecast in forecasts])
    y = np.array([forecast.occurred for forecast in forecasts], dtype=np.float64)
    scores, n = (p - y) ** 2, len(y)
    by_chance = p * (1.0 - p)
    noise = float(np.sqrt(np.sum((1.0 - 2.0 * p) ** 2 * by_chance))) / n
    best, uncertainty = _isotonic_fit(p, y), float(y.mean() * (1.0 - y.mean()))
    recalibrated = float(np.mean((best - y) ** 2))
    return BrierScore(
        _normal_interval(float(scores.mean()), float(scores.std(ddof=1)) / math.sqrt(n), n),
        _normal_interval(float(by_chance.mean()), noise, n),
        max(0.0, float(scores.mean()) - recalibrated),  # neither part is negative, but for rounding
        max(0.0, uncertainty - recalibrated),
        uncertainty,
    )


def _isotonic_fit(p: Floats, y: Floats) -> Floats:
    """Return the observed share as a non-decreasing function of the prediction, a value for each forecast."""
    _, where, counts = np.unique(p, return_inverse=True, return_counts=True)
    means = np.bincount(where, weights=y) / counts
    from scipy.optimize import isotonic_regression  # imported late: a server that only starts need not load it

    fitted: Floats = isotonic_regression(means, weights=counts).x[where]
    return fitted


def _normal_interval(value: float, error: float, n: int) -> Estimate:
    return Estimate(
        value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error), CONFIDENCE_LEVEL, "measured", n
    )


# Calibration in the large and at the extremes: observed over expected, intercept and slope.

_MIN_EVENTS = 10  # of each kind, below which the interval of an intercept is not reliable
_MIN_PROBABILITY = 1e-6  # distance from 0 and 1: certain predictions have no finite odds
_MAX_ITERATIONS = 50
_TOLERANCE = 1e-9  # if all logits are within this, a slope cannot be estimated


@dataclass(frozen=True)
class ForecastCalibration:
    """Calibration of predictions against observations (learning 5 to 7).

    Parameters
    ----------
    people, expected, observed : numbers of judged people, of expected events and of observed events.
    ratio : observed over expected events; 1 is right.
    odds : common factor of the observed over the predicted odds; 1 is right.
    slope : of the logits of the observations over those of the predictions; 1 is right, and below 1 the predictions
        were too extreme.
    """

    people: int
    expected: float
    observed: int
    ratio: Value
    odds: Value
    slope: Value


def forecast_calibration(forecasts: Sequence[VerifiedForecast]) -> ForecastCalibration:
    """Return the calibration of forecasts; figures for which there are too few cases are unknown."""
    p = np.clip([forecast.p for forecast in forecasts], _MIN_PROBABILITY, 1.0 - _MIN_PROBABILITY)
    y = np.array([forecast.occurred for forecast in forecasts], dtype=np.float64)
    happened, people = int(y.sum()), len(forecasts)
    fewest = min(happened, people - happened)
    return ForecastCalibration(
        people,
        float(p.sum()),
        happened,
        _observed_expected_ratio(p, happened) if people >= MIN_CASES else too_few_cases(people, "learning.of-judged"),
        _odds_factor(logit(p), y) if fewest >= _MIN_EVENTS else too_few_cases(fewest, "learning.of-each", _MIN_EVENTS),
        _logistic_slope(logit(p), y)
        if fewest >= MIN_CASES_OF_EACH
        else too_few_cases(fewest, "learning.of-each", MIN_CASES_OF_EACH),
    )


def _observed_expected_ratio(p: Floats, happened: int) -> Estimate:
    """Return observed over expected events, with the expected number taken as exact (learning 5)."""
    return share_estimate(happened, len(p)).scaled(1.0 / float(p.mean()))


def _odds_factor(stated: Floats, y: Floats) -> Estimate:
    """Return the common factor on all odds with which the expected equals the observed number (learning 6)."""
    by = 0.0
    for _ in range(_MAX_ITERATIONS):
        fitted = expit(stated + by)
        step = float(np.sum(y - fitted) / np.sum(fitted * (1.0 - fitted)))
        by += max(-1.0, min(1.0, step))
        if abs(step) < _TOLERANCE:
            break
    fitted = expit(stated + by)
    error = 1.0 / math.sqrt(float(np.sum(fitted * (1.0 - fitted))))
    middle, low, high = (math.exp(by + z * error) for z in (0.0, -Z95, Z95))
    return Estimate(middle, low, high, CONFIDENCE_LEVEL, "measured", len(y))


def _logistic_slope(stated: Floats, y: Floats) -> Value:
    """Return the slope of a logistic regression on the logit of the predictions (learning 7)."""
    if float(np.ptp(stated)) < _TOLERANCE:
        return Unknown(render_message("learning.all-alike"))
    middle = float(stated.mean())
    design = np.column_stack((np.ones_like(stated), stated - middle))
    coefficients = np.array([float(logit(y.mean())), 0.0])
    information = np.eye(2)
    for _ in range(_MAX_ITERATIONS):
        fitted = expit(design @ coefficients)
        information = design.T @ (design * (fitted * (1.0 - fitted))[:, None])
        step = np.linalg.solve(information, design.T @ (y - fitted))
        coefficients = coefficients + np.clip(step, -1.0, 1.0)
        if float(np.max(np.abs(step))) < _TOLERANCE:
            break
    error = math.sqrt(float(np.linalg.inv(information)[1, 1]))
    value = float(coefficients[1])
    return Estimate(value, value - Z95 * error, value + Z95 * error, CONFIDENCE_LEVEL, "measured", len(y))
