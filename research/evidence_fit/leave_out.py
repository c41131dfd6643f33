"""Score leave-one-study-out predictions of the model, beside random-effects pools as baselines.

An arm that printed classes is scored on the number of its patients who reached the printed cut point nearest to half;
one that printed a mean on that mean; a harm on its count. The score is the logarithm of the predictive probability (of
a count) or density (of a mean, per per cent). Coverage is tested by the randomised probability integral transform
(PIT), which is uniform when intervals have their nominal coverage. The arms of one study share its weight.

The baselines are random-effects pools without covariates, their parameters integrated out:

Counts: responders of a study ~ BetaBinomial(n, m, size), m uniform, log size normal about log 4 with sd 1.5.
Means: the printed mean ~ N(m, t² + s² / n), m ~ N(50, 30²), t half-normal with scale 20, s = 27 per cent.
One pool for each family, or one for all. Thresholds are those that were printed, as in the comparison.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import betaln

from research.evidence_fit import reweigh
from research.evidence_fit.data import CountsSeen, Observed, printed_counts, printed_improvement
from research.evidence_fit.sample import SamplerPlan, sample
from skinbeam.evidence.settings import evidence_priors, evidence_settings
from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.counts import CountQuestion, draw_share
from skinbeam.evidence.synthesis.design import UNTREATED, Features, fitted_arms
from skinbeam.evidence.synthesis.distributions import Floats, UncertainRate, count_pmf, normal_cdf
from skinbeam.evidence.synthesis.new_clinic import NewClinics, draw_new_clinics
from skinbeam.evidence.synthesis.posterior import Posterior

__all__ = [
    "BASELINES",
    "LEVELS",
    "PLAN",
    "PrintedResult",
    "StudyScore",
    "baseline_log_score",
    "count_log_score",
    "coverage",
    "leave_out",
    "printed_result",
    "score_gain",
    "scored_studies",
]


@dataclass(frozen=True)
class PrintedResult:
    """The reported result of an arm: `responders` of `n`, or a `mean` of `n`, with its study and features."""

    study: str
    features: Features
    n: int
    responders: int | None
    mean: float | None


def _family(features: Features) -> Hashable:
    return evidence_settings().family_of_condition.get(features.condition)


BASELINES: dict[str, Callable[[Features], Hashable]] = {
    "pool by family of conditions": _family,
    "pool by modality": lambda f: f.modality,
    "one pool": lambda f: True,
    "one pool, untreated arms apart": lambda f: f.modality == UNTREATED,
}


def baseline_log_score(
    arm: PrintedResult, results: Sequence[PrintedResult], key: Callable[[Features], Hashable]
) -> float:
    """Return the log score of an arm's result, predicted from the other studies of its pool."""
    pool = [o for o in results if key(o.features) == key(arm.features) and o.study != arm.study]
    if arm.responders is not None:
        return count_log_score((arm.responders, arm.n), [(o.responders, o.n) for o in pool if o.responders is not None])
    return _mean_score(arm, [o for o in pool if o.mean is not None])


def count_log_score(observed: tuple[int, int], pool: Sequence[tuple[int, int]]) -> float:
    """Return the log score of a count, (events, people), predicted from the counts of a pool."""
    m, log_size = np.meshgrid(np.linspace(0.005, 0.995, 199), np.linspace(-2.0, 6.0, 65), indexing="ij")
    size = np.exp(log_size)
    log = -0.5 * ((log_size - np.log(4.0)) / 1.5) ** 2
    for events, people in pool:
        log = log + _beta_binomial(events, people, m * size, (1.0 - m) * size)
    weight = np.exp(log - log.max())
    new = np.exp(_beta_binomial(*observed, m * size, (1.0 - m) * size))
    return float(np.log((weight * new).sum() / weight.sum()))


def _mean_score(arm: PrintedResult, pool: Sequence[PrintedResult]) -> float:
    m, t = np.meshgrid(np.linspace(-60.0, 160.0, 221), np.linspace(0.25, 60.0, 120), indexing="ij")
    log = -0.5 * ((m - 50.0) / 30.0) ** 2 - 0.5 * (t / 20.0) ** 2
    for result in pool:
        log = log + _normal(result.mean or 0.0, m, t, result.n)
    weight = np.exp(log - log.max())
    return float(np.log((weight * np.exp(_normal(arm.mean or 0.0, m, t, arm.n))).sum() / weight.sum()))


