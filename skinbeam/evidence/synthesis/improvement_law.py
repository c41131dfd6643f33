"""Distribution of the improvement of one patient, in per cent (evidence 1, 5, 8).

    y = 100 with probability q, else min(100, X),  X ~ N(theta, sd²)
    logit q = g + h (theta - 50) / 25 where lesions are single spots or vessels, else q = 0

A spot whose pigment is destroyed is gone, and so is a vessel that is closed, so more people are clear of them than a
normal law about the typical improvement allows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.synthesis.distributions import Floats, normal_cdf, normal_pdf
from skinbeam.model.value_equality import compared_by_value

__all__ = ["CLEAR_PCT", "HALF_PCT", "SLOPE_PCT", "ImprovementLaw", "has_single_lesions", "moments_with_cleared"]

CLEAR_PCT = 100.0
HALF_PCT = 50.0  # least improvement of a responder; g is the log-odds of clearance at this theta
SLOPE_PCT = 25.0  # h is the slope of the log-odds per quarter class of theta


@compared_by_value
@dataclass(frozen=True)
class ImprovementLaw:
    """The distribution of improvement over the patients of a clinic or of an arm; shapes broadcast.

    `theta_pct` is the typical improvement of those who are not cleared, `sd_pct` their spread, `cleared_share` the
    share of patients who are cleared.
    """

    theta_pct: Floats
    sd_pct: Floats
    cleared_share: Floats

    @staticmethod
    def from_theta(
        theta_pct: Floats, sd_pct: Floats, can_clear: NDArray[np.bool_] | bool, g: Floats, h: Floats
    ) -> "ImprovementLaw":
        """Return the law whose share of cleared patients follows from theta (evidence 8)."""
        odds = g + h * (theta_pct - HALF_PCT) / SLOPE_PCT
        return ImprovementLaw(theta_pct, sd_pct, np.where(can_clear, 0.5 + 0.5 * np.tanh(0.5 * odds), 0.0))

    def share_above(self, cut_pct: Floats | float) -> Floats:
        """Return the share of patients who improve by at least a cut, infinite or not (evidence 5)."""
        others = normal_cdf((self.theta_pct - np.clip(cut_pct, -1e6, 1e6)) / self.sd_pct)
        return np.asarray(np.where(cut_pct > CLEAR_PCT, 0.0, self.cleared_share + (1.0 - self.cleared_share) * others))

    @property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean and variance over patients, of the normal law cut off at 100 and of the patients who are cleared."""
        theta, sd = self.theta_pct, self.sd_pct
        z = (CLEAR_PCT - theta) / sd
        below, density = normal_cdf(z), normal_pdf(z)
        mean = theta * below - sd * density + CLEAR_PCT * (1.0 - below)
        square = (theta**2 + sd**2) * below - sd * (theta + CLEAR_PCT) * density + CLEAR_PCT**2 * (1.0 - below)
        return moments_with_cleared(self.cleared_share, mean, np.maximum(square - mean**2, 0.0))


def moments_with_cleared(cleared: Floats, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance over all patients, from those of the patients who are not cleared."""
    left = 1.0 - cleared
    return cleared * CLEAR_PCT + left * mean, left * variance + cleared * left * (CLEAR_PCT - mean) ** 2


def has_single_lesions(condition: str) -> bool:
    """Whether the lesions of a condition are separate ones that can disappear completely."""
    return condition in evidence_settings().single_lesions
