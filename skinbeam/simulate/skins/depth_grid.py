"""Depth grid of sampled skins: faces on every layer boundary, fine at the surface and right below the epidermis."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.units import MM, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.heat.cells import Cells, Material, RobinBoundary, graded_faces, slab_cells
from skinbeam.skin.layers import EPIDERMIS
from skinbeam.skin.properties import ThermalProperties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table

__all__ = ["DEEPEST_M", "DepthGrid", "build_layer_grid", "build_skin_grid", "core_depth_m", "pulse_grid"]

Floats = NDArray[np.float64]

# The epidermis is 50 to 100 µm thick: a dozen cells lie in it. Below, a cell is a tenth of its depth, so that what the
# grid blurs stays small beside the depth itself. Cells start again below the epidermis, since the heat of melanin flows
# from a basal layer of ten micrometres into the dermis: without that the burn of a thin one was 6 % off. Heat of a
# pulse does not reach 6 mm within seconds. Threshold doses differ by less than two per cent from those of half the
# cells and half the steps (tests/skinbeam/simulate/test_simulate_grid.py).
FINEST_M = 3 * UM
GROWTH = 0.1
DEEPEST_M = 6 * MM
BELOW_VESSELS: Final = 1.5  # the grid of a pulse reaches at least this many times as deep as the deepest vessel


@compared_by_value
@dataclass(frozen=True)
class DepthGrid:
    """The cells of many skins.

    Parameters
    ----------
    faces : (sample, cell + 1) m from the surface.
    layer : (cell,) index of the layer that contains each cell; the same for all samples.
    cells : geometry for the heat kernel.
    is_finite : whether the last layer is finite, with air below it.
    """

    faces: Floats
    layer: NDArray[np.int64]
    cells: Cells
    is_finite: bool

    @property
    def centres(self) -> Floats:
        """Depth of the cell centres, (sample, cell), m."""
        return self.cells.centres

    @property
    def widths(self) -> Floats:
        """Thickness of the cells, (sample, cell), m."""
        return self.cells.volumes

    def select_draws(self, indices: NDArray[np.int64]) -> "DepthGrid":
        """Return the grid of a selection of the skins."""
        cells = Cells(*(part[indices] for part in self.cells))
        return DepthGrid(self.faces[indices], self.layer, cells, self.is_finite)

    def material(self, heat: ThermalProperties) -> Material:
        """Return conductivity and heat capacity of every cell, (sample, cell)."""
        return Material(heat.conductivity[:, self.layer], heat.heat_capacity_vol[:, self.layer])

    def lower_boundary(self, temperature_K: ArrayLike) -> RobinBoundary:
        """Return the lower boundary: constant temperature for deep tissue, insulation for a finite slab on air."""
        return RobinBoundary(0.0 if self.is_finite else np.inf, temperature_K)

    def last_cell(self, layer: int) -> int:
        """Return the index of the deepest cell of a layer."""
        return int(np.flatnonzero(self.layer == layer)[-1])


def build_skin_grid(skins: SkinSample, *, deepest_m: float = DEEPEST_M) -> DepthGrid:
    """Return the grid of sampled skins, with cells counted for the layers `typical_m` where they are set."""
    thickness = skins["thickness_m"]
    below = int(np.max(np.flatnonzero(np.array(skins.tissues) == EPIDERMIS), initial=-1)) + 1
    return build_layer_grid(
        thickness, skins.typical_m, deepest_m=deepest_m, refined_layer=below if below < thickness.shape[1] else 0
    )


def pulse_grid(skins: SkinSample) -> DepthGrid:
    """Return the grid on which pulses in sampled skins are simulated."""
    # A vessel deeper than pulses heat still needs the light and the temperature of its own depth.
    deepest = max(DEEPEST_M, BELOW_VESSELS * float(np.median(skins["vessel_depth_m"], axis=0).max(initial=0.0)))
    return build_skin_grid(skins, deepest_m=deepest)


def core_depth_m() -> float:
    """Return the depth from which tissue has the temperature of the blood, m."""
    return read_number(tissue_table("thermal")["core"]["depth_mm"]) * MM


def build_layer_grid(
    thickness_m: Floats, typical_m: Floats | None = None, *, deepest_m: float = DEEPEST_M, refined_layer: int = 0
) -> DepthGrid:
    """Return the grid of layers of (sample, layer) m.

    A semi-infinite last layer is cut at `deepest_m`, with at least a tenth of a millimetre left, so that it exists in
    every sample; a finite one ends there.

    Parameters
    ----------
    typical_m : (layer,) thicknesses for which the cells are counted, so that the grid of a draw does not depend on the
        other draws; by default the median of the samples.
    refined_layer : index of the layer at whose top cells are as fine as at the surface.
    """
    thickness = _clip_to_bottom(np.asarray(thickness_m, dtype=np.float64), deepest_m)
    typical = (
        np.median(thickness, axis=0)
        if typical_m is None
        else _clip_to_bottom(np.asarray(typical_m)[None, :], deepest_m)[0]
    )
    finest = min(FINEST_M, float(typical.min()) / 4)
    faces, first = graded_faces(
        thickness, finest_m=finest, growth=GROWTH, typical_m=typical, refined_layer=refined_layer
    )
    layer = np.repeat(np.arange(thickness.shape[1]), np.diff(first))
    return DepthGrid(faces, layer, slab_cells(faces), bool(np.isfinite(np.asarray(thickness_m)[0, -1])))


def _clip_to_bottom(thickness: Floats, deepest_m: float) -> Floats:
    above, last = thickness[:, :-1].sum(axis=1, keepdims=True), thickness[:, -1:]
    ends = np.where(np.isinf(last), np.maximum(deepest_m - above, MM / 10), last)
    result: Floats = np.concatenate([thickness[:, :-1], ends], axis=1)
    return result
