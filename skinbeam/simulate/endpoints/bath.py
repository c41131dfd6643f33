"""Skin in contact with a surface at a constant temperature (a bath), and its cooling in the room afterwards.

Heat applied for minutes reaches deeper than that of a pulse, and blood flow takes part. The grid reaches down to the
depth where tissue has the temperature of blood, and the initial state is the steady state of conduction and perfusion
below a skin surface at its own temperature. Blood flow stops where vessel walls are damaged
(`physics.damage.perfusion`). After the contact the wet skin cools in still air, and damage continues.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import Kinetics, omega_growth
from skinbeam.physics.damage.perfusion import DamageLimitedPerfusion, steady_state_profile
from skinbeam.physics.heat.cells import RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.simulate.endpoints.pain import nerve_temperature
from skinbeam.simulate.pulse.damage_dose import first_times, unit_omega_time
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.pulse.schedule import PulseSchedule, bath_schedule, bath_steps
from skinbeam.simulate.pulse.surface_conditions import SurfaceConditions
from skinbeam.simulate.skins.depth_grid import build_skin_grid, core_depth_m
from skinbeam.simulate.skins.tissue_kinetics import WALL_KINETICS, sample_kinetics
from skinbeam.skin.properties import perfusion_coefficient, thermal_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table

__all__ = ["bath_pain_times", "bath_times", "simulate_bath"]

Floats = NDArray[np.float64]

# Lengths of contacts, the same for all draws, in which the time is searched that suffices without the damage after the
# contact. Each resolves the five decades before its end.
RUN_LENGTHS_S: Final = (1.0, 100.0, 1e4, 1e5)
# Of the search for the time of each draw, and the |ln Ω| at which it ends: `_refine_times`.
SEARCH_ROUNDS, LN_OMEGA_TOLERANCE = 6, 3e-3
TINY_OMEGA: Final = 1e-300


def simulate_bath(skins: SkinSample, schedule: PulseSchedule) -> PulseResponse:
    """Return the response of every draw to a bath: a temperature history without a beam.

    Parameters
    ----------
    schedule : from `bath_schedule`.
    """
    return _PerfusedSkins(skins).simulate(schedule, schedule.step_s[None, :])


def bath_times(
    skins: SkinSample,
    temperature_C: float,
    air_C: float,
    locate: Callable[[PulseResponse], LocalResponse],
    processes: Kinetics,
) -> Floats:
    """Return the contact time after which Ω reaches 1 at a place, including the damage after the contact, (sample,), s.

    0 where the shortest contact is too long, inf where the longest is too short.
    """
    living = _PerfusedSkins(skins)

    def times_of_run(length_s: float) -> Floats:
        contact_s, response = living.simulate_contact(temperature_C, length_s, air_C)
        history = locate(response).base_K[:, : contact_s.size + 1]
        return unit_omega_time(history, contact_s, np.zeros(contact_s.size), processes)

    def excess(length_s: Floats) -> Floats:
        """Return ln Ω after contacts of these lengths."""
        steps, _ = bath_steps(length_s)
        history = locate(living.simulate(bath_schedule(temperature_C, 1.0, air_C), steps)).base_K
        return np.asarray(np.log(np.maximum(omega_growth(history, steps, processes).sum(axis=1), TINY_OMEGA)))

    times = first_times(skins.count, RUN_LENGTHS_S, times_of_run)
    sought = np.isfinite(times) & (times > 0)
    if not sought.any():
        return times
    return np.where(sought, _refine_times(np.where(sought, times, 1.0), excess), times)


def bath_pain_times(skins: SkinSample, temperature_C: float, air_C: float) -> Floats:
    """Return the contact time until pain is felt, (sample,), s.

    0 where skin hurts before the contact, inf where it never does.

    Raises
    ------
    NotAvailable : as `nerve_temperature`.
    """
    living = _PerfusedSkins(skins)

    def times_of_run(length_s: float) -> Floats:
        contact_s, response = living.simulate_contact(temperature_C, length_s, air_C)
        place, threshold_K = nerve_temperature(response)
        return _crossing_time(place.base_K[:, : contact_s.size + 1] - threshold_K[:, None], contact_s)

    return first_times(skins.count, RUN_LENGTHS_S, times_of_run)


def _crossing_time(excess: Floats, step_s: Floats) -> Floats:
    """Return the time at which a history, (sample, time), first reaches 0; linear within a step."""
    reached = excess >= 0
    first, row = np.argmax(reached, axis=1), np.arange(len(excess))
    before = np.maximum(first - 1, 0)
    start, end = np.append(0.0, np.cumsum(step_s))[[before, first]]
    low, high = excess[row, before], excess[row, first]
    time = start + (end - start) * np.where(first > 0, low / np.where(first > 0, low - high, 1.0), 0.0)
    return np.where(reached.any(axis=1), time, np.inf)


def _refine_times(sufficient_s: Floats, log_omega: Callable[[Floats], Floats]) -> Floats:
    """Return the times at which `log_omega`, ln Ω, is 0, by the Illinois rule in ln time, for each draw separately.

    Ω grows at least in proportion to the time, so that a sufficient time divided by its Ω is too short. The curve is
    nearly straight between the two.
    """
    high, over = np.log(sufficient_s), log_omega(sufficient_s)
    low = high - np.maximum(over, 1e-6)
    under = log_omega(np.exp(low))
    for _ in range(SEARCH_ROUNDS):
        middle = low + (high - low) * _illinois_step(under, over)
        found = log_omega(np.exp(middle))
        above = found >= 0
        # The end that does not move counts half (Illinois rule), so that both ends converge where the curve bends.
        high, over = np.where(above, middle, high), np.where(above, found, over / 2)
        low, under = np.where(above, low, middle), np.where(above, under / 2, found)
        if np.abs(found).max() < LN_OMEGA_TOLERANCE:
            return np.asarray(np.exp(middle))
    return np.asarray(np.exp(low + (high - low) * _illinois_step(under, over)))


def _illinois_step(low_value: Floats, high_value: Floats) -> Floats:
    return np.asarray(np.clip(-low_value / np.where(high_value > low_value, high_value - low_value, 1.0), 0.0, 1.0))


class _PerfusedSkins:
    """Drawn skins with blood flow, down to the core, and their steady state before the contact."""

    def __init__(self, skins: SkinSample) -> None:
        self.skins, self.heat = skins, thermal_properties(skins)
        self.grid = build_skin_grid(skins, deepest_m=core_depth_m())
        flow = perfusion_coefficient(skins)[:, self.grid.layer]
        start = skins["temperature_C"] + ZERO_CELSIUS_K
        # Without blood flow there is no core: all of the tissue has the temperature of its surface.
        blood = np.where(
            flow.max(axis=1) > 0, read_number(tissue_table("thermal")["temperature_C"]["blood"]) + ZERO_CELSIUS_K, start
        )
        self.perfusion, bottom = LinearConduction(flow, blood), self.grid.lower_boundary(blood)
        self.steady_state = steady_state_profile(
            self.grid.cells, self.grid.material(self.heat), self.perfusion, start, bottom
        )

    def simulate(self, schedule: PulseSchedule, step_s: Floats) -> PulseResponse:
        """Return the response to a bath with the given time steps, (1 or sample, step)."""
        met = SurfaceConditions(schedule.h_W_m2K, schedule.outside_C + ZERO_CELSIUS_K, np.zeros(len(self.steady_state)))
        march = HeatProblem1D(
            self.grid.cells,
            self.grid.material(self.heat),
            self.steady_state,
            step_s,
            surface=RobinBoundary(met.h_W_m2K, met.outside_K),
            bottom=self.grid.lower_boundary(self.perfusion.blood),
        )
        found = conduct_1d(march, DamageLimitedPerfusion(*self.perfusion, sample_kinetics(WALL_KINETICS, self.skins)))
        unlit = (np.zeros_like(found.cell_temperature), found.surface, np.zeros_like(found.surface))
        return PulseResponse(self.skins, self.grid, self.heat, None, schedule, found.cell_temperature, *unlit, met)

    def simulate_contact(self, temperature_C: float, length_s: float, air_C: float) -> tuple[Floats, PulseResponse]:
        """Return the time steps of a contact, and the response to it and to the air afterwards."""
        schedule = bath_schedule(temperature_C, length_s, air_C)
        return schedule.step_s[np.isinf(schedule.h_W_m2K)], self.simulate(schedule, schedule.step_s[None, :])
