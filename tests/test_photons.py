"""Photon packets in layers: unbiased against the exact engine with honest errors, and random numbers that are."""

import numpy as np
import pytest

from skinbeam.physics.photons import LANES, _streams, _uniform, prepare, trace_batch
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.engines import ENGINES
from skinbeam.simulate.medium import LayeredMedium
from skinbeam.simulate.montecarlo import BATCHES, MonteCarlo


def random_medium(rng: np.random.Generator) -> LayeredMedium:
    """One to four layers of the optical thickness of skin, any peak of scattering, any step of the index."""
    layers = int(rng.integers(1, 5))
    thickness = 10.0 ** rng.uniform(-5, -3, layers)
    return LayeredMedium(
        mua_per_m=list(10.0 ** rng.uniform(0, 4, layers)),
        mus_per_m=list(10.0 ** rng.uniform(2, 4.7, layers)),
        g=list(rng.uniform(-0.5, 0.97, layers)),
        n=list(rng.choice([1.0, 1.33, 1.4, 1.5], layers)),
        thickness_m=list(thickness),
        ambient_n=float(rng.choice([1.0, 1.33])),
        below_n=float(rng.choice([1.0, 1.4])),
    )


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
        found = MonteCarlo(photons=6400, seed=number).fluence(medium, LightBeam(), edges)
        exact = ENGINES["ordinates"].fluence(medium, LightBeam(), edges)
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
    from skinbeam.simulate import montecarlo

    medium, edges = random_medium(np.random.default_rng(1)), np.linspace(0.0, 1e-4, 5)
    fields = []
    for threads in (1, 3):
        monkeypatch.setattr(montecarlo, "_threads", lambda threads=threads: threads)
        fields.append(MonteCarlo(photons=3200).fluence(medium, LightBeam(), edges))
    assert fields[0].reflectance_diffuse == fields[1].reflectance_diffuse
    assert np.array_equal(fields[0].fluence_rate_ratio, fields[1].fluence_rate_ratio)


def test_rings_hold_what_the_plane_holds() -> None:
    medium, edges = random_medium(np.random.default_rng(2)), np.linspace(0.0, 1e-4, 5)
    ring, rings = 2e-4, 400  # to 8 cm, where nothing is left
    field = MonteCarlo(photons=6400, ring_m=ring, rings=rings).fluence(
        medium, LightBeam(kind="gaussian", spot_mm=2.0), edges
    )
    assert field.fluence_rate_rz is not None
    area = np.pi * ring**2 * (2 * np.arange(rings) + 1)
    assert field.fluence_rate_rz @ area == pytest.approx(field.fluence_rate_ratio, rel=1e-6)


@pytest.mark.parametrize(("kind", "share"), [("flat", 0.25), ("gaussian", 1 - np.exp(-0.5))])
def test_a_beam_has_the_width_that_it_says(kind: str, share: float) -> None:
    """Of a clear layer: half of the radius holds a quarter of a flat beam and 1 - exp(-1/2) of a Gaussian one."""
    table = prepare(*(np.array([v]) for v in (0.0, 0.0, 0.0, 1.0, 1e-3)), 1.0, 1.0)
    photons = 40_000
    batch = trace_batch(
        table, photons, seed=3, batch=0, edges=np.array([0.0, 1e-3]), ring=5e-4, rings=5, beam=kind, radius=1e-3
    )
    inside = batch.fluence[0, 0] / batch.fluence.sum()
    assert inside == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / photons))


def test_streams_differ_between_lanes_batches_and_seeds() -> None:
    words = np.concatenate([_streams(seed, batch) for seed in range(3) for batch in range(BATCHES)])
    # 12 288 words of 63 free bits: a pair is alike in one of 10^11.
    assert len(np.unique(words)) == len(words) == 3 * BATCHES * 2 * LANES


def test_numbers_of_a_stream_are_even_and_do_not_follow_each_other() -> None:
    states = _streams(5, 7)
    u = np.array([_uniform(states, 0) for _ in range(20_000)])
    assert u.min() > 0
    assert u.max() < 1
    counts = np.bincount((u * 50).astype(int), minlength=50)
    # Pearson's statistic of 50 even cells: mean 49, spread 9.9; five of them.
    assert ((counts - 400) ** 2 / 400).sum() < 99
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / np.sqrt(20_000)
