"""Sample the two models; each is compiled once and sampled with any data of the same shape.

The sampler is imported inside functions, so that the rest of this package runs without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.evidence_fit.data import (
    CountsSeen,
    Observed,
    count_data,
    printed_counts,
    printed_improvement,
    record_arrays,
    table_data,
)
from skinbeam.evidence.synthesis.posterior import COUNTS, IMPROVEMENT

__all__ = ["SamplerDraws", "SamplerPlan", "sample"]


@dataclass(frozen=True)
class SamplerPlan:
    """Settings of the sampler."""

    draws: int
    tune: int
    chains: int = 4
    accept: float = 0.95
    seed: int = 1


@dataclass(frozen=True)
class SamplerDraws:
    """Draws by parameter, (chain, draw, ...), and the number of divergent trajectories."""

    chains: Mapping[str, NDArray[np.float64]]
    divergences: int


def sample(observed: Observed | CountsSeen, plan: SamplerPlan) -> SamplerDraws:
    """Return draws of the shipped parameters of the model that belongs to these data."""
    import nutpie

    compiled, shipped = _improvement_sampler() if isinstance(observed, Observed) else _count_sampler()
    trace = nutpie.sample(
        compiled.with_data(**{name: np.asarray(a, dtype=float) for name, a in record_arrays(observed).items()}),
        draws=plan.draws,
        tune=plan.tune,
        chains=plan.chains,
        cores=2,
        seed=plan.seed,
        target_accept=plan.accept,
        progress_bar=False,
    )
    chains = {name: np.asarray(trace.posterior[name], dtype=float) for name in shipped}
    return SamplerDraws(chains, int(trace.sample_stats["diverging"].values.sum()))


@cache
def _improvement_sampler() -> tuple[Any, tuple[str, ...]]:
    import nutpie

    from research.evidence_fit.model import build_improvement_model

    return nutpie.compile_pymc_model(build_improvement_model(table_data(), printed_improvement())), IMPROVEMENT


@cache
def _count_sampler() -> tuple[Any, tuple[str, ...]]:
    import nutpie

    from research.evidence_fit.count_model import build_count_model

    return nutpie.compile_pymc_model(build_count_model(count_data(), printed_counts())), COUNTS