def _beta_binomial(k: int, n: int, a: Floats, b: Floats) -> Floats:
    ways = -np.log(n + 1) - betaln(k + 1, n - k + 1)
    return np.asarray(ways + betaln(k + a, n - k + b) - betaln(a, b))


def _normal(y: float, m: Floats, t: Floats, n: int) -> Floats:
    variance = t**2 + evidence_priors("improvement")["patient_sd"]["value"] ** 2 / n
    return np.asarray(-0.5 * ((y - m) ** 2 / variance + np.log(2.0 * np.pi * variance)))


# Scores of the model.

LEVELS = (0.5, 0.8, 0.95)
PLAN = SamplerPlan(draws=500, tune=500, chains=2, accept=0.9)
_LEAST = 1e-12


@dataclass(frozen=True)
class StudyScore:
    """The score of one arm, or of one count of harms, predicted without its study."""

    study: str
    row: str
    kind: str  # responders | mean | an outcome's name
    printed: str
    median: float
    log_score: float
    pit: float
    baselines: Mapping[str, float]
    refitted: bool = False  # refitted without the study; else the draws of the full fit were reweighted
    divergences: int = 0  # of the refit

    def as_record(self) -> dict[str, Any]:
        """Return the fields as a dictionary."""
        return asdict(self)

    def is_inside(self, level: float) -> bool:
        """Return whether the printed result lies inside the central interval of a level."""
        return abs(2.0 * self.pit - 1.0) <= level


def scored_studies() -> tuple[str, ...]:
    """Return every study that reported improvement, a harm or satisfaction."""
    return tuple(dict.fromkeys([*(arm.study for arm in fitted_arms()), *(row.study for row in outcome_counts())]))


def leave_out(study: str, fitted: Posterior, rng: np.random.Generator) -> list[StudyScore]:
    """Return the scores of one study when left out; `fitted` is the posterior of all studies."""
    return [*_improvement_scores(study, fitted, rng), *_harm_scores(study, fitted, rng)]


def _improvement_scores(study: str, posterior: Posterior, rng: np.random.Generator) -> list[StudyScore]:
    mine = [arm for arm in fitted_arms() if arm.study == study]
    if not mine:
        return []
    log_likelihood = reweigh.improvement_log_likelihood(study, posterior, rng)
    rest = printed_improvement().excluding(np.array([arm.study == study for arm in fitted_arms()]))
    found, fit = _posterior_without(rest, posterior, log_likelihood, rng)
    others = [printed_result(arm) for arm in fitted_arms() if arm.study != study]
    scores = []
    for arm in mine:
        (clinics,) = draw_new_clinics([[(Features.from_arm(arm), 1.0)]], posterior_override=found)
        scores.append(_arm_score(arm, clinics, found, others, rng))
    return [replace(score, **fit) for score in scores]


def _harm_scores(study: str, posterior: Posterior, rng: np.random.Generator) -> list[StudyScore]:
    rows = outcome_counts()
    if not any(row.study == study for row in rows):
        return []
    log_likelihood = reweigh.counts_log_likelihood(study, posterior, rng)
    rest = printed_counts().excluding(np.array([row.study == study for row in rows]))
    found, fit = _posterior_without(rest, posterior, log_likelihood, rng)
    scores = []
    for row in rows:
        if row.study == study:
            shares = draw_share(CountQuestion.from_count(row), posterior_override=found)
            score, pit, median = _predicted_count(shares, row.events, row.patients, 1.0, rng)
            pool = [(o.events, o.patients) for o in rows if o.outcome == row.outcome and o.study != study]
            baseline = {"one pool": count_log_score((row.events, row.patients), pool)}
            what = f"{row.events} of {row.patients}"
            scores.append(StudyScore(study, row.arm.row, row.outcome, what, median, score, pit, baseline))
    return [replace(score, **fit) for score in scores]


def _posterior_without(
    rest: Observed | CountsSeen, posterior: Posterior, log_likelihood: Floats, rng: np.random.Generator
) -> tuple[Posterior, dict[str, Any]]:
    """Return the posterior without a study, and the fields of `StudyScore` on how it was made.

    Parameters
    ----------
    rest : the reported results of the other studies.
    """
    reweighed = reweigh.reweigh_without_study(posterior, log_likelihood, rng)
    if reweighed is not None:
        return reweighed, {}
    sampled = sample(rest, PLAN)
    return Posterior.from_chains(sampled.chains), {"refitted": True, "divergences": sampled.divergences}


