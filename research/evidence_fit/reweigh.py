"""Leave a study out without refitting: Pareto-smoothed importance sampling (Vehtari et al. 2024, JMLR 25:72).

A draw of the shared parameters is weighted by one over the likelihood of the left-out study, in which the study's own
deviations are integrated out: they are drawn from their laws, `INNER` times for each draw. Where the tail of the
weights is too heavy, the weighted draws are unreliable and the models are refitted without the study.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln, logsumexp

from research.evidence_fit.data import count_data, printed_counts, printed_improvement, table_data
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.outcomes import LATE_HARMS, OUTCOMES, PIGMENT_HARMS, outcome_counts
from skinbeam.evidence.synthesis.design import fitted_arms
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.improvement_law import ImprovementLaw
from skinbeam.evidence.synthesis.posterior import Posterior

__all__ = ["counts_log_likelihood", "improvement_log_likelihood", "reweigh_without_study"]

INNER = 400
_WORST_TAIL = 0.7  # shape of the Pareto law above which the weights are not trusted
_SMALL = 1e-12


def reweigh_without_study(fitted: Posterior, log_likelihood: Floats, rng: np.random.Generator) -> Posterior | None:
    """Return the draws reweighted as if without a study, or None where the weights are unreliable.

    Parameters
    ----------
    log_likelihood : of the study, (draw,).
    """
    import arviz

    log_weights, tail = arviz.psislw(-log_likelihood)
    if not float(tail) < _WORST_TAIL:
        return None
    weights = np.exp(np.asarray(log_weights) - np.max(log_weights))
    return fitted.select(rng.choice(len(fitted), len(fitted), p=weights / weights.sum()))


def improvement_log_likelihood(study: str, fitted: Posterior, rng: np.random.Generator) -> Floats:
    """Return the log-likelihood of a study's reported improvement, (draw,)."""
    data = table_data()
    mine = np.array([k for k, arm in enumerate(fitted_arms()) if arm.study == study], dtype=int)
    total = np.zeros(len(fitted))
    for group in np.unique(data.study[mine]):
        total += _group_log_likelihood(mine[data.study[mine] == group], int(group), fitted, rng)
    return total


def _group_log_likelihood(mine: Sequence[int], group: int, posterior: Posterior, rng: np.random.Generator) -> Floats:
    """Return the log-likelihood of arms that share one deviation, (draw,); the equations are those of `model`."""
    data, seen = table_data(), printed_improvement()
    shape = (len(posterior), INNER)

    def each(name: str) -> Floats:
        return np.asarray(posterior[name][:, None])

    between = each("tau_untreated" if data.untreated[group] else "tau") * seen.weak[group]
    own = between * rng.standard_t(np.broadcast_to(each("freedom"), shape))
    reading = each("kappa") * rng.standard_normal(shape)
    sd = np.exp(each("sd_mid") + each("sd_spread") * rng.standard_normal(shape))
    log = np.zeros(shape)
    for k in mine:
        theta = (posterior["beta"] @ data.x[k])[:, None] + own + each("omega") * rng.standard_normal(shape)
        seen_as = theta + reading if data.binned[k] else theta
        law = ImprovementLaw.from_theta(seen_as, sd, data.single[k], each("clear"), each("clear_slope"))
        log += (_class_log_likelihood if data.binned[k] else _mean_log_likelihood)(k, law, each("icc"))
    return np.asarray(logsumexp(log, axis=1) - np.log(INNER))


def _class_log_likelihood(k: int, law: ImprovementLaw, icc: Floats) -> Floats:
    data, seen = table_data(), printed_improvement()
    units, people, log = data.units[k], data.n[k], np.zeros_like(law.theta_pct)
    size = 1.0 / (icc * (units / people - 1.0) / (units - 1.0)) - 1.0 if units > people else None
    for lower, upper, count in zip(data.lower[k], data.upper[k], seen.counts[k], strict=True):
        if not upper > lower:
            continue
        p = np.maximum(law.share_above(lower) - law.share_above(upper), _SMALL)
        log += count * np.log(p) if size is None else gammaln(count + size * p) - gammaln(size * p)
    return log if size is None else log + gammaln(size) - gammaln(size + units)


def _mean_log_likelihood(k: int, law: ImprovementLaw, icc: Floats) -> Floats:
    data, seen = table_data(), printed_improvement()
    mean, variance = law.moments
    variance = np.maximum(variance, 1.0)
    per_patient = data.units[k] / data.n[k]
    error = evidence_settings().printed_error_pct
    of_mean = variance * (1.0 + (per_patient - 1.0) * icc) / data.units[k] + error**2
    log = -0.5 * ((seen.mean[k] - mean) ** 2 / of_mean + np.log(of_mean))
    if seen.sd[k] > 0.0:
        off = (np.log(seen.sd[k]) - 0.5 * np.log(variance)) * np.sqrt(2.0 * max(data.n[k] - 1.0, 1.0))
        log = log - 0.5 * off**2
    return np.asarray(log)


def counts_log_likelihood(study: str, fitted: Posterior, rng: np.random.Generator) -> Floats:
    """Return the log-likelihood of a study's counts of harms and satisfaction, (draw,)."""
    data, seen = count_data(), printed_counts()
    mine = np.array([k for k, row in enumerate(outcome_counts()) if row.study == study], dtype=int)
    total, shape = np.zeros(len(fitted)), (len(fitted), INNER)
    effects = np.column_stack((fitted["effects"], np.zeros(len(fitted))))
    freedom = evidence_settings().count_freedom
    for group in np.unique(data.own[mine]):
        outcome = int(data.own_outcome[group])
        own = fitted["count_study"][:, outcome, None] * rng.standard_t(freedom, shape)
        log = np.zeros(shape)
        for k in mine[data.own[mine] == group]:
            fixed = fitted["base"][:, outcome] + effects[:, data.effects[k]].sum(axis=1)
            if OUTCOMES[outcome] in LATE_HARMS:
                fixed = fixed + fitted["late"][:, LATE_HARMS.index(OUTCOMES[outcome])] * data.later[k]
            odds = fixed[:, None] + own
            if k in data.several:
                odds = odds + fitted["count_row"][:, outcome, None] * rng.standard_normal(shape)
            if OUTCOMES[outcome] in PIGMENT_HARMS:
                type_ = data.type_low[k] + (data.type_high[k] - data.type_low[k]) * rng.beta(2.0, 2.0, shape)
                odds = odds + fitted["darker"][:, PIGMENT_HARMS.index(OUTCOMES[outcome]), None] * type_
            log += seen.events[k] * odds - data.of[k] * np.logaddexp(0.0, odds)
        total += logsumexp(log, axis=1) - np.log(INNER)
    return total
