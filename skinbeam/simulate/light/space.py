"""Spaces in which packets are traced: layers with inclusions, voxels, or rings, in the form of the photon kernels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.photon_scene import PhotonScene
from skinbeam.physics.light.plane_layers import check_layers
from skinbeam.physics.numerics import memory_layout
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.launch import BeamLaunch
from skinbeam.simulate.light.medium import Floats, LayeredMedium

__all__ = [
    "Inclusion",
    "LayeredSpace",
    "RingSpace",
    "Shape",
    "VoxelSpace",
    "ball_shape",
    "cylinder_shape",
    "disc_shape",
    "ellipsoid_shape",
    "infinite_cylinder_shape",
    "slab_table",
]

_DEEP_M = 1e6  # represents infinity in single precision
_ENDLESS_M = 1e3  # half the length of a cylinder without end
# Least number of tentative collisions on the way through a layer at normal incidence: its fluence is estimated from
# them.
_COLLISIONS_A_VOXEL = 2.0
# Steps of probability of a tabulated scattering angle: its mean cosine is then right to 2e-6 even at g = 0.97.
_DEFLECTION_STEPS = 4096
# Cosines of the scattering angle and their density.
PhaseTable = tuple[Sequence[float], Sequence[float]]
# Planes of voxels share a slab while the densest is not above this times the others.
_MAX_RATIO = 1.5


@compared_by_value
@dataclass(frozen=True)
class Shape:
    """The ball of radius 1, or the cylinder of radius 1 and height ±1, transformed by p → `axes` (p - `centre`).

    Parameters
    ----------
    centre : x, y, z, m.
    axes : (3, 3), 1/m; its third row belongs to the axis of a cylinder.
    """

    centre: Sequence[float]
    axes: Floats
    is_ball: bool

    def depth_range(self) -> tuple[float, float]:
        """Return the least and the greatest depth, m."""
        back = np.linalg.inv(self.axes)[2]
        reach = np.hypot(*back[:2]) + abs(back[2]) if not self.is_ball else np.linalg.norm(back)
        return float(self.centre[2] - reach), float(self.centre[2] + reach)


def cylinder_shape(start: Sequence[float], end: Sequence[float], radius: float) -> Shape:
    """Return the cylinder between two points, m, with flat ends."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    length = float(np.linalg.norm(b - a))
    along = (b - a) / length
    across = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
    across /= np.linalg.norm(across)
    axes = np.array([across / radius, np.cross(along, across) / radius, along * (2.0 / length)])
    return Shape(tuple((a + b) / 2.0), axes, False)


def infinite_cylinder_shape(x: float, depth: float, radius: float) -> Shape:
    """Return the infinite cylinder along y, m."""
    return cylinder_shape((x, -_ENDLESS_M, depth), (x, _ENDLESS_M, depth), radius)


def ball_shape(centre: Sequence[float], radius: float) -> Shape:
    """Return a ball, m."""
    return Shape(centre, np.eye(3) / radius, True)


def ellipsoid_shape(centre: Sequence[float], widths: Sequence[float]) -> Shape:
    """Return the ellipsoid of full widths along x, y and z, m."""
    return Shape(centre, np.diag(2.0 / np.asarray(widths, dtype=np.float64)), True)


def disc_shape(centre: Sequence[float], widths: Sequence[float]) -> Shape:
    """Return the upright cylinder of full widths along x, y and z, m."""
    return Shape(centre, np.diag(2.0 / np.asarray(widths, dtype=np.float64)), False)


@dataclass(frozen=True)
class Inclusion:
    """An inclusion in layers: the union of `shapes`, filled uniformly, with the refractive index around it."""

    shapes: Sequence[Shape]
    mua_per_m: float
    mus_per_m: float
    g: float


