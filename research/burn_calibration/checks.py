"""Check the burn calibration on unseen rows: each source left out in turn, and the rows reserved for validation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from research.burn_calibration.left_out import MOST_PARETO_K, draws_without
from research.burn_calibration.model import Observations, load_observations
from research.burn_calibration.posterior import BURN_CALIBRATION, PARAMETERS, SEED, fit_posterior, predict_burns
from research.derived_table import DerivedTable
from skinbeam.model.document import round_significant
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.units import MS
from skinbeam.published_doses.calibration import BURN_CLASS, LASER_FAMILIES, BurnLight, burn_calibration

__all__ = ["PRACTICE_CHECKS", "burn_chance"]

Floats = NDArray[np.float64]

HEADER = """\
# What the calibration of burns foretells: for each row the share of people burnt (`share`) and the 80 % interval of the
# count, by a fit that has not seen its source; the Pareto k of the sources that needed a fit of their own (`refitted`);
# the slope of counts over what was foretold; how likely usual doses, and three times as much, are said to burn
# (`routine`); the fit's parameters.
# Made by `make practice-report`; not to be edited.
"""
LEVEL = 0.8
DIGITS = 3
PREDICTIVE_SHARES = 500  # quantiles that represent the predictive distribution of the share
_STEPS = 2000  # bootstrap samples of sources for the interval of the slope
_SMALL = 1e-6


def _left_out_rows() -> dict[str, Any]:
    """Return each calibration row with its prediction by a fit without its source, and the sources of other fits."""
    fit = fit_posterior()
    seen = fit.observations
    rows: dict[int, dict[str, Any]] = {}
    refitted: dict[str, float] = {}
    for source, name in enumerate(seen.sources):
        draws, pareto_k = draws_without(fit, source)
        if pareto_k > MOST_PARETO_K:
            refitted[name] = round_significant(pareto_k, 2)
        rows |= {row: _check_row(seen, row, shares) for row, shares in predict_burns(draws, seen, source).items()}
    return {"refitted": refitted, "left_out": [rows[row] for row in sorted(rows)]}


def _validation_rows() -> list[dict[str, Any]]:
    draws, seen = _shipped_draws(BURN_CLASS), load_observations(validation=True)
    rows_kept_aside: dict[int, dict[str, Any]] = {}
    for source in range(len(seen.sources)):
        rows_kept_aside |= {
            row: _check_row(seen, row, shares) for row, shares in predict_burns(draws, seen, source).items()
        }
    return [rows_kept_aside[row] for row in sorted(rows_kept_aside)]


def _check_row(observations: Observations, row: int, shares: Floats) -> dict[str, Any]:
    """Return a row's reported result beside its prediction from equally likely shares."""
    record: dict[str, Any] = {"row": observations.names[row], "share": round_significant(float(shares.mean()), DIGITS)}
    if observations.is_threshold[row]:
        return record | {"kind": "begins"}
    if not observations.has_count[row]:
        return record | {"kind": "given"}
    of, harmed = int(observations.treated[row]), int(observations.harmed[row])
    low, high = _prediction_interval(of, shares)
    ends = beta.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], harmed + 0.5, of - harmed + 0.5)
    return record | {
        "kind": "counted",
        "harmed": harmed,
        "of": of,
        "low": low,
        "high": high,
        "holds": low <= harmed <= high,
        "reported_low": round_significant(float(ends[0]), DIGITS) if harmed else 0.0,
        "reported_high": round_significant(float(ends[1]), DIGITS),
    }


def _prediction_interval(of: int, shares: Floats) -> tuple[int, int]:
    """Return the ends of the central 80 % of the predictive distribution of a count."""
    standing = np.quantile(shares, (np.arange(PREDICTIVE_SHARES) + 0.5) / PREDICTIVE_SHARES)
    below = binom.cdf(np.arange(of + 1)[:, None], of, standing[None, :]).mean(axis=1)
    return int(np.searchsorted(below, (1 - LEVEL) / 2)), int(np.searchsorted(below, (1 + LEVEL) / 2))


