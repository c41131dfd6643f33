"""Read the limits and constants of photograph analysis from `data/photo.toml`, each with its reason and source."""

import math
from functools import partial

from skinbeam.model.sources import read_sourced_value

__all__ = ["chart_patches", "colour_direction", "limit", "limit_entry", "round_towards_value"]

_TABLE = "data/photo.toml"
limit_entry = partial(read_sourced_value, _TABLE)


def limit(section: str, name: str) -> float:
    """Return the value of a limit, in the unit that is part of its name."""
    return float(limit_entry(section, name)["value"])


def round_towards_value(value: float, bound: float) -> int:
    """Return a value as a whole number for a sentence that also names a limit, on the same side of it as the value.

    Rounded to the nearest, 10.2 would read "10, more than 10".
    """
    nearest = round(value)
    if value > bound >= nearest:
        return math.floor(bound) + 1
    return math.ceil(bound) - 1 if value < bound <= nearest else nearest


def colour_direction(name: str) -> tuple[float, float, float]:
    """Return the direction of a pigment in red, green and blue."""
    red, green, blue = limit_entry("pigments", name)["value"]
    return float(red), float(green), float(blue)


def chart_patches() -> list[list[float]]:
    """Return L*, a*, b* of the 24 patches of the standard chart, by rows, under D50."""
    patches: list[list[float]] = limit_entry("chart", "patch")["value"]
    return patches
