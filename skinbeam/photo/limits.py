"""The limits that a photograph is held to: one data file, each with its reason and source."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from skinbeam.provenance import sourced, used
from skinbeam.shipped import shipped_table

__all__ = ["chart_patches", "entry", "limit", "template", "triple"]

_TABLE = "data/photo.toml"
entry = partial(sourced, _TABLE)


def limit(section: str, name: str) -> float:
    """Return the value of a limit, in the unit that its name carries."""
    return float(entry(section, name)["value"])


def triple(section: str, name: str) -> tuple[float, float, float]:
    """Return a red, green, blue direction."""
    red, green, blue = entry(section, name)["value"]
    return float(red), float(green), float(blue)


def chart_patches() -> list[list[float]]:
    """Return L*, a*, b* of the 24 patches of the common chart, by rows, under D50."""
    patches: list[list[float]] = entry("chart", "patch")["value"]
    return patches


def template() -> Mapping[str, Any]:
    """Return the face template: half outlines, holes and the outline where skin colour is learnt."""
    table: Mapping[str, Any] = shipped_table(_TABLE)["template"]
    used(table["source"])
    return table
