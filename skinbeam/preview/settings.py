"""The sizes and judgements that a picture is made with: one data file, each with its source."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import read_sourced_value

__all__ = ["finding_kinds", "healing_sign_names", "late_months", "setting", "setting_entry", "strip_days"]

_TABLE = "data/preview.toml"
setting_entry = partial(read_sourced_value, _TABLE)


def _preview_table() -> Mapping[str, Any]:
    return load_package_table(_TABLE)


def setting(section: str, name: str) -> float:
    """Return a value, in the unit that its name carries."""
    return float(setting_entry(section, name)["value"])


def strip_days() -> tuple[int, ...]:
    """Return the days after a session that a strip shows."""
    return tuple(_preview_table()["strip"]["days"])


def late_months() -> int:
    """Return how long after the course the last pictures look."""
    return int(_preview_table()["strip"]["months"])


def healing_sign_names(modality: str) -> tuple[str, ...]:
    """Return what the days after a kind of light show, the first of them the most telling."""
    return tuple(_preview_table()["signs"].get(modality, ()))


def finding_kinds(condition: str) -> tuple[str, ...]:
    """Return the kinds of finding that a condition is seen by in a photograph; none where a photograph shows it not."""
    return tuple(_preview_table()["seen_by"].get(condition, ()))
