"""Purpura: blood that has left its vessels and is seen, the next day or at once.

The vessels that are given or a single vein: the first that leaks is seen. Normal skin and port-wine stains: seen are
many small losses together, so a share of the visible blood must lie in vessels that leak. Blood counts as visible by
the green light that reaches it and comes back: as the square of the light there, exp(-2 integral of mu_eff dz), since a
small absorber changes what a scattering layer returns by the light that reaches it times the light that leaves from
there.
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

# Of the vessels of skin, those that are looked at first, and those by then: a sixth hold a third of the visible blood.
_FIRST_VESSEL_SHARES = (1 / 6, 2 / 3)
_NETWORKS = {"normal": vessel_network, "port-wine-stain": lesion_network}


def purpura_dose(response: PulseResponse) -> Floats:
    """Return the dose at which purpura is seen the next day, (sample,), J/m²: walls damaged, or vessels torn.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    return _visible_dose(response, leak_dose)


def immediate_purpura_dose(response: PulseResponse) -> Floats:
    """Return the dose at which purpura is seen at once, (sample,), J/m²: vessels torn by steam.

    Raises
    ------
    NotAvailable : no vessel in the skins.
    """
    return _visible_dose(response, rupture_dose)


def is_skin_bruised(response: PulseResponse, dose: Floats) -> NDArray[np.bool_]:
    """Return whether the skin around vessels that are given is purple the day after a dose (sample,), J/m².

    Vessels with the most of the visible blood are looked at first: what they leave open is asked of the others alone.
    """
    network, seen = _visible_vessels(response, *vessel_network(response.skins))
    spared, may_stay = np.zeros(len(seen)), 1.0 - _needed_share(response)  # of the visible blood
    left = np.arange(len(seen))  # draws that are not decided
    every = np.argsort(-seen.mean(axis=0), kind="stable")
    for part in np.split(every, [round(share * every.size) for share in _FIRST_VESSEL_SHARES]):
        here = response if left.size == len(seen) else response.of_draws(left)
        rows = np.ix_(left, part)
        vessels = vessels_at_dose(here, dose[left], network.select(left, part), sides=False)
        assert vessels is not None  # asked with a beam
        spared[left] += (seen[rows] * ~is_vessel_leaking(here, vessels, dose[left])).sum(axis=1)
        every = every[part.size :]
        unknown = seen[np.ix_(left, every)].sum(axis=1)
        left = left[(spared[left] <= may_stay) & (spared[left] + unknown > may_stay)]
        if left.size == 0:
            break
    return np.asarray(spared <= may_stay)


def _visible_dose(response: PulseResponse, end: Callable[[PulseResponse, VesselResponse], Floats]) -> Floats:
    """Dose at which vessels that come to an end are seen: of those that are given, or of all of the skin's."""
    # Of vessels that are given the first decides; of all of a skin or a stain, those with enough of the visible blood.
    network: Vessels | None = None
    seen: Floats | None = None
    kind = response.skins.attrs["vessels"]
    if kind in _NETWORKS:
        network, seen = _visible_vessels(response, *_NETWORKS[kind](response.skins))
    return dose_with_heated_blood(
        response,
        lambda response, vessels: _dose_for_share(end(response, vessels), seen, _needed_share(response)),
        network,
        sides=kind != "normal",
    )


def _visible_vessels(response: PulseResponse, vessels: Vessels, blood: Floats) -> tuple[Vessels, Floats]:
    """Vessels with the share of the blood in each, and the share of the visible blood instead."""
    seen = blood * _visibility(response, vessels.depth)
    return vessels, seen / seen.sum(axis=1, keepdims=True)


def _visibility(response: PulseResponse, depth: Floats) -> Floats:
    """Weight of blood at each depth, (sample, vessel), 1 at the surface."""
    green = optical_properties(response.skins, read_number(tissue_table("vessels")["purpura"]["visible_nm"]))
    attenuation = np.sqrt(3 * green.mua * (green.mua + green.mus * (1 - green.g)))
    bottoms = np.cumsum(response.skins["thickness_m"].to_numpy(), axis=1)
    tops = np.concatenate([np.zeros((len(bottoms), 1)), bottoms[:, :-1]], axis=1)
    passed = np.clip(depth[:, :, None], tops[:, None], bottoms[:, None]) - tops[:, None]
    return np.asarray(np.exp(-2 * (passed * attenuation[:, None]).sum(axis=2)))


def _dose_for_share(dose: Floats, seen: Floats | None, enough: float) -> Floats:
    """Least dose at which vessels with enough of the visible blood are hurt, (sample,)."""
    if seen is None:
        return np.asarray(dose.min(axis=1))
    order = np.argsort(dose, axis=1)
    hurt = np.cumsum(np.take_along_axis(seen, order, axis=1), axis=1)
    first = np.argmax(hurt >= enough, axis=1)
    return np.asarray(np.take_along_axis(dose, order, axis=1)[np.arange(len(dose)), first])


def _needed_share(response: PulseResponse) -> float:
    """Share of the visible blood whose vessels must leak. Rounding may leave the whole just below one.

    Where it is not known by how much heated blood absorbs more, it is that which the same measurement sets for blood
    that does not: else what is not known would make skin bruise later.
    """
    name = "share" if unheated_reason(response) is None else "share_unheated"
    return min(read_number(tissue_table("vessels")["purpura"][name]), 1 - 1e-9)
