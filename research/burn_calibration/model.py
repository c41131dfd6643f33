"""The posed rows as arrays: what a fit sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table
from skinbeam.practice.calibration import FAMILIES, REFERENCE_MM
from skinbeam.shipped import shipped_table

__all__ = ["Observations", "observations"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Observations:
    """Rows of published doses, and of burns that were counted over doses which are not printed.

    Parameters
    ----------
    names, sources : of the rows; of their sources.
    source, family : (row,) places of its source and of its family of light.
    over_computed, spread, spot : (row, way) mean and deviation over people of ln(dose given / computed dose), and
        ln(spot / reference); 0 where there are fewer ways.
    ways : (row, way) logarithm of the share of each way; -inf where there are fewer.
    dosed : (row,) whether a dose is printed. weight : (row,) how much its dose tells of the doses that clinics choose.
    counted, begins : (row,) whether people were counted, and whether the dose is the one at which harm begins.
    harmed, of, sessions : (row,) people burnt, people treated, and sessions of each.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    source: NDArray[np.int64]
    family: NDArray[np.int64]
    over_computed: Floats
    spread: Floats
    spot: Floats
    ways: Floats
    dosed: NDArray[np.bool_]
    weight: Floats
    counted: NDArray[np.bool_]
    begins: NDArray[np.bool_]
    harmed: Floats
    of: Floats
    sessions: Floats


def observations(*, kept_aside: bool = False, recommended: bool = True) -> Observations:
    """Return the rows that are fitted or those kept aside, with or without doses that were only recommended."""
    table = derived_table("practice_doses")
    rows: dict[str, Mapping[str, Any]] = {
        name: row
        for name, row in (table["row"] | table["rate"]).items()
        if row["kept_aside"] is kept_aside and (recommended or row["kind"] != "recommended")
    }
    counted = _counted_once(rows)
    weights = _weights(rows)
    told = [name for name in rows if weights[name] > 0.0 or name in counted or rows[name]["kind"] == "begins"]
    rows = {name: rows[name] for name in told}
    of_rows = [row["source"] for row in rows.values()]
    sources = tuple(dict.fromkeys(of_rows))
    shares = [np.full(len(row.get("spot_mm", (0,))), 1.0 / len(row.get("spot_mm", (0,)))) for row in rows.values()]
    return Observations(
        names=tuple(rows),
        sources=sources,
        source=np.array([sources.index(source) for source in of_rows], dtype=np.int64),
        family=np.array([FAMILIES.index(row["family"]) for row in rows.values()], dtype=np.int64),
        over_computed=_padded([row.get("over_computed", ()) for row in rows.values()]),
        spread=_padded([row.get("spread", ()) for row in rows.values()]),
        spot=_padded([np.log(np.array(row.get("spot_mm", ())) / REFERENCE_MM) for row in rows.values()]),
        ways=_padded([np.log(share) for share in shares], -np.inf),
        dosed=np.array(["over_computed" in row for row in rows.values()]),
        weight=np.array([weights[name] for name in rows]),
        counted=np.array([name in counted for name in rows]),
        begins=np.array([row["kind"] == "begins" for row in rows.values()]),
        harmed=np.array([float(row["harmed"]) for row in rows.values()]),
        of=np.array([float(row["of"]) for row in rows.values()]),
        sessions=np.array([float(row["sessions"]) for row in rows.values()]),
    )


def _counted_once(rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The rows whose counts are taken: of several harms of the same people the one that most had."""
    most: dict[tuple[str, int], str] = {}
    for name, row in rows.items():
        if row["kind"] == "counted":
            people = row["source"], row["of"]
            if people not in most or rows[most[people]]["harmed"] < row["harmed"]:
                most[people] = name
    return set(most.values())


def _weights(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """How much the dose of each row tells of the doses that clinics choose, no setting of a source twice."""
    seen: dict[tuple[Any, ...], str] = {}
    for name, row in rows.items():
        if row.get("given"):
            seen.setdefault((row["source"], row["family"], row["phototype"], *row["over_computed"]), name)
    each: dict[str, int] = {}
    for name in seen.values():
        each[rows[name]["source"]] = each.get(rows[name]["source"], 0) + 1
    most = float(shipped_table("data/practice.toml")["given"]["rows_of_a_source"]["value"])
    told = set(seen.values())
    return {name: min(1.0, most / each[row["source"]]) if name in told else 0.0 for name, row in rows.items()}


def _padded(rows: list[Any], blank: float = 0.0) -> Floats:
    """Rows of different lengths as one array, (row, way)."""
    found = np.full((len(rows), max(1, *(len(row) for row in rows))), blank)
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return found