@dataclass(frozen=True)
class LayeredSpace:
    """Layers with inclusions; where inclusions overlap the last one counts.

    Parameters
    ----------
    cell_widths_m : widths in x and y of the cell about 0 that repeats infinitely; None without repetition.
    half_widths_m : half widths in x and y of a block with open sides, beside which the index is `ambient_n`; None for
        no sides.
    phases : tabulated phase functions used instead of Henyey and Greenstein's law, by part: layers, then inclusions.
    """

    medium: LayeredMedium
    inclusions: Sequence[Inclusion] = ()
    cell_widths_m: tuple[float, float] | None = None
    half_widths_m: tuple[float, float] | None = None
    phases: Mapping[int, PhaseTable] = field(default_factory=dict)

    def build_scene(self, beam: LightBeam) -> tuple[PhotonScene, BeamLaunch]:
        """Return space and beam in the form of the kernels.

        Raises
        ------
        ValueError : values out of range, a semi-infinite layer that does not absorb, an infinite beam on inclusions
            that do not repeat.
        """
        medium = self.medium
        mua, mus, g, n, depth, top = _check_medium(medium)
        if self.inclusions and self.cell_widths_m is None and beam.kind == "flat" and beam.spot_mm is None:
            raise ValueError("inclusions under an endless beam need a cell that repeats")
        densest = mua + mus
        rows = []
        for part, inclusion in enumerate(self.inclusions, len(mua)):
            values = (inclusion.mua_per_m, inclusion.mus_per_m, inclusion.g)
            if not (min(values[:2]) >= 0.0 and math.isfinite(sum(values)) and abs(inclusion.g) < 1.0):
                raise ValueError("inclusions have mua and mus that are finite and not negative, and -1 < g < 1")
            for shape in inclusion.shapes:
                rows.append([*shape.centre, *shape.axes.ravel(), shape.is_ball, *values, part])
                low, high = shape.depth_range()
                densest = np.where((low < top + depth) & (high > top), np.maximum(densest, sum(values[:2])), densest)
        slabs = slab_table(
            densest, depth, top, (medium.ambient_n, *n, medium.below_n), np.array([mua, mus, g, np.arange(len(mua))])
        )  # fmt: skip
        launch = BeamLaunch.from_beam(
            beam, medium.ambient_n, n[:1], self.cell_widths_m and (self.cell_widths_m[0] / 2, self.cell_widths_m[1] / 2)
        )
        return PhotonScene(
            slabs,
            len(mua) + len(self.inclusions),
            launch.parameters,
            shapes=np.array(rows, dtype=np.float32).reshape(-1, 17),
            cell=self.cell_widths_m or (0.0, 0.0),
            **_deflection_tables(self.phases, len(mua) + len(self.inclusions)),
            half=self.half_widths_m or (math.inf, math.inf),
            weighs=launch.weights_by_transmittance,
        ), launch


@compared_by_value
@dataclass(frozen=True)
class VoxelSpace:
    """Voxels in a block with open sides.

    Parameters
    ----------
    cube : index of the medium by x, y, z, (x, y, z).
    voxel_width_m : width of a voxel.
    mua_per_m, mus_per_m, g : (medium,).
    n : (medium,), or one number for all.
    ambient_n, below_n : refractive indices above and at the sides, and below.
    phases : tabulated phase functions used instead of Henyey and Greenstein's law, by number of the medium.
    """

    cube: NDArray[np.integer]
    voxel_width_m: float
    mua_per_m: Sequence[float]
    mus_per_m: Sequence[float]
    g: Sequence[float]
    n: Sequence[float] | float
    ambient_n: float = 1.0
    below_n: float = 1.0
    phases: Mapping[int, PhaseTable] = field(default_factory=dict)

    def build_scene(self, beam: LightBeam) -> tuple[PhotonScene, BeamLaunch]:
        """Return space and beam in the form of the kernels; the beam enters at the middle of the upper face.

        Raises
        ------
        ValueError : values out of range, an index without a medium.
        """
        media = np.array([self.mua_per_m, self.mus_per_m, self.g], dtype=np.float64)
        count = media.shape[1]
        n = np.broadcast_to(np.asarray(self.n, dtype=np.float64), count)
        depth_m = self.cube.shape[2] * self.voxel_width_m
        check_layers([*media[:, None, :], n[None, :], np.full((1, count), depth_m)])
        if self.cube.size == 0 or self.cube.min() < 0 or self.cube.max() >= count:
            raise ValueError(f"a cube holds indices from 0 to {count - 1}")
        media_by_plane = [np.unique(plane) for plane in self.cube.reshape(-1, self.cube.shape[2]).T]
        dense = media[0] + media[1]
        densest = np.array([dense[plane].max() for plane in media_by_plane])
        starts = _slab_starts(densest)
        counts = np.diff([*starts, len(densest)])
        depth = counts * self.voxel_width_m
        top = np.array(starts) * self.voxel_width_m
        rate = np.array([densest[start : start + count].max() for start, count in zip(starts, counts, strict=True)])
        # A medium without voxels causes no step of the refractive index.
        absent = np.setdiff1d(np.arange(count), np.concatenate(media_by_plane))
        n = np.where(np.isin(np.arange(count), absent), n[media_by_plane[0][0]], n)
        indices = (self.ambient_n, *[n[media_by_plane[0][0]]] * len(starts), self.below_n)
        slabs = slab_table(rate, depth, top, indices, np.zeros((4, len(starts))))
        half = (self.cube.shape[0] * self.voxel_width_m / 2.0, self.cube.shape[1] * self.voxel_width_m / 2.0)
        launch = BeamLaunch.from_beam(beam, self.ambient_n, np.unique(n[media_by_plane[0]]), half)
        return PhotonScene(
            slabs,
            count,
            launch.parameters,
            cube=np.array(self.cube, dtype=np.uint16, order="C"),  # a writable array compiles no second kernel
            media=np.vstack([media, np.arange(count), n]).T.astype(np.float32, order="C"),
            size=self.voxel_width_m,
            **_deflection_tables(self.phases, media.shape[1]),
            half=half,
            weighs=launch.weights_by_transmittance,
        ), launch


