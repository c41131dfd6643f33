"""Purpura: the dose at which blood that has left its vessels is visible, the next day or at once.

For vessels given in the case, or a single vein, the first leak is visible. In normal skin and port-wine stains many
small leaks together are visible, so a share of the visible blood must be in vessels that leak. Blood is weighted by the
green light that reaches it and returns: by the square of the light there, exp(-2 integral of mu_eff dz), since a small
absorber changes the reflectance of a scattering layer in proportion to the light that reaches it times the light that
leaves from there.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.vessels.heated_blood import dose_with_heated_blood, unheated_reason, vessels_at_dose
from skinbeam.simulate.vessels.vessel_endpoints import is_vessel_leaking, leak_dose, rupture_dose
from skinbeam.simulate.vessels.vessel_response import VesselResponse
from skinbeam.skin.properties import optical_properties
from skinbeam.skin.tables import read_number, tissue_table
from skinbeam.skin.vessels import Vessels, lesion_network, vessel_network

__all__ = ["immediate_purpura_dose", "is_skin_bruised", "purpura_dose"]

Floats = NDArray[np.float64]

# Shares of the vessels of skin that are evaluated by the end of each step but the last: a sixth of them contain a third
# of the visible blood, and every step decides some draws, whose other vessels are not simulated.
_VESSEL_SHARES = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6)
_NETWORKS = {"normal": vessel_network, "port-wine-stain": lesion_network}


def purpura_dose(response: PulseResponse) -> Floats:
    """Return the dose at which purpura is visible the next day, (sample,), J/m²: walls damaged, or vessels ruptured.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    return _visible_dose(response, leak_dose)


def immediate_purpura_dose(response: PulseResponse) -> Floats:
    """Return the dose at which purpura is visible at once, (sample,), J/m²: vessels ruptured by steam.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    return _visible_dose(response, rupture_dose)


def is_skin_bruised(response: PulseResponse, dose: Floats) -> NDArray[np.bool_]:
    """Return whether normal skin around given vessels is purple the day after a dose (sample,), J/m².

    Vessels with most of the visible blood are evaluated first; the others only for draws that these leave undecided.
    """
    network, seen = _visible_vessels(response, *vessel_network(response.skins))
    spared, may_stay = np.zeros(len(seen)), 1.0 - _needed_share(response)  # of the visible blood
    left = np.arange(len(seen))  # undecided draws
    every = np.argsort(-seen.mean(axis=0), kind="stable")
    for part in np.split(every, [round(share * every.size) for share in _VESSEL_SHARES]):
        here = response if left.size == len(seen) else response.select_draws(left)
        rows = np.ix_(left, part)
        vessels = vessels_at_dose(here, dose[left], network.select(left, part), with_sides=False)
        assert vessels is not None  # asked with a beam
        spared[left] += (seen[rows] * ~is_vessel_leaking(here, vessels, dose[left])).sum(axis=1)
        every = every[part.size :]
        unknown = seen[np.ix_(left, every)].sum(axis=1)
        left = left[(spared[left] <= may_stay) & (spared[left] + unknown > may_stay)]
        if left.size == 0:
            break
    return np.asarray(spared <= may_stay)


def _visible_dose(response: PulseResponse, endpoint_dose: Callable[[PulseResponse, VesselResponse], Floats]) -> Floats:
    """Return the dose at which affected vessels are visible: of given vessels, or of all those of the skin."""
    # Of given vessels the first decides; in skin or a stain as a whole, enough of the visible blood must be affected.
    network: Vessels | None = None
    seen: Floats | None = None
    kind = response.skins.vessel_kind
    if kind in _NETWORKS:
        network, seen = _visible_vessels(response, *_NETWORKS[kind](response.skins))
    return dose_with_heated_blood(
        response,
        lambda response, vessels: _dose_for_share(endpoint_dose(response, vessels), seen, _needed_share(response)),
        network,
        with_sides=kind != "normal",
    )


def _visible_vessels(response: PulseResponse, vessels: Vessels, blood: Floats) -> tuple[Vessels, Floats]:
    """Return the vessels with the share of visible blood in each, from the share of blood."""
    seen = blood * _visibility(response, vessels.depth)
    return vessels, seen / seen.sum(axis=1, keepdims=True)


def _visibility(response: PulseResponse, depth: Floats) -> Floats:
    """Return the weight of blood at each depth, (sample, vessel), 1 at the surface."""
    green = optical_properties(response.skins, read_number(tissue_table("vessels")["purpura"]["visible_nm"]))
    attenuation = np.sqrt(3 * green.mua * (green.mua + green.mus * (1 - green.g)))
    bottoms = np.cumsum(response.skins["thickness_m"], axis=1)
    tops = np.concatenate([np.zeros((len(bottoms), 1)), bottoms[:, :-1]], axis=1)
    passed = np.clip(depth[:, :, None], tops[:, None], bottoms[:, None]) - tops[:, None]
    return np.asarray(np.exp(-2 * (passed * attenuation[:, None]).sum(axis=2)))


def _dose_for_share(dose: Floats, visible_share: Floats | None, needed_share: float) -> Floats:
    """Return the least dose at which vessels with enough of the visible blood are damaged, (sample,)."""
    if visible_share is None:
        return np.asarray(dose.min(axis=1))
    order = np.argsort(dose, axis=1)
    hurt = np.cumsum(np.take_along_axis(visible_share, order, axis=1), axis=1)
    first = np.argmax(hurt >= needed_share, axis=1)
    return np.asarray(np.take_along_axis(dose, order, axis=1)[np.arange(len(dose)), first])


def _needed_share(response: PulseResponse) -> float:
    """Return the share of the visible blood whose vessels must leak. Rounding may leave the whole just below one.

    Where the rise of absorption with temperature is not known, it is the share that the same measurement gives for
    blood without the rise: otherwise the missing rise would raise the dose at which skin bruises.
    """
    name = "share" if unheated_reason(response) is None else "share_unheated"
    return min(read_number(tissue_table("vessels")["purpura"][name]), 1 - 1e-9)
