"""The table of trial arms: what it holds, and that a broken row is refused with the place of the fault."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from csv_text import written
from paths import TESTS

import skinbeam
from skinbeam.api.cite import cite_text
from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.studies.trial_arm import Arm, EventCount, parse_grades
from skinbeam.evidence.studies.trial_table import STUDIES_FILE, dark_phototype_fraction, read_arms, trial_arms
from skinbeam.model.errors import InputError
from skinbeam.model.package_data import load_package_text
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import PHOTOTYPES

DATA = TESTS / "data"
HEAD = (Path(skinbeam.__file__).parent / "data" / STUDIES_FILE).read_text(encoding="utf-8").splitlines()[0].split(",")
GOOD = dict.fromkeys(HEAD, "") | {
    "row": "majid2014/1",
    "study": "majid2014",
    "condition": "acne-scars",
    "modality": "fractional-ablative",
    "sites": "full-face",
    "severity": "moderate-severe",
    "phototype": "III-IV",
    "patients": "60",
    "unit": "patients",
    "bins": "50:26;25:15;low:19",
    "printed_cut_pct": "50",
    "printed_share_pct": "43.3",
    "pih": "3",
    "pih_of": "60",
    "harms": "scar:0/60",
    "downtime_days_low": "4",
    "downtime_days_high": "6",
    "downtime_kind": "crusting",
    "gain_kept_pct": "3:80;12-24:70",
    "grade": "abstract",
}


def test_a_good_row_is_read_whole() -> None:
    (arm,) = read_arms(written(HEAD, GOOD))
    assert arm.bins == ((50.0, 26), (25.0, 15), (None, 19))
    assert (arm.pih, arm.harms) == (EventCount(3, 60), {"scar": EventCount(0, 60)})
    assert arm.downtime_days == (4.0, 6.0)
    assert arm.gain_kept_pct == {3: 80.0, 12: 70.0, 24: 70.0}
    assert (arm.severity, arm.phototypes) == ((1, 2), (2, 3))
    assert arm.is_fitted
    assert arm.cohort == "majid2014"


BROKEN = {
    "study": "nobody1999",
    "condition": "wrinkled",
    "modality": "laser",
    "sites": "full-face;toe",
    "severity": "severe-mild",
    "phototype": "VII",
    "dark_fraction": "1.5",
    "wavelength_nm": "blue",
    "rater": "mother",
    "patients": "sixty",
    "unit": "teeth",
    "bins": "50:26;25:15;low:18",  # adds up to 59 of 60
    "printed_cut_pct": "60",
    "printed_share_pct": "45",  # the counts give 43.3
    "mean_pct": "130",
    "pih": "61",
    "harms": "scar:5/3",
    "design": "anecdotal",
    "fluence_J_cm2": "9-7",
    "microbeam_mJ": "much",
    "pulse_ms": "-1",
    "mean_sd_pct": "-3",
    "pain_low": "11",
    "downtime_days_low": "7",
    "downtime_kind": "bandage",
    "gain_kept_pct": "3:most",
    "grade": "hearsay",
}


@pytest.mark.parametrize("column", BROKEN)
def test_a_broken_row_names_row_and_column(column: str) -> None:
    with pytest.raises(InputError) as caught:
        read_arms(written(HEAD, GOOD | {column: BROKEN[column]}))
    assert caught.value.field == f"majid2014/1.{column}"
    assert caught.value.file == STUDIES_FILE
    assert caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "bins", ["25:15;50:26;low:19", "50:26;25:34", "low:26;25:15;low:19", "50-26", "low:60", "120:41;low:19"]
)
def test_classes_that_overlap_or_have_gaps_are_refused(bins: str) -> None:
    with pytest.raises(InputError, match="bins"):
        read_arms(written(HEAD, GOOD | {"bins": bins, "printed_share_pct": "", "printed_cut_pct": ""}))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"patients": "", "units": "60"}, "patients"),
        ({"bins": "", "mean_pct": "", "printed_share_pct": ""}, "bins"),
        ({"mean_pct": "40", "mean_origin": "guess"}, "mean_origin"),
        ({"satisfied": "9"}, "satisfied"),
        ({"recurred": "9", "recurred_of": "4"}, "recurred"),
        ({"condition": ""}, "condition"),
        ({"mean_pct": "40", "mean_ci95_low_pct": "45", "mean_ci95_high_pct": "50"}, "mean_ci95_low_pct"),
        ({"mean_pct": "40", "mean_ci95_low_pct": "35"}, "mean_ci95_low_pct"),
        ({"harms": "sunburn:0/60"}, "harms"),
        ({"pain_low": "6", "pain_high": "4"}, "pain_low"),
    ],
)
def test_figures_that_do_not_fit_together_are_refused(change: dict[str, str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        read_arms(written(HEAD, GOOD | change))
    assert caught.value.field == f"majid2014/1.{field}"


def test_an_arithmetic_slip_may_stand_when_it_is_excluded() -> None:
    slip = GOOD | {"printed_share_pct": "45", "excluded": "prints 45 % for 26 of 60"}
    (arm,) = read_arms(written(HEAD, slip))
    assert not arm.is_fitted


def test_rows_are_named_once_and_cohorts_counted_once() -> None:
    with pytest.raises(InputError, match="stands twice"):
        read_arms(written(HEAD, GOOD, GOOD))
    with pytest.raises(InputError, match="counted twice"):
        read_arms(written(HEAD, GOOD, GOOD | {"row": "majid2014/2"}))
    assert len(read_arms(written(HEAD, GOOD, GOOD | {"row": "majid2014/2", "harms_excluded": "same patients"}))) == 2


def test_the_shipped_table_is_sound_and_every_key_resolves() -> None:
    found = trial_arms()
    assert all(arm.study in bibliography() for arm in found)
    assert all(arm.excluded or arm.condition for arm in found)
    assert len(cite_text(arm.study for arm in found).split("\n@")) == len({arm.study for arm in found})


@pytest.mark.parametrize(
    ("study", "reason"),
    [
        ("ozyurt2012", "which is 96.2 %"),
        ("bjorn2014", "ambiguous"),
        ("faghihi2015", "ambiguous"),
        ("li2022", "meta-analysis"),
    ],
)
def test_slips_and_ambiguous_arms_are_listed_and_left_out(study: str, reason: str) -> None:
    rows = [arm for arm in trial_arms() if arm.study == study]
    assert rows
    assert all(reason in arm.excluded for arm in rows)


def test_dark_fraction_counts_types_of_the_range() -> None:
    assert [
        dark_phototype_fraction(parse_grades(p, PHOTOTYPES)) for p in ("I-III", "III-IV", "II-IV", "IV-V")
    ] == pytest.approx([0.0, 1 / 2, 1 / 3, 1.0])
    assert dark_phototype_fraction(None) == 0.5  # the stated assumption
    assert parse_grades("II-V", PHOTOTYPES) == (1, 4)


def test_a_confidence_interval_gives_the_spread_between_patients() -> None:
    printed = {"bins": "", "printed_cut_pct": "", "printed_share_pct": "", "mean_origin": "printed"}
    ci = {"mean_pct": "48.3", "mean_ci95_low_pct": "42.6", "mean_ci95_high_pct": "54.0", "patients": "25"}
    (arm,) = read_arms(written(HEAD, GOOD | printed | ci))
    # 97.5 % of Student's t with 24 degrees of freedom is 2.0639; the stated approximation is within 0.3 %.
    assert arm.mean_sd_pct == pytest.approx(5.7 * 5.0 / 2.0639, rel=3e-3)


def test_lesions_come_several_to_a_patient() -> None:
    lesions: Callable[[Arm], bool] = lambda arm: arm.unit == "lesions" and arm.is_fitted  # noqa: E731
    found = [arm.units_per_patient for arm in filter(lesions, trial_arms())]
    assert min(found) >= 1  # one keloid of each person, of which three were not graded
    assert max(found) > 1
    assert next(arm for arm in trial_arms() if arm.row == "majid2014/1").units_per_patient == 1.0


def test_harms_are_counted_per_patient_and_once() -> None:
    # Three outcomes of the 25 hands of one cohort were printed, each with its zero of 25.
    assert sum(row.study == "behrangi2014" and row.outcome == "pih" for row in outcome_counts()) == 1
    assert "rho2014" not in {row.study for row in outcome_counts()}  # counts treatments, not patients
    assert all(0 <= row.events <= row.patients for row in outcome_counts())


def test_ten_arms_drawn_at_random_say_what_their_text_says() -> None:
    """Their texts were read once more, cell by cell: what stands there and where, and whether printed or deduced."""
    table_ = {record["row"]: record for record in csv.DictReader(io.StringIO(load_package_text("data/studies.csv")))}
    reread = list(csv.DictReader((DATA / "studies_reread.csv").read_text(encoding="utf-8").splitlines()))
    assert len({cell["row"] for cell in reread}) == 10
    for cell in reread:
        assert table_[cell["row"]][cell["column"]] == cell["value"], cell
        assert cell["the text says"]
        assert cell["location"]
    # A figure that the model is given is printed in so many words; the group of one study follows from its shares.
    figures = {"bins", "mean_pct", "mean_sd_pct", "pih", "pih_of", "harms", "sessions_low", "followup_months"}
    assert {cell["is"] for cell in reread if cell["column"] in figures} == {"printed"}


def test_every_arm_that_is_used_was_read_twice() -> None:
    for record in csv.DictReader(io.StringIO(load_package_text("data/studies.csv"))):
        is_read_twice = record["second_reading"] or record["excluded"]
        assert is_read_twice, f"{record['row']}: second_reading says what another reader found, or excluded why not"
