"""Random effects, integrated on grids: what a study of its own kind would find in a new clinic.

Model (E1), the same for improvement and for darkening:

    theta_s ~ N(mu_g, tau²)    effect of study s in group g
    mu_g    ~ N(M, S²)         groups: pairs of condition and modality, or modalities
    data_s  ~ L(theta_s, q)    q: a nuisance parameter that all groups share

M, S, tau and q have the priors stated in `data/evidence.toml`; all groups learn S, tau and q together. Nothing is
drawn: theta, mu, tau, q, M and S stand on grids and sums replace the integrals, so equal inputs give equal answers.

Improvement (E2): a patient of study s improves by min(100, X) per cent, X ~ N(theta_s, q²). Counts between printed
cut points are interval-censored, a mean has the mean and variance of the censored law.
Darkening (E3): a patient darkens with probability (1 - w) logit⁻¹(theta_s) + w logit⁻¹(theta_s + q), q >= 0, where w
is the share of phototypes IV to VI.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from skinbeam.evidence.distributions import Floats, Rate, normal_cdf, normal_pdf, quantiles
from skinbeam.evidence.studies import RATERS, Arm, arms, dark_fraction, settings
from skinbeam.schema.names import table

__all__ = ["NewClinic", "fit_improvement", "improvement", "pih", "pool", "usable_arms"]

CEILING_PCT = 100.0
_ROUNDING_PCT = 1.0  # a printed mean is good to about one per cent
_SMALL = 1e-300  # keeps the logarithm of an impossible class finite


@dataclass(frozen=True)
class _Grid:
    """Nodes and log priors. theta, mu: in the unit of the data; tau, q, hyper (M, S): with their log prior."""

    theta: Floats
    mu: Floats
    tau: Floats
    tau_prior: Floats
    q: Floats
    q_prior: Floats
    hyper: Floats  # (node, 2): M, S
    hyper_prior: Floats


@dataclass(frozen=True)
class NewClinic:
    """What a clinic outside the studies would see.

    Parameters
    ----------
    edges : (theta + 1,) of the cells of theta.
    mass : (theta, q), joint probability of the clinic's theta and of q; sums to 1.
    q : (q,).
    weights : study → its share of the information; sums to 1.
    """

    edges: Floats
    mass: Floats
    q: Floats
    weights: Mapping[str, float]

    def _mix(self, values: Floats, at: Floats) -> Floats:
        """Distribution function at `at` of a quantity that grows with theta; `values` (theta + 1, q) at the edges."""
        below = np.vstack((np.zeros(len(self.q)), np.cumsum(self.mass, axis=0)))
        total = sum(np.interp(at, values[:, k], below[:, k]) for k in range(len(self.q)))
        clipped: Floats = np.clip(np.asarray(total), 0.0, 1.0)
        return clipped

    def _rate(self, values: Floats, people: int) -> Rate:
        edges = Rate.grid(people)
        cumulative = self._mix(values, edges)
        cumulative[0], cumulative[-1] = 0.0, 1.0
        return Rate(edges, np.maximum.accumulate(cumulative))

    def at_least(self, threshold_pct: float, people: int) -> Rate:
        """Return the share of patients who improve by at least the threshold (E2)."""
        return self._rate(normal_cdf((self.edges[:, None] - threshold_pct) / self.q), people)

    def mean_pct(self, wanted: tuple[float, ...]) -> tuple[float, ...]:
        """Return quantiles of the clinic's mean improvement in per cent (E2)."""
        values, _ = _censored(self.edges[:, None], self.q[None, :])
        at = np.linspace(values.min(), CEILING_PCT, 2001)
        return quantiles(at, self._mix(values, at), wanted)

    def darkening(self, dark: float, people: int) -> Rate:
        """Return the share of patients who darken when `dark` of them have phototypes IV to VI (E3)."""
        return self._rate(_darkening(self.edges[:, None], self.q[None, :], dark), people)


def usable_arms(condition: str, modality: str, rater: str | None = None) -> tuple[Arm, ...]:
    """Return the arms whose improvement is fitted; a cohort graded by several raters counts with one of them.

    The rater asked for comes first, then blinded ones, physicians, patients; unstated ones count as physicians.
    """
    order = ([rater] if rater else []) + list(RATERS)
    found = [a for a in arms() if a.usable and a.condition == condition and a.modality == modality]
    best: dict[str, int] = {}
    for arm in found:
        rank = order.index(arm.rater or "physician")
        best[arm.cohort] = min(rank, best.get(arm.cohort, rank))
    return tuple(a for a in found if order.index(a.rater or "physician") == best[a.cohort])


