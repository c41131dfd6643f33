"""Cells through the skin: faces on every layer boundary, fine at the surface, growing with depth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.heat import Cells, graded_faces, slab
from skinbeam.units import MM, UM

__all__ = ["DepthGrid", "depth_grid"]

Floats = NDArray[np.float64]

# The epidermis is 50 to 100 µm thick: a dozen cells lie in it. Below, a cell is a tenth of its depth, so that what the
# grid blurs stays small beside the depth itself. Heat of a pulse does not reach 6 mm within seconds. Threshold doses
# differ by less than one per cent from those of half the cells and half the steps (tests/test_simulate_grid.py).
FINEST_M = 3 * UM
GROWTH = 0.1
DEEPEST_M = 6 * MM


@dataclass(frozen=True)
class DepthGrid:
    """The cells of many skins.

    Parameters
    ----------
    faces : (sample, cell + 1) m from the surface.
    layer : (cell,) index of the layer that each cell lies in; the same for all samples.
    cells : geometry for the heat kernel.
    """

    faces: Floats
    layer: NDArray[np.int64]
    cells: Cells

    @property
    def centres(self) -> Floats:
        """Depth of the cell centres, (sample, cell), m."""
        return self.cells.centres

    @property
    def widths(self) -> Floats:
        """Thickness of the cells, (sample, cell), m."""
        return self.cells.volumes

    def last_cell_of(self, layer: int) -> int:
        """Return the deepest cell of a layer."""
        return int(np.flatnonzero(self.layer == layer)[-1])


def depth_grid(thickness_m: Floats) -> DepthGrid:
    """Return cells for layers of (sample, layer) m; the last layer is cut or stretched to end at 6 mm or below.

    A last layer may be infinite. It keeps at least a tenth of a millimetre, so that it exists in every sample.
    """
    thickness = np.array(thickness_m, dtype=np.float64)
    above = thickness[:, :-1].sum(axis=1)
    thickness[:, -1] = np.minimum(thickness[:, -1], np.maximum(DEEPEST_M - above, MM / 10))
    faces, first = graded_faces(thickness, finest_m=min(FINEST_M, float(thickness.min()) / 4), growth=GROWTH)
    layer = np.repeat(np.arange(thickness.shape[1]), np.diff(first))
    return DepthGrid(faces, layer, slab(faces))
