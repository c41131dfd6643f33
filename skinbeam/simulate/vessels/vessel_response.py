"""Temperatures of lumen and wall of vessels in sampled skins, as the response to a unit dose.

A vessel is heated by the light at its depth, which it shades itself, and by its surroundings. The side towards the
light is hotter than the other (`physics.targets.vessel_optics`). Vessels do not shade each other, and do not reduce the
mean blood content of their layer. The difference that cooling makes between the top of a vessel and its axis is
neglected.

The many narrow vessels of normal skin are treated as symmetric about their axis, in isotropic light: the reduction of
their light, and the excess heat of one of their sides, nearly cancel at the dose at which they leak, and they share the
light among each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.numerics.interpolation import interpolate_history
from skinbeam.physics.targets.vessel import VesselHistory, lumen_paths, lumen_profile, radial_response
from skinbeam.physics.targets.vessel_optics import AmbientLight, lumen_light
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.vessels.vessel_light import light_around_vessels
from skinbeam.skin.properties import blood_mua, blood_thermal_properties
from skinbeam.skin.vessels import Vessels

__all__ = [
    "VesselLine",
    "VesselResponse",
    "VesselSide",
    "VesselSite",
    "add_surroundings",
    "simulate_vessels",
    "skin_vessels",
    "vessel_site",
]

Floats = NDArray[np.float64]


class VesselLine(NamedTuple):
    """Light of one wavelength at each vessel, (sample, vessel).

    Parameters
    ----------
    energy_share : of the energy.
    fluence_rate_ratio : fluence rate over irradiance at the depth of the axis.
    surroundings_mua : absorption of the surroundings, 1/m.
    ambient_light : direction and return of the light; None for vessels that are treated as symmetric.
    """

    energy_share: float
    wavelength_nm: float
    fluence_rate_ratio: Floats
    surroundings_mua: Floats
    ambient_light: AmbientLight | None

    def excess(self, mua: Floats, diameter: Floats) -> Floats:
        """Return the absorption of blood in excess of the surroundings, per volume over the irradiance, 1/m.

        Parameters
        ----------
        mua, diameter : of blood and vessel, (sample, vessel) or (sample, vessel, node).

        Returns
        -------
        (order, sample, vessel, cell) or (order, sample, vessel, node, cell): the mean over directions from the axis,
            and the excess of the side towards the light above it.
        """

        def wide(values: Floats) -> Floats:
            return values.reshape(*values.shape, *[1] * (mua.ndim - values.ndim))

        around, ratio = (
            wide(self.surroundings_mua)[..., None],
            self.energy_share * wide(self.fluence_rate_ratio)[..., None],
        )
        across = wide(diameter)
        if self.ambient_light is None:
            return np.asarray((ratio * (mua[..., None] * lumen_profile(mua, across) - around))[None])
        net, slope, returned = self.ambient_light
        sides = AmbientLight(wide(net), wide(slope), (wide(returned[0]), wide(returned[1])))
        even, uneven = lumen_light(mua, across, sides)
        falling = sides.slope[..., None] * lumen_paths().relative_radius
        found = [mua[..., None] * even - around, mua[..., None] * uneven - around * falling]
        return np.asarray(np.stack([ratio * part for part in found]))


@compared_by_value
@dataclass(frozen=True)
class VesselSite:
    """Light and surroundings of each vessel; (sample, vessel) unless stated otherwise.

    Parameters
    ----------
    lines : of every wavelength.
    base_K, surroundings_unit_K : (sample, vessel, time) of the surroundings: without the beam, and the change per J/m².
    side_difference_K, curvature_K : (sample, vessel, time) half of the difference of `surroundings_unit_K` between the
        edge towards the surface and that away from it, and the mean of the two minus the value at the axis.
    conductivity, heat_capacity_vol : of the surroundings.
    """

    lines: tuple[VesselLine, ...]
    base_K: Floats
    surroundings_unit_K: Floats
    side_difference_K: Floats
    curvature_K: Floats
    conductivity: Floats
    heat_capacity_vol: Floats


@compared_by_value
@dataclass(frozen=True)
class VesselSide:
    """Excess of the temperature change above its mean at the side towards the light.

    All as in `VesselResponse`. It varies with the cosine of the direction from the axis.

    Parameters
    ----------
    curvature : excess temperature of the surroundings at the edge of the lumen, equal on both sides, (sample, vessel,
        time): it varies with the square of that cosine, and of the distance from the axis.
    """

    cells: Floats
    edge: Floats
    wall: Floats
    curvature: Floats


@compared_by_value
@dataclass(frozen=True)
class VesselResponse:
    """Temperatures around each vessel, all (sample, vessel, time), K and K per J/m².

    Parameters
    ----------
    diameter : of the lumen, (sample, vessel), m.
    base : of the tissue at the depth of the axis, without the beam.
    cells : change per unit radiant exposure in the cells of the lumen, axis first, (sample, vessel, cell, time), a mean
        over directions from the axis like all that follow.
    lumen, edge, wall : the same: mean of the lumen, its edge, the outer edge of the wall.
    side_excess : difference between directions; None for symmetric vessels.
    """

    diameter: Floats
    base: Floats
    cells: Floats
    lumen: Floats
    edge: Floats
    wall: Floats
    side_excess: VesselSide | None = None

    @property
    def count(self) -> int:
        """Number of vessels in each draw."""
        return int(self.base.shape[1])

    def section(self, cosine: float) -> Floats:
        """Return the change from the axis to the edge of the lumen, (sample, vessel, place, time).

        Parameters
        ----------
        cosine : cosine of the direction from the axis with that to the side that is hotter at each time.
        """
        cells, edge = (self._change_at(name, cosine) for name in ("cells", "edge"))
        return np.concatenate([cells, edge[:, :, None]], axis=2)

    @cached_property
    def coldest(self) -> Floats:
        """The section towards the colder side, which contains the coldest blood."""
        return self.section(-1.0)

    @cached_property
    def hottest(self) -> Floats:
        """The section towards the hotter side."""
        return self.coldest if self.side_excess is None else self.section(1.0)

    def edge_at(self, cosine: float) -> Floats:
        """Return the change at the edge of the lumen, as `section`, (sample, vessel, time)."""
        return self._change_at("edge", cosine)

    def wall_at(self, cosine: float) -> Floats:
        """Return the change at the outer edge of the wall, as `section`, (sample, vessel, time)."""
        return self._change_at("wall", cosine)

    def _change_at(self, name: str, cosine: float) -> Floats:
        mean: Floats = getattr(self, name)
        if self.side_excess is None:
            return mean
        bend = self.side_excess.curvature * cosine**2
        if name == "cells":
            bend = bend[:, :, None] * lumen_paths().relative_radius[:, None] ** 2
        return np.asarray(np.maximum(mean + cosine * np.abs(getattr(self.side_excess, name)) + bend, 0.0))


def skin_vessels(response: PulseResponse) -> Vessels | None:
    """Return the vessels of the skins, or None if they have none or there is no beam."""
    skins = response.skins
    if response.illumination is None or skins.vessel_count == 0:
        return None
    names = ("vessel_depth_m", "vessel_diameter_m", "wall_m", "haematocrit", "oxygenation")
    return Vessels(*(skins[name] for name in names))


def vessel_site(response: PulseResponse, vessels: Vessels, *, with_sides: bool = True) -> VesselSite:
    """Return light and surroundings of vessels in lit skins; without `with_sides`, for symmetric vessels."""
    assert response.illumination is not None  # checked by `skin_vessels`
    centres, sample = response.grid.centres, np.arange(len(vessels.depth))[:, None]
    middle, upper, lower = (
        interpolate_history(centres, response.unit_K, vessels.depth + side * vessels.diameter / 2)
        for side in (0, -1, 1)
    )
    layer = response.grid.layer[_cell_at(response.grid.faces, vessels.depth)]
    lines = tuple(
        VesselLine(
            line.energy_share,
            line.wavelength_nm,
            interpolate_history(centres, line.light.fluence_rate_ratio[:, None], vessels.depth)[..., 0],
            line.optics.mua[sample, layer],
            light_around_vessels(response, vessels, line) if with_sides else None,
        )
        for line in response.illumination.spectral_lines
    )
    return VesselSite(
        lines,
        interpolate_history(centres, response.base_K, vessels.depth),
        middle,
        (upper - lower) / 2,
        (upper + lower) / 2 - middle,
        response.heat.conductivity[sample, layer],
        response.heat.heat_capacity_vol[sample, layer],
    )


def simulate_vessels(
    response: PulseResponse, vessels: Vessels | None = None, *, with_sides: bool = True
) -> VesselResponse | None:
    """Return the response of `vessels`, by default those of the skins; None without vessels or without a beam.

    Parameters
    ----------
    with_sides : whether the two sides of a vessel differ, and it shades itself.
    """
    vessels = skin_vessels(response) if vessels is None else vessels
    if vessels is None or response.illumination is None:
        return None
    site = vessel_site(response, vessels, with_sides=with_sides)
    power = np.sum(
        [
            line.excess(blood_mua(line.wavelength_nm, vessels.haematocrit, vessels.oxygenation), vessels.diameter)
            for line in site.lines
        ],
        axis=0,
    )
    rises = [
        radial_response(
            vessels.diameter,
            vessels.wall,
            part / response.schedule.pulse_s,
            response.schedule.step_s,
            response.schedule.power_on,
            blood=blood_thermal_properties(),
            dermis=(site.conductivity, site.heat_capacity_vol),
            order=order,
        )
        for order, part in enumerate(power)
    ]
    return add_surroundings(vessels, site, rises)


def add_surroundings(vessels: Vessels, site: VesselSite, rises: Sequence[VesselHistory]) -> VesselResponse:
    """Return the temperatures of vessels: those of their surroundings plus `rises` per J/m².

    `rises` are of order 0 and optionally 1.
    """
    even, *uneven = rises
    # In the memory order in which endpoints of vessels read it: histories of places.
    cells = np.add(site.surroundings_unit_K[:, :, None], np.moveaxis(even.cells, -1, 2), order="C")
    np.maximum(cells, 0.0, out=cells)
    lumen, edge, wall = (site.surroundings_unit_K + part for part in (even.lumen, even.lumen_edge, even.wall))
    for change in (lumen, edge, wall):
        np.maximum(change, 0.0, out=change)
    side = None
    if uneven:
        (rise,) = uneven
        beyond = (1 + 2 * vessels.wall / vessels.diameter)[..., None]
        side = VesselSide(
            np.moveaxis(rise.cells, -1, 2)
            + site.side_difference_K[:, :, None] * lumen_paths().relative_radius[:, None],
            rise.lumen_edge + site.side_difference_K,
            rise.wall + site.side_difference_K * beyond,
            site.curvature_K,
        )
    return VesselResponse(vessels.diameter, site.base_K, cells, lumen, edge, wall, side)


def _cell_at(faces: Floats, depth: Floats) -> NDArray[np.int64]:
    """Return the index of the cell that contains each depth, (sample, vessel); the last cell for depths below."""
    index = np.stack([np.searchsorted(row, z, side="right") - 1 for row, z in zip(faces, depth, strict=True)])
    return np.asarray(np.clip(index, 0, faces.shape[1] - 2), dtype=np.int64)
