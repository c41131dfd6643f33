"""Draws of the model's parameters, and how well a source is foretold by the others."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from skinbeam.practice.fit.model import build, threshold_known_to
from skinbeam.practice.fit.observations import Observations, observations

__all__ = ["PARAMETERS", "PLACE_SHARES", "Fitted", "fitted", "left_out_weights", "mixed", "scores", "shares_of_rows"]

Floats = NDArray[np.float64]

DRAWS, TUNE, CHAINS, SEED = 2000, 1000, 4, 1
PARAMETERS: Final = ("bias", "slope", "between", "people", "lapse")
KEPT: Final = 400  # draws that predictions are made of
# Places of a source's effect, in its deviations: finer than any likelihood of thousands of people.
_PLACES: Final = np.linspace(-4.0, 4.0, 161)
PLACE_SHARES: Final = np.exp(-0.5 * _PLACES**2) / np.exp(-0.5 * _PLACES**2).sum()


@dataclass(frozen=True)
class Fitted:
    """Draws of one posterior.

    Parameters
    ----------
    covariate : name of the one covariate, or None. seen : what it was fitted to.
    draws : by parameter, (draw,).
    r_hat, effective_size : of the worst parameter. divergences : of the sampler.
    """

    covariate: str | None
    seen: Observations
    draws: dict[str, Floats]
    r_hat: float
    effective_size: float
    divergences: int


@cache
def fitted(covariate: str | None, *, recommended: bool = True, seed: int = SEED) -> Fitted:
    """Return the fit to the calibration rows."""
    import nutpie
    from arviz import ess, rhat

    seen = observations(recommended=recommended)
    trace = nutpie.sample(
        nutpie.compile_pymc_model(build(seen, covariate)),
        draws=DRAWS,
        tune=TUNE,
        chains=CHAINS,
        cores=2,
        seed=seed,
        target_accept=0.95,
        progress_bar=False,
    )
    names = [name for name in PARAMETERS if name in trace.posterior]
    chains = {name: np.asarray(trace.posterior[name].values, dtype=np.float64) for name in names}
    every = DRAWS * CHAINS // KEPT
    draws = {name: values.ravel()[::every] for name, values in chains.items()}
    draws.setdefault("slope", np.zeros(KEPT))
    return Fitted(
        covariate,
        seen,
        draws,
        max(float(rhat(values)) for values in chains.values()),
        min(float(ess(values)) for values in chains.values()),
        int(trace.sample_stats["diverging"].values.sum()),
    )


def shares_of_rows(fit: Fitted, seen: Observations) -> Floats:
    """Return the share of people burnt in each row (practice 4), (draw, row, place of the source's effect)."""
    found = np.empty((KEPT, len(seen.names), _PLACES.size))
    for draw, mu in enumerate(_centres(fit, seen)):
        normal = (seen.over_computed[:, :, None] - mu[:, None, :]) / fit.draws["people"][draw]
        lapse = fit.draws["lapse"][draw]
        found[draw] = lapse + (1 - lapse) * ndtr(normal).mean(axis=1)
    return found


def scores(fit: Fitted, shares: Floats) -> Floats:
    """Return the logarithm of the likelihood of each source, its effect integrated out, (draw, source).

    Parameters
    ----------
    shares : `shares_of_rows` of what was fitted.
    """
    seen = fit.seen
    p = np.clip(shares, 1e-12, 1 - 1e-12)
    counted = seen.harmed[:, None] * np.log(p) + (seen.of - seen.harmed)[:, None] * np.log1p(-p)
    off = (seen.over_computed.mean(axis=1)[None, :, None] - _centres(fit, seen)) / threshold_known_to()
    rows = np.where(seen.begins[:, None] > 0, -0.5 * off**2, counted)
    of_sources = np.stack([rows[:, seen.source == place].sum(axis=1) for place in range(len(seen.sources))], axis=1)
    return np.asarray(logsumexp(of_sources, axis=2, b=PLACE_SHARES))


def left_out_weights(of_source: Floats) -> Floats:
    """Return weights of the draws as if a source had not been seen, (draw,): smoothed importance sampling.

    Parameters
    ----------
    of_source : (draw,) logarithm of its likelihood.
    """
    from arviz import psislw

    logs, _ = psislw(-of_source)
    return np.asarray(np.exp(logs))


def mixed(shares: Floats, weights: Floats) -> float:
    """Return the mean share of a row, (draw, place), over draws and places."""
    return float(weights @ shares @ PLACE_SHARES / weights.sum())


def _centres(fit: Fitted, seen: Observations) -> Floats:
    """The middle of ln(true / computed) in each row, (draw, row, place)."""
    covariate = seen.covariates[fit.covariate] if fit.covariate else np.zeros(len(seen.names))
    draws = {name: values[:, None, None] for name, values in fit.draws.items()}
    centres: Floats = draws["bias"] + draws["slope"] * covariate[:, None] + draws["between"] * _PLACES
    return centres
