"""Thresholds of plasma at the focus of a short pulse in a watery medium.

One is the irradiance that certainly makes a plasma, the other the dose that cannot. Without an absorber the first
electrons are released by multiphoton ionisation. The threshold irradiance was measured in water at two pulse lengths;
between them it is taken as a power of the pulse length (vogel1996),

    I* = I_1 (tau / tau_1)^p,   p = ln(I_2/I_1) / ln(tau_2/tau_1).                             (breakdown 1)

An absorber that releases electrons can only lower it. The cascade is needed in any case: an electron in light of
angular frequency w gains energy by collisions at e² t I / (m c n eps0 (1 + w² t²)), with t the time between them, so at
most e² I / (2 m c n eps0 w), whatever t (the Drude gain of kennedy1995). N generations of the energy D each need

    H >= 2 N m c n eps0 w D / e²                                                               (breakdown 2)

in any pulse. Below that there is no plasma, above (breakdown 1) there is; between them it depends on the absorber. The
depth and size of the cavity of a plasma do not follow from either.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import NM
from skinbeam.physics.damage.kinetics_table import kinetics_value

__all__ = ["breakdown_irradiance", "breakdown_value", "is_within_measurement", "least_cascade_dose"]

Array = NDArray[np.float64]

_SLACK = 1e-6  # relative tolerance at the ends of the measured range

# CODATA 2018.
_ELECTRON_C, _ELECTRON_kg, _LIGHT_m_s, _VACUUM_F_m = 1.602176634e-19, 9.1093837015e-31, 299792458.0, 8.8541878128e-12


def breakdown_value(name: str) -> SourcedValue:
    """Return a value of `[breakdown]` in `data/tissue/kinetics.toml`, and record its source as used."""
    return kinetics_value("breakdown", name)


def is_within_measurement(pulse_s: ArrayLike) -> NDArray[np.bool_]:
    """Return whether pulse lengths are within the range for which the threshold of water was measured."""
    pulse = np.asarray(pulse_s, dtype=np.float64)
    short, long = breakdown_value("short_pulse_s").value, breakdown_value("long_pulse_s").value
    return (pulse >= short * (1 - _SLACK)) & (pulse <= long * (1 + _SLACK))


def breakdown_irradiance(pulse_s: ArrayLike) -> Array:
    """Return the irradiance at the focus, W/m², above which pure water breaks down (breakdown 1).

    Raises
    ------
    ValueError : pulses shorter or longer than those that were measured.
    """
    pulse = np.asarray(pulse_s, dtype=np.float64)
    short, long = breakdown_value("short_pulse_s").value, breakdown_value("long_pulse_s").value
    if not np.all(is_within_measurement(pulse)):
        raise ValueError("the threshold of water was measured at pulses of 30 ps to 6 ns")
    at_short, at_long = breakdown_value("short_W_m2").value, breakdown_value("long_W_m2").value
    power = math.log(at_long / at_short) / math.log(long / short)
    return np.asarray(at_short * (pulse / short) ** power)


def least_cascade_dose(wavelength_nm: float) -> float:
    """Return the radiant exposure at the focus, J/m², below which no cascade makes a plasma (breakdown 2)."""
    frequency = 2 * math.pi * _LIGHT_m_s / (wavelength_nm * NM)
    energy_J = breakdown_value("ionisation_eV").value * _ELECTRON_C
    per_generation = 2 * _ELECTRON_kg * _LIGHT_m_s * breakdown_value("index").value * _VACUUM_F_m * frequency * energy_J
    return breakdown_value("generations").value * per_generation / _ELECTRON_C**2
