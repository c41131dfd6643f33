"""Temperature of a cell from its enthalpy, where water boils between two temperatures.

    E = c T                                         below the start of boiling, T1
    E = c T + L (T - T1) / (T2 - T1)                between the start and the end                        (enthalpy 1)
    E = c T + L                                     above the end, T2

with c the heat capacity and L the latent heat, of the same volume. Both temperatures are parameters: water in tissue
superheats, so boiling may start far above 100 °C and need not hold the temperature there. Vapour stays in its cell.

With W = E - c T1 and f = L / (c (T2 - T1) + L), the inverse has no branches: T = (E - min(max(f W, 0), L)) / c.

This is the law of solvers that carry E (`heat.rz`, `heat.xyz`) and ask for T in every cell and stage, for which it is
kept so short: dried tissue is taken to hold as much heat as wet. `heat.boiling` carries T, in one dimension and long
steps, and there dried tissue holds less: (boiling 2), which is this law where the two heat capacities are the same.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.kernel.checks import require
from skinbeam.physics.kernel.layout import OPTIONS

__all__ = ["Boiling", "boiling_of", "enthalpy_of", "stores", "temperatures"]

Array = NDArray[np.float64]


class Boiling(NamedTuple):
    """What cells hold, each array of the same shape.

    Parameters
    ----------
    store : heat capacity below and above boiling, J/K. start : enthalpy at the start of boiling, J.
    share : of the heat that is taken up while boiling, what is latent, 0 .. 1. latent : J.
    boils : whether any cell has latent heat at all.
    """

    store: Array
    start: Array
    share: Array
    latent: Array
    boils: bool


def boiling_of(volume: Array, capacity: Array, latent_vol: Array, start_K: ArrayLike, end_K: ArrayLike) -> Boiling:
    """Return what cells of the given volumes, m³, heat capacities, J/m³K, and latent heats, J/m³, hold.

    Raises
    ------
    ValueError : a latent heat below 0, or with it a boiling that does not start above 0 K and end above its start.
    """
    require(np.isfinite(latent_vol) & (latent_vol >= 0), "latent heat cannot be negative, J/m³", latent_vol)
    store, latent, wet = capacity * volume, latent_vol * volume, latent_vol > 0
    start = np.broadcast_to(np.asarray(start_K, dtype=np.float64), store.shape)
    end = np.broadcast_to(np.asarray(end_K, dtype=np.float64), store.shape)
    require(~wet | (np.isfinite(start) & (start > 0)), "boiling must start at a temperature above 0 K", start)
    require(~wet | (np.isfinite(end) & (end > start)), "boiling must end above the temperature at which it starts", end)
    share = np.zeros(store.shape)
    share[wet] = latent[wet] / (store[wet] * (end[wet] - start[wet]) + latent[wet])
    return Boiling(store, np.where(wet, store * start, 0.0), share, latent, bool(wet.any()))


def enthalpy_of(temperature: Array, held: Boiling) -> Array:
    """Return the enthalpy of every cell, J, zero at a temperature of zero."""
    sensible = held.store * temperature
    slope = np.divide(held.share, 1.0 - held.share)
    result: Array = sensible + np.clip(slope * (sensible - held.start), 0.0, held.latent)
    return result


@njit(**OPTIONS)
def temperatures(
    enthalpy: Array, per_store: Array, start: Array, share: Array, latent: Array, boils: bool, out: Array
) -> None:  # pragma: no cover - compiled
    """Write the temperature of every cell, (line, cell); `per_store` is 1 / store."""
    for i in range(len(enthalpy)):
        e, p, s, f, latent_i, t = enthalpy[i], per_store[i], start[i], share[i], latent[i], out[i]
        if boils:
            for j in range(len(e)):
                t[j] = (e[j] - min(max(f[j] * (e[j] - s[j]), 0.0), latent_i[j])) * p[j]
        else:
            for j in range(len(e)):
                t[j] = e[j] * p[j]


@njit(**OPTIONS)
def stores(
    enthalpy: Array, store: Array, start: Array, share: Array, latent: Array, out: Array
) -> None:  # pragma: no cover - compiled
    """Write dE/dT of every cell, (line, cell): larger while it boils."""
    for i in range(len(enthalpy)):
        e, c, s, f, latent_i, o = enthalpy[i], store[i], start[i], share[i], latent[i], out[i]
        for j in range(len(e)):
            taken = f[j] * (e[j] - s[j])
            o[j] = c[j] / (1.0 - f[j]) if taken > 0.0 and taken < latent_i[j] else c[j]
