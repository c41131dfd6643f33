"""Posterior predictive draws of new clinics: parameters, spread between studies and spread between patients.

Every posterior draw makes `CLINICS` new clinics. A clinic has a deviation of its own (Student's t, as wide as that of a
study of ordinary weakness), raters of its own, a spread between its patients, one of the ways in which trials did the
treatment, and an effect of its own for a site or wavelength that no study of the modality has included (`design`).
Equations as in `research.evidence_fit.model`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.design import UNTREATED, DesignLayout, Features, fitted_arms, weakness_factor
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.improvement_law import CLEAR_PCT, ImprovementLaw, has_single_lesions
from skinbeam.evidence.synthesis.posterior import Posterior, fitted_columns, posterior

__all__ = ["CLINICS", "Course", "NewClinics", "draw_new_clinics", "study_weights"]

CLINICS = 4  # new clinics per draw: their own scatter is then half of the posterior's Monte Carlo error


Course = Sequence[tuple[Features, float]]  # a treatment, in each of the ways that trials did it, with weights


@dataclass(frozen=True)
class NewClinics:
    """Draws of new clinics: improvement laws of their patients, each (clinic,).

    `rated_law` is the improvement as raters classify it, with differences between raters; `scored_law` as scores
    measure it.
    """

    rated_law: ImprovementLaw
    scored_law: ImprovementLaw

    def share_above(self, threshold_pct: float) -> Floats:
        """Return the share of patients who improve by at least the threshold, (clinic,)."""
        return self.rated_law.share_above(threshold_pct)

    @property
    def mean_pct(self) -> Floats:
        """Mean improvement over the patients of each clinic, as scored, (clinic,)."""
        return self.scored_law.moments[0]

    def patient_pct(self, *, seed: int = 0) -> Floats:
        """Return the improvement of one random patient of each clinic, as rated, (clinic,)."""
        rng = np.random.default_rng(seed)
        law = self.rated_law
        others = law.theta_pct + law.sd_pct * rng.standard_normal(law.theta_pct.size)
        clear = rng.random(law.theta_pct.size) < law.cleared_share
        return np.where(clear, CLEAR_PCT, np.minimum(CLEAR_PCT, others))


def draw_new_clinics(
    courses: Sequence[Course],
    *,
    seed: int = 0,
    widen: Sequence[float] = (),
    posterior_override: Posterior | None = None,
) -> list[NewClinics]:
    """Draw new clinics that each do several courses; the clinics are the same, so that differences may be taken.

    Parameters
    ----------
    courses : for each treatment its ways; a clinic uses one of them.
    widen : for each course, how many spreads between studies are added because its dose is outside the trials; empty:
        none.
    posterior_override : another posterior than the shipped one.
    """
    draws = posterior_override or posterior()
    rng = np.random.default_rng(seed)
    n = len(draws) * CLINICS
    again = np.repeat(np.arange(len(draws)), CLINICS)
    own = {untreated: rng.standard_t(draws["freedom"][again]) for untreated in (False, True)}
    reading = draws["kappa"][again] * rng.standard_normal(n)
    sd = np.exp(draws["sd_mid"][again] + draws["sd_spread"][again] * rng.standard_normal(n))
    clinics = []
    for course, wider in zip(courses, widen or [0.0] * len(courses), strict=True):
        ways = [_fitted_layout().row(features) for features, _ in course]
        weights = np.array([weight for _, weight in course])
        way = rng.choice(len(ways), n, p=weights / weights.sum())
        x = np.array([x for x, _ in ways])
        used = np.flatnonzero(x.any(axis=0))
        linear = draws.part("beta", slice(None), used) @ x[:, used].T
        variance = np.column_stack([_new_arm_variance(draws, unseen, wider) for _, unseen in ways])
        condition, untreated = course[0][0].condition, course[0][0].modality == UNTREATED
        spread = draws["tau_untreated" if untreated else "tau"][again]
        theta = linear[again, way] + _typical_weakness() * spread * own[untreated]
        theta = theta + np.sqrt(variance[again, way]) * rng.standard_normal(n)
        rated, scored = (
            ImprovementLaw.from_theta(
                seen, sd, has_single_lesions(condition), draws["clear"][again], draws["clear_slope"][again]
            )
            for seen in (theta + reading, theta)
        )
        clinics.append(NewClinics(rated, scored))
    return clinics


@cache
def _fitted_layout() -> DesignLayout:
    """Return the columns of the fit, which the table has outgrown where a row was added since."""
    return DesignLayout(fitted_columns().beta)


def _new_arm_variance(draws: Posterior, unseen: Mapping[str, float], widen: float) -> Floats:
    """Return the variance of an arm and of effects that no study has estimated, (draw,).

    A site or wavelength that is new to a kind of laser has the spread of its group and also the spread between studies,
    since the former is estimated from the few that were tried. A dose outside the trials adds `widen` spreads between
    studies.
    """
    variance = draws["omega"] ** 2 + (widen * draws["tau"]) ** 2
    for group, size in unseen.items():
        variance = variance + size * (draws.scale(group) ** 2 + draws["tau"] ** 2)
    return np.asarray(variance)


def study_weights(arms: Sequence[Arm]) -> dict[str, float]:
    """Return each study's share of the information on a mean: 1 / variance of its mean about the truth; sums to 1."""
    draws = posterior()
    tau, omega, kappa = (float((draws[name] ** 2).mean()) for name in ("tau", "omega", "kappa"))
    patient = float(np.exp(2.0 * draws["sd_mid"]).mean())
    information = {}
    for study in dict.fromkeys(arm.study for arm in arms):
        rows = [arm for arm in arms if arm.study == study]
        people = sum({arm.cohort: arm.patients or 1 for arm in rows}.values())
        read = kappa if any(arm.bins for arm in rows) else 0.0
        information[study] = 1.0 / (weakness_factor(rows) ** 2 * tau + omega / len(rows) + read + patient / people)
    total = sum(information.values())
    return {study: value / total for study, value in information.items()}


@cache
def _typical_weakness() -> float:
    """Return the root mean square of the studies' weakness factors, assumed for a new clinic."""
    arms = fitted_arms()
    studies = dict.fromkeys(arm.study for arm in arms)
    return float(np.sqrt(np.mean([weakness_factor([a for a in arms if a.study == s]) ** 2 for s in studies])))
