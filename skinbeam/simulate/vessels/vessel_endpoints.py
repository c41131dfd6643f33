"""Endpoints of a vessel: closed, ruptured by steam, leaking; a pulse may reach them in any order.

Closed: blood is coagulated over the whole cross-section and the lining is damaged all around, so that there is no flow
the next day: the side away from the light decides. The tissue outside the lining need not be damaged: it is a fifth of
the width of a capillary, and takes as much heat.

Ruptured: steam presses on the wall. Blood superheats, so temperatures continue to rise where vapour forms. The pressure
of a bubble is limited to the vapour pressure at the coldest surface that it touches, as in a condenser: it ruptures the
wall when the whole cross-section is hot enough for vapour at the same time. That is valid while the bubble follows the
heat. A pulse that is shorter than the collapse of an empty bubble as wide as the vessel, 0.915 a sqrt(density /
pressure) (Rayleigh 1917), microseconds, makes it overshoot: then vapour at the hottest place is enough.

A vessel that ruptures while its blood is liquid is emptied and does not close: this is the effect of very short pulses.
In longer pulses the blood has coagulated by then, and the vessel may be ruptured and closed.

Leaking: the wall is ruptured, or its lining is damaged anywhere: blood is retained by a lining of one cell. The side
towards the light decides.
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import Kinetics, omega, omega_growth
from skinbeam.physics.damage.dose_search import dose_for_unit_omega, dose_for_unit_omega_everywhere
from skinbeam.physics.targets.vessel import steam_doses
from skinbeam.simulate.pulse.damage_dose import DOSE_RANGE_J_M2
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.skins.tissue_kinetics import BLOOD_KINETICS, WALL_KINETICS, repeat_processes, sample_kinetics
from skinbeam.simulate.vessels.heated_blood import dose_with_heated_blood
from skinbeam.simulate.vessels.vessel_response import VesselResponse
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.tables import read_number, read_sourced, tissue_table

__all__ = [
    "COLDEST_RISE_K",
    "blood_vapour_K",
    "closure_dose",
    "is_vessel_closed",
    "is_vessel_leaking",
    "leak_dose",
    "rupture_dose",
    "vessel_closure_dose",
    "vessel_omega",
    "vessel_rupture_dose",
]

Floats = NDArray[np.float64]

COLDEST_RISE_K = 1e-30  # per J/m²: where nothing is heated no dose suffices
RAYLEIGH_COLLAPSE = 0.915  # of an empty bubble, in a sqrt(density / pressure) (Rayleigh 1917)
ATMOSPHERE_Pa = 101325.0


def vessel_closure_dose(response: PulseResponse) -> Floats:
    """Return the dose that closes the first vessel; with several given, the interface reports the first.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    return dose_with_heated_blood(response, closure_dose)[:, 0]


