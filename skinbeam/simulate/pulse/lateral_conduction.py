"""Heat that leaves the axis of a finite spot sideways.

A beam of cylinder symmetry is a sum of waves J₀(qr). Where layers look the same from everywhere each wave keeps its
shape, and conduction along the surface takes k q² of it, W/m³K, like a perfusion (carslaw1959, sec. 10.3):

    T(r = 0, z, t) = ∫ q Ê(q) T_q(z, t) dq                                                             (heat 9)
    c ∂T_q/∂t = ∂/∂z (k ∂T_q/∂z) − k q² T_q + f(t) s(z) exp(−q² b(z)²/8)                               (heat 10)

with Ê of a top-hat of radius a, a J₁(qa)/q, or of a Gaussian of 1/e² radius w, (w²/4) exp(−q²w²/8), and s the heating
of a wide beam. Light that spreads blurs the beam: b is the 1/e² radius of the Gaussian that leaves on the axis what
`light.spot` found there,

    share = 1 − exp(−2a²/b²),   share = w²/(w² + b²).                                                  (heat 11)

For heat that came at once and conducts evenly that is F = 1 − exp(−a²/4κt), and F = 1/(1 + 8κt/w²). T over that of a
wide beam is taken of one skin and used for all draws, as the light of a spot is.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import j1

from skinbeam.laser.settings import Beam
from skinbeam.physics.heat.linear import Linear
from skinbeam.physics.heat.row import March, conduct
from skinbeam.physics.heat.tissue import Film, Source
from skinbeam.physics.kernel.gauss import gauss_legendre
from skinbeam.physics.kernel.scaled import scale_between
from skinbeam.simulate.light.illumination import Illumination, OneSkin, SpotShare
from skinbeam.simulate.pulse.schedule import AFTER_S, Schedule
from skinbeam.skin.properties import perfusion, thermal
from skinbeam.units import MM

__all__ = ["Kept", "kept_share", "loses_sideways"]

Floats = NDArray[np.float64]

# Waves, as q times the radius: fine where late heat lies, then up to where a blur of `_SHARPEST` has ended them.
_PANELS: Final = ((0.0, 0.5, 8), (0.5, 4.0, 10), (4.0, 40.0, 30))
_SHARPEST: Final = 0.2  # blur of a top-hat, at least, in radii: on the axis nothing of it is seen
_CONDUCTS_M2_S: Final = 1.4e-7  # the most that skin does, to tell whether heat leaves at all
_NOTHING: Final = 4.6  # a²/4κt from which on less than a hundredth of a top-hat's heat has left
_FAINT: Final = 1e-6  # of the greatest rise: below, a ratio of rises means nothing


class Kept(NamedTuple):
    """Share of the rise of a wide beam that is left on the axis: (time, cell) at depths (cell,), m, and (time,)."""

    depth_m: Floats
    cells: Floats
    surface: Floats

    def apply(self, rise: Floats, depth_m: Floats) -> None:
        """Leave of a wide beam's rise, (sample, time, cell), what is kept at depths (sample, cell)."""
        upper = np.clip(np.searchsorted(self.depth_m, depth_m) - 1, 0, self.depth_m.size - 2)
        gap = self.depth_m[upper + 1] - self.depth_m[upper]
        scale_between(
            rise, np.ascontiguousarray(self.cells), upper, np.clip((depth_m - self.depth_m[upper]) / gap, 0.0, 1.0)
        )


def loses_sideways(beam: Beam, plan: Schedule) -> bool:
    """Return whether heat leaves the axis of a beam before a pulse is forgotten; a Gaussian has no flat middle."""
    if beam.spot_mm is None or beam.microbeam is not None:
        return False
    reach_m2 = 4.0 * _CONDUCTS_M2_S * (plan.busy_s + AFTER_S)
    return beam.profile == "gaussian" or (beam.spot_mm * MM / 2.0) ** 2 < _NOTHING * reach_m2


def kept_share(middle: OneSkin, beam: Beam, shares: tuple[SpotShare, ...], plan: Schedule, *, perfused: bool) -> Kept:
    """Return what is left on the axis of a finite spot in one skin; pulses made in several ways count as their mean."""
    assert beam.spot_mm is not None  # a microbeam has a model of its own
    skin, lit = middle
    weight, wave = _waves(beam.spot_mm * MM / 2.0, beam.profile)
    heating = _of_waves(lit, shares, wave, beam)
    material = lit.grid.material(thermal(skin))
    lost = np.asarray(material.conductivity) * wave[:, None] ** 2
    lost = lost + (perfusion(skin)[:, lit.grid.layer] if perfused else 0.0)
    power_on = plan.power_on if plan.power_on.ndim == 1 else plan.power_on.mean(axis=0)
    march = March(
        lit.grid.cells,
        material,
        0.0,
        plan.step_s,
        Source(heating / plan.pulse_s, power_on),
        Film(plan.h_W_m2K, 0.0),
        lit.grid.bottom(0.0),
    )
    found = conduct(march, Linear(lost))
    wide = conduct(
        march._replace(source=Source(lit.narrowed(shares).heating_per_m / plan.pulse_s, power_on)),
        Linear(perfusion(skin)[:, lit.grid.layer] if perfused else 0.0),
    )
    cells, surface = (
        _ratio(np.tensordot(weight, each, axes=1), of[0])
        for each, of in ((found.recorded, wide.recorded), (found.surface, wide.surface))
    )
    return Kept(lit.grid.centres[0], cells, surface)


def _ratio(narrow: Floats, wide: Floats) -> Floats:
    felt = wide > _FAINT * wide.max(initial=0.0)
    return np.clip(np.divide(narrow, wide, out=np.ones_like(wide), where=felt), 0.0, 1.0)


def _waves(radius_m: float, profile: str) -> tuple[Floats, Floats]:
    """Return what each wave counts on the axis, q Ê(q) dq, and its q, (wave,), 1/m."""
    nodes, sizes = zip(*(_panel(*panel) for panel in _PANELS), strict=True)
    y, dy = np.concatenate(nodes), np.concatenate(sizes)
    if profile == "gaussian":
        y, dy = y / math.sqrt(8.0), dy / math.sqrt(8.0)  # so that as many reach where it has ended
        return y / 4.0 * dy * np.exp(-(y**2) / 8.0), y / radius_m
    return np.asarray(j1(y) * dy), y / radius_m


def _panel(low: float, high: float, number: int) -> tuple[Floats, Floats]:
    at, size = gauss_legendre(number)
    return low + (high - low) * (at + 1.0) / 2.0, size * (high - low) / 2.0


def _of_waves(lit: Illumination, shares: tuple[SpotShare, ...], wave: Floats, beam: Beam) -> Floats:
    """Heating of each wave, (wave, cell), 1/m."""
    assert beam.spot_mm is not None
    radius, total = beam.spot_mm * MM / 2.0, np.zeros((wave.size, lit.grid.layer.size))
    for line, share in zip(lit.lines, shares, strict=True):
        kept = np.clip(share.at(lit.grid.centres[0]), 1e-6, 1.0 - 1e-9)
        if beam.profile == "gaussian":
            blur = radius**2 * (1.0 / kept - 1.0)
        else:
            blur = np.maximum(-2.0 * radius**2 / np.log1p(-kept), (_SHARPEST * radius) ** 2)
        heating = line.share * line.optics.mua[0, lit.grid.layer] * line.light.fluence_rate_ratio[0]
        total += heating * np.exp(-(wave[:, None] ** 2) * blur / 8.0)
    return total if lit.heated_share is None else total * lit.heated_share[0]
