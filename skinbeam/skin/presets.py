"""Presets: skins other than human, and materials that are not skin, by name.

Some presets list layers of their own, from the surface down: an ear with skin on both sides, or a membrane on water.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.sources import SourcedValue
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
    """Values that describe the layers of a body site or an animal; none is cited before it is used.

    Parameters
    ----------
    stratum_corneum, living_epidermis, dermis : thickness in µm; `dermis` is `{both}` or `{female, male}`.
    blood : name of the blood fraction.
    sun_exposed : whether the sun reaches it.
    thermal : prefix of the materials of `thermal.toml`, empty for human ones.
    melanosome_fraction : of an animal, averaged over the epidermis of the ITA table; None where it follows from colour.
    scattering : material whose scattering its dermis has.
    material_below : material under the dermis: `fat`, or `water` under a flap of skin.
    basal_height : height of the basal cells, µm; None where melanin is even in the living epidermis.
    melanin_above_basal : melanin of the cells above the basal cells over that of a uniform epidermis; None where they
        hold none.
    """

    stratum_corneum: SourcedValue
    living_epidermis: SourcedValue
    dermis: Mapping[str, SourcedValue]
    blood: str
    sun_exposed: bool
    thermal: str = ""
    melanosome_fraction: SourcedValue | None = None
    scattering: str = "dermis"
    material_below: str = "fat"
    basal_height: SourcedValue | None = None
    melanin_above_basal: SourcedValue | None = None


def read_preset(name: str) -> Mapping[str, Any]:
    """Return the table of a preset."""
    entry: Mapping[str, Any] = tissue_table("presets")[name]
    return entry


def has_epidermis(name: str) -> bool:
    """Return whether a preset has an epidermis, and therefore a colour."""
    entry = read_preset(name)
    if "layer" in entry:
        return any(layer_tissue(layer["name"]) == EPIDERMIS for layer in entry["layer"])
    return "material" not in entry


def preset_site(name: str, site: str | None) -> SiteLayers:
    """Return the layers of a preset with the same layers as human skin.

    They are those of the body site for `human`, else those of the animal.
    """
    entry, value = read_preset(name), SourcedValue.from_table
    if name != "human":
        return SiteLayers(
            value(entry["stratum_corneum_um"]),
            value(entry["living_epidermis_um"]),
            {"both": value(entry["dermis_um"])},
            entry["blood"],
            sun_exposed=False,
            thermal="pig" if entry["thermal"] == "pig" else "",
            melanosome_fraction=value(entry["melanosome_fraction"]),
            scattering=entry.get("scattering", "dermis"),
            material_below=entry.get("below", "fat"),
            basal_height=value(entry["basal_um"]) if "basal_um" in entry else None,
        )
    layers = tissue_table("layers")
    place = layers["sites"][site or entry["site"]]
    thickness, by_depth = layers["thickness"], tissue_table("melanin")["by_depth"]
    return SiteLayers(
        value(thickness[place["stratum_corneum"]]),
        value(thickness[place["living_epidermis"]]),
        {sex: value(of_sex) for sex, of_sex in thickness[place["dermis"]].items()},
        place["blood"],
        place["exposed"],
        basal_height=value(by_depth["basal_um"]),
        melanin_above_basal=value(by_depth["above_basal"]),
    )


Array = NDArray[np.float64]
HEAT_PROPERTIES = ("conductivity_W_mK", "heat_capacity_J_kgK", "density_kg_m3")


def draw_refractive_index(draws: StandardDraws, materials: Sequence[str]) -> Array:
    """Return draws of refractive indices at 589 nm, (sample, material)."""
    entry = tissue_table("optics")["index"]
    return np.stack([draw_value(draws, f"index {name}", read_sourced(entry[name])) for name in materials], axis=1)


def draw_heat_properties(draws: StandardDraws, materials: Sequence[str]) -> dict[str, Array]:
    """Return draws of the heat properties of materials by name in SI, each (sample, material)."""
    entry = tissue_table("thermal")
    return {
        name: np.stack([draw_value(draws, f"{name} {m}", read_sourced(entry[m][name])) for m in materials], axis=1)
        for name in HEAT_PROPERTIES
    }


def draw_preset_layers(draws: StandardDraws, entry: Mapping[str, Any], hydration: float | None) -> dict[str, Array]:
    """Return draws of the layers of a preset that lists them, each quantity (sample, layer), in SI.

    Parameters
    ----------
    entry : table of the preset.
    hydration : fraction of water that the case gives; None draws it.
    """
    layers, ones = entry["layer"], np.ones(draws.count)
    wet = (
        hydration * ones if hydration is not None else draw_value(draws, "hydration", read_sourced(entry["hydration"]))
    )
    baseline = draw_value(draws, "baseline", read_sourced(tissue_table("optics")["baseline"]["factor"]))

    def column(name: str, absent: float = 0.0) -> Array:
        parts = [
            draw_value(draws, f"{name} {layer['name']}", read_sourced(layer[name])) if name in layer else absent * ones
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
