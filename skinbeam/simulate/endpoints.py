"""Endpoints of a full-field pulse: the radiant exposure at which each sampled skin reaches them.

Every function takes a `Response` and returns J/m² for each draw: inf where no dose in the range does, 0 where the
surroundings alone do. What cannot be judged has the key of its reason in place of a function.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable, unknown_name
from skinbeam.messages import text
from skinbeam.simulate.ablation import ablation_onset
from skinbeam.simulate.damage_model import BLOOD, sampled_kinetics
from skinbeam.simulate.dose_search import cell_death_dose, dose_at, zone_dose
from skinbeam.simulate.pigment_ends import melanosome_disruption, whitening
from skinbeam.simulate.places import basal_layer, dermis_cells, in_cell, papillary_bottom
from skinbeam.simulate.pulse import Response
from skinbeam.simulate.vessel_ends import vessel_closure
from skinbeam.units import UM

__all__ = ["COAGULATED_WIDTH_M", "ENDPOINTS", "fluence_for", "named_endpoint"]

Floats = NDArray[np.float64]

COAGULATED_WIDTH_M: Final = 20 * UM  # a zone that histology calls coagulated (interface: collagen-coagulation)


def _visible_lesion(response: Response) -> Floats:
    """The first of the marks at 24 h that this release can judge: burnt epidermis, or broken melanosomes."""
    burn = cell_death_dose(response, basal_layer(response))
    try:
        return np.minimum(burn, melanosome_disruption(response))
    except NotAvailable:
        return burn


def _collagen_coagulation(response: Response) -> Floats:
    return zone_dose(response, dermis_cells(response), COAGULATED_WIDTH_M)


def _blood_coagulation(response: Response) -> Floats:
    if "blood" not in response.layers:
        raise NotAvailable(text("endpoint.blood-in-a-cuvette"))
    cells = np.flatnonzero(response.grid.layer == response.layers.index("blood"))
    processes = sampled_kinetics(BLOOD, response.skins)
    doses: Floats = np.min([dose_at(response, in_cell(response, int(cell)), processes) for cell in cells], axis=0)
    return doses


ENDPOINTS: Final[Mapping[str, Callable[[Response], Floats] | str]] = {
    "epidermal-necrosis": lambda response: cell_death_dose(response, basal_layer(response)),
    "dermal-necrosis": lambda response: cell_death_dose(response, papillary_bottom(response)),
    "minimum-visible-lesion": _visible_lesion,
    "vessel-closure": vessel_closure,
    "melanosome-disruption": melanosome_disruption,
    "collagen-coagulation": _collagen_coagulation,
    "blood-coagulation": _blood_coagulation,
    "ablation": ablation_onset,
    "surface-distortion": "endpoint.surface-distortion",
    "surface-bubble": "endpoint.surface-bubble",
    "purpura": "endpoint.purpura",
    "purpura-immediate": "endpoint.purpura",
    "vessel-rupture": "endpoint.purpura",
    "blood-vaporisation": "endpoint.blood-vaporisation",
    "whitening": whitening,
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
