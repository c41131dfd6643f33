"""Vessels in sampled skins: what a pulse does to lumen and wall, as the response to a unit dose.

A vessel sits in the light of its depth and in the heat of its surroundings. Vessels do not shade each other, and the
mean blood content of the layer that they lie in is not reduced by them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.vessel import radial_response, shading
from skinbeam.simulate.pulse import Response
from skinbeam.skin.properties import blood_mua, thermal
from skinbeam.skin.tables import sourced, table

__all__ = ["VesselResponse", "respond_vessels"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VesselResponse:
    """Temperatures around each vessel, all (sample, vessel, time), K and K per J/m².

    Parameters
    ----------
    base : of the tissue at the depth of the axis, without the beam.
    lumen, edge, wall : change per unit radiant exposure: mean of the lumen, its edge, the outer edge of the wall.
    """

    base: Floats
    lumen: Floats
    edge: Floats
    wall: Floats

    @property
    def count(self) -> int:
        """Number of vessels in each draw."""
        return int(self.base.shape[1])


def respond_vessels(response: Response) -> VesselResponse | None:
    """Return the vessels' response, or None where the skins hold none or there is no beam."""
    skins, lit = response.skins, response.lit
    if lit is None or "vessel_depth_m" not in skins or skins.sizes.get("vessel", 0) == 0:
        return None
    depth, diameter, wall, haematocrit, oxygenation = (
        np.asarray(skins[name].values, dtype=np.float64)
        for name in ("vessel_depth_m", "vessel_diameter_m", "wall_m", "haematocrit", "oxygenation")
    )
    cell = _cell_at(response.grid.faces, depth)
    sample = np.arange(len(depth))[:, None]
    power = np.zeros_like(depth)
    for line in lit.lines:
        mua = blood_mua(line.wavelength_nm, haematocrit, oxygenation)
        fluence_ratio = line.light.fluence_rate_ratio[sample, cell]
        around = line.optics.mua[sample, response.grid.layer[cell]]
        power += line.share * fluence_ratio * (mua * shading(mua, diameter) - around)
    heat = thermal(skins)
    layer = response.grid.layer[cell]
    rise = radial_response(
        diameter,
        wall,
        power / response.schedule.pulse_s,
        response.schedule.step_s,
        response.schedule.power_on,
        blood=_blood_heat(),
        dermis=(heat.conductivity[sample, layer], heat.heat_capacity_vol[sample, layer]),
    )
    base = response.base_K[sample, :, cell]
    around_unit = response.unit_K[sample, :, cell]
    return VesselResponse(
        base, *(np.maximum(around_unit + part, 0.0) for part in (rise.lumen, rise.lumen_edge, rise.wall))
    )


def _blood_heat() -> tuple[float, float]:
    """Conductivity in W/(m K) and heat capacity in J/(m³ K) of blood."""
    entry = table("thermal")["blood"]
    density, capacity = (sourced(entry[name]).value for name in ("density_kg_m3", "heat_capacity_J_kgK"))
    return sourced(entry["conductivity_W_mK"]).value, density * capacity


def _cell_at(faces: Floats, depth: Floats) -> NDArray[np.int64]:
    """Index of the cell that holds each depth, (sample, vessel); the last one for what lies below the grid."""
    index = np.stack([np.searchsorted(row, z, side="right") - 1 for row, z in zip(faces, depth, strict=True)])
    return np.asarray(np.clip(index, 0, faces.shape[1] - 2), dtype=np.int64)
