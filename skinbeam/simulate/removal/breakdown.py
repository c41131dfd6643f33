"""Optical breakdown of a short pulse in sampled skins: yes, no, or not known where melanin may have seeded it."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.physics.removal.breakdown import breakdown, irradiance_that_breaks_down, is_measured, least_cascade_dose
from skinbeam.simulate.light.illumination import axis_exposure
from skinbeam.skin.spread import spread_at
from skinbeam.units import MJ, MS, NS, PS, UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["breaks_down"]

Floats = NDArray[np.float64]


def breaks_down(skins: "xr.Dataset", beam: Beam, gathered: Floats | float = 1.0) -> Floats | Unknown:
    """Return 1 where the pulse makes a plasma and 0 where it cannot, (sample,), or why that is not known.

    Judged where the beam is as narrow as the case says. A pulse that breaks down water does so in any tissue; melanin
    gives electrons and may let a weaker one do it, by how much is not sourced.

    Parameters
    ----------
    gathered : peak fluence rate over irradiance: scattered light that may feed a cascade beside the beam's own.
    """
    pulse_s = beam.pulse_ms * MS
    lines = breakdown("wavelength_nm")
    if not is_measured(pulse_s) or not lines.low <= beam.wavelength_nm <= lines.high:
        limits = {"low_nm": lines.low, "high_nm": lines.high}
        limits |= {"shortest": breakdown("short_pulse_s").value / PS, "longest": breakdown("long_pulse_s").value / NS}
        return Unknown(text("not-apply.breakdown", limits))
    dose = _dose_on_axis(beam)
    threshold = irradiance_that_breaks_down(pulse_s) * pulse_s * spread_at(breakdown("spread"), skins["endpoint_shift"])
    surely = dose >= threshold
    perhaps = _holds_melanin(skins) & ~surely & (dose * gathered >= least_cascade_dose(beam.wavelength_nm))
    if perhaps.any():
        return Unknown(text("not-apply.seeded"))
    return surely.astype(np.float64)


def _dose_on_axis(beam: Beam) -> float:
    """Radiant exposure on the axis of the beam, or of one microbeam, J/m²."""
    micro = beam.microbeam
    if micro is None:
        return axis_exposure(beam)
    assert micro.energy_mJ is not None  # a dose was required
    mean = micro.energy_mJ * MJ / (np.pi / 4 * (micro.diameter_um * UM) ** 2)
    return float(2.0 * mean if micro.profile == "gaussian" else mean)


def _holds_melanin(skins: "xr.Dataset") -> NDArray[np.bool_]:
    """Whether light meets melanosomes, (sample,); explicit layers do not say, so they may."""
    if "melanosome_fraction" not in skins:
        return np.ones(skins.sizes["sample"], dtype=np.bool_)
    return np.asarray((skins["melanosome_fraction"].values > 0).any(axis=1) | (skins.attrs["preset"] == "melanosome"))
