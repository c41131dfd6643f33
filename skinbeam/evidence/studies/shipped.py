"""The shipped table of trial arms, and what is assumed where it is silent."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from skinbeam.evidence.studies.arm import Arm, Grades
from skinbeam.evidence.studies.table import FILE, read_arms
from skinbeam.schema.names import PHOTOTYPES
from skinbeam.shipped import shipped_table, shipped_text

__all__ = ["arms", "dark_fraction", "settings"]

_DARK_FROM = PHOTOTYPES.index("IV")


def settings() -> Mapping[str, Any]:
    """Return `data/evidence.toml`: priors and rules of abstention."""
    return shipped_table("data/evidence.toml")


@cache
def arms() -> tuple[Arm, ...]:
    """Return every arm of the shipped table.

    Raises
    ------
    InputError : a row that cannot be; the field is `row.column`.
    """
    return read_arms(shipped_text(f"data/{FILE}"))


def dark_fraction(phototypes: Grades | None) -> float:
    """Return the share of phototypes IV to VI in a range, each type counted once; unknown: the stated assumption."""
    if phototypes is None:
        return float(settings()["rule"]["unknown_dark_fraction"])
    low, high = phototypes
    return sum(k >= _DARK_FROM for k in range(low, high + 1)) / (high - low + 1)
