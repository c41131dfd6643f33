"""The model of improvement, in PyMC. docs/evidence.md lists what was changed since its first version, variant 1.

Improvement of patient i in arm a of study s, in per cent:

    y_i = 100 with probability q_a, else min(100, X_i),  X_i ~ N(theta_a, sd_s²)   (evidence 1)
    theta_a = x_a · beta + w_s tau t_s + omega e_a + kappa r_s c_a            (evidence 2)
    t_s ~ Student(f),  e_a, r_s ~ N(0, 1)
    log sd_s = m + d z_s                                                     (evidence 3)

beta is partially pooled as `synthesis.design` says. c_a is 1 where raters chose classes and 0 where a mean was printed:
raters use classes differently. The spreads of the levels of beta, tau, omega and kappa share one budget:

    scale_k = total sqrt(split_k),  split ~ Dirichlet                         (evidence 4)

so that more levels do not mean wider answers before anything was seen. w_s >= 1 is larger for weak designs, so that
they weigh less. Counts between printed cut points have the multinomial law of (evidence 1):

    P(at least c) = q_a + (1 - q_a) Phi((theta_a - c) / sd_s)                (evidence 5)

q_a is 0 but for single spots and vessels. One of them is gone when its target is destroyed, so that more people are
clear than a normal law about the typical improvement allows:

    logit q_a = g + h (theta_a - 50) / 25,  h >= 0                           (evidence 8)

Lesions of one patient are correlated, so counts of lesions have a Dirichlet-multinomial law with the same variance
(Brier 1980, Biometrika 67:591). A printed mean is normal about the mean of y with its variance over the patients; a
printed standard deviation is lognormal about that of the law with error 1 / sqrt(2 (n - 1)).

Studies whose people were left alone differ by tau_untreated in place of tau. Harms, satisfaction and pain have a model
of their own, `count_model`.
"""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from research.evidence_fit.data import Data, Observed, record_arrays
from skinbeam.evidence.settings import evidence_priors
from skinbeam.evidence.synthesis.design import HIERARCHICAL, LEVELS, POSITIVE, DesignLayout, design_layout
from skinbeam.evidence.synthesis.improvement_law import CLEAR_PCT, HALF_PCT, SLOPE_PCT, moments_with_cleared

__all__ = ["build_improvement_model"]

_SMALL = 1e-12  # keeps the logarithm of an impossible class finite
_LEAST_BETWEEN = 0.02  # below, the beta-binomial is the binomial to 1e-4 and its gamma functions cancel


def build_improvement_model(data: Data, observed: Observed) -> pm.Model:
    """Return the model; every array of `observed` is exchangeable data of the same name."""
    with pm.Model() as model:
        given = {name: pm.Data(name, np.asarray(value, dtype=float)) for name, value in record_arrays(observed).items()}
        _add_improvement(data, given)
    return model


