"""Read the settings of preview pictures from `data/preview.toml`, each with its source."""

from functools import partial

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import read_sourced_value

__all__ = [
    "finding_kinds",
    "late_months",
    "setting",
    "setting_entry",
    "single_marks",
    "strip_days",
]

_TABLE = "data/preview.toml"
setting_entry = partial(read_sourced_value, _TABLE)


def setting(section: str, name: str) -> float:
    """Return a value, in the unit that is part of its name."""
    return float(setting_entry(section, name)["value"])


def strip_days() -> tuple[int, ...]:
    """Return the days after a session that a strip tells."""
    return tuple(load_package_table(_TABLE)["strip"]["days"])


def late_months() -> int:
    """Return how many months after the course the last pictures are."""
    return int(load_package_table(_TABLE)["strip"]["months"])


def finding_kinds(condition: str) -> tuple[str, ...]:
    """Return the kinds of finding by which a photograph shows a condition; none where it does not show it."""
    return tuple(load_package_table(_TABLE)["seen_by"].get(condition, ()))


def single_marks(condition: str) -> tuple[str, ...]:
    """Return the kinds of finding that are treated one by one for a condition; none where a whole field is treated."""
    return tuple(load_package_table(_TABLE)["treated_singly"].get(condition, ()))
