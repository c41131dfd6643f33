"""Every published dose that tells of burns, posed to the model: a computed table, since it takes half a minute."""

from typing import Any

from skinbeam.derived import Derived
from skinbeam.document import round_significant
from skinbeam.practice.doses import over_computed
from skinbeam.practice.posing import poses, seen, unposed
from skinbeam.practice.rows import practice_rows

__all__ = ["PRACTICE_DOSES"]

HEADER = """\
# Published doses that tell of burns, beside what the model computes to burn such people: `over_computed` are quantiles
# of ln(dose given / computed dose) over the people of a row, evenly spaced; `harmed` of `of` were burnt. Rows
# kept aside set nothing.
# Made by `make derived` from data/practice.csv; not to be edited.
"""
DIGITS = 4


def _made() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in practice_rows():
        if unposed(row) is not None:
            continue
        told, ways = seen(row), poses(row)
        assert told is not None  # it is posed
        found[row.row] = {
            "source": row.source,
            "kept_aside": row.role == "validation",
            "kind": told.kind,
            "harmed": told.events,
            "of": told.of,
            "wavelength_nm": round_significant(ways[0].beam.wavelength_nm),
            "pulse_ms": round_significant(sum(way.beam.pulse_ms for way in ways) / len(ways)),
            "phototype": ways[0].skin.phototype or "",
            "over_computed": [round_significant(float(x), DIGITS) for x in over_computed(row)],
        }
    return {"row": found}


PRACTICE_DOSES = Derived(
    name="practice_doses",
    header=HEADER,
    inputs=(
        "data/practice.csv",
        "data/practice.toml",
        "data/tissue/",
        "data/spectra/",
        "data/cooling.toml",
        "data/still_air.toml",
        "data/derived/melanin_by_colour.toml",
        "data/derived/melanin_by_site.toml",
    ),
    version=1,
    make=_made,
)
