"""The sizes and judgements that a picture is made with: one data file, each with its source."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from skinbeam.provenance import sourced
from skinbeam.shipped import shipped_table

__all__ = ["days", "entry", "kinds_seen", "months", "shown_signs", "value"]

_TABLE = "data/preview.toml"
entry = partial(sourced, _TABLE)


def _tables() -> Mapping[str, Any]:
    return shipped_table(_TABLE)


def value(section: str, name: str) -> float:
    """Return a value, in the unit that its name carries."""
    return float(entry(section, name)["value"])


def days() -> tuple[int, ...]:
    """Return the days after a session that a strip shows."""
    return tuple(_tables()["strip"]["days"])


def months() -> int:
    """Return how long after the course the last pictures look."""
    return int(_tables()["strip"]["months"])


def shown_signs(modality: str) -> tuple[str, ...]:
    """Return what the days after a kind of light show, the first of them the most telling."""
    return tuple(_tables()["signs"].get(modality, ()))


def kinds_seen(condition: str) -> tuple[str, ...]:
    """Return the kinds of finding that a condition is seen by in a photograph; none where a photograph shows it not."""
    return tuple(_tables()["seen_by"].get(condition, ()))
