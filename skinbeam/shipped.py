"""Reads the tables that ship with the package."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["shipped_table"]


@cache
def shipped_table(path: str) -> Mapping[str, Any]:
    """Return the content of a TOML file, by its path inside the package, e.g. `data/sites.toml`.

    It is read once; nobody may change what is returned.

    Raises
    ------
    FileNotFoundError : no such file.
    ValueError : the file is not UTF-8 or not TOML; it is named with what is wrong.
    """
    file = resources.files("skinbeam") / path
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"skinbeam/{path}: {error}") from error
