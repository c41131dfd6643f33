"""Published diameters of vessels joined with how wide they look on a photograph."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from skinbeam.model.estimate import Estimate
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import UM
from skinbeam.skin.draws import RandomDraws, stream_key
from skinbeam.skin.tables import read_sourced
from skinbeam.skin.vessels import PhotographedVesselWidth, VesselPopulation, vessel_population

PUBLISHED = SourcedValue(250.0, 170.0, 370.0, "lognormal", "rosina2006", "near that of facial vessels")
WIDE = SourcedValue(1500.0, 1000.0, 2000.0, "uniform", "facialveinstext", "over 1 mm")
Z = np.linspace(-2.5, 2.5, 21)


def looks(um: float, low: float, high: float) -> PhotographedVesselWidth:
    return PhotographedVesselWidth(Estimate(um, low, high, 0.95, "measured"))


def test_a_width_that_may_be_anything_leaves_what_is_published() -> None:
    diameters_um = looks(500.0, 0.5, 500_000.0).diameters_m(PUBLISHED, Z) / UM
    published = 250.0 * np.exp(Z * np.where(Z > 0, np.log(370 / 250), np.log(250 / 170)))
    # A deviation of ln 1000 / 1.96 moves the middle by 1e-2 of the prior's deviations, quantiles are 0.01 z apart.
    np.testing.assert_allclose(diameters_um, published, rtol=0.02)


def test_wider_vessels_seen_are_wider_vessels_drawn_in_every_place() -> None:
    drawn = [looks(um, 0.8 * um, 1.2 * um).diameters_m(PUBLISHED, Z) for um in (300.0, 450.0, 600.0, 750.0)]
    for narrow, wide in pairwise(drawn):
        assert (narrow < wide).all()
    assert all((np.diff(one) > 0).all() for one in drawn)  # a draw keeps its place
    assert drawn[0][10] < 250 * UM < drawn[-1][10] < 850 * UM


def test_draws_are_those_of_prior_times_likelihood() -> None:
    """The same by weights on random vessels, light spreading at random, and the seen width with its own error."""
    rng = np.random.default_rng(0)
    n, um, low, high = 400_000, 800.0, 600.0, 1000.0
    z = rng.normal(size=n)
    d = 250.0 * np.exp(z * np.where(z > 0, np.log(370 / 250), np.log(250 / 170)))
    entry = load_package_table("data/seen_vessels.toml")
    k, s = (
        rng.uniform(value.low, value.high, n)
        for value in (read_sourced(entry["share_of_width"]), read_sourced(entry["spread_um"]))
    )
    apart = np.log(um / np.hypot(k * d, s)) * 1.959964
    weight = np.exp(-0.5 * (apart / np.where(apart > 0, np.log(um / low), np.log(high / um))) ** 2)
    order = np.argsort(d)
    below = np.cumsum(weight[order]) / weight.sum()
    by_weights = np.interp([0.1, 0.5, 0.9], below, d[order])
    diameters_um = looks(um, low, high).diameters_m(PUBLISHED, np.array([-1.2815516, 0.0, 1.2815516])) / UM
    # 400,000 draws with a seventh of their weight: quantiles to half a per cent; eight steps of k and s to one.
    np.testing.assert_allclose(diameters_um, by_weights, rtol=0.02)


@pytest.mark.parametrize(("um", "fits"), [(120.0, False), (450.0, True), (700.0, True), (1300.0, False)])
def test_what_published_vessels_never_look_like_is_not_forced_on_them(um: float, fits: bool) -> None:
    population = VesselPopulation("facial-telangiectasia", ((1.0, PUBLISHED, None),))
    joined = population.with_photographed_width(looks(um, 0.85 * um, 1.15 * um))
    assert (joined.photographed_width is not None) == fits
    assert fits or joined is population


def test_of_two_kinds_the_one_that_looks_so_is_drawn_more_often() -> None:
    both = VesselPopulation("kinds", ((1.0, PUBLISHED, None), (1.0, WIDE, None)))
    middles = [
        replace(both, photographed_width=looks(um, 0.8 * um, 1.2 * um)).diameter_um().median for um in (450.0, 1300.0)
    ]
    assert middles[0] < 370.0
    assert middles[1] > 1000.0


def test_fine_vessels_look_alike_however_wide_they_are() -> None:
    """Below the spread of light a width says nothing: vessels of diffuse redness stay as published."""
    fine = SourcedValue(46.7, 37.7, 55.7, "normal", "rosina2006", "mean facial vessel in rosacea")
    diameters_m = looks(450.0, 380.0, 520.0).diameters_m(fine, Z)
    # (47 / 450)² / 2 is what the vessel adds to the spread: half a per cent, of a deviation of 8 per cent.
    np.testing.assert_allclose(diameters_m, (46.7 + 9.0 * Z) * UM, rtol=0.03)


def test_without_a_photograph_every_draw_stays() -> None:
    draws = RandomDraws(stream_key(3), 64)
    population = vessel_population("facial-telangiectasia")
    assert population.photographed_width is None
    skin = np.full(64, 1e-4), np.full(64, 2e-4), np.full(64, 5e-5)
    plain, joined = (one.draw(draws, *skin) for one in (population, population.with_photographed_width(None)))
    np.testing.assert_array_equal(plain.diameter, joined.diameter)
    np.testing.assert_array_equal(plain.depth, joined.depth)
