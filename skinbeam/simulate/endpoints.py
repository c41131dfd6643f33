"""Endpoints of a full-field pulse: the radiant exposure at which each sampled skin reaches them.

Every function takes a `Response` and returns J/m² for each draw: inf where no dose in the range does, 0 where the
surroundings alone do. What this release cannot judge says why in `UNJUDGED`.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable, unknown_name
from skinbeam.messages import text
from skinbeam.physics.damage import Kinetics, dose_for_unit_omega
from skinbeam.physics.melanosome import heat_kept, in_range, nucleation, threshold_exposure
from skinbeam.simulate.ablation import ablation_onset, spread
from skinbeam.simulate.damage_model import BLOOD, CELL_DEATH, COLLAGEN, WALL, repeated, sampled_kinetics
from skinbeam.simulate.pulse import Illumination, Place, Response
from skinbeam.simulate.vessels import VesselResponse, respond_vessels
from skinbeam.skin.properties import melanosome_mua
from skinbeam.units import J_CM2, UM, ZERO_CELSIUS_K

__all__ = [
    "DOSE_RANGE_J_M2",
    "ENDPOINTS",
    "basal_layer",
    "cell_death_dose",
    "closure_dose",
    "fluence_for",
    "named_endpoint",
    "papillary_bottom",
    "zone_dose",
]

Floats = NDArray[np.float64]

DOSE_RANGE_J_M2: Final = (0.01 * J_CM2, 1000.0 * J_CM2)
NO_COLLAGEN = ("stratum corneum", "living epidermis", "epidermis", "fat", "blood", "water", "melanosome", "phantom")
EPIDERMIS = ("living epidermis", "epidermis")
DARK_1_M = 1e-200  # where no light arrives the dose is beyond any range
COAGULATED_WIDTH_M = 20 * UM  # a zone that histology calls coagulated (interface: collagen-coagulation)


def basal_layer(response: Response) -> Place:
    """Return the temperature at the lower border of the epidermis, where its basal cells stand.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    return response.below_cell(_deepest(response, EPIDERMIS, "no-epidermis"))


