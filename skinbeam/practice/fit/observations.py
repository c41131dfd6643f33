"""The posed rows as arrays: what a fit sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table
from skinbeam.schema.fields import phototype_range
from skinbeam.shipped import shipped_table

__all__ = ["COVARIATES", "REFERENCE_NM", "Observations", "observations"]

Floats = NDArray[np.float64]

REFERENCE_NM: Final = 700.0
REFERENCE_MS: Final = 10.0
COVARIATES: Final = ("wavelength", "pulse", "phototype")


@dataclass(frozen=True)
class Observations:
    """Rows of published doses.

    Parameters
    ----------
    names, sources : of the rows; of their sources.
    source : (row,) place of its source.
    over_computed : (row, person) ln(dose given / computed dose).
    harmed, of : (row,) people burnt and people treated; of a recommendation none of what is assumed.
    counted : (row,) 1 where people were counted. begins : (row,) 1 where the dose is the one at which harm begins.
    covariates : by name, (row,), 0 at the reference.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    source: NDArray[np.int64]
    over_computed: Floats
    harmed: Floats
    of: Floats
    counted: Floats
    begins: Floats
    covariates: Mapping[str, Floats]


def observations(*, kept_aside: bool = False, recommended: bool = True) -> Observations:
    """Return the rows that are fitted or those kept aside, with or without doses that were only recommended."""
    rows: dict[str, Mapping[str, Any]] = {
        name: row
        for name, row in derived_table("practice_doses")["row"].items()
        if row["kept_aside"] is kept_aside and (recommended or row["kind"] != "recommended")
    }
    of_rows = [row["source"] for row in rows.values()]
    sources = tuple(dict.fromkeys(of_rows))
    unharmed = float(shipped_table("data/practice.toml")["recommended"]["unharmed"]["value"])
    return Observations(
        tuple(rows),
        sources,
        np.array([sources.index(source) for source in of_rows], dtype=np.int64),
        np.array([row["over_computed"] for row in rows.values()], dtype=np.float64),
        np.array([float(row["harmed"]) for row in rows.values()]),
        np.array(
            [
                unharmed / of_rows.count(row["source"]) if row["kind"] == "recommended" else float(row["of"])
                for row in rows.values()
            ]
        ),
        np.array([float(row["kind"] == "counted") for row in rows.values()]),
        np.array([float(row["kind"] == "begins") for row in rows.values()]),
        {
            "wavelength": _log(rows, "wavelength_nm", REFERENCE_NM),
            "pulse": _log(rows, "pulse_ms", REFERENCE_MS),
            "phototype": np.array([_middle_phototype(row["phototype"]) - 3.0 for row in rows.values()]) / 3.0,
        },
    )


def _log(rows: Mapping[str, Mapping[str, Any]], key: str, reference: float) -> Floats:
    return np.log(np.array([row[key] for row in rows.values()], dtype=np.float64) / reference)


def _middle_phototype(phototype: str) -> float:
    """The middle of a range of phototypes; III, as common as any, where none is known."""
    ends: Sequence[int] = phototype_range(phototype) if phototype else (3, 3)
    return sum(ends) / 2
