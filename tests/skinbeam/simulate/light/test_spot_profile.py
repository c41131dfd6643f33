"""Light beside the axis of a spot, over that on the axis."""

import numpy as np
import pytest

from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.spot import mean_irradiance_on_circle, scattered_profile, unscattered_profile

# A thin clear layer on a scattering one, per m; and one that only absorbs.
MEDIUM = LayeredMedium((50.0, 50.0), (2e4, 1e4), (0.8, 0.8), (1.4, 1.4), (1e-4, np.inf))
BLACK = LayeredMedium((2000.0,), (1e-3,), (0.8,), (1.4,), (np.inf,))


def middles(profile):
    return (profile.edges_m[1:] + profile.edges_m[:-1]) / 2


@pytest.mark.parametrize("shape", ["gaussian", "top-hat"])
def test_the_mean_about_a_place_is_that_of_the_beam(shape):
    """Summed over directions by brute force."""
    spot, turn = 1.5e-3, np.linspace(0, 2 * np.pi, 20_001)[:-1]
    at, circle = np.array([0.0, 4e-4, 1.2e-3]), np.array([1e-4, 9e-4, 2e-3])
    for i, r in enumerate(at):
        away = np.hypot(r + circle[:, None] * np.cos(turn), circle[:, None] * np.sin(turn))
        beam = np.exp(-2 * (away / spot) ** 2) if shape == "gaussian" else (away < spot).astype(float)
        # A circle of 20 000 points meets the edge of a top-hat to two of them.
        assert mean_irradiance_on_circle(at, circle, spot, shape)[i] == pytest.approx(beam.mean(axis=1), abs=2e-4)


@pytest.mark.parametrize("shape", ["gaussian", "top-hat"])
def test_light_that_does_not_scatter_keeps_the_profile_of_the_beam(shape):
    """A pencil stays in its first ring, so that the beam is known to a ring, a fortieth of its radius."""
    spot = 2e-3
    found = scattered_profile(BLACK, spot, shape)
    radius = middles(found)
    beam = np.exp(-2 * (radius / 1e-3) ** 2) if shape == "gaussian" else (radius < 1e-3).astype(float)
    apart = np.abs(radius - 1e-3) > 1e-3 / 40
    within = 0.01 if shape == "gaussian" else 1e-6  # one packet in a million scatters
    assert np.all(np.abs(found.at(np.array([1e-5, 5e-4])) - beam)[:, apart] < within)


@pytest.mark.parametrize("shape", ["gaussian", "top-hat"])
def test_light_that_scatters_fills_the_rim(shape):
    narrow = scattered_profile(MEDIUM, 1e-3, shape)
    over = narrow.ratio_to_axis
    assert np.all((over >= 0) & (over <= 1))
    assert np.all(np.diff(over, axis=1) <= 0)
    own = np.exp(-2 * (middles(narrow) / 5e-4) ** 2)
    beyond = middles(narrow) > 6e-4
    if shape == "gaussian":
        assert np.all(narrow.at(np.array([2e-4]))[0][beyond] > own[beyond])
    else:
        assert np.all(narrow.at(np.array([2e-4]))[0][beyond] > 0)
        # The middle of a wide spot is flat, and its edge has half of the light from each side.
        wide = scattered_profile(MEDIUM, 24e-3, shape)
        at = wide.at(np.array([1e-4]))[0]
        # 32 000 packets a ring's worth of weight: some per cent.
        assert at[middles(wide) < 4e-3].min() > 0.95
        assert np.interp(12e-3, middles(wide), at) == pytest.approx(0.5, abs=0.05)


def test_a_beam_of_its_own_profile_ends_where_it_ends():
    flat = unscattered_profile(3e-3, "top-hat")
    assert (flat.edges_m[-1], flat.ratio_to_axis.tolist()) == (1.5e-3, [[1.0]])
    bell = unscattered_profile(3e-3, "gaussian")
    np.testing.assert_allclose(bell.at(np.zeros(1))[0], np.exp(-2 * (middles(bell) / 1.5e-3) ** 2), rtol=1e-14)
