"""Literature: the bibliography, and numbers that carry their source.

`data/sources/*.bib`, one file a field, are the only list of sources. Keys are `authoryear` (`anderson1983`); sources
that are a judgement of this project have the entry type `@misc` and a `note` that says so.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from skinbeam.errors import unknown_name

__all__ = ["Distribution", "Source", "Sourced", "bibliography", "bibtex", "cite", "source_keys"]

Distribution = Literal["normal", "lognormal", "uniform", "fixed"]


@dataclass(frozen=True)
class Source:
    """One entry of the bibliography."""

    key: str
    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """Author, year and title in one line."""
        parts = [self.fields.get(name, "") for name in ("author", "year", "title")]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Sourced:
    """A literature number.

    Parameters
    ----------
    value : the central value.
    low, high : one standard deviation below and above for `normal` and `lognormal`, the ends for `uniform`.
    distribution : shape of the spread between people; `fixed` has none.
    source : key into the bibliography.
    conditions : what it was measured on, and how.
    """

    value: float
    low: float
    high: float
    distribution: Distribution
    source: str
    conditions: str = ""

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"low <= value <= high does not hold: {self.low}, {self.value}, {self.high}")
        if self.distribution not in ("normal", "lognormal", "uniform", "fixed"):
            raise ValueError(f"unknown distribution {self.distribution!r}")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "Sourced":
        """Return the number that a TOML table `{value, low, high, distribution, source, conditions}` holds.

        `lognormal-mean` is for what is printed as mean and standard deviation: of m and s the lognormal has the median
        m / sqrt(1 + s²/m²) and the deviation sqrt(ln(1 + s²/m²)) of its logarithm.
        """
        value = float(table["value"])
        low, high = float(table.get("low", value)), float(table.get("high", value))
        law = table.get("distribution", "fixed")
        if law == "lognormal-mean":
            variance = ((high - low) / (2 * value)) ** 2
            value, width = value / math.sqrt(1 + variance), math.exp(math.sqrt(math.log1p(variance)))
            low, high, law = value / width, value * width, "lognormal"
        return cls(value, low, high, law, table["source"], table.get("conditions", ""))


@cache
def bibliography() -> Mapping[str, Source]:
    """Return every source by key, in the order of the files; a value is one line, its outermost braces taken off.

    Raises
    ------
    ValueError : an entry cannot be read, or a key stands twice.
    """
    from bibtexparser.entrypoint import parse_string  # late: most commands cite nothing

    library = parse_string(_bib_text())
    for block in library.failed_blocks:
        begin = (block.raw or "").strip().partition("\n")[0]
        raise ValueError(f"data/sources: cannot be read, or stands twice: {begin}") from block.error
    return {
        entry.key: Source(
            entry.key, entry.entry_type.lower(), {f.key.lower(): " ".join(f.value.split()) for f in entry.fields}
        )
        for entry in library.entries
    }


@cache
def source_keys() -> Collection[str]:
    """Return the key of every source, in the order of the files, without reading the rest of the entries."""
    return dict.fromkeys(re.findall(r"^@\w+\{\s*([^\s,]+)\s*,", _bib_text(), re.MULTILINE))


def cite(key: str) -> Source:
    """Return the source named `key`.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    known = bibliography()
    if key not in known:
        raise unknown_name("source", key, known, field="KEY")
    return known[key]


def bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX of the sources named, in the order given."""
    entries = []
    for source in map(cite, keys):
        lines = [f"  {name} = {{{value}}}," for name, value in source.fields.items()]
        entries.append(f"@{source.kind}{{{source.key},\n" + "\n".join(lines) + "\n}\n")
    return "\n".join(entries)


def _bib_text() -> str:
    """All `.bib` files as one text."""
    folder = resources.files("skinbeam") / "data" / "sources"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".bib")), key=lambda f: f.name)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
