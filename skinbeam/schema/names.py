"""The names of conditions, sites and modalities, and the everyday words that mean them."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from skinbeam.errors import unknown_name

__all__ = ["NameKind", "resolve", "table"]

NameKind = Literal["condition", "site", "modality"]
_FILES = {"condition": "conditions.toml", "site": "sites.toml", "modality": "modalities.toml"}


@cache
def table(kind: NameKind) -> Mapping[str, Mapping[str, Any]]:
    """Return name → entry for a kind of name, in the order of its file."""
    file = resources.files("skinbeam") / "data" / _FILES[kind]
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _spellings(kind: NameKind) -> Mapping[str, str]:
    """Every spelling that is understood, in one form, → name."""
    known: dict[str, str] = {}
    for name, entry in table(kind).items():
        for word in (name, entry["title"], *entry["aliases"]):
            known.setdefault(_normal(word), name)
    return known


def _normal(word: str) -> str:
    return " ".join(word.lower().replace("-", " ").replace("_", " ").replace("’", "'").split())


def resolve(kind: NameKind, word: str, *, field: str) -> str:
    """Return the name that `word` means.

    Raises
    ------
    InputError : nothing of that kind is called so; the nearest name is given.
    """
    found = _spellings(kind).get(_normal(word))
    if found is None:
        raise unknown_name(kind, word, [*table(kind), *(a for e in table(kind).values() for a in e["aliases"])], field=field)
    return found
