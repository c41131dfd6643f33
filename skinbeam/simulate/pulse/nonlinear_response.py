"""Temperatures at a given dose where the unit response is not valid: boiling water, and blood flow that stops.

Boiling: below the temperature at which vapour begins to form, `base + dose x unit` is exact. A draw that exceeds it is
simulated again at this dose with the enthalpy of its water. Doses of endpoints are searched on the unit response: if
damage begins only above boiling, they are too low.

Long exposures: the response at a known dose includes that blood flow stops where vessels are damaged. Below that
damage, perfusion is in the linear response already; thresholds of cell death are reached long before a vessel's wall is
damaged, and need no correction.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.damage.perfusion import DamageLimitedPerfusion
from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.simulate.pulse.response import LONG_EXPOSURE_S, PulseResponse
from skinbeam.simulate.skins.tissue_kinetics import WALL_KINETICS, sample_kinetics
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import perfusion_coefficient
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, read_sourced, tissue_table

__all__ = [
    "apply_stopped_flow",
    "dry_heat_capacity",
    "response_at_dose",
    "vapour_onset_K",
    "water_by_volume",
]

Floats = NDArray[np.float64]


def vapour_onset_K(skins: SkinSample) -> Floats:
    """Return the temperature at which vapour begins to form in each draw, (sample,), K."""
    return (
        value_at_normal(read_sourced(tissue_table("boiling")["start"]["temperature_C"]), skins["nucleation_shift"])
        + ZERO_CELSIUS_K
    )


def water_by_volume(skins: SkinSample) -> Floats | None:
    """Return the volume fraction of water in each layer, (sample, layer); None for explicit layers.

    Explicit layers do not specify it.
    """
    if "water_fraction" not in skins:
        return None
    blood = skins["blood_fraction"]
    rest = skins["water_fraction"]
    return blood * read_number(tissue_table("optics")["blood"]["water_fraction"]) + (1.0 - blood) * rest


def dry_heat_capacity(capacity: Floats, water_kg_m3: Floats | float) -> Floats:
    """Return the heat capacity of tissue without its water, J/m³K, from that with water; shapes broadcast."""
    of_water, least = (
        read_number(tissue_table("thermal")["water"]["heat_capacity_J_kgK"]),
        read_number(tissue_table("boiling")["dry"]["least"]),
    )
    return np.asarray(np.maximum(capacity - water_kg_m3 * of_water, least * capacity))


def response_at_dose(response: PulseResponse, fluence_J_m2: float) -> PulseResponse:
    """Return the response at a given dose, boiling included.

    Its base is the history at this dose, and its unit change is 0.
    """
    cells = response.base_K + fluence_J_m2 * response.unit_K
    surface = response.surface_base_K + fluence_J_m2 * response.surface_unit_K
    share, start = water_by_volume(response.skins), vapour_onset_K(response.skins)
    if share is not None and response.illumination is not None:
        boils = np.flatnonzero(cells.max(axis=(1, 2)) > start)
        if boils.size:
            cells[boils], surface[boils] = _simulate_boiling(response, fluence_J_m2, boils, share, start)
    none = np.broadcast_to(0.0, cells.shape)
    return replace(
        response, base_K=cells, unit_K=none, surface_base_K=surface, surface_unit_K=np.broadcast_to(0.0, surface.shape)
    )


def _simulate_boiling(
    response: PulseResponse, fluence_J_m2: float, draws: NDArray[np.int64], share: Floats, start_K: Floats
) -> tuple[Floats, Floats]:
    assert response.illumination is not None  # only lit skin boils
    grid, heat, plan = response.grid, response.heat, response.schedule
    rows = np.ix_(draws, grid.layer)
    capacity = heat.heat_capacity_vol[rows]
    liquid, water = tissue_table("boiling")["water"], tissue_table("thermal")["water"]
    mass = share[rows] * read_number(water["density_kg_m3"])
    begun = response.base_K[draws, 0, :]
    march = HeatProblem1D(
        type(grid.cells)(*(part[draws] for part in grid.cells)),
        Material(heat.conductivity[rows], capacity),
        begun,
        plan.step_s,
        HeatSource(
            response.illumination.heating_per_m[draws] * fluence_J_m2 / plan.pulse_s,
            _select_draws(draws, plan.power_on),
        ),
        RobinBoundary(
            _select_draws(draws, response.surface_conditions.h_W_m2K),
            _select_draws(draws, response.surface_conditions.outside_K),
        ),
        grid.lower_boundary(begun[:, -1]),
    )
    latent, width = mass * read_number(liquid["latent_J_kg"]), read_number(tissue_table("boiling")["start"]["range_K"])
    history = conduct_1d(march, BoilingWater(start_K[draws, None], width, latent, dry_heat_capacity(capacity, mass)))
    return history.cell_temperature, history.surface


def _select_draws(draws: NDArray[np.int64], stepwise: Floats) -> Floats:
    """Return the rows of some draws from an array that is (sample, step), or (step,) for all draws."""
    return stepwise[draws] if stepwise.ndim == 2 else stepwise


def apply_stopped_flow(response: PulseResponse, fluence_J_m2: float) -> PulseResponse:
    """Return the response with the unit change that is right at this dose, if the exposure is long."""
    plan, grid, lit, skins = response.schedule, response.grid, response.illumination, response.skins
    if lit is None or plan.train_length_s <= LONG_EXPOSURE_S or fluence_J_m2 == 0:
        return response
    start = skins["temperature_C"] + ZERO_CELSIUS_K
    march = HeatProblem1D(
        grid.cells,
        grid.material(response.heat),
        start[:, None],
        plan.step_s,
        HeatSource(lit.heating_per_m * (fluence_J_m2 / plan.pulse_s), plan.power_on),
        RobinBoundary(response.surface_conditions.h_W_m2K, response.surface_conditions.outside_K),
        grid.lower_boundary(start),
    )
    found = conduct_1d(
        march,
        DamageLimitedPerfusion(
            perfusion_coefficient(skins)[:, grid.layer], start, sample_kinetics(WALL_KINETICS, skins)
        ),
    )
    return replace(
        response,
        unit_K=(found.cell_temperature - response.base_K) / fluence_J_m2,
        surface_unit_K=(found.surface - response.surface_base_K) / fluence_J_m2,
    )
