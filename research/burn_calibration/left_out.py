"""What a fit foretells for a source that it has not seen, from draws weighted as if that source were missing.

Every source is left out in turn, so that no deal of sources into parts decides what is found. A draw gets the weight
1 / (likelihood of all that the source reports), smoothed by a Pareto distribution (PSIS, vehtari2017): no fit is
made again, unless the weights of a source rest on few draws.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from research.burn_calibration.model import SMALL, Observations, threshold_log_sd
from research.burn_calibration.posterior import (
    CHOICE_POINTS,
    CHOICE_WEIGHTS,
    BurnPosterior,
    burn_share,
    choice_log_density,
    draw_values,
    fit_posterior,
    model_log_ratio,
    thinned,
)

__all__ = ["MOST_PARETO_K", "draws_without", "source_log_likelihood"]

Floats = NDArray[np.float64]

MOST_PARETO_K: Final = 0.7  # above, the weights are not reliable (vehtari2017)
_TINY: Final = 1e-300  # what no way of treatment explains
_CLINIC_POINTS: Final = np.linspace(-4.5, 4.5, 181)  # a series of 1,000 people fixes its clinic to a tenth
_CLINIC_WEIGHTS: Final = np.exp(-0.5 * _CLINIC_POINTS**2) / np.exp(-0.5 * _CLINIC_POINTS**2).sum()


def draws_without(fit: BurnPosterior, source: int) -> tuple[dict[str, Floats], float]:
    """Return draws as of a fit without a source, as many as ship, and the Pareto k of their weights."""
    from arviz import psislw

    draws = fit.draws
    likely = np.array(
        [
            source_log_likelihood(draw_values(draws, draw), fit.observations, source)
            for draw in range(draws["usual"].size)
        ]
    )
    log_weights, found = psislw(-likely, reff=min(1.0, fit.effective_size / likely.size))
    pareto_k = float(found)
    if pareto_k > MOST_PARETO_K:
        return thinned(fit_posterior(fit.observations.sources[source]).draws), pareto_k
    rising = np.cumsum(np.exp(log_weights - logsumexp(log_weights)))
    count = thinned(draws)["usual"].size
    chosen = np.searchsorted(rising, (np.arange(count) + 0.5) / count * rising[-1])
    return {name: values[chosen] for name, values in draws.items()}, pareto_k


def source_log_likelihood(now: dict[str, Any], observations: Observations, source: int) -> float:
    """Return ln p(doses and counts of a source | parameters), over all that its clinic may choose and err."""
    rows = np.flatnonzero(observations.source == source)
    bold = model_log_ratio(now, observations, rows)
    chosen = choice_log_density(now, observations, rows, bold)
    has_error = (observations.has_count | observations.is_threshold)[rows].any()
    errors, weights = (_CLINIC_POINTS, _CLINIC_WEIGHTS) if has_error else (np.zeros(1), np.ones(1))
    joint = np.log(CHOICE_WEIGHTS)[:, None] + np.log(weights)  # (choice, clinic)
    for place, row in enumerate(rows):
        if observations.is_threshold[row]:
            own = ((1.0 - now["followed"]) * now["chosen"] * CHOICE_POINTS)[:, None] - now["clinics"] * errors
            off = bold[place][:, None, None] - now["margin"] - own
            of_row = chosen[place][:, :, None] - 0.5 * (off / threshold_log_sd()) ** 2  # (way, choice, clinic)
            joint = joint + logsumexp(of_row, axis=0)
        elif observations.has_count[row]:
            share = np.clip(burn_share(now, observations, int(row), bold[place], errors), SMALL, 1.0 - SMALL)
            harmed, treated = observations.harmed[row], observations.treated[row]
            counted = harmed * np.log(share) + (treated - harmed) * np.log1p(-share)  # (way, clinic)
            joint = joint + _log_product(chosen[place], counted)
        else:
            joint = joint + logsumexp(chosen[place], axis=0)[:, None]
    return float(logsumexp(joint))


def _log_product(first: Floats, second: Floats) -> Floats:
    """Return ln of the sum over ways of exp(first + second), (choice, clinic), as a product of two matrices."""
    of_first, of_second = first.max(axis=0), second.max(axis=0)
    product = np.exp(first - of_first).T @ np.exp(second - of_second)
    return np.asarray(np.log(np.maximum(product, _TINY)) + of_first[:, None] + of_second)
