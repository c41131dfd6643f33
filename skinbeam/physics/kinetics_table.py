"""Literature numbers of `data/tissue/kinetics.toml`, by section and name."""

import tomllib
from functools import cache
from importlib import resources

from skinbeam.errors import unknown_name
from skinbeam.provenance import used
from skinbeam.sources import Sourced

__all__ = ["kinetics_value"]


@cache
def _section(section: str) -> dict[str, Sourced]:
    file = resources.files("skinbeam") / "data" / "tissue" / "kinetics.toml"
    rows = tomllib.loads(file.read_text(encoding="utf-8"))[section]
    return {name: Sourced.from_table(row) for name, row in rows.items()}


def kinetics_value(section: str, name: str) -> Sourced:
    """Return a value, and note that its source was used.

    Raises
    ------
    InputError : no such value; the nearest is named.
    """
    table = _section(section)
    if name not in table:
        raise unknown_name(f"{section}-value", name, table, field=section)
    used(table[name].source)
    return table[name]
