"""How far computed doses lie from what practice and experiments found, by class of endpoint: the model's error.

ln(true dose / computed dose) of one person in one clinic is normal:

    bias + slope ln(wavelength / reference) + N(0, between²) + N(0, people²)                       (practice 1)

`between` is how clinics and laboratories differ from each other, `people` how persons differ beyond what the skins that
were drawn for them say. The four numbers are themselves uncertain; `data/derived/burn_calibration.toml` holds draws of
them, and a share is its mean over the draws (practice 2). Caution is nowhere in it: a limit is a probability. Accidents
that no dose explains come on top, see docs/practice.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from skinbeam.derived import derived_table
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table
from skinbeam.sources import Sourced
from skinbeam.units import MS

__all__ = ["BURN", "Calibration", "ErrorParts", "burn_calibration", "covers", "error_parts"]

Floats = NDArray[np.float64]

BURN: Final = "epidermal-burn"
_GRID: Final = np.linspace(-6.0, 6.0, 1201)  # ln of a ratio of doses: beyond, a share is 0 or 1 to a thousandth


@dataclass(frozen=True)
class Calibration:
    """The error of computed doses at one wavelength.

    Parameters
    ----------
    kind : class of the endpoint.
    rows, sources : what it rests on.
    shares : P(ln(true / computed) is at most this) on a grid of logarithms.
    """

    kind: str
    rows: int
    sources: int
    shares: Floats

    @property
    def bias(self) -> float:
        """The middle of true over computed doses."""
        return float(self.ratio(0.0))

    @property
    def spread(self) -> float:
        """Geometric standard deviation of true over computed doses: model error and people together."""
        return float(np.sqrt(self.ratio(1.0) / self.ratio(-1.0)))

    def p_reached(self, dose_over_computed: ArrayLike) -> Floats:
        """Return the probability that a dose is enough, given its ratio to the computed dose; any shape.

        A computed dose of 0 (a ratio of inf) is reached, one of inf (a ratio of 0) is not.
        """
        with np.errstate(divide="ignore"):
            logs = np.log(np.asarray(dose_over_computed, dtype=np.float64))
        return np.asarray(np.interp(logs, _GRID, self.shares, left=0.0, right=1.0))

    def ratio(self, normals: ArrayLike) -> Floats:
        """Return true over computed doses for standard normals; any shape."""
        return np.asarray(np.exp(np.interp(ndtr(np.asarray(normals, dtype=np.float64)), self.shares, _GRID)))


@dataclass(frozen=True)
class ErrorParts:
    """What the error of computed doses is made of.

    Parameters
    ----------
    means, between : middle and deviation of what a source has in common, (draw of the fit,).
    people : deviation between persons.
    lapse : share of injuries that no dose explains.
    """

    means: Floats
    between: Floats
    people: float
    lapse: float


def covers(wavelength_nm: float, pulse_s: float) -> bool:
    """Return whether published doses of about this wavelength and pulse length are behind the calibration of burns."""
    table = _entry()
    (shortest, longest), (low, high) = table["range_ms"], table["range_nm"]
    return bool(low <= wavelength_nm <= high and shortest <= pulse_s / MS <= longest)


def burn_calibration(wavelength_nm: float, pulse_s: float, *, recommended: bool = True) -> Calibration:
    """Return the error of computed doses that burn the epidermis.

    Where no published dose is near, the computed dose stands, with the spread that is taken of endpoints with few
    experiments.

    Parameters
    ----------
    recommended : whether doses that makers and guidelines recommend are counted, under the assumption of
        `data/practice.toml`.
    """
    used("skinbeam2026practice")
    if not covers(wavelength_nm, pulse_s):
        return _uncalibrated()
    return _calibration(wavelength_nm, BURN if recommended else f"{BURN}-without-recommended")


@cache
def error_parts(wavelength_nm: float, pulse_s: float) -> ErrorParts:
    """Return what the error at a light is made of.

    The deviation of people is the root of the mean square of its draws, so that both have the spread of the whole;
    where no published dose is near, the other one is what is left of the spread that is taken there.
    """
    entry = _entry()
    bias, slope, between = (np.asarray(entry[name], dtype=np.float64) for name in ("bias", "slope", "between"))
    people = float(np.sqrt(np.mean(np.square(entry["people"]))))
    lapse = float(np.mean(entry["lapse"]))
    if not covers(wavelength_nm, pulse_s):
        return ErrorParts(np.zeros(1), np.sqrt([np.log(_default_factor()) ** 2 - people**2]), people, lapse)
    return ErrorParts(bias + slope * np.log(wavelength_nm / entry["reference_nm"]), between, people, lapse)


@cache
def _calibration(wavelength_nm: float, kind: str) -> Calibration:
    entry = _entry(kind)
    names = "bias", "slope", "between", "people"
    draws = {name: np.asarray(entry[name], dtype=np.float64)[:, None] for name in names}
    mean = draws["bias"] + draws["slope"] * np.log(wavelength_nm / entry["reference_nm"])
    deviation = np.hypot(draws["between"], draws["people"])
    return Calibration(BURN, entry["rows"], entry["sources"], ndtr((_GRID - mean) / deviation).mean(axis=0))


@cache
def _uncalibrated() -> Calibration:
    return Calibration(BURN, 0, 0, np.asarray(ndtr(_GRID / np.log(_default_factor()))))


def _default_factor() -> float:
    return Sourced.from_table(shipped_table("data/comparison.toml")["model_error"]["default_factor"]).value


def _entry(kind: str = BURN) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = derived_table("burn_calibration")[kind]
    return entry
