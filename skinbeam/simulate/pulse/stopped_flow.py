"""Long exposures of a known dose: what blood that stops where vessels are damaged leaves behind.

Below that damage blood at rest is in the linear response already; thresholds of cell death are reached long before a
vessel's wall is damaged, and need nothing else.
"""

from dataclasses import replace

import numpy as np

from skinbeam.physics.damage.perfusion import StoppingFlow
from skinbeam.physics.heat.row import March, conduct
from skinbeam.physics.heat.tissue import Film, Source
from skinbeam.simulate.pulse.response import LONG_S, Response
from skinbeam.simulate.skins.kinetics import WALL_KINETICS, sampled_kinetics
from skinbeam.skin.properties import perfusion
from skinbeam.units import ZERO_CELSIUS_K

__all__ = ["with_stopped_flow"]


def with_stopped_flow(response: Response, fluence_J_m2: float) -> Response:
    """Return the response with the change per J/m² that is right at this dose, where exposures are long."""
    plan, grid, lit, skins = response.schedule, response.grid, response.lit, response.skins
    if lit is None or plan.busy_s <= LONG_S or fluence_J_m2 == 0:
        return response
    start = np.asarray(skins["temperature_C"].values, dtype=np.float64) + ZERO_CELSIUS_K
    march = March(
        grid.cells,
        grid.material(response.heat),
        start[:, None],
        plan.step_s,
        Source(lit.heating_per_m * (fluence_J_m2 / plan.pulse_s), plan.power_on),
        Film(response.met.h_W_m2K, response.met.outside_K),
        grid.bottom(start),
    )
    found = conduct(march, StoppingFlow(perfusion(skins)[:, grid.layer], start, sampled_kinetics(WALL_KINETICS, skins)))
    return replace(
        response,
        unit_K=(found.recorded - response.base_K) / fluence_J_m2,
        surface_unit_K=(found.surface - response.surface_base_K) / fluence_J_m2,
    )
