"""Every published dose that tells of burns, posed to the model: a computed table, since it takes a minute."""

from typing import Any

from skinbeam.derived import Derived
from skinbeam.document import round_significant
from skinbeam.practice.calibration import family_of
from skinbeam.practice.doses import over_computed
from skinbeam.practice.posing import poses, rate_of, seen, unposed
from skinbeam.practice.row import PracticeRow
from skinbeam.practice.rows import practice_rows

__all__ = ["PRACTICE_DOSES"]

HEADER = """\
# Published doses beside what the model computes to burn such people. A `row` has a dose: `over_computed` and `spread`
# are mean and deviation over its people of ln(dose given / computed dose), for each way in which it may have been
# carried out, in spots of `spot_mm`; it is `given` unless doses were raised until something was seen. A `rate` has no
# dose. `harmed` of `of` were burnt, each in so many `sessions`. Rows kept aside set nothing.
# Made by `make derived` from data/practice.csv; not to be edited.
"""
DIGITS = 4


def _made() -> dict[str, Any]:
    doses: dict[str, Any] = {}
    rates: dict[str, Any] = {}
    for row in practice_rows():
        family = rate_of(row)
        if family is not None:
            rates[row.row] = _entry(row, family)
        elif unposed(row) is None:
            doses[row.row] = _posed(row)
    return {"row": doses, "rate": rates}


def _entry(row: PracticeRow, family: str) -> dict[str, Any]:
    found = seen(row)
    assert found is not None  # it is posed, or a rate
    return {
        "source": row.source,
        "kept_aside": row.role == "validation",
        "kind": found.kind,
        "family": family,
        "harmed": found.events,
        "of": found.of,
        "sessions": round_significant(found.sessions),
    }


def _posed(row: PracticeRow) -> dict[str, Any]:
    ways, lamp = poses(row), row.wavelength_nm is None
    over = over_computed(row)
    return _entry(row, family_of(ways[0].beam.wavelength_nm, lamp=lamp)) | {
        "wavelength_nm": round_significant(ways[0].beam.wavelength_nm),
        "pulse_ms": round_significant(sum(way.beam.pulse_ms for way in ways) / len(ways)),
        "phototype": ways[0].skin.phototype or "",
        "given": row.kind != "threshold",
        "spot_mm": [one.spot_mm for one in over],
        "over_computed": [round_significant(one.mean, DIGITS) for one in over],
        "spread": [round_significant(one.spread, DIGITS) for one in over],
    }


PRACTICE_DOSES = Derived(
    name="practice_doses",
    header=HEADER,
    inputs=(
        "data/practice.csv",
        "data/practice.toml",
        "data/envelopes.toml",
        "data/tissue/",
        "data/spectra/",
        "data/cooling.toml",
        "data/still_air.toml",
        "data/derived/melanin_by_colour.toml",
        "data/derived/melanin_by_site.toml",
    ),
    version=2,
    make=_made,
)
