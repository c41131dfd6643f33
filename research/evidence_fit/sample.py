"""The two models, each compiled once and sampled as often as needed with other data of the same shape.

Only here is the sampler loaded, and late: everything else of this package runs without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.fit.count_data import CountsSeen, count_data, counts_seen
from skinbeam.evidence.fit.data import Observed, arrays, observed, table_data
from skinbeam.evidence.synthesis.posterior import COUNTS, IMPROVEMENT

__all__ = ["Plan", "Sampled", "sample"]


@dataclass(frozen=True)
class Plan:
    """How to sample."""

    draws: int
    tune: int
    chains: int = 4
    accept: float = 0.95
    seed: int = 1


@dataclass(frozen=True)
class Sampled:
    """Draws by parameter, (chain, draw, ...), and how many trajectories diverged."""

    chains: Mapping[str, NDArray[np.float64]]
    divergences: int


def sample(seen: Observed | CountsSeen, plan: Plan) -> Sampled:
    """Return draws of the parameters that ship, of the model that these data belong to."""
    import nutpie

    compiled, shipped = _improvement() if isinstance(seen, Observed) else _counts()
    trace = nutpie.sample(
        compiled.with_data(**{name: np.asarray(a, dtype=float) for name, a in arrays(seen).items()}),
        draws=plan.draws,
        tune=plan.tune,
        chains=plan.chains,
        cores=2,
        seed=plan.seed,
        target_accept=plan.accept,
        progress_bar=False,
    )
    chains = {name: np.asarray(trace.posterior[name].values, dtype=float) for name in shipped}
    return Sampled(chains, int(trace.sample_stats["diverging"].values.sum()))


@cache
def _improvement() -> tuple[Any, tuple[str, ...]]:
    import nutpie

    from skinbeam.evidence.fit.model import build

    return nutpie.compile_pymc_model(build(table_data(), observed())), IMPROVEMENT


@cache
def _counts() -> tuple[Any, tuple[str, ...]]:
    import nutpie

    from skinbeam.evidence.fit.count_model import build

    return nutpie.compile_pymc_model(build(count_data(), counts_seen())), COUNTS
