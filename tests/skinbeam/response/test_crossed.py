"""Every injury beside every skin: the share of all pairs, as if each injury had been computed in each skin."""

import numpy as np
import pytest

from skinbeam.response.limits import InjuryDepths, LayerBorders

RNG = np.random.default_rng(0)
DEEP = RNG.lognormal(0.0, 0.2, 50)
SKINS, WEIGHTS = RNG.lognormal(0.5, 0.2, 80), RNG.uniform(0.5, 2.0, 80)
CROSSED = InjuryDepths(DEEP, SKINS[:50], LayerBorders(SKINS, WEIGHTS))


@pytest.mark.parametrize("bound", [0.5, 0.8, 1.0])
def test_each_injury_is_held_against_every_skin_by_its_weight(bound: float) -> None:
    below = DEEP[:, None] < bound * SKINS[None, :]
    assert 0 < below.mean() < 1
    assert CROSSED.p_below(bound) == pytest.approx(np.average(below, axis=1, weights=WEIGHTS))


def test_what_just_reaches_a_border_is_not_below_it() -> None:
    assert LayerBorders(np.array([1.0, 2.0]), np.ones(2)).share_reached(np.array([0.9, 1.0, 2.0])).tolist() == [
        0.0,
        0.5,
        1.0,
    ]


def test_pairs_tell_the_share_of_other_skins_better_than_each_in_its_own() -> None:
    """The same chance, drawn two hundred times: what the pairs tell scatters less."""
    own, pairs = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        deep, skins = rng.lognormal(0.0, 0.2, 100), rng.lognormal(0.5, 0.2, 100)
        own.append(float((deep >= skins).mean()))
        pairs.append(float(LayerBorders(skins, np.ones(100)).share_reached(deep).mean()))
    assert np.mean(pairs) == pytest.approx(np.mean(own), abs=3 * np.std(own) / np.sqrt(200))
    assert np.std(pairs) < np.std(own)


def test_an_injury_that_the_model_does_not_know_keeps_nothing() -> None:
    unknown = InjuryDepths(np.array([np.nan, 0.1]), np.ones(2), LayerBorders(np.ones(2), np.ones(2)))
    assert unknown.p_below(1.0).tolist() == [0.0, 1.0]
