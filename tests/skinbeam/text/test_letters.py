"""Letters without marks: what a keyboard without them would have written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.text.letters import strip_marks


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("müller", "muller"),
        ("mu\N{COMBINING DIAERESIS}ller", "muller"),
        ("søren", "soren"),
        ("łódź", "lodz"),
        ("æ", "ae"),
    ],
)
def test_marks_and_strokes_go(written: str, plain: str) -> None:
    assert strip_marks(written) == plain


@given(st.text())
def test_no_mark_is_left_and_a_second_time_changes_nothing(text: str) -> None:
    plain = strip_marks(text)
    assert not any(map(unicodedata.combining, plain))
    assert strip_marks(plain) == plain
