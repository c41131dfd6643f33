"""Layers that the model knows by name, and the tissue that each is.

What is judged in the epidermis or the dermis is looked for by tissue, which stands on every layer of sampled skins. A
case that gives its own layers names them from this list; of a layer by any other name nothing is said.
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

# Tissues. Cells that carry melanin and burn, and collagen that shrinks when it is heated, are what damage is judged in.
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
        # The far side of an ear is not the skin that is treated.
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
    """Return the tissue that a layer of this name is; `unknown` for a name that is not in the list."""
    return _TISSUES.get(layer, UNKNOWN)


def tissue_layer_names(tissue: str) -> tuple[str, ...]:
    """Return the names of the layers that are of a tissue, from the surface down."""
    return tuple(name for name, of in _TISSUES.items() if of == tissue)


def unknown_layers(names: Sequence[str]) -> dict[str, str] | None:
    """Return parameters of the warning of layer names that are not in the list, or None where all are.

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


# Where in its depth the living epidermis holds melanin: two layers, alike but for their melanin.
#
# Cells of the basal layer keep most of the melanin that they were given (joly2018); those above hold next to none in
# skin that is not tanned, and as much in skin that is (nielsen2006). What matters is heat: a layer of one cell loses it
# within milliseconds, an epidermis within a tenth of a second.

Array = NDArray[np.float64]


def add_basal_layer(layered: Mapping[str, Array], at: int, basal_m: Array, above: Array) -> dict[str, Array]:
    """Return layers with the lowest part of layer `at` as one more below it, fuller of melanin: (skin 11).

    Parameters
    ----------
    layered : quantities by name, (sample, layer), among them `thickness_m` and `melanosome_fraction`.
    at : index of the living epidermis.
    basal_m : height of the basal cells, (sample,), m; more where they cannot hold the melanin.
    above : what the cells above hold over what they would hold were melanin even, (sample,): 0 none, 1 as much.
    """
    cite_sources("joly2018", "nielsen2006")
    by_depth = tissue_table("melanin")["by_depth"]
    living = layered["thickness_m"][:, at]
    melanin = layered["melanosome_fraction"][:, at]
    most, held = read_number(by_depth["basal_most"]), read_number(by_depth["fullest"]) - above * melanin
    kept = (1.0 - above) * melanin
    # Of an epidermis fuller than that, all would be basal: `most` holds it there.
    with np.errstate(divide="ignore", invalid="ignore"):
        fullest = np.where(kept < held, kept / held, 1.0)
    share = np.minimum(np.maximum(basal_m / living, fullest), most)
    split = {name: np.insert(values, at, values[:, at], axis=1) for name, values in layered.items()}
    split["thickness_m"][:, at], split["thickness_m"][:, at + 1] = living * (1.0 - share), living * share
    split["melanosome_fraction"][:, at] = above * melanin
    split["melanosome_fraction"][:, at + 1] = np.minimum(above * melanin + kept / share, 1.0)
    return split
