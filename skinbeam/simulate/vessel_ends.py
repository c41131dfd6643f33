"""Ends of vessels: the radiant exposure at which each vessel of a sampled skin reaches them."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.physics.damage import dose_for_unit_omega
from skinbeam.simulate.damage_model import BLOOD, WALL, repeated, sampled_kinetics
from skinbeam.simulate.dose_search import DOSE_RANGE_J_M2
from skinbeam.simulate.pulse import Response
from skinbeam.simulate.vessels import VesselResponse, respond_vessels

__all__ = ["closure_dose", "vessel_closure"]

Floats = NDArray[np.float64]


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


def vessel_closure(response: Response) -> Floats:
    """Return the dose that closes the first vessel: with several given, the interface asks for the first."""
    vessels = respond_vessels(response)
    if vessels is None:
        raise NotAvailable(text("endpoint.no-vessel"))
    return closure_dose(response, vessels)[:, 0]
