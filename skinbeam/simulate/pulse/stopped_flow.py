"""Long exposures of a known dose: what blood that stops where vessels are damaged leaves behind.

Below that damage blood at rest is in the linear response already; thresholds of cell death are reached long before a
vessel's wall is damaged, and need nothing else.
"""

from dataclasses import replace

import numpy as np

from skinbeam.physics.damage.perfusion import conduct_perfused
from skinbeam.simulate.pulse.response import LONG_S, Response
from skinbeam.simulate.skins.kinetics import WALL, sampled_kinetics
from skinbeam.skin.properties import perfusion
from skinbeam.units import ZERO_CELSIUS_K

__all__ = ["with_stopped_flow"]


def with_stopped_flow(response: Response, fluence_J_m2: float) -> Response:
    """Return the response with the change per J/m² that is right at this dose, where exposures are long."""
    plan, grid, lit, skins = response.schedule, response.grid, response.lit, response.skins
    if lit is None or plan.busy_s <= LONG_S or fluence_J_m2 == 0:
        return response
    start = np.asarray(skins["temperature_C"].values, dtype=np.float64) + ZERO_CELSIUS_K
    found = conduct_perfused(
        grid.cells,
        conductivity=response.heat.conductivity[:, grid.layer],
        heat_capacity_vol=response.heat.heat_capacity_vol[:, grid.layer],
        initial=np.repeat(start[:, None], grid.layer.size, axis=1),
        step_s=plan.step_s,
        perfusion=perfusion(skins)[:, grid.layer],
        blood_K=start,
        stops=sampled_kinetics(WALL, skins),
        power_density=lit.heating_per_m * (fluence_J_m2 / plan.pulse_s),
        power_on=plan.power_on,
        h_surface=response.met.h_W_m2K,
        outside_surface=response.met.outside_K,
        h_bottom=0.0 if grid.ends else np.inf,
        outside_bottom=start,
    )
    return replace(
        response,
        unit_K=(found.cells - response.base_K) / fluence_J_m2,
        surface_unit_K=(found.surface - response.surface_base_K) / fluence_J_m2,
    )
