"""Layers whose optics differ about an axis, ring by ring and depth by depth, as the Monte Carlo engine takes them."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.kernel import layout
from skinbeam.physics.light.layers import check_layers
from skinbeam.physics.light.scene import Scene
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.light.beams import Launch
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.space import slab_table
from skinbeam.units import UM

__all__ = ["Rings"]

LEVEL_M: Final = 1 * UM  # to which the depths at which optics change are rounded; layers are not
_DEEP_M = 1e6  # stands for infinity in single precision


@dataclass(frozen=True)
class Rings:
    """Layers of one refractive index each, in which cells about the axis have optics of their own.

    Parameters
    ----------
    medium : the layers; beside the rings and below the depths their optics count.
    ring_m : width of a ring.
    depth_m : faces of the depths, rising from 0, (depth + 1,); each face of a layer above the last is among them.
    mua_per_m, mus_per_m : (ring, depth).
    """

    medium: LayeredMedium
    ring_m: float
    depth_m: Floats
    mua_per_m: Floats
    mus_per_m: Floats

    def scene(self, beam: LightBeam) -> tuple[Scene, Launch]:
        """Return space and beam as the kernels take them; the beam enters about the axis.

        Raises
        ------
        ValueError : values out of range, shapes that do not fit, a semi-infinite layer that does not absorb.
        """
        medium = self.medium
        mua, mus, g, n, thickness = (
            np.asarray(values, dtype=np.float64)
            for values in (medium.mua_per_m, medium.mus_per_m, medium.g, medium.n, medium.thickness_m)
        )
        check_layers([values[None, :] for values in (mua, mus, g, n, thickness)])
        if math.isinf(thickness[-1]) and mua[-1] == 0.0:
            raise ValueError("a semi-infinite layer must absorb: packets would never end")
        if self.mua_per_m.shape != self.mus_per_m.shape or self.mua_per_m.shape[1] != len(self.depth_m) - 1:
            raise ValueError("optics of rings are given by ring and depth")
        if not (min(self.mua_per_m.min(), self.mus_per_m.min()) >= 0.0 and self.ring_m > 0):
            raise ValueError("rings have a width, and optics that are not negative")
        depth = np.where(np.isfinite(thickness), thickness, _DEEP_M)
        top = np.concatenate(([0.0], np.cumsum(depth[:-1])))
        layer = np.searchsorted(top, (self.depth_m[1:] + self.depth_m[:-1]) / 2, side="right") - 1
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
        cube, first = self._levels(layer, depth, top, cells)
        densest = mua + mus
        np.maximum.at(densest, part, media[:cells, 0] + media[:cells, 1])
        held = np.zeros((4, len(mua)))
        held[layout.PART - layout.MUA] = first
        slabs = slab_table(densest, depth, top, (medium.ambient_n, *n, medium.below_n), held)
        launch = Launch.of(beam, medium.ambient_n, n[:1], None)
        return Scene(
            slabs,
            len(mua),
            launch.numbers,
            cube=cube,
            media=media.astype(np.float32),
            size=LEVEL_M,
            ring=self.ring_m,
            weighs=launch.weighs,
        ), launch

    def _levels(
        self, layer: NDArray[np.int64], depth: Floats, top: Floats, cells: int
    ) -> tuple[NDArray[np.uint16], Floats]:
        """Row of `media` by ring and level, and the first level of each layer; one level beyond the depths is the last.

        Levels are counted from the top of their layer, so that no packet meets the optics of a neighbour.
        """
        rings, depths = self.mua_per_m.shape
        end = np.minimum(top + depth, self.depth_m[-1])
        counts = np.floor(np.maximum(end - top, 0.0) / LEVEL_M).astype(int) + 1
        rows = []
        for number, count in enumerate(counts):
            middle = top[number] + (np.arange(count) + 0.5) * LEVEL_M
            at = np.searchsorted(self.depth_m, middle, side="right") - 1
            own = np.flatnonzero(layer == number)
            inside = np.clip(at, own[0], own[-1]) if own.size else np.full(count, -1)
            rings_of = np.arange(rings)[:, None] * depths + inside
            beside = np.full((1, count), cells + number)
            rows.append(np.concatenate([rings_of if own.size else np.repeat(beside, rings, axis=0), beside]))
        below = np.full((rings + 1, 1), cells + len(counts) - 1)
        cube = np.concatenate([*rows, below], axis=1)[:, None, :].astype(np.uint16, order="C")
        return cube, np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.float64)
