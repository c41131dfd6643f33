"""When a bubble of steam bursts: the dose at which what is below the horny layer fills it beyond what that layer holds.

The bubble is as wide as the skin in which vapour has begun to form. A wider one is held less well but takes more steam
to become a hemisphere; both follow from the dose, and the first dose at which the steam suffices is sought (bubble 4).

Some things are taken as they are simplest. The roof is the horny layer alone: what coagulated living epidermis adds
to its strength is not known, and left out. Steam that forms below the papillary dermis stays where it is. The junction
of epidermis and dermis, which loses its strength as it gets warm (Hatje and others 2015), lets go where there is vapour
and nowhere else: beside it, it would take minutes. The profile of the light is that of the hottest place at all depths.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.physics.removal.bubble import Steam, filling_kg, held_Pa, radius_m, steam_kg
from skinbeam.simulate.ends.distortion import surface_bubble
from skinbeam.simulate.light.illumination import Illumination
from skinbeam.simulate.light.spot_profile import own_profile, profile_beside
from skinbeam.simulate.pulse.boiling import vapour_start_K
from skinbeam.simulate.pulse.dose import DOSE_RANGE_J_M2
from skinbeam.simulate.pulse.places import epidermis_cells
from skinbeam.simulate.pulse.response import Response
from skinbeam.skin.layers import HORNY, tissue_of
from skinbeam.skin.spread import spread_at
from skinbeam.skin.tables import number, sourced, table
from skinbeam.units import MM, MPA, ZERO_CELSIUS_K

__all__ = ["steam", "surface_rupture"]

Floats = NDArray[np.float64]

# The dose over that of the bubble: steps of a twelfth, halved until they are a millionth of themselves.
_LADDER: Final = np.geomspace(1.0, 100.0, 58)[1:]
_HALVINGS: Final = 20


def steam() -> Steam:
    """Return water and its steam."""
    entry = table("boiling")["water"]
    return Steam(
        number(entry["latent_J_kg"]),
        number(entry["molar_kg_mol"]),
        number(entry["boiling_C"]) + ZERO_CELSIUS_K,
        number(entry["pressure_Pa"]),
    )


def surface_rupture(response: Response) -> Floats:
    """Return the dose at which a bubble below the horny layer bursts, (sample,), J/m².

    Raises
    ------
    NotAvailable : such skins have no epidermis or no horny layer, or vapour forms below what lifts off with them.
    """
    formed = surface_bubble(response)
    if tissue_of(response.layers[0]) != HORNY:
        raise NotAvailable(text("endpoint.no-horny-layer"))
    beam, lit, grid = response.beam, response.lit, response.grid
    assert beam is not None
    assert lit is not None  # an endpoint is asked with a beam
    skins, row = response.skins, np.arange(formed.size)
    cells = np.arange(int(epidermis_cells(response)[0]), grid.layer.size)
    start = vapour_start_K(skins)[:, None]
    with np.errstate(divide="ignore", over="ignore"):  # next to nothing is heated below black tissue: no dose is enough
        needed = (start[:, :, None] - response.base_K[:, :, cells]) / response.unit_K[:, :, cells]
    # The moment, and the place, at which the skin is hottest.
    when, where = np.divmod(needed.reshape(formed.size, -1).argmin(axis=1), cells.size)
    deepest = int(grid.layer[epidermis_cells(response)[-1]]) + 1
    hottest = cells[where]
    if np.median(grid.layer[hottest]) > deepest:
        raise NotAvailable(text("endpoint.deep-vapour"))
    cells = cells[grid.layer[cells] <= deepest]
    base, rise = response.base_K[row, when][:, cells], response.unit_K[row, when][:, cells]
    water = steam()
    heat = (response.heat.heat_capacity_vol[:, grid.layer] * grid.widths)[:, cells] / water.latent_J_kg
    strength = spread_at(sourced(table("surface")["roof"]["strength_MPa"]), skins["roof_shift"]) * MPA
    roof = np.asarray(skins["thickness_m"].values, dtype=np.float64)[:, 0]
    edges, over_axis = _profile(beam, lit, hottest)
    area = np.pi * np.diff(edges**2)

    def bursts(dose: Floats) -> NDArray[np.bool_]:
        wide = radius_m(edges, over_axis, formed / dose)
        held = held_Pa(strength, roof, wide)
        short = water.boils_K(water.at_Pa + held)[:, None] - base
        made = steam_kg(dose[:, None] * over_axis, area, rise, start - base, short, heat)
        return np.asarray(made >= filling_kg(water, held, wide))

    boils = np.isfinite(formed) & (formed > 0)
    formed = np.where(boils, formed, 1.0)
    over = np.stack([bursts(formed * ratio) for ratio in _LADDER], axis=1)
    first = over.argmax(axis=1)
    high = formed * _LADDER[first]
    low = np.where(first > 0, formed * _LADDER[np.maximum(first - 1, 0)], formed)
    for _ in range(_HALVINGS):
        middle = np.sqrt(low * high)
        enough = bursts(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(boils & over.any(axis=1) & (high <= DOSE_RANGE_J_M2[1]), high, np.inf)


def _profile(beam: Beam, lit: Illumination, cells: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Edges of rings, (ring + 1,), m, and the light that heats one cell of each draw over that on the axis,
    (sample, ring)."""
    assert beam.spot_mm is not None  # a wide beam has a spot
    spot, row = beam.spot_mm * MM, np.arange(cells.size)
    depth, layer = lit.grid.centres[row, cells], lit.grid.layer[cells]
    if lit.shares is None:
        own = own_profile(spot, beam.profile)
        return own.edges_m, own.at(depth)
    profiles = [profile_beside(share.medium, spot, beam.profile) for share in lit.shares]
    weights = [
        line.share * line.optics.mua[row, layer] * line.light.fluence_rate_ratio[row, cells] for line in lit.lines
    ]
    each = [weight[:, None] * of.at(depth) for weight, of in zip(weights, profiles, strict=True)]
    return profiles[0].edges_m, np.sum(each, axis=0) / np.sum(weights, axis=0)[:, None]
