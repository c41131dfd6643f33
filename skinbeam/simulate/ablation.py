"""Ablation of sampled skins: when material leaves, how deep, and what heat stays below."""

from dataclasses import dataclass
from math import erf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.physics import ablation as physics
from skinbeam.simulate.pulse import Response
from skinbeam.skin.properties import thermal
from skinbeam.sources import Sourced
from skinbeam.units import MS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SHORTEST_ABLATING_NM", "Ablated", "ablate", "ablation_onset", "injury_dose", "spread"]

Floats = NDArray[np.float64]

SHORTEST_ABLATING_NM = 2700.0  # below, water absorbs too little for a pulse of the devices here to remove skin
SLACK = 1e-6  # relative: a pulse at the end of the calibration counts as inside
SLOWEST_TRAIN_HZ = 2.0  # the calibration is of single pulses at 1 to 2 Hz; faster trains remove less each


@dataclass(frozen=True)
class Ablated:
    """What a pulse or pass leaves, (sample,), m."""

    depth: Floats
    residual: Floats


def spread(value: Sourced, skins: "xr.Dataset", name: str) -> Floats:
    """Return a literature number for every draw: its spread is used once a skin, by the standard draw `name`."""
    z = np.asarray(skins[name].values, dtype=np.float64)
    if value.distribution == "lognormal":
        above, below = np.log(value.high / value.value), np.log(value.value / value.low)
        factor: Floats = np.exp(np.where(z > 0, z * above, z * below))
        return value.value * factor
    if value.distribution == "uniform":
        # The standard normal's place in its own distribution is uniform.
        place = np.array([(1 + erf(x / sqrt(2))) / 2 for x in z])
        return value.low + (value.high - value.low) * place
    if value.distribution == "normal":
        return value.value + np.where(z > 0, z * (value.high - value.value), z * (value.value - value.low))
    return np.full_like(z, value.value)


def ablation_onset(response: Response) -> Floats:
    """Return the radiant exposure at which material leaves, (sample,), J/m².

    Raises
    ------
    NotAvailable : no sourced data at this wavelength.
    """
    assert response.lit is not None  # an endpoint is asked with a beam
    return _sampled(response.skins, response.lit.lines[0].wavelength_nm, response.schedule.pulse_s, 1).onset


def ablate(skins: "xr.Dataset", beam: Beam, fluence_J_m2: float | Floats) -> Ablated:
    """Return crater and residual damage of a wide beam after all pulses and passes.

    Raises
    ------
    NotAvailable : no sourced data at this wavelength, pulse length or rate.
    """
    pulse_s, count = beam.pulse_ms * MS, beam.pulses * beam.passes
    once = _sampled(skins, beam.wavelength_nm, pulse_s, 1).at(fluence_J_m2)
    if count == 1 or not once.depth.any():
        return once
    return _sampled_train(skins, beam).at(fluence_J_m2)


def injury_dose(skins: "xr.Dataset", beam: Beam, depth_m: Floats) -> Floats:
    """Return the radiant exposure at which crater and residual damage together reach `depth_m`, (sample,), J/m².

    The total grows with the dose, so bisection between the onset and a thousand times it finds it; inf beyond that.

    Raises
    ------
    NotAvailable : as `ablate`.
    """
    sampled = _sampled_train(skins, beam)
    low, high = sampled.onset, 1000.0 * sampled.onset
    deepest = sampled.at(high)
    for _ in range(40):
        middle = np.sqrt(low * high)
        done = sampled.at(middle)
        deeper = done.depth + done.residual >= depth_m
        high, low = np.where(deeper, middle, high), np.where(deeper, low, middle)
    return np.where(deepest.depth + deepest.residual >= depth_m, np.sqrt(low * high), np.inf)


@dataclass(frozen=True)
class _Sampled:
    """Ablation of sampled skins by one beam: parameters of each draw, (sample,), SI."""

    enthalpy: Floats
    threshold: Floats
    penetration: Floats
    diffusivity: Floats
    pulse_s: float
    count: int

    @property
    def onset(self) -> Floats:
        """Radiant exposure above which a depth is removed, J/m²: heating of the layer, or the measured threshold."""
        blow_off = physics.is_blow_off(self.pulse_s, self.penetration, self.diffusivity)
        return np.where(blow_off, self.enthalpy * self.penetration, self.threshold)

    def at(self, fluence_J_m2: float | Floats) -> Ablated:
        depth = physics.depth(
            fluence_J_m2,
            self.pulse_s,
            enthalpy_J_m3=self.enthalpy,
            threshold_J_m2=self.threshold,
            penetration_m=self.penetration,
            diffusivity_m2_s=self.diffusivity,
        )
        residual = physics.residual_damage(self.penetration, self.diffusivity, self.pulse_s)
        return Ablated(depth * self.count, np.where(depth > 0, residual, 0.0))


def _sampled_train(skins: "xr.Dataset", beam: Beam) -> _Sampled:
    count = beam.pulses * beam.passes
    if count > 1 and (beam.repetition_Hz > SLOWEST_TRAIN_HZ or _known(beam.wavelength_nm).name == "co2"):
        raise NotAvailable(text("endpoint.ablation-train"))
    return _sampled(skins, beam.wavelength_nm, beam.pulse_ms * MS, count)


def _sampled(skins: "xr.Dataset", wavelength_nm: float, pulse_s: float, count: int) -> _Sampled:
    known = _known(wavelength_nm)
    shortest, longest = known.limits["pulse_s"]
    if not shortest * (1 - SLACK) <= pulse_s <= longest * (1 + SLACK):
        raise NotAvailable(text("endpoint.ablation-pulse", {"pulse_ms": pulse_s / MS}))
    assert known.penetration is not None  # a wide beam always has one
    heat = thermal(skins)
    return _Sampled(
        spread(known.enthalpy, skins, "ablation_enthalpy_shift"),
        spread(known.threshold, skins, "ablation_threshold_shift"),
        spread(known.penetration, skins, "ablation_penetration_shift"),
        heat.conductivity[:, 0] / heat.heat_capacity_vol[:, 0],
        pulse_s,
        count,
    )


def _known(wavelength_nm: float) -> physics.Ablation:
    if wavelength_nm < SHORTEST_ABLATING_NM:
        raise NotAvailable(text("endpoint.not-ablative", {"wavelength_nm": wavelength_nm}))
    known = physics.ablation_of(wavelength_nm)
    if known is None:
        raise NotAvailable(text("endpoint.no-ablation-data", {"wavelength_nm": wavelength_nm}))
    return known
