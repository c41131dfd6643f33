"""The radiant exposure at which damage at a place, or over a width, reaches what is asked, for each sampled skin.

Every function returns J/m² for each draw: inf where no dose in the range is enough, 0 where the surroundings alone are.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.damage.arrhenius import Kinetics
from skinbeam.physics.damage.dose_search import dose_for_unit_omega
from skinbeam.simulate.pulse.places import in_cell
from skinbeam.simulate.pulse.response import Place, Response
from skinbeam.simulate.skins.kinetics import CELL_DEATH_KINETICS, COLLAGEN_KINETICS, sampled_kinetics
from skinbeam.units import J_CM2

__all__ = ["DOSE_RANGE_J_M2", "cell_death_dose", "dose_at", "dose_to_reach", "zone_dose"]

Floats = NDArray[np.float64]

DOSE_RANGE_J_M2: Final = (0.01 * J_CM2, 1000.0 * J_CM2)


def cell_death_dose(response: Response, place: Place) -> Floats:
    """Return the dose at which Ω of cell death is 1, (sample,), J/m²."""
    return dose_at(response, place, sampled_kinetics(CELL_DEATH_KINETICS, response.skins))


def dose_at(response: Response, place: Place, processes: Kinetics, target: float = 1.0) -> Floats:
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


def dose_to_reach(place: Place, temperature_K: Floats) -> Floats:
    """Return the dose at which a place reaches `temperature_K` (sample,) at any time, (sample,), J/m²."""
    short = temperature_K[:, None] - place.base_K
    warmed = place.unit_K > 0
    with np.errstate(over="ignore"):  # deep in black tissue next to nothing is heated: no dose is enough
        dose: Floats = np.where(warmed, short / np.where(warmed, place.unit_K, 1.0), np.inf).min(axis=1)
    dose = np.where(np.any(short <= 0, axis=1), 0.0, dose)
    return np.where(dose <= DOSE_RANGE_J_M2[1], dose, np.inf)


def zone_dose(response: Response, cells: NDArray[np.int64], width_m: float) -> Floats:
    """Return the dose at which Ω of collagen is 1 over `width_m` of depth in all, (sample,), J/m²."""
    processes = sampled_kinetics(COLLAGEN_KINETICS, response.skins)
    doses = np.stack([dose_at(response, in_cell(response, int(cell)), processes) for cell in cells], axis=1)
    order = np.argsort(doses, axis=1)
    covered = np.cumsum(np.take_along_axis(response.grid.widths[:, cells], order, axis=1), axis=1)
    reached = np.argmax(covered >= width_m, axis=1)
    result: Floats = np.take_along_axis(np.take_along_axis(doses, order, axis=1), reached[:, None], axis=1)[:, 0]
    return np.where(covered[:, -1] >= width_m, result, np.inf)
