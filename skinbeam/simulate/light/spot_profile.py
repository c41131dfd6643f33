"""Light beside the axis of a spot: what is there over what is on the axis, by depth and radius.

As on the axis (light 11), what a spot brings to a place is what a pencil beam brings to everywhere within the spot, of
the same packets, now with the irradiance about a place at the radius r:

    φ(z, r) / φ(z, 0) = ∫ φ_pencil(r', z) <E>(r, r') 2πr' dr' / ∫ φ_pencil(r', z) E(r') 2πr' dr'         (light 15)

with <E> the mean over the circle of radius r' about that place: of a Gaussian of 1/e² radius w
exp(-2 (r - r')²/w²) I0(x) exp(-x), x = 4 r r'/w², and of a top-hat the part of the circle that lies within it.
"""

from typing import NamedTuple

import numpy as np

from skinbeam.physics.light.scene import Tally
from skinbeam.provenance import remembered
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.spot import FEW_BATCHES, PENCIL, depths_within, ring_areas

__all__ = ["SpotProfile", "irradiance_about", "own_profile", "profile_beside"]

PHOTONS = 32_000
# Light is looked for out to this many radii of the spot, in rings, and comes from this much further off.
_REACH, _RINGS, _BEYOND = 1.6, 64, 3.0
_EDGES_M = np.concatenate([[0.0], np.geomspace(20e-6, 1e-3, 16)])


class SpotProfile(NamedTuple):
    """Light over that on the axis.

    Parameters
    ----------
    edges_m : of the rings, (ring + 1,), from 0.
    depth_m : (depth,) rising.
    over_axis : in the middle of each ring, (depth, ring), nowhere rising with the radius.
    """

    edges_m: Floats
    depth_m: Floats
    over_axis: Floats

    def at(self, depth_m: Floats) -> Floats:
        """Return the profile at one depth of each draw, (sample, ring)."""
        columns = [np.interp(depth_m, self.depth_m, column) for column in self.over_axis.T]
        return np.stack(columns, axis=1)


def own_profile(spot_m: float, shape: str) -> SpotProfile:
    """Return the profile of a beam whose light does not spread."""
    radius = spot_m / 2
    if shape != "gaussian":
        return SpotProfile(np.array([0.0, radius]), np.zeros(1), np.ones((1, 1)))
    edges = np.linspace(0.0, _REACH * radius, _RINGS + 1)
    return SpotProfile(edges, np.zeros(1), np.exp(-2 * ((edges[1:] + edges[:-1]) / 2 / radius) ** 2)[None, :])


@remembered(64)
def profile_beside(medium: LayeredMedium, spot_m: float, shape: str, seed: int = 0) -> SpotProfile:
    """Return the profile in one medium, down to a millimetre."""
    radius = spot_m / 2
    edges = np.linspace(0.0, _REACH * radius, _RINGS + 1)
    width = float(edges[1])
    rings = int(np.ceil((_REACH + _BEYOND) * radius / width))
    depths = depths_within(medium, _EDGES_M)
    light = MonteCarlo(PHOTONS, seed=seed, batches=FEW_BATCHES).light(medium, PENCIL, Tally(depths, width, rings))
    assert light.fluence_rate_rz is not None  # rings were asked for
    from_m = width * np.arange(0.5, rings)
    to_m = np.concatenate([[0.0], (edges[1:] + edges[:-1]) / 2])
    weights = ring_areas(width, rings) * irradiance_about(to_m, from_m, radius, shape)
    found = light.fluence_rate_rz @ weights.T
    reached = found[:, 0] > 0
    over = np.minimum.accumulate(found[reached, 1:] / found[reached, :1], axis=1)
    centres = ((depths[1:] + depths[:-1]) / 2)[reached]
    return SpotProfile(edges, centres, np.minimum(over, 1.0))


def irradiance_about(radius_m: Floats, circle_m: Floats, spot_radius_m: float, shape: str) -> Floats:
    """Return <E> of (light 15) over the irradiance on the axis, (radius, circle)."""
    r, c = radius_m[:, None], circle_m[None, :]
    if shape == "gaussian":
        x = 4 * r * c / spot_radius_m**2
        return np.asarray(np.exp(-2 * ((r - c) / spot_radius_m) ** 2 - x) * np.i0(x))
    product = np.where(r > 0, 2 * r * c, 1.0)
    cosine = np.where(r > 0, (c**2 + r**2 - spot_radius_m**2) / product, np.where(c < spot_radius_m, -1.0, 1.0))
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)) / np.pi)
