"""Leave one study out: is a study covered that the model has never seen, and how well is it foretold?

An arm that printed classes is scored on the number of its patients who reached the printed cut point nearest to half;
one that printed a mean on that mean; a harm on its count. The score is the logarithm of the predictive probability (of
a count) or density (of a mean, per per cent). Coverage is judged by the randomised probability integral transform
(PIT): uniform when intervals hold. Arms of one study share its weight.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from skinbeam.evidence.fit import reweigh
from skinbeam.evidence.fit.baselines import BASELINES, Seen, count_score, predicted
from skinbeam.evidence.fit.count_data import CountsSeen, counts_seen
from skinbeam.evidence.fit.data import Observed, observed
from skinbeam.evidence.fit.sample import Plan, sample
from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.studies.outcomes import counted
from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis.clinic import NewClinics, new_clinics
from skinbeam.evidence.synthesis.counts import Asked, counted_share
from skinbeam.evidence.synthesis.design import Features, fitted_arms
from skinbeam.evidence.synthesis.distributions import Floats, Rate, count_pmf, normal_cdf
from skinbeam.evidence.synthesis.posterior import Posterior

__all__ = ["LEVELS", "PLAN", "Score", "coverage", "gain", "leave_out", "printed", "studies"]

LEVELS = (0.5, 0.8, 0.95)
PLAN = Plan(draws=500, tune=500, chains=2, accept=0.9)
_LEAST = 1e-12


@dataclass(frozen=True)
class Score:
    """How one arm, or one count of harms, of a study was foretold without it."""

    study: str
    row: str
    kind: str  # responders | mean | an outcome's name
    printed: str
    median: float
    log_score: float
    pit: float
    baselines: Mapping[str, float]
    refitted: bool = False  # fitted again without the study; else draws of the whole fit were weighed
    divergences: int = 0  # of that fit

    def as_record(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def studies() -> tuple[str, ...]:
    """Return every study that printed improvement, a harm or satisfaction."""
    return tuple(dict.fromkeys([*(arm.study for arm in fitted_arms()), *(row.study for row in counted())]))


def leave_out(study: str, given: Posterior, rng: np.random.Generator) -> list[Score]:
    """Return the scores of one study without it; `given` is the posterior of all studies."""
    return [*_improvement(study, given, rng), *_counts(study, given, rng)]


def _improvement(study: str, given: Posterior, rng: np.random.Generator) -> list[Score]:
    mine = [arm for arm in fitted_arms() if arm.study == study]
    if not mine:
        return []
    log_likelihood = reweigh.improvement_log_likelihood(study, given, rng)
    rest = observed().without(np.array([arm.study == study for arm in fitted_arms()]))
    found, fit = _without(rest, given, log_likelihood, rng)
    others = [printed(arm) for arm in fitted_arms() if arm.study != study]
    scores = []
    for arm in mine:
        (clinics,) = new_clinics([[(Features.of_arm(arm), 1.0)]], given=found)
        scores.append(_arm_score(arm, clinics, found, others, rng))
    return [replace(score, **fit) for score in scores]


def _counts(study: str, given: Posterior, rng: np.random.Generator) -> list[Score]:
    rows = counted()
    if not any(row.study == study for row in rows):
        return []
    log_likelihood = reweigh.counts_log_likelihood(study, given, rng)
    rest = counts_seen().without(np.array([row.study == study for row in rows]))
    found, fit = _without(rest, given, log_likelihood, rng)
    scores = []
    for row in rows:
        if row.study == study:
            shares = counted_share(Asked.of_row(row), given=found)
            score, pit, median = _count(shares, row.events, row.of, 1.0, rng)
            pool = [(o.events, o.of) for o in rows if o.outcome == row.outcome and o.study != study]
            baseline = {"one pool": count_score((row.events, row.of), pool)}
            what = f"{row.events} of {row.of}"
            scores.append(Score(study, row.arm.row, row.outcome, what, median, score, pit, baseline))
    return [replace(score, **fit) for score in scores]


def _without(
    rest: Observed | CountsSeen, given: Posterior, log_likelihood: Floats, rng: np.random.Generator
) -> tuple[Posterior, dict[str, Any]]:
    """The posterior without a study, and how it was come by: fields of `Score`. `rest`: what the others printed."""
    found = reweigh.without(given, log_likelihood, rng)
    if found is not None:
        return found, {}
    sampled = sample(rest, PLAN)
    return Posterior.of_chains(sampled.chains), {"refitted": True, "divergences": sampled.divergences}


def printed(arm: Arm) -> Seen:
    """Return what an arm printed, as responders at the cut point nearest to half or as a mean."""
    people = arm.units or arm.patients or 0
    if not arm.bins:
        return Seen(arm.study, Features.of_arm(arm), int(arm.patients or 0), None, arm.mean_pct)
    return Seen(arm.study, Features.of_arm(arm), people, arm.reached(_cut(arm)), None)


def coverage(scores: Sequence[Score], *, resamples: int = 20_000) -> dict[str, dict[str, float]]:
    """Return for each level the share of studies inside, and where 99 % of bootstrapped shares lie.

    Studies are resampled whole; within a study its arms share one vote.
    """
    inside = {
        level: np.array(
            [np.mean([abs(2.0 * s.pit - 1.0) <= level for s in scores if s.study == study]) for study in _named(scores)]
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


def gain(scores: Sequence[Score], baseline: str) -> tuple[float, float]:
    """Return the mean gain in log score over a baseline and its standard error, clustered by study."""
    by_study = [
        np.array([s.log_score - s.baselines[baseline] for s in scores if s.study == study]) for study in _named(scores)
    ]
    n = sum(map(len, by_study))
    mean = sum(float(x.sum()) for x in by_study) / n
    clusters = np.array([float((x - mean).sum()) for x in by_study])
    g = len(clusters)
    return mean, float(np.sqrt(g / (g - 1) * (clusters**2).sum()) / n)


def _named(scores: Iterable[Score]) -> list[str]:
    return list(dict.fromkeys(s.study for s in scores))


def _cut(arm: Arm) -> float:
    return min(arm.cuts, key=lambda c: abs(c - 50.0))


def _arm_score(
    arm: Arm, clinics: NewClinics, given: Posterior, others: Sequence[Seen], rng: np.random.Generator
) -> Score:
    seen = printed(arm)
    baselines = {name: predicted(seen, others, key) for name, key in BASELINES.items()}
    icc = float(given["icc"].mean())
    group = 1.0 + (arm.units_per_patient - 1.0) * icc
    if seen.responders is not None:
        score, pit, median = _count(clinics.share(_cut(arm)), seen.responders, seen.n, group, rng)
        what = f"{seen.responders} of {seen.n} at {_cut(arm):g} %"
        return Score(arm.study, arm.row, "responders", what, median, score, pit, baselines)
    mean, variance = clinics.scored.moments
    per_mean = np.maximum(variance, 1.0) * group / (seen.n * arm.units_per_patient)
    sd = np.sqrt(per_mean + settings()["improvement"]["printed_error"]["value"] ** 2)
    z = ((arm.mean_pct or 0.0) - mean) / sd
    density = float(np.mean(np.exp(-0.5 * z**2) / (sd * np.sqrt(2.0 * np.pi))))
    return Score(
        arm.study,
        arm.row,
        "mean",
        f"{arm.mean_pct:g} %",
        float(np.median(mean)),
        float(np.log(max(density, _LEAST))),
        float(normal_cdf(z).mean()),
        baselines,
    )


def _count(shares: Floats, events: int, of: int, group: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Log score, randomised PIT and the median share of the predicted count."""
    pmf = np.array(count_pmf(Rate.of_draws(shares, of).alike(of, group), of))
    pit = pmf[:events].sum() + rng.uniform() * pmf[events]
    return float(np.log(max(pmf[events], _LEAST))), float(np.clip(pit, 0.0, 1.0)), float(np.median(shares))