def printed_result(arm: Arm) -> PrintedResult:
    """Return an arm's reported result, as responders at the cut point nearest to half or as a mean."""
    people = arm.units or arm.patients or 0
    if not arm.bins:
        return PrintedResult(arm.study, Features.from_arm(arm), int(arm.patients or 0), None, arm.mean_pct)
    return PrintedResult(arm.study, Features.from_arm(arm), people, arm.count_reaching(_nearest_cut(arm)), None)


def coverage(scores: Sequence[StudyScore], *, resamples: int = 20_000) -> dict[str, dict[str, float]]:
    """Return for each level the share of studies inside, and the bounds of 99 % of bootstrapped shares.

    Whole studies are resampled; within a study its arms share one vote.
    """
    inside = {
        level: np.array(
            [np.mean([s.is_inside(level) for s in scores if s.study == study]) for study in _study_names(scores)]
        )
        for level in LEVELS
    }
    rng = np.random.default_rng(0)
    found = {}
    for level, shares in inside.items():
        again = rng.choice(shares, (resamples, len(shares))).mean(axis=1)
        low, high = np.quantile(again, (0.005, 0.995))
        found[f"{100 * level:.0f}"] = {"inside": float(shares.mean()), "low": float(low), "high": float(high)}
    return found


def score_gain(scores: Sequence[StudyScore], baseline: str) -> tuple[float, float]:
    """Return the mean gain in log score over a baseline and its standard error, clustered by study."""
    by_study = [
        np.array([s.log_score - s.baselines[baseline] for s in scores if s.study == study])
        for study in _study_names(scores)
    ]
    n = sum(map(len, by_study))
    mean = sum(float(x.sum()) for x in by_study) / n
    clusters = np.array([float((x - mean).sum()) for x in by_study])
    g = len(clusters)
    return mean, float(np.sqrt(g / (g - 1) * (clusters**2).sum()) / n)


def _study_names(scores: Iterable[StudyScore]) -> list[str]:
    return list(dict.fromkeys(s.study for s in scores))


def _nearest_cut(arm: Arm) -> float:
    return min(arm.cuts, key=lambda c: abs(c - 50.0))


def _arm_score(
    arm: Arm, clinics: NewClinics, posterior: Posterior, results: Sequence[PrintedResult], rng: np.random.Generator
) -> StudyScore:
    seen = printed_result(arm)
    baselines = {name: baseline_log_score(seen, results, key) for name, key in BASELINES.items()}
    icc = float(posterior["icc"].mean())
    group = 1.0 + (arm.units_per_patient - 1.0) * icc
    if seen.responders is not None:
        score, pit, median = _predicted_count(
            clinics.share_above(_nearest_cut(arm)), seen.responders, seen.n, group, rng
        )
        what = f"{seen.responders} of {seen.n} at {_nearest_cut(arm):g} %"
        return StudyScore(arm.study, arm.row, "responders", what, median, score, pit, baselines)
    mean, variance = clinics.scored_law.moments
    per_mean = np.maximum(variance, 1.0) * group / (seen.n * arm.units_per_patient)
    sd = np.sqrt(per_mean + evidence_settings().printed_error_pct ** 2)
    z = ((arm.mean_pct or 0.0) - mean) / sd
    density = float(np.mean(np.exp(-0.5 * z**2) / (sd * np.sqrt(2.0 * np.pi))))
    return StudyScore(
        arm.study,
        arm.row,
        "mean",
        f"{arm.mean_pct:g} %",
        float(np.median(mean)),
        float(np.log(max(density, _LEAST))),
        float(normal_cdf(z).mean()),
        baselines,
    )


def _predicted_count(
    shares: Floats, events: int, of: int, group: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return log score, randomised PIT and median share of the predicted count."""
    pmf = np.array(count_pmf(UncertainRate.from_draws(shares, of).with_correlated_groups(of, group), of))
    pit = pmf[:events].sum() + rng.uniform() * pmf[events]
    return float(np.log(max(pmf[events], _LEAST))), float(np.clip(pit, 0.0, 1.0)), float(np.median(shares))
