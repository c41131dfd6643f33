"""Fits, chooses the covariate, and writes the draws that ship."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from skinbeam.derived import Derived
from skinbeam.document import round_significant
from skinbeam.practice.calibration import BURN
from skinbeam.practice.fit.observations import COVARIATES, REFERENCE_NM, observations
from skinbeam.practice.fit.sample import Fitted, fitted, left_out_weights, scores, shares_of_rows
from skinbeam.practice.posing import SHORTEST_MS, WAVELENGTHS_NM

__all__ = ["BURN_CALIBRATION", "chosen", "gains"]

HEADER = """\
# Draws of how far computed doses that burn the epidermis lie from true ones, fitted to the calibration rows of
# published doses (docs/practice.md): ln(true / computed) = bias + slope ln(wavelength / reference_nm), spread `between`
# sources and between `people`; `lapse` is the share of accidents that no dose explains.
# Made by `make practice`; not to be edited.
"""
LONGEST_MS: Final = 1000.0
DIGITS: Final = 4


@cache
def gains(*, recommended: bool) -> Mapping[str, tuple[float, float]]:
    """Return by how much each covariate betters the log score of sources left out, with its standard error."""
    base = _left_out(_sound(fitted(None, recommended=recommended)))
    found = {}
    for covariate in COVARIATES:
        better = _left_out(_sound(fitted(covariate, recommended=recommended))) - base
        found[covariate] = float(better.sum()), float(better.std(ddof=1) * np.sqrt(better.size))
    return found


def chosen() -> str | None:
    """Return "wavelength" where it betters sources left out by more than chance, with recommended doses and without.

    Length of the pulse and phototype are looked at in the same way and told on the page; nothing takes them yet.
    """
    each = (gains(recommended=counted)["wavelength"] for counted in (True, False))
    return "wavelength" if all(gain > error for gain, error in each) else None


def _sound(fit: Fitted) -> Fitted:
    """Return a fit that the sampler's diagnostics do not fault: one chain that is stuck moves a score by several units.

    Raises
    ------
    RuntimeError : a limit is broken.
    """
    limits = {
        "R-hat below 1.02": fit.r_hat < 1.02,
        "effective size above 300": fit.effective_size > 300.0,
        "at most 1 divergence in 1000": fit.divergences <= 4,
    }
    if broken := [name for name, holds in limits.items() if not holds]:
        raise RuntimeError(f"not reached with {fit.covariate or 'no covariate'}: {'; '.join(broken)}")
    return fit


def _left_out(fit: Fitted) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The log score of each source when it is left out, (source,)."""
    of_source = scores(fit, shares_of_rows(fit, fit.seen))
    return np.array([np.log(np.sum(left_out_weights(each) * np.exp(each))) for each in of_source.T])


def _entry(*, recommended: bool) -> dict[str, Any]:
    fit, seen = _sound(fitted(chosen(), recommended=recommended)), observations(recommended=recommended)
    draws = {name: [round_significant(float(x), DIGITS) for x in values] for name, values in fit.draws.items()}
    return {
        "rows": len(seen.names),
        "sources": len(seen.sources),
        "reference_nm": REFERENCE_NM,
        "range_nm": list(WAVELENGTHS_NM),
        "range_ms": [SHORTEST_MS, LONGEST_MS],
        **draws,
    }


def _made() -> dict[str, Any]:
    return {BURN: _entry(recommended=True), f"{BURN}-without-recommended": _entry(recommended=False)}


BURN_CALIBRATION = Derived(
    name="burn_calibration",
    header=HEADER,
    inputs=("data/derived/practice_doses.toml", "data/practice.toml"),
    version=1,
    make=_made,
)
