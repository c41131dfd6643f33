"""Simulation-based calibration (Talts et al. 2018) of the model and the sampler.

Data sets are simulated from the priors and fitted, and each true value is ranked among the draws of its posterior.
When model and sampler are right the ranks are uniform. The data sets have the shape of the table; they test the
model, so they are not simulated again for each row added to the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from research.evidence_fit import count_simulate, simulate
from research.evidence_fit.data import CountsSeen, Observed, count_data, printed_counts, printed_improvement, table_data
from research.evidence_fit.sample import SamplerPlan, sample
from skinbeam.evidence.studies.outcomes import LATE_HARMS, OUTCOMES, PIGMENT_HARMS, pain_modalities
from skinbeam.evidence.synthesis.counts import EFFECTS, effect_columns
from skinbeam.evidence.synthesis.design import HIERARCHICAL, design_layout
from skinbeam.evidence.synthesis.posterior import COUNTS, IMPROVEMENT

__all__ = ["BINS", "DATA_SETS", "RANKS", "chi_square_p", "least_uniform", "ranked_quantities", "ranks"]

DATA_SETS = 60
BINS = 10
RANKS = 99  # draws used for ranking: ranks 0 to 99 fall into ten bins of ten
_PLAN = SamplerPlan(draws=300, tune=300, chains=2, accept=0.9)


def ranked_quantities() -> list[str]:
    """Return the names of the ranked quantities of both models."""
    slopes = [group if not name else f"{group} {name}" for group, name in design_layout().columns]
    return [
        *(f"beta {name}" for name in slopes),
        "total", *(f"scale {group}" for group in HIERARCHICAL),
        "tau", "tau_untreated", "omega", "kappa", "freedom", "sd_mid", "sd_spread", "icc", "clear", "clear_slope",
        *(f"base {outcome}" for outcome in OUTCOMES),
        *(f"effects {' '.join(column)}" for column in effect_columns()),
        *(f"count_scale {effect} {outcome}" for effect in EFFECTS for outcome in OUTCOMES),
        *(f"darker {outcome}" for outcome in PIGMENT_HARMS),
        *(f"late {outcome}" for outcome in LATE_HARMS),
        *(f"{name} {outcome}" for name in ("count_study", "count_row") for outcome in OUTCOMES),
        "pain_typical", *(f"pain_modality {name}" for name in pain_modalities()), "pain_scale", "pain_between",
    ]  # fmt: skip


def ranks(number: int) -> dict[str, Any]:
    """Return the rank of each true value in data set `number`, by name, and the number of divergences of the fits."""
    rng = np.random.default_rng([20261122, number])
    below: list[int] = []
    divergences = 0
    truth = simulate.draw_parameters(rng)
    made: Observed | CountsSeen = simulate.draw_data(truth, table_data(), printed_improvement(), rng)
    more = count_simulate.draw_parameters(rng)
    counts = count_simulate.draw_counts(more, count_data(), printed_counts(), rng)
    for true, seen, order in ((truth, made, IMPROVEMENT), (more, counts, COUNTS)):
        sampled = sample(seen, replace(_PLAN, seed=number + 1))
        drawn = _flatten({name: a.reshape(-1, *a.shape[2:]) for name, a in sampled.chains.items()}, order)
        thinned = drawn[np.linspace(0, len(drawn) - 1, RANKS).astype(int)]
        below += [
            int(n) for n in (thinned < _flatten({k: np.asarray(v)[None] for k, v in true.items()}, order)).sum(axis=0)
        ]
        divergences += sampled.divergences
    return {"ranks": dict(zip(ranked_quantities(), below, strict=True)), "divergences": divergences}


def chi_square_p(observed: Sequence[int]) -> float:
    """Return the probability of ranks as uneven as these when they are uniform: Pearson's test over ten bins."""
    from scipy.stats import chisquare  # there wherever a sampler or a test is

    counts = np.bincount(np.asarray(observed) * BINS // (RANKS + 1), minlength=BINS)
    return float(chisquare(counts).pvalue)


def least_uniform(table: Mapping[str, Sequence[int]]) -> list[tuple[str, float, float]]:
    """Return the quantities, the least uniform first: name, probability, and that times their number (Bonferroni)."""
    p_values = sorted((chi_square_p(ranks), name) for name, ranks in table.items())
    return [(name, p, min(1.0, p * len(table))) for p, name in p_values]


def _flatten(values: Mapping[str, Any], order: Sequence[str]) -> Any:
    """Return values as an array (draw, quantity) in the order of `ranked_quantities`."""
    return np.concatenate([np.asarray(values[name]).reshape(len(values[name]), -1) for name in order], axis=1)
