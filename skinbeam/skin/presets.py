"""Skins other than human, and things that are not skin, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skinbeam.skin.layers import EPIDERMIS, tissue_of
from skinbeam.skin.tables import table

__all__ = ["Site", "has_epidermis", "preset", "site_of"]


@dataclass(frozen=True)
class Site:
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


def preset(name: str) -> Mapping[str, Any]:
    """Return the table of a preset."""
    entry: Mapping[str, Any] = table("presets")[name]
    return entry


def has_epidermis(name: str) -> bool:
    """Return whether a preset has an epidermis, and with it a colour."""
    entry = preset(name)
    if "layer" in entry:
        return any(tissue_of(layer["name"]) == EPIDERMIS for layer in entry["layer"])
    return "material" not in entry


def site_of(name: str, site: str | None) -> Site:
    """Return the layers of a preset that has those of human skin: of the body site for `human`, else of the animal."""
    entry = preset(name)
    if name != "human":
        return Site(
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
    layers = table("layers")
    place = layers["sites"][site or entry["site"]]
    thickness, by_depth = layers["thickness"], table("melanin")["by_depth"]
    return Site(
        thickness[place["stratum_corneum"]],
        thickness[place["living_epidermis"]],
        thickness[place["dermis"]],
        place["blood"],
        place["exposed"],
        basal=by_depth["basal_um"],
        above_basal=by_depth["above_basal"],
    )
