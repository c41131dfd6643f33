"""Make the table of published doses with burn outcomes beside the model's computed burn doses. It takes a minute."""

from typing import Any

from research.burn_calibration.scenarios import (
    burn_observation,
    dose_scenarios,
    exclusion_reason,
    log_dose_ratios,
    undosed_count_family,
)
from research.derived_table import DerivedTable
from skinbeam.model.document import round_significant
from skinbeam.published_doses.calibration import laser_family
from skinbeam.published_doses.rows import PracticeRow, practice_rows

__all__ = ["PRACTICE_DOSES"]

HEADER = """\
# Published doses beside what the model computes to burn such people. A `row` has a dose: `over_computed` and `spread`
# are mean and deviation over its people of ln(dose given / computed dose), for each way in which it may have been
# carried out, in spots of `spot_mm`; it is `given` unless doses were raised until something was seen. A `rate` has no
# dose. `harmed` of `of` were burnt, each in so many `sessions`. Rows kept aside set nothing.
# Made by `make derived` from data/practice.csv; not to be edited.
"""
DIGITS = 4


def _make_table() -> dict[str, Any]:
    doses: dict[str, Any] = {}
    rates: dict[str, Any] = {}
    for row in practice_rows():
        family = undosed_count_family(row)
        if family is not None:
            rates[row.row] = _row_entry(row, family)
        elif exclusion_reason(row) is None:
            doses[row.row] = _dosed_row_entry(row)
    return {"row": doses, "rate": rates}


def _row_entry(row: PracticeRow, family: str) -> dict[str, Any]:
    observation = burn_observation(row)
    assert observation is not None  # the row has a scenario, or is a rate
    return {
        "source": row.source,
        "kept_aside": row.role == "validation",
        "kind": observation.kind,
        "family": family,
        "harmed": observation.events,
        "of": observation.total,
        "sessions": round_significant(observation.sessions),
    }


def _dosed_row_entry(row: PracticeRow) -> dict[str, Any]:
    ways = dose_scenarios(row)
    over = log_dose_ratios(row)
    return _row_entry(row, laser_family(ways[0].beam.wavelength_nm, lamp=row.lamp)) | {
        "wavelength_nm": round_significant(ways[0].beam.wavelength_nm),
        "pulse_ms": round_significant(sum(way.beam.pulse_ms for way in ways) / len(ways)),
        "phototype": ways[0].skin.phototype or "",
        "given": row.kind != "threshold",
        "spot_mm": [dose.spot_mm for dose in over],
        "over_computed": [round_significant(dose.mean, DIGITS) for dose in over],
        "spread": [round_significant(dose.spread, DIGITS) for dose in over],
    }


PRACTICE_DOSES = DerivedTable(
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
    version=3,
    make=_make_table,
)
