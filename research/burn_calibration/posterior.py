"""Posterior draws of the burn model, and what draws predict for a source whose counts they have not seen."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from research.burn_calibration.model import (
    PERSON_POINTS,
    PERSON_WEIGHTS,
    SMALL,
    Observations,
    build_model,
    load_observations,
)
from research.burn_calibration.scenarios import SHORTEST_PULSE_MS, WAVELENGTH_RANGE_NM
from research.derived_table import DerivedTable
from skinbeam.model.document import round_significant
from skinbeam.model.package_data import load_derived_table
from skinbeam.published_doses.calibration import BURN_CLASS, LASER_FAMILIES

__all__ = [
    "BURN_CALIBRATION",
    "CHOICE_POINTS",
    "CHOICE_WEIGHTS",
    "PARAMETERS",
    "BurnPosterior",
    "burn_share",
    "choice_log_density",
    "draw_values",
    "fit_posterior",
    "model_log_ratio",
    "predict_burns",
    "thinned",
]

Floats = NDArray[np.float64]

DRAWS, TUNE, CHAINS, SEED = 1200, 700, 2, 1
_SEEDS: Final = (SEED, 2, 3)
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
_PREDICTION_DRAWS: Final = 400  # draws that ship and that predict
CHOICE_POINTS: Final = np.linspace(-3.5, 3.5, 29)  # of a clinic's choice of doses, in standard deviations
CHOICE_WEIGHTS: Final = np.exp(-0.5 * CHOICE_POINTS**2) / np.exp(-0.5 * CHOICE_POINTS**2).sum()
_CLINICS_PER_DRAW: Final = 20  # clinics with an error of their own, drawn for each draw


@dataclass(frozen=True)
class BurnPosterior:
    """Draws of one posterior.

    Parameters
    ----------
    observations : the rows; the counts and doses of one source may have been left out.
    draws : by parameter, (draw,); `family` (draw, family).
    r_hat, effective_size : of the worst parameter. divergences : of the sampler, over all draws.
    """

    observations: Observations
    draws: dict[str, Floats]
    r_hat: float
    effective_size: float
    divergences: int


@cache
def fit_posterior(left_out: str | None = None, *, recommended: bool = True) -> BurnPosterior:
    """Return the fit to the calibration rows, of all sources or of all but one.

    A chain now and then stays where it began; then it is run again from elsewhere.

    Raises
    ------
    RuntimeError : the sampler's diagnostics fail for every seed.
    """
    for seed in _SEEDS:
        fit = _sample_posterior(left_out, recommended=recommended, seed=seed)
        faults = _diagnostic_faults(fit)
        if not faults:
            return fit
    raise RuntimeError(f"not reached with seeds {_SEEDS}: {'; '.join(faults)}")


def _sample_posterior(left_out: str | None, *, recommended: bool, seed: int) -> BurnPosterior:
    import nutpie
    from arviz import ess, rhat

    seen = load_observations(recommended=recommended)
    included = np.array([source != left_out for source in seen.sources])
    trace = nutpie.sample(
        nutpie.compile_pymc_model(build_model(seen, included)),
        draws=DRAWS,
        tune=TUNE,
        chains=CHAINS,
        cores=2,
        seed=seed,
        target_accept=0.95,
        progress_bar=False,
    )
    chains = {name: np.asarray(trace.posterior[name], dtype=np.float64) for name in PARAMETERS}
    families = np.asarray(trace.posterior["family"].values, dtype=np.float64).reshape(-1, len(LASER_FAMILIES))
    return BurnPosterior(
        seen,
        {name: values.ravel() for name, values in chains.items()} | {"family": families},
        max(float(rhat(values)) for values in chains.values()),
        min(float(ess(values)) for values in chains.values()),
        int(trace.sample_stats["diverging"].values.sum()),
    )


def _diagnostic_faults(fit: BurnPosterior) -> list[str]:
    """Return the diagnostics that do not hold, each with what was found."""
    limits = {
        f"R-hat below 1.05 ({fit.r_hat:.3f})": fit.r_hat < 1.05,
        f"effective size above 60 ({fit.effective_size:.0f})": fit.effective_size > 60.0,
        f"at most 1 divergence in 100 ({fit.divergences})": fit.divergences <= DRAWS * CHAINS // 100,
    }
    return [name for name, holds in limits.items() if not holds]


def thinned(draws: dict[str, Floats]) -> dict[str, Floats]:
    """Return every sixth draw or so, as many as ship."""
    return {name: values[:: DRAWS * CHAINS // _PREDICTION_DRAWS] for name, values in draws.items()}


def predict_burns(draws: dict[str, Floats], observations: Observations, source: int) -> dict[int, Floats]:
    """Return the predicted shares of people burnt in a source's rows, from their known doses without their counts.

    Parameters
    ----------
    draws : of a fit without the source.

    Returns
    -------
    by row, (draw and clinic,) equally likely shares over all sessions.
    """
    rng = np.random.default_rng(SEED)
    rows = np.flatnonzero(observations.source == source)
    wanted = rows[(observations.has_count | observations.is_threshold | (observations.weight > 0.0))[rows]]
    predicted: dict[int, list[Floats]] = {int(row): [] for row in wanted}
    for draw in range(draws["usual"].size):
        now = draw_values(draws, draw)
        bold = model_log_ratio(now, observations, rows)
        likely = choice_log_density(now, observations, rows, bold)
        own = rng.standard_normal(_CLINICS_PER_DRAW)
        choice = np.exp(logsumexp(likely, axis=1).sum(axis=0) + np.log(CHOICE_WEIGHTS))
        for place, row in enumerate(rows):
            if int(row) in predicted:
                ways = np.exp(likely[place] - logsumexp(likely[place], axis=0)) @ (choice / choice.sum())
                predicted[int(row)].append(burn_share(now, observations, int(row), bold[place], own).T @ ways)
    return {row: np.concatenate(shares) for row, shares in predicted.items()}


def draw_values(draws: dict[str, Floats], draw: int) -> dict[str, Any]:
    """Return the parameters of one draw."""
    return {name: values[draw] for name, values in draws.items()}


def model_log_ratio(now: dict[str, Any], observations: Observations, rows: NDArray[np.int64]) -> Floats:
    """Return x - u of (practice 4), (row, way)."""
    family = now["family"][observations.family[rows]][:, None]
    return np.asarray(observations.over_computed[rows] - now["usual"] - now["spot"] * observations.spot[rows] - family)


def choice_log_density(
    now: dict[str, Any], observations: Observations, rows: NDArray[np.int64], bold: Floats
) -> Floats:
    """Return the log density of a source's doses for each way and choice of dose, (row, way, choice)."""
    off = (bold[:, :, None] - now["chosen"] * CHOICE_POINTS) / now["rows"]
    likely = -(0.5 * off**2 + np.log(now["rows"])) * observations.weight[rows][:, None, None]
    return np.asarray(observations.ways[rows][:, :, None] + likely)


