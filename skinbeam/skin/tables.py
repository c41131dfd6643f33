"""Reads the tables of `data/tissue`, and notes which sources were read."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.provenance import used
from skinbeam.sources import Sourced

__all__ = ["number", "shifted", "sourced", "table"]


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


def shifted(value: Sourced, shift: ArrayLike) -> NDArray[np.float64]:
    """Return a lognormal number for every draw, moved from its centre by standard normals."""
    width = 0.5 * np.log(value.high / value.low)
    return np.asarray(value.value * np.exp(width * np.asarray(shift, dtype=np.float64)))
