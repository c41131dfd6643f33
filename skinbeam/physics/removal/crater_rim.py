"""Thermal damage beside the edge and the wall of a crater.

Beside the edge, damage is by heat that the front left there, and by light too weak to remove anything. Inside the edge
r_e of a crater the front leaves the heat of (ablation 4), h exp(-z / l). Outside, the light of a Gaussian is too weak
to remove tissue, but heats it: of the density at the surface the share

    u(r) = min(1, exp(-2 (r^2 - r_e^2) / w^2))                                                           (edge 1)

is there. Steam leaves as below a floor (ablation 5). The rise that a density u h causes by conduction in depth alone is
theta(u, t), that of (ablation 6) at the surface. Discs spread it sideways: with a(u) the radius at which the share is
u,

    theta(r, t) = int dtheta(u, t) / du D(a(u), r, t) du,                                                (edge 2)

in levels of u. D is the share that an evenly heated disc keeps of its rise at the radius r; near its edge and for s =
sqrt(kappa t) below about half of a it is to some per cent

    D = min(1 - exp(-a^2 / 4s^2),  sqrt(a / r) erfc((r - a) / 2s) (1 - s / (a sqrt(pi))) / 2),            (edge 3)

the first being its value in the middle (ablation 7), which nothing exceeds. The second has the right value at the edge
to first order in s / a; both from the exact integral over the disc (Carslaw and Jaeger 1959, sec. 10.3).

The surface is hottest there, and the result is the distance up to which Omega is at least 1. The rim so follows from
the heat of a front and the profile of the beam, and hardly depends on the pulse as long as heat spreads in it less far
than l and than the length over which the light fades. A longer pulse holds the wall hot while it lasts, which damages
farther.

Left out at the edge: the depth of the crater there, where it is small against l, and that water takes time to condense:
with its latent heat in place the rim is shorter, by as much as if half of the steam left.

Damage beside the wall exceeds that by the front itself if the beam dwells long enough. A front that removes tissue
leaves the same heat in the wall as in the floor, and with it the same damaged zone, however long the beam dwells. But
the wall is exposed to steam, and to the flanks of the beam, until the beam is switched off: while it is wet at the
boiling point, once dry at most at the temperature at which dry tissue decomposes, the longest at the top, for the whole
dwell tau. Its rise over the temperature of the tissue, as a share of the surface's, is at the distance y from the wall

    t <= tau:   erfc(y / sqrt(4 kappa t)),                                                            (side wall 1)
    t > tau:    (2 / pi) int_0^{pi/2} sqrt(tau) cos(a) / r exp(-y^2 / 4 kappa r^2) da,
                r^2 = t - tau sin^2(a),                                                               (side wall 2)

the second being the heat that enters by (side wall 1), conducted in a half space that is insulated from then on
(Carslaw and Jaeger 1959, sec. 2.4 and 2.5), with its time of entry put as tau sin^2(a). At t = tau it is the first
again. Damage beside the wall grows with the dwell once it reaches deeper than the zone that the front leaves.

Left out at the wall: the heat that the front itself leaves there, which would shorten the dwell, curvature of the wall,
and how long drying takes.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, omega
from skinbeam.physics.numerics.arrays import broadcast_samples
from skinbeam.physics.removal.residual_heat import (
    LEAST_RISE_K,
    PLANE_SOURCE_FACTOR,
    FloorHeat,
    damage_reach,
    diffusion_times,
    floor_temperature_rise,
)

__all__ = [
    "disc_share",
    "dwell_damage_width",
    "dwell_for_damage",
    "edge_rim",
    "edge_rise",
    "wall_rise",
]

Array = NDArray[np.float64]

_LEVELS = 10
_WEAKEST = 0.02  # share of the density below which the light outside is not counted


@njit(cache=True, parallel=True)
def _sum_discs(  # pragma: no cover - compiled
    radius: Array, spread: Array, discs: Array, steps: Array, result: Array
) -> None:
    """Write the sum of (edge 3) over discs of these steps; far beyond s = a a disc acts as a point of its heat."""
    for i in prange(radius.shape[0]):
        for n in range(spread.shape[1]):
            s = spread[i, n]
            for k in range(radius.shape[1]):
                result[i, n, k] = 0.0
            for level in range(discs.shape[1]):
                a, step = discs[i, level], steps[i, n, level]
                middle = -math.expm1(-((a / (2.0 * s)) ** 2))
                scale = 0.5 * math.sqrt(a) * max(1.0 - s / (a * math.sqrt(math.pi)), 0.0)
                for k in range(radius.shape[1]):
                    r = radius[i, k]
                    out = (r - a) / (2.0 * s)
                    if s >= a:
                        result[i, n, k] += step * middle * math.exp(-((r / (2.0 * s)) ** 2))
                    elif out < 5.0:  # beyond, erfc is 2e-12
                        result[i, n, k] += step * min(middle, scale / math.sqrt(r) * math.erfc(out))


def disc_share(disc_m: float, radius_m: float, spread_m: float) -> float:
    """Return D of (edge 3) at `radius_m` >= `disc_m` from the middle of a disc of radius a = `disc_m`.

    `spread_m` is s; where it exceeds a, the value follows from that in the middle of the disc.
    """
    result = np.empty((1, 1, 1))
    _sum_discs(
        np.full((1, 1), radius_m), np.full((1, 1), spread_m), np.full((1, 1), disc_m), np.ones((1, 1, 1)), result
    )
    return result.item()


class _HeatLevels(NamedTuple):
    """Levels of (edge 2).

    Each has the radius of its disc and its contribution to the rise, blurred by its width; `spread` is s at each time.
    """

    discs: Array  # (sample, level)
    steps: Array  # (sample, time, level)
    spread: Array  # (sample, time)

    def rise(self, radius_m: Array) -> Array:
        """Return the rise at these radii, (sample, time, radius), from (sample, radius)."""
        result = np.empty((*self.spread.shape, radius_m.shape[1]))
        _sum_discs(np.ascontiguousarray(radius_m), self.spread, self.discs, self.steps, result)
        return result


def edge_rise(
    distance_m: ArrayLike, time_s: ArrayLike, floor_heat: FloorHeat, *, edge_m: ArrayLike, radius_m: ArrayLike
) -> Array:
    """Return the temperature rise at the surface outside an edge by (edge 2), (sample, time, distance), K.

    Parameters
    ----------
    distance_m : (sample, distance) outside the edge, >= 0. time_s : (sample, time) since the heat was there, above 0.
    floor_heat : heat inside the edge.
    edge_m, radius_m : (sample,) r_e and w of (edge 1); w = 0 for a beam that ends at its edge.
    """
    *given, edge, radius = broadcast_samples(*floor_heat, edge_m, radius_m)
    n = edge.size
    distance, time = (np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in (distance_m, time_s))
    levels = _heat_levels(np.broadcast_to(time, (n, time.shape[1])), edge, radius, given)
    return levels.rise(edge[:, None] + distance)


def _heat_levels(time: Array, edge: Array, radius: Array, left: Sequence[Array]) -> _HeatLevels:
    heat, floor, *others = left
    outermost = np.sqrt(edge**2 - radius**2 / 2 * math.log(_WEAKEST))
    bounds = edge[:, None] + (outermost - edge)[:, None] * np.linspace(0.0, 1.0, _LEVELS + 1)
    falls = 2 * (bounds**2 - edge[:, None] ** 2) / np.maximum(radius, 1e-12)[:, None] ** 2
    shares = np.where(radius[:, None] > 0, np.exp(-falls), 1.0)
    rise = np.zeros((*time.shape, _LEVELS + 1))  # the rise beyond the last level counts as zero
    for level, share in enumerate(shares.T[:-1]):
        part = FloorHeat(heat * share, floor * share, *others)
        rise[:, :, level] = floor_temperature_rise(np.zeros((len(time), 1)), time, part)[:, :, 0]
    # Levels are evenly spaced in the radius. One level represents all radii within it, whose variance blurs the edge of
    # its disc.
    blur = np.diff(bounds, axis=1)[:, :1] ** 2 / 24
    spread = np.sqrt(others[2][:, None] * time + blur)
    return _HeatLevels(np.ascontiguousarray((bounds[:, 1:] + bounds[:, :-1]) / 2), -np.diff(rise, axis=-1), spread)


def edge_rim(
    floor_heat: FloorHeat,
    *,
    edge_m: ArrayLike,
    radius_m: ArrayLike,
    start_K: ArrayLike,
    processes: Kinetics,
    age_s: ArrayLike,
) -> Array:
    """Return the distance outside the edge up to which Ω of `processes` is at least 1, (sample,), m.

    Parameters
    ----------
    floor_heat, edge_m, radius_m : as `edge_rise`. start_K : (sample,) temperature without this heat.
    age_s : (sample,) how long the heat has spread when the pulse ends, above 0.
    """
    *given, edge, radius, start, age = broadcast_samples(*floor_heat, edge_m, radius_m, start_K, age_s)
    heat, floor, _, _, kappa, capacity = given
    least = capacity * LEAST_RISE_K
    fades = np.sqrt(edge**2 + radius**2 / 2 * np.log(np.maximum(floor / least, 1.0))) - edge
    farthest = fades + PLANE_SOURCE_FACTOR * heat / least
    levels = _heat_levels(age[:, None] + diffusion_times(farthest, kappa), edge, radius, given)
    # The bounds of a search below a floor are used for the edge, too: less than `LEAST_RISE_K` does no harm in the
    # times that count.
    return damage_reach(lambda distance: levels.rise(edge[:, None] + distance), farthest, kappa, start, processes)


# Damage beside the wall: (side wall 1) and (side wall 2).

DWELL_S = 1e-6, 1e3  # range of the search
_HALVINGS = 40  # of the logarithm of nine decades: to 2e-11
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(48)
# In units of sqrt(4 kappa tau); at the last distance the rise is 2e-8 of the wall's.
_WALL_DISTANCES = np.linspace(0.0, 4.0, 81)
# In units of the dwell: steps that grow from the start, and again from its end on.
_WALL_TIMES = np.concatenate(([0.0], np.geomspace(1e-3, 1.0, 40), 1.0 + np.geomspace(1e-3, 100.0, 60)))


def wall_rise(depth_m: ArrayLike, time_s: ArrayLike, dwell_s: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the temperature rise beside a wall over that of the wall while it is held hot, 0 .. 1.

    All arguments broadcast; times above 0.
    """
    depth, time, dwell, kappa = (
        part[..., None]
        for part in np.broadcast_arrays(
            *(np.asarray(a, dtype=np.float64) for a in (depth_m, time_s, dwell_s, diffusivity_m2_s))
        )
    )
    entering = np.minimum(dwell, time)  # heat that has entered until now
    angle = (_NODE + 1) * math.pi / 4
    age = time - entering * np.sin(angle) ** 2
    parts = np.sqrt(entering / age) * np.cos(angle) * np.exp(-(depth**2) / (4 * kappa * age))
    result: Array = parts @ _WEIGHT / 2
    return result


