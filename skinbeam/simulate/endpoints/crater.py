"""Full-field beams that remove skin: heat alone below the onset of ablation, crater and residual damage above it.

Conduction without removal would carry the whole pulse into skin that has been ablated. A dose computed from heat alone
is therefore valid only below the onset; above it the injury is the crater with the damaged zone below its floor.
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import UM
from skinbeam.simulate.endpoints.registry import endpoint_fluence
from skinbeam.simulate.endpoints.surface import vapour_dose
from skinbeam.simulate.pulse.locations import cell_response, epidermis_bottom_m, layer_bottom_m, tissue_layer_indices
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.removal.ablation import ablate, ablation_onset, injury_dose, is_ablative, profile_width
from skinbeam.simulate.skins.ensemble import SampledQuantities, is_peak_temperature
from skinbeam.simulate.skins.tissue_kinetics import COAGULATED_WIDTH_M
from skinbeam.skin.layers import EPIDERMIS, PAPILLARY_DERMIS
from skinbeam.text import render_message

__all__ = ["add_removal_quantities", "endpoint_fluence_with_removal"]

Floats = NDArray[np.float64]


def endpoint_fluence_with_removal(endpoint: str, response: PulseResponse, beam: Beam) -> Floats:
    """Return the radiant exposure at which each draw reaches `endpoint`, (sample,), J/m², including removal of tissue.

    Raises
    ------
    InputError, NotAvailable : as `endpoint_fluence`; or the effect of removal on this endpoint is not modelled.
    """
    heat = endpoint_fluence(endpoint, response)
    if endpoint == "ablation" or not is_ablative(beam):
        return heat
    try:
        onset = ablation_onset(response)
    except NotAvailable:
        # An endpoint that is reached before any water boils is reached in skin that has not been removed yet.
        if (heat < _first_boiling_dose(response)).all():
            return heat
        raise
    if endpoint == "minimum-visible-lesion":
        return np.minimum(heat, onset)
    by_heat = heat <= onset
    if by_heat.all():
        return heat
    skins = response.skins
    if endpoint == "epidermal-necrosis":
        injury = injury_dose(skins, beam, epidermis_bottom_m(skins))
    elif endpoint == "dermal-necrosis":
        injury = injury_dose(skins, beam, layer_bottom_m(skins, PAPILLARY_DERMIS))
    elif endpoint == "collagen-coagulation":
        # The zone below the floor is widest at the onset of removal: it is wide enough just above the onset, or never.
        injury = np.where(ablate(skins, beam, 1.001 * onset).residual_damage_m >= COAGULATED_WIDTH_M, onset, np.inf)
    else:
        raise NotAvailable(render_message("endpoint.below-a-crater", {"endpoint": endpoint}))
    return np.where(by_heat, heat, np.maximum(onset, injury))


def add_removal_quantities(
    quantities: SampledQuantities, response: PulseResponse, beam: Beam | None, fluence_J_m2: float
) -> None:
    """Add crater and residual damage, and correct the quantities of the heat model where skin has been removed."""
    skins = response.skins
    depth, residual, width = "ablation.depth_um", "ablation.residual_damage_um", "ablation.width_um"
    none = np.zeros(skins.count)
    quantities.update({depth: none, residual: none, width: none})
    if beam is None or not is_ablative(beam):
        return
    try:
        done = ablate(skins, beam, fluence_J_m2)
    except NotAvailable as error:
        if (fluence_J_m2 < _first_boiling_dose(response)).all():
            return
        # It is not known whether skin is removed, so the damage below is not known either.
        quantities.update(dict.fromkeys((depth, residual, width), Unknown(error.reason)))
        _blank_removed_skin(quantities, np.ones(none.size, dtype=bool))
        quantities.update({name: Unknown(error.reason) for name in _INJURY if name in quantities})
        return
    gone = done.depth_m > 0
    if not gone.any():
        return
    across = profile_width(beam, np.full(none.size, fluence_J_m2), ablation_onset(response))
    quantities.update(
        {depth: done.depth_m / UM, residual: done.residual_damage_m / UM, width: np.where(gone, across, 0.0) / UM}
    )
    _blank_removed_skin(quantities, gone)
    injury = done.depth_m + done.residual_damage_m
    coagulated, dead = quantities["damage.coagulation_depth_um"], quantities["damage.epidermis_fraction"]
    wide = quantities["damage.coagulation_width_um"]
    if not isinstance(coagulated, Unknown):
        quantities["damage.coagulation_depth_um"] = np.where(gone, injury / UM, coagulated)
    if not isinstance(wide, Unknown):
        # Where skin is removed there is coagulation below the crater; around it heat alone decides, as everywhere.
        quantities["damage.coagulation_width_um"] = np.where(gone, np.maximum(wide, across / UM), wide)
    if not isinstance(dead, Unknown):
        bottom = epidermis_bottom_m(skins)
        epidermis = tissue_layer_indices(skins, EPIDERMIS)
        thickness = skins["thickness_m"][:, epidermis].sum(axis=1)
        share = np.clip((injury - (bottom - thickness)) / thickness, 0.0, 1.0)
        quantities["damage.epidermis_fraction"] = np.where(gone, share, dead)


_INJURY = ("damage.epidermis_fraction", "damage.coagulation_depth_um", "damage.coagulation_width_um")


def _blank_removed_skin(quantities: SampledQuantities, removed: NDArray[np.bool_]) -> None:
    """Set temperatures, contours and all quantities of vessels to NaN where skin is removed.

    The model does not follow the tissue below the crater.
    """
    for name, values in quantities.items():
        if isinstance(values, Unknown) or not (name.startswith(_BELOW_SURFACE) or is_peak_temperature(name)):
            continue
        lost = removed if values.ndim == 1 else removed[:, None]
        quantities[name] = np.where(lost, np.nan, values)


_BELOW_SURFACE = ("vessels.", "damage.contours.")


def _first_boiling_dose(response: PulseResponse) -> Floats:
    """Return the dose at which vapour begins to form at any depth, (sample,), J/m²; no skin is removed below it."""
    surface = LocalResponse(response.surface_base_K, response.surface_unit_K)
    return vapour_dose(
        response, [surface, *(cell_response(response, cell) for cell in range(response.grid.layer.size))]
    )
