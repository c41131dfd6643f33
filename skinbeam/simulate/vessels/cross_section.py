"""Vessels in light in full: a cross-section of skin in which packets meet every vessel as the cylinder that it is.

Vessels lie along y below each other, under a wide beam: nothing changes along y, and what is left to compute is a
section of x and z. Shadow, lit and dark side and shading inside the lumen come with the packets; heat flows between
blood, wall and layers, the surface among them. This is what `simulate.vessels.lumen`, which puts a vessel about its
axis into the light of its depth, is measured against.

The beam repeats the section at a width at which neighbours take next to nothing of each other's light. Blood is of the
refractive index of its layer. Temperatures stay proportional to the dose: blood absorbs no more as it heats, here and
in what is compared with it. What cooling makes of the top of a vessel against its axis, and blood at rest, are left
out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.physics.heat.problem import Problem
from skinbeam.physics.heat.tissue import Film, Material, Source
from skinbeam.physics.heat.xyz import conduct_xyz
from skinbeam.physics.light.scene import Tally
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.space import Inclusion, Layers, endless_cylinder
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.vessels.ends import closure_dose, leak_dose, rupture_dose
from skinbeam.simulate.vessels.lumen import VesselResponse, drawn_vessels
from skinbeam.simulate.vessels.section import Lumen, SectionGrid, section_grid
from skinbeam.skin.properties import blood_mua, blood_thermal
from skinbeam.skin.spectra import spectrum
from skinbeam.skin.vessels import Vessels

__all__ = ["LitSection", "SectionHeat", "ends_of", "heat_section", "light_section", "vessel_in"]

Floats = NDArray[np.float64]

PACKETS = 1_000_000
# The dose that is marched, J/m²: it warms blood by hundreds of kelvin, beside which the tolerance is small.
MARCHED_J_M2 = 1e5
TOLERANCE_K = 0.3
# Places in a lumen at which its blood is judged, in radii, and directions from the top to the bottom of a half circle.
_RADII = (0.0, 0.3, 0.55, 0.75, 0.9, 1.0)
_DIRECTIONS = 13


@dataclass(frozen=True)
class LitSection:
    """Light in a section; all (x, z) over the irradiance, and mirrored at x = 0, where the first cell begins.

    Parameters
    ----------
    lumens : the vessels, shallowest first.
    absorbed_per_m : power per volume, 1/m.
    fluence_rate_ratio : fluence rate.
    one_sided : of the power per volume, how far the left half lies above the right, (x, z), 1/m: chance alone.
    absorbed_fraction : what each layer, at any depth, and then each vessel absorbs of the incident power, (part,).
    """

    grid: SectionGrid
    lumens: tuple[Lumen, ...]
    absorbed_per_m: Floats
    fluence_rate_ratio: Floats
    one_sided: Floats
    absorbed_fraction: Floats


@dataclass(frozen=True)
class SectionHeat:
    """Change of temperature per unit radiant exposure, (time, x, z), K per J/m²."""

    lit: LitSection
    unit_K: Floats


def light_section(response: Response, *, packets: int = PACKETS, seed: int = 0) -> LitSection:
    """Return the light around the vessels of the first skin of `response`, if it has any.

    Parameters
    ----------
    response : of a wide beam.
    packets : of each wavelength.

    Raises
    ------
    NotAvailable : no beam, or a narrow one: the section then has no symmetry along y.
    """
    if response.lit is None or response.lit.shares is not None:
        raise NotAvailable(text("endpoint.section"))
    found = drawn_vessels(response)
    order = [] if found is None else [int(i) for i in np.argsort(found.depth[0])]
    lumens = tuple(
        Lumen(*(float(values[0, i]) for values in (found.depth, found.diameter, found.wall)))
        for i in order
        if found is not None
    )
    thickness = np.asarray(response.skins["thickness_m"].values[0], dtype=np.float64)
    grid = section_grid(thickness, float(response.grid.faces[0, -1]), lumens)
    parts = []
    for line in response.lit.lines:
        medium = LayeredMedium.of(line.optics, thickness[None]).draw(0)
        inclusions = _blood_in(lumens, found, order, line.wavelength_nm)
        width = grid.width_m
        tally = Tally(grid.z_faces, nx=grid.columns, ny=1, dx=grid.column_m, dy=width)
        field = MonteCarlo(packets, seed=seed).light(Layers(medium, inclusions, (width, width)), LightBeam(), tally)
        assert field.absorbed_xyz is not None  # columns were asked for
        assert field.fluence_rate_xyz is not None
        # Of the power on a cell that repeats; the irradiance is that over its area.
        absorbed, fluence = (values[:, 0] * width**2 for values in (field.absorbed_xyz, field.fluence_rate_xyz))
        parts.append(
            [
                line.share * part
                for part in (*grid.halves(absorbed), *grid.halves(fluence), np.asarray(field.absorbed_fraction))
            ]
        )
    left, right, fluence_left, fluence_right, fraction = (np.sum(column, axis=0) for column in zip(*parts, strict=True))
    return LitSection(grid, lumens, (left + right) / 2, (fluence_left + fluence_right) / 2, left - right, fraction)


def _blood_in(
    lumens: Sequence[Lumen], found: Vessels | None, order: Sequence[int], wavelength_nm: float
) -> list[Inclusion]:
    if found is None:
        return []
    blood = spectrum("blood")
    scatter, g = (float(blood.at(name, wavelength_nm)) for name in ("scattering_per_m", "anisotropy"))
    mua = blood_mua(wavelength_nm, found.haematocrit[0], found.oxygenation[0])
    return [
        Inclusion([endless_cylinder(0.0, one.depth_m, one.diameter_m / 2)], float(mua[i]), scatter, g)
        for one, i in zip(lumens, order, strict=True)
    ]


def heat_section(response: Response, lit: LitSection) -> SectionHeat:
    """Return the warming of the section at the times of `response`, whose skin and light `lit` is of."""
    grid, schedule = lit.grid, response.schedule
    _, share = grid.shares(lit.lumens)
    layer = grid.layer_shares
    k_blood, c_blood = blood_thermal()
    k = share * k_blood + (1 - share) * (layer @ response.heat.conductivity[0])
    c = share * c_blood + (1 - share) * (layer @ response.heat.heat_capacity_vol[0])
    columns, depths = share.shape
    record = np.stack(np.meshgrid(np.arange(columns), [0], np.arange(depths), indexing="ij"), axis=-1)
    power_on, h = (v[0] if np.ndim(v) > 1 else v for v in (schedule.power_on, response.met.h_W_m2K))
    problem = Problem(
        Material(k[:, None], c[:, None]),
        0.0,
        schedule.step_s,
        Source(lit.absorbed_per_m[:, None] * MARCHED_J_M2 / schedule.pulse_s, power_on),
        surface=Film(h),
        bottom=None if response.grid.ends else 0.0,
        record_cells=record.reshape(-1, 3),
        tolerance_K=TOLERANCE_K,
    )
    # Two cells along y, the fewest that are a body: nothing flows between them.
    faces = grid.x_faces, np.linspace(0.0, 2 * grid.column_m, 3), grid.z_faces
    history = conduct_xyz(faces, problem)
    return SectionHeat(lit, history.recorded.reshape(-1, columns, depths) / MARCHED_J_M2)


def vessel_in(response: Response, heat: SectionHeat, which: int = 0) -> VesselResponse:
    """Return what a section says of one of its vessels, as if it were as many vessels as directions from its axis.

    The places of the lumen are the same in each; edge and wall are those of the direction, top first.
    """
    lumen = heat.lit.lumens[which]
    grid, radius = heat.lit.grid, lumen.diameter_m / 2
    angle = np.linspace(0.0, math.pi, _DIRECTIONS)

    def at(distance: float) -> Floats:
        return grid.interpolated(heat.unit_K, distance * np.sin(angle), lumen.depth_m - distance * np.cos(angle))

    rings = [at(share * radius) for share in _RADII]
    inside = np.maximum(np.concatenate([rings[0][:, :1], *rings[1:]], axis=1).T, 0.0)
    each, _ = grid.shares((lumen,))
    weight = each[0] * grid.areas
    mean = np.maximum((heat.unit_K * weight).sum(axis=(1, 2)) / weight.sum(), 0.0)
    depth_cell = int(np.searchsorted(response.grid.faces[0], lumen.depth_m, side="right")) - 1
    shape = (1, _DIRECTIONS)
    return VesselResponse(
        np.full(shape, lumen.diameter_m),
        np.tile(response.base_K[0, :, depth_cell], (*shape, 1)),
        np.tile(inside, (*shape, 1, 1)),
        np.tile(mean, (*shape, 1)),
        np.maximum(rings[-1].T[None], 0.0),
        np.maximum(at(radius + lumen.wall_m).T[None], 0.0),
    )


def ends_of(response: Response, vessel: VesselResponse) -> dict[str, float]:
    """Return the doses, J/m², at which a vessel of a section closes, tears and leaks.

    Closed is a vessel whose lining is damaged all around; it leaks where that is damaged first.
    """
    return {
        "vessel-closure": float(closure_dose(response, vessel).max()),
        "vessel-rupture": float(rupture_dose(response, vessel).max()),
        "purpura": float(leak_dose(response, vessel).min()),
    }
