"""Error of computed doses that burn, calibrated with published doses of clinics.

Doses that burn are above the usual doses of clinics by a margin, and the ratio of usual to computed doses depends on
the family of light and on the spot (`research.burn_calibration`). ln(true / computed dose) of one person in one clinic
is normal:

    usual + margin + spot ln(spot / 8 mm) + family + N(0, error²) + N(0, people²)                  (practice 1)
    error² = clinics² + (1 - followed)² rows²

`error` is the error of the model at a setting, `people` the variation between persons beyond that of the drawn skins.
The variation between clinics in the doses that they choose is not included: they know their machine and look at the
skin. The parameters are themselves uncertain; `data/derived/burn_calibration.toml` has draws of them, and a share is
its mean over the draws (practice 2). No safety margin is included: a limit is a probability. Accidents that no dose
explains are added, see docs/practice.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from skinbeam.model.package_data import load_derived_table, load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import MS
from skinbeam.model.value_equality import compared_by_value

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
)  # of light, as defined in `data/practice.toml`
REFERENCE_SPOT_MM: Final = 8.0
_GRID: Final = np.linspace(-6.0, 6.0, 1201)  # ln of a ratio of doses: beyond, a share is 0 or 1 to a thousandth


@dataclass(frozen=True)
class BurnLight:
    """The properties of a setting on which the error of computed doses depends.

    Parameters
    ----------
    wavelength_nm : of a lamp the mean of its light.
    """

    wavelength_nm: float
    pulse_s: float
    spot_mm: float
    lamp: bool = False


@compared_by_value
@dataclass(frozen=True)
class DoseCalibration:
    """The error distribution of computed doses at a light, pulse and spot.

    Parameters
    ----------
    kind : class of the endpoint.
    rows, sources : numbers of rows and sources on which it is based.
    shares : P(ln(true / computed) is at most this) on a grid of logarithms.
    """

    kind: str
    rows: int
    sources: int
    shares: Floats

    @property
    def bias(self) -> float:
        """Median of true over computed doses."""
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


@compared_by_value
@dataclass(frozen=True)
class ErrorParts:
    """Components of the error of computed doses.

    Parameters
    ----------
    means, error : mean and standard deviation of the error that all pulses of the same light on a person share, (draw
        of the fit,).
    people : standard deviation of the error that they do not share.
    lapse : share of injuries that no dose explains.
    """

    means: Floats
    error: Floats
    people: float
    lapse: float


@dataclass(frozen=True)
class _BurnFit:
    """The fit of burns: numbers of rows and sources, the light that they cover, and draws of (practice 1).

    Parameters
    ----------
    draws : parameters by name, and families the share of each family of light, (draw of the fit,).
    """

    rows: int
    sources: int
    range_nm: tuple[float, float]
    range_ms: tuple[float, float]
    range_mm: tuple[float, float]
    draws: Mapping[str, Floats]
    families: Mapping[str, Floats]


def laser_family(wavelength_nm: float, *, lamp: bool) -> str:
    """Return the family of lasers with the same error of computed doses; lamps are a separate family."""
    if lamp:
        return "lamp"
    families = load_package_table("data/practice.toml")["unprinted"]  # rising
    return [str(family["family"]) for family in families if family["from_nm"] <= wavelength_nm][-1]


def is_calibrated_light(light: BurnLight) -> bool:
    """Return whether the calibration of burns is based on published doses near this wavelength and pulse length."""
    fit = _burn_fit()
    (shortest, longest), (low, high) = fit.range_ms, fit.range_nm
    return low <= light.wavelength_nm <= high and shortest <= light.pulse_s / MS <= longest


def burn_calibration(light: BurnLight, *, recommended: bool = True) -> DoseCalibration:
    """Return the error of computed doses that burn the epidermis.

    If no published dose is near, the computed dose is not corrected, and its spread is that of endpoints with few
    experiments.

    Parameters
    ----------
    recommended : whether doses that makers and guidelines recommend are included, with the weight of
        `data/practice.toml`.
    """
    cite_sources("skinbeam2026practice")
    if not is_calibrated_light(light):
        return _default_calibration()
    return _make_calibration(light, BURN_CLASS if recommended else f"{BURN_CLASS}-without-recommended")


@cache
def error_parts(light: BurnLight) -> ErrorParts:
    """Return the components of the error at a light.

    The deviation of people is the root mean square of its draws, so that both components together have the spread of
    the whole error. If no published dose is near, the shared component is the remainder of the spread of endpoints
    with few experiments.
    """
    fit = _burn_fit()
    people = float(np.sqrt(np.mean(np.square(fit.draws["people"]))))
    lapse = float(np.mean(fit.draws["lapse"]))
    if not is_calibrated_light(light):
        return ErrorParts(np.zeros(1), np.sqrt([np.log(_default_factor()) ** 2 - people**2]), people, lapse)
    means, error = _means_and_error(light, fit)
    return ErrorParts(means, error, people, lapse)


@cache
def _make_calibration(light: BurnLight, kind: str) -> DoseCalibration:
    fit = _burn_fit(kind)
    means, error = _means_and_error(light, fit)
    deviation = np.hypot(error, fit.draws["people"])
    shares = ndtr((_GRID - means[:, None]) / deviation[:, None]).mean(axis=0)
    return DoseCalibration(BURN_CLASS, fit.rows, fit.sources, shares)


def _means_and_error(light: BurnLight, fit: _BurnFit) -> tuple[Floats, Floats]:
    """Return mean and shared standard deviation of (practice 1), (draw of the fit,)."""
    draws = fit.draws
    spot_mm = float(np.clip(light.spot_mm, *fit.range_mm))  # no evidence that the power law holds outside
    family = fit.families[laser_family(light.wavelength_nm, lamp=light.lamp)]
    means = draws["usual"] + draws["margin"] + draws["spot"] * np.log(spot_mm / REFERENCE_SPOT_MM) + family
    return means, np.hypot(draws["clinics"], (1.0 - draws["followed"]) * draws["rows"])


@cache
def _default_calibration() -> DoseCalibration:
    return DoseCalibration(BURN_CLASS, 0, 0, np.asarray(ndtr(_GRID / np.log(_default_factor()))))


def _default_factor() -> float:
    return SourcedValue.from_table(load_package_table("data/comparison.toml")["model_error"]["default_factor"]).value


@cache
def _burn_fit(kind: str = BURN_CLASS) -> _BurnFit:
    entry = load_derived_table("burn_calibration")[kind]
    low_nm, high_nm = entry["range_nm"]
    low_ms, high_ms = entry["range_ms"]
    low_mm, high_mm = entry["range_mm"]
    return _BurnFit(
        entry["rows"],
        entry["sources"],
        (low_nm, high_nm),
        (low_ms, high_ms),
        (low_mm, high_mm),
        draws={name: np.asarray(drawn, dtype=np.float64) for name, drawn in entry["draw"].items()},
        families={name: np.asarray(drawn, dtype=np.float64) for name, drawn in entry["family"].items()},
    )
