import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.skin.draws import BLOCK, Median, RandomDraws, key_of, spread
from skinbeam.skin.model import Skin
from skinbeam.sources import Sourced

KEY = key_of(7)


@given(start=st.integers(0, 3 * BLOCK), count=st.integers(1, 40), law=st.sampled_from(["normal", "uniform", "even"]))
@settings(max_examples=30, deadline=None)
def test_a_draw_is_the_same_in_any_chunk(start: int, count: int, law: str) -> None:
    whole = getattr(RandomDraws(KEY, start + count), law)("thing")
    part = getattr(RandomDraws(KEY, count, start), law)("thing")
    # The recurrence of `even` is a product and a sum: the same operations on the same k, so the same bits.
    np.testing.assert_array_equal(whole[start:], part)


def test_quantities_have_streams_of_their_own() -> None:
    draws = RandomDraws(KEY, 4000)
    a, b = draws.normal("a"), draws.normal("b")
    # The correlation of 4000 independent pairs has a standard error of 1/sqrt(4000).
    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(4000)


def test_seed_and_generator_give_keys() -> None:
    assert key_of(1) != key_of(2)
    assert key_of(np.random.default_rng(5)) == key_of(np.random.default_rng(5))


@pytest.mark.parametrize(
    ("distribution", "low_quantile", "high_quantile"),
    [("normal", 0.1587, 0.8413), ("lognormal", 0.1587, 0.8413), ("uniform", 0.0, 1.0)],
)
def test_spread_meets_its_ends(distribution: str, low_quantile: float, high_quantile: float) -> None:
    value = Sourced(4.0, 2.0, 8.0, distribution, "jacques2013")  # type: ignore[arg-type]  # parametrised text
    drawn = spread(RandomDraws(KEY, 20_000), "x", value)
    low, high = np.quantile(drawn, [low_quantile, high_quantile])
    expected = {"normal": (1.0, 7.0), "lognormal": (2.0, 8.0), "uniform": (2.0, 8.0)}[distribution]
    # Quantiles of 20000 draws: standard error about 0.01 of the spread at one sigma, 1/20000 at the ends; five of them.
    assert (low, high) == pytest.approx(expected, abs=0.05 * (expected[1] - expected[0]))


def test_the_median_draw_stands_in_the_middle() -> None:
    value = Sourced(4.0, 2.0, 8.0, "lognormal", "jacques2013")
    assert spread(Median(), "x", value) == pytest.approx([4.0])


def test_no_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one draw"):
        RandomDraws(KEY, 0)


@given(start=st.integers(0, 1500), count=st.integers(1, 20))
@settings(max_examples=10, deadline=None)
def test_skins_are_the_same_in_any_chunk(start: int, count: int) -> None:
    skin = Skin(site="cheeks")
    whole, part = skin.sample(start + count, 3), skin.sample(count, 3, start=start)
    assert whole.isel(sample=slice(start, None)).identical(part)


def test_a_hundred_thousand_skins_fit_in_memory() -> None:
    skins = Skin(site="forearm").sample(100_000, 0)
    # 30 variables of at most 7 layers: well below the 3 GB that a run may take.
    assert skins.nbytes < 200e6
