"""Geometry, optical media and beam of a photon packet simulation, its tally, and the sums of a batch."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value

__all__ = ["BatchSums", "LightTally", "PhotonScene"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@compared_by_value
@dataclass(frozen=True)
class PhotonScene:
    """Space and beam in the form that the photon kernels use.

    Parameters
    ----------
    slabs : (8, slab + 2), rows 1 / M, thickness, top (m), index, μa, μs (1/m), g, part; the media above and below first
        and last, of which only the index is used.
    parts : number of parts for which absorption is reported.
    beam : parameters of `photon_steps.emitted`.
    shapes : (shape, 17): centre, three rows of the map to the unit shape, 1 for a ball and 0 for a cylinder, μa, μs, g,
        part. Of shapes that overlap the last counts.
    cube : index into `media` by x, y, z, or empty. Where `ring` is given, by ring, nothing, and level below the top of
        the slab, counted on from the number that the slab holds as its part; the last ring is everything beyond the
        others.
    media : (medium, 5): μa, μs, g, part, refractive index; of voxels. Where indices differ, packets walk from voxel to
        voxel.
    size : width of a voxel, or height of a level, m.
    ring : width of the rings about x = y = 0, m; 0 where there are none.
    half : half widths of the space in x and y, m; inf where it has no sides.
    cell : widths in x and y of the cell that repeats, m; 0 where nothing does.
    cosines : (part, angle + 1) rising values of 1 - cos of the turn at equal steps of probability, for parts to which
        `tabulated` assigns a row of it.
    tabulated : row of `cosines` of each part; -1 for parts without a table.
    weighs : whether packets are launched with the weight that the surface lets in at their angle, instead of 1.
    splits : whether an outer face above or below lets a part of the weight out and the rest continues, instead of all
        or nothing.
    """

    slabs: Singles
    parts: int
    beam: Floats
    shapes: Singles = field(default_factory=lambda: np.zeros((0, 17), np.float32))
    cube: NDArray[np.uint16] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint16))
    media: Singles = field(default_factory=lambda: np.zeros((1, 5), np.float32))
    size: float = 1.0
    ring: float = 0.0
    half: tuple[float, float] = (math.inf, math.inf)
    cell: tuple[float, float] = (0.0, 0.0)
    cosines: Singles = field(default_factory=lambda: np.zeros((1, 2), np.float32))
    tabulated: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    weighs: bool = False
    splits: bool = False

    @property
    def mode(self) -> int:
        """Return what defines the medium at a place: 0 the slab, 1 shapes in it, 2 voxels, 3 rings."""
        if self.ring:
            return 3
        return 2 if self.cube.size else int(len(self.shapes) > 0)

    @property
    def crosses_voxel_faces(self) -> bool:
        """Return whether the refractive index differs between voxels.

        Tentative collisions ignore such steps, so packets must walk from face to face.
        """
        return self.mode == 2 and bool(np.ptp(self.media[:, 4]) > 0.0)


@compared_by_value
@dataclass(frozen=True)
class LightTally:
    """Bins in which light is counted: by depth, by depth and ring, or by x, y and z.

    Parameters
    ----------
    edges : rising depths, m, (bin + 1,); empty where no bins are requested.
    ring, rings : width, m, and number of rings; light that leaves at the surfaces is counted by them too.
    nx, ny, dx, dy : columns of a map about x = y = 0 and their widths, m; 0 columns for none.
    """

    edges: Floats = field(default_factory=lambda: np.zeros(0))
    ring: float = 0.0
    rings: int = 0
    nx: int = 0
    ny: int = 0
    dx: float = 0.0
    dy: float = 0.0

    @property
    def column_count(self) -> int:
        """Return the number of bins of one depth; the last holds everything beside the others."""
        return self.nx * self.ny + 1 if self.nx else self.rings + 1

    @property
    def quantity_count(self) -> int:
        """Return the number of quantities counted in every bin: fluence, and absorption on maps."""
        return 2 if self.nx else 1

    @property
    def bin_count(self) -> int:
        """Return the number of all bins; light above or below the depths is counted after them."""
        return (len(self.edges) - 1) * self.column_count


@compared_by_value
@dataclass(frozen=True)
class BatchSums:
    """Sums over the packets of one batch.

    Parameters
    ----------
    sums : reflected, transmitted, out of the sides, specular, removed by roulette; absorbed in each part; mean path
        there times the packets, m: (5 + 2 part,).
    fluence : paths of the weight, of which w / M is one sample, m, (bin, column).
    absorbed : absorbed weight, (bin, column); of maps alone, else empty.
    escaped_by_ring : weight reflected and transmitted by ring, (2, ring + 1).
    """

    sums: Floats
    fluence: Floats
    absorbed: Floats
    escaped_by_ring: Floats