@cache
def improvement(rater: str | None = None) -> Mapping[tuple[str, str], NewClinic]:
    """Return, for each pair of condition and modality with a usable arm, what a new clinic would see."""
    pairs = dict.fromkeys((a.condition, a.modality) for a in arms() if a.usable)
    clinics: dict[tuple[str, str], NewClinic] = {}
    for laser in (True, False):  # what light does teaches nothing about what happens without it
        alike = [pair for pair in pairs if table("modality")[pair[1]]["laser"] is laser]
        clinics |= fit_improvement({pair: usable_arms(*pair, rater) for pair in alike})
    return clinics


def fit_improvement(groups: Mapping[Any, Sequence[Arm]]) -> dict[Any, NewClinic]:
    """Return what a new clinic would see in each group of arms; the groups learn their spreads together (E1, E2)."""
    grid = _improvement_grid()
    return pool({name: _improvement_logs(found, grid) for name, found in groups.items()}, grid)


@cache
def pih() -> Mapping[str, NewClinic]:
    """Return, for each modality with counts, the risk of darkening in a new clinic, per patient."""
    grid = _pih_grid()
    groups: dict[str, dict[str, Floats]] = {}
    for arm in arms():
        if arm.pih is None or arm.harms_excluded:
            continue
        share = dark_fraction(arm.phototype) if arm.dark_fraction is None else arm.dark_fraction
        p = _darkening(grid.theta[:, None], grid.q[None, :], share)
        log = arm.pih.events * np.log(p) + (arm.pih.of - arm.pih.events) * np.log1p(-p)
        logs = groups.setdefault(arm.modality, {})
        logs[arm.study] = logs.get(arm.study, np.zeros_like(log)) + log
    return pool(groups, grid)


def pool(groups: Mapping[Any, Mapping[str, Floats]], grid: _Grid) -> dict[Any, NewClinic]:
    """Return the posterior for a new clinic in each group (E1).

    Parameters
    ----------
    groups : group → study → log likelihood (theta, q) on the grid.
    """
    kernel = normal_pdf((grid.theta - grid.mu[:, None]) / grid.tau[:, None, None])  # (tau, mu, theta)
    kernel /= kernel.sum(axis=2, keepdims=True)
    spread = normal_pdf((grid.mu - grid.hyper[:, :1]) / grid.hyper[:, 1:])  # (hyper, mu)
    spread /= spread.sum(axis=1, keepdims=True)
    joint = grid.hyper_prior[:, None, None] + grid.tau_prior[None, :, None] + grid.q_prior[None, None, :]
    likelihood: dict[Any, Floats] = {}
    marginal: dict[Any, Floats] = {}
    for name, studies in groups.items():
        log = sum(_log_mean(kernel, study) for study in studies.values())  # (tau, mu, q)
        top = np.asarray(log).max(axis=1, keepdims=True)
        likelihood[name] = np.exp(log - top)
        marginal[name] = np.einsum("hu,vuq->hvq", spread, likelihood[name]) + _SMALL
        joint = joint + np.log(marginal[name]) + top[None, :, 0, :]
    weight = np.exp(joint - joint.max())
    weight /= weight.sum()
    step = grid.theta[1] - grid.theta[0]
    edges = np.append(grid.theta - 0.5 * step, grid.theta[-1] + 0.5 * step)
    q_mean = int(np.argmin(abs(grid.q - (weight.sum(axis=(0, 1)) * grid.q).sum())))
    tau_squared = float((weight.sum(axis=(0, 2)) * grid.tau**2).sum())
    clinics = {}
    for name, studies in groups.items():
        centre = np.einsum("hvq,hu,vuq->vuq", weight / marginal[name], spread, likelihood[name])
        mass = np.einsum("vuq,vut->tq", centre, kernel, optimize=True)
        weights = _weights({s: log[:, q_mean] for s, log in studies.items()}, grid.theta, tau_squared)
        clinics[name] = NewClinic(edges, mass / mass.sum(), grid.q, weights)
    return clinics


def _log_mean(kernel: Floats, log: Floats) -> Floats:
    """Log of the likelihood averaged over a study's effect: (tau, mu, theta) and (theta, q) → (tau, mu, q)."""
    top = log.max()
    return np.asarray(np.log(kernel @ np.exp(log - top) + _SMALL) + top)


def _weights(logs: Mapping[str, Floats], theta: Floats, tau_squared: float) -> dict[str, float]:
    """Share of each study in the information on the group's mean: 1 / (tau² + its own variance), made to sum to 1."""
    information = {}
    for study, log in logs.items():
        likelihood = np.exp(log - log.max())
        likelihood /= likelihood.sum()
        mean = float((likelihood * theta).sum())
        information[study] = 1.0 / (tau_squared + float((likelihood * (theta - mean) ** 2).sum()))
    total = sum(information.values())
    return {study: value / total for study, value in information.items()}


