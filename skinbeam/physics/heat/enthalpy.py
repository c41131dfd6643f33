"""Convert between enthalpy and temperature of cells whose water boils over a range: the inverse of (boiling 2).

    E = c T                                         below the start of boiling, T1
    E = c T + M (T - T1) / (T2 - T1)                between the start and the end                        (enthalpy 1)
    E = c T2 + M + c_d (T - T2)                     above the end, T2,   M = L - (c - c_d) (T2 - T1) / 2

with c and c_d the heat capacities of the wet and of the dried cell and L the latent heat of its water. Both
temperatures are parameters: water in tissue superheats, so boiling may start far above 100 °C and need not hold the
temperature there. Vapour stays in its cell.

Solvers whose state is E (`heat.axisymmetric`, `heat.three_dimensional`) need T in every cell and stage. With W = E - c
T1, f = M / (c (T2 - T1) + M) and g = (c / c_d - 1) / f, the inverse has no branches, so that it runs fast in vector
instructions:

    T = (E - min(max(f W, 0), M) + g max(f W - M, 0)) / c.                                             (enthalpy 2)

The state of `heat.boiling` is T, in one dimension and with long steps, and it computes E from it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.numerics.arrays import require
from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS

__all__ = [
    "BoilingCells",
    "boiling_capacity_ratio",
    "boiling_cells",
    "cell_enthalpy",
    "write_capacities",
    "write_temperatures",
]

Array = NDArray[np.float64]


class BoilingCells(NamedTuple):
    """Parameters of (enthalpy 2) in each cell, arrays of the same shape.

    Parameters
    ----------
    store : heat capacity below boiling, J/K. start : enthalpy at the start of boiling, J.
    share, latent, gain : f, M, J, and g of (enthalpy 2).
    boils : whether any cell has latent heat at all.
    """

    store: Array
    start: Array
    share: Array
    latent: Array
    gain: Array
    boils: bool


def boiling_cells(volume: Array, capacity: Array, water: Sequence[Array]) -> BoilingCells:
    """Return the enthalpy parameters of cells of the given volumes, m³, and heat capacities, J/m³K.

    Parameters
    ----------
    water : temperature at which boiling starts and the range over which it lasts, K, latent heat, J/m³, and heat
        capacity of dried tissue, J/m³K.

    Raises
    ------
    ValueError : a latent heat below 0, or with it a boiling that does not start above 0 K, a range or heat capacity
        that is not positive, or a range so wide that boiling would take up less than heating does.
    """
    start, width, latent_vol, dried_vol = water
    require(np.isfinite(latent_vol) & (latent_vol >= 0), "latent heat cannot be negative, J/m³", latent_vol)
    store, wet = capacity * volume, latent_vol > 0
    require(~wet | (np.isfinite(start) & (start > 0)), "boiling must start at a temperature above 0 K", start)
    require(~wet | (np.isfinite(width) & (width > 0)), "the range over which water boils must be positive, K", width)
    require(
        ~wet | (np.isfinite(dried_vol) & (dried_vol > 0)),
        "the heat capacity of dried tissue must be positive, J/m³K",
        dried_vol,
    )
    latent, dry = np.zeros(store.shape), np.where(wet, dried_vol * volume, store)
    latent[wet] = latent_vol[wet] * volume[wet] - (store[wet] - dry[wet]) * width[wet] / 2
    least = latent - np.maximum(dry - store, 0.0) * np.where(wet, width, 0.0)
    require(~wet | ((latent > 0) & (least >= 0)), "boiling cannot take up less than heating, J", least)
    share, gain = np.zeros(store.shape), np.zeros(store.shape)
    share[wet] = latent[wet] / (store[wet] * width[wet] + latent[wet])
    gain[wet] = (store[wet] / dry[wet] - 1.0) / share[wet]
    return BoilingCells(store, np.where(wet, store * start, 0.0), share, latent, gain, bool(wet.any()))


def cell_enthalpy(temperature: Array, cells: BoilingCells) -> Array:
    """Return the enthalpy of every cell, J, zero at a temperature of zero."""
    sensible = cells.store * temperature
    slope = np.divide(cells.share, 1.0 - cells.share)
    beyond = np.maximum(slope * (sensible - cells.start) - cells.latent, 0.0)
    # (c - c_d) (T - T2) of (enthalpy 1), expressed by f and g.
    less = cells.gain * (1.0 - cells.share) / (1.0 + cells.share * cells.gain)
    result: Array = sensible + np.clip(slope * (sensible - cells.start), 0.0, cells.latent) - less * beyond
    return result


@njit(**NJIT_OPTIONS)
def write_temperatures(
    enthalpy: Array, per_store: Array, start: Array, share: Array, latent: Array, gain: Array, boils: bool, out: Array
) -> None:  # pragma: no cover - compiled
    """Write the temperature of every cell, (line, cell); `per_store` is 1 / store."""
    for i in range(len(enthalpy)):
        e, p, s, f, m, g, t = enthalpy[i], per_store[i], start[i], share[i], latent[i], gain[i], out[i]
        if boils:
            for j in range(len(e)):
                taken = f[j] * (e[j] - s[j])
                t[j] = (e[j] - min(max(taken, 0.0), m[j]) + g[j] * max(taken - m[j], 0.0)) * p[j]
        else:
            for j in range(len(e)):
                t[j] = e[j] * p[j]


@njit(**NJIT_OPTIONS)
def write_capacities(
    enthalpy: Array, store: Array, start: Array, share: Array, latent: Array, gain: Array, out: Array
) -> None:  # pragma: no cover - compiled
    """Write dE/dT of every cell, (line, cell): larger while it boils, smaller when it has dried."""
    for i in range(len(enthalpy)):
        e, c, s, f, m, g, o = enthalpy[i], store[i], start[i], share[i], latent[i], gain[i], out[i]
        for j in range(len(e)):
            o[j] = c[j] / boiling_capacity_ratio(f[j] * (e[j] - s[j]), f[j], m[j], g[j])


@njit(**NJIT_OPTIONS)
def boiling_capacity_ratio(
    taken: float, share: float, latent: float, gain: float
) -> float:  # pragma: no cover - compiled
    """Return the heat capacity of a wet cell over that of a cell whose f W of (enthalpy 2) is `taken`."""
    if taken <= 0.0:
        return 1.0
    return 1.0 - share if taken < latent else 1.0 + share * gain
