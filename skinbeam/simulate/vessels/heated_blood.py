"""Vessels whose blood absorbs more as it heats: the light in them is computed again in every step of a pulse.

The absorption of oxyhaemoglobin rises with the mean temperature of the lumen, and falls again when that cools; the
light in the skin around is that of unheated skin. Temperatures are then no longer proportional to the dose, so that a
response is valid at a single dose, and the dose of an endpoint is the dose whose own response reaches it. Where the
rise of absorption was not measured, and where a response switches it off (`heated_blood`), blood has its tabulated
absorption.

Blood that coagulates may also turn into methaemoglobin, permanently. The share that does so in a pulse was not
measured: a response specifies the share of its haemoglobin (`methaemoglobin`), none by default, and all is a bound.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.targets.vessel import radial_grid
from skinbeam.physics.targets.vessel_absorption_feedback import march_heated_blood
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.skins.tissue_kinetics import BLOOD_KINETICS, sample_kinetics
from skinbeam.simulate.vessels.vessel_response import (
    VesselResponse,
    VesselSite,
    add_surroundings,
    simulate_vessels,
    skin_vessels,
    vessel_site,
)
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import blood_mua, blood_thermal_properties, methaemoglobin_mua
from skinbeam.skin.tables import read_number, read_sourced, read_spectrum, tissue_table
from skinbeam.skin.vessels import Vessels
from skinbeam.text import render_message

__all__ = [
    "absorption_factor",
    "dose_with_heated_blood",
    "heated_factor",
    "heated_mua",
    "methaemoglobin_unknown_reason",
    "self_consistent_dose",
    "unheated_reason",
    "vessels_at_dose",
]

Floats = NDArray[np.float64]

MEASURED_RANGE_C = 20.0, 100.0  # between which the factor was measured
TEMPERATURE_NODES = 9  # temperatures in that range at which the light in a lumen is computed
COAGULATED_SHARES = (
    5  # shares of coagulated blood, from none to all, at which it is computed if that turns into methaemoglobin
)
SEARCH_MARCHES = 2  # simulations in the search for a dose, after that of unheated blood
# If coagulated blood turns into methaemoglobin, slightly more light may do much more or much less.
METHAEMOGLOBIN_MARCHES = 16
FIRST_GUESS = 0.8  # of the dose with unheated blood
# Slope of the logarithm of the residual against that of the dose, initial value and limits: see `self_consistent_dose`.
FIRST_SLOPE, SLOPE_RANGE = -1.3, (-2.0, -0.6)


def absorption_factor(temperature_K: Floats, rise: Floats | float | None = None) -> Floats:
    """Return the absorption of oxygenated blood over its tabulated value, in the broadcast shape of the arguments.

    Parameters
    ----------
    rise : the factor between the temperatures of `MEASURED_RANGE_C`; by default that of the table.
    """
    entry = tissue_table("vessels")["heated_blood"]
    slope = ((read_number(entry["factor"]) if rise is None else np.asarray(rise)) - 1) / (
        MEASURED_RANGE_C[1] - MEASURED_RANGE_C[0]
    )

    def rising(celsius: Floats) -> Floats:
        return 1 + slope * (np.clip(celsius, *MEASURED_RANGE_C) - MEASURED_RANGE_C[0])

    return rising(temperature_K - ZERO_CELSIUS_K) / rising(np.array(read_number(entry["reference_C"])))


def heated_factor(response: PulseResponse, temperature_K: Floats) -> Floats:
    """Return `absorption_factor` of the blood of each draw at temperatures (sample or 1, any), (sample, any)."""
    factor = read_sourced(tissue_table("vessels")["heated_blood"]["factor"])
    rise = np.maximum(value_at_normal(factor, response.skins["heated_blood_shift"]), 1.0)
    return absorption_factor(temperature_K, rise[:, None])


def heated_mua(wavelength_nm: float, haematocrit: Floats, oxygenation: Floats, factor: Floats) -> Floats:
    """Return the absorption of blood whose oxyhaemoglobin absorbs `factor` times its tabulated value, 1/m (vessel 7).

    All arguments broadcast. The rest has its tabulated absorption, and so has all of it where the rise is not known.
    """
    cold = blood_mua(wavelength_nm, haematocrit, oxygenation)
    if not _has_measured_rise(wavelength_nm):
        return cold + np.zeros_like(factor)
    return cold + oxygenation * blood_mua(wavelength_nm, haematocrit, 1.0) * (factor - 1)


def unheated_reason(response: PulseResponse) -> Unknown | None:
    """Return the reason why blood has its tabulated absorption in the light of a beam; None if its rise is known."""
    assert response.illumination is not None  # only for lit vessels
    entry = tissue_table("vessels")["heated_blood"]
    if any(_has_measured_rise(line.wavelength_nm) for line in response.illumination.spectral_lines):
        return None
    params = {name: read_number(entry[f"{name}_nm"]) for name in ("shortest", "longest")}
    return Unknown(render_message("endpoint.heated-blood", params))


def methaemoglobin_unknown_reason(response: PulseResponse) -> Unknown | None:
    """Return the reason why the absorption of methaemoglobin is not known for a beam, or None where it is known."""
    assert response.illumination is not None  # only for lit vessels
    known = read_spectrum("methaemoglobin")
    if all(known.covers(line.wavelength_nm) for line in response.illumination.spectral_lines):
        return None
    return Unknown(
        render_message("endpoint.methaemoglobin", dict(zip(("shortest", "longest"), known.range_nm, strict=True)))
    )


def _has_measured_rise(wavelength_nm: float) -> bool:
    entry = tissue_table("vessels")["heated_blood"]
    return read_number(entry["shortest_nm"]) <= wavelength_nm <= read_number(entry["longest_nm"])


def vessels_at_dose(
    response: PulseResponse, dose: Floats | float, vessels: Vessels | None = None, *, with_sides: bool = True
) -> VesselResponse | None:
    """Return the response of `vessels`, by default those of the skins, at a dose, divided by it.

    It is valid at that dose only. None if there are no vessels or there is no beam.

    Parameters
    ----------
    dose : J/m², one for all, (sample,) or (sample, vessel).
    with_sides : as of `simulate_vessels`.

    Raises
    ------
    NotAvailable : methaemoglobin in light at which its absorption is not known.
    """
    vessels = skin_vessels(response) if vessels is None else vessels
    if vessels is None or response.illumination is None:
        return None
    if not _has_heated_blood(response):
        return simulate_vessels(response, vessels, with_sides=with_sides)
    site, schedule = vessel_site(response, vessels, with_sides=with_sides), response.schedule
    values = np.asarray(dose, dtype=np.float64)
    vessel_dose = np.broadcast_to(values[:, None] if values.ndim == 1 else values, vessels.depth.shape)
    nodes_K = np.linspace(*MEASURED_RANGE_C, TEMPERATURE_NODES) + ZERO_CELSIUS_K
    factors = heated_factor(response, nodes_K)
    factors = factors if response.heated_blood else np.ones_like(factors)
    if response.methaemoglobin > 0:
        turned = response.methaemoglobin * np.linspace(0.0, 1.0, COAGULATED_SHARES)
        power = np.stack([_absorbed_power(site, vessels, factors, share) for share in turned], axis=3)
        change = sample_kinetics(BLOOD_KINETICS, response.skins)
    else:
        power, change = _absorbed_power(site, vessels, factors, 0.0), None
    grid = radial_grid(
        vessels.diameter,
        vessels.wall,
        float(schedule.step_s.sum()),
        blood=blood_thermal_properties(),
        dermis=(site.conductivity, site.heat_capacity_vol),
    )
    histories = march_heated_blood(
        grid,
        (vessel_dose / schedule.pulse_s).reshape(*vessel_dose.shape, *[1] * (power.ndim - 3)) * power,
        (float(nodes_K[0]), float(nodes_K[-1])),
        site.base_K + vessel_dose[..., None] * site.surroundings_unit_K,
        schedule.step_s,
        schedule.power_on,
        change,
    )
    for part in (part for history in histories for part in history):
        # In place: a history takes tens of megabytes, and writing to new memory takes longer than the division.
        part /= vessel_dose.reshape(*vessel_dose.shape, *[1] * (part.ndim - 2))
    return add_surroundings(vessels, site, histories)


def _has_heated_blood(response: PulseResponse) -> bool:
    """Return whether the absorption of blood in vessels changes as it is heated."""
    return response.methaemoglobin > 0 or (response.heated_blood and unheated_reason(response) is None)


def _absorbed_power(site: VesselSite, vessels: Vessels, factors: Floats, methaemoglobin_share: float) -> Floats:
    """Return power per volume over the irradiance as `VesselLine.excess`, (order, sample, vessel, node, cell), 1/m.

    `methaemoglobin_share` is the share of the haemoglobin that is methaemoglobin.
    """
    parts = []
    for line in site.lines:
        mua = heated_mua(
            line.wavelength_nm, vessels.haematocrit[..., None], vessels.oxygenation[..., None], factors[:, None]
        )
        if methaemoglobin_share > 0:  # (vessel 9)
            of_met = methaemoglobin_mua(line.wavelength_nm, vessels.haematocrit[..., None])
            mua = (1 - methaemoglobin_share) * mua + methaemoglobin_share * of_met
        parts.append(line.excess(mua, vessels.diameter))
    return np.asarray(np.sum(parts, axis=0))


def dose_with_heated_blood(
    response: PulseResponse,
    endpoint_dose: Callable[[PulseResponse, VesselResponse], Floats],
    vessels: Vessels | None = None,
    *,
    with_sides: bool = True,
    max_simulations: int | None = None,
) -> Floats:
    """Return the dose of an endpoint of `vessels`, by default those of the skins, J/m², in the shape of
    `endpoint_dose`.

    It is right within 1.5 per cent in any draw without methaemoglobin.

    Parameters
    ----------
    endpoint_dose : function that returns the dose of an endpoint from a response that is proportional to the dose,
        (sample,) or (sample, vessel), such as `rupture_dose`. Where it is inf with unheated blood the result is inf,
        too.
    with_sides : as of `simulate_vessels`.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    vessels = skin_vessels(response) if vessels is None else vessels
    cold = None if vessels is None else simulate_vessels(response, vessels, with_sides=with_sides)
    if cold is None:
        raise NotAvailable(render_message("endpoint.no-vessel"))
    linear = endpoint_dose(response, cold)
    if not _has_heated_blood(response):
        return linear

    def found(dose: Floats) -> Floats:
        heated = vessels_at_dose(response, dose, vessels, with_sides=with_sides)
        assert heated is not None  # because `cold` is not
        return endpoint_dose(response, heated)

    return self_consistent_dose(
        linear, found, max_simulations or (METHAEMOGLOBIN_MARCHES if response.methaemoglobin > 0 else SEARCH_MARCHES)
    )