def dwell_for_damage(
    depth_m: ArrayLike, *, wall_K: ArrayLike, start_K: ArrayLike, diffusivity_m2_s: ArrayLike, processes: Kinetics
) -> Array:
    """Return the dwell after which Ω of `processes` is 1 at a depth from the wall, (sample,), s.

    Parameters
    ----------
    depth_m : (sample,) from the wall. wall_K, start_K : (sample,) of the wall while it is held hot, and of the tissue.
    diffusivity_m2_s : (sample,).

    Returns
    -------
    0 where the shortest dwell of the search suffices, inf where the longest does not.
    """
    depth, wall, start, kappa = broadcast_samples(depth_m, wall_K, start_K, diffusivity_m2_s)

    def damaged(dwell: Array) -> NDArray[np.bool_]:
        rise = wall_rise(depth[:, None], _WALL_TIMES[1:] * dwell[:, None], dwell[:, None], kappa[:, None])
        history = start[:, None] + (wall - start)[:, None] * np.pad(rise, ((0, 0), (1, 0)))
        # Omega is linear in time: with time in units of its dwell each sample has the same steps.
        own = replace(processes, frequency_1_s=processes.frequency_1_s * dwell[:, None])
        return omega(history, np.diff(_WALL_TIMES), own) >= 1

    low, high = (np.full(depth.shape, end) for end in DWELL_S)
    at_once, never = damaged(low), ~damaged(high)
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        there = damaged(middle)
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return np.where(at_once, 0.0, np.where(never, np.inf, high))


