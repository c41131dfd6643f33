"""Damage beside the wall of a crater: how long a dwell has to be before it exceeds what the front itself leaves.

A front that removes tissue leaves the same heat in the wall as in the floor, and with it the same damaged zone, however
long the beam dwells. But the wall stays beside steam, and in the flanks of the beam, until the beam goes: as long as it
is wet at the boiling point, dried at most where dry tissue decomposes, the longest at the top, for the whole dwell tau.
Its rise over the temperature of the tissue, as a share of the surface's, is at the distance y from the wall

    t <= tau:   erfc(y / sqrt(4 kappa t)),                                                            (side wall 1)
    t > tau:    (2 / pi) int_0^{pi/2} sqrt(tau) cos(a) / r exp(-y^2 / 4 kappa r^2) da,
                r^2 = t - tau sin^2(a),                                                               (side wall 2)

the second being the heat that enters by (side wall 1), conducted in a half space that is insulated from then on
(Carslaw and Jaeger 1959, sec. 2.4 and 2.5), with its time of entry put as tau sin^2(a). At t = tau it is the first
again. Damage beside the wall grows with the dwell once it reaches deeper than the zone that the front leaves.

Left out: the heat that the front itself leaves in the wall, which would shorten the dwell, curvature of the wall, and
how long drying takes.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage.arrhenius import Kinetics, omega
from skinbeam.physics.kernel.arrays import rows

__all__ = ["damage_of_dwell", "dwell_to_damage", "wall_rise"]

Array = NDArray[np.float64]

DWELL_S = 1e-6, 1e3  # looked at
_HALVINGS = 40  # of the logarithm of nine decades: to 2e-11
_NODE, _WEIGHT = np.polynomial.legendre.leggauss(48)
# In units of sqrt(4 kappa tau); at the last a rise of 2e-8 of the wall's is left.
_DISTANCES = np.linspace(0.0, 4.0, 81)
# In units of the dwell: steps that grow from the start, and again from its end on.
_TIMES = np.concatenate(([0.0], np.geomspace(1e-3, 1.0, 40), 1.0 + np.geomspace(1e-3, 100.0, 60)))


def wall_rise(depth_m: ArrayLike, time_s: ArrayLike, dwell_s: ArrayLike, diffusivity_m2_s: ArrayLike) -> Array:
    """Return the rise over that of the wall while it is held, 0 .. 1. All arguments broadcast; times above 0."""
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


def dwell_to_damage(
    depth_m: ArrayLike, *, wall_K: ArrayLike, start_K: ArrayLike, diffusivity_m2_s: ArrayLike, processes: Kinetics
) -> Array:
    """Return the dwell after which Ω of `processes` is 1 at a depth from the wall, (sample,), s.

    Parameters
    ----------
    depth_m : (sample,) from the wall. wall_K, start_K : (sample,) of the wall while it is held, and of the tissue.
    diffusivity_m2_s : (sample,).

    Returns
    -------
    0 where the shortest dwell that is looked at suffices, inf where the longest does not.
    """
    depth, wall, start, kappa = rows(depth_m, wall_K, start_K, diffusivity_m2_s)

    def damaged(dwell: Array) -> NDArray[np.bool_]:
        rise = wall_rise(depth[:, None], _TIMES[1:] * dwell[:, None], dwell[:, None], kappa[:, None])
        history = start[:, None] + (wall - start)[:, None] * np.pad(rise, ((0, 0), (1, 0)))
        # Omega is linear in time: with time in units of its dwell each sample has the same steps.
        own = replace(processes, frequency_1_s=processes.frequency_1_s * dwell[:, None])
        return omega(history, np.diff(_TIMES), own) >= 1

    low, high = (np.full(depth.shape, end) for end in DWELL_S)
    at_once, never = damaged(low), ~damaged(high)
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        there = damaged(middle)
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return np.where(at_once, 0.0, np.where(never, np.inf, high))


def damage_of_dwell(
    dwell_s: ArrayLike, *, wall_K: ArrayLike, start_K: ArrayLike, diffusivity_m2_s: ArrayLike, processes: Kinetics
) -> Array:
    """Return the distance from the wall up to which Ω of `processes` is at least 1 after a dwell, (sample,), m.

    Parameters
    ----------
    dwell_s : (sample,) above 0. wall_K, start_K, diffusivity_m2_s : as `dwell_to_damage`.
    """
    dwell, wall, start, kappa = rows(dwell_s, wall_K, start_K, diffusivity_m2_s)
    # In units of the dwell and of how far heat goes in it, the rise is the same for all.
    share = np.pad(wall_rise(_DISTANCES / 2, _TIMES[1:, None], 1.0, 1 / 16), ((1, 0), (0, 0)))
    history = start[:, None, None] + (wall - start)[:, None, None] * share
    own = replace(processes, frequency_1_s=processes.frequency_1_s * dwell[:, None])
    log = np.log(np.maximum(omega(history, np.diff(_TIMES), own), 1e-200))
    row, last = np.arange(dwell.size), np.maximum((log >= 0).sum(axis=1), 1)
    first, after = log[row, last - 1], log[row, np.minimum(last, _DISTANCES.size - 1)]
    part = np.clip(first / np.where(first > after, first - after, 1.0), 0.0, 1.0)
    reach = _DISTANCES[last - 1] + part * (_DISTANCES[1] - _DISTANCES[0])
    return np.where(log[:, 0] < 0, 0.0, reach * np.sqrt(4 * kappa * dwell))
