"""Names of the layers of skin, and the tissue of each.

Endpoints in the epidermis or the dermis are evaluated by tissue, which is stored with every layer of sampled skins. A
case that gives its own layers uses names of this list; a layer with any other name has no endpoints.

The living epidermis holds its melanin in two layers, alike but for their melanin. Cells of the basal layer retain most
of the melanin that they received (joly2018); those above hold almost none in skin that is not tanned, and as much in
skin that is (nielsen2006). This matters for heat: a layer of one cell loses it within milliseconds, an epidermis within
a tenth of a second.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import spelling_hint
from skinbeam.model.sources import cite_sources
from skinbeam.skin.tables import read_number, tissue_table

__all__ = [
    "BASAL_LAYER",
    "DERMIS",
    "EPIDERMIS",
    "FAT",
    "HORNY_LAYER",
    "HUMAN_LAYERS",
    "PAPILLARY_DERMIS",
    "RETICULAR_DERMIS",
    "add_basal_layer",
    "layer_tissue",
    "tissue_layer_names",
    "unknown_layers",
]

# Tissues. Damage is evaluated in cells that carry melanin and burn, and in collagen, which shrinks when it is heated.
HORNY_LAYER: Final = "horny layer"
EPIDERMIS: Final = "epidermis"
DERMIS: Final = "dermis"
FAT: Final = "fat"
OTHER: Final = "other"
UNKNOWN: Final = "unknown"

BASAL_LAYER: Final = "basal layer"
PAPILLARY_DERMIS: Final = "papillary dermis"
RETICULAR_DERMIS: Final = "reticular dermis"

# From the surface down; animals have the same.
HUMAN_LAYERS: Final = (
    "stratum corneum",
    "living epidermis",
    PAPILLARY_DERMIS,
    "upper plexus",
    RETICULAR_DERMIS,
    "deep plexus",
    "fat",
)

_TISSUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stratum corneum": HORNY_LAYER,
        "living epidermis": EPIDERMIS,
        BASAL_LAYER: EPIDERMIS,
        "epidermis": EPIDERMIS,
        PAPILLARY_DERMIS: DERMIS,
        "upper plexus": DERMIS,
        RETICULAR_DERMIS: DERMIS,
        "deep plexus": DERMIS,
        "dermis": DERMIS,
        "far dermis": DERMIS,
        "fat": FAT,
        # The far side of an ear is not the skin under treatment.
        "far epidermis": OTHER,
        "far stratum corneum": OTHER,
        "cartilage": OTHER,
        "chorioallantoic membrane": OTHER,
        "blood": OTHER,
        "water": OTHER,
        "melanosome": OTHER,
        "phantom": OTHER,
    }
)


def layer_tissue(layer: str) -> str:
    """Return the tissue of the layer with this name; `unknown` for a name that is not in the list."""
    return _TISSUES.get(layer, UNKNOWN)


def tissue_layer_names(tissue: str) -> tuple[str, ...]:
    """Return the names of the layers of a tissue, from the surface down."""
    return tuple(name for name, of in _TISSUES.items() if of == tissue)


def unknown_layers(names: Sequence[str]) -> dict[str, str] | None:
    """Return the message parameters for layer names that are not in the list, or None if all are.

    They are the unknown names, the known name nearest to the first of them that is near to any, and all known names.
    """
    unknown = [name for name in names if name not in _TISSUES]
    if not unknown:
        return None
    return {
        "unknown": ", ".join(f'"{name}"' for name in unknown),
        "near": spelling_hint(unknown, tuple(_TISSUES)),
        "known": ", ".join(_TISSUES),
    }


# The basal layer: (skin 11).

Array = NDArray[np.float64]


def add_basal_layer(
    layered: Mapping[str, Array], layer_index: int, basal_m: Array, melanin_above: Array
) -> dict[str, Array]:
    """Return layers with the lowest part of layer `layer_index` split off as a new layer with more melanin: (skin 11).

    Parameters
    ----------
    layered : quantities by name, (sample, layer), among them `thickness_m` and `melanosome_fraction`.
    layer_index : index of the living epidermis.
    basal_m : height of the basal cells, (sample,), m; more where they cannot hold the melanin.
    melanin_above : melanin of the cells above over that of a uniform epidermis, (sample,): 0 none, 1 as much.
    """
    cite_sources("joly2018", "nielsen2006")
    by_depth = tissue_table("melanin")["by_depth"]
    living = layered["thickness_m"][:, layer_index]
    melanin = layered["melanosome_fraction"][:, layer_index]
    most, held = read_number(by_depth["basal_most"]), read_number(by_depth["fullest"]) - melanin_above * melanin
    basal_melanin = (1.0 - melanin_above) * melanin
    # If the epidermis held more melanin than that, all of it would be basal; `most` is the limit.
    with np.errstate(divide="ignore", invalid="ignore"):
        fullest = np.where(basal_melanin < held, basal_melanin / held, 1.0)
    share = np.minimum(np.maximum(basal_m / living, fullest), most)
    split = {name: np.insert(values, layer_index, values[:, layer_index], axis=1) for name, values in layered.items()}
    split["thickness_m"][:, layer_index], split["thickness_m"][:, layer_index + 1] = (
        living * (1.0 - share),
        living * share,
    )
    split["melanosome_fraction"][:, layer_index] = melanin_above * melanin
    split["melanosome_fraction"][:, layer_index + 1] = np.minimum(melanin_above * melanin + basal_melanin / share, 1.0)
    return split