def burn_share(now: dict[str, Any], observations: Observations, row: int, bold: Floats, own: Floats) -> Floats:
    """Return the share of people burnt over all sessions, (way, clinic), by (practice 5) and (practice 6)."""
    has_dose = observations.has_dose[row]
    hidden = 0.0 if has_dose else now["followed"] ** 2 * (now["chosen"] ** 2 + now["rows"] ** 2)
    above = now["followed"] * bold[:, None] * has_dose - now["margin"] + np.sqrt(now["clinics"] ** 2 + hidden) * own
    of_person = above[:, :, None] + observations.spread[row][:, None, None] * PERSON_POINTS
    p = now["lapse"] + (1.0 - now["lapse"]) * ndtr(of_person / now["people"])
    return np.asarray(1.0 - (1.0 - np.clip(p, SMALL, 1.0 - SMALL)) ** observations.sessions[row] @ PERSON_WEIGHTS)


# The shipped table.

HEADER = """\
# Draws of how far computed doses that burn the epidermis lie from true ones, fitted to the calibration rows of
# published doses and burns (docs/methods/practice.md), natural logarithms: `usual` doses over computed ones, `margin`
# from there to a burn, power of the `spot`, `family` of light; deviations of what clinics choose (`chosen`), of `rows`,
# of `clinics` and of `people`; `followed`, the part of a clinic's choice that burns follow; `lapse`, accidents.
# Made by `make practice`; not to be edited.
"""
LONGEST_MS: Final = 1000.0
DIGITS: Final = 4


def _calibration_entry(*, recommended: bool) -> dict[str, Any]:
    fit = fit_posterior(recommended=recommended)
    shipped = thinned(fit.draws)
    return {
        "rows": len(fit.observations.names),
        "sources": len(fit.observations.sources),
        "range_nm": list(WAVELENGTH_RANGE_NM),
        "range_ms": [SHORTEST_PULSE_MS, LONGEST_MS],
        "range_mm": _spot_range_mm(),
        "draw": {name: _round_draws(shipped[name]) for name in PARAMETERS},
        "family": {name: _round_draws(shipped["family"][:, place]) for place, name in enumerate(LASER_FAMILIES)},
    }


def _spot_range_mm() -> list[float]:
    """Return the least and the greatest spot of the fitted doses."""
    rows = load_derived_table("practice_doses")["row"].values()
    spots = [spot for row in rows if not row["kept_aside"] for spot in row["spot_mm"]]
    return [min(spots), max(spots)]


def _round_draws(values: Any) -> list[float]:
    return [round_significant(float(x), DIGITS) for x in values]


def _make_table() -> dict[str, Any]:
    return {
        BURN_CLASS: _calibration_entry(recommended=True),
        f"{BURN_CLASS}-without-recommended": _calibration_entry(recommended=False),
    }


BURN_CALIBRATION = DerivedTable(
    name="burn_calibration",
    header=HEADER,
    inputs=("data/derived/practice_doses.toml", "data/practice.toml"),
    version=3,
    make=_make_table,
)
