"""Writes the draws that ship."""

from typing import Any, Final

from skinbeam.derived import Derived, derived_table
from skinbeam.document import round_significant
from skinbeam.practice.calibration import BURN, FAMILIES
from skinbeam.practice.fit.sample import PARAMETERS, fitted
from skinbeam.practice.posing import SHORTEST_MS, WAVELENGTHS_NM

__all__ = ["BURN_CALIBRATION"]

HEADER = """\
# Draws of how far computed doses that burn the epidermis lie from true ones, fitted to the calibration rows of
# published doses and burns (docs/methods/practice.md), natural logarithms: `usual` doses over computed ones, `margin`
# from there to a burn, power of the `spot`, `family` of light; deviations of what clinics choose (`chosen`), of `rows`,
# of `clinics` and of `people`; `followed`, the part of a clinic's choice that burns follow; `lapse`, accidents.
# Made by `make practice`; not to be edited.
"""
LONGEST_MS: Final = 1000.0
DIGITS: Final = 4


def _entry(*, recommended: bool) -> dict[str, Any]:
    fit = fitted(recommended=recommended)
    return {
        "rows": len(fit.seen.names),
        "sources": len(fit.seen.sources),
        "range_nm": list(WAVELENGTHS_NM),
        "range_ms": [SHORTEST_MS, LONGEST_MS],
        "range_mm": _spots_mm(),
        "draw": {name: _rounded(fit.draws[name]) for name in PARAMETERS},
        "family": {name: _rounded(fit.draws["family"][:, place]) for place, name in enumerate(FAMILIES)},
    }


def _spots_mm() -> list[float]:
    """The least and the greatest spot of the doses that are fitted."""
    rows = derived_table("practice_doses")["row"].values()
    spots = [spot for row in rows if not row["kept_aside"] for spot in row["spot_mm"]]
    return [min(spots), max(spots)]


def _rounded(values: Any) -> list[float]:
    return [round_significant(float(x), DIGITS) for x in values]


def _made() -> dict[str, Any]:
    return {BURN: _entry(recommended=True), f"{BURN}-without-recommended": _entry(recommended=False)}


BURN_CALIBRATION = Derived(
    name="burn_calibration",
    header=HEADER,
    inputs=("data/derived/practice_doses.toml", "data/practice.toml"),
    version=2,
    make=_made,
)
