import numpy as np
import pytest

from skinbeam.model.sources import SourcedValue
from skinbeam.skin.draws import BLOCK, MedianDraw, RandomDraws, draw_value, normal_cdf, stream_key, value_at_normal
from skinbeam.skin.tables import read_sourced, tissue_table
from skinbeam.skin.vessels import VESSEL_SIZES, _blood_weighted_sizes

KEY = stream_key(7)


@pytest.mark.parametrize(
    ("distribution", "low_quantile", "high_quantile"),
    [("normal", 0.1587, 0.8413), ("lognormal", 0.1587, 0.8413), ("uniform", 0.0, 1.0)],
)
def test_spread_meets_its_value_and_its_ends(distribution: str, low_quantile: float, high_quantile: float) -> None:
    """With a value that lies in the middle of neither the numbers nor their logarithms."""
    value = SourcedValue(3.0, 2.0, 8.0, distribution, "jacques2013")  # type: ignore[arg-type]  # parametrised text
    drawn = draw_value(RandomDraws(KEY, 20_000), "x", value)
    low, high = np.quantile(drawn, [low_quantile, high_quantile])
    # Quantiles of 20000 draws: standard error about 0.01 of the spread at one sigma, 1/20000 at the ends; five of them.
    assert (low, high) == pytest.approx((2.0, 8.0), abs=0.05 * 6.0)
    if distribution != "uniform":
        assert np.median(drawn) == pytest.approx(3.0, abs=0.05 * 6.0)


def test_a_mean_and_its_deviation_come_out_as_printed() -> None:
    table = {"value": 4.0, "low": 2.5, "high": 5.5, "distribution": "lognormal-mean", "source": "jacques2013"}
    drawn = draw_value(RandomDraws(KEY, 20 * BLOCK), "x", SourcedValue.from_table(table))
    # Standard errors of 20480 independent draws: 0.010 and, with the excess kurtosis of 2.6 that such a lognormal has,
    # 0.011; five of them.
    assert drawn.mean() == pytest.approx(4.0, abs=0.05)
    assert drawn.std() == pytest.approx(1.5, abs=0.055)


def test_the_median_draw_stands_in_the_middle() -> None:
    value = SourcedValue(4.0, 2.0, 8.0, "lognormal", "jacques2013")
    assert draw_value(MedianDraw(), "x", value) == pytest.approx([4.0])


@pytest.mark.parametrize("distribution", ["normal", "lognormal", "uniform", "fixed"])
def test_draws_and_what_a_skin_carries_follow_one_law(distribution: str) -> None:
    """A number drawn by name is the number at the normals of that name; even ones have a stream of their own."""
    value = SourcedValue(3.0, 2.0, 8.0, distribution, "jacques2013")  # type: ignore[arg-type]  # parametrised text
    draws = RandomDraws(KEY, 300)
    drawn, at = draw_value(draws, "x", value), value_at_normal(value, draws.normal("x"))
    if distribution == "uniform":
        np.testing.assert_allclose(drawn, 2.0 + 6.0 * draws.uniform("x"))
        np.testing.assert_allclose(at, 2.0 + 6.0 * normal_cdf(draws.normal("x")))
    else:
        np.testing.assert_array_equal(drawn, at)


def test_one_deviation_each_way_is_low_and_high() -> None:
    for law in ("normal", "lognormal"):
        value = SourcedValue(3.0, 2.0, 8.0, law, "jacques2013")  # type: ignore[arg-type]  # a text of two
        assert value_at_normal(value, [-1.0, 0.0, 1.0]) == pytest.approx([2.0, 3.0, 8.0])


def test_places_of_normals_are_even() -> None:
    assert normal_cdf([[-1.0, 0.0], [1.0, 9.0]]).ravel() == pytest.approx([0.158655, 0.5, 0.841345, 1.0], abs=1e-6)


def test_sizes_by_blood_are_those_of_a_lognormal_further_up() -> None:
    """A lognormal with an even spread s, weighted with the square, is the same one further up by exp(2 s²)."""
    found = _blood_weighted_sizes(SourcedValue(10.0, 5.0, 20.0, "lognormal", "jacques2013"))
    s, z = np.log(2.0), np.array([-1.1503494, -0.3186394, 0.3186394, 1.1503494])  # quantiles at 1/8, 3/8, 5/8, 7/8
    assert len(z) == VESSEL_SIZES
    assert found == pytest.approx(10.0 * np.exp(2 * s**2 + s * z), rel=1e-5)


def test_shares_of_the_dermis_keep_what_was_measured() -> None:
    """Printed as mean and deviation, so that their logarithms are not even: both ends are still one deviation away."""
    share = read_sourced(tissue_table("layers")["dermis_share"]["upper_plexus"])
    drawn = draw_value(RandomDraws(KEY, 20 * BLOCK), "upper_plexus", share)
    for end, below in ((share.low, 0.1587), (share.value, 0.5), (share.high, 0.8413)):
        # Five standard errors of a share of 20480.
        assert (drawn < end).mean() == pytest.approx(below, abs=5 * 0.5 / np.sqrt(20 * BLOCK))
