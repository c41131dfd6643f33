"""Load the fitted posterior that ships with the package: its draws, and the record of how they were made.

`data/derived/posterior.npz` holds each parameter as (chain, draw, ...) in the order of the sampler;
`data/derived/posterior.json` the sampler's settings and diagnostics, and the SHA-256 of the inputs
(`research.evidence_fit.data`); `data/derived/posterior_columns.json` names the columns of each parameter. A row that
was added to the table after the fit may need other columns: those of the fit are found by name, never by the order of
the table.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.synthesis.design import HIERARCHICAL
from skinbeam.model.package_data import load_package_text
from skinbeam.model.value_equality import compared_by_value

__all__ = [
    "CHECKS_FILE",
    "COLUMNS_FILE",
    "COUNTS",
    "DRAWS_FILE",
    "IMPROVEMENT",
    "RECORD_FILE",
    "FittedColumns",
    "Posterior",
    "fitted_columns",
    "posterior",
]

Floats = NDArray[np.float64]
# Names of the parameters of each of the two models.
IMPROVEMENT = (
    "beta", "total", "scale", "tau", "tau_untreated", "omega", "kappa", "freedom", "sd_mid", "sd_spread", "icc",
    "clear", "clear_slope",
)  # fmt: skip
COUNTS = (
    "base", "effects", "count_scale", "darker", "late", "count_study", "count_row",
    "pain_typical", "pain_modality", "pain_scale", "pain_between",
)  # fmt: skip
DRAWS_FILE, RECORD_FILE = "data/derived/posterior.npz", "data/derived/posterior.json"
COLUMNS_FILE = "data/derived/posterior_columns.json"
CHECKS_FILE = "data/derived/posterior_checks.json"


@compared_by_value
@dataclass(frozen=True)
class Posterior:
    """Posterior draws of all chains: each array (draw, ...), names as in `research.evidence_fit.model`.

    They are stored as shipped, in single precision, and converted to double when read.
    """

    draws: Mapping[str, NDArray[np.floating[Any]]]

    def __getitem__(self, name: str) -> Floats:
        return np.asarray(self.draws[name], dtype=float)

    def part(self, name: str, *index: Any) -> Floats:
        """Return the indexed part of a parameter; one answer needs few of its columns, and reading all takes time."""
        return np.asarray(self.draws[name][index], dtype=float)

    def __len__(self) -> int:
        return len(next(iter(self.draws.values())))

    def select(self, rows: NDArray[np.int64]) -> "Posterior":
        """Return some of the draws, (row,), each as often as its index occurs."""
        return Posterior({name: draws[rows] for name, draws in self.draws.items()})

    def scale(self, group: str) -> Floats:
        """Return the estimated spread of a group of columns, (draw,)."""
        return self.part("scale", slice(None), HIERARCHICAL.index(group))

    @staticmethod
    def from_chains(chains: Mapping[str, NDArray[Any]]) -> "Posterior":
        """Return the posterior from arrays (chain, draw, ...)."""
        return Posterior({name: a.reshape(-1, *a.shape[2:]) for name, a in chains.items()})


@cache
def posterior() -> Posterior:
    """Return the shipped posterior draws."""
    with (resources.files("skinbeam") / DRAWS_FILE).open("rb") as file, np.load(file) as chains:
        return Posterior.from_chains(dict(chains))


@dataclass(frozen=True)
class FittedColumns:
    """What the columns of the shipped draws belong to, in their order.

    Parameters
    ----------
    beta : (group, name) of each column of the design matrix.
    effects : (effect, outcome, name).
    pain_modality : modalities.
    """

    beta: tuple[tuple[str, str], ...]
    effects: tuple[tuple[str, str, str], ...]
    pain_modality: tuple[str, ...]


@cache
def fitted_columns() -> FittedColumns:
    """Return the columns of the shipped draws, as `research.evidence_fit` wrote them beside the draws."""
    record = json.loads(load_package_text(COLUMNS_FILE))
    return FittedColumns(
        beta=tuple((group, name) for group, name in record["beta"]),
        effects=tuple((effect, outcome, name) for effect, outcome, name in record["effects"]),
        pain_modality=tuple(record["pain_modality"]),
    )
