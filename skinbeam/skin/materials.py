"""Refractive index and heat properties of named materials, drawn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.skin.draws import Draws
from skinbeam.skin.spread import spread
from skinbeam.skin.tables import sourced, table

__all__ = ["HEAT", "drawn_heat", "drawn_index"]

Array = NDArray[np.float64]
HEAT = ("conductivity_W_mK", "heat_capacity_J_kgK", "density_kg_m3")


def drawn_index(draws: Draws, materials: Sequence[str]) -> Array:
    """Return refractive indices at 589 nm, (sample, material)."""
    entry = table("optics")["index"]
    return np.stack([spread(draws, f"index {name}", sourced(entry[name])) for name in materials], axis=1)


def drawn_heat(draws: Draws, materials: Sequence[str]) -> dict[str, Array]:
    """Return the heat properties by name in SI, each (sample, material)."""
    entry = table("thermal")
    return {
        name: np.stack([spread(draws, f"{name} {m}", sourced(entry[m][name])) for m in materials], axis=1)
        for name in HEAT
    }