def _check_medium(medium: LayeredMedium) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return absorption, scattering, g, index, thickness (finite) and depth of the top of each layer.

    Raises
    ------
    ValueError : values out of range, a semi-infinite layer that does not absorb.
    """
    mua, mus, g, n, thickness = medium.columns
    check_layers([values[None, :] for values in (mua, mus, g, n, thickness)])
    if math.isinf(thickness[-1]) and mua[-1] == 0.0:
        raise ValueError("a semi-infinite layer must absorb: packets would never end")
    depth = np.where(np.isfinite(thickness), thickness, _DEEP_M)
    return mua, mus, g, n, depth, np.concatenate(([0.0], np.cumsum(depth[:-1])))


def slab_table(
    densest: Floats, depth: Floats, top: Floats, n: Sequence[float], medium: Floats
) -> NDArray[np.float32]:  # fmt: skip
    """Return the table of slabs, with a row above and below for the surroundings, which have a refractive index only.

    `medium` is μa, μs, g and part of each slab.
    """
    table = np.zeros((8, len(depth) + 2))
    table[memory_layout.FREE], table[memory_layout.THICK], table[memory_layout.INDEX] = 1.0, 1.0, n
    table[memory_layout.FREE, 1:-1] = 1.0 / np.maximum(densest, _COLLISIONS_A_VOXEL / depth)
    table[memory_layout.THICK, 1:-1], table[memory_layout.TOP, 1:-1] = depth, top
    table[memory_layout.MUA :, 1:-1] = medium
    return table.astype(np.float32)


def _deflection_tables(phases: Mapping[int, PhaseTable], parts: int) -> dict[str, Any]:
    """Return the scattering tables of the scene: 1 - cos at even steps of probability, and the table of each part."""
    if not phases:
        return {}
    rows = np.full(parts, -1, dtype=np.int32)
    rows[list(phases)] = np.arange(len(phases))
    return {
        "cosines": np.array([_invert_phase_function(*table) for table in phases.values()], np.float32),
        "tabulated": rows,
    }


def _invert_phase_function(cosine: Sequence[float], density: Sequence[float]) -> Floats:
    """Return 1 - cos at even steps of probability, for a density that is linear between its points."""
    mu, p = np.asarray(cosine, dtype=np.float64), np.asarray(density, dtype=np.float64)
    width = np.diff(mu)
    reached = np.concatenate(([0.0], np.cumsum(width * (p[1:] + p[:-1]) / 2.0)))
    wanted = np.linspace(0.0, reached[-1], _DEFLECTION_STEPS + 1)
    k = np.clip(np.searchsorted(reached, wanted, side="right") - 1, 0, len(width) - 1)
    # Solves p₀ t + slope t²/2 = left without a difference of nearly equal numbers.
    left, slope = wanted - reached[k], (p[k + 1] - p[k]) / width[k]
    root = p[k] + np.sqrt(np.maximum(p[k] ** 2 + 2.0 * slope * left, 0.0))
    t = np.divide(2.0 * left, root, out=np.zeros_like(left), where=root > 0.0)
    return np.asarray(1.0 - np.clip(mu[k] + np.minimum(t, width[k]), -1.0, 1.0))


def _slab_starts(densest: Floats) -> list[int]:
    """Return the first planes of the slabs into which planes of voxels are grouped."""
    starts, low, high = [0], densest[0], densest[0]
    for plane, rate in enumerate(densest):
        low, high = min(low, rate), max(high, rate)
        if high > _MAX_RATIO * low:
            starts.append(plane)
            low = high = rate
    return starts


RING_LEVEL_M: Final = 1 * UM  # depths at which optics change are rounded to this; boundaries of layers are not


@compared_by_value
@dataclass(frozen=True)
class RingSpace:
    """Layers of one refractive index each, in which the optics vary with radius and depth about an axis.

    Parameters
    ----------
    medium : the layers; their optics hold beside the rings and below the depths.
    ring_width_m : width of a ring.
    depth_faces_m : faces of the depths, rising from 0, (depth + 1,); each face of a layer above the last is among them.
    mua_per_m, mus_per_m : (ring, depth).
    """

    medium: LayeredMedium
    ring_width_m: float
    depth_faces_m: Floats
    mua_per_m: Floats
    mus_per_m: Floats

    def build_scene(self, beam: LightBeam) -> tuple[PhotonScene, BeamLaunch]:
        """Return space and beam in the form of the kernels; the beam enters about the axis.

        Raises
        ------
        ValueError : values out of range, shapes that do not fit, a semi-infinite layer that does not absorb.
        """
        medium = self.medium
        mua, mus, g, n, depth, top = _check_medium(medium)
        if self.mua_per_m.shape != self.mus_per_m.shape or self.mua_per_m.shape[1] != len(self.depth_faces_m) - 1:
            raise ValueError("optics of rings are given by ring and depth")
        if not (min(self.mua_per_m.min(), self.mus_per_m.min()) >= 0.0 and self.ring_width_m > 0):
            raise ValueError("rings have a width, and optics that are not negative")
        layer = np.searchsorted(top, (self.depth_faces_m[1:] + self.depth_faces_m[:-1]) / 2, side="right") - 1
        # A row of media for each cell, then one for each layer as it is.
        cells = self.mua_per_m.size
        media = np.empty((cells + len(mua), 5))
        part = np.broadcast_to(layer, self.mua_per_m.shape).ravel()
        media[:cells, 0], media[:cells, 1] = self.mua_per_m.ravel(), self.mus_per_m.ravel()
        media[cells:, 0], media[cells:, 1] = mua, mus
        media[:, 3] = np.append(part, np.arange(len(mua)))
        media[:, 2], media[:, 4] = g[media[:, 3].astype(int)], n[media[:, 3].astype(int)]
        if len(media) > np.iinfo(np.uint16).max:
            raise ValueError(f"at most {np.iinfo(np.uint16).max} cells, not {len(media)}")
        cube, first = self._optics_levels(layer, depth, top, cells)
        densest = mua + mus
        np.maximum.at(densest, part, media[:cells, 0] + media[:cells, 1])
        first_media = np.zeros((4, len(mua)))
        first_media[memory_layout.PART - memory_layout.MUA] = first
        slabs = slab_table(densest, depth, top, (medium.ambient_n, *n, medium.below_n), first_media)
        launch = BeamLaunch.from_beam(beam, medium.ambient_n, n[:1], None)
        return PhotonScene(
            slabs,
            len(mua),
            launch.parameters,
            cube=cube,
            media=media.astype(np.float32, order="C"),
            size=RING_LEVEL_M,
            ring=self.ring_width_m,
            weighs=launch.weights_by_transmittance,
        ), launch

    def _optics_levels(
        self, layer: NDArray[np.int64], depth: Floats, top: Floats, cells: int
    ) -> tuple[NDArray[np.uint16], Floats]:
        """Return the row of `media` by ring and level, and the first level of each layer.

        The last level is below all depths. Levels are counted from the top of their layer, so that no packet meets the
        optics of a neighbouring layer.
        """
        rings, depths = self.mua_per_m.shape
        end = np.minimum(top + depth, self.depth_faces_m[-1])
        counts = np.floor(np.maximum(end - top, 0.0) / RING_LEVEL_M).astype(int) + 1
        rows = []
        for number, count in enumerate(counts):
            middle = top[number] + (np.arange(count) + 0.5) * RING_LEVEL_M
            at = np.searchsorted(self.depth_faces_m, middle, side="right") - 1
            own = np.flatnonzero(layer == number)
            inside = np.clip(at, own[0], own[-1]) if own.size else np.full(count, -1)
            rings_of = np.arange(rings)[:, None] * depths + inside
            beside = np.full((1, count), cells + number)
            rows.append(np.concatenate([rings_of if own.size else np.repeat(beside, rings, axis=0), beside]))
        below = np.full((rings + 1, 1), cells + len(counts) - 1)
        cube = np.concatenate([*rows, below], axis=1)[:, None, :].astype(np.uint16, order="C")
        return cube, np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.float64)
