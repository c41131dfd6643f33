"""Heat that leaves the axis of a finite spot by lateral conduction.

A beam of cylinder symmetry is a sum of waves J₀(qr). Where layers are the same everywhere along the surface each wave
keeps its shape, and conduction along the surface removes k q² of it, W/m³K, like perfusion (carslaw1959, sec. 10.3):

    T(r = 0, z, t) = ∫ q Ê(q) T_q(z, t) dq                                                             (heat 9)
    c ∂T_q/∂t = ∂/∂z (k ∂T_q/∂z) − k q² T_q + f(t) s(z) exp(−q² b(z)²/8)                               (heat 10)

with Ê of a top-hat of radius a, a J₁(qa)/q, or of a Gaussian of 1/e² radius w, (w²/4) exp(−q²w²/8), and s the heating
of a wide beam. Light that spreads blurs the beam: b is the 1/e² radius of the Gaussian blur that gives the share on the
axis that `light.spot` computed,

    share = 1 − exp(−2a²/b²),   share = w²/(w² + b²).                                                  (heat 11)

For heat that is deposited at once and conducts uniformly that is F = 1 − exp(−a²/4κt), and F = 1/(1 + 8κt/w²). The
ratio of T to that of a wide beam is computed for one skin and used for all draws, as the light of a spot is.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import j1

from skinbeam.laser.beam import Beam
from skinbeam.model.units import MM
from skinbeam.physics.heat.cells import HeatSource, RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.physics.numerics.arrays import gauss_legendre
from skinbeam.physics.numerics.interpolation import scale_history
from skinbeam.simulate.light.illumination import Illumination, LitSkin, SpotShare
from skinbeam.simulate.pulse.schedule import AFTER_PULSE_S, PulseSchedule
from skinbeam.skin.properties import perfusion_coefficient, thermal_properties

__all__ = ["AxisRetention", "axis_retention", "has_lateral_loss"]

Floats = NDArray[np.float64]

# Waves, as q times the radius: fine where late heat is, then up to where a blur of `_SMALLEST_BLUR` has damped them.
_PANELS: Final = ((0.0, 0.5, 8), (0.5, 4.0, 10), (4.0, 40.0, 30))
_SMALLEST_BLUR: Final = 0.2  # least blur of a top-hat, in radii: it has no effect on the axis
_MAX_DIFFUSIVITY_M2_S: Final = 1.4e-7  # upper bound for skin, to decide whether heat leaves at all
_NO_LOSS_RATIO: Final = 4.6  # a²/4κt from which on less than a hundredth of a top-hat's heat has left
_FAINT_RISE: Final = 1e-6  # of the greatest rise: below, a ratio of rises is meaningless


class AxisRetention(NamedTuple):
    """Share of a wide beam's temperature rise that remains on the axis.

    It is (time, cell) at depths (cell,), m, and (time,) at the surface.
    """

    depth_m: Floats
    cells: Floats
    surface: Floats

    def apply(self, rise: Floats, depth_m: Floats) -> None:
        """Multiply a wide beam's rise, (sample, time, cell), at depths (sample, cell), in place by the retained share.

        It is interpolated linearly in depth.
        """
        upper = np.clip(np.searchsorted(self.depth_m, depth_m) - 1, 0, self.depth_m.size - 2)
        gap = self.depth_m[upper + 1] - self.depth_m[upper]
        scale_history(
            rise, np.ascontiguousarray(self.cells), upper, np.clip((depth_m - self.depth_m[upper]) / gap, 0.0, 1.0)
        )


def has_lateral_loss(beam: Beam, schedule: PulseSchedule) -> bool:
    """Return whether heat leaves the axis of a beam within the simulated time; a Gaussian has no flat middle."""
    if beam.spot_mm is None or beam.microbeam is not None:
        return False
    reach_m2 = 4.0 * _MAX_DIFFUSIVITY_M2_S * (schedule.train_length_s + AFTER_PULSE_S)
    return beam.profile == "gaussian" or (beam.spot_mm * MM / 2.0) ** 2 < _NO_LOSS_RATIO * reach_m2


def axis_retention(
    lit_skin: LitSkin, beam: Beam, spot_shares: tuple[SpotShare, ...], schedule: PulseSchedule, *, perfused: bool
) -> AxisRetention:
    """Return the heat that remains on the axis of a finite spot in one skin, with the mean power of several trains."""
    assert beam.spot_mm is not None  # a microbeam has a model of its own
    skin, lit = lit_skin
    weight, wave = _radial_waves(beam.spot_mm * MM / 2.0, beam.profile)
    heating = _wave_heating(lit, spot_shares, wave, beam)
    material = lit.grid.material(thermal_properties(skin))
    lost = np.asarray(material.conductivity) * wave[:, None] ** 2
    lost = lost + (perfusion_coefficient(skin)[:, lit.grid.layer] if perfused else 0.0)
    power_on = schedule.power_on if schedule.power_on.ndim == 1 else schedule.power_on.mean(axis=0)
    march = HeatProblem1D(
        lit.grid.cells,
        material,
        0.0,
        schedule.step_s,
        HeatSource(heating / schedule.pulse_s, power_on),
        RobinBoundary(schedule.h_W_m2K, 0.0),
        lit.grid.lower_boundary(0.0),
    )
    found = conduct_1d(march, LinearConduction(lost))
    wide = conduct_1d(
        march._replace(source=HeatSource(lit.narrow_to_spot(spot_shares).heating_per_m / schedule.pulse_s, power_on)),
        LinearConduction(perfusion_coefficient(skin)[:, lit.grid.layer] if perfused else 0.0),
    )
    cells, surface = (
        _rise_ratio(np.tensordot(weight, temperature, axes=1), of[0])
        for temperature, of in ((found.cell_temperature, wide.cell_temperature), (found.surface, wide.surface))
    )
    return AxisRetention(lit.grid.centres[0], cells, surface)


def _rise_ratio(narrow: Floats, wide: Floats) -> Floats:
    felt = wide > _FAINT_RISE * wide.max(initial=0.0)
    return np.clip(np.divide(narrow, wide, out=np.ones_like(wide), where=felt), 0.0, 1.0)


def _radial_waves(radius_m: float, profile: str) -> tuple[Floats, Floats]:
    """Return the weight of each wave on the axis, q Ê(q) dq, and its q, (wave,), 1/m."""
    nodes, sizes = zip(*(_panel_nodes(*panel) for panel in _PANELS), strict=True)
    y, dy = np.concatenate(nodes), np.concatenate(sizes)
    if profile == "gaussian":
        y, dy = y / math.sqrt(8.0), dy / math.sqrt(8.0)  # so that the same number of waves covers its narrower spectrum
        return y / 4.0 * dy * np.exp(-(y**2) / 8.0), y / radius_m
    return np.asarray(j1(y) * dy), y / radius_m


def _panel_nodes(low: float, high: float, number: int) -> tuple[Floats, Floats]:
    at, size = gauss_legendre(number)
    return low + (high - low) * (at + 1.0) / 2.0, size * (high - low) / 2.0


def _wave_heating(illumination: Illumination, spot_shares: tuple[SpotShare, ...], wave: Floats, beam: Beam) -> Floats:
    """Return the heating of each wave, (wave, cell), 1/m."""
    assert beam.spot_mm is not None
    radius, total = beam.spot_mm * MM / 2.0, np.zeros((wave.size, illumination.grid.layer.size))
    for line, share in zip(illumination.spectral_lines, spot_shares, strict=True):
        on_axis = np.clip(share.at(illumination.grid.centres[0]), 1e-6, 1.0 - 1e-9)
        if beam.profile == "gaussian":
            blur = radius**2 * (1.0 / on_axis - 1.0)
        else:
            blur = np.maximum(-2.0 * radius**2 / np.log1p(-on_axis), (_SMALLEST_BLUR * radius) ** 2)
        heating = line.energy_share * line.optics.mua[0, illumination.grid.layer] * line.light.fluence_rate_ratio[0]
        total += heating * np.exp(-(wave[:, None] ** 2) * blur / 8.0)
    return total if illumination.heated_share is None else total * illumination.heated_share[0]
