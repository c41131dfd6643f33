"""Tables of what befalls virtual people: for the page, and for a terminal."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from skinbeam.shipped import shipped_text

__all__ = ["FILE", "TABLES", "shipped", "table_of"]

FILE: Final = "validation/people/found.json"
TABLES: Final = ("burnt", "treated", "clean")
_KNOWN: Final = {"measured": "measured", "told": "phototype"}
Row = Mapping[str, Any]
Line = tuple[str, ...]


def shipped() -> Mapping[str, Sequence[Row]]:
    """Return what was counted when `python -m skinbeam.validation.people` was last run."""
    found: Mapping[str, Sequence[Row]] = json.loads(shipped_text(FILE))
    return found


def table_of(name: str, groups: Mapping[str, Sequence[Row]]) -> list[Line]:
    """Return heading and rows of one of `TABLES`."""
    if name == "burnt":
        rows = [(kind, row) for kind in groups for row in groups[kind]]
        lines = [(_KNOWN.get(kind, ""), row["group"], _offered(row), *_burnt(row)) for kind, row in rows]
        return [("colour", "people", "with an offer", "burnt of 100", "over all clinics", "plans say"), *lines]
    rows = [(kind, row) for kind in ("measured", "told", "treatment") for row in groups[kind] if row["offered"]]
    if name == "treated":
        head: Line = ("colour", "people", "treated of 100", "by the book", "difference", "plans say: reached")
        return [head, *((_KNOWN.get(kind, ""), row["group"], *_treated(row)) for kind, row in rows)]
    head = ("colour", "people", "all spots clean", "then burnt of 100", "where a quarter misses", "plans say")
    return [head, *((_KNOWN.get(kind, ""), row["group"], *_clean(row)) for kind, row in rows if row["clean"])]


def _offered(row: Row) -> str:
    return f"{row['offered']} of {row['people']}"


def _burnt(row: Row) -> Line:
    if not row["offered"]:
        return "", "", ""
    return _interval(row, "burnt"), _of_100(row["burnt_expected"]), _of_100(row["burnt_said"])


def _treated(row: Row) -> Line:
    gain = f"{100 * (row['treated'] - row['treated_by_book']):+.0f} ± {100 * row['gain_error']:.0f}"
    return _of_100(row["treated"]), _of_100(row["treated_by_book"]), gain, _of_100(row["reached_said"])


def _clean(row: Row) -> Line:
    said = (_of_100(row[key]) for key in ("burnt_unshared", "burnt_after_said"))
    return (f"{row['clean']} of {row['offered']}", _interval(row, "burnt_after_clean"), *said)


def _interval(row: Row, name: str) -> str:
    return f"{_of_100(row[name])} ({_of_100(row[f'{name}_low'])} to {_of_100(row[f'{name}_high'])})"


def _of_100(share: float) -> str:
    return f"{100 * share:.1f}"
