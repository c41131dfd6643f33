"""The limits that a photograph is held to: one data file, each with its reason and source."""

from collections.abc import Mapping
from typing import Any

from skinbeam.provenance import used
from skinbeam.shipped import shipped_table

__all__ = ["chart_patches", "entry", "limit", "template", "triple"]


def _tables() -> Mapping[str, Mapping[str, Any]]:
    return shipped_table("data/photo.toml")


def entry(section: str, name: str) -> Mapping[str, Any]:
    """Return the record of a limit: `value`, `source` and what else it carries; its source counts as used."""
    record: Mapping[str, Any] = _tables()[section][name]
    used(record["source"])
    return record


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
    table = _tables()["template"]
    used(table["source"])
    return table