def papillary_bottom(response: Response) -> Place:
    """Return the temperature at the lower border of the papillary dermis.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    return response.below_cell(_deepest(response, ("papillary dermis",), "no-papillary-dermis"))


def _deepest(response: Response, names: tuple[str, ...], otherwise: str) -> int:
    layers = response.layers
    for name in names:
        if name in layers:
            return response.grid.last_cell_of(layers.index(name))
    raise NotAvailable(text(f"endpoint.{otherwise}"))


def cell_death_dose(response: Response, place: Place, *, target: float = 1.0) -> Floats:
    """Return the dose at which Ω of cell death reaches `target` at a place, (sample,), J/m²."""
    return _dose(response, place, sampled_kinetics(CELL_DEATH, response.skins), target)


def _in_cell(response: Response, cell: int) -> Place:
    return Place(response.base_K[:, :, cell], response.unit_K[:, :, cell])


def _dose(response: Response, place: Place, processes: Kinetics, target: float = 1.0) -> Floats:
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


def zone_dose(response: Response, cells: NDArray[np.int64], width_m: float) -> Floats:
    """Return the dose at which Ω of collagen is 1 over `width_m` of depth in all, (sample,), J/m²."""
    processes = sampled_kinetics(COLLAGEN, response.skins)
    doses = np.stack([_dose(response, _in_cell(response, int(cell)), processes) for cell in cells], axis=1)
    order = np.argsort(doses, axis=1)
    covered = np.cumsum(np.take_along_axis(response.grid.widths[:, cells], order, axis=1), axis=1)
    reached = np.argmax(covered >= width_m, axis=1)
    result: Floats = np.take_along_axis(np.take_along_axis(doses, order, axis=1), reached[:, None], axis=1)[:, 0]
    return np.where(covered[:, -1] >= width_m, result, np.inf)


def closure_dose(response: Response, vessels: VesselResponse) -> Floats:
    """Return the dose that closes each vessel, (sample, vessel), J/m².

    Closure needs blood coagulated out to the edge of the lumen, and the wall damaged.
    """
    return np.maximum(
        _vessel_dose(response, vessels, vessels.edge, BLOOD), _vessel_dose(response, vessels, vessels.wall, WALL)
    )


def _vessel_dose(response: Response, vessels: VesselResponse, unit: Floats, name: str) -> Floats:
    low, high = DOSE_RANGE_J_M2
    flat = (-1, unit.shape[-1])
    dose = dose_for_unit_omega(
        vessels.base.reshape(flat),
        unit.reshape(flat),
        response.schedule.step_s,
        repeated(sampled_kinetics(name, response.skins), vessels.count),
        low=low,
        high=high,
    )
    return dose.reshape(-1, vessels.count)


def _vessel_closure(response: Response) -> Floats:
    """Of the first vessel: with several given, the interface asks for the first."""
    vessels = respond_vessels(response)
    if vessels is None:
        raise NotAvailable(text("endpoint.no-vessel"))
    return closure_dose(response, vessels)[:, 0]


def _melanosome_disruption(response: Response) -> Floats:
    lit = response.lit
    assert lit is not None  # an endpoint is asked with a beam
    pulse_s = response.schedule.pulse_s
    if not bool(in_range(pulse_s)):
        raise NotAvailable(text("endpoint.melanosome-pulse"))
    if response.skins.attrs["preset"] == "melanosome":
        return _isolated_melanosome(response, lit)
    # Half of the melanosomes lie above the middle of the epidermis, half below, and light falls with depth.
    cell = _middle_of_epidermis(response)
    heat = response.heat
    layer = int(response.grid.layer[cell])
    capacity, conductivity = heat.heat_capacity_vol[:, layer], heat.conductivity[:, layer]
    diameter = np.asarray(response.skins["melanosome_diameter_m"].values, dtype=np.float64)
    kept = heat_kept(pulse_s, diameter, conductivity / capacity)
    kind = response.skins.attrs["melanosome"]
    inside = np.sum(
        [
            line.share * line.light.fluence_rate_ratio[:, cell] * melanosome_mua(line.wavelength_nm, kind)
            for line in lit.lines
        ],
        axis=0,
    )
    dose = threshold_exposure(
        nucleation_K=spread(nucleation("cutaneous_C"), response.skins, "nucleation_shift") + ZERO_CELSIUS_K,
        start_K=response.base_K[:, _onset(response), cell],
        heat_capacity_vol=capacity,
        mua=np.maximum(inside, DARK_1_M),
        fluence_ratio=1.0,
        kept=kept,
    )
    if "melanosome_fraction" not in response.skins:
        return dose
    # Skin without melanosomes has none to break.
    return np.where(response.skins["melanosome_fraction"].values[:, layer] > 0, dose, np.inf)


def _isolated_melanosome(response: Response, lit: Illumination) -> Floats:
    """One melanosome in water, in the light that falls on the dish."""
    capacity = nucleation("heat_capacity_J_m3K").value
    diffusivity = response.heat.conductivity[:, 0] / response.heat.heat_capacity_vol[:, 0]
    diameter = np.asarray(response.skins["melanosome_diameter_m"].values, dtype=np.float64)
    kind = response.skins.attrs["melanosome"]
    return threshold_exposure(
        nucleation_K=spread(nucleation("isolated_C"), response.skins, "nucleation_shift") + ZERO_CELSIUS_K,
        start_K=response.base_K[:, _onset(response), 0],
        heat_capacity_vol=capacity,
        mua=sum(line.share * melanosome_mua(line.wavelength_nm, kind) for line in lit.lines),
        fluence_ratio=1.0,
        kept=heat_kept(response.schedule.pulse_s, diameter, diffusivity),
    )


def _middle_of_epidermis(response: Response) -> int:
    """Index of the cell that half of the epidermis lies above."""
    layer = int(response.grid.layer[_deepest(response, EPIDERMIS, "no-epidermis")])
    cells = np.flatnonzero(response.grid.layer == layer)
    above = np.cumsum(np.median(response.grid.widths[:, cells], axis=0))
    return int(cells[np.searchsorted(above, above[-1] / 2)])


def _visible_lesion(response: Response) -> Floats:
    """The first of the marks at 24 h that this release can judge: burnt epidermis, or broken melanosomes."""
    burn = cell_death_dose(response, basal_layer(response))
    try:
        return np.minimum(burn, _melanosome_disruption(response))
    except NotAvailable:
        return burn


def _onset(response: Response) -> int:
    """Index of the time at which the first pulse begins."""
    return int(np.argmax(response.schedule.power_on > 0))


def _collagen_coagulation(response: Response) -> Floats:
    dermis = [index for index, name in enumerate(response.layers) if name not in NO_COLLAGEN]
    if not dermis:
        raise NotAvailable(text("endpoint.no-dermis"))
    return zone_dose(response, np.flatnonzero(np.isin(response.grid.layer, dermis)), COAGULATED_WIDTH_M)


def _blood_coagulation(response: Response) -> Floats:
    if "blood" not in response.layers:
        raise NotAvailable(text("endpoint.blood-in-a-cuvette"))
    cells = np.flatnonzero(response.grid.layer == response.layers.index("blood"))
    processes = sampled_kinetics(BLOOD, response.skins)
    doses: Floats = np.min([_dose(response, _in_cell(response, int(cell)), processes) for cell in cells], axis=0)
    return doses


ENDPOINTS: Final[Mapping[str, Callable[[Response], Floats] | str]] = {
    "epidermal-necrosis": lambda response: cell_death_dose(response, basal_layer(response)),
    "dermal-necrosis": lambda response: cell_death_dose(response, papillary_bottom(response)),
    "minimum-visible-lesion": _visible_lesion,
    "vessel-closure": _vessel_closure,
    "melanosome-disruption": _melanosome_disruption,
    "collagen-coagulation": _collagen_coagulation,
    "blood-coagulation": _blood_coagulation,
    "ablation": ablation_onset,
    "surface-distortion": "endpoint.surface-distortion",
    "surface-bubble": "endpoint.surface-bubble",
    "purpura": "endpoint.purpura",
    "purpura-immediate": "endpoint.purpura",
    "vessel-rupture": "endpoint.purpura",
    "blood-vaporisation": "endpoint.blood-vaporisation",
    "whitening": "endpoint.whitening",
    "pain": "endpoint.pain",
}


def fluence_for(endpoint: str, response: Response) -> Floats:
    """Return the radiant exposure at which each draw reaches `endpoint`, (sample,), J/m².

    Raises
    ------
    InputError : no such endpoint; the nearest is named.
    NotAvailable : the model cannot judge it, on such skin or at all.
    """
    judge = named_endpoint(endpoint)
    return judge(response)


def named_endpoint(endpoint: str) -> Callable[[Response], Floats]:
    """Return the function of an endpoint.

    Raises
    ------
    InputError, NotAvailable : as `fluence_for`.
    """
    if endpoint not in ENDPOINTS:
        error: InputError = unknown_name("endpoint", endpoint, ENDPOINTS, field="--endpoint")
        raise error
    judge = ENDPOINTS[endpoint]
    if isinstance(judge, str):
        raise NotAvailable(text(judge))
    return judge
