"""Ends seen at the surface of skin, excised or not: it changes its shape, a bubble rises.

Excised skin neither reddens nor swells. What changes its surface within milliseconds is coagulation of the epidermis,
and steam. Steam is 1600 times as wide as its water: a tenth of a millimetre of it, which is seen, holds 0.01 J/cm²
of latent heat, next to nothing beside what the skin has taken up by then. So a bubble needs the temperature at which
vapour begins to form below the stratum corneum, and no more. When it bursts is not known: that hangs on its width and
on the strength of hot epidermis.
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.simulate.boiled import vapour_start_K
from skinbeam.simulate.damage_model import CELL_DEATH, sampled_kinetics
from skinbeam.simulate.dose_search import dose_at, dose_to_reach
from skinbeam.simulate.places import in_cell, middle_of_epidermis
from skinbeam.simulate.pulse import Response
from skinbeam.skin.tables import number, table

__all__ = ["surface_bubble", "surface_distortion"]

Floats = NDArray[np.float64]


def surface_bubble(response: Response) -> Floats:
    """Return the dose at which vapour begins to form below the stratum corneum, (sample,), J/m².

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    top = response.grid.layer[middle_of_epidermis(response)]
    below = np.flatnonzero(response.grid.layer >= top)
    start = vapour_start_K(response.skins)
    doses: Floats = np.min([dose_to_reach(in_cell(response, int(cell)), start) for cell in below], axis=0)
    return doses


def surface_distortion(response: Response) -> Floats:
    """Return the dose at which the surface is seen to change: coagulated epidermis, else the bubble, (sample,), J/m².

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    place = in_cell(response, middle_of_epidermis(response))
    moved_K = number(table("surface")["distortion"]["moved_K"])
    coagulation = sampled_kinetics(CELL_DEATH, response.skins, moved_K=moved_K)
    return np.minimum(dose_at(response, place, coagulation), surface_bubble(response))
