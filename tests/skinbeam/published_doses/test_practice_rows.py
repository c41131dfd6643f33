"""The table of published doses: what it holds, that a broken row is refused with its place, and who is kept aside."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from csv_text import written

import skinbeam
from skinbeam.model.errors import InputError
from skinbeam.model.sources import bibliography
from skinbeam.published_doses.rows import (
    PRACTICE_FILE,
    SKIN_INJURIES,
    HarmRecord,
    PracticeRow,
    practice_rows,
    read_practice_rows,
    source_role,
)

HEAD = (Path(skinbeam.__file__).parent / "data" / PRACTICE_FILE).read_text(encoding="utf-8").splitlines()[0].split(",")
GOOD = dict.fromkeys(HEAD, "") | {
    "row": "mohammed2025/1",
    "source": "mohammed2025",
    "grade": "abstract",
    "kind": "tolerated",
    "condition": "hair-removal",
    "phototype": "IV-VI",
    "patients": "10",
    "sessions_low": "3",
    "sessions_high": "3",
    "wavelength_nm": "808",
    "device": "diode",
    "pulse_low_ms": "36",
    "pulse_high_ms": "36",
    "fluence_low_J_cm2": "8",
    "fluence_high_J_cm2": "9",
    "cooling": "spray",
    "spurt_low_ms": "40",
    "spurt_high_ms": "50",
    "harm": "blister",
    "harm_count": "1",
    "harm_of": "10",
    "harm_unit": "patients",
    "harm_origin": "printed",
}


def test_a_good_row_is_read_whole() -> None:
    (row,) = read_practice_rows(written(HEAD, GOOD))
    assert (row.pulse_ms, row.fluence_J_cm2, row.spurt_ms, row.spot_mm) == (
        (36.0, 36.0),
        (8.0, 9.0),
        (40.0, 50.0),
        None,
    )
    assert row.harm == HarmRecord("blister", 1, 10, "patients", False, None, "")
    assert row.harm is not None
    assert row.harm.counts_skin_injury


def test_a_bound_has_one_end() -> None:
    (row,) = read_practice_rows(written(HEAD, GOOD | {"fluence_high_J_cm2": ""}))
    assert row.fluence_J_cm2 == (8.0, None)


# Each breaks one column of the good row and names it in the complaint.
BROKEN = [
    ("source", {"source": "nobody1999"}, "unknown value"),
    ("grade", {"grade": "hearsay"}, "unknown value"),
    ("kind", {"kind": "liked"}, "unknown value"),
    ("condition", {"condition": "hair"}, "unknown value"),
    ("phototype", {"phototype": "4"}, "cannot read"),
    ("phototype", {"phototype": "VI-IV"}, "cannot read"),
    ("phototype", {"phototype": "I-II-III"}, "cannot read"),
    ("patients", {"patients": "ten"}, "is no count"),
    ("sessions_low", {"sessions_low": "4"}, "cannot be"),
    ("wavelength_nm", {"wavelength_nm": "green"}, "is no number"),
    ("wavelength_nm", {"wavelength_nm": "0.808"}, "is out of range"),
    ("band_low_nm", {"band_low_nm": "560"}, "stands beside"),
    ("pulse_low_ms", {"pulse_low_ms": "40"}, "cannot be"),
    ("spot_high_mm", {"spot_high_mm": "120"}, "is out of range"),
    ("fluence_high_J_cm2", {"fluence_high_J_cm2": "nan"}, "is out of range"),
    ("fluence_low_J_cm2", {"fluence_low_J_cm2": "10"}, "cannot be"),
    ("fluence_mean_J_cm2", {"fluence_mean_J_cm2": "12"}, "is not from"),
    ("coverage_low_pct", {"coverage_low_pct": "130"}, "is out of range"),
    ("density_of", {"density_of": "pass"}, "has no density"),
    ("density_of", {"density_of": "day", "density_low_per_cm2": "100"}, "unknown value"),
    ("cooling", {"cooling": "cryogen"}, "unknown value"),
    ("spurt_low_ms", {"cooling": "contact"}, "belongs to a spray"),
    (
        "cooling_detail",
        {"cooling": "none", "spurt_low_ms": "", "spurt_high_ms": "", "cooling_detail": "ice"},
        "nothing was cooled",
    ),
    ("harm", {"harm": "ouch"}, "unknown value"),
    ("harm_count", {"harm": ""}, "not named"),
    ("harm_count", {"harm_count": "11"}, "cannot be"),
    ("harm_count", {"harm_count": ""}, "cannot be"),
    ("harm_count", {"harm_count": "-1"}, "is no count"),
    ("harm_of", {"harm_of": "12"}, "more than the 10 patients"),
    ("harm_unit", {"harm_unit": ""}, "unknown value"),
    ("harm_origin", {"harm_origin": "guessed"}, "unknown value"),
    ("harm_days_is", {"harm_days": "30"}, "unknown value"),
    ("harm_days_is", {"harm_days_is": "mean"}, "unknown value"),
    ("effect_count", {"effect_count": "9", "effect_of": "8"}, "cannot be"),
    ("downtime_high_days", {"downtime_high_days": "-1"}, "is out of range"),
]


@pytest.mark.parametrize(("column", "change", "message"), BROKEN, ids=[f"{c}-{m}" for c, _, m in BROKEN])
def test_a_broken_row_is_refused_with_its_place(column: str, change: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_practice_rows(written(HEAD, GOOD | change))
    assert caught.value.field == f"mohammed2025/1.{column}"
    assert caught.value.file == PRACTICE_FILE


def test_a_source_that_the_bibliography_lacks_names_the_nearest_and_where_one_is_added() -> None:
    with pytest.raises(InputError) as caught:
        read_practice_rows(written(HEAD, GOOD | {"source": "mohamed2025"}))
    assert caught.value.hint == 'Did you mean "mohammed2025"? A new source is an entry of a file in data/sources.'


def test_a_row_stands_once() -> None:
    with pytest.raises(InputError, match="stands twice"):
        read_practice_rows(written(HEAD, GOOD, GOOD))


def test_every_source_is_in_the_bibliography_and_every_entry_of_the_file_is_used() -> None:
    cited = {row.source for row in practice_rows()}
    assert cited <= set(bibliography())
    file = Path(skinbeam.__file__).parent / "data" / "sources" / "practice.bib"
    own = {
        line.partition("{")[2].rstrip(",") for line in file.read_text(encoding="utf-8").splitlines() if "@" in line[:1]
    }
    assert own <= cited
    for key in own:
        fields = bibliography()[key].fields
        assert "url" in fields or "no address" in fields["note"], key
        assert fields["note"], key


@pytest.mark.parametrize(
    # Computed with another program: printf KEY | sha256sum, the digest modulo 3.
    ("source", "role"),
    [
        ("mohammed2025", "calibration"),
        ("seukeran1997", "calibration"),
        ("vachiramon2012", "validation"),
        ("lee2012", "calibration"),
    ],
)
def test_the_key_alone_decides_who_is_kept_aside(source: str, role: str) -> None:
    assert source_role(source) == role


def test_about_a_third_of_the_sources_is_kept_aside_and_none_is_split() -> None:
    roles = {row.source: row.role for row in practice_rows()}
    held_out = sum(role == "validation" for role in roles.values())
    # A fair draw of one in three among n sources stays within three standard deviations in 997 of 1000 cases.
    n = len(roles)
    assert abs(held_out - n / 3) <= 3 * (n * 2 / 9) ** 0.5


def test_there_is_enough_to_hold_harm_against() -> None:
    rows = practice_rows()
    harms = [row.harm for row in rows if row.harm]
    assert len(rows) >= 390
    assert sum(harm.has_count for harm in harms) >= 210
    assert sum(harm.counts_skin_injury for harm in harms) >= 55
    assert {harm.kind for harm in harms} >= set(SKIN_INJURIES)


@pytest.mark.parametrize(
    ("what", "least", "holds"),
    [
        ("532 nm", 25, lambda row: row.wavelength_nm == 532),
        ("1064 nm", 40, lambda row: row.wavelength_nm == 1064),
        ("755 nm", 50, lambda row: row.wavelength_nm == 755),
        ("lamps", 40, lambda row: row.band_nm is not None),
        ("phototypes V and VI alone", 15, lambda row: row.phototype in ("V", "VI", "V-VI")),
    ],
)
def test_no_part_that_matters_is_empty(what: str, least: int, holds: Callable[[PracticeRow], bool]) -> None:
    assert sum(holds(row) for row in practice_rows()) >= least, what


def test_a_count_from_a_per_cent_says_so_in_its_note() -> None:
    for row in practice_rows():
        if row.harm and row.harm.from_per_cent:
            assert "per cent" in row.note or "%" in row.note, row.row


def test_rows_of_a_source_are_numbered_from_one() -> None:
    numbers: Counter[str] = Counter()
    for row in practice_rows():
        numbers[row.source] += 1
        assert row.row == f"{row.source}/{numbers[row.source]}"
