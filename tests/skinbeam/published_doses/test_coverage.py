"""A probability of a burn says where it leaves the published doses that calibrate it."""

import pytest

from skinbeam.published_doses.calibration import LASER_FAMILIES, BurnLight
from skinbeam.published_doses.coverage import calibration_rows, uncovered_warnings
from skinbeam.published_doses.rows import practice_rows
from skinbeam.simulate.model_error import min_sources

WAVELENGTHS_NM = {"green": 532.0, "yellow": 595.0, "red": 755.0, "diode": 810.0, "ndyag": 1064.0, "lamp": 700.0}


def light_of(family: str) -> BurnLight:
    return BurnLight(WAVELENGTHS_NM[family], 0.01, 10.0, lamp=family == "lamp")


def codes(family: str, cooling: str, skin: tuple[int, int] | None) -> set[str]:
    return {one.code for one in uncovered_warnings(light_of(family), cooling, skin)}


@pytest.mark.parametrize("family", LASER_FAMILIES)
def test_rows_that_calibrate_are_none_that_are_kept_aside(family: str) -> None:
    rows = calibration_rows(family)
    assert rows
    assert all(row.role != "validation" for row in rows)
    assert {row.row for row in rows} <= {row.row for row in practice_rows()}


@pytest.mark.parametrize("family", LASER_FAMILIES)
def test_uncooled_skin_is_named_where_clinics_cooled(family: str) -> None:
    uncooled = {row.source for row in calibration_rows(family) if row.cooling == "none"}
    assert ("burn-uncooled" in codes(family, "none", (2, 2))) == (len(uncooled) < min_sources())
    for cooling in ("air", "contact", "spray"):
        assert "burn-uncooled" not in codes(family, cooling, (2, 2))


@pytest.mark.parametrize("family", LASER_FAMILIES)
def test_dark_skin_is_named_where_clinics_treated_lighter_skin(family: str) -> None:
    """No family of light has enough sources of phototypes V and VI by themselves; of II there is nothing to say."""
    assert "burn-dark-skin" in codes(family, "spray", (5, 5))
    assert "burn-dark-skin" in codes(family, "spray", (4, 6))  # it may be VI
    assert codes(family, "spray", (2, 3)) == set()
    assert codes(family, "spray", None) == set()


def test_light_that_nothing_calibrates_says_so_elsewhere() -> None:
    assert uncovered_warnings(BurnLight(10600.0, 1e-3, 8.0), "none", (6, 6)) == ()
