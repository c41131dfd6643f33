"""What docs/evidence.md draws: that every trial stands in it once, and that the pictures are those of now."""

import math
import re
from dataclasses import asdict

import numpy as np
import pytest
from paths import ROOT

from research.derived_table import HASH_KEY
from research.evidence_fit.page import PAGE, studies_outside
from research.evidence_pictures import pictures
from research.evidence_pictures.forest import MOST_ROWS, forests, new_clinic_intervals
from research.evidence_pictures.funnel import FUNNEL_OUTCOMES, funnel_points, log_odds, study_counts
from research.evidence_pictures.harms import harm_interval, harm_questions, predicted_count
from research.evidence_pictures.intervals import (
    PredictiveInterval,
    light_label,
    mean_interval,
    share_interval,
    study_label,
)
from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.design import fitted_arms
from skinbeam.model.vocabulary import vocabulary_table

ANEW = "run `python docs/evidence_figures.py`"


def test_intervals_are_those_of_the_textbook() -> None:
    """Newcombe (1998, Stat Med 17:857) prints Wilson's interval of 15 of 148 as 0.0624 to 0.1605, of 0 of 20 as 0 to
    0.1611."""
    some, none = share_interval(15, 148), share_interval(0, 20)
    assert (some.low, some.high) == (pytest.approx(0.0624, abs=5e-5), pytest.approx(0.1605, abs=5e-5))
    assert (none.middle, none.low, none.high) == (0.0, 0.0, pytest.approx(0.1611, abs=5e-5))
    spread = mean_interval(50.0, 20.0, 16)
    assert (spread.low, spread.high) == (pytest.approx(40.2, abs=0.01), pytest.approx(59.8, abs=0.01))
    assert mean_interval(50.0, None, 16).low is None


def test_an_answer_holds_what_it_says() -> None:
    found = PredictiveInterval.of_draws(np.linspace(0.0, 100.0, 1001))
    assert (found.median, found.inner, found.outer) == (50.0, (10.0, 90.0), (2.5, 97.5))


def test_labels_name_author_year_and_light() -> None:
    assert study_label("majid2014") == "Majid 2014"
    assert study_label("lee2008b") == "Lee 2008b"
    assert study_label("microlens2023") == "microlens2023"
    known = {arm.row: light_label(arm) for arm in trial_arms()}
    assert known["majid2014/1"] == "10600 nm"
    assert known["ho2012/qs532"] == "532 nm ns"
    assert known["hedelund2012/control"] == ""


def test_every_fitted_arm_is_drawn_once() -> None:
    drawn = [line for forest in forests() for group in forest.groups for line in group.lines]
    assert len(drawn) == len(fitted_arms())
    for forest in forests():
        assert forest.rows <= MOST_ROWS, f"{forest.name} does not fit on a page"
        labels = [line.label for group in forest.groups for line in group.lines]
        assert len(labels) == len({(g.modality, line.label, line.cut_pct) for g in forest.groups for line in g.lines})
        assert all(line.printed.middle <= 100.0 for group in forest.groups for line in group.lines)


def test_answers_of_a_forest_are_those_of_a_new_clinic() -> None:
    half, middle = new_clinic_intervals("acne-scars", "fractional-ablative")
    for found in (half, middle):
        ends = (found.outer[0], found.inner[0], found.median, found.inner[1], found.outer[1])
        assert list(ends) == sorted(ends)
        assert 0.0 < found.median < 100.0


def test_a_funnel_holds_every_count() -> None:
    for outcome in FUNNEL_OUTCOMES:
        assert len(funnel_points(outcome)) == sum(
            row.outcome == outcome and row.modality != "no-treatment" for row in outcome_counts()
        )
    assert log_odds(0, 9) == pytest.approx(math.log(0.5 / 9.5))
    assert log_odds(5, 10) == 0.0


def test_the_grid_counts_every_study_once() -> None:
    found = study_counts()
    assert len(found) == len(vocabulary_table("condition")) * len(vocabulary_table("modality"))
    pairs = {(arm.study, arm.condition, arm.modality) for arm in fitted_arms()}
    assert sum(cell.improvement for cell in found) == len(pairs)


def test_counts_beside_an_answer_are_of_its_kind() -> None:
    for harm in harm_questions():
        assert harm.study_counts
        for row in harm.study_counts:
            assert row.outcome == harm.outcome
            low, high = predicted_count(row)
            assert 0 <= low <= high <= row.patients


def test_dark_marks_never_fall_with_darker_skin() -> None:
    (by_phototype,) = (harm for harm in harm_questions() if harm.name == "dark-marks-1550")
    medians = [harm_interval(asked).median for _, asked in by_phototype.variants]
    assert medians == sorted(medians)


def test_studies_lie_outside_an_answer_no_more_often_than_they_should() -> None:
    """One in twenty should: more of them than of a hundred such sets of studies one would show is a fault."""
    for title, (counts, seen, left_out) in studies_outside().items():
        for number in (seen, left_out):
            as_many = sum(math.comb(counts, k) * 0.05**k * 0.95 ** (counts - k) for k in range(number, counts + 1))
            assert as_many > 0.01, (title, number, counts)


def test_the_pictures_show_what_the_table_holds_now() -> None:
    assert pictures.shipped_numbers()[HASH_KEY] == pictures.pictures_sha256(), ANEW


def test_the_numbers_that_ship_are_those_of_the_shipped_draws() -> None:
    for harm in harm_questions():
        shipped = pictures.shipped_numbers()["harms"][harm.name]
        for (label, asked), row in zip(harm.variants, shipped["answers"], strict=True):
            fresh = asdict(harm_interval(asked))
            assert row["asked"] == label
            assert row["median"] == pytest.approx(fresh["median"], rel=1e-3), ANEW
            assert row["inner"] == pytest.approx(fresh["inner"], rel=1e-3), ANEW
            assert row["outer"] == pytest.approx(fresh["outer"], rel=1e-3), ANEW
        assert [row["predicted"] for row in shipped["beside"]] == [
            list(predicted_count(row)) for row in harm.study_counts
        ], ANEW


def test_every_picture_of_the_page_exists_and_no_other() -> None:
    page = ROOT / PAGE
    named = re.findall(r"\((images/evidence/[^)]+)\)", page.read_text(encoding="utf-8"))
    there = sorted(str(file.relative_to(page.parent)) for file in (page.parent / pictures.FOLDER).iterdir())
    assert sorted(named) == there, ANEW
