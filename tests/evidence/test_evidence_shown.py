"""What docs/evidence.md draws: that every trial stands in it once, and that the pictures are those of now."""

import math
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from skinbeam.derived import HASH_KEY
from skinbeam.evidence.fit.page import PAGE, outside
from skinbeam.evidence.shown import pictures
from skinbeam.evidence.shown.forest import MOST_ROWS, answers, forests
from skinbeam.evidence.shown.funnel import OUTCOMES, log_odds, marks
from skinbeam.evidence.shown.gaps import cells
from skinbeam.evidence.shown.harms import answer, harms, predicted
from skinbeam.evidence.shown.interval import Answer, mean, share
from skinbeam.evidence.shown.labels import light, name_of
from skinbeam.evidence.studies.outcomes import counted
from skinbeam.evidence.studies.shipped import arms
from skinbeam.evidence.synthesis.design import fitted_arms
from skinbeam.schema.names import table

ROOT = Path(__file__).parents[2]
ANEW = "run `python docs/evidence_figures.py`"


def test_intervals_are_those_of_the_textbook() -> None:
    """Newcombe (1998, Stat Med 17:857) prints Wilson's interval of 15 of 148 as 0.0624 to 0.1605, of 0 of 20 as 0 to
    0.1611."""
    some, none = share(15, 148), share(0, 20)
    assert (some.low, some.high) == (pytest.approx(0.0624, abs=5e-5), pytest.approx(0.1605, abs=5e-5))
    assert (none.middle, none.low, none.high) == (0.0, 0.0, pytest.approx(0.1611, abs=5e-5))
    spread = mean(50.0, 20.0, 16)
    assert (spread.low, spread.high) == (pytest.approx(40.2, abs=0.01), pytest.approx(59.8, abs=0.01))
    assert mean(50.0, None, 16).low is None


def test_an_answer_holds_what_it_says() -> None:
    found = Answer.of_draws(np.linspace(0.0, 100.0, 1001))
    assert (found.median, found.inner, found.outer) == (50.0, (10.0, 90.0), (2.5, 97.5))


def test_labels_name_author_year_and_light() -> None:
    assert name_of("majid2014") == "Majid 2014"
    assert name_of("lee2008b") == "Lee 2008b"
    assert name_of("microlens2023") == "microlens2023"
    known = {arm.row: light(arm) for arm in arms()}
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
    half, middle = answers("acne-scars", "fractional-ablative")
    for found in (half, middle):
        ends = (found.outer[0], found.inner[0], found.median, found.inner[1], found.outer[1])
        assert list(ends) == sorted(ends)
        assert 0.0 < found.median < 100.0


def test_a_funnel_holds_every_count() -> None:
    for outcome in OUTCOMES:
        assert len(marks(outcome)) == sum(
            row.outcome == outcome and row.modality != "no-treatment" for row in counted()
        )
    assert log_odds(0, 9) == pytest.approx(math.log(0.5 / 9.5))
    assert log_odds(5, 10) == 0.0


def test_the_grid_counts_every_study_once() -> None:
    found = cells()
    assert len(found) == len(table("condition")) * len(table("modality"))
    pairs = {(arm.study, arm.condition, arm.modality) for arm in fitted_arms()}
    assert sum(cell.improvement for cell in found) == len(pairs)


def test_counts_beside_an_answer_are_of_its_kind() -> None:
    for harm in harms():
        assert harm.beside
        for row in harm.beside:
            assert row.outcome == harm.outcome
            low, high = predicted(row)
            assert 0 <= low <= high <= row.of


def test_dark_marks_never_fall_with_darker_skin() -> None:
    (by_phototype,) = (harm for harm in harms() if harm.name == "dark-marks-1550")
    medians = [answer(asked).median for _, asked in by_phototype.asked]
    assert medians == sorted(medians)


def test_studies_lie_outside_an_answer_no_more_often_than_they_should() -> None:
    """One in twenty should: more of them than of a hundred such sets of studies one would show is a fault."""
    for title, (counts, seen, left_out) in outside().items():
        for number in (seen, left_out):
            as_many = sum(math.comb(counts, k) * 0.05**k * 0.95 ** (counts - k) for k in range(number, counts + 1))
            assert as_many > 0.01, (title, number, counts)


def test_the_pictures_show_what_the_table_holds_now() -> None:
    assert pictures.shown()[HASH_KEY] == pictures.shown_sha256(), ANEW


def test_the_numbers_that_ship_are_those_of_the_shipped_draws() -> None:
    for harm in harms():
        told = pictures.shown()["harms"][harm.name]
        for (label, asked), row in zip(harm.asked, told["answers"], strict=True):
            fresh = asdict(answer(asked))
            assert row["asked"] == label
            assert row["median"] == pytest.approx(fresh["median"], rel=1e-3), ANEW
            assert row["inner"] == pytest.approx(fresh["inner"], rel=1e-3), ANEW
            assert row["outer"] == pytest.approx(fresh["outer"], rel=1e-3), ANEW
        assert [row["predicted"] for row in told["beside"]] == [list(predicted(row)) for row in harm.beside], ANEW


def test_every_picture_of_the_page_exists_and_no_other() -> None:
    page = ROOT / PAGE
    named = re.findall(r"\((images/evidence/[^)]+)\)", page.read_text(encoding="utf-8"))
    there = sorted(str(file.relative_to(page.parent)) for file in (page.parent / pictures.FOLDER).iterdir())
    assert sorted(named) == there, ANEW
