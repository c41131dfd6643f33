"""Keys of a JSON document that docs/documents.md does not list."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from paths import ROOT

PAGE = ROOT / "docs" / "documents.md"
HEAD = {"schema", "version", "case_sha256", "seed", "warnings"}


def unlisted_keys(document: Any) -> set[str]:
    """Keys, with those above them, that stand in no table of `Every key`."""
    keys = {key for key in _keys(document) if key.split(".")[0].removesuffix("[]") not in HEAD}
    # Where a table or list is empty or unknown, its name is all that there is of it.
    return {key for key in keys if not any(p.fullmatch(key) or key in above for p, above in _listed())}


def _keys(document: Any, path: str = "") -> Iterator[str]:
    """Keys that hold a value; estimates, messages and unknowns are told once for all, and count as values."""
    if isinstance(document, list):
        if not document:
            yield path
        for item in document:
            yield from _keys(item, f"{path}[]")
    elif isinstance(document, dict) and document and not _is_value(document):
        for name, item in document.items():
            yield from _keys(item, f"{path}.{name}" if path else name)
    else:
        yield path


def _is_value(document: dict[str, Any]) -> bool:
    known = {"median", "low", "high", "level"}, {"id", "params"}
    return set(document) == {"unknown"} or any(names <= set(document) for names in known)


@cache
def _listed() -> tuple[tuple[re.Pattern[str], set[str]], ...]:
    """What the tables list: `<name>` is any name, `.*` anything below; lists of values count as values."""
    patterns = []
    for row in re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8").split("## Every key")[1], re.MULTILINE):
        for key in re.findall(r"`([^`]+)`", row):
            names = re.split(r"<\w+>", key.removesuffix(".*"))
            exact = r"[^.\[\]]+(\.\d+)?".join(re.escape(name) for name in names)
            pattern = re.compile(exact + (r"(\[\])*(\..*)?" if key.endswith(".*") else r"(\[\])*"))
            parts = key.split(".")
            above = {".".join(parts[: n + 1]).removesuffix("[]") for n in range(len(parts))}
            patterns.append((pattern, above))
    return tuple(patterns)
