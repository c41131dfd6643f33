"""Read literature values of `data/tissue/kinetics.toml`: sets of processes, and values by section and name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from skinbeam.model.errors import unknown_name_error
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import GAS_CONSTANT_J_MOL_K, ZERO_CELSIUS_K

__all__ = [
    "KineticProcess",
    "KineticsSet",
    "compensation_slope",
    "isothermal_threshold",
    "kinetics_sets",
    "kinetics_value",
    "shortest_supported_s",
]

_TABLE = "data/tissue/kinetics.toml"


@dataclass(frozen=True)
class KineticProcess:
    """A process of a set.

    Parameters
    ----------
    activation_J_mol : Ea, from a source that prints it as such or as Ea/R in K.
    ln_frequency : ln A, A in 1/s: printed, or by (damage 3) from a threshold and its hold time.
    low_C, high_C : range in which it holds; None where it is open.
    threshold_C, hold_s : where the frequency was computed from them.
    """

    activation_J_mol: float
    ln_frequency: float
    low_C: float | None
    high_C: float | None
    threshold_C: SourcedValue | None
    hold_s: float | None


@dataclass(frozen=True)
class KineticsSet:
    """A set of processes. `in_compensation_line` : whether it is part of the line of ln A against Ea."""

    source: str
    in_compensation_line: bool
    processes: tuple[KineticProcess, ...]


@cache
def kinetics_sets() -> Mapping[str, KineticsSet]:
    """Return all sets by name, in the order of the file."""
    return {
        name: KineticsSet(entry["source"], entry["in_compensation_line"], tuple(map(_read_process, entry["process"])))
        for name, entry in load_package_table(_TABLE)["set"].items()
    }


def _read_process(row: Mapping[str, Any]) -> KineticProcess:
    activation = row["activation_J_mol"] if "activation_J_mol" in row else row["activation_K"] * GAS_CONSTANT_J_MOL_K
    threshold = SourcedValue.from_table(row["threshold_C"]) if "threshold_C" in row else None
    if threshold is not None:
        kelvin = threshold.value + ZERO_CELSIUS_K
        ln_frequency = activation / (GAS_CONSTANT_J_MOL_K * kelvin) - math.log(row["hold_s"])
    else:
        ln_frequency = row["ln_frequency"] if "ln_frequency" in row else math.log(row["frequency_1_s"])
    return KineticProcess(
        activation, float(ln_frequency), row.get("low_C"), row.get("high_C"), threshold, row.get("hold_s")
    )


@cache
def compensation_slope() -> float:
    """Return the slope `a` of ln A against Ea, mol/J, through all sets of the data file that are part of the line."""
    rows = [row for entry in kinetics_sets().values() if entry.in_compensation_line for row in entry.processes]
    ln_a = np.array([row.ln_frequency for row in rows])
    return float(np.polyfit([row.activation_J_mol for row in rows], ln_a, 1)[0])


def shortest_supported_s() -> SourcedValue:
    """Return the shortest heating time that any set supports; results for shorter times are extrapolations."""
    shortest = SourcedValue.from_table(load_package_table(_TABLE)["validity"]["shortest_s"])
    cite_sources(shortest.source)
    return shortest


def isothermal_threshold(name: str) -> tuple[SourcedValue, float]:
    """Return the threshold, degC, and the hold time, s, from which the frequency of a set was computed.

    Raises
    ------
    KeyError : a set whose source prints its frequency.
    """
    row = kinetics_sets()[name].processes[0]
    if row.threshold_C is None or row.hold_s is None:
        raise KeyError(name)
    return row.threshold_C, row.hold_s


@cache
def _read_section(section: str) -> dict[str, SourcedValue]:
    return {name: SourcedValue.from_table(row) for name, row in load_package_table(_TABLE)[section].items()}


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
