"""A liquid film that stays on the surface after a spray and cools it until it has evaporated.

    dm/dt = G - q / L,    q = h (T_surface - T_film),    m >= 0                                 (film 1)

m is the mass on a square metre, G the mass that the spray leaves there in a second while it is on, L the latent heat.
The heat that evaporates the film is the heat that leaves the skin: what the air gives to the film, and what runs off,
is left out of the balance, the first making the film longer here than it is by some per cent, since air gives 10 W/m²K
where skin gives thousands. Droplets arrive colder than the film; what warming them takes is left out, too.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FilmCover", "film_cover"]

Array = NDArray[np.float64]


class FilmCover(NamedTuple):
    """Share of each step, (sample, step), in which the film lies on the surface, and the mass at its end, kg/m²."""

    share: Array
    mass: Array


def film_cover(
    flux: Array, step_s: Array, spraying: NDArray[np.bool_], deposit: Array, latent_J_kg: float
) -> FilmCover:
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
    return FilmCover(share, mass)
