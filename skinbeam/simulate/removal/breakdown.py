"""Optical breakdown of a short pulse in sampled skins: yes, no, or unknown if melanin may have seeded it."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import MJ, MS, NS, PS, UM
from skinbeam.physics.removal.optical_breakdown import (
    breakdown_irradiance,
    breakdown_value,
    is_within_measurement,
    least_cascade_dose,
)
from skinbeam.simulate.light.illumination import axis_exposure
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = ["optical_breakdown"]

Floats = NDArray[np.float64]


def optical_breakdown(skins: SkinSample, beam: Beam, fluence_rate_ratio: Floats | float = 1.0) -> Floats | Unknown:
    """Return 1 where the pulse makes a plasma and 0 where it cannot, (sample,), or the reason why that is unknown.

    It is evaluated at the beam diameter given in the case. A pulse that breaks down water does so in any tissue;
    melanin provides electrons and may allow breakdown by a weaker pulse, but no source gives the reduction.

    Parameters
    ----------
    fluence_rate_ratio : peak fluence rate over irradiance: scattered light may feed a cascade in addition to the beam's
        own.
    """
    pulse_s = beam.pulse_ms * MS
    lines = breakdown_value("wavelength_nm")
    if not is_within_measurement(pulse_s) or not lines.low <= beam.wavelength_nm <= lines.high:
        limits = {"low_nm": lines.low, "high_nm": lines.high}
        limits |= {
            "shortest": breakdown_value("short_pulse_s").value / PS,
            "longest": breakdown_value("long_pulse_s").value / NS,
        }
        return Unknown(render_message("not-apply.breakdown", limits))
    dose = _axis_dose(beam)
    threshold = (
        breakdown_irradiance(pulse_s) * pulse_s * value_at_normal(breakdown_value("spread"), skins["endpoint_shift"])
    )
    surely = dose >= threshold
    perhaps = _has_melanin(skins) & ~surely & (dose * fluence_rate_ratio >= least_cascade_dose(beam.wavelength_nm))
    if perhaps.any():
        return Unknown(render_message("not-apply.seeded"))
    return surely.astype(np.float64)


def _axis_dose(beam: Beam) -> float:
    """Return the radiant exposure on the axis of the beam, or of one microbeam, J/m²."""
    micro = beam.microbeam
    if micro is None:
        return axis_exposure(beam)
    assert micro.energy_mJ is not None  # a dose was required
    mean = micro.energy_mJ * MJ / (np.pi / 4 * (micro.diameter_um * UM) ** 2)
    return float(2.0 * mean if micro.profile == "gaussian" else mean)


def _has_melanin(skins: SkinSample) -> NDArray[np.bool_]:
    """Return whether the skin contains melanosomes, (sample,); explicit layers are assumed to."""
    if "melanosome_fraction" not in skins:
        return np.ones(skins.count, dtype=np.bool_)
    return np.asarray((skins["melanosome_fraction"] > 0).any(axis=1) | (skins.preset == "melanosome"))
