"""The skin's surface: half a cell below, a film above, and what radiates and evaporates.

    g (T - T_s) = h (T_s - T_out) + q(T_s)                                                                   (surface 1)

with g the conductance from the centre of the cell to the surface, h of the film, T_out beyond it, and q an outgoing
flux that follows a table of the surface's temperature, along straight lines between its rows and beyond its ends.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.numerics.arrays import require

__all__ = [
    "NO_OUTGOING_FLUX",
    "LiquidFilmCover",
    "liquid_film_cover",
    "outgoing_flux_table",
    "surface_flux",
]

Array = NDArray[np.float64]
NO_OUTGOING_FLUX: Final = np.empty((0, 2))


def outgoing_flux_table(outgoing: tuple[ArrayLike, ArrayLike] | None) -> Array:
    """Return the table, (row, 2), of surface temperatures, K, and outgoing fluxes, W/m²; no rows without one.

    Raises
    ------
    ValueError : fewer than two rows, temperatures that do not rise, or a flux that falls as the surface gets hotter.
    """
    if outgoing is None:
        return NO_OUTGOING_FLUX.copy()
    table = np.stack([np.asarray(column, dtype=np.float64) for column in outgoing], axis=1)
    require(len(table) >= 2, "an outgoing flux needs two temperatures or more", float(len(table)))
    require(np.isfinite(table), "an outgoing flux must be finite", table)
    require(np.diff(table[:, 0]) > 0, "temperatures of an outgoing flux must rise", table[1:, 0])
    require(np.diff(table[:, 1]) >= 0, "an outgoing flux cannot fall as the surface gets hotter", table[1:, 1])
    return np.ascontiguousarray(table)


@njit(cache=True)
def surface_flux(
    t: float, g: float, h: float, outside: float, table: Array
) -> tuple[float, float, float]:  # pragma: no cover - compiled
    """Return the flux into the cell, W/m², its fall with the cell's temperature, W/m²K, and the surface's temperature.

    Both sides of (surface 1) are straight between two rows, and their difference falls with T_s, so the piece that
    holds the answer is found by halving and the answer is exact.
    """
    last = len(table) - 1
    if last < 1 or h == math.inf:
        slope = g if h == math.inf else g * h / (g + h)
        flux = slope * (outside - t)
        return flux, slope, t + flux / g
    low, high = 0, last - 1  # of pieces
    while low < high:
        middle = (low + high + 1) // 2
        if g * (t - table[middle, 0]) > h * (table[middle, 0] - outside) + table[middle, 1]:
            low = middle
        else:
            high = middle - 1
    rise = (table[low + 1, 1] - table[low, 1]) / (table[low + 1, 0] - table[low, 0])
    constant = table[low, 1] - rise * table[low, 0]
    at = (g * t + h * outside - constant) / (g + h + rise)
    return g * (at - t), g * (h + rise) / (g + h + rise), at


# A liquid film that stays on the surface after a spray and cools it until it has evaporated.
#
#     dm/dt = G - q / L,    q = h (T_surface - T_film),    m >= 0                                 (film 1)
#
# m is the mass on a square metre, G the mass that the spray leaves there in a second while it is on, L the latent heat.
# The heat that evaporates the film is the heat that leaves the skin: what the air gives to the film, and what runs off,
# is left out of the balance, the first making the film longer here than it is by some per cent, since air gives 10
# W/m²K
# where skin gives thousands. Droplets arrive colder than the film; what warming them takes is left out, too.


class LiquidFilmCover(NamedTuple):
    """Share of each step, (sample, step), in which the film lies on the surface, and the mass at its end, kg/m²."""

    share: Array
    mass: Array


def liquid_film_cover(
    flux: Array, step_s: Array, spraying: NDArray[np.bool_], deposit: Array, latent_J_kg: float
) -> LiquidFilmCover:
    """Return how long a film lasts from the heat that it would take (film 1).

    Parameters
    ----------
    flux : (sample, step) heat that the film takes while it is there, W/m².
    step_s : (step,)
    spraying : (step,) whether the spray is on; the surface is then covered whatever the balance.
    deposit : (sample,) G, kg/(m² s).
    """
    n_sample, n_step = flux.shape
    share, mass = np.empty((n_sample, n_step)), np.empty((n_sample, n_step))
    now = np.zeros(n_sample)
    for n in range(n_step):
        lost = np.maximum(flux[:, n], 0.0) * step_s[n] / latent_J_kg
        if spraying[n]:
            share[:, n] = 1.0
            now = np.maximum(now + deposit * step_s[n] - lost, 0.0)
        else:
            share[:, n] = np.where(lost > now, now / np.maximum(lost, 1e-300), np.where(now > 0, 1.0, 0.0))
            now = np.maximum(now - lost, 0.0)
        mass[:, n] = now
    return LiquidFilmCover(share, mass)
