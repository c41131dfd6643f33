"""Surface conditions of each sampled skin: still air, the cooling, and the liquid film that remains after a spray.

Temperature and coefficient of the cooling vary between draws with the uncertainty of their sources.

The film lasts until the heat of the skin has evaporated it. That heat is computed without the beam, with a film that
never ends: until the film has gone, both cases are the same. The beam shortens the film, but not in proportion to the
dose, so that a response to a unit dose cannot represent it. Therefore, from the first pulse on, the film is assumed to
be on skin of at least `film.surface_C` (data/tissue/surface.toml), hotter than the surface at a dose that spares the
epidermis: the duration of the film, and the safe dose, are then underestimated.

A share of the cooling is a share of the coefficient and of the mass of the film, which lasts as long but removes less
heat.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.heat.cells import RobinBoundary
from skinbeam.physics.heat.surface_exchange import liquid_film_cover
from skinbeam.simulate.pulse.schedule import PulseSchedule
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table

__all__ = ["SurfaceConditions", "surface_conditions"]

Floats = NDArray[np.float64]


class SurfaceConditions(NamedTuple):
    """Coefficient, W/m²K, and outside temperature, K, at the surface, (step,) or (sample, step); duration of a film.

    The duration is the time that a film lasts without the spray, (sample,) s.
    """

    h_W_m2K: Floats
    outside_K: Floats
    film_duration_s: Floats

    def select_draws(self, indices: NDArray[np.int64]) -> "SurfaceConditions":
        """Return the surface conditions of a selection of the skins."""
        h, outside = (part[indices] if part.ndim == 2 else part for part in self[:2])
        return SurfaceConditions(h, outside, self.film_duration_s[indices])


def surface_conditions(
    skins: SkinSample,
    cooling: CoolingPlan,
    schedule: PulseSchedule,
    surface_heat_loss: Callable[[RobinBoundary], Floats],
) -> SurfaceConditions:
    """Return the surface conditions in every step.

    Parameters
    ----------
    surface_heat_loss : function from the surface conditions of each step, (step,), to the heat, J/m², lost through the
        surface by the end of each step without a beam, (sample, step).
    """
    none = np.zeros(skins.count)
    if not schedule.is_cooled.any():
        return SurfaceConditions(schedule.h_W_m2K, schedule.outside_C + ZERO_CELSIUS_K, none)
    spray_h = _draw_value(skins, cooling.coefficient, "cooling") * schedule.cooling_share
    spray_K = _draw_value(skins, cooling.temperature, "cooling_temperature") + ZERO_CELSIUS_K
    h = np.where(schedule.is_cooled, spray_h, schedule.h_W_m2K)
    outside_K = np.where(schedule.is_cooled, spray_K, schedule.outside_C + ZERO_CELSIUS_K)
    film = cooling.film
    if film is None or schedule.cooling_share == 0:
        return SurfaceConditions(h, outside_K, none)
    wet = (np.cumsum(schedule.is_cooled) > 0) & ~schedule.is_cooled
    film_h, film_K = spray_h * _draw_value(skins, film.share, "film_share"), film.temperature_C + ZERO_CELSIUS_K
    # Heat taken with a film that never ends.
    taken = np.diff(
        surface_heat_loss(RobinBoundary(np.where(wet, film_h, h), np.where(wet, film_K, outside_K))),
        axis=1,
        prepend=0.0,
    )
    flux = taken / schedule.step_s
    lit = wet & (np.cumsum(schedule.is_lit) > 0)
    hot_K = read_number(tissue_table("surface")["film"]["surface_C"]) + ZERO_CELSIUS_K
    flux = np.where(lit, np.maximum(flux, film_h * (hot_K - film_K)), flux)
    deposit = _draw_value(skins, film.deposit_kg_m2s, "film_deposit")[:, 0] * schedule.cooling_share
    share = np.where(
        wet, liquid_film_cover(flux, schedule.step_s, schedule.is_cooled, deposit, film.latent_J_kg).covered_share, 0.0
    )
    # In a step that the film leaves half-way both take their part of the heat.
    mixed = share * film_h + (1 - share) * h
    toward = (share * film_h * film_K + (1 - share) * h * outside_K) / np.where(mixed > 0, mixed, 1.0)
    return SurfaceConditions(mixed, np.where(mixed > 0, toward, outside_K), (share * schedule.step_s).sum(axis=1))


def _draw_value(skins: SkinSample, value: SourcedValue, name: str) -> Floats:
    """Return the value in each draw, (sample, 1)."""
    return value_at_normal(value, skins[f"{name}_shift"])[:, None]
