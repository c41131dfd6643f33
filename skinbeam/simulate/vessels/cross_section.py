"""Light and heat in a full cross-section of skin around vessels, the reference for the reduced model of vessels.

Vessels lie along y below each other, under a wide beam: nothing changes along y, and only a section of x and z has to
be computed. In the Monte Carlo simulation each vessel is a cylinder, which includes its shadow, its lit and dark side
and the shading inside the lumen; heat flows between blood, wall, layers and surface. The reduced model in
`simulate.vessels.vessel_response`, which treats each vessel as symmetric about its axis in the light of its depth, is
compared with this one.

The section repeats periodically at a width at which neighbours take almost none of each other's light. Blood has the
refractive index of its layer. Temperatures are proportional to the dose: the absorption of blood does not rise with
temperature, in this model and in the one that is compared with it. The difference that cooling makes between the top of
a vessel and its axis, and perfusion, are neglected.

The grid of cells is fine at the vessels and the surface, and coarser with the distance from them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MM, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.heat.three_dimensional import conduct_xyz
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.space import Inclusion, LayeredSpace, infinite_cylinder_shape
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.vessels.vessel_endpoints import closure_dose, leak_dose, rupture_dose
from skinbeam.simulate.vessels.vessel_response import VesselResponse, skin_vessels
from skinbeam.skin.properties import blood_mua, blood_thermal_properties
from skinbeam.skin.tables import read_spectrum
from skinbeam.skin.vessels import Vessels
from skinbeam.text import render_message

__all__ = [
    "SectionGrid",
    "SectionHeat",
    "SectionLight",
    "SectionLumen",
    "heat_section",
    "light_section",
    "section_endpoint_doses",
    "section_grid",
    "section_vessel",
]

Floats = NDArray[np.float64]

CELLS_ACROSS = 30  # least number of cells across a lumen
WIDEST_CELL_M = 3 * UM  # of the cells in a lumen: a fifth of the diffusion length in half a millisecond
SURFACE_CELL_M = 5 * UM
CELL_GROWTH = 0.12  # of a cell over its distance from the finest cells
# The section repeats: at thirty diameters neighbours take half a per cent of each other's light.
WIDTH_IN_DIAMETERS, LEAST_WIDTH_M = 30.0, 1 * MM
_SUBCELLS = 8  # of a cell along each axis, for its share of a lumen


@dataclass(frozen=True)
class SectionLumen:
    """A vessel along y at x = 0: depth of its axis, diameter of its lumen and thickness of its wall, m."""

    depth_m: float
    diameter_m: float
    wall_m: float


@compared_by_value
@dataclass(frozen=True)
class SectionGrid:
    """Grid of half a section, x ≥ 0; the other half is its mirror image.

    Parameters
    ----------
    x_faces, z_faces : m; those of x are whole columns.
    columns, column_m : of the whole width, even in number, of equal width.
    layer_shares : (z, layer) of each row of cells.
    """

    x_faces: Floats
    z_faces: Floats
    columns: int
    column_m: float
    layer_shares: Floats

    @property
    def width_m(self) -> float:
        """Width of the whole section."""
        return self.columns * self.column_m

    @property
    def areas(self) -> Floats:
        """Area of the cells, (x, z), m²."""
        return np.asarray(np.diff(self.x_faces)[:, None] * np.diff(self.z_faces))

    @property
    def centres(self) -> tuple[Floats, Floats]:
        """Centres of the cells along x and along z, m."""
        return (self.x_faces[1:] + self.x_faces[:-1]) / 2, (self.z_faces[1:] + self.z_faces[:-1]) / 2

    def mirror_halves(self, columns: Floats) -> tuple[Floats, Floats]:
        """Return values by column, (column, z), averaged over cells: the left half, mirrored, and the right half."""
        middle = self.columns // 2
        first = np.rint(self.x_faces[:-1] / self.column_m).astype(np.int64)
        count = np.diff(np.rint(self.x_faces / self.column_m))[:, None]
        left, right = (np.add.reduceat(half, first) / count for half in (columns[:middle][::-1], columns[middle:]))
        return np.asarray(left), np.asarray(right)

    def lumen_shares(self, lumens: Sequence[SectionLumen]) -> tuple[Floats, Floats]:
        """Return the share of every cell inside each lumen, (lumen, x, z), and inside any, (x, z)."""
        part = (np.arange(_SUBCELLS) + 0.5) / _SUBCELLS
        x = (self.x_faces[:-1, None] + np.diff(self.x_faces)[:, None] * part)[:, None, :, None]
        z = (self.z_faces[:-1, None] + np.diff(self.z_faces)[:, None] * part)[None, :, None, :]
        shares = np.array(
            [(x**2 + (z - lumen.depth_m) ** 2 < (lumen.diameter_m / 2) ** 2).mean((2, 3)) for lumen in lumens]
        )
        shares = shares.reshape(len(lumens), len(self.x_faces) - 1, len(self.z_faces) - 1)
        return shares, np.minimum(shares.sum(axis=0), 1.0)

    def interpolate(self, values: Floats, x: Floats, z: Floats) -> Floats:
        """Return values of cells, (time, x, z), interpolated linearly at points with x ≥ 0, (time, point)."""
        centres_x, centres_z = self.centres
        mirrored = np.concatenate([-centres_x[:1], centres_x])

        def between(centres: Floats, at: Floats) -> tuple[NDArray[np.int64], Floats]:
            low = np.clip(np.searchsorted(centres, at) - 1, 0, len(centres) - 2)
            return low, (at - centres[low]) / (centres[low + 1] - centres[low])

        (i, u), (k, v) = between(mirrored, x), between(centres_z, z)
        left, right = np.maximum(i - 1, 0), i
        upper, lower = ((1 - u) * values[:, left, row] + u * values[:, right, row] for row in (k, k + 1))
        return np.asarray((1 - v) * upper + v * lower)


def section_grid(thickness_m: Floats, bottom_m: float, lumens: Sequence[SectionLumen]) -> SectionGrid:
    """Return the grid around `lumens` in layers of (layer,) m, down to `bottom_m`."""
    fine = [(lumen, min(WIDEST_CELL_M, lumen.diameter_m / CELLS_ACROSS)) for lumen in lumens]
    column = min((size for _, size in fine), default=4 * SURFACE_CELL_M)
    width = max([LEAST_WIDTH_M, *(WIDTH_IN_DIAMETERS * lumen.diameter_m for lumen in lumens)])
    half = int(np.ceil(width / 2 / column))

    def beyond(lumen: SectionLumen, distance: Floats | float) -> Floats:
        return np.maximum(np.abs(distance) - lumen.diameter_m / 2 - 2 * lumen.wall_m, 0.0)

    places = [0]
    while places[-1] < half:
        at = places[-1] * column
        size = min((s + CELL_GROWTH * float(beyond(lumen, at)) for lumen, s in fine), default=width / 8)
        places.append(min(places[-1] + max(int(size / column), 1), half))

    def size_at(z: Floats) -> Floats:
        sizes = [
            SURFACE_CELL_M + CELL_GROWTH * z,
            *(s + CELL_GROWTH * beyond(lumen, z - lumen.depth_m) for lumen, s in fine),
        ]
        return np.asarray(np.minimum.reduce(sizes))

    borders = np.concatenate([[0.0], np.cumsum(thickness_m[:-1]), [bottom_m]])
    borders = borders[borders <= bottom_m]
    faces = [np.zeros(1)]
    for top, bottom in pairwise(borders):
        fine_z = np.linspace(top, bottom, 2000)
        rate = 1.0 / size_at(fine_z)
        steps = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(fine_z))])
        count = max(int(np.ceil(steps[-1])), 1)
        faces.append(np.interp(np.linspace(0.0, steps[-1], count + 1)[1:], steps, fine_z))
    z_faces = np.concatenate(faces)
    centres = (z_faces[1:] + z_faces[:-1]) / 2
    layer = np.searchsorted(borders[1:-1], centres)
    shares = np.eye(len(thickness_m))[layer]
    return SectionGrid(np.array(places) * column, z_faces, 2 * half, column, shares)


PACKETS = 1_000_000
# Dose of the simulation, J/m²: it warms blood by hundreds of kelvin, compared with which the tolerance is small.
MARCH_DOSE_J_M2 = 1e5
TOLERANCE_K = 0.3
# Positions in a lumen at which its blood is evaluated, in radii, and number of directions from the top to the bottom of
# a half circle.
_EDGE_RADII = (0.0, 0.3, 0.55, 0.75, 0.9, 1.0)
_EDGE_DIRECTIONS = 13


@compared_by_value
@dataclass(frozen=True)
class SectionLight:
    """Light in a section; all (x, z) over the irradiance, and mirrored at x = 0, where the first cell begins.

    Parameters
    ----------
    lumens : the vessels, shallowest first.
    absorbed_per_m : power per volume, 1/m.
    fluence_rate_ratio : fluence rate.
    left_right_difference : power per volume in the left half minus that in the right, (x, z), 1/m: Monte Carlo noise
        alone.
    absorbed_fraction : share of the incident power absorbed in each layer, at any depth, and then in each vessel,
        (part,).
    """

    grid: SectionGrid
    lumens: tuple[SectionLumen, ...]
    absorbed_per_m: Floats
    fluence_rate_ratio: Floats
    left_right_difference: Floats
    absorbed_fraction: Floats


@compared_by_value
@dataclass(frozen=True)
class SectionHeat:
    """Change of temperature per unit radiant exposure, (time, x, z), K per J/m²."""

    light: SectionLight
    unit_K: Floats


def light_section(response: PulseResponse, *, packets: int = PACKETS, seed: int = 0) -> SectionLight:
    """Return the light around the vessels of the first skin of `response`, if it has any.

    Parameters
    ----------
    response : of a wide beam.
    packets : of each wavelength.

    Raises
    ------
    NotAvailable : no beam, or a narrow one: the section then has no symmetry along y.
    """
    if response.illumination is None or response.illumination.spot_shares is not None:
        raise NotAvailable(render_message("endpoint.section"))
    vessels = skin_vessels(response)
    order = [] if vessels is None else [int(i) for i in np.argsort(vessels.depth[0])]
    lumens = tuple(
        SectionLumen(*(float(values[0, i]) for values in (vessels.depth, vessels.diameter, vessels.wall)))
        for i in order
        if vessels is not None
    )
    thickness = response.skins["thickness_m"][0]
    grid = section_grid(thickness, float(response.grid.faces[0, -1]), lumens)
    parts = []
    for line in response.illumination.spectral_lines:
        medium = LayeredMedium.from_optics(line.optics, thickness[None]).select_draw(0)
        inclusions = _blood_inclusions(lumens, vessels, order, line.wavelength_nm)
        width = grid.width_m
        tally = LightTally(grid.z_faces, nx=grid.columns, ny=1, dx=grid.column_m, dy=width)
        field = MonteCarlo(packets, seed=seed).compute_light(
            LayeredSpace(medium, inclusions, (width, width)), LightBeam(), tally
        )
        assert field.absorbed_xyz is not None  # columns were requested
        assert field.fluence_rate_xyz is not None
        # Per power on a periodic cell; the irradiance is that power over its area.
        absorbed, fluence = (values[:, 0] * width**2 for values in (field.absorbed_xyz, field.fluence_rate_xyz))
        parts.append(
            [
                line.energy_share * part
                for part in (
                    *grid.mirror_halves(absorbed),
                    *grid.mirror_halves(fluence),
                    np.asarray(field.absorbed_fraction),
                )
            ]
        )
    left, right, fluence_left, fluence_right, fraction = (np.sum(column, axis=0) for column in zip(*parts, strict=True))
    return SectionLight(grid, lumens, (left + right) / 2, (fluence_left + fluence_right) / 2, left - right, fraction)


def _blood_inclusions(
    lumens: Sequence[SectionLumen], vessels: Vessels | None, order: Sequence[int], wavelength_nm: float
) -> list[Inclusion]:
    if vessels is None:
        return []
    blood = read_spectrum("blood")
    scatter, g = (float(blood.at(name, wavelength_nm)) for name in ("scattering_per_m", "anisotropy"))
    mua = blood_mua(wavelength_nm, vessels.haematocrit[0], vessels.oxygenation[0])
    return [
        Inclusion([infinite_cylinder_shape(0.0, lumen.depth_m, lumen.diameter_m / 2)], float(mua[i]), scatter, g)
        for lumen, i in zip(lumens, order, strict=True)
    ]


def heat_section(response: PulseResponse, light: SectionLight) -> SectionHeat:
    """Return the temperature rise of the section at the times of `response`, which has the skin and light of
    `light`."""
    grid, schedule = light.grid, response.schedule
    _, share = grid.lumen_shares(light.lumens)
    layer = grid.layer_shares
    k_blood, c_blood = blood_thermal_properties()
    k = share * k_blood + (1 - share) * (layer @ response.heat.conductivity[0])
    c = share * c_blood + (1 - share) * (layer @ response.heat.heat_capacity_vol[0])
    columns, depths = share.shape
    record = np.stack(np.meshgrid(np.arange(columns), [0], np.arange(depths), indexing="ij"), axis=-1)
    power_on, h = (v[0] if np.ndim(v) > 1 else v for v in (schedule.power_on, response.surface_conditions.h_W_m2K))
    problem = HeatProblem(
        Material(k[:, None], c[:, None]),
        0.0,
        schedule.step_s,
        HeatSource(light.absorbed_per_m[:, None] * MARCH_DOSE_J_M2 / schedule.pulse_s, power_on),
        surface=RobinBoundary(h),
        bottom=None if response.grid.is_finite else 0.0,
        record_cells=record.reshape(-1, 3),
        tolerance_K=TOLERANCE_K,
    )
    # Two cells along y, the fewest that the solver accepts: no heat flows between them.
    faces = grid.x_faces, np.linspace(0.0, 2 * grid.column_m, 3), grid.z_faces
    history = conduct_xyz(faces, problem)
    return SectionHeat(light, history.cell_temperature.reshape(-1, columns, depths) / MARCH_DOSE_J_M2)


def section_vessel(response: PulseResponse, heat: SectionHeat) -> VesselResponse:
    """Return the response of the first vessel of a section, as if each direction from its axis were a vessel itself.

    The cells of the lumen are the same in each; edge and wall are those of the direction, top first.
    """
    lumen = heat.light.lumens[0]
    grid, radius = heat.light.grid, lumen.diameter_m / 2
    angle = np.linspace(0.0, math.pi, _EDGE_DIRECTIONS)

    def at(distance: float) -> Floats:
        return grid.interpolate(heat.unit_K, distance * np.sin(angle), lumen.depth_m - distance * np.cos(angle))

    rings = [at(share * radius) for share in _EDGE_RADII]
    inside = np.maximum(np.concatenate([rings[0][:, :1], *rings[1:]], axis=1).T, 0.0)
    shares, _ = grid.lumen_shares((lumen,))
    weight = shares[0] * grid.areas
    mean = np.maximum((heat.unit_K * weight).sum(axis=(1, 2)) / weight.sum(), 0.0)
    depth_cell = int(np.searchsorted(response.grid.faces[0], lumen.depth_m, side="right")) - 1
    shape = (1, _EDGE_DIRECTIONS)
    return VesselResponse(
        np.full(shape, lumen.diameter_m),
        np.tile(response.base_K[0, :, depth_cell], (*shape, 1)),
        np.tile(inside, (*shape, 1, 1)),
        np.tile(mean, (*shape, 1)),
        np.maximum(rings[-1].T[None], 0.0),
        np.maximum(at(radius + lumen.wall_m).T[None], 0.0),
    )


def section_endpoint_doses(response: PulseResponse, vessel: VesselResponse) -> dict[str, float]:
    """Return the doses, J/m², at which a vessel of a section closes, ruptures and leaks.

    A vessel is closed if its lining is damaged all around; it leaks where that is damaged first.
    """
    return {
        "vessel-closure": float(closure_dose(response, vessel).max()),
        "vessel-rupture": float(rupture_dose(response, vessel).max()),
        "purpura": float(leak_dose(response, vessel).min()),
    }
