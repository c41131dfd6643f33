"""Compute every quantity of one pulse for each sampled skin, as arrays keyed by the names of the output document."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import MM, UM, ZERO_CELSIUS_K
from skinbeam.physics.damage.arrhenius import omega, surviving_fraction
from skinbeam.physics.targets.vessel import lumen_cells
from skinbeam.simulate.endpoints.crater import add_removal_quantities
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.light.lighting import fluence_between_depths
from skinbeam.simulate.pulse.damage_dose import damage_dose
from skinbeam.simulate.pulse.locations import basal_layer_response, tissue_layer_indices
from skinbeam.simulate.pulse.nonlinear_response import response_at_dose
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.removal.ablation import dryness_C, profile_width
from skinbeam.simulate.skins.ensemble import SampledQuantities, value_or_unknown
from skinbeam.simulate.skins.tissue_kinetics import (
    BLOOD_KINETICS,
    CELL_DEATH_KINETICS,
    COLLAGEN_KINETICS,
    WALL_KINETICS,
    sample_kinetics,
)
from skinbeam.simulate.vessels.cuvette import cuvette_at_dose
from skinbeam.simulate.vessels.heated_blood import unheated_reason, vessels_at_dose
from skinbeam.simulate.vessels.vessel_endpoints import is_vessel_closed, rupture_dose, vessel_omega
from skinbeam.simulate.vessels.vessel_response import VesselResponse, simulate_vessels
from skinbeam.skin.layers import EPIDERMIS
from skinbeam.text import render_message

__all__ = ["CONTOURS", "VESSEL_DAMAGE", "pulse_quantities"]

Floats = NDArray[np.float64]

LIGHT_BINS_M, LIGHT_BINS = (0.05 * UM, 60 * MM), 140  # a tenth of their depth wide
TINY_OMEGA = 1e-300
CONTOURS = {"0.1": 0.1, "1": 1.0, "10": 10.0}  # Ω of collagen, by the names of the interface
# Coagulation of blood is also reported with the kinetics of the vessel wall, because those of blood are not verified.
VESSEL_DAMAGE = (
    "coagulated_fraction",
    "coagulated_fraction_agah",
    "wall_damaged_fraction",
    "p_closed",
    "p_closed_agah",
    "p_ruptured",
)
SECTION_DIRECTIONS = 5  # from the axis of a vessel, over a half circle, at which its section is evaluated
_VESSEL_QUANTITIES = ("lumen_peak", "wall_peak", *VESSEL_DAMAGE)


def pulse_quantities(response: PulseResponse, beam: Beam | None, fluence_J_m2: float) -> SampledQuantities:
    """Return every quantity of the pulse, (sample,) or (sample, vessel), or the reason why it is unknown.

    Keys are dotted names of `skinbeam.simulate/1`; those of vessels begin with `vessels.`.
    """
    skins = response.skins
    seen: SampledQuantities = {}
    heated = response_at_dose(cuvette_at_dose(response, fluence_J_m2), fluence_J_m2)
    surface = heated.surface_base_K - ZERO_CELSIUS_K
    seen["temperature_C.surface_peak"] = surface.max(axis=1)
    seen["temperature_C.surface_minimum"] = surface.min(axis=1)
    seen["temperature_C.basal_peak"] = value_or_unknown(lambda: _peak_temperature(basal_layer_response(heated)))
    _add_light(seen, response)
    _add_tissue(seen, response, heated.base_K, beam, fluence_J_m2)
    _add_vessels(seen, response, fluence_J_m2)
    seen["damage.p_melanosome_disrupted"] = (
        value_or_unknown(
            lambda: (endpoint_fluence("melanosome-disruption", response) <= fluence_J_m2).astype(np.float64)
        )
        if beam is not None
        else Unknown(render_message("not-apply.no-beam"))
    )
    # Tissue chars only after its water has boiled off: no draw chars if the heat does not suffice for that at the
    # surface.
    unboiled = response.surface_base_K + fluence_J_m2 * response.surface_unit_K - ZERO_CELSIUS_K
    cold = bool(np.all(unboiled.max(axis=1) < dryness_C(skins)))
    add_removal_quantities(seen, response, beam, fluence_J_m2)
    crater = seen["ablation.depth_um"]
    cold &= isinstance(crater, Unknown) or not crater.any()
    seen["ablation.p_char"] = np.zeros(skins.count) if cold else Unknown(render_message("not-apply.char"))
    return seen


def _peak_temperature(place: LocalResponse) -> Floats:
    peak: Floats = place.base_K.max(axis=1) - ZERO_CELSIUS_K
    return peak


def _add_light(quantities: SampledQuantities, response: PulseResponse) -> None:
    lit, absorbed = response.illumination, [f"absorbed.{index}" for index in range(len(response.layers))]
    names = ("reflectance", "fluence_rate_ratio_peak", "penetration_depth_um", *absorbed)
    if lit is None:
        quantities.update({f"light.{name}": Unknown(render_message("not-apply.no-beam")) for name in names})
        return
    # Light has its own depth bins: the cells of the heat grid blur absorption within a micrometre, and end before red
    # light does.
    edges = np.concatenate([[0.0], np.geomspace(*LIGHT_BINS_M, LIGHT_BINS)])
    middle = (edges[:-1] + edges[1:]) / 2
    wide = [np.ones_like(middle)] * len(lit.spectral_lines)
    left: list[Floats] = wide if lit.spot_shares is None else [share.at(middle) for share in lit.spot_shares]
    lines = [
        line.energy_share * of_spot * fluence_between_depths(response.skins, line.optics, edges).fluence_rate_ratio
        for line, of_spot in zip(lit.spectral_lines, left, strict=True)
    ]
    ratio: Floats = np.sum(lines, axis=0)
    quantities["light.reflectance"] = lit.reflectance
    quantities["light.fluence_rate_ratio_peak"] = ratio.max(axis=1)
    quantities["light.penetration_depth_um"] = _one_over_e_depth(ratio, middle) / UM
    for index, name in enumerate(absorbed):
        quantities[f"light.{name}"] = lit.absorbed[:, index]


def _one_over_e_depth(ratio: Floats, depth: Floats) -> Floats:
    """Return the depth below which the fluence rate stays under 1/e of its peak, (sample,), m; inf beyond the bins."""
    floor = ratio.max(axis=1, keepdims=True) / np.e
    above = ratio >= floor
    last = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    return _crossing_depth(np.broadcast_to(depth, ratio.shape), np.log(np.maximum(ratio, TINY_OMEGA) / floor), last)


def _crossing_depth(depth: Floats, log_ratio: Floats, last: NDArray[np.int64]) -> Floats:
    """Return the depth at which a logarithm crosses 0 between cell `last` and the next; inf if there is no next cell.

    The logarithm is linear between the two.
    """
    row, below = np.arange(len(depth)), np.minimum(last + 1, depth.shape[1] - 1)
    high, low = log_ratio[row, last], log_ratio[row, below]
    share = high / np.where(high > low, high - low, 1.0)
    inside = depth[row, last] + np.clip(share, 0.0, 1.0) * (depth[row, below] - depth[row, last])
    return np.where(below > last, inside, np.inf)


def _add_tissue(
    quantities: SampledQuantities, response: PulseResponse, history: Floats, beam: Beam | None, fluence_J_m2: float
) -> None:
    cells = np.flatnonzero(np.isin(response.grid.layer, tissue_layer_indices(response.skins, EPIDERMIS)))
    if cells.size == 0:
        quantities["damage.epidermis_fraction"] = Unknown(render_message("not-apply.no-epidermis"))
    else:
        dead = 1 - surviving_fraction(
            omega(history[:, :, cells], response.schedule.step_s, sample_kinetics(CELL_DEATH_KINETICS, response.skins))
        )
        width = response.grid.widths[:, cells]
        quantities["damage.epidermis_fraction"] = (dead * width).sum(axis=1) / width.sum(axis=1)
    damage = omega(history, response.schedule.step_s, sample_kinetics(COLLAGEN_KINETICS, response.skins))
    for name, level in CONTOURS.items():
        _add_contour(quantities, f"damage.contours.{name}", response, damage, level, beam, fluence_J_m2)
    quantities["damage.coagulation_depth_um"] = quantities["damage.contours.1.depth_um"]
    quantities["damage.coagulation_width_um"] = quantities["damage.contours.1.width_um"]


def _add_contour(
    quantities: SampledQuantities,
    name: str,
    response: PulseResponse,
    damage: Floats,
    level: float,
    beam: Beam | None,
    fluence_J_m2: float,
) -> None:
    """Add the depth and the width that damage of at least `level` reaches."""
    inside = damage >= level
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    border = np.minimum(
        _crossing_depth(response.grid.centres, np.log(np.maximum(damage / level, TINY_OMEGA)), last),
        response.grid.faces[:, -1],
    )
    deepest = np.where(inside.any(axis=1), border, 0.0)
    quantities[f"{name}.depth_um"] = deepest / UM
    if not inside.any():
        quantities[f"{name}.width_um"] = np.zeros_like(deepest)
    elif beam is None:
        quantities[f"{name}.width_um"] = Unknown(render_message("not-apply.width"))
    else:
        least = _least_dose(response, damage, level)
        width = profile_width(beam, np.full(len(least), fluence_J_m2), least) / UM
        quantities[f"{name}.width_um"] = np.where(inside.any(axis=1), width, 0.0)


def _least_dose(response: PulseResponse, damage: Floats, level: float) -> Floats:
    """Return the dose that brings Ω to `level` at the depth where Ω is greatest, (sample,), J/m².

    A lower dose reaches the level nowhere else, or nearly nowhere.
    """
    row, worst = np.arange(len(damage)), damage.argmax(axis=1)
    place = LocalResponse(response.base_K[row, :, worst], response.unit_K[row, :, worst])
    return damage_dose(response, place, sample_kinetics(COLLAGEN_KINETICS, response.skins), level)


def _add_vessels(quantities: SampledQuantities, response: PulseResponse, fluence_J_m2: float) -> None:
    vessels = vessels_at_dose(response, fluence_J_m2)
    if vessels is None:
        return
    closed = [
        is_vessel_closed(response, vessels, fluence_J_m2, blood).astype(np.float64)
        for blood in (BLOOD_KINETICS, WALL_KINETICS)
    ]
    # For comparison: the same with blood whose absorption does not rise as it heats.
    unheated = simulate_vessels(response)
    assert unheated is not None  # as there are vessels that heat
    quantities["vessels.lumen_peak_unheated"] = unheated_reason(response) or _hottest_lumen(unheated, fluence_J_m2)
    values = (
        _hottest_lumen(vessels, fluence_J_m2),
        (vessels.base + fluence_J_m2 * vessels.wall_at(1.0)).max(axis=-1) - ZERO_CELSIUS_K,
        _coagulated_share(response, vessels, fluence_J_m2, BLOOD_KINETICS),
        _coagulated_share(response, vessels, fluence_J_m2, WALL_KINETICS),
        _damaged_wall_share(response, vessels, fluence_J_m2),
        *closed,
        (rupture_dose(response, vessels) <= fluence_J_m2).astype(np.float64),
    )
    quantities.update({f"vessels.{name}": value for name, value in zip(_VESSEL_QUANTITIES, values, strict=True)})


def _hottest_lumen(vessels: VesselResponse, fluence_J_m2: float) -> Floats:
    """Return the highest temperature in each lumen, (sample, vessel), °C."""
    return np.asarray((vessels.base[:, :, None] + fluence_J_m2 * vessels.hottest).max(axis=(2, 3)) - ZERO_CELSIUS_K)


def _coagulated_share(response: PulseResponse, vessels: VesselResponse, fluence_J_m2: float, blood: str) -> Floats:
    """Return the share of the cross-section in which blood is coagulated, (sample, vessel)."""
    _, area = lumen_cells()
    parts = []
    for towards, share in _section_directions(vessels):
        cells = vessels.section(towards)[:, :, :-1]
        parts.append(
            share * ((1 - surviving_fraction(vessel_omega(response, vessels, cells, fluence_J_m2, blood))) @ area)
        )
    return np.asarray(np.sum(parts, axis=0))


def _damaged_wall_share(response: PulseResponse, vessels: VesselResponse, fluence_J_m2: float) -> Floats:
    """Return the share of the wall that is damaged, (sample, vessel)."""
    parts = [
        share
        * (
            1
            - surviving_fraction(vessel_omega(response, vessels, vessels.wall_at(towards), fluence_J_m2, WALL_KINETICS))
        )
        for towards, share in _section_directions(vessels)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _section_directions(vessels: VesselResponse) -> list[tuple[float, float]]:
    """Return cosines of directions from the axis, evenly over a half circle, and the share of the section of each."""
    if vessels.side_excess is None:
        return [(0.0, 1.0)]
    step = 1.0 / (SECTION_DIRECTIONS - 1)
    ends = (0, SECTION_DIRECTIONS - 1)
    return [(float(np.cos(np.pi * i * step)), step / 2 if i in ends else step) for i in range(SECTION_DIRECTIONS)]
