"""Heat exchange at the skin's surface: conduction, a film, and liquid that a spray leaves.

    g (T - T_s) = h (T_s - T_out)                                                                            (surface 1)

with g the conductance from the centre of the first cell to the surface, h that of the film above, and T_out the
temperature beyond it.

A liquid film stays on the surface after a spray and cools it until it has evaporated:

    dm/dt = G - q / L,    q = h (T_surface - T_film),    m >= 0                                 (film 1)

m is the mass per square metre, G the mass per square metre and second that the spray leaves while it is on, L the
latent heat. The heat that evaporates the film is the heat that leaves the skin: heat from the air to the film, and
liquid that runs off, are left out of the balance. The first makes the film last longer in the model than in reality by
some per cent, since air gives 10 W/m²K where skin gives thousands. Droplets arrive colder than the film; the heat that
warms them is left out, too.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LiquidFilmCover", "liquid_film_cover", "surface_flux"]

Array = NDArray[np.float64]


@njit(cache=True)
def surface_flux(
    t: float, g: float, h: float, outside: float
) -> tuple[float, float, float]:  # pragma: no cover - compiled
    """Return the flux into the cell, W/m², its fall with the cell's temperature, W/m²K, and the surface temperature, K,
    by (surface 1)."""
    slope = g if h == math.inf else g * h / (g + h)
    flux = slope * (outside - t)
    return flux, slope, t + flux / g


# The liquid film of a spray: (film 1).


class LiquidFilmCover(NamedTuple):
    """Share of each step, (sample, step), during which the film covers the surface, and its mass at the end, kg/m²."""

    covered_share: Array
    mass: Array


def liquid_film_cover(
    flux: Array, step_s: Array, spraying: NDArray[np.bool_], deposit: Array, latent_J_kg: float
) -> LiquidFilmCover:
    """Return how long a film covers the surface, from the heat that it would take (film 1).

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
