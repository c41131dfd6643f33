"""Read literature values of `data/tissue/kinetics.toml`: sets of processes, and values by section and name."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from skinbeam.model.errors import unknown_name_error
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import GAS_CONSTANT_J_MOL_K, ZERO_CELSIUS_K

__all__ = [
    "activation_J_mol",
    "compensation_slope",
    "isothermal_threshold",
    "kinetics_names",
    "kinetics_tables",
    "kinetics_value",
    "ln_frequency",
    "shortest_supported_s",
]


def _read_table() -> Mapping[str, Any]:
    return load_package_table("data/tissue/kinetics.toml")


def kinetics_tables() -> Mapping[str, Any]:
    """Return the tables of all sets, by name."""
    sets: Mapping[str, Any] = _read_table()["set"]
    return sets


def kinetics_names() -> tuple[str, ...]:
    """Return the names of all sets, in the order of the file."""
    return tuple(kinetics_tables())


@cache
def compensation_slope() -> float:
    """Return the slope `a` of ln A against Ea, mol/J, through all sets of the data file that are part of the line."""
    rows = [row for entry in kinetics_tables().values() if entry["in_compensation_line"] for row in entry["process"]]
    ln_a = np.array([ln_frequency(row) for row in rows])
    return float(np.polyfit([activation_J_mol(row) for row in rows], ln_a, 1)[0])


def shortest_supported_s() -> SourcedValue:
    """Return the shortest heating time that any set supports; results for shorter times are extrapolations."""
    shortest = SourcedValue.from_table(_read_table()["validity"]["shortest_s"])
    cite_sources(shortest.source)
    return shortest


def isothermal_threshold(name: str) -> tuple[SourcedValue, float]:
    """Return the threshold, degC, and the hold time, s, from which the frequency of a set was computed.

    Raises
    ------
    KeyError : a set whose source prints its frequency.
    """
    row = kinetics_tables()[name]["process"][0]
    return SourcedValue.from_table(row["threshold_C"]), row["hold_s"]


def activation_J_mol(row: Mapping[str, Any]) -> float:
    """Return Ea of a process, J/mol, from a source that prints it as such or as Ea/R in K."""
    found: float = row["activation_J_mol"] if "activation_J_mol" in row else row["activation_K"] * GAS_CONSTANT_J_MOL_K
    return found


def ln_frequency(row: Mapping[str, Any]) -> float:
    """Return ln A of a process, A in 1/s.

    The source prints A or its logarithm, or ln A follows by (damage 3) from a threshold and its hold time.
    """
    if "threshold_C" in row:
        kelvin = row["threshold_C"]["value"] + ZERO_CELSIUS_K
        return activation_J_mol(row) / (GAS_CONSTANT_J_MOL_K * kelvin) - math.log(row["hold_s"])
    return float(row["ln_frequency"]) if "ln_frequency" in row else math.log(row["frequency_1_s"])


@cache
def _read_section(section: str) -> dict[str, SourcedValue]:
    return {name: SourcedValue.from_table(row) for name, row in _read_table()[section].items()}


def kinetics_value(section: str, name: str) -> SourcedValue:
    """Return a value, and record its source as used.

    Raises
    ------
    InputError : no such value; the message names the nearest one.
    """
    table = _read_section(section)
    if name not in table:
        raise unknown_name_error(f"{section}-value", name, table, field=section)
    cite_sources(table[name].source)
    return table[name]
