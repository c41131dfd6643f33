"""Vessels whose blood absorbs more as it heats: the light in them is computed anew several times in a pulse.

Off unless asked for: temperatures are then no longer proportional to the dose, so that each dose is a run of its own.
Blood follows the mean temperature of its lumen; the light in the skin around is that of unheated skin.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.physics.vessel import VesselHistory, lumen_profile, radial_grid, radial_march
from skinbeam.simulate.pulse import Response
from skinbeam.simulate.vessels import VesselResponse, VesselSite, drawn_vessels, site_of
from skinbeam.skin.properties import blood_mua, blood_thermal
from skinbeam.skin.tables import number, table
from skinbeam.skin.vessels import Vessels
from skinbeam.units import ZERO_CELSIUS_K

__all__ = ["absorption_factor", "dose_with_heated_blood", "respond_heated"]

Floats = NDArray[np.float64]

MEASURED_C = 20.0, 100.0  # between which the factor was measured
RECOMPUTED = 8  # times in a pulse that the light in a vessel is computed: doses within three per cent of twice as many
HALVINGS = 14


def absorption_factor(temperature_K: Floats) -> Floats:
    """Return absorption of blood over that at body temperature, in the shape of the argument."""
    entry = table("vessels")["heated_blood"]
    slope = (number(entry["factor"]) - 1) / (MEASURED_C[1] - MEASURED_C[0])

    def rising(celsius: Floats) -> Floats:
        return 1 + slope * (np.clip(celsius, *MEASURED_C) - MEASURED_C[0])

    return rising(temperature_K - ZERO_CELSIUS_K) / rising(np.array(number(entry["reference_C"])))


def respond_heated(
    response: Response, dose: Floats | float, *, vessels: Vessels | None = None, recomputed: int = RECOMPUTED
) -> VesselResponse:
    """Return the vessels' response at one dose, divided by it: it holds at this dose alone.

    Parameters
    ----------
    dose : J/m², one for all or (sample, vessel).
    recomputed : how often in each pulse the light in the vessel is computed, at least 3.

    Raises
    ------
    NotAvailable : no vessel or no beam, or light at which the absorption of heated blood was not measured.
    ValueError : fewer than three times.
    """
    if recomputed < 3:
        raise ValueError(f"the light in a vessel is computed at least 3 times in a pulse, not {recomputed}")
    vessels = drawn_vessels(response) if vessels is None else vessels
    if vessels is None:
        raise NotAvailable(text("endpoint.no-vessel"))
    site, schedule = site_of(response, vessels), response.schedule
    _check_wavelengths(site)
    each = np.broadcast_to(np.asarray(dose, dtype=np.float64), vessels.depth.shape)
    grid = radial_grid(
        vessels.diameter,
        vessels.wall,
        float(schedule.step_s.sum()),
        blood=blood_thermal(),
        dermis=(site.conductivity, site.heat_capacity_vol),
    )
    parts: list[VesselHistory] = []
    state: Floats | float = 0.0
    mean = site.base_K[..., 0]
    for steps in _spans(schedule.step_s, schedule.power_on, recomputed):
        power = each[..., None] / schedule.pulse_s * _absorbed(site, vessels, absorption_factor(mean))
        history, state = radial_march(grid, power, schedule.step_s[steps], schedule.power_on[..., steps], state)
        first = 0 if not parts else 1  # the state at the start of a span ends the one before
        parts.append(VesselHistory(*(part[:, :, first:] for part in history)))
        end = steps.stop
        mean = site.base_K[..., end] + each * site.around_K[..., end] + history.lumen[..., -1]
    whole = VesselHistory(*(np.concatenate(column, axis=2) for column in zip(*parts, strict=True)))
    unit = VesselHistory(*(part / each.reshape(*each.shape, *[1] * (part.ndim - 2)) for part in whole))
    around = site.around_K
    return VesselResponse(
        vessels.diameter,
        site.base_K,
        np.maximum(around[:, :, None] + np.moveaxis(unit.cells, -1, 2), 0.0),
        *(np.maximum(around + part, 0.0) for part in unit[1:]),
    )


def dose_with_heated_blood(
    response: Response,
    end: Callable[[Response, VesselResponse], Floats],
    linear: VesselResponse,
    *,
    recomputed: int = RECOMPUTED,
) -> Floats:
    """Return the dose at which each vessel comes to an end when its blood absorbs more as it heats, (sample, vessel).

    Parameters
    ----------
    end : dose of an end from a response, such as `vessel_ends.rupture_dose`.
    linear : the response of the vessels of the skins without that; what it does not bring there is inf here too.
    """
    high = end(response, linear)
    reached = np.isfinite(high) & (high > 0)
    high = np.where(reached, high, 1.0)
    # Cold blood absorbs less than blood at body temperature, heated blood at most so much more.
    factor = absorption_factor(np.array(MEASURED_C) + ZERO_CELSIUS_K)
    low, high = high / factor[1] / 2, high / factor[0]
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        there = end(response, respond_heated(response, middle, recomputed=recomputed)) <= middle
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return np.where(reached, high, end(response, linear))


def _check_wavelengths(site: VesselSite) -> None:
    entry = table("vessels")["heated_blood"]
    shortest, longest = number(entry["shortest_nm"]), number(entry["longest_nm"])
    for _, wavelength_nm, _, _ in site.lines:
        if not shortest <= wavelength_nm <= longest:
            raise NotAvailable(
                text("endpoint.heated-blood", {"low": shortest, "high": longest, "wavelength_nm": wavelength_nm})
            )


def _absorbed(site: VesselSite, vessels: Vessels, factor: Floats) -> Floats:
    """Power per volume above what the surroundings absorb, over the irradiance, (sample, vessel, lumen cell), 1/m."""
    parts = []
    for share, wavelength_nm, ratio, around in site.lines:
        mua = factor * blood_mua(wavelength_nm, vessels.haematocrit, vessels.oxygenation)
        within = mua[..., None] * lumen_profile(mua, vessels.diameter)
        parts.append(share * ratio[..., None] * (within - around[..., None]))
    return np.asarray(np.sum(parts, axis=0))


def _spans(step_s: Floats, power_on: Floats, recomputed: int) -> list[slice]:
    """Steps with one and the same light: light in `recomputed` parts as equal as its steps allow, pauses whole."""
    rows = np.atleast_2d(power_on)
    edges = np.flatnonzero((np.diff(rows, axis=1) != 0).any(axis=0)) + 1
    spans: list[slice] = []
    for start, stop in zip([0, *edges], [*edges, step_s.size], strict=True):
        cuts = {int(start), int(stop)}
        if (rows[:, start] > 0).any():
            end = np.cumsum(step_s[start:stop])
            cuts |= {
                int(start + 1 + np.searchsorted(end, end[-1] * i / recomputed - 1e-15)) for i in range(1, recomputed)
            }
        ordered = sorted(cuts)
        spans += [slice(*pair) for pair in pairwise(ordered)]
    return spans
