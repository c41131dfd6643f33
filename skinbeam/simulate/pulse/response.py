"""Response of sampled skins to one pulse, train or bath: light, then heat per unit dose.

Heat conduction is linear while properties stay constant, so a temperature is the history without the beam plus the dose
times the history of a unit dose (heat 4). A single run therefore serves every dose, and thresholds are found by
bisection. Blood flow of unheated skin is included where pulses last longer than a second; in shorter ones it changes
nothing (`skin.properties`). Absorption and conductivity are those of unheated skin. The light on the axis of a finite
spot is that of a wide beam times a share by depth (`light.spot`), and its heat is that of a wide beam times the share
that remains on the axis (`lateral_conduction`).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.heat.cells import NO_SOURCE, HeatSource, RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.simulate.light.illumination import Illumination
from skinbeam.simulate.pulse.lateral_conduction import AxisRetention, axis_retention, has_lateral_loss
from skinbeam.simulate.pulse.schedule import PulseSchedule, pulse_schedule
from skinbeam.simulate.pulse.surface_conditions import SurfaceConditions, surface_conditions
from skinbeam.simulate.skins.depth_grid import DepthGrid, pulse_grid
from skinbeam.skin.properties import ThermalProperties, perfusion_coefficient, thermal_properties
from skinbeam.skin.sample import SkinSample

__all__ = [
    "LocalResponse",
    "PulseResponse",
    "UnlitHistory",
    "simulate_pulse",
]

Floats = NDArray[np.float64]

# Exposures from this length on include perfusion, which removes a five-hundredth of a temperature rise in a second.
LONG_EXPOSURE_S = 1.0


class UnlitHistory(NamedTuple):
    """Temperature history of cells, (sample, time, cell), and surface, (sample, time), K, with surface conditions."""

    cells: Floats
    surface: Floats
    surface_conditions: SurfaceConditions


class LocalResponse(NamedTuple):
    """Temperature at one depth, (sample, time): without the beam in K, and the change per J/m²."""

    base_K: Floats
    unit_K: Floats


@compared_by_value
@dataclass(frozen=True)
class PulseResponse:
    """Temperatures of sampled skins without the beam, and their change per unit radiant exposure.

    Parameters
    ----------
    skins : the draws.
    grid, heat : cells and heat properties.
    illumination : light in the cells; None without a beam.
    schedule : time steps.
    base_K : (sample, time, cell) absolute temperature without the beam, of all cells or of the uppermost ones.
    unit_K : (sample, time, cell) change per J/m² of one pulse.
    surface_base_K, surface_unit_K : (sample, time) the same at the surface itself.
    surface_conditions : surface conditions.
    beam : None without one.
    heated_blood : whether blood in vessels absorbs more as it heats; if not, it has its tabulated absorption.
    methaemoglobin : share of the haemoglobin of coagulated blood that absorbs as methaemoglobin, 0 to 1. No source
        measured it in a pulse: the default is none, and all is a bound.
    """

    skins: SkinSample
    grid: DepthGrid
    heat: ThermalProperties
    illumination: Illumination | None
    schedule: PulseSchedule
    base_K: Floats
    unit_K: Floats
    surface_base_K: Floats
    surface_unit_K: Floats
    surface_conditions: SurfaceConditions
    beam: Beam | None = None
    heated_blood: bool = True
    methaemoglobin: float = 0.0

    @property
    def layers(self) -> list[str]:
        """Names of the layers, from the surface."""
        return list(self.skins.layers)

    @cached_property
    def weights(self) -> Floats:
        """Weight of each draw."""
        return self.skins["weight"]

    def select_draws(self, indices: NDArray[np.int64]) -> "PulseResponse":
        """Return the response of a selection of the draws, by their indices in this response."""
        grid = self.grid.select_draws(indices)
        histories = ("base_K", "unit_K", "surface_base_K", "surface_unit_K")
        return replace(
            self,
            skins=self.skins.select(indices),
            grid=grid,
            heat=self.heat.select_draws(indices),
            illumination=None if self.illumination is None else self.illumination.select_draws(indices, grid),
            schedule=self.schedule.select_draws(indices),
            surface_conditions=self.surface_conditions.select_draws(indices),
            **{name: getattr(self, name)[indices] for name in histories},
        )

    def lower_face_response(self, cell: int) -> LocalResponse:
        """Return the temperature of the lower face of a cell, from the flux through it.

        The temperature of a cell is that at its centre, half a cell above its lower face, where it is hotter or colder.
        For the last cell, that temperature is returned.
        """
        if cell + 1 >= self.grid.layer.size:
            return LocalResponse(self.base_K[:, :, cell], self.unit_K[:, :, cell])
        layer = self.grid.layer[cell : cell + 2]
        conductance = self.heat.conductivity[:, layer] / self.grid.cells.half_widths[:, cell : cell + 2]
        upper = (conductance[:, 0] / conductance.sum(axis=1))[:, None]
        return LocalResponse(
            *(upper * part[:, :, cell] + (1 - upper) * part[:, :, cell + 1] for part in (self.base_K, self.unit_K))
        )


def simulate_pulse(
    skins: SkinSample,
    beam: Beam | None,
    cooling: CoolingPlan,
    *,
    illumination: Illumination | None,
    schedule: PulseSchedule | None = None,
    unlit_history: UnlitHistory | None = None,
    max_cells: int | None = None,
) -> PulseResponse:
    """Return the response of every draw.

    Parameters
    ----------
    illumination : the light of the beam in these skins; None without a beam.
    schedule : time steps, if they are not those of the beam and the cooling.
    unlit_history : the history without the beam, if it is already known for this cooling, schedule and number of cells.
    max_cells : number of cells from the surface to record, if no endpoint is evaluated below; all by default.

    Raises
    ------
    ValueError : a beam without its light.
    """
    if beam is not None and illumination is None:
        raise ValueError("a beam comes with its light")
    grid = illumination.grid if illumination is not None else pulse_grid(skins)
    plan = schedule if schedule is not None else pulse_schedule(beam, cooling)
    retention = _axis_retention(beam, illumination, plan)
    plan = plan.assign_trains(skins)
    heat = thermal_properties(skins)
    start = skins["temperature_C"] + ZERO_CELSIUS_K
    flow = perfusion_coefficient(skins)[:, grid.layer] if plan.train_length_s > LONG_EXPOSURE_S else np.zeros(1)
    cells = np.arange(grid.layer.size if max_cells is None else min(max_cells, grid.layer.size))
    base = unlit_history
    if base is None:
        met = surface_conditions(skins, cooling, plan, lambda film: _surface_heat(grid, heat, plan, start, film))
        base = _simulate_cells(grid, heat, plan, start, met, None, flow, cells)
    met = base.surface_conditions
    if illumination is None:
        unit = UnlitHistory(np.zeros_like(base.cells), np.zeros_like(base.surface), met)
    else:
        power = illumination.heating_per_m / plan.pulse_s
        dark = met._replace(outside_K=np.zeros_like(met.outside_K))
        unit = _simulate_cells(grid, heat, plan, np.zeros_like(start), dark, power, flow, cells)
        # Heat never cools: an implicit step may undershoot slightly where nothing was heated.
        for values in unit[:2]:
            np.maximum(values, 0.0, out=values)
        if retention is not None:
            retention.apply(unit.cells, grid.centres[:, cells])
            unit.surface[:] *= retention.surface
    return PulseResponse(
        skins, grid, heat, illumination, plan, base.cells, unit.cells, base.surface, unit.surface, met, beam
    )


def _axis_retention(beam: Beam | None, lit: Illumination | None, plan: PulseSchedule) -> AxisRetention | None:
    """Return the share of heat that a finite spot retains on the axis; None where it retains all."""
    if (
        beam is None
        or lit is None
        or lit.spot_shares is None
        or lit.lit_median_skin is None
        or not has_lateral_loss(beam, plan)
    ):
        return None
    return axis_retention(
        lit.lit_median_skin, beam, lit.spot_shares, plan, perfused=plan.train_length_s > LONG_EXPOSURE_S
    )


def _simulate_cells(
    grid: DepthGrid,
    heat: ThermalProperties,
    plan: PulseSchedule,
    start: Floats,
    met: SurfaceConditions,
    power: Floats | None,
    flow: Floats,
    cells: NDArray[np.int64],
) -> UnlitHistory:
    film = RobinBoundary(met.h_W_m2K, met.outside_K)
    source = NO_SOURCE if power is None else HeatSource(power, plan.power_on)
    march = HeatProblem1D(
        grid.cells, grid.material(heat), start[:, None], plan.step_s, source, film, grid.lower_boundary(start), cells
    )
    # Skin at rest is in balance with its blood; perfusion counteracts deviations from that.
    history = conduct_1d(march, LinearConduction(flow, start))
    return UnlitHistory(history.cell_temperature, history.surface, met)


def _surface_heat(
    grid: DepthGrid, heat: ThermalProperties, plan: PulseSchedule, start: Floats, film: RobinBoundary
) -> Floats:
    """Return the heat lost through the surface by the end of each step without a beam, (sample, step), J/m²."""
    march = HeatProblem1D(
        grid.cells, grid.material(heat), start[:, None], plan.step_s, NO_SOURCE, film, grid.lower_boundary(start), [0]
    )
    return -conduct_1d(march, LinearConduction()).heat_gain[:, 1:, 0]
