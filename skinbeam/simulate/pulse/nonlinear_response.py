"""Skin that boils: its temperatures at one dose, where the unit response would pass what water allows.

Below the temperature at which vapour begins to form, `base + dose x unit` is exact. A draw that passes it is marched
again at this dose with the enthalpy of its water. Doses that endpoints ask for are searched on the unit response: where
damage comes first above boiling, they are too low.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.heat.boiling import Water
from skinbeam.physics.heat.row import March, conduct
from skinbeam.physics.heat.tissue import Film, Material, Source
from skinbeam.simulate.pulse.response import Response
from skinbeam.skin.spread import spread_at
from skinbeam.skin.tables import number, sourced, table
from skinbeam.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["at_dose", "dried_capacity", "vapour_start_K", "water_by_volume"]

Floats = NDArray[np.float64]


def vapour_start_K(skins: "xr.Dataset") -> Floats:
    """Return the temperature at which vapour begins to form in each draw, (sample,), K."""
    return spread_at(sourced(table("boiling")["start"]["temperature_C"]), skins["nucleation_shift"]) + ZERO_CELSIUS_K


def water_by_volume(skins: "xr.Dataset") -> Floats | None:
    """Return the share of each layer that is water, (sample, layer); None for explicit layers, which do not say."""
    if "water_fraction" not in skins:
        return None
    blood = np.asarray(skins["blood_fraction"].values, dtype=np.float64)
    rest = np.asarray(skins["water_fraction"].values, dtype=np.float64)
    return blood * number(table("optics")["blood"]["water_fraction"]) + (1.0 - blood) * rest


def dried_capacity(capacity: Floats, water_kg_m3: Floats | float) -> Floats:
    """Return the heat capacity of tissue without its water, J/m³K, from that with it; shapes broadcast."""
    of_water, least = number(table("thermal")["water"]["heat_capacity_J_kgK"]), number(table("boiling")["dry"]["least"])
    return np.asarray(np.maximum(capacity - water_kg_m3 * of_water, least * capacity))


def at_dose(response: Response, fluence_J_m2: float) -> Response:
    """Return the response at one dose: its base is the history at this dose, boiling included, its unit change is 0."""
    cells = response.base_K + fluence_J_m2 * response.unit_K
    surface = response.surface_base_K + fluence_J_m2 * response.surface_unit_K
    share, start = water_by_volume(response.skins), vapour_start_K(response.skins)
    if share is not None and response.lit is not None:
        boils = np.flatnonzero(cells.max(axis=(1, 2)) > start)
        if boils.size:
            cells[boils], surface[boils] = _march(response, fluence_J_m2, boils, share, start)
    none = np.broadcast_to(0.0, cells.shape)
    return replace(
        response, base_K=cells, unit_K=none, surface_base_K=surface, surface_unit_K=np.broadcast_to(0.0, surface.shape)
    )


def _march(
    response: Response, fluence_J_m2: float, draws: NDArray[np.int64], share: Floats, start_K: Floats
) -> tuple[Floats, Floats]:
    assert response.lit is not None  # who is not lit does not boil
    grid, heat, plan = response.grid, response.heat, response.schedule
    rows = np.ix_(draws, grid.layer)
    capacity = heat.heat_capacity_vol[rows]
    liquid, water = table("boiling")["water"], table("thermal")["water"]
    mass = share[rows] * number(water["density_kg_m3"])
    begun = response.base_K[draws, 0, :]
    march = March(
        type(grid.cells)(*(part[draws] for part in grid.cells)),
        Material(heat.conductivity[rows], capacity),
        begun,
        plan.step_s,
        Source(response.lit.heating_per_m[draws] * fluence_J_m2 / plan.pulse_s, _of(draws, plan.power_on)),
        Film(_of(draws, response.met.h_W_m2K), _of(draws, response.met.outside_K)),
        grid.bottom(begun[:, -1]),
    )
    latent, width = mass * number(liquid["latent_J_kg"]), number(table("boiling")["start"]["range_K"])
    history = conduct(march, Water(start_K[draws, None], width, latent, dried_capacity(capacity, mass)))
    return history.recorded, history.surface


def _of(draws: NDArray[np.int64], stepwise: Floats) -> Floats:
    """What some draws meet, of what is the same for all or each draw's own."""
    return stepwise[draws] if stepwise.ndim == 2 else stepwise
