"""Photon packets in layers: unbiased against the exact engine with honest errors, and random numbers that are."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from random_media import random_medium

from skinbeam.physics.light import photon_steps
from skinbeam.physics.light.photon_lanes import draw_half_words, draw_words
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.light.photons import random_streams
from skinbeam.physics.numerics.memory_layout import LANES
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.batches import BATCHES
from skinbeam.simulate.light.engines import ENGINES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.space import LayeredSpace


def test_two_hundred_random_media_agree_with_the_exact_engine() -> None:
    """z = difference over the standard error. With 32 batches z² has the mean 31 / 29 of Student's t with 31 degrees.

    One quantity a medium, so that the 200 are independent: z² has the variance of F(1, 31), 2 (31/29)² 30 / 27 = 2.5,
    and four standard errors of the mean of 200 are 0.45. A bias of one standard error adds 1, and an error that is
    stated a quarter too small 0.8.
    """
    rng = np.random.default_rng(8)
    edges = np.array([0.0, 1e-5, 1e-4])
    z = []
    for number in range(200):
        medium = random_medium(rng)
        found = MonteCarlo(photons=6400, seed=number).compute_light(medium, LightBeam(), LightTally(edges))
        exact = ENGINES["ordinates"].compute_light(medium, LightBeam(), LightTally(edges))
        error = found.standard_error
        assert error is not None
        parts = [
            (f.reflectance_diffuse, f.transmittance, *f.absorbed_fraction, *f.fluence_rate_ratio)
            for f in (found, exact, error)
        ]
        # Parts that a fifth of the packets or more take part in: their means are nearly normal.
        usable = [k for k, value in enumerate(parts[1]) if value > 0.2]
        k = int(rng.choice(usable))
        z.append((parts[0][k] - parts[1][k]) / parts[2][k])
    assert abs(np.mean(np.square(z)) - 31 / 29) < 0.45
    # The mean of z itself: a bias that is the same everywhere; four of 1.03 / sqrt(200).
    assert abs(np.mean(z)) < 0.29


def test_the_result_does_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from skinbeam.simulate.light import batches

    medium, edges = random_medium(np.random.default_rng(1)), np.linspace(0.0, 1e-4, 5)
    fields = []
    for threads in (1, 3):
        monkeypatch.setattr(batches, "thread_count", lambda threads=threads: threads)
        fields.append(MonteCarlo(photons=3200).compute_light(medium, LightBeam(), LightTally(edges)))
    assert fields[0].reflectance_diffuse == fields[1].reflectance_diffuse
    assert np.array_equal(fields[0].fluence_rate_ratio, fields[1].fluence_rate_ratio)


def test_rings_hold_what_the_plane_holds() -> None:
    medium, edges = random_medium(np.random.default_rng(2)), np.linspace(0.0, 1e-4, 5)
    ring, rings = 2e-4, 400  # to 8 cm, where nothing is left
    field = MonteCarlo(photons=6400).compute_light(
        medium, LightBeam(kind="gaussian", spot_mm=2.0), LightTally(edges, ring, rings)
    )
    assert field.fluence_rate_rz is not None
    area = np.pi * ring**2 * (2 * np.arange(rings) + 1)
    assert field.fluence_rate_rz @ area == pytest.approx(field.fluence_rate_ratio, rel=1e-6)


def test_what_leaves_is_counted_by_ring() -> None:
    """Every ring to where nothing is left sums to the whole; single precision of the radius moves no weight."""
    medium, edges = random_medium(np.random.default_rng(3)), np.linspace(0.0, 1e-4, 5)
    ring, rings = 2e-4, 400
    field = MonteCarlo(photons=6400).compute_light(medium, LightBeam(kind="pencil"), LightTally(edges, ring, rings))
    area = np.pi * ring**2 * (2 * np.arange(rings) + 1)
    assert field.reflectance_r is not None
    assert field.transmittance_r is not None
    assert field.reflectance_r @ area == pytest.approx(field.reflectance_diffuse, rel=1e-12)
    assert field.transmittance_r @ area == pytest.approx(field.transmittance, rel=1e-12)


def test_the_path_in_a_clear_absorber_is_the_closed_form() -> None:
    """Without scattering the weighted path through a depth d is (1 - exp(-μa d)) / μa."""
    medium = LayeredMedium([0.0, 2000.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1e-3, 5e-4])
    field = MonteCarlo(photons=64_000).compute_light(medium, LightBeam(), LightTally(np.array([0.0, 1.5e-3])))
    assert field.mean_path_m is not None
    assert field.standard_error is not None
    assert field.standard_error.mean_path_m is not None
    wanted = np.array([1e-3, (1 - np.exp(-1.0)) / 2000.0])
    assert np.all(np.abs(field.mean_path_m - wanted) < 4 * field.standard_error.mean_path_m)


def test_rounding_of_weights_takes_no_side() -> None:
    """A collision leaves 1e-6 of a weight, sixteen of its last places: rounded to the nearest, up to 3 % would be lost.

    Rounded by chance each is off by 0.3 of a place, 1/50 of what is left, and the mean of the 3e5 collisions by 4e-5;
    the path tells what it should be, to the 2e-7 of its own sum. Five of that error.
    """
    medium = LayeredMedium([0.01], [1e4], [0.8], [1.4], [4e-4])
    field = MonteCarlo(photons=32_000).compute_light(medium, LightBeam(), LightTally(np.array([0.0, 4e-4])))
    assert field.mean_path_m is not None
    assert field.absorbed_fraction[0] == pytest.approx(0.01 * field.mean_path_m[0], rel=2e-4)


def test_splitting_at_the_surface_changes_the_scatter_alone() -> None:
    """Of forty random media with surfaces, split or not, one part each against the exact engine.

    z² of 40 has the mean 31 / 29 with a standard error of sqrt(2.5 / 40) = 0.25: four of them are 1.
    """
    rng = np.random.default_rng(21)
    edges = np.array([0.0, 1e-5, 1e-4])
    z, gained = [], []
    for number in range(40):
        medium = replace(random_medium(rng), ambient_n=1.0, below_n=1.0)
        found = MonteCarlo(photons=6400, seed=number, split=True).compute_light(medium, LightBeam(), LightTally(edges))
        chosen = MonteCarlo(photons=6400, seed=number).compute_light(medium, LightBeam(), LightTally(edges))
        exact = ENGINES["ordinates"].compute_light(medium, LightBeam(), LightTally(edges))
        assert found.standard_error is not None
        assert chosen.standard_error is not None
        sums = found.reflectance_specular + found.reflectance_diffuse + found.transmittance + found.roulette_balance
        assert sums + found.absorbed_fraction.sum() == pytest.approx(1.0, abs=1e-12)
        part = "reflectance_diffuse" if exact.reflectance_diffuse > exact.transmittance else "transmittance"
        error = getattr(found.standard_error, part)
        z.append((getattr(found, part) - getattr(exact, part)) / error)
        gained.append(error / getattr(chosen.standard_error, part))
    assert abs(np.mean(np.square(z)) - 31 / 29) < 1.0
    # Less scatter of what leaves, in the mean: each ratio is good to a sixth, their mean to a fortieth.
    assert np.mean(gained) < 0.95


@pytest.mark.parametrize(
    ("mua", "mus", "thickness"),
    [(1e-4, 1e4, math.inf), (100.0, 1e8, math.inf), (0.0, 1e8, 1e-3)],
    ids=["hardly any absorption", "dense scattering", "dense slab"],
)
def test_light_that_scatters_a_million_times_ends_and_takes_no_side(mua: float, mus: float, thickness: float) -> None:
    """Some packets would take 1e8 steps, and all others wait for them; half a minute each before their roulette.

    Within four standard errors of 32 batches the exact engine stands but once in 2700; some of the 3200 packets meet
    the roulette of long flights, which without the weight it gives would lose a twentieth of the light.
    """
    medium = LayeredMedium([mua], [mus], [0.5], [1.0], [thickness])
    edges = np.array([0.0, 1.0 / mus, 10.0 / mus])
    found = MonteCarlo(photons=3200).compute_light(medium, LightBeam(), LightTally(edges))
    exact = ENGINES["ordinates"].compute_light(medium, LightBeam(), LightTally(edges))
    assert found.standard_error is not None
    assert found.roulette_balance != 0.0
    sums = found.reflectance_diffuse + found.transmittance + found.absorbed_fraction.sum() + found.roulette_balance
    assert sums == pytest.approx(1.0, abs=1e-12)
    assert found.reflectance_diffuse == pytest.approx(
        exact.reflectance_diffuse, abs=4.0 * found.standard_error.reflectance_diffuse
    )
    assert np.all(
        np.abs(found.fluence_rate_ratio - exact.fluence_rate_ratio) < 4.0 * found.standard_error.fluence_rate_ratio
    )


@pytest.mark.parametrize(("draw", "numbers"), [(draw_words, 2), (draw_half_words, 1)])
@pytest.mark.parametrize("lane", [1, LANES // 2, LANES - 2])
def test_a_lane_that_is_traced_alone_draws_the_numbers_of_a_step_of_all(draw: Any, numbers: int, lane: int) -> None:
    """The last packets of a batch flew on with the same numbers in each step: dense slabs reflected 1 % too little."""
    states = random_streams(3, 0).copy(), random_streams(3, 0).copy()
    every, alone = (np.zeros(numbers * LANES // 2, np.uint64) for _ in states)
    for _ in range(3):
        draw(states[0], 0, LANES, every)
        draw(states[1], lane, lane + 1, alone)
        mine = slice(lane, None, LANES)  # a number at its place, another one `LANES` further on
        assert np.count_nonzero(alone.view(np.uint32)[mine]) == numbers
        assert np.array_equal(alone.view(np.uint32)[mine], every.view(np.uint32)[mine])


def test_streams_differ_between_lanes_batches_and_seeds() -> None:
    words = np.concatenate([random_streams(seed, batch) for seed in range(3) for batch in range(BATCHES)])
    # 37 056 words of 63 free bits: a pair is alike in one of 10^10.
    assert len(np.unique(words)) == len(words) == 3 * BATCHES * (3 * LANES + 2)


PLAIN = photon_steps.load(lambda step: step)


def wide(word: int) -> np.uint64:
    return np.uint64(word)


@np.errstate(over="ignore")
def numbers_of(state: tuple[np.uint64, np.uint64], count: int) -> np.ndarray:
    found = []
    for _ in range(count):
        word, *state = PLAIN.next_word(*state)
        found.append(PLAIN.fraction(word))
    return np.array(found)


def test_numbers_of_a_stream_are_even_and_do_not_follow_each_other() -> None:
    u = numbers_of((wide(5), wide(7)), 20_000)
    assert u.min() > 0
    assert u.max() < 1
    counts = np.bincount((u * 50).astype(int), minlength=50)
    # Pearson's statistic of 50 even cells: mean 49, spread 9.9; five of them.
    assert ((counts - 400) ** 2 / 400).sum() < 99
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / np.sqrt(20_000)


@np.errstate(over="ignore")
def test_words_are_those_of_the_published_generator() -> None:
    """xoroshiro128++, rotations 17, 49, 21 and 28, from the state (1, 2), worked out in whole numbers of Python."""
    mask = 2**64 - 1

    def rotated(x: int, k: int) -> int:
        return ((x << k) | (x >> (64 - k))) & mask

    a, b, state = 1, 2, (wide(1), wide(2))
    for _ in range(50):
        word, *state = PLAIN.next_word(*state)
        assert int(word) == (rotated((a + b) & mask, 17) + a) & mask
        b ^= a
        a, b = rotated(a, 49) ^ b ^ ((b << 21) & mask), rotated(b, 28)


def test_the_logarithm_of_the_steps_is_one() -> None:
    u = np.float32((np.random.default_rng(1).integers(0, 2**24, 20_000) + 0.5) * 2.0**-24)
    found = np.array([PLAIN.minus_log(value) for value in u], dtype=np.float64)
    # Single precision of the sum of exponent and series, half a unit each: 2^-23 of it, and 2e-8 of the polynomial.
    exact = -np.log(u.astype(np.float64))
    assert np.all(np.abs(found - exact) <= 2.0**-23 * exact + 5e-8)


@pytest.mark.parametrize("g", [-0.9, -0.3, 0.0, 0.05, 0.5, 0.9, 0.99])
def test_turns_follow_henyey_and_greenstein(g: float) -> None:
    """Moments of the law are g and g²; even steps of probability sum the law like the midpoint rule, to 1e-6."""
    q = np.float32((np.arange(40_000) + 0.5) / 20_000 - 1.0)
    cosine = 1.0 - np.array([PLAIN.deflection(np.float32(g), value) for value in q], dtype=np.float64)
    assert cosine.mean() == pytest.approx(g, abs=2e-6)
    assert (1.5 * cosine**2 - 0.5).mean() == pytest.approx(g**2, abs=2e-6)
    assert np.all(np.abs(cosine) <= 1.0 + 1e-6)


def test_directions_stay_of_length_one_and_turn_by_the_angle() -> None:
    rng = np.random.default_rng(4)
    u = np.float32(rng.normal(size=(2000, 3)))
    u /= np.linalg.norm(u, axis=1)[:, None]
    u[:2] = [[0, 0, 1], [0, 0, -1]]
    for direction in u:
        v, azimuth = np.float32(rng.uniform(0, 2)), np.float32(rng.uniform(-0.5, 0.5))
        turned = np.array(PLAIN.turned(*direction, v, azimuth))
        assert np.linalg.norm(turned) == pytest.approx(1.0, abs=1e-6)
        # Seven-digit sines near the poles: 1e-6 is ten units of single precision.
        assert turned @ direction == pytest.approx(1.0 - v, abs=2e-6)


def test_a_run_that_is_broken_off_ends_soon() -> None:
    """A billion packets take a quarter of an hour; what is in flight must not go on."""

    class Enough(Exception):
        pass

    def enough(packets: int, _: float) -> None:
        raise Enough

    medium = random_medium(np.random.default_rng(1))
    engine = MonteCarlo(photons=10**9, progress=enough)
    with pytest.raises(Enough):
        engine.compute_light(LayeredSpace(medium), LightBeam(), LightTally(np.array([0.0, 1e-4])))
