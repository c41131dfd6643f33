"""Locations in a sampled skin at which endpoints are evaluated: its epidermis and dermis, and borders of layers."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.simulate.skins.depth_grid import DepthGrid
from skinbeam.skin.layers import DERMIS, EPIDERMIS, PAPILLARY_DERMIS, tissue_layer_names
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "basal_layer_response",
    "cell_response",
    "count_cells_to_border",
    "dermis_cells",
    "epidermis_bottom_m",
    "epidermis_cells",
    "layer_bottom_m",
    "mid_epidermis_cell",
    "papillary_border_response",
    "pigmented_cells",
    "tissue_layer_indices",
]


def tissue_layer_indices(skins: SkinSample, tissue: str) -> NDArray[np.int64]:
    """Return the indices of the layers that are of a tissue, from the surface down."""
    return np.flatnonzero(np.array(skins.tissues) == tissue)


def layer_bottom_m(skins: SkinSample, layer: str) -> NDArray[np.float64]:
    """Return the depth of the lower border of the named layer, (sample,), m.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    found = np.flatnonzero(np.array(skins.layers) == layer)
    if found.size == 0:
        raise NotAvailable(render_message("endpoint.no-such-layer", {"layers": layer}))
    return _bottom_m(skins, int(found[-1]))


def epidermis_bottom_m(skins: SkinSample) -> NDArray[np.float64]:
    """Return the depth of the lower border of the epidermis, (sample,), m.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    return _bottom_m(skins, _last_epidermal_layer(skins))


def _bottom_m(skins: SkinSample, layer: int) -> NDArray[np.float64]:
    depth: NDArray[np.float64] = skins["thickness_m"][:, : layer + 1].sum(axis=1)
    return depth


def _last_epidermal_layer(skins: SkinSample) -> int:
    found = tissue_layer_indices(skins, EPIDERMIS)
    if found.size == 0:
        raise NotAvailable(
            render_message("endpoint.no-epidermis", {"layers": ", ".join(tissue_layer_names(EPIDERMIS))})
        )
    return int(found[-1])


def basal_layer_response(response: PulseResponse) -> LocalResponse:
    """Return the temperature at the lower border of the epidermis, at its basal cells.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    return response.lower_face_response(response.grid.last_cell(_last_epidermal_layer(response.skins)))


def papillary_border_response(response: PulseResponse) -> LocalResponse:
    """Return the temperature at the lower border of the papillary dermis.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    if PAPILLARY_DERMIS not in response.layers:
        raise NotAvailable(render_message("endpoint.no-papillary-dermis", {"layers": PAPILLARY_DERMIS}))
    return response.lower_face_response(response.grid.last_cell(response.layers.index(PAPILLARY_DERMIS)))


def count_cells_to_border(skins: SkinSample, grid: DepthGrid) -> int:
    """Return how many of the uppermost cells `papillary_border_response` uses; all cells of skin without that layer."""
    found = np.flatnonzero(np.array(skins.layers) == PAPILLARY_DERMIS)
    return grid.last_cell(int(found[-1])) + 2 if found.size else grid.layer.size


def cell_response(response: PulseResponse, cell: int) -> LocalResponse:
    """Return the temperature of one cell."""
    return LocalResponse(response.base_K[:, :, cell], response.unit_K[:, :, cell])


def epidermis_cells(response: PulseResponse) -> NDArray[np.int64]:
    """Return the indices of the cells of the living epidermis.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    _last_epidermal_layer(response.skins)
    return np.flatnonzero(np.isin(response.grid.layer, tissue_layer_indices(response.skins, EPIDERMIS)))


def pigmented_cells(response: PulseResponse) -> NDArray[np.int64]:
    """Return the indices of the cells of the epidermis that contain melanin, or those of the basal layer if none does.

    The cells of the basal layer are always among them.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    layers = [_last_epidermal_layer(response.skins)]
    if "melanosome_fraction" in response.skins:
        most: NDArray[np.float64] = response.skins["melanosome_fraction"].max(axis=0)
        layers += [index for index in tissue_layer_indices(response.skins, EPIDERMIS) if most[index] > 0]
    return np.flatnonzero(np.isin(response.grid.layer, layers))


def mid_epidermis_cell(response: PulseResponse) -> int:
    """Return the index of the cell in the middle of the epidermis.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    cells = epidermis_cells(response)
    above = np.cumsum(np.median(response.grid.widths[:, cells], axis=0))
    return int(cells[np.searchsorted(above, above[-1] / 2)])


def dermis_cells(response: PulseResponse) -> NDArray[np.int64]:
    """Return the indices of the cells that contain collagen.

    Raises
    ------
    NotAvailable : such skins have no dermis.
    """
    dermis = tissue_layer_indices(response.skins, DERMIS)
    if dermis.size == 0:
        raise NotAvailable(render_message("endpoint.no-dermis"))
    return np.flatnonzero(np.isin(response.grid.layer, dermis))
