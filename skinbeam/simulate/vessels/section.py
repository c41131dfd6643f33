"""Cells of a section of skin around vessels: fine where they lie, wider with the distance from them and the surface."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from skinbeam.units import MM, UM

__all__ = ["Lumen", "SectionGrid", "section_grid"]

Floats = NDArray[np.float64]

CELLS_ACROSS = 30  # a lumen, at least
WIDEST_M = 3 * UM  # of the cells in a lumen: a fifth of how far heat goes in half a millisecond
SURFACE_M = 5 * UM
GROWTH = 0.12  # of a cell over its distance from what is fine
# The section repeats: at thirty diameters neighbours take half a per cent of each other's light.
DIAMETERS, LEAST_WIDTH_M = 30.0, 1 * MM
_PARTS = 8  # of a cell along each axis, for its share of a lumen


@dataclass(frozen=True)
class Lumen:
    """A vessel along y below x = 0: depth of its axis, diameter of its lumen and thickness of its wall, m."""

    depth_m: float
    diameter_m: float
    wall_m: float


@dataclass(frozen=True)
class SectionGrid:
    """Half a section, x ≥ 0; its other half is the mirror image.

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

    def halves(self, columns: Floats) -> tuple[Floats, Floats]:
        """Return the left half, mirrored, and the right of a mean over each of the columns, (column, z), by cells."""
        middle = self.columns // 2
        first = np.rint(self.x_faces[:-1] / self.column_m).astype(np.int64)
        count = np.diff(np.rint(self.x_faces / self.column_m))[:, None]
        left, right = (np.add.reduceat(half, first) / count for half in (columns[:middle][::-1], columns[middle:]))
        return np.asarray(left), np.asarray(right)

    def shares(self, lumens: Sequence[Lumen]) -> tuple[Floats, Floats]:
        """Return the share of every cell that lies in each lumen, (lumen, x, z), and in any, (x, z)."""
        part = (np.arange(_PARTS) + 0.5) / _PARTS
        x = (self.x_faces[:-1, None] + np.diff(self.x_faces)[:, None] * part)[:, None, :, None]
        z = (self.z_faces[:-1, None] + np.diff(self.z_faces)[:, None] * part)[None, :, None, :]
        each = np.array([(x**2 + (z - one.depth_m) ** 2 < (one.diameter_m / 2) ** 2).mean((2, 3)) for one in lumens])
        each = each.reshape(len(lumens), len(self.x_faces) - 1, len(self.z_faces) - 1)
        return each, np.minimum(each.sum(axis=0), 1.0)

    def interpolated(self, values: Floats, x: Floats, z: Floats) -> Floats:
        """Return values of cells, (time, x, z), at points of x ≥ 0, (time, point), straight between their centres."""
        centres_x, centres_z = self.centres
        mirrored = np.concatenate([-centres_x[:1], centres_x])

        def between(centres: Floats, at: Floats) -> tuple[NDArray[np.int64], Floats]:
            low = np.clip(np.searchsorted(centres, at) - 1, 0, len(centres) - 2)
            return low, (at - centres[low]) / (centres[low + 1] - centres[low])

        (i, u), (k, v) = between(mirrored, x), between(centres_z, z)
        left, right = np.maximum(i - 1, 0), i
        upper, lower = ((1 - u) * values[:, left, row] + u * values[:, right, row] for row in (k, k + 1))
        return np.asarray((1 - v) * upper + v * lower)


def section_grid(thickness_m: Floats, bottom_m: float, lumens: Sequence[Lumen]) -> SectionGrid:
    """Return the cells around `lumens` in layers of (layer,) m, down to `bottom_m`."""
    fine = [(one, min(WIDEST_M, one.diameter_m / CELLS_ACROSS)) for one in lumens]
    column = min((size for _, size in fine), default=4 * SURFACE_M)
    width = max([LEAST_WIDTH_M, *(DIAMETERS * one.diameter_m for one in lumens)])
    half = int(np.ceil(width / 2 / column))

    def beyond(one: Lumen, distance: Floats | float) -> Floats:
        return np.maximum(np.abs(distance) - one.diameter_m / 2 - 2 * one.wall_m, 0.0)

    places = [0]
    while places[-1] < half:
        at = places[-1] * column
        size = min((s + GROWTH * float(beyond(one, at)) for one, s in fine), default=width / 8)
        places.append(min(places[-1] + max(int(size / column), 1), half))

    def size_at(z: Floats) -> Floats:
        sizes = [SURFACE_M + GROWTH * z, *(s + GROWTH * beyond(one, z - one.depth_m) for one, s in fine)]
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
