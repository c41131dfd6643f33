"""Light on and beside the axis of a finite spot, by Monte Carlo with packets of a pencil beam.

Layers are the same everywhere along the surface, so the light that a spot brings to its axis is the light that a pencil
beam brings to all points within the spot: every packet of a pencil counts, weighted by the irradiance of the spot at
its distance,

    φ(z) / E₀ = ∫ φ_pencil(r, z) E(r) / E₀ 2πr dr.                                                         (light 10)

Divided by the light of a wide beam this is the share that remains on the axis of a finite beam. All of the same packets
make up the wide beam, so that the ratio scatters far less than either,

    share(z) = ∫ φ_pencil(r, z) E(r) / E₀ 2πr dr / ∫ φ_pencil(r, z) 2πr dr.                               (light 11)

It is computed for the median skin and used for all draws: between draws it varies by a few per cent of itself (standard
deviation 2 to 6 % for spots of 0.7 to 7 mm from 595 to 1540 nm), far less than the light does.

Beside the axis, as on it (light 11), the light at a radius r follows from the same packets, weighted by the irradiance
about that point:

    φ(z, r) / φ(z, 0) = ∫ φ_pencil(r', z) <E>(r, r') 2πr' dr' / ∫ φ_pencil(r', z) E(r') 2πr' dr'         (light 15)

with <E> the mean over the circle of radius r' about that point: for a Gaussian of 1/e² radius w exp(-2 (r - r')²/w²)
I0(x) exp(-x), x = 4 r r'/w², and for a top-hat the part of the circle that is within it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from skinbeam.laser.beam import Beam
from skinbeam.model.sources import cache_with_sources
from skinbeam.model.units import MM, UM
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.illumination import SpotShare
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.skin.properties import optical_properties
from skinbeam.skin.sample import SkinSample

__all__ = [
    "FEW_BATCHES",
    "PENCIL_BEAM",
    "SHARE_PHOTONS",
    "WIDE_SPOT_M",
    "AxisRings",
    "SpotProfile",
    "clip_edges",
    "mean_irradiance_on_circle",
    "median_medium",
    "ring_areas",
    "scattered_profile",
    "spot_share",
    "spot_shares",
    "unscattered_profile",
]

SHARE_PHOTONS = 16_000  # gives the share to about a per cent
FEW_BATCHES = 4  # small batches leave lanes idle, and without a requested error none is evaluated
PENCIL_BEAM = LightBeam(kind="pencil")
# Radius beyond which a beam counts as wide. A Gaussian falls off from its axis on, so it loses far more than a top-hat
# of the same radius (of 12.5 mm at 1064 nm, where light spreads furthest, 10 % at the surface and 30 % at 3 mm). The
# light that is neglected beyond these radii: of a top-hat 0.1 and 0.4 %, of a Gaussian 0.5 and 1.7 %.
WIDE_SPOT_M = {"top-hat": 25 * MM, "gaussian": 75 * MM}
# Depths between which the share is computed, growing: it changes over the distance that light spreads.
_SHARE_EDGES_M = np.concatenate([[0.0], np.geomspace(20 * UM, 10 * MM, 28)])
# Absorption at least, per m and of the scattering: with less, packets walk in deep layers for hours or without end. All
# skin absorbs more. At a scattering of 200 per cm and g = 0.8 both are the same, and weaken the light of a wide beam by
# 10 % at 3 mm: diffusion, exp(-z √(3 µa µs')).
_LEAST_ABSORPTION_PER_M, _LEAST_ABSORPTION_OF_SCATTERING = 0.1, 5e-6
# Number of rings of a Gaussian, and their end in 1/e² radii: beyond is exp(-18) of the irradiance.
_AXIS_RINGS, _GAUSSIAN_RADII = 60, 3.0


class AxisRings(NamedTuple):
    """Rings of the light of a pencil beam, and their weights on the axis of a spot: irradiance times area, m²."""

    width_m: float
    weights: Floats

    @classmethod
    def for_spot(cls, spot_m: float, profile: str) -> "AxisRings":
        """Return the rings for a spot of this diameter: a single ring for a top-hat, many for a Gaussian."""
        radius = spot_m / 2.0
        rings, width = (_AXIS_RINGS, radius * _GAUSSIAN_RADII / _AXIS_RINGS) if profile == "gaussian" else (1, radius)
        number = np.arange(rings)
        shape = np.exp(-2.0 * (width * (number + 0.5) / radius) ** 2) if profile == "gaussian" else np.ones(1)
        return cls(width, np.asarray(shape * ring_areas(width, rings)))

    def build_tally(self, edges_m: Floats) -> LightTally:
        """Return the tally to request from an engine."""
        return LightTally(edges_m, self.width_m, self.weights.size)

    def axis_fluence(self, light: LightField) -> Floats:
        """Return (light 10) from the light of a pencil beam, (bin,)."""
        assert light.fluence_rate_rz is not None  # rings were requested
        return np.asarray(light.fluence_rate_rz @ self.weights)


def ring_areas(width_m: float, rings: int) -> Floats:
    """Return the areas of rings, starting at the axis, (ring,), m²."""
    return np.asarray(np.pi * width_m**2 * (2.0 * np.arange(rings) + 1.0))


def clip_edges(medium: LayeredMedium, edges_m: Floats) -> Floats:
    """Return the edges within a medium, with its end as the last if they reach below it."""
    deepest = float(np.sum(medium.thickness_m))
    return np.append(edges_m[deepest > edges_m], deepest) if deepest < edges_m[-1] else edges_m


def spot_shares(
    median_skin: SkinSample, beam: Beam | None, *, photons: int = SHARE_PHOTONS
) -> tuple[SpotShare, ...] | None:
    """Return the share of each line of the beam, or None if the beam counts as wide.

    Parameters
    ----------
    median_skin : the median skin, or draws, of whose properties the medians are used.
    """
    if beam is None or beam.microbeam is not None or beam.spot_mm is None:
        return None
    if beam.spot_mm * MM / 2.0 > WIDE_SPOT_M[beam.profile]:
        return None
    shares = []
    for wavelength_nm, _ in beam.spectrum:
        medium = median_medium(median_skin, wavelength_nm)
        share = spot_share(medium, beam.spot_mm * MM, beam.profile, photons)
        if share is None:
            return None
        shares.append(share)
    return tuple(shares)


def median_medium(skins: SkinSample, wavelength_nm: float) -> LayeredMedium:
    """Return the layers of the median of draws at a wavelength."""
    return LayeredMedium.from_optics(optical_properties(skins, wavelength_nm), skins["thickness_m"]).median()


def _with_ending_packets(medium: LayeredMedium) -> LayeredMedium:
    mua, mus, *_ = medium.columns
    least = np.maximum(_LEAST_ABSORPTION_PER_M, _LEAST_ABSORPTION_OF_SCATTERING * mus)
    return replace(medium, mua_per_m=tuple(np.maximum(mua, least).tolist()))


@cache_with_sources(256)
def spot_share(medium: LayeredMedium, spot_m: float, profile: str, photons: int) -> SpotShare | None:
    """Return the share in a single medium; None where no packet reaches any depth."""
    rings, edges = AxisRings.for_spot(spot_m, profile), clip_edges(medium, _SHARE_EDGES_M)
    light = MonteCarlo(photons, batches=FEW_BATCHES).compute_light(
        _with_ending_packets(medium), PENCIL_BEAM, rings.build_tally(edges)
    )
    inside, whole = rings.axis_fluence(light), light.fluence_rate_ratio
    reached = whole > 0
    if not reached.any():
        return None
    centres = (edges[:-1] + edges[1:]) / 2.0
    return SpotShare(centres[reached], np.minimum(inside[reached] / whole[reached], 1.0), medium)


PROFILE_PHOTONS = 32_000
# Light is evaluated out to this many radii of the spot, in rings, and its sources extend this much further.
_PROFILE_REACH, _PROFILE_RINGS, _PROFILE_BEYOND = 1.6, 64, 3.0
_PROFILE_EDGES_M = np.concatenate([[0.0], np.geomspace(20e-6, 1e-3, 16)])


class SpotProfile(NamedTuple):
    """Light over that on the axis, by depth and radius.

    Parameters
    ----------
    edges_m : of the rings, (ring + 1,), from 0.
    depth_m : (depth,) rising.
    ratio_to_axis : in the middle of each ring, (depth, ring), nowhere rising with the radius.
    """

    edges_m: Floats
    depth_m: Floats
    ratio_to_axis: Floats

    def at(self, depth_m: Floats) -> Floats:
        """Return the profile at one depth per draw, (sample, ring)."""
        columns = [np.interp(depth_m, self.depth_m, column) for column in self.ratio_to_axis.T]
        return np.stack(columns, axis=1)


def unscattered_profile(spot_m: float, profile: str) -> SpotProfile:
    """Return the profile of a beam whose light does not spread."""
    radius = spot_m / 2
    if profile != "gaussian":
        return SpotProfile(np.array([0.0, radius]), np.zeros(1), np.ones((1, 1)))
    edges = np.linspace(0.0, _PROFILE_REACH * radius, _PROFILE_RINGS + 1)
    return SpotProfile(edges, np.zeros(1), np.exp(-2 * ((edges[1:] + edges[:-1]) / 2 / radius) ** 2)[None, :])


@cache_with_sources(64)
def scattered_profile(medium: LayeredMedium, spot_m: float, profile: str) -> SpotProfile:
    """Return the profile in a single medium, down to a millimetre."""
    radius = spot_m / 2
    edges = np.linspace(0.0, _PROFILE_REACH * radius, _PROFILE_RINGS + 1)
    width = float(edges[1])
    rings = int(np.ceil((_PROFILE_REACH + _PROFILE_BEYOND) * radius / width))
    depths = clip_edges(medium, _PROFILE_EDGES_M)
    light = MonteCarlo(PROFILE_PHOTONS, seed=0, batches=FEW_BATCHES).compute_light(
        _with_ending_packets(medium), PENCIL_BEAM, LightTally(depths, width, rings)
    )
    assert light.fluence_rate_rz is not None  # rings were requested
    from_m = width * np.arange(0.5, rings)
    to_m = np.concatenate([[0.0], (edges[1:] + edges[:-1]) / 2])
    weights = ring_areas(width, rings) * mean_irradiance_on_circle(to_m, from_m, radius, profile)
    found = light.fluence_rate_rz @ weights.T
    reached = found[:, 0] > 0
    over = np.minimum.accumulate(found[reached, 1:] / found[reached, :1], axis=1)
    centres = ((depths[1:] + depths[:-1]) / 2)[reached]
    return SpotProfile(edges, centres, np.minimum(over, 1.0))


def mean_irradiance_on_circle(radius_m: Floats, circle_m: Floats, spot_radius_m: float, profile: str) -> Floats:
    """Return <E> of (light 15) over the irradiance on the axis, (radius, circle)."""
    r, c = radius_m[:, None], circle_m[None, :]
    if profile == "gaussian":
        x = 4 * r * c / spot_radius_m**2
        return np.asarray(np.exp(-2 * ((r - c) / spot_radius_m) ** 2 - x) * np.i0(x))
    product = np.where(r > 0, 2 * r * c, 1.0)
    cosine = np.where(r > 0, (c**2 + r**2 - spot_radius_m**2) / product, np.where(c < spot_radius_m, -1.0, 1.0))
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi)
