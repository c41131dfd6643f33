"""Which devices the atlas asks, each for which condition, and on which skins: `data/atlas.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from skinbeam.shipped import shipped_table

__all__ = ["Choice", "asked", "choice_of", "choices"]


@dataclass(frozen=True)
class Choice:
    """A device and what it is asked for.

    Parameters
    ----------
    modality : what the device is used as for the condition.
    wavelength_nm : of what is published for all skins alike; of a lamp the cut-off of its filter.
    sites : that are told of whoever is treated there.
    note : what a reader of its figures has to know.
    """

    name: str
    condition: str
    modality: str
    wavelength_nm: float
    sites: tuple[str, ...]
    why: str
    note: str = ""


@cache
def choices() -> tuple[Choice, ...]:
    """Return the devices of the atlas, in the order of the file."""
    return tuple(Choice(**{**row, "sites": tuple(row["sites"])}) for row in asked()["device"])


def choice_of(device: str) -> Choice:
    """Return what a device is asked for."""
    return next(choice for choice in choices() if choice.name == device)


def asked() -> Mapping[str, Any]:
    """Return `data/atlas.toml`."""
    return shipped_table("data/atlas.toml")
