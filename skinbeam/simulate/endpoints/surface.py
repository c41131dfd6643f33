"""Endpoints visible at the skin surface, in excised skin too: distortion, a steam bubble, and its rupture.

Excised skin neither reddens nor swells. Its surface changes within milliseconds by coagulation of the epidermis and by
steam. Steam takes 1600 times the volume of its water: a visible bubble of a tenth of a millimetre holds 0.01 J/cm² of
latent heat, next to nothing compared with the heat that the skin has taken up by then. A bubble therefore needs only
the temperature at which vapour begins to form below the stratum corneum.

Rupture: a bubble bursts at the dose at which steam from below the horny layer fills it beyond the strength of that
layer. The bubble is as wide as the skin in which vapour has begun to form. A wider bubble is weaker but needs more
steam to become a hemisphere; both follow from the dose, and the lowest dose at which the steam suffices is searched
(bubble 4).

Simplifications of that model: the roof is the horny layer alone, because the strength that coagulated living epidermis
adds is not known. Steam that forms below the papillary dermis stays where it is. The junction of epidermis and dermis,
which weakens as it warms (Hatje and others 2015), detaches only where there is vapour: beside it, that would take
minutes. The lateral profile of the light is that at the hottest place, for all depths.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MM, MPA, ZERO_CELSIUS_K
from skinbeam.physics.removal.steam_bubble import (
    SaturatedSteam,
    bubble_filling_kg,
    profile_radius_m,
    roof_strength_Pa,
    steam_below_beam_kg,
)
from skinbeam.simulate.light.illumination import Illumination
from skinbeam.simulate.light.spot import scattered_profile, unscattered_profile
from skinbeam.simulate.pulse.damage_dose import DOSE_RANGE_J_M2, damage_dose, heating_dose
from skinbeam.simulate.pulse.locations import cell_response, epidermis_cells
from skinbeam.simulate.pulse.nonlinear_response import vapour_onset_K
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.skins.tissue_kinetics import CONTACT_KINETICS, sample_kinetics
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.layers import HORNY_LAYER, layer_tissue
from skinbeam.skin.tables import read_number, read_sourced, tissue_table
from skinbeam.text import render_message

__all__ = [
    "read_steam",
    "surface_bubble_dose",
    "surface_distortion_dose",
    "surface_rupture_dose",
    "vapour_dose",
]

Floats = NDArray[np.float64]


def surface_bubble_dose(response: PulseResponse) -> Floats:
    """Return the dose at which vapour begins to form below the stratum corneum, (sample,), J/m².

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    below = range(int(epidermis_cells(response)[0]), response.grid.layer.size)
    return vapour_dose(response, [cell_response(response, cell) for cell in below])


def vapour_dose(response: PulseResponse, locations: Sequence[LocalResponse]) -> Floats:
    """Return the dose at which vapour begins to form at the first of several places, (sample,), J/m²."""
    start = vapour_onset_K(response.skins)
    doses: Floats = np.min([heating_dose(place, start) for place in locations], axis=0)
    return doses


