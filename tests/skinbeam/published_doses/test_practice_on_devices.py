"""The settings of published rows can be set on the device of their class, and rows have the class of their light."""

import tomllib
from dataclasses import replace

import pytest
from paths import TESTS
from practice_on_devices import class_heads, unsettable

from skinbeam.laser.device_class import class_table
from skinbeam.published_doses.rows import PracticeRow, practice_rows

NOT_SETTABLE = tomllib.loads((TESTS / "data" / "not_settable.toml").read_text(encoding="utf-8"))
EXCEPTIONS = {row: entry["reason"] for entry in NOT_SETTABLE.values() for row in entry["rows"]}
ROWS = [row for row in practice_rows() if row.device_class is not None and any(class_heads(row.device_class))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.row)
def test_a_published_setting_can_be_set_on_the_device_of_its_class(row: PracticeRow) -> None:
    if row.row in EXCEPTIONS:
        assert unsettable(row), "it can be set: take it from the list"
        assert EXCEPTIONS[row.row]
    else:
        missing = unsettable(row)
        assert not missing, (
            f"no device of the class {row.device_class} can be set so: widen a range in skinbeam/data/lasers, "
            "or list the row with its reason in tests/data/not_settable.toml"
        )


def test_the_listed_exceptions_are_few_and_exist() -> None:
    assert set(EXCEPTIONS) <= {row.row for row in ROWS}
    assert len(EXCEPTIONS) <= len(ROWS) / 20


def test_a_setting_that_no_machine_has_is_found() -> None:
    row = next(row for row in ROWS if row.row == "kono2006ldpl/1")  # 595 nm, 1.5 ms, 7 mm, 10 to 13 J/cm²
    assert not unsettable(row)
    assert unsettable(replace(row, fluence_J_cm2=(10.0, 40.0)))
    assert unsettable(replace(row, spot_mm=(40.0, 40.0)))
    assert unsettable(replace(row, pulse_ms=(900.0, 900.0)))


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("kilmer1994/1", "qs-532"),
        ("chan2019pico532/1", "ps-532"),
        ("freckles532/3", "ktp-532"),
        ("kono2006ldpl/1", "pdl-595-compression"),
        ("conologue2006pdl/1", "pdl-595"),
        ("candela2013/1", "alex-755-long"),
        ("kung2019dla/1", "ps-755-array"),
        ("wong2015hypo/1", "qs-1064"),
        ("newman650us/1", "ndyag-1064-us"),
        ("lee2012/1", "ndyag-1064-long"),
        ("alexis2016density/1", "fx-1550"),
        ("hedelund2012/1", "fx-co2"),
        ("walgrave2009/1", "er-ysgg"),
        ("negishi2002ipl/1", "ipl-560"),
    ],
)
def test_a_row_has_the_class_of_its_light(row: str, name: str) -> None:
    (found,) = [other.device_class for other in practice_rows() if other.row == row]
    assert found == name


def test_every_class_of_a_row_is_known() -> None:
    assert {row.device_class for row in practice_rows()} - {None} <= set(class_table())
