"""Check whether the published doses behind a probability of a burn include such cooling and such skin.

The calibration of burns has one margin for all skins and coolings (practice 1). It rests on light skin that was cooled:
where fewer independent sources than an endpoint needs treated skin without cooling, or skin of phototypes V and VI by
themselves, with the same family of light, the probability is an extrapolation, and this is stated beside it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from skinbeam.model.package_data import load_derived_table
from skinbeam.published_doses.calibration import BurnLight, is_calibrated_light, laser_family
from skinbeam.published_doses.rows import PracticeRow, practice_rows
from skinbeam.published_doses.settings import source_phototypes
from skinbeam.simulate.model_error import min_sources
from skinbeam.text import DocumentWarning, Message

__all__ = ["calibration_rows", "uncovered_warnings"]

_DARK: Final = 5  # phototype V


@cache
def calibration_rows(family: str) -> tuple[PracticeRow, ...]:
    """Return the published doses and counts of a family of light that set the calibration of burns."""
    table = load_derived_table("practice_doses")
    used = {
        name
        for part in ("row", "rate")
        for name, entry in table[part].items()
        if entry["family"] == family and not entry["kept_aside"]
    }
    return tuple(row for row in practice_rows() if row.row in used)


def uncovered_warnings(
    light: BurnLight, cooling: str, phototypes: tuple[int, int] | None
) -> tuple[DocumentWarning, ...]:
    """Return in what the probability of a burn leaves the published doses that calibrate it.

    It is empty where such cooling and such skin are among them, and for light that no published dose calibrates.

    Parameters
    ----------
    cooling : kind of cooling of the skin; `none` for uncooled skin.
    phototypes : lowest and highest possible phototype of the person, 1 to 6; None where the skin is not known.
    """
    if not is_calibrated_light(light):
        return ()
    rows = calibration_rows(laser_family(light.wavelength_nm, lamp=light.lamp))
    warnings = []
    uncooled = _count_sources(row for row in rows if row.cooling == "none")
    if cooling == "none" and uncooled < min_sources():
        cooled = _count_sources(row for row in rows if row.cooling not in ("", "none"))
        silent = _count_sources(row for row in rows if not row.cooling)
        params = {"uncooled": uncooled, "cooled": cooled, "silent": silent}
        warnings.append(DocumentWarning("burn-uncooled", Message("burn.beyond-uncooled", params)))
    dark = _count_sources(row for row in rows if _lightest_phototype(row) >= _DARK)
    if phototypes is not None and phototypes[1] >= _DARK and dark < min_sources():
        params = {"dark": dark, "sources": _count_sources(rows)}
        warnings.append(DocumentWarning("burn-dark-skin", Message("burn.beyond-dark", params)))
    return tuple(warnings)


def _count_sources(rows: Iterable[PracticeRow]) -> int:
    return len({row.source for row in rows})


def _lightest_phototype(row: PracticeRow) -> int:
    """Return the lightest phototype of a row; 0 where it does not state the skin."""
    span = source_phototypes(row.phototype, row.ethnic_group)
    return 0 if span is None else span[0]
