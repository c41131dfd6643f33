import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.draws import BLOCK, RandomDraws, stream_key

KEY = stream_key(7)


@given(start=st.integers(0, 3 * BLOCK), count=st.integers(1, 40), law=st.sampled_from(["normal", "uniform"]))
@settings(max_examples=30)
def test_a_draw_is_the_same_in_any_chunk(start: int, count: int, law: str) -> None:
    whole = getattr(RandomDraws(KEY, start + count), law)("thing")
    part = getattr(RandomDraws(KEY, count, start), law)("thing")
    np.testing.assert_array_equal(whole[start:], part)


def test_quantities_have_streams_of_their_own() -> None:
    draws = RandomDraws(KEY, 4096)
    rows = np.corrcoef([draws.normal(name) for name in "abcdefghij"])
    found = rows[np.triu_indices(10, 1)]
    # Signs within a pair of draws are opposite in each quantity, so that products of two quantities repeat in pairs: at
    # worst half as many are free, and the correlation has a standard error of sqrt(2/4096) in place of sqrt(1/4096).
    assert np.abs(found).max() < 4 * np.sqrt(2 / 4096)


@given(power=st.integers(0, 10), run=st.integers(0, 3), seed=st.integers(0, 100))
@settings(max_examples=40)
def test_runs_of_draws_hold_one_number_in_each_part(power: int, run: int, seed: int) -> None:
    length = 2**power
    drawn = RandomDraws(stream_key(seed), length, run * length).uniform("thing")
    assert sorted(np.floor(drawn * length)) == list(range(length))


def test_any_part_is_as_likely_for_any_draw() -> None:
    first = np.array([RandomDraws(stream_key(seed), 3).uniform("thing") for seed in range(600)])
    # The mean of 600 uniforms has a standard error of sqrt(1/12/600) = 0.0118; five of them.
    np.testing.assert_allclose(first.mean(axis=0), 0.5, atol=0.06)
    # The third begins a pair of its own: in which half, the first does not say.
    assert np.mean((first[:, 0] < 0.5) == (first[:, 2] < 0.5)) == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(600))


def test_a_sum_of_effects_hangs_little_on_the_seed() -> None:
    names = [f"quantity {k}" for k in range(8)]
    means = [np.sum([RandomDraws(stream_key(seed), 200).normal(name).mean() for name in names]) for seed in range(40)]
    # Eight means of 200 independent normals: sqrt(8/200). Of 200 = 128 + 64 + 8 the shortest run is the least even: a
    # normal within its eighth has a deviation of 0.35, eight of them sqrt(8) 0.35, beside sqrt(200) 0.07; and the rest.
    assert np.std(means) < 0.1 * np.sqrt(8 / 200)


def test_seed_and_generator_give_keys() -> None:
    assert stream_key(1) != stream_key(2)
    assert stream_key(np.random.default_rng(5)) == stream_key(np.random.default_rng(5))


def test_no_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one draw"):
        RandomDraws(KEY, 0)


@given(start=st.integers(0, 1500), count=st.integers(1, 20))
@settings(max_examples=10)
def test_skins_are_the_same_in_any_chunk(start: int, count: int) -> None:
    skin = SkinDistribution(site="cheeks")
    whole, part = skin.sample(start + count, 3), skin.sample(count, 3, start=start)
    assert whole.select(slice(start, None)).to_xarray().identical(part.to_xarray())
    assert whole.numbers[start:].tolist() == part.numbers.tolist()


def test_a_hundred_thousand_skins_fit_in_memory() -> None:
    skins = SkinDistribution(site="forearm").sample(100_000, 0)
    # 30 variables of at most 7 layers: well below the 3 GB that a run may take.
    assert sum(array.nbytes for array in skins.arrays.values()) < 200e6
