"""Tables of the outcomes of virtual people, for the page and for a terminal."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["RESULTS_FILE", "TABLES", "result_table", "shipped_results"]

RESULTS_FILE: Final = Path(__file__).with_name("found.json")
TABLES: Final = ("burnt", "treated", "clean")
_COLOUR_SOURCES: Final = {"measured": "measured", "told": "phototype"}
Row = Mapping[str, Any]
Line = tuple[str, ...]


def shipped_results() -> Mapping[str, Sequence[Row]]:
    """Return the stored counts of the last run of `python -m research.virtual_people`."""
    results: Mapping[str, Sequence[Row]] = json.loads(RESULTS_FILE.read_text(encoding="utf-8"))
    return results


def result_table(name: str, groups: Mapping[str, Sequence[Row]]) -> list[Line]:
    """Return heading and rows of one of `TABLES`."""
    if name == "burnt":
        rows = [(kind, row) for kind in groups for row in groups[kind]]
        lines = [
            (_COLOUR_SOURCES.get(kind, ""), row["group"], _offered_cell(row), *_burnt_cells(row)) for kind, row in rows
        ]
        return [("colour", "people", "with an offer", "burnt of 100", "over all clinics", "plans say"), *lines]
    rows = [(kind, row) for kind in ("measured", "told", "treatment") for row in groups[kind] if row["offered"]]
    if name == "treated":
        head: Line = ("colour", "people", "treated of 100", "by the book", "difference", "plans say: reached")
        return [head, *((_COLOUR_SOURCES.get(kind, ""), row["group"], *_treated_cells(row)) for kind, row in rows)]
    head = ("colour", "people", "all spots clean", "then burnt of 100", "where a quarter misses", "plans say")
    return [
        head,
        *((_COLOUR_SOURCES.get(kind, ""), row["group"], *_clean_spot_cells(row)) for kind, row in rows if row["clean"]),
    ]


def _offered_cell(row: Row) -> str:
    return f"{row['offered']} of {row['people']}"


def _burnt_cells(row: Row) -> Line:
    if not row["offered"]:
        return "", "", ""
    return _interval(row, "burnt"), _per_100(row["burnt_expected"]), _per_100(row["burnt_said"])


def _treated_cells(row: Row) -> Line:
    gain = f"{100 * (row['treated'] - row['treated_by_book']):+.0f} ± {100 * row['gain_error']:.0f}"
    return _per_100(row["treated"]), _per_100(row["treated_by_book"]), gain, _per_100(row["reached_said"])


def _clean_spot_cells(row: Row) -> Line:
    cells = (_per_100(row[key]) for key in ("burnt_unshared", "burnt_after_said"))
    return (f"{row['clean']} of {row['offered']}", _interval(row, "burnt_after_clean"), *cells)


def _interval(row: Row, name: str) -> str:
    return f"{_per_100(row[name])} ({_per_100(row[f'{name}_low'])} to {_per_100(row[f'{name}_high'])})"


def _per_100(share: float) -> str:
    return f"{100 * share:.1f}"
