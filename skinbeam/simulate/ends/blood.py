"""Ends of blood in a cuvette: the radiant exposure at which it first coagulates, and first boils."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.simulate.pulse.dose import DOSE_RANGE_J_M2, dose_at
from skinbeam.simulate.pulse.places import in_cell
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.skins.kinetics import BLOOD_KINETICS, sampled_kinetics
from skinbeam.simulate.vessels.ends import COLDEST_RISE_K, vapour_K
from skinbeam.simulate.vessels.hot_blood import dose_met
from skinbeam.simulate.vessels.hot_cuvette import cuvette_at, is_hot_cuvette

__all__ = ["blood_coagulation", "blood_vaporisation"]

Floats = NDArray[np.float64]


def blood_coagulation(response: Response) -> Floats:
    """Return the dose at which the first blood coagulates, (sample,), J/m².

    Raises
    ------
    NotAvailable : no blood in a cuvette.
    """
    return _dose(response, _first_coagulated)


def blood_vaporisation(response: Response) -> Floats:
    """Return the dose at which the first vapour forms, (sample,), J/m²: before anything pops or is thrown out.

    Raises
    ------
    NotAvailable : no blood in a cuvette.
    """
    return _dose(response, _first_vapour)


def _dose(response: Response, end: Callable[[Response], Floats]) -> Floats:
    """Dose of an end, where heated blood absorbs more that at which its own response reaches it."""
    linear = end(response)
    if not is_hot_cuvette(response):
        return linear
    return dose_met(linear, lambda dose: end(cuvette_at(response, dose)))


def _first_coagulated(response: Response) -> Floats:
    processes = sampled_kinetics(BLOOD_KINETICS, response.skins)
    doses = [dose_at(response, in_cell(response, int(cell)), processes) for cell in _blood_cells(response)]
    return np.asarray(np.min(doses, axis=0))


def _first_vapour(response: Response) -> Floats:
    cells = _blood_cells(response)
    base, unit = response.base_K[:, :, cells], np.maximum(response.unit_K[:, :, cells], COLDEST_RISE_K)
    dose = np.maximum(((vapour_K(response)[:, None, None] - base) / unit).min(axis=(1, 2)), 0.0)
    return np.where(dose > DOSE_RANGE_J_M2[1], np.inf, dose)


def _blood_cells(response: Response) -> NDArray[np.int64]:
    if "blood" not in response.layers:
        raise NotAvailable(text("endpoint.blood-in-a-cuvette"))
    return np.flatnonzero(response.grid.layer == response.layers.index("blood"))
