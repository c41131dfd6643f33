"""Where in a sampled skin an end is looked for: layers by name and their borders."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable, did_you_mean
from skinbeam.messages import text
from skinbeam.simulate.pulse.response import Place, Response
from skinbeam.skin.basal import BASAL, EPIDERMIS

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "EPIDERMIS",
    "NO_COLLAGEN",
    "basal_layer",
    "depth_through",
    "dermis_cells",
    "epidermis_cells",
    "in_cell",
    "middle_of_epidermis",
    "papillary_bottom",
    "pigmented_cells",
    "unknown_layers",
]

NO_COLLAGEN: Final = (
    "stratum corneum",
    "living epidermis",
    BASAL,
    "epidermis",
    "fat",
    "blood",
    "water",
    "melanosome",
    "phantom",
    "cartilage",
    "far epidermis",
    "far stratum corneum",
    "chorioallantoic membrane",
)
PAPILLARY: Final = "papillary dermis"
# Layers of any other name count as dermis too; these are meant to.
COLLAGEN: Final = (PAPILLARY, "upper plexus", "reticular dermis", "deep plexus", "dermis", "far dermis")


def depth_through(skins: "xr.Dataset", names: Collection[str]) -> NDArray[np.float64]:
    """Return the depth of the lower border of the deepest layer that has one of `names`, (sample,), m.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    deepest = max((index for index, name in enumerate(skins["layer"].values) if str(name) in names), default=None)
    if deepest is None:
        raise NotAvailable(text("endpoint.no-such-layer", {"layers": ", ".join(names)}))
    depth: NDArray[np.float64] = np.asarray(skins["thickness_m"].values, dtype=np.float64)[:, : deepest + 1].sum(axis=1)
    return depth


def basal_layer(response: Response) -> Place:
    """Return the temperature at the lower border of the epidermis, where its basal cells stand.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    return response.below_cell(_deepest(response, EPIDERMIS, "no-epidermis"))


def papillary_bottom(response: Response) -> Place:
    """Return the temperature at the lower border of the papillary dermis.

    Raises
    ------
    NotAvailable : such skins have no such layer.
    """
    return response.below_cell(_deepest(response, (PAPILLARY,), "no-papillary-dermis"))


def _deepest(response: Response, names: tuple[str, ...], otherwise: str) -> int:
    layers = response.layers
    for name in names:
        if name in layers:
            return response.grid.last_cell_of(layers.index(name))
    raise NotAvailable(text(f"endpoint.{otherwise}", {"layers": ", ".join(names)}))


def unknown_layers(names: Sequence[str]) -> dict[str, str] | None:
    """Return parameters of the warning of layer names that no end is looked for under, or None where all are known.

    They are the unknown names, the known name nearest to the first of them that is near to any, and all known names.
    """
    known = (*COLLAGEN, *NO_COLLAGEN)
    unknown = [name for name in names if name not in known]
    if not unknown:
        return None
    return {
        "unknown": ", ".join(f'"{name}"' for name in unknown),
        "near": did_you_mean(unknown, known),
        "known": ", ".join(known),
    }


def in_cell(response: Response, cell: int) -> Place:
    """Return the temperature of one cell."""
    return Place(response.base_K[:, :, cell], response.unit_K[:, :, cell])


def epidermis_cells(response: Response) -> NDArray[np.int64]:
    """Return the indices of the cells of the living epidermis.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    last = _deepest(response, EPIDERMIS, "no-epidermis")
    layers = [index for index, name in enumerate(response.layers) if name in EPIDERMIS]
    return np.flatnonzero(np.isin(response.grid.layer[: last + 1], layers))


def pigmented_cells(response: Response) -> NDArray[np.int64]:
    """Return the indices of the cells of the epidermis that melanin lies in, if any: all, or those of the basal layer.

    Raises
    ------
    NotAvailable : such skins have no epidermis.
    """
    deepest = response.grid.layer[_deepest(response, EPIDERMIS, "no-epidermis")]
    layers = [deepest]
    if "melanosome_fraction" in response.skins:
        most: NDArray[np.float64] = response.skins["melanosome_fraction"].values.max(axis=0)
        layers += [index for index, name in enumerate(response.layers) if name in EPIDERMIS and most[index] > 0]
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
    dermis = [index for index, name in enumerate(response.layers) if name not in NO_COLLAGEN]
    if not dermis:
        raise NotAvailable(text("endpoint.no-dermis"))
    return np.flatnonzero(np.isin(response.grid.layer, dermis))
