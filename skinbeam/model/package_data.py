"""Read data files of the package: TOML tables, texts, and derived tables."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import rtoml

__all__ = ["DERIVED_FOLDER", "load_derived_table", "load_package_table", "load_package_text"]


def load_package_text(path: str) -> str:
    """Return the content of a text file, by its path inside the package, e.g. `data/studies.csv`.

    Raises
    ------
    FileNotFoundError : no such file.
    ValueError : the file is not UTF-8.
    """
    return (resources.files("skinbeam") / path).read_text(encoding="utf-8")


@cache
def load_package_table(path: str) -> Mapping[str, Any]:
    """Return the content of a TOML file, by its path inside the package, e.g. `data/sites.toml`.

    The file is read once and the result is shared, so callers must not change it.

    Raises
    ------
    FileNotFoundError : no such file.
    ValueError : the file is not UTF-8 or not TOML; the message names the file and the fault.
    """
    try:
        return rtoml.loads(load_package_text(path))
    except ValueError as error:
        raise ValueError(f"skinbeam/{path}: {error}") from error


DERIVED_FOLDER = "data/derived"


def load_derived_table(name: str) -> Mapping[str, Any]:
    """Return the computed table `data/derived/NAME.toml`."""
    return load_package_table(f"{DERIVED_FOLDER}/{name}.toml")
