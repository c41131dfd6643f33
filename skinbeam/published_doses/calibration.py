"""How far computed doses lie from what practice and experiments found, by class of endpoint: the model's error.

What burns lies above what clinics usually give by a margin, and clinics usually give more or less over the computed
dose by family of light and by spot (`research.burn_calibration`). ln(true / computed dose) of one person in one clinic
is normal:

    usual + margin + spot ln(spot / 8 mm) + family + N(0, error²) + N(0, people²)                  (practice 1)
    error² = clinics² + (1 - followed)² rows²

`error` is how far the model is off at a setting, `people` how persons differ beyond what the skins that were drawn for
them say. How far clinics lie from each other in the doses that they choose is not in it: they know their machine and
look at the skin. The numbers are themselves uncertain; `data/derived/burn_calibration.toml` holds draws of them, and a
share is its mean over the draws (practice 2). Caution is nowhere in it: a limit is a probability. Accidents that no
dose explains come on top, see docs/practice.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from skinbeam.model.package_data import load_derived_table, load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import MS

__all__ = [
    "BURN_CLASS",
    "LASER_FAMILIES",
    "REFERENCE_SPOT_MM",
    "BurnLight",
    "DoseCalibration",
    "ErrorParts",
    "burn_calibration",
    "error_parts",
    "is_calibrated_light",
    "laser_family",
]

Floats = NDArray[np.float64]

BURN_CLASS: Final = "epidermal-burn"
LASER_FAMILIES: Final = (
    "green",
    "yellow",
    "red",
    "diode",
    "ndyag",
    "lamp",
)  # of light, as `data/practice.toml` parts them
REFERENCE_SPOT_MM: Final = 8.0
_GRID: Final = np.linspace(-6.0, 6.0, 1201)  # ln of a ratio of doses: beyond, a share is 0 or 1 to a thousandth


@dataclass(frozen=True)
class BurnLight:
    """What of a setting the error of computed doses hangs on.

    Parameters
    ----------
    wavelength_nm : of a lamp the mean of its light.
    """

    wavelength_nm: float
    pulse_s: float
    spot_mm: float
    lamp: bool = False


@dataclass(frozen=True)
class DoseCalibration:
    """The error of computed doses in one light.

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
    means, error : middle and deviation of what the pulses of one light on one person share, (draw of the fit,).
    people : deviation of what they do not.
    lapse : share of injuries that no dose explains.
    """

    means: Floats
    error: Floats
    people: float
    lapse: float


def laser_family(wavelength_nm: float, *, lamp: bool) -> str:
    """Return the name of the lasers that share an error of computed doses; lamps are a family of their own."""
    if lamp:
        return "lamp"
    ranges: Sequence[Mapping[str, Any]] = load_package_table("data/practice.toml")["unprinted"]
    return str([entry["family"] for entry in ranges if entry["from_nm"] <= wavelength_nm][-1])


def is_calibrated_light(light: BurnLight) -> bool:
    """Return whether published doses of about this wavelength and pulse length are behind the calibration of burns."""
    table = _calibration_entry()
    (shortest, longest), (low, high) = table["range_ms"], table["range_nm"]
    return bool(low <= light.wavelength_nm <= high and shortest <= light.pulse_s / MS <= longest)


def burn_calibration(light: BurnLight, *, recommended: bool = True) -> DoseCalibration:
    """Return the error of computed doses that burn the epidermis.

    Where no published dose is near, the computed dose stands, with the spread that is taken of endpoints with few
    experiments.

    Parameters
    ----------
    recommended : whether doses that makers and guidelines recommend are counted, with the weight of
        `data/practice.toml`.
    """
    cite_sources("skinbeam2026practice")
    if not is_calibrated_light(light):
        return _default_calibration()
    return _make_calibration(light, BURN_CLASS if recommended else f"{BURN_CLASS}-without-recommended")


@cache
def error_parts(light: BurnLight) -> ErrorParts:
    """Return what the error at a light is made of.

    The deviation of people is the root of the mean square of its draws, so that both have the spread of the whole;
    where no published dose is near, the other one is what is left of the spread that is taken there.
    """
    entry = _calibration_entry()
    people = float(np.sqrt(np.mean(np.square(entry["draw"]["people"]))))
    lapse = float(np.mean(entry["draw"]["lapse"]))
    if not is_calibrated_light(light):
        return ErrorParts(np.zeros(1), np.sqrt([np.log(_default_factor()) ** 2 - people**2]), people, lapse)
    means, error = _means_and_error(light, entry)
    return ErrorParts(means, error, people, lapse)


@cache
def _make_calibration(light: BurnLight, kind: str) -> DoseCalibration:
    entry = _calibration_entry(kind)
    means, error = _means_and_error(light, entry)
    deviation = np.hypot(error, np.asarray(entry["draw"]["people"], dtype=np.float64))
    shares = ndtr((_GRID - means[:, None]) / deviation[:, None]).mean(axis=0)
    return DoseCalibration(BURN_CLASS, entry["rows"], entry["sources"], shares)


def _means_and_error(light: BurnLight, entry: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Middle and shared deviation of (practice 1), (draw of the fit,)."""
    draws = {
        name: np.asarray(entry["draw"][name], dtype=np.float64)
        for name in ("usual", "margin", "spot", "clinics", "followed", "rows")
    }
    spot_mm = float(np.clip(light.spot_mm, *entry["range_mm"]))  # beyond, nobody says that the power goes on
    family = np.asarray(entry["family"][laser_family(light.wavelength_nm, lamp=light.lamp)], dtype=np.float64)
    means = draws["usual"] + draws["margin"] + draws["spot"] * np.log(spot_mm / REFERENCE_SPOT_MM) + family
    return means, np.hypot(draws["clinics"], (1.0 - draws["followed"]) * draws["rows"])


@cache
def _default_calibration() -> DoseCalibration:
    return DoseCalibration(BURN_CLASS, 0, 0, np.asarray(ndtr(_GRID / np.log(_default_factor()))))


def _default_factor() -> float:
    return SourcedValue.from_table(load_package_table("data/comparison.toml")["model_error"]["default_factor"]).value


def _calibration_entry(kind: str = BURN_CLASS) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = load_derived_table("burn_calibration")[kind]
    return entry