def _add_improvement(data: Data, arms_data: dict[str, Any]) -> None:
    prior = evidence_priors("improvement")
    total = pm.HalfNormal("total", prior["total"]["sd"])
    split = pm.Dirichlet("split", np.array([prior["shares"][level] for level in LEVELS]))
    spread_of = total * pt.sqrt(split)
    scale = pm.Deterministic("scale", spread_of[: len(HIERARCHICAL)])
    tau, omega, kappa = (
        pm.Deterministic(name, spread_of[LEVELS.index(level)])
        for name, level in (("tau", "study"), ("omega", "arm"), ("kappa", "reading"))
    )
    beta = _slopes(design_layout(), scale)
    tail = prior["study_tail"]
    freedom = pm.Deterministic("freedom", tail["least"] + pm.Gamma("beyond", tail["shape"], tail["rate"]))
    own = pm.StudentT("own", nu=freedom, mu=0.0, sigma=1.0, shape=len(data.studies))
    apart = pm.Normal("apart", 0.0, 1.0, shape=len(data.study))
    reading = pm.Normal("reading", 0.0, 1.0, shape=len(data.studies))
    tau_untreated = pm.HalfNormal("tau_untreated", prior["untreated_study"]["sd"])
    between = pt.where(data.untreated, tau_untreated, tau)
    theta = pt.dot(data.x, beta) + (between * arms_data["weak"] * own)[data.study] + omega * apart
    theta = theta + kappa * data.binned * reading[data.study]
    sd_mid = pm.Normal("sd_mid", np.log(prior["patient_sd"]["value"]), prior["patient_sd"]["log_sd"])
    sd_spread = pm.HalfNormal("sd_spread", prior["patient_sd_spread"]["sd"])
    spread = pm.Normal("spread", 0.0, 1.0, shape=len(data.studies))
    sd = pt.exp(sd_mid + sd_spread * spread)[data.study]
    icc = pm.Beta("icc", prior["lesion_correlation"]["a"], prior["lesion_correlation"]["b"])
    clear = pm.Normal("clear", prior["clear"]["value"], prior["clear"]["sd"])
    clear_slope = pm.HalfNormal("clear_slope", prior["clear_slope"]["sd"])
    cleared = pt.where(data.single, pt.sigmoid(clear + clear_slope * (theta - HALF_PCT) / SLOPE_PCT), 0.0)

    patients = np.flatnonzero(data.binned & (data.units == data.n))
    lesions = np.flatnonzero(data.binned & (data.units > data.n))
    means = np.flatnonzero(~data.binned)
    used, counts = arms_data["used"], arms_data["counts"]
    p = _class_probabilities(theta, sd, cleared, data, patients)
    pm.Potential("patients", pt.sum(used[patients] * pt.sum(counts[patients] * pt.log(p), axis=1)))
    if len(lesions):
        p = _class_probabilities(theta, sd, cleared, data, lesions)
        size = data.units[lesions]
        alike = icc * (size / data.n[lesions] - 1.0) / (size - 1.0)
        total = 1.0 / alike - 1.0
        log = pt.gammaln(total) - pt.gammaln(total + size)
        log_gamma = pt.gammaln(counts[lesions] + total[:, None] * p) - pt.gammaln(total[:, None] * p)
        real = data.upper[lesions] > data.lower[lesions]
        pm.Potential("lesions", pt.sum(used[lesions] * (log + pt.sum(pt.where(real, log_gamma, 0.0), axis=1))))
    mean, variance = moments_with_cleared(cleared[means], *_censored_moments(theta[means], sd[means]))
    variance = pt.maximum(variance, 1.0)
    per_patient = data.units[means] / data.n[means]
    of_mean = variance * (1.0 + (per_patient - 1.0) * icc) / data.units[means] + prior["printed_error"]["value"] ** 2
    log = -0.5 * ((arms_data["mean"][means] - mean) ** 2 / of_mean + pt.log(of_mean))
    printed = arms_data["sd"][means]
    error = 1.0 / np.sqrt(2.0 * np.maximum(data.n[means] - 1.0, 1.0))
    off = (pt.log(pt.maximum(printed, _SMALL)) - 0.5 * pt.log(variance)) / error
    log_sd = pt.where(printed > 0.0, -0.5 * off**2, 0.0)
    pm.Potential("means", pt.sum(used[means] * (log + log_sd)))


def _slopes(columns: DesignLayout, scale: Any) -> Any:
    """beta (column,), non-centred; `scale` (group,) of its hierarchical groups."""
    prior = evidence_priors("improvement")
    names = [group for group, _ in columns.columns]
    z = pm.Normal("z", 0.0, 1.0, shape=len(names))
    at = [HIERARCHICAL.index(name) if name in HIERARCHICAL else -1 for name in names]
    fixed = np.array([1.0 if k >= 0 else prior[name]["sd"] for k, name in zip(at, names, strict=True)])
    learnt = pt.concatenate([scale, [1.0]])[np.array(at)]
    centre = np.array([0.0 if name in HIERARCHICAL else prior[name].get("value", 0.0) for name in names])
    positive = np.array([name in POSITIVE for name in names])
    # |z| of a normal law is the half-normal one; the sign has no meaning there.
    return pm.Deterministic("beta", centre + fixed * learnt * pt.where(positive, pt.abs(z), z))


def _class_probabilities(theta: Any, sd: Any, cleared: Any, data: Data, at: Any) -> Any:
    """Probability of each class (arm, class); 1 for the classes that are not used."""
    real = data.upper[at] > data.lower[at]
    theta, sd, cleared = (part[at][:, None] for part in (theta, sd, cleared))
    above = [_probability_above(theta, sd, cleared, cut[at]) for cut in (data.lower, data.upper)]
    return pt.where(real, pt.maximum(above[0] - above[1], _SMALL), 1.0)


def _probability_above(theta: Any, sd: Any, cleared: Any, cut: Any) -> Any:
    """Probability of more than each cut point (evidence 5)."""
    share = cleared + (1.0 - cleared) * _normal_cdf((theta - np.where(np.isfinite(cut), cut, 0.0)) / sd)
    return pt.where(np.isneginf(cut), 1.0, pt.where(np.isposinf(cut), 0.0, share))


def _normal_cdf(z: Any) -> Any:
    return 0.5 * pt.erfc(-z / np.sqrt(2.0))


def _censored_moments(theta: Any, sd: Any) -> tuple[Any, Any]:
    """Mean and variance of min(100, X)."""
    z = (CLEAR_PCT - theta) / sd
    below, density = _normal_cdf(z), pt.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    mean = theta * below - sd * density + CLEAR_PCT * (1.0 - below)
    square = (theta**2 + sd**2) * below - sd * (theta + CLEAR_PCT) * density + CLEAR_PCT**2 * (1.0 - below)
    return mean, pt.maximum(square - mean**2, 1.0)
