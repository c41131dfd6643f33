"""One compiled model, sampled as often as needed with other data of the same shape.

Only here is the sampler loaded, and late: everything else of this package runs without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.fit.data import Observed, observed, table_data

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


@cache
def _compiled() -> Any:
    import nutpie

    from skinbeam.evidence.fit.model import build

    return nutpie.compile_pymc_model(build(table_data(), observed()))


def sample(seen: Observed, plan: Plan) -> Sampled:
    """Return draws of the parameters that ship, given one data set."""
    import nutpie

    from skinbeam.evidence.fit.model import SHIPPED

    trace = nutpie.sample(
        _compiled().with_data(**{name: np.asarray(a, dtype=float) for name, a in seen.as_dict().items()}),
        draws=plan.draws,
        tune=plan.tune,
        chains=plan.chains,
        cores=2,
        seed=plan.seed,
        target_accept=plan.accept,
        progress_bar=False,
    )
    chains = {name: np.asarray(trace.posterior[name].values, dtype=float) for name in SHIPPED}
    return Sampled(chains, int(trace.sample_stats["diverging"].values.sum()))
