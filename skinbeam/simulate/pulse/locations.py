"""Where in a sampled skin an end is looked for: its epidermis and dermis, the borders of its layers."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.simulate.pulse.response import Place, Response
from skinbeam.simulate.skins.grid import DepthGrid
from skinbeam.skin.layers import DERMIS, EPIDERMIS, PAPILLARY_DERMIS, named_as

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "basal_layer",
    "cells_to_border",
    "depth_through",
    "depth_through_epidermis",
    "dermis_cells",
    "epidermis_cells",
    "in_cell",
    "layers_of",
    "middle_of_epidermis",
    "papillary_bottom",
    "pigmented_cells",
]


def layers_of(skins: "xr.Dataset", tissue: str) -> NDArray[np.int64]:
    """Return the indices of the layers that are of a tissue, from the surface down."""
    return np.flatnonzero(skins.variables["tissue"].values == tissue)


def depth_through(skins: "xr.Dataset", layer: str) -> NDArray[np.float64]:
    """Return the depth of the lower border of the layer of this name, (sample,), m.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    found = np.flatnonzero(skins.variables["layer"].values == layer)
    if found.size == 0:
        raise NotAvailable(text("endpoint.no-such-layer", {"layers": layer}))
    return _bottom(skins, int(found[-1]))


def depth_through_epidermis(skins: "xr.Dataset") -> NDArray[np.float64]:
    """Return the depth of the lower border of the epidermis, (sample,), m.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    return _bottom(skins, _last_epidermal(skins))


def _bottom(skins: "xr.Dataset", layer: int) -> NDArray[np.float64]:
    depth: NDArray[np.float64] = np.asarray(skins.variables["thickness_m"].values, dtype=np.float64)[
        :, : layer + 1
    ].sum(axis=1)
    return depth


def _last_epidermal(skins: "xr.Dataset") -> int:
    found = layers_of(skins, EPIDERMIS)
    if found.size == 0:
        raise NotAvailable(text("endpoint.no-epidermis", {"layers": ", ".join(named_as(EPIDERMIS))}))
    return int(found[-1])


def basal_layer(response: Response) -> Place:
    """Return the temperature at the lower border of the epidermis, where its basal cells stand.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    return response.below_cell(response.grid.last_cell_of(_last_epidermal(response.skins)))


def papillary_bottom(response: Response) -> Place:
    """Return the temperature at the lower border of the papillary dermis.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    if PAPILLARY_DERMIS not in response.layers:
        raise NotAvailable(text("endpoint.no-papillary-dermis", {"layers": PAPILLARY_DERMIS}))
    return response.below_cell(response.grid.last_cell_of(response.layers.index(PAPILLARY_DERMIS)))


def cells_to_border(skins: "xr.Dataset", grid: DepthGrid) -> int:
    """Return how many cells `papillary_bottom`, and all above it, is told by; of skin without such a layer all."""
    found = np.flatnonzero(skins.variables["layer"].values == PAPILLARY_DERMIS)
    return grid.last_cell_of(int(found[-1])) + 2 if found.size else grid.layer.size


def in_cell(response: Response, cell: int) -> Place:
    """Return the temperature of one cell."""
    return Place(response.base_K[:, :, cell], response.unit_K[:, :, cell])


def epidermis_cells(response: Response) -> NDArray[np.int64]:
    """Return the indices of the cells of the living epidermis.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    _last_epidermal(response.skins)
    return np.flatnonzero(np.isin(response.grid.layer, layers_of(response.skins, EPIDERMIS)))


def pigmented_cells(response: Response) -> NDArray[np.int64]:
    """Return the indices of the cells of the epidermis that melanin lies in, if any: all, or those of the basal layer.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    layers = [_last_epidermal(response.skins)]
    if "melanosome_fraction" in response.skins:
        most: NDArray[np.float64] = response.skins.variables["melanosome_fraction"].values.max(axis=0)
        layers += [index for index in layers_of(response.skins, EPIDERMIS) if most[index] > 0]
    return np.flatnonzero(np.isin(response.grid.layer, layers))


def middle_of_epidermis(response: Response) -> int:
    """Index of the cell that half of the epidermis lies above.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    cells = epidermis_cells(response)
    above = np.cumsum(np.median(response.grid.widths[:, cells], axis=0))
    return int(cells[np.searchsorted(above, above[-1] / 2)])


def dermis_cells(response: Response) -> NDArray[np.int64]:
    """Return the indices of the cells that hold collagen.

    Raises
    ------
    NotAvailable : such skins have no dermis.
    """
    dermis = layers_of(response.skins, DERMIS)
    if dermis.size == 0:
        raise NotAvailable(text("endpoint.no-dermis"))
    return np.flatnonzero(np.isin(response.grid.layer, dermis))