def surface_distortion_dose(response: PulseResponse) -> Floats:
    """Return the dose at which the surface visibly changes, (sample,), J/m².

    Either some of the epidermis has coagulated, wherever it is hottest, or a bubble has formed.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    coagulation = sample_kinetics(CONTACT_KINETICS, response.skins)
    doses = [
        damage_dose(response, cell_response(response, int(cell)), coagulation) for cell in epidermis_cells(response)
    ]
    first: Floats = np.minimum(np.min(doses, axis=0), surface_bubble_dose(response))
    return first


# Dose over that of the bubble: steps of a twelfth, halved until the interval is a millionth of itself.
_DOSE_LADDER: Final = np.geomspace(1.0, 100.0, 58)[1:]
_HALVINGS: Final = 20


def read_steam() -> SaturatedSteam:
    """Return the properties of water and its saturated steam."""
    entry = tissue_table("boiling")["water"]
    return SaturatedSteam(
        read_number(entry["latent_J_kg"]),
        read_number(entry["molar_kg_mol"]),
        read_number(entry["boiling_C"]) + ZERO_CELSIUS_K,
        read_number(entry["pressure_Pa"]),
    )


def surface_rupture_dose(response: PulseResponse) -> Floats:
    """Return the dose at which a bubble below the horny layer bursts, (sample,), J/m².

    Raises
    ------
    NotAvailable : such skins have no epidermis or no horny layer, or vapour forms below the layers that lift off.
    """
    formed = surface_bubble_dose(response)
    if layer_tissue(response.layers[0]) != HORNY_LAYER:
        raise NotAvailable(render_message("endpoint.no-horny-layer"))
    beam, lit, grid = response.beam, response.illumination, response.grid
    assert beam is not None
    assert lit is not None  # endpoints are computed for a beam
    skins, row = response.skins, np.arange(formed.size)
    cells = np.arange(int(epidermis_cells(response)[0]), grid.layer.size)
    start = vapour_onset_K(skins)[:, None]
    with np.errstate(divide="ignore", over="ignore"):  # almost nothing is heated below black tissue: no dose suffices
        needed = (start[:, :, None] - response.base_K[:, :, cells]) / response.unit_K[:, :, cells]
    # Time and place at which the skin is hottest.
    when, where = np.divmod(needed.reshape(formed.size, -1).argmin(axis=1), cells.size)
    deepest = int(grid.layer[epidermis_cells(response)[-1]]) + 1
    hottest = cells[where]
    if np.median(grid.layer[hottest]) > deepest:
        raise NotAvailable(render_message("endpoint.deep-vapour"))
    cells = cells[grid.layer[cells] <= deepest]
    base, rise = response.base_K[row, when][:, cells], response.unit_K[row, when][:, cells]
    water = read_steam()
    heat = (response.heat.heat_capacity_vol[:, grid.layer] * grid.widths)[:, cells] / water.latent_J_kg
    strength = value_at_normal(read_sourced(tissue_table("surface")["roof"]["strength_MPa"]), skins["roof_shift"]) * MPA
    roof = skins["thickness_m"][:, 0]
    edges, over_axis = _lateral_profile(beam, lit, hottest)
    area = np.pi * np.diff(edges**2)

    def bursts(dose: Floats) -> NDArray[np.bool_]:
        wide = profile_radius_m(edges, over_axis, formed / dose)
        roof_Pa = roof_strength_Pa(strength, roof, wide)
        short = water.boiling_point_K(water.reference_Pa + roof_Pa)[:, None] - base
        made = steam_below_beam_kg(dose[:, None] * over_axis, area, rise, start - base, short, heat)
        return np.asarray(made >= bubble_filling_kg(water, roof_Pa, wide))

    boils = np.isfinite(formed) & (formed > 0)
    formed = np.where(boils, formed, 1.0)
    over = np.stack([bursts(formed * ratio) for ratio in _DOSE_LADDER], axis=1)
    first = over.argmax(axis=1)
    high = formed * _DOSE_LADDER[first]
    low = np.where(first > 0, formed * _DOSE_LADDER[np.maximum(first - 1, 0)], formed)
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        enough = bursts(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(boils & over.any(axis=1) & (high <= DOSE_RANGE_J_M2[1]), high, np.inf)


def _lateral_profile(beam: Beam, illumination: Illumination, cells: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the edges of rings, (ring + 1,), m, and the light that heats one cell of each draw over that on the axis.

    The light is (sample, ring).
    """
    assert beam.spot_mm is not None  # a wide beam has a spot
    spot, row = beam.spot_mm * MM, np.arange(cells.size)
    depth, layer = illumination.grid.centres[row, cells], illumination.grid.layer[cells]
    if illumination.spot_shares is None:
        own = unscattered_profile(spot, beam.profile)
        return own.edges_m, own.at(depth)
    profiles = [scattered_profile(share.medium, spot, beam.profile) for share in illumination.spot_shares]
    weights = [
        line.energy_share * line.optics.mua[row, layer] * line.light.fluence_rate_ratio[row, cells]
        for line in illumination.spectral_lines
    ]
    weighted = [weight[:, None] * of.at(depth) for weight, of in zip(weights, profiles, strict=True)]
    return profiles[0].edges_m, np.sum(weighted, axis=0) / np.sum(weights, axis=0)[:, None]
