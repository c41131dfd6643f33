"""Simulation-based calibration (Talts et al. 2018): data sets made from the priors, fitted, and each true value ranked
among the draws of its posterior. When model and sampler are right the ranks are uniform.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skinbeam.evidence.fit.data import observed, table_data
from skinbeam.evidence.fit.sample import Plan, sample
from skinbeam.evidence.fit.simulate import draw_data, draw_parameters
from skinbeam.evidence.studies.outcomes import OUTCOMES, PIGMENT
from skinbeam.evidence.synthesis.design import HIERARCHICAL, layout

__all__ = ["BINS", "DATA_SETS", "RANKS", "chi_square_p", "ranked_names", "ranks", "worst"]

DATA_SETS = 200
BINS = 10
RANKS = 99  # draws kept for ranking: ranks 0 to 99 fall into ten bins of ten
_PLAN = Plan(draws=500, tune=500, chains=2, accept=0.95)


def ranked_names() -> list[str]:
    """Return the quantities whose ranks are kept."""
    slopes = [group if not name else f"{group} {name}" for group, name in layout().columns]
    return [
        *(f"beta {name}" for name in slopes),
        *(f"scale {group}" for group in HIERARCHICAL),
        "total", "tau", "omega", "kappa", "freedom", "sd_mid", "sd_spread", "icc",
        *(f"eta {outcome}" for outcome in OUTCOMES),
        *(f"darker {outcome}" for outcome in PIGMENT),
        "eta_scale modality", "eta_scale condition", "eta_between",
        "pain_typical", "pain_scale", "pain_between",
    ]  # fmt: skip


def ranks(number: int) -> dict[str, Any]:
    """Return the rank of each true value under data set `number`, as `ranked_names`, and how often the fit diverged."""
    rng = np.random.default_rng([20261120, number])
    truth = draw_parameters(rng)
    seen = draw_data(truth, table_data(), observed(), rng)
    plan = Plan(_PLAN.draws, _PLAN.tune, _PLAN.chains, _PLAN.accept, seed=number + 1)
    sampled = sample(seen, plan)
    found = sampled.chains
    drawn = _flat({name: a.reshape(-1, *a.shape[2:]) for name, a in found.items()})
    kept = drawn[np.linspace(0, len(drawn) - 1, RANKS).astype(int)]
    below = (kept < _flat({name: np.asarray(value)[None] for name, value in truth.items()})).sum(axis=0)
    return {"ranks": [int(rank) for rank in below], "divergences": sampled.divergences}


def chi_square_p(found: Sequence[int]) -> float:
    """Return the probability of ranks as uneven as these when they are uniform: Pearson's test over ten bins."""
    from scipy.stats import chisquare  # there wherever a sampler or a test is

    counts = np.bincount(np.asarray(found) * BINS // (RANKS + 1), minlength=BINS)
    return float(chisquare(counts).pvalue)


def worst(table: Mapping[str, Sequence[int]]) -> list[tuple[str, float, float]]:
    """Return the quantities from the least even on: name, probability, and that times their number (Bonferroni)."""
    found = sorted((chi_square_p(ranks), name) for name, ranks in table.items())
    return [(name, p, min(1.0, p * len(table))) for p, name in found]


def _flat(values: Mapping[str, Any]) -> Any:
    """(draw, quantity) in the order of `ranked_names`."""
    order = (
        "beta", "scale", "total", "tau", "omega", "kappa", "freedom", "sd_mid", "sd_spread", "icc",
        "eta", "darker", "eta_scale", "eta_between", "pain_typical", "pain_scale", "pain_between",
    )  # fmt: skip
    return np.concatenate([np.asarray(values[name]).reshape(len(values[name]), -1) for name in order], axis=1)
