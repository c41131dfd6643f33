"""Reads the tables and texts that ship with the package."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["shipped_table", "shipped_text"]


def shipped_text(path: str) -> str:
    """Return the content of a file of text, by its path inside the package, e.g. `data/studies.csv`.

    Raises
    ------
    FileNotFoundError : no such file.
    ValueError : the file is not UTF-8.
    """
    return (resources.files("skinbeam") / path).read_text(encoding="utf-8")


@cache
def shipped_table(path: str) -> Mapping[str, Any]:
    """Return the content of a TOML file, by its path inside the package, e.g. `data/sites.toml`.

    It is read once; nobody may change what is returned.

    Raises
    ------
    FileNotFoundError : no such file.
    ValueError : the file is not UTF-8 or not TOML; it is named with what is wrong.
    """
    try:
        return tomllib.loads(shipped_text(path))
    except ValueError as error:
        raise ValueError(f"skinbeam/{path}: {error}") from error
