"""Sensitivity to the priors by power-scaling (Kallioinen et al. 2023): the draws are reweighted without a refit.

A prior density raised to the power a draws the posterior towards it (a > 1) or loosens it (a < 1). The weights of
the draws are density^(a - 1). The result is the change, in points of 100, of the expected share of a new clinic's
patients who improve by half, at most over the pairs of condition and modality, when a goes from 1/2 to 2.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from skinbeam.evidence.settings import evidence_priors
from skinbeam.evidence.studies.outcomes import LATE_HARMS, OUTCOMES, PIGMENT_HARMS, outcome_counts
from skinbeam.evidence.synthesis.counts import EFFECTS, CountQuestion, draw_share
from skinbeam.evidence.synthesis.design import HIERARCHICAL, LEVELS, UNTREATED, Features, design_layout, fitted_arms
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.new_clinic import CLINICS, draw_new_clinics
from skinbeam.evidence.synthesis.posterior import Posterior

__all__ = ["POWERS", "expected_shares", "log_priors", "prior_effects"]

POWERS = (0.5, 2.0)
_ENOUGH = 100.0  # least effective number of draws after weighting for a usable result


def prior_effects(fitted: Posterior) -> list[dict[str, Any]]:
    """Return for each prior the largest change of a share, where it occurs, and the effective number of draws left."""
    targets = expected_shares(fitted)
    effects = []
    for name, log in log_priors(fitted).items():
        moved, left = {}, np.inf
        weights = []
        for power in POWERS:
            weight = np.exp((power - 1.0) * (log - log.max()) if power > 1.0 else (power - 1.0) * (log - log.min()))
            weight /= weight.sum()
            left = min(left, 1.0 / float((weight**2).sum()))
            weights.append(weight)
        for target, values in targets.items():
            low, high = (float(weight @ values) for weight in weights)
            moved[target] = 100.0 * (high - low)
        worst = max(moved, key=lambda key: abs(moved[key]))
        effects.append(
            {"prior": name, "points": moved[worst], "where": worst, "draws_left": left, "known": left >= _ENOUGH}
        )
    return effects


def expected_shares(fitted: Posterior) -> dict[str, Floats]:
    """Return the monitored quantities: for each draw the expected shares who improve by half, and who are harmed."""
    shares_by_question = {}
    for pair in dict.fromkeys((arm.condition, arm.modality) for arm in fitted_arms() if arm.modality != UNTREATED):
        features = next(Features.from_arm(a) for a in fitted_arms() if (a.condition, a.modality) == pair)
        (clinics,) = draw_new_clinics([[(features, 1.0)]], posterior_override=fitted)
        shares_by_question[" x ".join(pair)] = clinics.share_above(50.0).reshape(-1, CLINICS).mean(axis=1)
    for row in outcome_counts():
        name = f"{row.outcome} after {row.modality}"
        if name not in shares_by_question:
            shares = draw_share(CountQuestion.from_count(row), posterior_override=fitted)
            shares_by_question[name] = shares.reshape(-1, CLINICS).mean(axis=1)
    return shares_by_question


def log_priors(fitted: Posterior) -> Mapping[str, Floats]:
    """Return for each prior of `data/evidence.toml` its log density at every draw, up to a constant, (draw,)."""
    improvement, outcomes, counts, pain = map(evidence_priors, ("improvement", "outcomes", "counts", "pain"))
    densities: dict[str, Floats] = {}
    for k, (group, name) in enumerate(design_layout().columns):
        if group in HIERARCHICAL:
            continue
        prior = improvement[group]
        log = _normal(fitted["beta"][:, k], prior.get("value", 0.0), prior["sd"])
        key = f"improvement.{group}"
        densities[key] = densities.get(key, np.zeros(len(fitted))) + log if name else log
    densities["improvement.total"] = _normal(fitted["total"], 0.0, improvement["total"]["sd"])
    spreads = np.column_stack((fitted["scale"], fitted["tau"], fitted["omega"], fitted["kappa"]))
    weights = np.array([improvement["shares"][level] for level in LEVELS])
    densities["improvement.shares"] = np.asarray(
        ((weights - 1.0) * np.log((spreads / fitted["total"][:, None]) ** 2)).sum(axis=1)
    )
    tail = improvement["study_tail"]
    beyond = np.maximum(fitted["freedom"] - tail["least"], 1e-6)  # shipped in single precision
    densities["improvement.study_tail"] = np.asarray((tail["shape"] - 1.0) * np.log(beyond) - tail["rate"] * beyond)
    patient = improvement["patient_sd"]
    densities["improvement.patient_sd"] = _normal(fitted["sd_mid"], np.log(patient["value"]), patient["log_sd"])
    densities["improvement.patient_sd_spread"] = _normal(
        fitted["sd_spread"], 0.0, improvement["patient_sd_spread"]["sd"]
    )
    beta = improvement["lesion_correlation"]
    densities["improvement.lesion_correlation"] = np.asarray(
        (beta["a"] - 1.0) * np.log(fitted["icc"]) + (beta["b"] - 1.0) * np.log1p(-fitted["icc"])
    )
    densities["improvement.clear"] = _normal(fitted["clear"], improvement["clear"]["value"], improvement["clear"]["sd"])
    densities["improvement.clear_slope"] = _normal(fitted["clear_slope"], 0.0, improvement["clear_slope"]["sd"])
    densities["improvement.untreated_study"] = _normal(
        fitted["tau_untreated"], 0.0, improvement["untreated_study"]["sd"]
    )
    for k, outcome in enumerate(OUTCOMES):
        densities[f"outcomes.{outcome}"] = _normal(
            fitted["base"][:, k], outcomes[outcome]["value"], outcomes[outcome]["sd"]
        )
    for k, effect in enumerate(EFFECTS):
        densities[f"counts.{effect}"] = _normal(fitted["count_scale"][:, k], 0.0, counts[effect]["sd"]).sum(axis=1)
    for level in ("study", "row"):
        densities[f"counts.{level}"] = _normal(fitted[f"count_{level}"], 0.0, counts[level]["sd"]).sum(axis=1)
    for slope, harms in (("darker", PIGMENT_HARMS), ("late", LATE_HARMS)):
        for k, outcome in enumerate(harms):
            densities[f"counts.{slope} ({outcome})"] = _normal(fitted[slope][:, k], 0.0, counts[slope]["sd"])
    densities["pain.typical"] = _normal(fitted["pain_typical"], pain["typical"]["value"], pain["typical"]["sd"])
    densities["pain.modality"] = _normal(fitted["pain_scale"], 0.0, pain["modality"]["sd"])
    densities["pain.between_studies"] = _normal(fitted["pain_between"], 0.0, pain["between_studies"]["sd"])
    return densities


def _normal(x: Floats, centre: float, sd: float) -> Floats:
    return np.asarray(-0.5 * ((x - centre) / sd) ** 2)
