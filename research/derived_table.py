"""Derived tables of the package: each is stored with the hash of its inputs, so that a stale one is detected."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from skinbeam.model.document import write_atomically
from skinbeam.model.package_data import DERIVED_FOLDER, load_derived_table, load_package_table

__all__ = ["HASH_KEY", "DerivedTable", "values_sha256"]

HASH_KEY = "inputs_sha256"
_NUMBERS_ON_LINES = re.compile(r"\[\n((?:\s*[-+.\deinfa]+,\n)+)\s*\]")  # a list of numbers, one a line
_NOTE_KEYS = ("also", "conditions", "source", HASH_KEY)


@dataclass(frozen=True)
class DerivedTable:
    """A computed table in `data/derived`, stored with the hash of its inputs so that a stale table is detected.

    The hash covers the values of the input files and the version of the code. Notes and sources in the input files are
    left out of the hash, since no number depends on them.

    Parameters
    ----------
    name : of the file in `data/derived`, without its ending.
    header : description of the table, as TOML comments.
    inputs : data files by their path inside the package; a path that ends in `/` means all files of a folder.
    version : of the code that computes the table; it is raised by hand when the code gives other values.
    make : computes and returns the values; it may take minutes.
    selection : returns the part of further data on which the values depend, where whole files would change too often.
    """

    name: str
    header: str
    inputs: tuple[str, ...]
    version: int
    make: Callable[[], Mapping[str, Any]]
    selection: Callable[[], Any] | None = None

    def inputs_sha256(self) -> str:
        """Return the hash of the current inputs."""
        files = _read_inputs(self.inputs)
        return values_sha256(self.version, files if self.selection is None else [files, self.selection()])

    def is_stale(self) -> bool:
        """Whether the inputs have changed since the table was made."""
        return bool(load_derived_table(self.name)[HASH_KEY] != self.inputs_sha256())

    def write(self) -> str:
        """Compute the table, replace the file in the package, and return its text."""
        import tomli_w  # a development dependency

        values = tomli_w.dumps({HASH_KEY: self.inputs_sha256()} | dict(self.make()))
        content = self.header + _NUMBERS_ON_LINES.sub(_numbers_on_one_line, values)
        with resources.as_file(resources.files("skinbeam")) as package:
            write_atomically(Path(package) / DERIVED_FOLDER / f"{self.name}.toml", content)
        load_package_table.cache_clear()
        return content


def _numbers_on_one_line(match: re.Match[str]) -> str:
    return f"[{', '.join(match[1].replace(',', ' ').split())}]"


def values_sha256(version: int, values: Any) -> str:
    """Return the hash of a version and of values: numbers, texts and arrays in lists and tables.

    The order of keys does not matter; notes and sources are left out.
    """
    content = json.dumps([version, _drop_notes(values)], sort_keys=True, default=lambda array: array.tolist())
    return hashlib.sha256(content.encode()).hexdigest()


def _drop_notes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _drop_notes(item) for key, item in value.items() if key not in _NOTE_KEYS}
    if isinstance(value, list | tuple):
        return [_drop_notes(item) for item in value]
    return value


def _read_inputs(paths: Iterable[str]) -> dict[str, Any]:
    """Return the content of each input file: the tables of TOML files, the text of others."""
    package, found = resources.files("skinbeam"), dict[str, Any]()
    for path in paths:
        names = sorted(file.name for file in (package / path).iterdir()) if path.endswith("/") else [""]
        for input_path in (f"{path}{name}" for name in names):
            toml = input_path.endswith(".toml")
            found[input_path] = (
                load_package_table(input_path) if toml else (package / input_path).read_text(encoding="utf-8")
            )
    return found
