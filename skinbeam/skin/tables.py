"""Reads the tables of `data/tissue`, and notes which sources were read."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from skinbeam.provenance import used
from skinbeam.sources import Sourced

__all__ = ["number", "sourced", "table"]


@cache
def table(name: str) -> Mapping[str, Any]:
    """Return the content of `data/tissue/NAME.toml`."""
    file = resources.files("skinbeam") / "data" / "tissue" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def sourced(entry: Mapping[str, Any]) -> Sourced:
    """Return the number that a table entry holds; its source counts as used."""
    value = Sourced.from_table(entry)
    used(value.source)
    return value


def number(entry: Mapping[str, Any]) -> float:
    """Return the central value that a table entry holds; its source counts as used."""
    return sourced(entry).value
