"""How far what was foretold is off as a whole and at its ends: expected over seen, intercept and slope."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.learning.counts import share
from skinbeam.learning.enough import FEWEST, FEWEST_OF_EACH, LEVEL, Z95, too_few
from skinbeam.learning.outcome import Forecast
from skinbeam.messages import text

__all__ = ["Calibration", "calibration"]

Floats = NDArray[np.float64]

_FEWEST_EVENTS = 10  # of each kind, below which the interval of an intercept is not to be trusted
_NEAREST = 1e-6  # to 0 and 1: what was foretold as certain has no finite odds
_STEPS = 50
_SAME = 1e-9  # logits nearer to each other than this tell of no slope


@dataclass(frozen=True)
class Calibration:
    """What was foretold against what came about (learning 5 to 7).

    Parameters
    ----------
    people, expected, happened : how many were judged, in how many it was expected, in how many it came about.
    ratio : came about over expected; 1 is right.
    odds : odds that came about over those that were foretold, all alike; 1 is right.
    slope : of the logits of what came about over those of what was foretold; 1 is right, and below 1 what was foretold
        was too extreme.
    """

    people: int
    expected: float
    happened: int
    ratio: Value
    odds: Value
    slope: Value


def calibration(forecasts: Sequence[Forecast]) -> Calibration:
    """Return how far what was foretold is off; what too few cases cannot tell is unknown."""
    p = np.clip([one.p for one in forecasts], _NEAREST, 1.0 - _NEAREST)
    y = np.array([one.happened for one in forecasts], dtype=np.float64)
    happened, people = int(y.sum()), len(forecasts)
    fewest = min(happened, people - happened)
    return Calibration(
        people,
        float(p.sum()),
        happened,
        _ratio(p, happened) if people >= FEWEST else too_few(people, "learning.of-judged"),
        _odds(logit(p), y) if fewest >= _FEWEST_EVENTS else too_few(fewest, "learning.of-each", _FEWEST_EVENTS),
        _slope(logit(p), y) if fewest >= FEWEST_OF_EACH else too_few(fewest, "learning.of-each", FEWEST_OF_EACH),
    )


def _ratio(p: Floats, happened: int) -> Estimate:
    """Seen over expected, where what is expected is taken as it stands (learning 5)."""
    return share(happened, len(p)).scaled(1.0 / float(p.mean()))


def _odds(stated: Floats, y: Floats) -> Estimate:
    """The one factor on all odds that makes as many expected as came about (learning 6)."""
    by = 0.0
    for _ in range(_STEPS):
        fitted = expit(stated + by)
        step = float(np.sum(y - fitted) / np.sum(fitted * (1.0 - fitted)))
        by += max(-1.0, min(1.0, step))
        if abs(step) < _SAME:
            break
    fitted = expit(stated + by)
    error = 1.0 / math.sqrt(float(np.sum(fitted * (1.0 - fitted))))
    middle, low, high = (math.exp(by + z * error) for z in (0.0, -Z95, Z95))
    return Estimate(middle, low, high, LEVEL, "measured", len(y))


def _slope(stated: Floats, y: Floats) -> Value:
    """The slope of a logistic regression on the logit of what was foretold (learning 7)."""
    if float(np.ptp(stated)) < _SAME:
        return Unknown(text("learning.all-alike"))
    middle = float(stated.mean())
    design = np.column_stack((np.ones_like(stated), stated - middle))
    found = np.array([float(logit(y.mean())), 0.0])
    information = np.eye(2)
    for _ in range(_STEPS):
        fitted = expit(design @ found)
        information = design.T @ (design * (fitted * (1.0 - fitted))[:, None])
        step = np.linalg.solve(information, design.T @ (y - fitted))
        found = found + np.clip(step, -1.0, 1.0)
        if float(np.max(np.abs(step))) < _SAME:
            break
    error = math.sqrt(float(np.linalg.inv(information)[1, 1]))
    value = float(found[1])
    return Estimate(value, value - Z95 * error, value + Z95 * error, LEVEL, "measured", len(y))