def dwell_damage_width(
    dwell_s: ArrayLike, *, wall_K: ArrayLike, start_K: ArrayLike, diffusivity_m2_s: ArrayLike, processes: Kinetics
) -> Array:
    """Return the distance from the wall up to which Ω of `processes` is at least 1 after a dwell, (sample,), m.

    Parameters
    ----------
    dwell_s : (sample,) above 0. wall_K, start_K, diffusivity_m2_s : as `dwell_for_damage`.
    """
    dwell, wall, start, kappa = broadcast_samples(dwell_s, wall_K, start_K, diffusivity_m2_s)
    # In units of the dwell, and of the distance that heat spreads in it, the rise is the same for all samples.
    share = np.pad(wall_rise(_WALL_DISTANCES / 2, _WALL_TIMES[1:, None], 1.0, 1 / 16), ((1, 0), (0, 0)))
    own = replace(processes, frequency_1_s=processes.frequency_1_s * dwell[:, None])

    def log_omega(place: NDArray[np.int64]) -> Array:
        history = start[:, None] + (wall - start)[:, None] * share[:, place].T
        return np.log(np.maximum(omega(history, np.diff(_WALL_TIMES), own), 1e-200))

    # The rise, and with it the damage, falls with the distance: halve the places that may be the first spared one.
    damaged, spared = np.zeros(dwell.shape, dtype=np.int64), np.full(dwell.shape, _WALL_DISTANCES.size)
    while np.any(damaged < spared):
        middle = (damaged + spared) // 2
        there = (log_omega(np.minimum(middle, _WALL_DISTANCES.size - 1)) >= 0) & (damaged < spared)
        damaged, spared = np.where(there, middle + 1, damaged), np.where(there, spared, middle)
    last = np.maximum(damaged, 1)
    first, after = log_omega(last - 1), log_omega(np.minimum(last, _WALL_DISTANCES.size - 1))
    part = np.clip(first / np.where(first > after, first - after, 1.0), 0.0, 1.0)
    reach = _WALL_DISTANCES[last - 1] + part * (_WALL_DISTANCES[1] - _WALL_DISTANCES[0])
    return np.where(damaged == 0, 0.0, reach * np.sqrt(4 * kappa * dwell))
