"""Purpura: blood that has left its vessels and is seen, the next day or at once.

The vessels that are given or those of a lesion: the first that leaks is seen. Normal skin: seen are many small losses
together, so a share of the visible blood must lie in vessels that leak. Blood counts as visible by the green light that
reaches it and comes back: as the square of the light there, exp(-2 integral of mu_eff dz), since a small absorber
changes what a scattering layer returns by the light that reaches it times the light that leaves from there.
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.simulate.pulse import Response
from skinbeam.simulate.vessel_ends import leak_dose, rupture_dose
from skinbeam.simulate.vessels import VesselResponse, respond_vessels
from skinbeam.skin.properties import optics
from skinbeam.skin.tables import number, table
from skinbeam.skin.vessels import vessel_network

__all__ = ["purpura", "purpura_around", "purpura_at_once"]

Floats = NDArray[np.float64]


def purpura(response: Response) -> Floats:
    """Return the dose at which purpura is seen the next day, (sample,), J/m²: walls damaged, or vessels torn.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    vessels, seen = _vessels(response)
    return _dose_of_share(leak_dose(response, vessels), seen)


def purpura_at_once(response: Response) -> Floats:
    """Return the dose at which purpura is seen at once, (sample,), J/m²: vessels torn by steam.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    vessels, seen = _vessels(response)
    return _dose_of_share(rupture_dose(response, vessels), seen)


def purpura_around(response: Response) -> Floats:
    """Return the dose at which the skin around the vessels that are given is purple the next day, (sample,), J/m²."""
    vessels, seen = _network(response)
    return _dose_of_share(leak_dose(response, vessels), seen)


def _vessels(response: Response) -> tuple[VesselResponse, Floats | None]:
    """The vessels that decide, and the share of the visible blood in each where it is all of the skin's."""
    if response.skins.attrs["vessels"] != "normal":
        given = respond_vessels(response)
        if given is None:
            raise NotAvailable(text("endpoint.no-vessel"))
        return given, None
    return _network(response)


def _network(response: Response) -> tuple[VesselResponse, Floats]:
    """The vessels of normal skin, and the share of its visible blood in each."""
    network, blood = vessel_network(response.skins)
    vessels = respond_vessels(response, network)
    assert vessels is not None  # an endpoint is asked with a beam
    seen = blood * _visibility(response, network.depth)
    return vessels, seen / seen.sum(axis=1, keepdims=True)


def _visibility(response: Response, depth: Floats) -> Floats:
    """Weight of blood at each depth, (sample, vessel), 1 at the surface."""
    green = optics(response.skins, number(table("vessels")["purpura"]["visible_nm"]))
    attenuation = np.sqrt(3 * green.mua * (green.mua + green.mus * (1 - green.g)))
    bottoms = np.cumsum(response.skins["thickness_m"].to_numpy(), axis=1)
    tops = np.concatenate([np.zeros((len(bottoms), 1)), bottoms[:, :-1]], axis=1)
    passed = np.clip(depth[:, :, None], tops[:, None], bottoms[:, None]) - tops[:, None]
    return np.asarray(np.exp(-2 * (passed * attenuation[:, None]).sum(axis=2)))


def _dose_of_share(dose: Floats, seen: Floats | None) -> Floats:
    """Least dose at which vessels with enough of the visible blood are hurt, (sample,)."""
    if seen is None:
        return np.asarray(dose.min(axis=1))
    enough = number(table("vessels")["purpura"]["share"])
    order = np.argsort(dose, axis=1)
    hurt = np.cumsum(np.take_along_axis(seen, order, axis=1), axis=1)
    # Rounding may leave the whole just below one.
    first = np.argmax(hurt >= min(enough, 1 - 1e-9), axis=1)
    return np.asarray(np.take_along_axis(dose, order, axis=1)[np.arange(len(dose)), first])
