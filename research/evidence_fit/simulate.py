"""Simulate data sets of improvement, for calibration and for predictive checks before and after the fit.

The equations are those of `model`, in NumPy; comments give their numbers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.evidence_fit.data import Data, Observed
from skinbeam.evidence.settings import evidence_priors
from skinbeam.evidence.synthesis.design import HIERARCHICAL, LEVELS, POSITIVE, design_layout
from skinbeam.evidence.synthesis.improvement_law import ImprovementLaw

__all__ = ["Parameters", "draw_data", "draw_parameters"]

Floats = NDArray[np.float64]
Parameters = Mapping[str, Any]
_LEAST_VARIANCE = 1.0  # of improvement between patients, as in the model


def draw_parameters(rng: np.random.Generator) -> Parameters:
    """Return one draw of every parameter from the priors."""
    improvement = evidence_priors("improvement")

    def half(sd: Any, size: int | None = None) -> Any:
        return abs(rng.normal(0.0, sd, size))

    total = half(improvement["total"]["sd"])
    spread_of = total * np.sqrt(rng.dirichlet([improvement["shares"][level] for level in LEVELS]))
    scale, (tau, omega, kappa) = spread_of[: len(HIERARCHICAL)], spread_of[len(HIERARCHICAL) :]
    beta = []
    for group, _ in design_layout().columns:
        z = rng.normal()
        if group in HIERARCHICAL:
            beta.append(scale[HIERARCHICAL.index(group)] * z)
        else:
            prior_of = improvement[group]
            beta.append(prior_of.get("value", 0.0) + prior_of["sd"] * (abs(z) if group in POSITIVE else z))
    patient, tail = improvement["patient_sd"], improvement["study_tail"]
    correlation = improvement["lesion_correlation"]
    return {
        "beta": np.array(beta),
        "scale": scale,
        "total": total,
        "tau": tau,
        "tau_untreated": half(improvement["untreated_study"]["sd"]),
        "omega": omega,
        "kappa": kappa,
        "freedom": tail["least"] + rng.gamma(tail["shape"], 1.0 / tail["rate"]),
        "sd_mid": rng.normal(np.log(patient["value"]), patient["log_sd"]),
        "sd_spread": half(improvement["patient_sd_spread"]["sd"]),
        "icc": rng.beta(correlation["a"], correlation["b"]),
        "clear": rng.normal(improvement["clear"]["value"], improvement["clear"]["sd"]),
        "clear_slope": half(improvement["clear_slope"]["sd"]),
    }


def draw_data(parameters: Parameters, data: Data, shape: Observed, rng: np.random.Generator) -> Observed:
    """Return one simulated data set for these parameters, in the shape of another: same arms, same cut points."""
    prior = evidence_priors("improvement")
    own = rng.standard_t(parameters["freedom"], len(data.studies))
    between = np.where(data.untreated, parameters["tau_untreated"], parameters["tau"])
    theta = data.x @ parameters["beta"] + (between * shape.weak * own)[data.study]  # (evidence 2)
    theta = theta + parameters["omega"] * rng.normal(size=len(theta))
    theta = theta + parameters["kappa"] * data.binned * rng.normal(size=len(data.studies))[data.study]
    sd = np.exp(parameters["sd_mid"] + parameters["sd_spread"] * rng.normal(size=len(data.studies)))[
        data.study
    ]  # (evidence 3)
    counts, mean, printed = np.zeros_like(shape.counts), np.zeros_like(shape.mean), np.zeros_like(shape.sd)
    law = ImprovementLaw.from_theta(
        theta, sd, data.single, parameters["clear"], parameters["clear_slope"]
    )  # (evidence 8)
    centre, variance = law.moments
    variance = np.maximum(variance, _LEAST_VARIANCE)
    for k, binned in enumerate(data.binned):
        per_patient = data.units[k] / data.n[k]
        if binned:
            own_law = ImprovementLaw(theta[k], sd[k], law.cleared_share[k])
            counts[k] = _classes(own_law, data, k, int(shape.counts[k].sum()), parameters["icc"], rng)
            continue
        of_mean = variance[k] * (1.0 + (per_patient - 1.0) * parameters["icc"]) / data.units[k]
        mean[k] = rng.normal(centre[k], np.sqrt(of_mean + prior["printed_error"]["value"] ** 2))
        if shape.sd[k] > 0.0:
            error = 1.0 / np.sqrt(2.0 * max(data.n[k] - 1.0, 1.0))
            printed[k] = np.sqrt(variance[k]) * np.exp(error * rng.normal())
    return replace(shape, counts=counts, mean=mean, sd=printed)


def _classes(law: ImprovementLaw, data: Data, k: int, graded: int, icc: float, rng: np.random.Generator) -> Floats:
    """Return counts by class (evidence 1); counts of lesions follow the Dirichlet-multinomial law."""
    real = data.upper[k] > data.lower[k]
    above = [law.share_above(cut[k]) for cut in (data.lower, data.upper)]
    p = np.where(real, np.maximum(above[0] - above[1], 1e-12), 0.0)
    p = p / p.sum()
    per_patient = data.units[k] / data.n[k]
    if per_patient > 1.0:
        alike = icc * (per_patient - 1.0) / (data.units[k] - 1.0)
        gamma = np.where(real, rng.gamma(np.where(real, (1.0 / alike - 1.0) * p, 1.0)), 0.0)
        p = gamma / gamma.sum()
    return np.asarray(rng.multinomial(graded, p), dtype=float)