def self_consistent_dose(
    unheated_dose: Floats, endpoint_dose_at: Callable[[Floats], Floats], max_simulations: int = SEARCH_MARCHES
) -> Floats:
    """Return the dose whose own response reaches an endpoint at that very dose, in the shape of `unheated_dose`, J/m².

    It is the zero of ln(dose of the endpoint by the response) - ln(dose), approximated by secant steps; the last step
    is not verified.

    Parameters
    ----------
    unheated_dose : dose of the endpoint with unheated blood; where that is inf, so is the result.
    endpoint_dose_at : function from a dose to the dose of the endpoint by the response that is valid at that dose.
    max_simulations : number of calls of `endpoint_dose_at`.
    """
    sought = np.isfinite(unheated_dose) & (unheated_dose > 0)
    log_dose = np.log(FIRST_GUESS * np.where(sought, unheated_dose, 1.0))
    slope, last = np.full(unheated_dose.shape, FIRST_SLOPE), None
    for _ in range(max_simulations):
        found = endpoint_dose_at(np.exp(log_dose))
        usable = sought & np.isfinite(found) & (found > 0)
        missing = np.where(usable, np.log(np.where(usable, found, 1.0)) - log_dose, 0.0)
        if last is not None:
            moved = log_dose - last[0]
            far = np.abs(moved) > 1e-4  # closer doses differ mostly by the tolerance of the search inside `end_at`
            slope = np.where(far, np.clip((missing - last[1]) / np.where(far, moved, 1.0), *SLOPE_RANGE), slope)
        last = log_dose, missing
        log_dose = log_dose - missing / slope
    return np.where(sought, np.where(usable, np.exp(log_dose), found), unheated_dose)
