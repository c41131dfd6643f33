"""Coverage of predicted intervals: of numbers, and of the share of a clinic's patients."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.outcome_audit.counts import MIN_CASES, central_range, count_distribution, share_estimate, too_few_cases
from skinbeam.outcome_audit.outcomes import VerifiedForecast

__all__ = ["ClinicCount", "IntervalCoverage", "clinic_count", "interval_coverage"]

_QUADRATURE_NODES = 41  # of the distribution of clinics: gives the probability of a count to 1e-6
_MIN_PROBABILITY = 1e-6


@dataclass(frozen=True)
class IntervalCoverage:
    """Numbers of values within, below and above the intervals of a level.

    Parameters
    ----------
    share : share within, with its 95 % interval; unknown if there are too few values.
    """

    level: float
    within: int
    below: int
    above: int
    share: Value

    @property
    def total(self) -> int:
        """Number of compared values."""
        return self.within + self.below + self.above


def interval_coverage(pairs: Sequence[tuple[Estimate, float]]) -> tuple[IntervalCoverage, ...]:
    """Return how often the intervals of each level contain the observed value; ends count as within."""
    found = []
    for level in sorted({stated.level for stated, _ in pairs}):
        at_level = [(stated, seen) for stated, seen in pairs if stated.level == level]
        below = sum(seen < stated.low for stated, seen in at_level)
        above = sum(seen > stated.high for stated, seen in at_level)
        within, n = len(at_level) - below - above, len(at_level)
        share: Value = share_estimate(within, n) if n >= MIN_CASES else too_few_cases(n, "learning.of-judged")
        found.append(IntervalCoverage(level, within, below, above, share))
    return tuple(found)


@dataclass(frozen=True)
class ClinicCount:
    """Number of events of this clinic against the predicted distribution of clinics (learning 8).

    Parameters
    ----------
    people, events : numbers of judged people and of observed events.
    low, high : counts between which the share `level` of new clinics with such patients is predicted to be.
    """

    people: int
    events: int
    low: int
    high: int
    level: float

    @property
    def position(self) -> str:
        """`within`, `below` or `above` the predicted range of a new clinic."""
        return "below" if self.events < self.low else "above" if self.events > self.high else "within"


def clinic_count(forecasts: Sequence[VerifiedForecast]) -> ClinicCount | Unknown:
    """Return the predicted range of counts of a new clinic with these patients, and the observed count.

    The interval of a predicted share is the variation between clinics. The logit of a share is normal on each side of
    its median, and a clinic that is better or worse than others is so for all its patients.
    """
    if len(forecasts) < MIN_CASES:
        return too_few_cases(len(forecasts), "learning.of-judged")
    level = forecasts[0].predicted.level
    end = NormalDist().inv_cdf(0.5 + level / 2.0)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE_NODES)
    low, middle, high = (
        _logits([getattr(forecast.predicted, name) for forecast in forecasts]) for name in ("low", "median", "high")
    )
    sides = np.where(nodes < 0, (middle - low)[:, None], (high - middle)[:, None]) / end
    law = count_distribution(expit(middle[:, None] + sides * nodes)) @ (weights / math.sqrt(2.0 * math.pi))
    least, most = central_range(law, level)
    return ClinicCount(len(forecasts), sum(forecast.occurred for forecast in forecasts), least, most, level)


def _logits(shares: Sequence[float]) -> NDArray[np.float64]:
    p = np.clip(np.asarray(shares, dtype=np.float64), _MIN_PROBABILITY, 1.0 - _MIN_PROBABILITY)
    return np.asarray(np.log(p) - np.log1p(-p))
