"""What the calibration foretells of rows that it has not seen: sources left out one by one, and those kept aside."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from skinbeam.derived import Derived
from skinbeam.document import round_significant
from skinbeam.practice.fit.observations import Observations, observations
from skinbeam.practice.fit.sample import (
    PARAMETERS,
    PLACE_SHARES,
    fitted,
    left_out_weights,
    mixed,
    scores,
    shares_of_rows,
)
from skinbeam.practice.fit.ship import chosen, gains

__all__ = ["PRACTICE_CHECKS"]

Floats = NDArray[np.float64]

HEADER = """\
# What the calibration of burns foretells: for each row the share of people burnt (`share`) and the 80 % interval of the
# count, by a fit that has not seen its source; the fit's parameters; what each covariate gains.
# Made by `make practice-report`; not to be edited.
"""
LEVEL = 0.8
DIGITS = 3
STANDING = 500  # shares that stand for the predictive distribution of the share


def _left_out() -> list[dict[str, Any]]:
    """Each row of the calibration, foretold by the draws as if its source had not been seen."""
    fit = fitted(chosen())
    shares = shares_of_rows(fit, fit.seen)
    of_source = scores(fit, shares)
    found = []
    for row in range(len(fit.seen.names)):
        weights = left_out_weights(of_source[:, fit.seen.source[row]])
        found.append(_row(fit.seen, row, shares[:, row], weights))
    return found


def _kept_aside() -> list[dict[str, Any]]:
    fit, seen = fitted(chosen()), observations(kept_aside=True)
    shares = shares_of_rows(fit, seen)
    even = np.full(shares.shape[0], 1.0 / shares.shape[0])
    return [_row(seen, row, shares[:, row], even) for row in range(len(seen.names))]


def _row(seen: Observations, row: int, shares: Floats, weights: Floats) -> dict[str, Any]:
    """What a row tells beside what is foretold of it, from its shares, (draw, place), and weights of the draws."""
    told: dict[str, Any] = {
        "row": seen.names[row],
        "share": round_significant(mixed(shares, weights), DIGITS),
    }
    if seen.begins[row]:
        return told | {"kind": "begins"}
    if seen.counted[row]:
        of, harmed = int(seen.of[row]), int(seen.harmed[row])
        low, high = _interval(of, shares, weights)
        ends = beta.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], harmed + 0.5, of - harmed + 0.5)
        return told | {
            "kind": "counted",
            "harmed": harmed,
            "of": of,
            "low": low,
            "high": high,
            "holds": low <= harmed <= high,
            "reported_low": round_significant(float(ends[0]), DIGITS) if harmed else 0.0,
            "reported_high": round_significant(float(ends[1]), DIGITS),
        }
    return told | {"kind": "recommended"}


def _interval(of: int, shares: Floats, weights: Floats) -> tuple[int, int]:
    """The least counts up to which lie a tenth and nine tenths of the predictive distribution.

    Parameters
    ----------
    shares : (draw, place).
    """
    order = np.argsort(shares, axis=None)
    cumulated = np.cumsum(np.outer(weights, PLACE_SHARES).ravel()[order])
    wanted = (np.arange(STANDING) + 0.5) / STANDING * cumulated[-1]
    standing = shares.ravel()[order][np.searchsorted(cumulated, wanted)]
    below = binom.cdf(np.arange(of + 1)[:, None], of, standing[None, :]).mean(axis=1)
    return int(np.searchsorted(below, (1 - LEVEL) / 2)), int(np.searchsorted(below, (1 + LEVEL) / 2))


def _parameters(*, recommended: bool) -> dict[str, list[float]]:
    fit = fitted(chosen(), recommended=recommended)
    return {
        name: [round_significant(float(x), DIGITS) for x in np.quantile(fit.draws[name], (0.1, 0.5, 0.9))]
        for name in PARAMETERS
    }


def _gains(*, recommended: bool) -> dict[str, list[float]]:
    return {name: [round_significant(x, 2) for x in gain] for name, gain in gains(recommended=recommended).items()}


def _made() -> dict[str, Any]:
    return {
        "covariate": chosen() or "none",
        "parameters": _parameters(recommended=True),
        "parameters_without_recommended": _parameters(recommended=False),
        "gains": _gains(recommended=True),
        "gains_without_recommended": _gains(recommended=False),
        "left_out": _left_out(),
        "kept_aside": _kept_aside(),
    }


PRACTICE_CHECKS = Derived(
    name="practice_checks",
    header=HEADER,
    inputs=("data/derived/practice_doses.toml", "data/derived/burn_calibration.toml", "data/practice.toml"),
    version=1,
    make=_made,
)