def _improvement_logs(found: Sequence[Arm], grid: _Grid) -> dict[str, Floats]:
    """Study → log likelihood (theta, q). Rows of one cohort share one vote, lesions count as their patients."""
    rows = {cohort: sum(a.cohort == cohort for a in found) for cohort in {a.cohort for a in found}}
    theta, sd = grid.theta[:, None], grid.q[None, :]
    logs: dict[str, Floats] = {}
    for arm in found:
        log = arm.patients_per_unit * _bins_log(arm, theta, sd) if arm.bins else _mean_log(arm, theta, sd)
        logs[arm.study] = logs.get(arm.study, np.zeros_like(log)) + log / rows[arm.cohort]
    return logs


def _bins_log(arm: Arm, theta: Floats, sd: Floats) -> Floats:
    """Log likelihood of interval-censored counts (E2)."""
    above = np.zeros(np.broadcast_shapes(theta.shape, sd.shape))
    log = np.zeros_like(above)
    for cut, count in arm.bins:
        reached = np.ones_like(above) if cut is None else normal_cdf((theta - cut) / sd)
        log += count * np.log(np.maximum(reached - above, _SMALL))
        above = reached
    return log


def _mean_log(arm: Arm, theta: Floats, sd: Floats) -> Floats:
    """Log likelihood of a mean of `patients` improvements (E2), normal by the central limit theorem."""
    mean, variance = _censored(theta, sd)
    of_mean = variance / float(arm.patients or 1) + _ROUNDING_PCT**2
    residual = float(arm.mean_pct or 0.0) - mean
    return np.asarray(-0.5 * (residual**2 / of_mean + np.log(of_mean)))


def _censored(theta: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of min(c, X), X ~ N(theta, sd²), c = 100: moments of the normal law cut at c, and c beyond."""
    z = (CEILING_PCT - theta) / sd
    below, density = normal_cdf(z), normal_pdf(z)
    mean = theta * below - sd * density + CEILING_PCT * (1.0 - below)
    square = (theta**2 + sd**2) * below - sd * (theta + CEILING_PCT) * density + CEILING_PCT**2 * (1.0 - below)
    return np.asarray(mean), np.maximum(square - mean**2, 0.0)


def _darkening(theta: Floats, more: Floats, dark: float) -> Floats:
    """Share who darken (E3)."""
    return (1.0 - dark) / (1.0 + np.exp(-theta)) + dark / (1.0 + np.exp(-theta - more))


def _half_normal(nodes: Floats, scale: float) -> Floats:
    """Log prior on geometric nodes, whose widths grow like the nodes themselves."""
    return np.asarray(-0.5 * (nodes / scale) ** 2 + np.log(nodes))


def _hyper(prior: Mapping[str, Any], m: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Nodes (node, 2) of M and S, and their log prior."""
    nodes = np.array([(a, b) for a in m for b in s])
    centre = prior["centre"]
    log = -0.5 * ((nodes[:, 0] - centre["value"]) / centre["sd"]) ** 2
    return nodes, log + _half_normal(nodes[:, 1], prior["between_groups_sd"]["value"])


@cache
def _improvement_grid() -> _Grid:
    """Steps resolve the smallest spreads: tau 2, S 4, and a study's own error of about 2 per cent."""
    prior = settings()["improvement"]
    tau, sd = np.geomspace(2.0, 64.0, 12), np.geomspace(16.0, 56.0, 19)
    hyper, hyper_prior = _hyper(prior, np.linspace(0.0, 100.0, 11), np.geomspace(4.0, 64.0, 6))
    within = prior["within_sd"]
    return _Grid(
        theta=np.arange(-80.0, 201.0),
        mu=np.arange(-40.0, 161.0, 2.5),
        tau=tau,
        tau_prior=_half_normal(tau, prior["between_studies_sd"]["value"]),
        q=sd,
        q_prior=-0.5 * (np.log(sd / within["value"]) / within["log_sd"]) ** 2,
        hyper=hyper,
        hyper_prior=hyper_prior,
    )


@cache
def _pih_grid() -> _Grid:
    prior = settings()["pih"]
    tau, darker = np.geomspace(0.15, 3.0, 9), np.geomspace(0.05, 3.2, 8)
    hyper, hyper_prior = _hyper(prior, np.linspace(-6.0, 1.0, 11), np.geomspace(0.25, 4.0, 6))
    return _Grid(
        theta=np.arange(-100, 61) / 10.0,
        mu=np.arange(-40, 11) / 5.0,
        tau=tau,
        tau_prior=_half_normal(tau, prior["between_studies_sd"]["value"]),
        q=darker,
        q_prior=_half_normal(darker, prior["darker"]["value"]),
        hyper=hyper,
        hyper_prior=hyper_prior,
    )
