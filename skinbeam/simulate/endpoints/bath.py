"""Skin in contact with a surface of one temperature, and afterwards in the room.

Minutes of heat reach deeper than a pulse, and blood takes part: the grid goes down to where tissue has the temperature
of blood, and what is there before the contact is the steady state of conduction and perfusion below a skin surface of
its own temperature. Blood flow stops where vessel walls are damaged (`physics.damage.perfusion`). After the contact the
skin cools in still air, wet, and damage goes on.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import Kinetics, omega_growth
from skinbeam.physics.damage.perfusion import DamageLimitedPerfusion, steady_state_profile
from skinbeam.physics.heat.cells import RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.simulate.endpoints.pain import nerve_temperature
from skinbeam.simulate.pulse.damage_dose import unit_omega_time
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.pulse.schedule import PulseSchedule, bath_schedule, bath_steps
from skinbeam.simulate.pulse.surface_conditions import SurfaceConditions
from skinbeam.simulate.skins.depth_grid import build_skin_grid, core_depth_m
from skinbeam.simulate.skins.tissue_kinetics import WALL_KINETICS, sample_kinetics
from skinbeam.skin.properties import perfusion_coefficient, thermal_properties
from skinbeam.skin.tables import read_number, tissue_table

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["bath_pain_times", "bath_times", "simulate_bath"]

Floats = NDArray[np.float64]

# Contacts of one length for all draws, in which the time is looked for that suffices without what comes after. Each
# resolves the five decades before its end.
RUN_LENGTHS_S: Final = (1.0, 100.0, 1e4, 1e5)
SEARCH_ROUNDS, LN_OMEGA_TOLERANCE = (
    6,
    3e-3,
)  # of the search of a time of its own for each draw, and the ln Ω that ends it: `_refine_times`
TINY_OMEGA: Final = 1e-300


def simulate_bath(skins: "xr.Dataset", plan: PulseSchedule) -> PulseResponse:
    """Return the response of every draw to a bath: a history without a beam.

    Parameters
    ----------
    plan : from `bath_schedule`.
    """
    return _PerfusedSkins(skins).response(plan, plan.step_s[None, :])


def bath_times(
    skins: "xr.Dataset",
    temperature_C: float,
    air_C: float,
    place_of: Callable[[PulseResponse], LocalResponse],
    processes: Kinetics,
) -> Floats:
    """Return the contact after which Ω reaches 1 at a place, what comes after the contact counted, (sample,), s.

    0 where the first instant is too long, inf where the longest contact is too short.
    """
    living = _PerfusedSkins(skins)
    times = np.full(skins.sizes["sample"], np.inf)
    for length in RUN_LENGTHS_S:
        plan = bath_schedule(temperature_C, length, air_C)
        step = plan.step_s[np.isinf(plan.h_W_m2K)]
        history = place_of(living.response(plan, plan.step_s[None, :])).base_K
        found = unit_omega_time(history[:, : step.size + 1], step, np.zeros(step.size), processes)
        times = np.where(np.isfinite(times), times, found)
        if np.isfinite(times).all():
            break

    def excess(length_s: Floats) -> Floats:
        """ln Ω after contacts of these lengths."""
        steps, _ = bath_steps(length_s)
        history = place_of(living.response(bath_schedule(temperature_C, 1.0, air_C), steps)).base_K
        return np.asarray(np.log(np.maximum(omega_growth(history, steps, processes).sum(axis=1), TINY_OMEGA)))

    sought = np.isfinite(times) & (times > 0)
    if not sought.any():
        return times
    return np.where(sought, _refine_times(np.where(sought, times, 1.0), excess), times)


def bath_pain_times(skins: "xr.Dataset", temperature_C: float, air_C: float) -> Floats:
    """Return the contact until it is felt as pain, (sample,), s; 0 where skin hurts before, inf where it never does.

    Raises
    ------
    NotAvailable : as `pain.felt`.
    """
    living = _PerfusedSkins(skins)
    times = np.full(skins.sizes["sample"], np.inf)
    for length in RUN_LENGTHS_S:
        plan = bath_schedule(temperature_C, length, air_C)
        step = plan.step_s[np.isinf(plan.h_W_m2K)]
        place, threshold_K = nerve_temperature(living.response(plan, plan.step_s[None, :]))
        found = _crossing_time(place.base_K[:, : step.size + 1] - threshold_K[:, None], step)
        times = np.where(np.isfinite(times), times, found)
        if np.isfinite(times).all():
            break
    return times


def _crossing_time(above: Floats, step_s: Floats) -> Floats:
    """The time at which a history, (sample, time), first is not below 0; straight within a step."""
    reached = above >= 0
    first, row = np.argmax(reached, axis=1), np.arange(len(above))
    before = np.maximum(first - 1, 0)
    start, end = np.append(0.0, np.cumsum(step_s))[[before, first]]
    low, high = above[row, before], above[row, first]
    time = start + (end - start) * np.where(first > 0, low / np.where(first > 0, low - high, 1.0), 0.0)
    return np.where(reached.any(axis=1), time, np.inf)


def _refine_times(enough_s: Floats, excess: Callable[[Floats], Floats]) -> Floats:
    """The times at which `excess`, ln Ω, is 0, by the Illinois rule against ln time, each draw its own.

    Ω grows at least in proportion to the time, so that a time that is long enough, over the Ω that it gives, is too
    short. The curve is nearly straight between the two.
    """
    high, over = np.log(enough_s), excess(enough_s)
    low = high - np.maximum(over, 1e-6)
    under = excess(np.exp(low))
    for _ in range(SEARCH_ROUNDS):
        middle = low + (high - low) * _illinois_step(under, over)
        found = excess(np.exp(middle))
        above = found >= 0
        # The end that stays counts half (Illinois rule), so that both ends close in where the curve bends.
        high, over = np.where(above, middle, high), np.where(above, found, over / 2)
        low, under = np.where(above, low, middle), np.where(above, under / 2, found)
        if np.abs(found).max() < LN_OMEGA_TOLERANCE:
            return np.asarray(np.exp(middle))
    return np.asarray(np.exp(low + (high - low) * _illinois_step(under, over)))


def _illinois_step(under: Floats, over: Floats) -> Floats:
    return np.asarray(np.clip(-under / np.where(over > under, over - under, 1.0), 0.0, 1.0))


class _PerfusedSkins:
    """Drawn skins with blood, down to the core, and their rest before the contact."""

    def __init__(self, skins: "xr.Dataset") -> None:
        self.skins, self.heat = skins, thermal_properties(skins)
        self.grid = build_skin_grid(skins, deepest_m=core_depth_m())
        flow = perfusion_coefficient(skins)[:, self.grid.layer]
        start = np.asarray(skins["temperature_C"].values, dtype=np.float64) + ZERO_CELSIUS_K
        # Where no blood flows there is no core either: the whole has the temperature of its surface.
        blood = np.where(
            flow.max(axis=1) > 0, read_number(tissue_table("thermal")["temperature_C"]["blood"]) + ZERO_CELSIUS_K, start
        )
        self.flow, bottom = LinearConduction(flow, blood), self.grid.bottom(blood)
        self.rest = steady_state_profile(self.grid.cells, self.grid.material(self.heat), self.flow, start, bottom)

    def response(self, plan: PulseSchedule, step_s: Floats) -> PulseResponse:
        """Return the response to a bath with steps, (1 or sample, step), of its own."""
        met = SurfaceConditions(plan.h_W_m2K, plan.outside_C + ZERO_CELSIUS_K, np.zeros(len(self.rest)))
        march = HeatProblem1D(
            self.grid.cells,
            self.grid.material(self.heat),
            self.rest,
            step_s,
            surface=RobinBoundary(met.h_W_m2K, met.outside_K),
            bottom=self.grid.bottom(self.flow.blood),
        )
        found = conduct_1d(march, DamageLimitedPerfusion(*self.flow, sample_kinetics(WALL_KINETICS, self.skins)))
        unlit = (np.zeros_like(found.cell_temperature), found.surface, np.zeros_like(found.surface))
        return PulseResponse(self.skins, self.grid, self.heat, None, plan, found.cell_temperature, *unlit, met)
