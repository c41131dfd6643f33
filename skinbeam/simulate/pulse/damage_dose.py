"""Doses at which damage at a place, or over a width, reaches a target, and the time at which damage is done.

Every function for doses returns J/m² for each draw: inf where no dose in the range suffices, 0 where the surroundings
alone do.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import J_CM2
from skinbeam.physics.damage.arrhenius import Kinetics, omega_growth
from skinbeam.physics.damage.dose_search import dose_for_unit_omega
from skinbeam.simulate.pulse.locations import cell_response
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.skins.tissue_kinetics import CELL_DEATH_KINETICS, COLLAGEN_KINETICS, sample_kinetics

__all__ = [
    "DOSE_RANGE_J_M2",
    "cell_death_dose",
    "coagulated_zone_dose",
    "damage_dose",
    "first_times",
    "heating_dose",
    "unit_omega_time",
]

Floats = NDArray[np.float64]


def unit_omega_time(history_K: Floats, step_s: Floats, power_on: Floats, processes: Kinetics) -> Floats:
    """Return the time after the beam was switched on at which Ω reaches 1, (sample,), s; 0 if before, inf if never.

    Within a step ln Ω is linear in the logarithm of time: exact for a constant temperature (Ω ~ t), and close for a
    rising one, whose Ω is nearly a power of time over a step.
    """
    end = np.cumsum(step_s)
    if power_on.any():
        end = np.maximum(end - step_s[power_on == 0].sum(), 0.0)
    total = np.cumsum(omega_growth(history_K, step_s, processes), axis=1)
    reached = total >= 1
    first = np.argmax(reached, axis=1)
    row = np.arange(len(first))
    ever = reached.any(axis=1)
    after = np.where(ever, total[row, first], 1.0)
    before = np.where(ever & (first > 0), np.minimum(total[row, first - 1], 1.0), 0.0)
    start = np.maximum(end[first] - step_s[first], 0.0)
    usable = (before > 0) & (start > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(usable, -np.log(before) / (np.log(after) - np.log(before)), 1.0)
        inside = start * np.exp(power * (np.log(end[first]) - np.log(start)))
    return np.where(ever, np.where(usable, inside, end[first]), np.inf)


def first_times(draws: int, lengths_s: Sequence[float], times_of_run: Callable[[float], Floats]) -> Floats:
    """Return the first time that successive runs find for each draw, (sample,), s; inf where none does.

    Parameters
    ----------
    lengths_s : of the runs, rising; a run is no longer than needed, so that short times have fine steps.
    times_of_run : the time that a run of a length finds for each draw, (sample,), inf where it is too short.
    """
    times = np.full(draws, np.inf)
    for length_s in lengths_s:
        times = np.where(np.isfinite(times), times, times_of_run(length_s))
        if np.isfinite(times).all():
            break
    return times


DOSE_RANGE_J_M2: Final = (0.01 * J_CM2, 1000.0 * J_CM2)


def cell_death_dose(response: PulseResponse, place: LocalResponse) -> Floats:
    """Return the dose at which Ω of cell death is 1, (sample,), J/m²."""
    return damage_dose(response, place, sample_kinetics(CELL_DEATH_KINETICS, response.skins))


def damage_dose(response: PulseResponse, place: LocalResponse, processes: Kinetics, target: float = 1.0) -> Floats:
    """Return the dose at which Ω of `processes` reaches `target` at a place, (sample,), J/m²."""
    low, high = DOSE_RANGE_J_M2
    return dose_for_unit_omega(
        place.base_K,
        np.maximum(place.unit_K, 0.0),
        response.schedule.step_s,
        processes,
        low=low,
        high=high,
        target=target,
    )


def heating_dose(place: LocalResponse, temperature_K: Floats) -> Floats:
    """Return the dose at which a place reaches `temperature_K` (sample,) at any time, (sample,), J/m²."""
    short = temperature_K[:, None] - place.base_K
    warmed = place.unit_K > 0
    with np.errstate(over="ignore"):  # deep in black tissue almost nothing is heated: no dose suffices
        dose: Floats = np.where(warmed, short / np.where(warmed, place.unit_K, 1.0), np.inf).min(axis=1)
    dose = np.where(np.any(short <= 0, axis=1), 0.0, dose)
    return np.where(dose <= DOSE_RANGE_J_M2[1], dose, np.inf)


def coagulated_zone_dose(response: PulseResponse, cells: NDArray[np.int64], width_m: float) -> Floats:
    """Return the dose at which Ω of collagen is 1 over a total depth of `width_m`, (sample,), J/m²."""
    processes = sample_kinetics(COLLAGEN_KINETICS, response.skins)
    doses = np.stack([damage_dose(response, cell_response(response, int(cell)), processes) for cell in cells], axis=1)
    order = np.argsort(doses, axis=1)
    covered = np.cumsum(np.take_along_axis(response.grid.widths[:, cells], order, axis=1), axis=1)
    reached = np.argmax(covered >= width_m, axis=1)
    result: Floats = np.take_along_axis(np.take_along_axis(doses, order, axis=1), reached[:, None], axis=1)[:, 0]
    return np.where(covered[:, -1] >= width_m, result, np.inf)
