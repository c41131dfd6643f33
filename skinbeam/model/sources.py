"""The bibliography, numbers with their source, and the collection of the sources that a computation used.

`data/sources/*.bib`, one file for each field, are the only list of sources. Keys are `authoryear` (`anderson1983`);
sources that are a judgement of this project have the entry type `@misc` and a `note` that says so.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache, wraps
from importlib import resources
from typing import Any, Literal, ParamSpec, TypeVar

from skinbeam.model.errors import unknown_name_error
from skinbeam.model.package_data import load_package_table

__all__ = [
    "BibliographyEntry",
    "Distribution",
    "SourcedValue",
    "bibliography",
    "cache_with_sources",
    "cite_sources",
    "collect_sources",
    "find_source",
    "format_bibtex",
    "read_sourced_value",
    "source_keys",
]

Distribution = Literal["normal", "lognormal", "uniform", "fixed"]


@dataclass(frozen=True)
class BibliographyEntry:
    """One entry of the bibliography."""

    key: str
    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def citation(self) -> str:
        """Authors, year and title in one line, without braces."""
        authors = self.fields.get("author", "").replace(" and others", " et al.")
        authors = re.sub(r" and (?![^{]*\})", "; ", authors)  # braces hold the name of a body together
        parts = [authors, *(self.fields.get(name, "") for name in ("year", "title"))]
        return ", ".join(part for part in parts if part).translate({ord("{"): None, ord("}"): None})

    @property
    def first_author(self) -> str:
        """Family name of the first author, or the body that wrote it; empty where no author was read."""
        author = self.fields.get("author", "")
        if author == "{Authors not read}":
            return ""
        return author[1 : author.index("}")] if author.startswith("{") else re.split(", | and ", author)[0]


@dataclass(frozen=True)
class SourcedValue:
    """A number from the literature, with its distribution and source.

    Parameters
    ----------
    value : the central value.
    low, high : one standard deviation below and above for `normal` and `lognormal`, the ends for `uniform`.
    distribution : shape of the spread between people; `fixed` has none.
    source : key of the bibliography.
    conditions : conditions and method of the measurement.
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
    def from_table(cls, table: Mapping[str, Any]) -> "SourcedValue":
        """Return the number of a TOML table `{value, low, high, distribution, source, conditions}`.

        `lognormal-mean` is for numbers that are printed as mean m and standard deviation s: the lognormal then has the
        median m / sqrt(1 + s²/m²), and its logarithm has the standard deviation sqrt(ln(1 + s²/m²)).
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
def bibliography() -> Mapping[str, BibliographyEntry]:
    """Return every source by key, in the order of the files; values are single lines without their outermost braces.

    Raises
    ------
    ValueError : an entry cannot be read, or a key is repeated.
    """
    from bibtexparser.entrypoint import parse_string  # imported late: most commands do not cite

    library = parse_string(_bib_text())
    for block in library.failed_blocks:
        begin = (block.raw or "").strip().partition("\n")[0]
        raise ValueError(f"data/sources: cannot be read, or stands twice: {begin}") from block.error
    return {
        entry.key: BibliographyEntry(
            entry.key, entry.entry_type.lower(), {f.key.lower(): " ".join(f.value.split()) for f in entry.fields}
        )
        for entry in library.entries
    }


@cache
def source_keys() -> Collection[str]:
    """Return the key of every source, in the order of the files, without reading the rest of the entries."""
    return dict.fromkeys(re.findall(r"^@\w+\{\s*([^\s,]+)\s*,", _bib_text(), re.MULTILINE))


def find_source(key: str) -> BibliographyEntry:
    """Return the source named `key`.

    Raises
    ------
    InputError : no such key; the nearest is named.
    """
    known = bibliography()
    if key not in known:
        raise unknown_name_error("source", key, known, field="KEY")
    return known[key]


def format_bibtex(keys: Iterable[str]) -> str:
    """Return the BibTeX of the sources with these keys, in the order given."""
    entries = []
    for source in map(find_source, keys):
        lines = [f"  {name} = {{{value}}}," for name, value in source.fields.items()]
        entries.append(f"@{source.kind}{{{source.key},\n" + "\n".join(lines) + "\n}\n")
    return "\n".join(entries)


def _bib_text() -> str:
    """Return all `.bib` files as a single text."""
    folder = resources.files("skinbeam") / "data" / "sources"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".bib")), key=lambda f: f.name)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


# Sources are collected as values are read, so that a report cites exactly the sources that it used.

CachedArguments = ParamSpec("CachedArguments")
CachedResult = TypeVar("CachedResult")

_collectors: ContextVar[tuple[dict[str, None], ...]] = ContextVar("collectors", default=())


@contextmanager
def collect_sources() -> Iterator[dict[str, None]]:
    """Collect the source keys that `cite_sources` records inside the block, in order of first use.

    Blocks may be nested.
    """
    keys: dict[str, None] = {}
    token = _collectors.set((*_collectors.get(), keys))
    try:
        yield keys
    finally:
        _collectors.reset(token)


def cite_sources(*keys: str) -> None:
    """Record that a value from these sources was used."""
    for collector in _collectors.get():
        for key in keys:  # mostly a single key, for which a loop is fastest
            collector[key] = None


def read_sourced_value(table: str, section: str, name: str) -> Mapping[str, Any]:
    """Return a record of a package table, with `value`, `source` and other keys, and record its source as used."""
    record: Mapping[str, Any] = load_package_table(table)[section][name]
    cite_sources(record["source"])
    return record


def cache_with_sources(
    maxsize: int,
) -> Callable[[Callable[CachedArguments, CachedResult]], Callable[CachedArguments, CachedResult]]:
    """Cache the last `maxsize` results of a function; its sources are recorded at every call, not only at the first."""

    def keeps(work: Callable[CachedArguments, CachedResult]) -> Callable[CachedArguments, CachedResult]:
        def with_sources(
            *args: CachedArguments.args, **kwargs: CachedArguments.kwargs
        ) -> tuple[CachedResult, tuple[str, ...]]:
            with collect_sources() as sources:
                result = work(*args, **kwargs)
            return result, tuple(sources)

        cached: Any = lru_cache(maxsize=maxsize)(with_sources)

        @wraps(work)
        def read(*args: CachedArguments.args, **kwargs: CachedArguments.kwargs) -> CachedResult:
            result: CachedResult
            result, sources = cached(*args, **kwargs)
            cite_sources(*sources)
            return result

        return read

    return keeps
