"""The grade of reading that a text needs."""

import pytest
from readability import grade, reading_age_years, syllables

pytestmark = pytest.mark.usefixtures("charts_drawn_once")


def test_grade_follows_the_printed_formula() -> None:
    # 3 sentences, 12 words, 15 syllables: 0.39 * 4 + 11.8 * 1.25 - 15.59
    texts = ["The cat sat on a table. It was happy!", "Dogs ran over."]
    words = ["The", "cat", "sat", "on", "a", "table", "It", "was", "happy", "Dogs", "ran", "over"]
    assert sum(map(syllables, words)) == 15
    assert grade(texts) == pytest.approx(0.39 * 12 / 3 + 11.8 * 15 / 12 - 15.59, abs=1e-12)
    assert reading_age_years(texts) == pytest.approx(grade(texts) + 5, abs=1e-12)


def test_grade_rises_with_longer_sentences_and_longer_words() -> None:
    assert (
        grade(["We see. We go."]) < grade(["We see we go."]) < grade(["Hyperpigmentation necessitates consultation."])
    )


def test_a_text_without_words_has_no_grade() -> None:
    with pytest.raises(ValueError, match="without words"):
        grade(["...", ""])


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("skin", 1),
        ("laser", 2),
        ("treated", 2),
        ("clinician", 3),
        ("people", 2),
        ("heated", 2),
        ("device", 2),
        ("cream", 1),
        ("little", 2),
        ("make", 1),
        ("named", 1),
        ("wanted", 2),
        ("changes", 2),
        ("radio", 3),
        ("doing", 2),
        ("quiet", 2),
        ("choices", 2),
        ("medicine", 3),
        ("question", 2),
        ("clinic's", 2),
        ("30", 1),
        ("be", 1),
        ("million", 2),
    ],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count
