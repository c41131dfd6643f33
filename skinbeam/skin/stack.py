"""Presets with layers of their own, from the surface down: an ear with skin on both sides, a membrane on water."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.skin.draws import Draws
from skinbeam.skin.materials import drawn_heat, drawn_index
from skinbeam.skin.spread import spread
from skinbeam.skin.tables import sourced, table
from skinbeam.units import UM

__all__ = ["stacked"]

Array = NDArray[np.float64]


def stacked(draws: Draws, entry: Mapping[str, Any], hydration: float | None) -> dict[str, Array]:
    """Return the layers of a preset that lists them, each quantity (sample, layer), in SI.

    Parameters
    ----------
    entry : table of the preset.
    hydration : fraction of water that the case gives; None draws it.
    """
    layers, one = entry["layer"], np.ones(draws.count)
    wet = hydration * one if hydration is not None else spread(draws, "hydration", sourced(entry["hydration"]))
    baseline = spread(draws, "baseline", sourced(table("optics")["baseline"]["factor"]))

    def column(name: str, absent: float = 0.0) -> Array:
        parts = [
            spread(draws, f"{name} {layer['name']}", sourced(layer[name])) if name in layer else absent * one
            for layer in layers
        ]
        return np.stack(parts, axis=1)

    water = np.where([layer["material"] == "water" for layer in layers], 1.0, column("water_share") * wet[:, None])
    alike = [layer.get("like", layer["material"]) for layer in layers]
    return {
        "thickness_m": column("thickness_um", np.inf) * UM,
        "melanosome_fraction": column("melanosome_fraction"),
        "blood_fraction": column("blood_fraction"),
        "vessel_radius_m": column("vessel_radius_um") * UM,
        "water_fraction": np.clip(water, 0.0, 1.0),
        "lipid_fraction": np.zeros((draws.count, len(layers))),
        "baseline_factor": column("baseline_share") * baseline[:, None],
        "index_589": drawn_index(draws, alike),
    } | drawn_heat(draws, alike)
