"""Full-field beams that remove skin: heat alone below the onset of ablation, crater and residual damage above it.

Conduction without removal would carry the whole pulse into skin that has left. So a dose that heat alone needs counts
only where it lies below the onset; above it the injury is the crater with the damaged zone below its floor.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.simulate.ends.distortion import vapour_dose
from skinbeam.simulate.ends.endpoints import fluence_for
from skinbeam.simulate.pulse.places import depth_through, depth_through_epidermis, in_cell, layers_of
from skinbeam.simulate.pulse.response import Place, Response
from skinbeam.simulate.removal.ablation import ablate, ablation_onset, injury_dose, profile_width, removes
from skinbeam.simulate.skins.kinetics import COAGULATED_WIDTH_M
from skinbeam.simulate.skins.observed import Observed
from skinbeam.skin.layers import EPIDERMIS, PAPILLARY_DERMIS
from skinbeam.units import UM

if TYPE_CHECKING:
    pass


__all__ = ["dose_for", "observe_removal"]

Floats = NDArray[np.float64]


def dose_for(endpoint: str, response: Response, beam: Beam) -> Floats:
    """Return the radiant exposure at which each draw reaches `endpoint`, (sample,), J/m², removal included.

    Raises
    ------
    InputError, NotAvailable : as `endpoints.fluence_for`; or what removal does to this endpoint is not judged.
    """
    heat = fluence_for(endpoint, response)
    if endpoint == "ablation" or not removes(beam):
        return heat
    try:
        onset = ablation_onset(response)
    except NotAvailable:
        # What is reached before any water boils is reached in skin that is still there, whatever removes it later.
        if (heat < _boiling_dose(response)).all():
            return heat
        raise
    if endpoint == "minimum-visible-lesion":
        return np.minimum(heat, onset)
    by_heat = heat <= onset
    if by_heat.all():
        return heat
    skins = response.skins
    if endpoint == "epidermal-necrosis":
        injury = injury_dose(skins, beam, depth_through_epidermis(skins))
    elif endpoint == "dermal-necrosis":
        injury = injury_dose(skins, beam, depth_through(skins, PAPILLARY_DERMIS))
    elif endpoint == "collagen-coagulation":
        # The zone below the floor is widest where removal begins: it is wide enough just above the onset, or never.
        injury = np.where(ablate(skins, beam, 1.001 * onset).residual >= COAGULATED_WIDTH_M, onset, np.inf)
    else:
        raise NotAvailable(text("endpoint.below-a-crater", {"endpoint": endpoint}))
    return np.where(by_heat, heat, np.maximum(onset, injury))


def observe_removal(seen: Observed, response: Response, beam: Beam | None, fluence_J_m2: float) -> None:
    """Enter crater and residual damage, and mend what the heat model says of skin that has left."""
    skins = response.skins
    depth, residual, width = "ablation.depth_um", "ablation.residual_damage_um", "ablation.width_um"
    none = np.zeros(skins.sizes["sample"])
    seen.update({depth: none, residual: none, width: none})
    if beam is None or not removes(beam):
        return
    try:
        done = ablate(skins, beam, fluence_J_m2)
    except NotAvailable as error:
        if (fluence_J_m2 < _boiling_dose(response)).all():
            return
        # Whether skin leaves is not known, so neither is what it leaves behind.
        seen.update(dict.fromkeys((depth, residual, width), Unknown(error.reason)))
        _lose(seen, np.ones(none.size, dtype=bool))
        seen.update({name: Unknown(error.reason) for name in _INJURY if name in seen})
        return
    gone = done.depth > 0
    if not gone.any():
        return
    across = profile_width(beam, np.full(none.size, fluence_J_m2), ablation_onset(response))
    seen.update({depth: done.depth / UM, residual: done.residual / UM, width: np.where(gone, across, 0.0) / UM})
    _lose(seen, gone)
    injury = done.depth + done.residual
    coagulated, dead = seen["damage.coagulation_depth_um"], seen["damage.epidermis_fraction"]
    wide = seen["damage.coagulation_width_um"]
    if not isinstance(coagulated, Unknown):
        seen["damage.coagulation_depth_um"] = np.where(gone, injury / UM, coagulated)
    if not isinstance(wide, Unknown):
        # Where skin leaves there is coagulation below; around it heat alone decides, as everywhere.
        seen["damage.coagulation_width_um"] = np.where(gone, np.maximum(wide, across / UM), wide)
    if not isinstance(dead, Unknown):
        bottom = depth_through_epidermis(skins)
        epidermis = layers_of(skins, EPIDERMIS)
        thickness = np.asarray(skins["thickness_m"].values, dtype=np.float64)[:, epidermis].sum(axis=1)
        share = np.clip((injury - (bottom - thickness)) / thickness, 0.0, 1.0)
        seen["damage.epidermis_fraction"] = np.where(gone, share, dead)


_INJURY = ("damage.epidermis_fraction", "damage.coagulation_depth_um", "damage.coagulation_width_um")


def _lose(seen: Observed, gone: NDArray[np.bool_]) -> None:
    """Make temperatures, contours and all that is known of vessels NaN where skin leaves: what lies below is not
    followed."""
    for name, values in seen.items():
        if isinstance(values, Unknown) or not (name.startswith(_BELOW) or name in _TEMPERATURES):
            continue
        lost = gone if values.ndim == 1 else gone[:, None]
        seen[name] = np.where(lost, np.nan, values)


_BELOW = ("vessels.", "damage.contours.")
_TEMPERATURES = ("temperature_C.surface_peak", "temperature_C.basal_peak")


def _boiling_dose(response: Response) -> Floats:
    """Dose at which vapour begins to form at any depth, (sample,), J/m²: no skin leaves at a lower one."""
    surface = Place(response.surface_base_K, response.surface_unit_K)
    return vapour_dose(response, [surface, *(in_cell(response, cell) for cell in range(response.grid.layer.size))])
