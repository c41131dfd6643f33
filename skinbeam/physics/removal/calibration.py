"""Read the ablation calibration of each laser, and decide whether a pulse confines its heat.

Two limits (Vogel and Venugopalan 2003, sec. VII): with penetration depth delta and enthalpy of ablation h per volume,

    blow-off        z = delta ln(H / (h delta))       everything heated beyond h leaves                    (ablation 1)
    steady state    z = (H - H0) / h                  a front that moves during the pulse                  (ablation 2)

A pulse confines its heat when it is over before heat leaves the layer in which it is absorbed,

    tau < delta^2 / (4 kappa).                                                                            (ablation 3)

Blow-off never exceeds the balance of energy, since ln x <= x - 1. Its h may be lower than that of a front: confined
heat throws tissue out before all of its water has turned to steam. (ablation 1) removes a layer of delta at e times the
onset.

The range between the limits is in `removal.ablation_front`, heat below the floor in `removal.residual_heat`, and the
effect of earlier pulses in `removal.pulse_train`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import CM, MJ, UM

__all__ = [
    "AblationCalibration",
    "ablation_calibration",
    "is_blow_off",
    "microbeam_calibration",
]


@dataclass(frozen=True)
class AblationCalibration:
    """Calibration of ablation by one laser, SI.

    Parameters
    ----------
    name : key in `data/tissue/ablation.toml`.
    enthalpy : of a moving front, J/m³.
    ejection : h of blow-off, J/m³; None where `enthalpy` is used.
    penetration : m, of heated tissue where that differs (ablation 15), or None for a microbeam.
    rim : coagulation below the crater of a microbeam, m, at the energy `rim_energy_J`; None where none was measured.
    limits : range of the calibration: `pulse_s`, or `diameter_m` and `energy_J`.
    """

    name: str
    enthalpy: SourcedValue
    ejection: SourcedValue | None
    penetration: SourcedValue | None
    rim: SourcedValue | None
    rim_energy_J: float | None
    limits: Mapping[str, tuple[float, float]]


def ablation_calibration(wavelength_nm: float) -> AblationCalibration | None:
    """Return the calibration for a wide beam at this wavelength, or None if ablation cannot be predicted for it."""
    return _note_sources(_find_calibration("laser", wavelength_nm))


def microbeam_calibration(wavelength_nm: float) -> AblationCalibration | None:
    """Return the calibration for fractional beams at this wavelength, or None if ablation cannot be predicted."""
    return _note_sources(_find_calibration("microbeam", wavelength_nm))


def _note_sources(calibration: tuple[AblationCalibration, tuple[str, ...]] | None) -> AblationCalibration | None:
    """Record the sources as used, at every read and not only at the first."""
    if calibration is None:
        return None
    cite_sources(*calibration[1])
    return calibration[0]


@cache
def _find_calibration(
    kind: Literal["laser", "microbeam"], wavelength_nm: float
) -> tuple[AblationCalibration, tuple[str, ...]] | None:
    for name, entry in load_package_table("data/tissue/ablation.toml")[kind].items():
        low, high = entry["wavelength_nm"]
        if low <= wavelength_nm <= high:
            values = [part for part in entry.values() if isinstance(part, dict)]
            keys = [key for part in values for key in (part["source"], *part.get("also", ()))]
            return _read_calibration(name, entry), tuple(keys)
    return None


def _read_calibration(name: str, entry: Mapping[str, Any]) -> AblationCalibration:
    def value(key: str, unit: float) -> SourcedValue | None:
        if key not in entry:
            return None
        read = SourcedValue.from_table(entry[key])
        return replace(read, value=read.value * unit, low=read.low * unit, high=read.high * unit)

    enthalpy = value("enthalpy_J_cm3", CM**-3)
    if enthalpy is None:
        raise ValueError(f"{name} in ablation.toml needs enthalpy_J_cm3")
    limits = {}
    if "pulse_shortest_s" in entry:
        limits["pulse_s"] = (float(entry["pulse_shortest_s"]), float(entry["pulse_longest_s"]))
    if "energy_highest_mJ" in entry:
        limits["energy_J"] = (0.0, entry["energy_highest_mJ"] * MJ)
        limits["diameter_m"] = (entry["diameter_shortest_um"] * UM, entry["diameter_longest_um"] * UM)
    rim_energy_J = entry["rim_energy_mJ"] * MJ if "rim_energy_mJ" in entry else None
    ejection, penetration, rim = value("ejection_J_cm3", CM**-3), value("penetration_um", UM), value("rim_um", UM)
    return AblationCalibration(name, enthalpy, ejection, penetration, rim, rim_energy_J, limits)


def is_blow_off(pulse_s: ArrayLike, penetration_m: ArrayLike, diffusivity_m2_s: ArrayLike) -> NDArray[np.bool_]:
    """Return whether pulses end before heat leaves the absorbing layer (ablation 3)."""
    delta = np.asarray(penetration_m, dtype=np.float64)
    return np.asarray(pulse_s) < delta**2 / (4 * np.asarray(diffusivity_m2_s, dtype=np.float64))