def vessel_rupture_dose(response: PulseResponse) -> Floats:
    """Return the dose at which steam ruptures the first vessel.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    return dose_with_heated_blood(response, rupture_dose)[:, 0]


def closure_dose(response: PulseResponse, vessels: VesselResponse, blood: str = BLOOD_KINETICS) -> Floats:
    """Return the least dose that closes each vessel, (sample, vessel), J/m²; inf where steam empties it first.

    Parameters
    ----------
    blood : kinetics of its coagulation.
    """
    coagulated = _omega_dose_everywhere(response, vessels, vessels.coldest, blood)
    dose = np.maximum(coagulated, _lining_dose(response, vessels, -1.0))
    reached = np.isfinite(dose)
    is_filled = ~_is_emptied(response, vessels, np.where(reached, dose, 0.0))
    return np.where(reached & is_filled, dose, np.inf)


def is_vessel_closed(
    response: PulseResponse, vessels: VesselResponse, dose: float, blood: str = BLOOD_KINETICS
) -> NDArray[np.bool_]:
    """Return whether a dose, J/m², closes each vessel, (sample, vessel)."""
    coagulated = vessel_omega(response, vessels, vessels.coldest, dose, blood).min(axis=2) >= 1
    damaged = vessel_omega(response, vessels, vessels.edge_at(-1.0), dose, WALL_KINETICS) >= 1
    emptied = _is_emptied(response, vessels, np.full(coagulated.shape, dose))
    result: NDArray[np.bool_] = coagulated & damaged & ~emptied
    return result


def rupture_dose(response: PulseResponse, vessels: VesselResponse) -> Floats:
    """Return the dose at which steam ruptures each vessel, (sample, vessel), J/m²."""
    short = blood_vapour_K(response)[:, None, None] - vessels.base
    coldest, hottest = (array.reshape(-1, *array.shape[2:]) for array in (vessels.coldest, vessels.hottest))
    found = steam_doses(short.reshape(-1, short.shape[2]), coldest, hottest, COLDEST_RISE_K)
    everywhere, somewhere = (array.reshape(short.shape[:2]) for array in found)
    dose: Floats = np.where(_ends_before_collapse(response, vessels), somewhere, everywhere)
    return np.where(dose > DOSE_RANGE_J_M2[1], np.inf, np.maximum(dose, 0.0))


def _ends_before_collapse(response: PulseResponse, vessels: VesselResponse) -> NDArray[np.bool_]:
    """Return whether light ends before a bubble as wide as the vessel would collapse (vessel 6), (sample, vessel)."""
    density = read_number(tissue_table("thermal")["blood"]["density_kg_m3"])
    collapse = RAYLEIGH_COLLAPSE * vessels.diameter / 2 * np.sqrt(density / ATMOSPHERE_Pa)
    return np.asarray(np.reshape(response.schedule.stretch_s, (-1, 1)) < collapse)


def is_vessel_leaking(response: PulseResponse, vessels: VesselResponse, dose: Floats) -> NDArray[np.bool_]:
    """Return whether each vessel has lost blood by the next day after a dose (sample,), J/m², (sample, vessel)."""
    torn = rupture_dose(response, vessels) <= dose[:, None]
    result: NDArray[np.bool_] = torn | (
        vessel_omega(response, vessels, vessels.edge_at(1.0), dose[:, None], WALL_KINETICS) >= 1
    )
    return result


def leak_dose(response: PulseResponse, vessels: VesselResponse) -> Floats:
    """Return the dose at which each vessel loses blood by the next day, (sample, vessel), J/m²."""
    return np.minimum(rupture_dose(response, vessels), _lining_dose(response, vessels, 1.0))


def blood_vapour_K(response: PulseResponse) -> Floats:
    """Return the temperature at which vapour forms in blood, (sample,), K."""
    return (
        value_at_normal(read_sourced(tissue_table("vessels")["vapour_C"]), response.skins["rupture_shift"])
        + ZERO_CELSIUS_K
    )


def vessel_omega(
    response: PulseResponse, vessels: VesselResponse, unit: Floats, dose: Floats | float, name: str
) -> Floats:
    """Return Ω at a dose, J/m², for a place (sample, vessel, time) or several (sample, vessel, place, time).

    Parameters
    ----------
    dose : one for all, or (sample, 1) or (sample, vessel).
    """
    several = unit.ndim > vessels.base.ndim
    base = vessels.base[:, :, None] if several else vessels.base
    vessel_dose = np.asarray(dose, dtype=np.float64)
    vessel_dose = vessel_dose.reshape(*vessel_dose.shape, *[1] * (1 + several)) if vessel_dose.ndim else vessel_dose
    history = base + vessel_dose * unit
    flat = history.reshape(-1, unit.shape[-1])
    return omega(flat, response.schedule.step_s, _vessel_processes(response, name, flat)).reshape(unit.shape[:-1])


def _lining_dose(response: PulseResponse, vessels: VesselResponse, towards: float) -> Floats:
    """Return the dose that damages the lining at a cosine of `VesselResponse.edge_at`, (sample, vessel), J/m²."""
    low, high = DOSE_RANGE_J_M2
    unit = vessels.edge_at(towards)
    flat = unit.reshape(-1, unit.shape[-1])
    base, processes = vessels.base.reshape(flat.shape), _vessel_processes(response, WALL_KINETICS, flat)
    dose = dose_for_unit_omega(base, flat, response.schedule.step_s, processes, low=low, high=high)
    return dose.reshape(unit.shape[:-1])


def _omega_dose_everywhere(response: PulseResponse, vessels: VesselResponse, unit: Floats, name: str) -> Floats:
    """Return the dose for Ω of 1 at all of several places, (sample, vessel, place, time)."""
    low, high = DOSE_RANGE_J_M2
    base, units = vessels.base.reshape(-1, unit.shape[-1]), unit.reshape(-1, *unit.shape[2:])
    dose = dose_for_unit_omega_everywhere(
        base, units, response.schedule.step_s, _vessel_processes(response, name, base), low=low, high=high
    )
    return dose.reshape(unit.shape[:2])


def _vessel_processes(response: PulseResponse, name: str, rows: Floats) -> Kinetics:
    return repeat_processes(sample_kinetics(name, response.skins), len(rows) // response.skins.count)


def _is_emptied(response: PulseResponse, vessels: VesselResponse, dose: Floats) -> NDArray[np.bool_]:
    """Return whether steam ruptures a vessel while its blood is liquid even where it is hottest, (sample, vessel)."""
    torn = rupture_dose(response, vessels) <= dose
    if not torn.any():
        return torn
    history, cold = (
        vessels.base[:, :, None] + dose[:, :, None, None] * unit for unit in (vessels.hottest, vessels.coldest)
    )
    bursts = _ends_before_collapse(response, vessels)[:, :, None]
    deciding = np.where(bursts, history.max(axis=2), cold.min(axis=2)).reshape(-1, history.shape[3])
    level = np.repeat(blood_vapour_K(response), vessels.count)
    row = np.arange(len(deciding))
    last = np.maximum(np.argmax(deciding >= level[:, None], axis=1), 1)
    flat = history.reshape(-1, *history.shape[2:])
    hottest = flat[row, np.argmax(flat[row, :, last], axis=1)]
    until = int(last.max())
    steps, processes = response.schedule.step_s[:until], _vessel_processes(response, BLOOD_KINETICS, hottest)
    growth = omega_growth(hottest[:, : until + 1], steps, processes)
    total = np.concatenate([np.zeros((len(row), 1)), np.cumsum(growth, axis=1)], axis=1)
    # Within the step in which the vessel ruptures, temperatures are linear in time: only the part of the step before
    # counts.
    start, end = deciding[row, last - 1], deciding[row, last]
    share = np.clip((level - start) / np.where(end > start, end - start, 1.0), 0.0, 1.0)
    ends = hottest[row, last - 1], hottest[row, last]
    part = np.stack([ends[0], ends[0] + share * (ends[1] - ends[0])], axis=1)
    damage = total[row, last - 1] + share * steps[last - 1] * omega(part, [1.0], processes)
    return np.asarray(torn & (damage < 1).reshape(torn.shape))
