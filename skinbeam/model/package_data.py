"""Computed tables of `data/derived`: each holds the hash of what it was made from, and tells whether it is stale.

A table is made from the values of data files and by code that has a version, which is raised by hand when the code
gives something else. Notes and sources in the data are left out of the hash, since no number follows from them.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from skinbeam.document import write_atomically
from skinbeam.shipped import shipped_table

__all__ = ["HASH_KEY", "Derived", "derived_table", "values_sha256"]

HASH_KEY = "inputs_sha256"
_FOLDER = "data/derived"
_WORDS = ("also", "conditions", "source", HASH_KEY)


@dataclass(frozen=True)
class Derived:
    """A computed table.

    Parameters
    ----------
    name : of the file in `data/derived`, without its ending.
    header : what the table holds, as comments of TOML.
    inputs : data files by their path inside the package; a path that ends in `/` stands for all files of a folder.
    version : of the code that makes it.
    make : returns the values; it may take minutes.
    """

    name: str
    header: str
    inputs: tuple[str, ...]
    version: int
    make: Callable[[], Mapping[str, Any]]

    def inputs_sha256(self) -> str:
        """Return the hash of the inputs as they are now."""
        return values_sha256(self.version, _contents(self.inputs))

    def is_stale(self) -> bool:
        """Whether the inputs have changed since the table was made."""
        return bool(derived_table(self.name)[HASH_KEY] != self.inputs_sha256())

    def write(self) -> str:
        """Make the table, put it in place of the one that ships, and return its text."""
        import tomli_w  # a tool of development

        content = self.header + tomli_w.dumps({HASH_KEY: self.inputs_sha256()} | dict(self.make()))
        with resources.as_file(resources.files("skinbeam")) as package:
            write_atomically(Path(package) / _FOLDER / f"{self.name}.toml", content)
        shipped_table.cache_clear()
        return content


def derived_table(name: str) -> Mapping[str, Any]:
    """Return the computed table `data/derived/NAME.toml`."""
    return shipped_table(f"{_FOLDER}/{name}.toml")


def values_sha256(version: int, values: Any) -> str:
    """Return the hash of a version and of values: numbers, texts and arrays in lists and tables.

    A table counts by its keys whatever their order, without its notes and sources.
    """
    content = json.dumps([version, _without_words(values)], sort_keys=True, default=lambda array: array.tolist())
    return hashlib.sha256(content.encode()).hexdigest()


def _without_words(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_words(item) for key, item in value.items() if key not in _WORDS}
    if isinstance(value, list | tuple):
        return [_without_words(item) for item in value]
    return value


def _contents(paths: Iterable[str]) -> dict[str, Any]:
    """The values of each file: of TOML its tables, of others the text."""
    package, found = resources.files("skinbeam"), dict[str, Any]()
    for path in paths:
        names = sorted(file.name for file in (package / path).iterdir()) if path.endswith("/") else [""]
        for each in (f"{path}{name}" for name in names):
            toml = each.endswith(".toml")
            found[each] = shipped_table(each) if toml else (package / each).read_text(encoding="utf-8")
    return found
