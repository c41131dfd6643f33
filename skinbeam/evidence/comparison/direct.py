"""Estimate the difference between two treatments within one study, from the results that it printed.

Counts: k of n people of a side improved by at least a cut; of the cuts that both sides printed, the one nearest to 50 %
is used. Several arms of a side are added up; lesions, l to a patient, count as n / (1 + (l - 1) icc) people. Then

    d = p_a - p_b,  p = k / n                                                             (comparison 1)
    d - sqrt((p_a - l_a)² + (u_b - p_b)²)  to  d + sqrt((u_a - p_a)² + (p_b - l_b)²)      (comparison 2)

with l and u the ends of Wilson's interval of each share (Newcombe 1998, Statistics in Medicine 17:873, method 10).

Means: improvement follows the law of `evidence.synthesis.improvement_law`. In each posterior draw the study has one sd,
log sd ~ N(sd_mid, sd_spread²), or the sd that an arm printed, with its error (the effect of the ceiling on it is
small). theta is the value whose mean is the printed one with its sampling error. The share of a side is that of its
arms, weighted by their numbers of people:

    P(y >= 50) = q + (1 - q) Phi((theta - 50) / sd)                                       (comparison 3)

Where the same people had both treatments, the interval is computed as if they were different people, since no paper
prints the correlation between the two sides of a person. The interval is too wide where the sides of a person respond
alike, as they mostly do.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from skinbeam.evidence.comparison.comparison import DirectComparison
from skinbeam.evidence.comparison.network import StudySides
from skinbeam.evidence.expectation.estimates import estimate_from_draws, patient_count
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.improvement_law import HALF_PCT, ImprovementLaw, has_single_lesions
from skinbeam.evidence.synthesis.posterior import Posterior, posterior
from skinbeam.model.estimate import Estimate, wilson_interval

__all__ = ["direct_difference"]

_HIGHEST_MEAN_PCT = 99.0  # a mean nearer to the ceiling contains no more information on theta
_FURTHEST_PCT = 1000.0  # bound of the search for theta
_STEPS = 40  # bisection steps, down to 2e-9 per cent


def direct_difference(sides: StudySides, *, seed: int = 0) -> DirectComparison | None:
    """Return the difference that a study found, a minus b; None where the two sides were not printed alike.

    Parameters
    ----------
    sides : arms of both sides.
    seed : of the draws behind printed means.
    """
    draws = posterior()
    people = patient_count([*sides.a, *sides.b])
    cut = _common_cut([*sides.a, *sides.b])
    if cut is not None:
        icc = float(draws["icc"].mean())
        found = _newcombe_interval(_improved_share(sides.a, cut, icc), _improved_share(sides.b, cut, icc), sides.study)
        return DirectComparison(sides.study, people, found, "counts", cut, sides.same_people, sides.randomised)
    if any(arm.bins or arm.mean_pct is None for arm in (*sides.a, *sides.b)):
        return None
    rng = np.random.default_rng(seed)
    spread = np.exp(draws["sd_mid"] + draws["sd_spread"] * rng.standard_normal(len(draws)))
    a, b = (_share_from_means(side, spread, draws, rng) for side in (sides.a, sides.b))
    found = replace(estimate_from_draws(a - b, (sides.study,)), kind="modelled")
    return DirectComparison(sides.study, people, found, "means", HALF_PCT, sides.same_people, sides.randomised)


def _common_cut(arms: Sequence[Arm]) -> float | None:
    """Return the cut nearest to 50 % of those that every arm printed."""
    cuts = set.intersection(*(set(arm.cuts) for arm in arms))
    return min(cuts, key=lambda cut: (abs(cut - HALF_PCT), cut), default=None)


def _improved_share(arms: Sequence[Arm], cut: float, icc: float) -> tuple[float, float]:
    """Return the share of a side that improved by at least the cut, and its effective number of independent people."""
    events, graded = sum(arm.count_reaching(cut) for arm in arms), sum(arm.graded_count for arm in arms)
    people = sum(arm.graded_count / (1.0 + (arm.units_per_patient - 1.0) * icc) for arm in arms)
    return events / graded, people


def _newcombe_interval(a: tuple[float, float], b: tuple[float, float], study: str) -> Estimate:
    """Return the difference of two shares with its interval (comparison 1, 2)."""
    level = evidence_settings().level
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    (p_a, low_a, high_a), (p_b, low_b, high_b) = ((p, *wilson_interval(p, p * (1.0 - p), n, z)) for p, n in (a, b))
    low = p_a - p_b - math.hypot(p_a - low_a, high_b - p_b)
    high = p_a - p_b + math.hypot(high_a - p_a, p_b - low_b)
    return Estimate(p_a - p_b, low, high, level, "measured", basis=(study,))


def _share_from_means(arms: Sequence[Arm], spread: Floats, draws: Posterior, rng: np.random.Generator) -> Floats:
    """Return the share of a side that improved by at least half, (draw,), from printed means (comparison 3)."""
    people = np.array([float(arm.patients or 1) for arm in arms])
    shares = np.array([_share_of_mean(arm, spread, draws, rng) for arm in arms])
    return np.asarray(people @ shares / people.sum())


def _share_of_mean(arm: Arm, spread: Floats, draws: Posterior, rng: np.random.Generator) -> Floats:
    people, alike = float(arm.patients or 1), arm.units_per_patient
    sd, mean = spread, np.full(len(spread), float(arm.mean_pct or 0.0))
    if arm.mean_sd_pct:
        sd = arm.mean_sd_pct * np.exp(rng.standard_normal(len(spread)) / math.sqrt(2.0 * max(people - 1.0, 1.0)))
    _, variance = _law_from_mean(mean, sd, arm, draws).moments
    of_mean = variance * (1.0 + (alike - 1.0) * draws["icc"]) / (people * alike)
    rounding = evidence_settings().printed_error_pct
    mean = mean + np.sqrt(of_mean + rounding**2) * rng.standard_normal(len(spread))
    return _law_from_mean(mean, sd, arm, draws).share_above(HALF_PCT)


def _law_from_mean(mean: Floats, sd: Floats, arm: Arm, draws: Posterior) -> ImprovementLaw:
    """Return the improvement law that has this mean, by bisection; the mean grows with theta."""
    mean = np.minimum(mean, _HIGHEST_MEAN_PCT)
    low, high = np.full(len(mean), -_FURTHEST_PCT), np.full(len(mean), _FURTHEST_PCT)

    def law(theta: Floats) -> ImprovementLaw:
        return ImprovementLaw.from_theta(
            theta, sd, has_single_lesions(arm.condition), draws["clear"], draws["clear_slope"]
        )

    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        short = law(middle).moments[0] < mean
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return law(0.5 * (low + high))
