"""Endpoints of a full-field pulse: the radiant exposure at which each sampled skin reaches them.

Every function takes a `Response` and returns J/m² for each draw: inf where no dose in the range does, 0 where the
surroundings alone do.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable, unknown_name
from skinbeam.schema.names import ENDPOINTS
from skinbeam.simulate.ends.blood import blood_coagulation, blood_vaporisation
from skinbeam.simulate.ends.distortion import surface_bubble, surface_distortion
from skinbeam.simulate.ends.melanosomes import melanosome_disruption, stress_is_confined, whitening
from skinbeam.simulate.ends.pain import pain
from skinbeam.simulate.ends.rupture import surface_rupture
from skinbeam.simulate.pulse.dose import cell_death_dose, zone_dose
from skinbeam.simulate.pulse.places import basal_layer, dermis_cells, papillary_bottom
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.removal.ablation import ablation_onset
from skinbeam.simulate.skins.kinetics import COAGULATED_WIDTH_M
from skinbeam.simulate.vessels.ends import vessel_closure, vessel_rupture
from skinbeam.simulate.vessels.purpura import purpura, purpura_at_once

__all__ = ["fluence_for", "named_endpoint"]

Floats = NDArray[np.float64]


def _visible_lesion(response: Response) -> Floats:
    """The first of the marks at 24 h that this release can judge.

    Cell death in the basal layer, broken melanosomes, pale collagen under an epidermis that was kept cold, or steam.
    Where a pulse too short for its melanosomes to be judged may break them first, the others say nothing.

    Raises
    ------
    NotAvailable : such skins have no epidermis, or melanosomes in a pulse that confines stress.
    """
    first = cell_death_dose(response, basal_layer(response))
    for other in (melanosome_disruption, _collagen_coagulation, surface_bubble):
        try:
            first = np.minimum(first, other(response))
        except NotAvailable:
            if other is melanosome_disruption and stress_is_confined(response):
                raise
    return first


def _collagen_coagulation(response: Response) -> Floats:
    return zone_dose(response, dermis_cells(response), COAGULATED_WIDTH_M)


_DOSE_OF: Final[Mapping[str, Callable[[Response], Floats]]] = {
    "epidermal-necrosis": lambda response: cell_death_dose(response, basal_layer(response)),
    "dermal-necrosis": lambda response: cell_death_dose(response, papillary_bottom(response)),
    "minimum-visible-lesion": _visible_lesion,
    "vessel-closure": vessel_closure,
    "melanosome-disruption": melanosome_disruption,
    "collagen-coagulation": _collagen_coagulation,
    "blood-coagulation": blood_coagulation,
    "ablation": ablation_onset,
    "purpura": purpura,
    "purpura-immediate": purpura_at_once,
    "vessel-rupture": vessel_rupture,
    "blood-vaporisation": blood_vaporisation,
    "surface-distortion": surface_distortion,
    "surface-bubble": surface_bubble,
    "surface-rupture": surface_rupture,
    "whitening": whitening,
    "pain": pain,
}


def fluence_for(endpoint: str, response: Response) -> Floats:
    """Return the radiant exposure at which each draw reaches `endpoint`, (sample,), J/m².

    Raises
    ------
    InputError : no such endpoint; the nearest is named.
    NotAvailable : the model cannot judge it on such skin, or in such light.
    """
    return named_endpoint(endpoint)(response)


def named_endpoint(endpoint: str) -> Callable[[Response], Floats]:
    """Return the function of an endpoint.

    Raises
    ------
    InputError : as `fluence_for`.
    """
    if endpoint not in ENDPOINTS:
        error: InputError = unknown_name("endpoint", endpoint, ENDPOINTS, field="--endpoint")
        raise error
    return _DOSE_OF[endpoint]
