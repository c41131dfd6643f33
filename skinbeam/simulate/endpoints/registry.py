"""Endpoints of a full-field pulse: the radiant exposure at which each sampled skin reaches them.

Every function takes a `PulseResponse` and returns J/m² for each draw: inf where no dose in the range suffices, 0 where
the endpoint is reached without the beam.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable, unknown_name_error
from skinbeam.model.vocabulary import ENDPOINTS
from skinbeam.simulate.endpoints.melanosomes import is_stress_confined, melanosome_disruption_dose, whitening_dose
from skinbeam.simulate.endpoints.pain import pain_dose
from skinbeam.simulate.endpoints.surface import surface_bubble_dose, surface_distortion_dose, surface_rupture_dose
from skinbeam.simulate.pulse.damage_dose import cell_death_dose, coagulated_zone_dose
from skinbeam.simulate.pulse.locations import basal_layer_response, dermis_cells, papillary_border_response
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.removal.ablation import ablation_onset
from skinbeam.simulate.skins.tissue_kinetics import COAGULATED_WIDTH_M
from skinbeam.simulate.vessels.cuvette import blood_coagulation_dose, blood_vaporisation_dose
from skinbeam.simulate.vessels.purpura import immediate_purpura_dose, purpura_dose
from skinbeam.simulate.vessels.vessel_endpoints import vessel_closure_dose, vessel_rupture_dose

__all__ = ["endpoint_fluence", "endpoint_function"]

Floats = NDArray[np.float64]


def _visible_lesion_dose(response: PulseResponse) -> Floats:
    """Return the dose of the first mark that is visible at 24 h, among those that this release models.

    These are cell death in the basal layer, disrupted melanosomes, pale collagen under a cooled epidermis, and steam.
    If the pulse is too short for the model of melanosomes, and they might be disrupted first, the other marks decide
    nothing.

    Raises
    ------
    NotAvailable : such skins have no epidermis, or melanosomes in a pulse that confines stress.
    """
    first = cell_death_dose(response, basal_layer_response(response))
    for mark_dose in (melanosome_disruption_dose, _collagen_coagulation_dose, surface_bubble_dose):
        try:
            first = np.minimum(first, mark_dose(response))
        except NotAvailable:
            if mark_dose is melanosome_disruption_dose and is_stress_confined(response):
                raise
    return first


def _collagen_coagulation_dose(response: PulseResponse) -> Floats:
    return coagulated_zone_dose(response, dermis_cells(response), COAGULATED_WIDTH_M)


_ENDPOINT_DOSES: Final[Mapping[str, Callable[[PulseResponse], Floats]]] = {
    "epidermal-necrosis": lambda response: cell_death_dose(response, basal_layer_response(response)),
    "dermal-necrosis": lambda response: cell_death_dose(response, papillary_border_response(response)),
    "minimum-visible-lesion": _visible_lesion_dose,
    "vessel-closure": vessel_closure_dose,
    "melanosome-disruption": melanosome_disruption_dose,
    "collagen-coagulation": _collagen_coagulation_dose,
    "blood-coagulation": blood_coagulation_dose,
    "ablation": ablation_onset,
    "purpura": purpura_dose,
    "purpura-immediate": immediate_purpura_dose,
    "vessel-rupture": vessel_rupture_dose,
    "blood-vaporisation": blood_vaporisation_dose,
    "surface-distortion": surface_distortion_dose,
    "surface-bubble": surface_bubble_dose,
    "surface-rupture": surface_rupture_dose,
    "whitening": whitening_dose,
    "pain": pain_dose,
}


def endpoint_fluence(endpoint: str, response: PulseResponse) -> Floats:
    """Return the radiant exposure at which each draw reaches `endpoint`, (sample,), J/m².

    Raises
    ------
    InputError : no such endpoint; the nearest is named.
    NotAvailable : the endpoint is not modelled for such skin, or for such light.
    """
    return endpoint_function(endpoint)(response)


def endpoint_function(endpoint: str, *, field: str = "endpoint") -> Callable[[PulseResponse], Floats]:
    """Return the function that computes the dose of an endpoint; `field` is where its name was read.

    Raises
    ------
    InputError : as `endpoint_fluence`.
    """
    if endpoint not in ENDPOINTS:
        raise unknown_name_error("endpoint", endpoint, ENDPOINTS, field=field)
    return _ENDPOINT_DOSES[endpoint]
