"""A value beside its limit is told on the side of it where it lies."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.photo.limits import round_towards_value
from skinbeam.photo.quality import _clipping_problems, exposure_problem


@given(st.floats(0, 400), st.sampled_from([3.0, 10.0, 30.0, 35.0, 120.0, 235.0]))
def test_a_value_and_its_limit_never_read_alike(value: float, bound: float) -> None:
    told = round_towards_value(value, bound)
    assert abs(told - value) <= 1
    if value != bound:
        assert (told > bound) == (value > bound)
        assert told != bound


def test_no_sentence_says_that_ten_is_more_than_ten() -> None:
    skin = np.full((1000, 3), 128, np.uint8)
    skin[:102, 0] = 255
    (problem,) = _clipping_problems(skin)
    assert "11 % of the skin, more than 10 %" in problem.message.text
    dark = exposure_problem(np.where(np.arange(300).reshape(10, 10, 3) < 120, 39, 40).astype(np.uint8))
    assert dark is not None
    assert "mean 39 of 255, at least 40" in dark.message.text