def _calibration_slope(rows: Sequence[dict[str, Any]]) -> list[float]:
    """Return the slope of counts over predictions, 1 if they rise together: low end, estimate and high end of 80 %.

    It is a Poisson regression of counts on ln(predicted) with a free mean; the interval is a bootstrap over sources.
    """
    of_source = {name: row["source"] for part in ("row", "rate") for name, row in _dose_table()[part].items()}
    counted = [row for row in rows if row["kind"] == "counted"]
    harmed = np.array([float(row["harmed"]) for row in counted])
    expected = np.array([row["share"] * row["of"] for row in counted])
    sources = np.unique([of_source[row["row"]] for row in counted], return_inverse=True)[1]
    rng, found = np.random.default_rng(SEED), []
    for _ in range(_STEPS):
        weights = np.bincount(rng.integers(sources.max() + 1, size=sources.max() + 1), minlength=sources.max() + 1)
        found.append(_poisson_slope(harmed, np.log(expected), weights[sources].astype(np.float64)))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    middle = _poisson_slope(harmed, np.log(expected), np.ones(harmed.size))
    return [round_significant(float(x), DIGITS) for x in (low, middle, high)]


def _poisson_slope(harmed: Floats, logs: Floats, weights: Floats) -> float:
    """Return the slope of a Poisson regression by Newton's method, with a weak prior towards 1."""
    centre = np.average(logs, weights=weights + _SMALL)
    design = np.stack([np.ones(logs.size), logs - centre], axis=1)
    at = np.array([np.log(max(np.average(harmed, weights=weights + _SMALL), _SMALL)), 1.0])
    for _ in range(50):
        mean = weights * np.exp(np.clip(design @ at, -20.0, 20.0))
        step = design.T @ (weights * harmed - mean) - np.array([0.0, 1e-3 * (at[1] - 1.0)])
        curve = design.T @ (design * mean[:, None]) + np.diag([1e-9, 1e-3])
        at = at + np.clip(np.linalg.solve(curve, step), -1.0, 1.0)
    return float(at[1])


def _routine_doses() -> list[dict[str, Any]]:
    """Return the probability of a burn, by the plan's calibration, at clinics' doses and at three times as much."""
    seen, table = load_observations(), _dose_table()["row"]
    doses = []
    for place in np.flatnonzero(seen.weight > 0.0):
        row = table[seen.names[place]]
        ways = range(len(row["spot_mm"]))
        once, thrice = (float(np.mean([burn_chance(row, way, more) for way in ways])) for more in (1.0, 3.0))
        doses.append(
            {"row": seen.names[place], "p": round_significant(float(once), 2), "p_thrice": round_significant(thrice, 2)}
        )
    return doses


def burn_chance(row: Mapping[str, Any], way: int, more: float) -> float:
    """Return the probability of a burn by `more` times a row's dose, for one way of treatment."""
    light = BurnLight(row["wavelength_nm"], row["pulse_ms"] * MS, row["spot_mm"][way], lamp=row["family"] == "lamp")
    people = row["over_computed"][way] + row["spread"][way] * _NORMALS
    return float(burn_calibration(light).p_reached(more * np.exp(people)).mean())


_NORMALS = np.array([-1.53, -0.89, -0.49, -0.16, 0.16, 0.49, 0.89, 1.53])  # the medians of eight equal parts


def _dose_table() -> Any:
    return load_derived_table("practice_doses")


def _shipped_draws(kind: str) -> dict[str, Floats]:
    """Return the draws of the shipped fit, by parameter."""
    entry = load_derived_table(BURN_CALIBRATION.name)[kind]
    family = np.array([entry["family"][name] for name in LASER_FAMILIES]).T
    return {name: np.asarray(values) for name, values in entry["draw"].items()} | {"family": family}


def _parameter_summary(kind: str) -> dict[str, list[float]]:
    draws = _shipped_draws(kind)
    return {
        name: [round_significant(float(x), DIGITS) for x in np.quantile(draws[name], (0.1, 0.5, 0.9))]
        for name in PARAMETERS
    }


def _make_checks() -> dict[str, Any]:
    left_out = _left_out_rows()
    return {
        "parameters": _parameter_summary(BURN_CLASS),
        "parameters_without_recommended": _parameter_summary(f"{BURN_CLASS}-without-recommended"),
        "slope": _calibration_slope(left_out["left_out"]),
        "routine": _routine_doses(),
        "kept_aside": _validation_rows(),
    } | left_out


PRACTICE_CHECKS = DerivedTable(
    name="practice_checks",
    header=HEADER,
    inputs=("data/derived/practice_doses.toml", f"data/derived/{BURN_CALIBRATION.name}.toml", "data/practice.toml"),
    version=3,
    make=_make_checks,
)
