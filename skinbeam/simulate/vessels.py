"""Vessels in sampled skins: what a pulse does to lumen and wall, as the response to a unit dose.

A vessel sits in the light of its depth and in the heat of its surroundings. Vessels do not shade each other, and the
mean blood content of the layer that they lie in is not reduced by them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.vessel import lumen_profile, radial_response
from skinbeam.simulate.pulse import Response
from skinbeam.skin.properties import blood_mua, blood_thermal
from skinbeam.skin.vessels import Vessels

__all__ = ["VesselResponse", "VesselSite", "drawn_vessels", "respond_vessels", "site_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VesselSite:
    """Light and surroundings of each vessel; all (sample, vessel), or (sample, vessel, time) where said.

    Parameters
    ----------
    lines : (share of the energy, wavelength_nm, fluence rate over irradiance, absorption of the surroundings in 1/m).
    base_K, around_K : (sample, vessel, time) of the surroundings: without the beam, and the change per J/m².
    conductivity, heat_capacity_vol : of the surroundings.
    """

    lines: tuple[tuple[float, float, Floats, Floats], ...]
    base_K: Floats
    around_K: Floats
    conductivity: Floats
    heat_capacity_vol: Floats


@dataclass(frozen=True)
class VesselResponse:
    """Temperatures around each vessel, all (sample, vessel, time), K and K per J/m².

    Parameters
    ----------
    diameter : of the lumen, (sample, vessel), m.
    base : of the tissue at the depth of the axis, without the beam.
    cells : change per unit radiant exposure in the cells of the lumen, axis first, (sample, vessel, cell, time).
    lumen, edge, wall : the same: mean of the lumen, its edge, the outer edge of the wall.
    """

    diameter: Floats
    base: Floats
    cells: Floats
    lumen: Floats
    edge: Floats
    wall: Floats

    @property
    def count(self) -> int:
        """Number of vessels in each draw."""
        return int(self.base.shape[1])

    @property
    def section(self) -> Floats:
        """Change per unit radiant exposure from the axis to the edge of the lumen, (sample, vessel, place, time)."""
        return np.concatenate([self.cells, self.edge[:, :, None]], axis=2)


def drawn_vessels(response: Response) -> Vessels | None:
    """Return the vessels of the skins, or None where they hold none or there is no beam."""
    skins = response.skins
    if response.lit is None or "vessel_depth_m" not in skins or skins.sizes.get("vessel", 0) == 0:
        return None
    names = ("vessel_depth_m", "vessel_diameter_m", "wall_m", "haematocrit", "oxygenation")
    return Vessels(*(np.asarray(skins[name].values, dtype=np.float64) for name in names))


def site_of(response: Response, vessels: Vessels) -> VesselSite:
    """Return light and surroundings of vessels in lit skins."""
    assert response.lit is not None  # checked where the vessels come from
    cell = _cell_at(response.grid.faces, vessels.depth)
    sample = np.arange(len(vessels.depth))[:, None]
    layer = response.grid.layer[cell]
    lines = tuple(
        (
            line.share,
            line.wavelength_nm,
            line.light.fluence_rate_ratio[sample, cell],
            line.optics.mua[sample, layer],
        )
        for line in response.lit.lines
    )
    return VesselSite(
        lines,
        response.base_K[sample, :, cell],
        response.unit_K[sample, :, cell],
        response.heat.conductivity[sample, layer],
        response.heat.heat_capacity_vol[sample, layer],
    )


def respond_vessels(response: Response, vessels: Vessels | None = None) -> VesselResponse | None:
    """Return the response of `vessels`, else of those of the skins; None where there are none or there is no beam."""
    vessels = drawn_vessels(response) if vessels is None else vessels
    if vessels is None or response.lit is None:
        return None
    site = site_of(response, vessels)
    power: Floats = np.sum(
        [
            share * ratio[..., None] * (mua[..., None] * lumen_profile(mua, vessels.diameter) - around[..., None])
            for share, wavelength_nm, ratio, around in site.lines
            for mua in (blood_mua(wavelength_nm, vessels.haematocrit, vessels.oxygenation),)
        ],
        axis=0,
    )
    rise = radial_response(
        vessels.diameter,
        vessels.wall,
        power / response.schedule.pulse_s,
        response.schedule.step_s,
        response.schedule.power_on,
        blood=blood_thermal(),
        dermis=(site.conductivity, site.heat_capacity_vol),
    )
    cells = np.maximum(site.around_K[:, :, None] + np.moveaxis(rise.cells, -1, 2), 0.0)
    parts = (np.maximum(site.around_K + part, 0.0) for part in (rise.lumen, rise.lumen_edge, rise.wall))
    return VesselResponse(vessels.diameter, site.base_K, cells, *parts)


def _cell_at(faces: Floats, depth: Floats) -> NDArray[np.int64]:
    """Index of the cell that holds each depth, (sample, vessel); the last one for what lies below the grid."""
    index = np.stack([np.searchsorted(row, z, side="right") - 1 for row, z in zip(faces, depth, strict=True)])
    return np.asarray(np.clip(index, 0, faces.shape[1] - 2), dtype=np.int64)
