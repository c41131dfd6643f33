"""Reads the tables of `data/tissue`, and notes which sources were read."""

from collections.abc import Mapping
from typing import Any

from skinbeam.provenance import used
from skinbeam.shipped import shipped_table
from skinbeam.sources import Sourced

__all__ = ["number", "sourced", "table"]


def table(name: str) -> Mapping[str, Any]:
    """Return the content of `data/tissue/NAME.toml`."""
    return shipped_table(f"data/tissue/{name}.toml")


def sourced(entry: Mapping[str, Any]) -> Sourced:
    """Return the number that a table entry holds; its source counts as used."""
    value = Sourced.from_table(entry)
    used(value.source)
    return value


def number(entry: Mapping[str, Any]) -> float:
    """Return the central value that a table entry holds; its source counts as used."""
    return sourced(entry).value
