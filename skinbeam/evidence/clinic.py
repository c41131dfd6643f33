"""What a clinic outside the studies would see: parameters, spread between studies and between patients together.

Every posterior draw makes `CLINICS` new clinics. A clinic has a deviation of its own (Student's t, as wide as that of a
study of ordinary weakness), a spread between its patients, and an effect of its own for a site or wavelength that no
study of the modality has seen (`evidence.design`). Equations as in `evidence.fit.model`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skinbeam.evidence.arm import Arm
from skinbeam.evidence.design import UNTREATED, Features, fitted_arms, layout, weakness
from skinbeam.evidence.distributions import Floats, Rate, normal_cdf, normal_pdf
from skinbeam.evidence.outcomes import OUTCOMES, PIGMENT, effect_columns, pain_columns
from skinbeam.evidence.posterior import Posterior, posterior

__all__ = ["NewClinics", "censored", "counted_share", "new_clinics", "pain_points", "study_weights"]

CEILING_PCT = 100.0
CLINICS = 4  # new clinics to a draw: their own scatter is then half of the posterior's Monte Carlo error


@dataclass(frozen=True)
class NewClinics:
    """Draws of new clinics: `theta_pct`, `sd_pct` (clinic,), latent mean improvement and spread between patients."""

    theta_pct: Floats
    sd_pct: Floats

    def share(self, threshold_pct: float) -> Floats:
        """Return the share of patients who improve by at least the threshold, (clinic,)."""
        return normal_cdf((self.theta_pct - threshold_pct) / self.sd_pct)

    def at_least(self, threshold_pct: float, people: int) -> Rate:
        """Return that share as a distribution, fine enough for counts out of `people`."""
        return Rate.of_draws(self.share(threshold_pct), people)

    @property
    def mean_pct(self) -> Floats:
        """Mean of min(100, X) over the patients of each clinic, (clinic,)."""
        return censored(self.theta_pct, self.sd_pct)[0]


def new_clinics(
    features: Sequence[Features],
    *,
    seed: int = 0,
    widen_pct: float = 0.0,
    graded: bool = True,
    given: Posterior | None = None,
) -> list[NewClinics]:
    """Return new clinics that do each of several things: the same clinics, so that differences may be taken.

    Parameters
    ----------
    features : what is done, to whom, seen by whom.
    widen_pct : standard deviation in per cent of what the trials did not do.
    graded : whether raters choose classes, which they use differently; False for a mean of scores.
    given : another posterior than the shipped one.
    """
    draws = given or posterior()
    rng = np.random.default_rng(seed)
    n = len(draws) * CLINICS
    again = np.repeat(np.arange(len(draws)), CLINICS)
    own = {untreated: rng.standard_t(draws["freedom"][again]) for untreated in (False, True)}
    spread = rng.standard_normal(n)
    sd = np.exp(draws["sd_mid"][again] + draws["sd_spread"][again] * spread)
    found = []
    for one in features:
        x, unseen = layout().row(one)
        variance = draws["omega"] ** 2 + graded * draws["kappa"] ** 2
        variance = sum((draws.scale(group) ** 2 * size for group, size in unseen.items()), variance)
        theta = (draws["beta"] @ x)[again] + _typical_weakness() * draws["tau"][again] * own[one.modality == UNTREATED]
        theta = theta + np.sqrt(variance[again] + widen_pct**2) * rng.standard_normal(n)
        found.append(NewClinics(theta, sd))
    return found


def counted_share(
    outcome: str, modality: str, condition: str, dark: float, *, seed: int = 0, given: Posterior | None = None
) -> Floats:
    """Return the share of a new clinic's patients with a harm, or satisfied, (clinic,), each strictly inside 0 to 1.

    A modality or condition of which nobody counted this has an effect drawn anew.
    """
    draws = given or posterior()
    rng = np.random.default_rng([seed, OUTCOMES.index(outcome)])
    n = len(draws) * CLINICS
    again = np.repeat(np.arange(len(draws)), CLINICS)
    modalities, conditions = effect_columns()
    log_odds = draws["eta"][:, OUTCOMES.index(outcome)][again]
    for k, (name, key, columns) in enumerate(
        (
            ("eta_modality", (outcome, modality), modalities),
            ("eta_condition", (outcome, modality, condition), conditions),
        )
    ):
        if key in columns:
            log_odds = log_odds + draws[name][:, columns.index(key)][again]
        elif k == 0 or outcome == "pih":
            log_odds = log_odds + draws["eta_scale"][:, k][again] * rng.standard_normal(n)
    p = _logistic(log_odds)
    if outcome in PIGMENT:
        darker = draws["darker"][:, PIGMENT.index(outcome)][again]
        p = (1.0 - dark) * p + dark * _logistic(log_odds + darker)
    size = 1.0 / (np.maximum(draws["eta_between"][again], 0.02) ** 2 * p * (1.0 - p))
    tiny = np.finfo(float).tiny
    return np.clip(rng.beta(size * p, size * (1.0 - p)), tiny, 1.0 - 2.0**-53)


def pain_points(modality: str, *, seed: int = 0) -> Floats:
    """Return the mean pain of a new clinic's patients in points of 10, (clinic,)."""
    draws = posterior()
    rng = np.random.default_rng([seed, len(OUTCOMES)])
    again = np.repeat(np.arange(len(draws)), CLINICS)
    centre = draws["pain_typical"] + draws["pain_modality"][:, pain_columns().index(modality)]
    mean = centre[again] + draws["pain_between"][again] * rng.standard_normal(len(again))
    return np.clip(mean, 0.0, 10.0)


def study_weights(found: Sequence[Arm], *, given: Posterior | None = None) -> dict[str, float]:
    """Return each study's share of the information on a mean: 1 / variance of its mean about the truth; sums to 1."""
    draws = given or posterior()
    tau, omega, kappa = (float((draws[name] ** 2).mean()) for name in ("tau", "omega", "kappa"))
    patient = float(np.exp(2.0 * draws["sd_mid"]).mean())
    information = {}
    for study in dict.fromkeys(arm.study for arm in found):
        rows = [arm for arm in found if arm.study == study]
        people = sum({arm.cohort: arm.patients or 1 for arm in rows}.values())
        read = kappa if any(arm.bins for arm in rows) else 0.0
        information[study] = 1.0 / (weakness(rows) ** 2 * tau + omega / len(rows) + read + patient / people)
    total = sum(information.values())
    return {study: value / total for study, value in information.items()}


def censored(theta_pct: Floats, sd_pct: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of min(c, X), X ~ N(theta, sd²), c = 100: moments of the normal law cut at c, and c beyond."""
    z = (CEILING_PCT - theta_pct) / sd_pct
    below, density = normal_cdf(z), normal_pdf(z)
    mean = theta_pct * below - sd_pct * density + CEILING_PCT * (1.0 - below)
    square = (theta_pct**2 + sd_pct**2) * below - sd_pct * (theta_pct + CEILING_PCT) * density
    square = square + CEILING_PCT**2 * (1.0 - below)
    return np.asarray(mean), np.maximum(square - mean**2, 0.0)


def _typical_weakness() -> float:
    """Root mean square of the studies' factors: a new clinic is no better watched than they were."""
    arms = fitted_arms()
    studies = dict.fromkeys(arm.study for arm in arms)
    return float(np.sqrt(np.mean([weakness([a for a in arms if a.study == s]) ** 2 for s in studies])))


def _logistic(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
