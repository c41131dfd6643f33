"""Draws of the model's parameters, and what they foretell of a source whose counts they have not seen."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from skinbeam.practice.calibration import FAMILIES
from skinbeam.practice.fit.model import build
from skinbeam.practice.fit.observations import Observations, observations

__all__ = ["FOLDS", "PARAMETERS", "Fitted", "fitted", "fold_of", "foretold"]

Floats = NDArray[np.float64]

DRAWS, TUNE, CHAINS, SEED = 1200, 700, 2, 1
PARAMETERS: Final = (
    "usual",
    "margin",
    "spot",
    "chosen",
    "rows",
    "followed",
    "clinics",
    "people",
    "lapse",
)
FOLDS: Final = 6  # in so many parts the sources are left out
_KEPT: Final = 400  # draws that predictions are made of
_PLACES: Final = np.linspace(-3.5, 3.5, 29)  # of a clinic's choice of doses, in its deviations
_SHARES: Final = np.exp(-0.5 * _PLACES**2) / np.exp(-0.5 * _PLACES**2).sum()
_CLINICS: Final = 20  # that are drawn with each draw, of their own error


@dataclass(frozen=True)
class Fitted:
    """Draws of one posterior.

    Parameters
    ----------
    seen : the rows; some of their sources were left out.
    draws : by parameter, (draw,); `family` (draw, family).
    r_hat, effective_size : of the worst parameter. divergences : of the sampler, over all draws.
    """

    seen: Observations
    draws: dict[str, Floats]
    r_hat: float
    effective_size: float
    divergences: int


def fold_of(seen: Observations) -> NDArray[np.int64]:
    """Return the fold of each source, (source,), by chance."""
    return np.random.default_rng(SEED).permutation(len(seen.sources)) % FOLDS


@cache
def fitted(left_out: int | None = None, *, recommended: bool = True) -> Fitted:
    """Return the fit to the calibration rows, with or without one fold of the sources.

    Raises
    ------
    RuntimeError : the sampler's diagnostics fault it.
    """
    import nutpie
    from arviz import ess, rhat

    seen = observations(recommended=recommended)
    included = np.ones(len(seen.sources), dtype=np.bool_) if left_out is None else fold_of(seen) != left_out
    trace = nutpie.sample(
        nutpie.compile_pymc_model(build(seen, included)),
        draws=DRAWS,
        tune=TUNE,
        chains=CHAINS,
        cores=2,
        seed=SEED,
        target_accept=0.95,
        progress_bar=False,
    )
    chains = {name: np.asarray(trace.posterior[name].values, dtype=np.float64) for name in PARAMETERS}
    families = np.asarray(trace.posterior["family"].values, dtype=np.float64).reshape(-1, len(FAMILIES))
    every = DRAWS * CHAINS // _KEPT
    return _sound(
        Fitted(
            seen,
            {name: values.ravel()[::every] for name, values in chains.items()} | {"family": families[::every]},
            max(float(rhat(values)) for values in chains.values()),
            min(float(ess(values)) for values in chains.values()),
            int(trace.sample_stats["diverging"].values.sum()),
        )
    )


def _sound(fit: Fitted) -> Fitted:
    limits = {
        "R-hat below 1.05": fit.r_hat < 1.05,
        "effective size above 60": fit.effective_size > 60.0,
        "at most 1 divergence in 100": fit.divergences <= DRAWS * CHAINS // 100,
    }
    if broken := [name for name, holds in limits.items() if not holds]:
        found = f"R-hat {fit.r_hat:.3f}, effective size {fit.effective_size:.0f}, divergences {fit.divergences}"
        raise RuntimeError(f"not reached: {'; '.join(broken)} ({found})")
    return fit


def foretold(draws: dict[str, Floats], seen: Observations, source: int) -> dict[int, Floats]:
    """Return the shares of people burnt in the rows of a source whose doses are known and whose counts are not.

    Parameters
    ----------
    draws : of a fit that has not seen the source.

    Returns
    -------
    by row, (draw and clinic,) shares over all sessions, each as likely.
    """
    rng = np.random.default_rng(SEED)
    rows = np.flatnonzero(seen.source == source)
    wanted = rows[(seen.counted | seen.begins | (seen.weight > 0.0))[rows]]
    found: dict[int, list[Floats]] = {int(row): [] for row in wanted}
    for draw in range(draws["usual"].size):
        now = {name: values[draw] for name, values in draws.items()}
        bold = seen.over_computed - now["usual"] - now["spot"] * seen.spot - now["family"][seen.family][:, None]
        likely = _of_choice(now, seen, rows, bold)
        own = rng.standard_normal(_CLINICS)
        choice = np.exp(logsumexp(likely, axis=1).sum(axis=0) + np.log(_SHARES))
        for place, row in enumerate(rows):
            if int(row) in found:
                ways = np.exp(likely[place] - logsumexp(likely[place], axis=0)) @ (choice / choice.sum())
                found[int(row)].append(_burnt(now, seen, int(row), bold[row], own).T @ ways)
    return {row: np.concatenate(shares) for row, shares in found.items()}


def _of_choice(now: dict[str, Floats], seen: Observations, rows: NDArray[np.int64], bold: Floats) -> Floats:
    """Logarithm of what the doses of a source tell of each way and of its choice, (row, way, choice)."""
    off = (bold[rows][:, :, None] - now["chosen"] * _PLACES) / now["rows"]
    return np.asarray(seen.ways[rows][:, :, None] - 0.5 * off**2 * seen.weight[rows][:, None, None])


def _burnt(now: dict[str, Floats], seen: Observations, row: int, bold: Floats, own: Floats) -> Floats:
    """Share of people burnt over all sessions, (way, clinic) of (practice 5) and (practice 6)."""
    hidden = 0.0 if seen.dosed[row] else now["followed"] ** 2 * (now["chosen"] ** 2 + now["rows"] ** 2)
    above = np.sqrt(now["clinics"] ** 2 + hidden) * own - now["margin"]
    moved = now["followed"] * bold[:, None] if seen.dosed[row] else np.zeros((bold.size, 1))
    p = now["lapse"] + (1.0 - now["lapse"]) * ndtr((above + moved) / np.hypot(now["people"], seen.spread[row])[:, None])
    return np.asarray(-np.expm1(seen.sessions[row] * np.log1p(-np.clip(p, 0.0, 1.0 - 1e-9))))
