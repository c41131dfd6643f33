"""Skins other than human, and things that are not skin, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.units import UM
from skinbeam.skin.draws import StandardDraws, draw_value
from skinbeam.skin.layers import EPIDERMIS, layer_tissue
from skinbeam.skin.tables import read_sourced, tissue_table

__all__ = [
    "HEAT_PROPERTIES",
    "SiteLayers",
    "draw_heat_properties",
    "draw_preset_layers",
    "draw_refractive_index",
    "has_epidermis",
    "preset_site",
    "read_preset",
]


@dataclass(frozen=True)
class SiteLayers:
    """Entries of the tables that describe the layers of a body site or an animal.

    Parameters
    ----------
    stratum_corneum, living_epidermis, dermis : thickness in µm; `dermis` is `{both}` or `{female, male}`.
    blood : name of the blood fraction.
    exposed : whether the sun reaches it.
    thermal : prefix of the materials of `thermal.toml`, empty for human ones.
    melanosome_fraction : of an animal, averaged over the epidermis of the ITA table; empty where colour says it.
    scattering : the material that its dermis scatters as.
    below : what lies under the dermis: `fat`, or `water` under a flap of skin.
    basal : height of the basal cells, µm; None where melanin is even in the living epidermis.
    above_basal : what cells above them hold over what they would hold were it even; None where they hold none.
    """

    stratum_corneum: Mapping[str, Any]
    living_epidermis: Mapping[str, Any]
    dermis: Mapping[str, Any]
    blood: str
    exposed: bool
    thermal: str = ""
    melanosome_fraction: Mapping[str, Any] | None = None
    scattering: str = "dermis"
    below: str = "fat"
    basal: Mapping[str, Any] | None = None
    above_basal: Mapping[str, Any] | None = None


def read_preset(name: str) -> Mapping[str, Any]:
    """Return the table of a preset."""
    entry: Mapping[str, Any] = tissue_table("presets")[name]
    return entry


def has_epidermis(name: str) -> bool:
    """Return whether a preset has an epidermis, and with it a colour."""
    entry = read_preset(name)
    if "layer" in entry:
        return any(layer_tissue(layer["name"]) == EPIDERMIS for layer in entry["layer"])
    return "material" not in entry


def preset_site(name: str, site: str | None) -> SiteLayers:
    """Return the layers of a preset that has those of human skin: of the body site for `human`, else of the animal."""
    entry = read_preset(name)
    if name != "human":
        return SiteLayers(
            entry["stratum_corneum_um"],
            entry["living_epidermis_um"],
            {"both": entry["dermis_um"]},
            entry["blood"],
            exposed=False,
            thermal="pig" if entry["thermal"] == "pig" else "",
            melanosome_fraction=entry["melanosome_fraction"],
            scattering=entry.get("scattering", "dermis"),
            below=entry.get("below", "fat"),
            basal=entry.get("basal_um"),
        )
    layers = tissue_table("layers")
    place = layers["sites"][site or entry["site"]]
    thickness, by_depth = layers["thickness"], tissue_table("melanin")["by_depth"]
    return SiteLayers(
        thickness[place["stratum_corneum"]],
        thickness[place["living_epidermis"]],
        thickness[place["dermis"]],
        place["blood"],
        place["exposed"],
        basal=by_depth["basal_um"],
        above_basal=by_depth["above_basal"],
    )


# Refractive index and heat properties of named materials, drawn.

Array = NDArray[np.float64]
HEAT_PROPERTIES = ("conductivity_W_mK", "heat_capacity_J_kgK", "density_kg_m3")


def draw_refractive_index(draws: StandardDraws, materials: Sequence[str]) -> Array:
    """Return refractive indices at 589 nm, (sample, material)."""
    entry = tissue_table("optics")["index"]
    return np.stack([draw_value(draws, f"index {name}", read_sourced(entry[name])) for name in materials], axis=1)


def draw_heat_properties(draws: StandardDraws, materials: Sequence[str]) -> dict[str, Array]:
    """Return the heat properties by name in SI, each (sample, material)."""
    entry = tissue_table("thermal")
    return {
        name: np.stack([draw_value(draws, f"{name} {m}", read_sourced(entry[m][name])) for m in materials], axis=1)
        for name in HEAT_PROPERTIES
    }


# Presets with layers of their own, from the surface down: an ear with skin on both sides, a membrane on water.


def draw_preset_layers(draws: StandardDraws, entry: Mapping[str, Any], hydration: float | None) -> dict[str, Array]:
    """Return the layers of a preset that lists them, each quantity (sample, layer), in SI.

    Parameters
    ----------
    entry : table of the preset.
    hydration : fraction of water that the case gives; None draws it.
    """
    layers, one = entry["layer"], np.ones(draws.count)
    wet = hydration * one if hydration is not None else draw_value(draws, "hydration", read_sourced(entry["hydration"]))
    baseline = draw_value(draws, "baseline", read_sourced(tissue_table("optics")["baseline"]["factor"]))

    def column(name: str, absent: float = 0.0) -> Array:
        parts = [
            draw_value(draws, f"{name} {layer['name']}", read_sourced(layer[name])) if name in layer else absent * one
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
        "index_589": draw_refractive_index(draws, alike),
    } | draw_heat_properties(draws, alike)
