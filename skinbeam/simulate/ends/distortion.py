"""Ends seen at the surface of skin, excised or not: it changes its shape, a bubble rises.

Excised skin neither reddens nor swells. What changes its surface within milliseconds is coagulation of the epidermis,
and steam. Steam is 1600 times as wide as its water: a tenth of a millimetre of it, which is seen, holds 0.01 J/cm²
of latent heat, next to nothing beside what the skin has taken up by then. So a bubble needs the temperature at which
vapour begins to form below the stratum corneum, and no more. When it bursts is not known: that hangs on its width and
on the strength of hot epidermis.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.simulate.pulse.boiling import vapour_start_K
from skinbeam.simulate.pulse.dose import dose_at, dose_to_reach
from skinbeam.simulate.pulse.places import epidermis_cells, in_cell
from skinbeam.simulate.pulse.response import Place, Response
from skinbeam.simulate.skins.kinetics import CONTACT_KINETICS, sampled_kinetics

__all__ = ["surface_bubble", "surface_distortion", "vapour_dose"]

Floats = NDArray[np.float64]


def surface_bubble(response: Response) -> Floats:
    """Return the dose at which vapour begins to form below the stratum corneum, (sample,), J/m².

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    below = range(int(epidermis_cells(response)[0]), response.grid.layer.size)
    return vapour_dose(response, [in_cell(response, cell) for cell in below])


def vapour_dose(response: Response, places: Sequence[Place]) -> Floats:
    """Return the dose at which vapour begins to form at the first of some places, (sample,), J/m²."""
    start = vapour_start_K(response.skins)
    doses: Floats = np.min([dose_to_reach(place, start) for place in places], axis=0)
    return doses


def surface_distortion(response: Response) -> Floats:
    """Return the dose at which the surface is seen to change, (sample,), J/m².

    Some of the epidermis has coagulated, wherever it is hottest, or a bubble rises.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    coagulation = sampled_kinetics(CONTACT_KINETICS, response.skins)
    doses = [dose_at(response, in_cell(response, int(cell)), coagulation) for cell in epidermis_cells(response)]
    first: Floats = np.minimum(np.min(doses, axis=0), surface_bubble(response))
    return first
