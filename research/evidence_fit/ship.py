"""Refit the models, and replace the shipped draws or compare the new ones with them."""

import json
import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import skinbeam
from research.evidence_fit.data import inputs_sha256, printed_counts, printed_improvement
from research.evidence_fit.diagnostics import effective_size, r_hat, tail_size
from research.evidence_fit.sample import SamplerPlan, sample
from skinbeam.evidence.studies.outcomes import pain_modalities
from skinbeam.evidence.synthesis.counts import effect_columns
from skinbeam.evidence.synthesis.design import design_layout
from skinbeam.evidence.synthesis.posterior import COLUMNS_FILE, DRAWS_FILE, RECORD_FILE

__all__ = [
    "COUNT_PLAN",
    "PLAN",
    "diagnostic_faults",
    "disagreements",
    "fit_models",
    "is_current",
    "posterior_record",
    "write_draws",
]

# The count model mixes slowly, since few studies inform each scale: it takes more draws, and ships the same number.
PLAN = SamplerPlan(draws=3000, tune=1000, accept=0.98)
COUNT_PLAN = SamplerPlan(draws=5000, tune=1500, accept=0.98)
DRAWS_SHIPPED = 500  # draws of each chain that ship: a consultation reads them all
# Two sets of draws of one posterior: the difference of their means over its standard error is standard normal. With
# some 800 parameters the largest of them passes 4.8 in one run of 800.
_MOST_STANDARD_ERRORS = 4.8
_PACKAGE = Path(skinbeam.__file__).parent


def fit_models(seed: int = PLAN.seed) -> tuple[dict[str, NDArray[np.float32]], dict[str, Any]]:
    """Return the draws to ship, (chain, draw, ...), and their record."""
    sampled = [
        sample(printed_improvement(), replace(PLAN, seed=seed)),
        sample(printed_counts(), replace(COUNT_PLAN, seed=seed)),
    ]
    draws = {
        name: chains[:, :: chains.shape[1] // DRAWS_SHIPPED].astype(np.float32)
        for part in sampled
        for name, chains in part.chains.items()
    }
    return draws, _fit_record(draws, sum(part.divergences for part in sampled))


def posterior_record() -> Mapping[str, Any]:
    """Return the record of how the shipped draws were made."""
    record: Mapping[str, Any] = json.loads((_PACKAGE / RECORD_FILE).read_text(encoding="utf-8"))
    return record


def is_current() -> bool:
    """Return whether the shipped draws belong to the current table, priors and model."""
    return (_PACKAGE / RECORD_FILE).exists() and posterior_record()["inputs_sha256"] == inputs_sha256()


def diagnostic_faults(diagnostics: Mapping[str, Any]) -> list[str]:
    """Return which limits of the sampler's diagnostics are broken."""
    limits = {
        "R-hat below 1.01": diagnostics["r_hat"] < 1.01,
        "bulk effective size above 400": diagnostics["effective_size"] > 400.0,
        "tail effective size above 400": diagnostics["tail_size"] > 400.0,
        "no divergence": diagnostics["divergences"] == 0,
    }
    return [f"not reached: {name}" for name, holds in limits.items() if not holds]


def disagreements(draws: Mapping[str, NDArray[Any]]) -> list[str]:
    """Return the parameters that differ from the shipped draws by more than Monte Carlo error; empty when all agree."""
    names = []
    with np.load(_PACKAGE / DRAWS_FILE) as shipped:
        for name, k, mine in _scalars(draws):
            shipped_chains = shipped[name].reshape(*shipped[name].shape[:2], -1)[:, :, k]
            error = np.hypot(_standard_error(mine), _standard_error(shipped_chains))
            off = abs(float(mine.mean()) - float(shipped_chains.mean())) / error
            if off > _MOST_STANDARD_ERRORS:
                names.append(
                    f"{name}[{k}]: {mine.mean():.4g} here, {shipped_chains.mean():.4g} shipped, "
                    f"{off:.1f} standard errors"
                )
    return names


def write_draws(draws: Mapping[str, NDArray[np.float32]], record: Mapping[str, Any]) -> None:
    """Replace the shipped draws, their record and the names of their columns, which are those of the table now."""
    (_PACKAGE / DRAWS_FILE).parent.mkdir(exist_ok=True)
    # Not compressed: draws do not shrink, and a consultation reads them at every start.
    np.savez(_PACKAGE / DRAWS_FILE, allow_pickle=False, **draws)
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    (_PACKAGE / RECORD_FILE).write_text(text, encoding="utf-8")
    columns = {"beta": design_layout().columns, "effects": effect_columns(), "pain_modality": pain_modalities()}
    (_PACKAGE / COLUMNS_FILE).write_text(json.dumps(columns, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _fit_record(draws: Mapping[str, NDArray[np.float32]], divergences: int) -> dict[str, Any]:
    parts = _scalars(draws)
    return {
        "inputs_sha256": inputs_sha256(),
        "sampler": {
            "name": "nutpie",
            "versions": {name: metadata.version(name) for name in ("nutpie", "pymc", "numba", "numpy")}
            | {"python": platform.python_version()},
            "chains": PLAN.chains,
            "tune": [PLAN.tune, COUNT_PLAN.tune],
            "draws": [PLAN.draws, COUNT_PLAN.draws],
            "kept": DRAWS_SHIPPED,
            "target_accept": PLAN.accept,
            "seed": PLAN.seed,
        },
        "diagnostics": {
            "parameters": len(parts),
            "divergences": divergences,
            "r_hat": round(max(r_hat(x) for _, _, x in parts), 5),
            "effective_size": round(min(effective_size(x) for _, _, x in parts), 1),
            "tail_size": round(min(tail_size(x) for _, _, x in parts), 1),
        },
    }


def _scalars(draws: Mapping[str, NDArray[Any]]) -> list[tuple[str, int, NDArray[Any]]]:
    """Return every scalar parameter: name, index, (chain, draw)."""
    scalars = []
    for name, chains in draws.items():
        flat = np.asarray(chains, dtype=float).reshape(*chains.shape[:2], -1)
        scalars += [(name, k, flat[:, :, k]) for k in range(flat.shape[2])]
    return scalars


def _standard_error(chains: NDArray[Any]) -> float:
    return float(np.std(chains) / np.sqrt(effective_size(chains)))
