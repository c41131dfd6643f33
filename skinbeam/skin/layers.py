"""Layers that the model knows by name, and the tissue that each is.

What is judged in the epidermis or the dermis is looked for by tissue, which stands on every layer of sampled skins. A
case that gives its own layers names them from this list; of a layer by any other name nothing is said.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from skinbeam.errors import did_you_mean

__all__ = [
    "BASAL_LAYER",
    "DERMIS",
    "EPIDERMIS",
    "FAT",
    "HORNY",
    "HUMAN_LAYERS",
    "PAPILLARY_DERMIS",
    "RETICULAR_DERMIS",
    "named_as",
    "tissue_of",
    "unknown_layers",
]

# Tissues. Cells that carry melanin and burn, and collagen that shrinks when it is heated, are what damage is judged in.
HORNY: Final = "horny layer"
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
        "stratum corneum": HORNY,
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


def tissue_of(layer: str) -> str:
    """Return the tissue that a layer of this name is; `unknown` for a name that is not in the list."""
    return _TISSUES.get(layer, UNKNOWN)


def named_as(tissue: str) -> tuple[str, ...]:
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
        "near": did_you_mean(unknown, tuple(_TISSUES)),
        "known": ", ".join(_TISSUES),
    }
