"""Scaled histories: unbiased for every absorption against the exact engine and direct runs, with honest errors."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from random_media import random_medium

from skinbeam.physics.histories import ENDED, REFLECTED, SURVIVED, TRANSMITTED, evaluate
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate import batches
from skinbeam.simulate.engines import Ordinates
from skinbeam.simulate.histories import Histories, LightFields, record
from skinbeam.simulate.medium import LayeredMedium
from skinbeam.simulate.montecarlo import MonteCarlo

SKIN = LayeredMedium(
    mua_per_m=[300.0, 60.0, 20.0],
    mus_per_m=[4e4, 2e4, 1.2e4],
    g=[0.8, 0.9, 0.7],
    n=[1.5, 1.37, 1.44],
    thickness_m=[1e-4, 3e-4, 2e-4],
    ambient_n=1.0,
    below_n=1.33,
)
DEEP = replace(SKIN, thickness_m=[1e-4, 3e-4, np.inf])


def member(medium: LayeredMedium, mua: np.ndarray) -> LayeredMedium:
    return replace(medium, mua_per_m=[float(value) for value in mua])


def parts(light: LightFields) -> np.ndarray:
    """Reflectance, transmittance and absorption by layer, (member, part)."""
    return np.column_stack([light.reflectance_diffuse, light.transmittance, light.absorbed_fraction])


def errors(light: LightFields) -> np.ndarray:
    assert light.standard_error is not None
    return parts(light.standard_error)


def total(light: LightFields) -> np.ndarray:
    return light.reflectance_specular + parts(light).sum(axis=1) + light.roulette_balance


def events(histories: Histories) -> np.ndarray:
    """How often each event is in the record."""
    layers = len(histories.medium.mua_per_m)
    entries = np.concatenate([batch[0] for batch in histories.batches]).astype(int)
    return np.bincount(entries[entries >= layers] - layers, minlength=4)


def test_random_ensembles_agree_with_the_exact_engine() -> None:
    """z = difference over the standard error, of one part of one member of each ensemble, so that all are independent.

    z² has the mean 31 / 29 of Student's t with the 31 degrees of 32 batches and the variance of F(1, 31), 2.5; four
    standard errors of the mean of 225 are 0.42. A bias of one standard error adds 1; errors half as large again take
    0.6.
    """
    rng = np.random.default_rng(4)
    exactly = Ordinates(streams=32)  # to 1e-5, far below the errors of a hundredth
    z = []
    for number in range(300):
        medium = random_medium(rng, mua=(0, 3), mus=(3.5, 4.5), g=0.9, thickness=(-4, -3), clear=True)
        mua = np.asarray(medium.mua_per_m) + 10.0 ** rng.uniform(0, 4, (3, len(medium.mua_per_m)))
        light = record(medium, photons=3200, seed=number).light(mua)
        k = int(rng.integers(3))
        field = exactly.fluence(member(medium, mua[k]), LightBeam(), np.array([0.0, 1e-5]))
        exact = np.array([field.reflectance_diffuse, field.transmittance, *field.absorbed_fraction])
        # Parts that a fifth of the light or more belongs to, and a fifth or more does not: they are nearly normal.
        usable = np.flatnonzero((exact > 0.2) & (exact < 0.8))
        if not len(usable):
            continue
        part = int(rng.choice(usable))
        z.append((parts(light)[k, part] - exact[part]) / errors(light)[k, part])
    assert len(z) >= 225
    assert abs(np.mean(np.square(z)) - 31 / 29) < 0.42
    assert abs(np.mean(z)) < 4 * 1.03 / 15


def test_a_direct_run_of_each_member_agrees() -> None:
    mua = np.array(SKIN.mua_per_m) * np.array([[1.0, 1.0, 1.0], [8.0, 1.0, 1.0], [1.0, 10.0, 1.0], [5.0, 2.0, 30.0]])
    light = record(SKIN, photons=40_000, seed=1).light(mua)
    for k, row in enumerate(mua):
        direct = MonteCarlo(photons=40_000, seed=2 + k).fluence(member(SKIN, row), LightBeam(), np.array([0.0, 1e-5]))
        found = np.array([direct.reflectance_diffuse, direct.transmittance, *direct.absorbed_fraction])
        e = direct.standard_error
        assert e is not None
        spread = np.hypot(errors(light)[k], [e.reflectance_diffuse, e.transmittance, *e.absorbed_fraction])
        # 20 comparisons of four standard errors: by chance one run of the test in 800.
        assert np.all(np.abs(parts(light)[k] - found) <= 4 * spread)


def test_the_energy_closes_through_roulette() -> None:
    histories = record(DEEP, photons=3200)
    assert np.all(events(histories)[[ENDED, SURVIVED]] > 0)
    mua = np.array(DEEP.mua_per_m) * np.linspace(1.0, 50.0, 7)[:, None]
    assert total(histories.light(mua)) == pytest.approx(np.ones(7), abs=1e-9)


def test_a_packet_that_survives_roulette_counts_for_ten() -> None:
    entries = np.array([0, 1 + SURVIVED, 0, 1 + REFLECTED, 0, 1 + ENDED], np.uint16)
    lengths = np.array([2e-3, 0.0, 1e-3, 0.0, 4e-3, 0.0], np.float32)
    mua = np.array([[500.0], [1500.0]])
    at = {mm: np.exp(-mm * 1e-3 * mua[:, 0]) for mm in (2, 3, 4)}
    found = evaluate((entries, lengths), mua)
    assert found[REFLECTED] == pytest.approx(10 * at[3], rel=1e-6)
    assert found[ENDED] == pytest.approx(at[4] - 9 * at[2], rel=1e-6)
    assert found[3] == pytest.approx(1 - at[2] + 10 * (at[2] - at[3]) + 1 - at[4], rel=1e-6)


def test_roulette_takes_nothing_on_average() -> None:
    histories = record(DEEP, photons=32_000)
    survived, ended = events(histories)[[SURVIVED, ENDED]]
    # One in ten, to four errors of the binomial law.
    assert survived / (survived + ended) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / (survived + ended)))
    light = histories.light(np.array([DEEP.mua_per_m]))
    assert light.standard_error is not None
    assert 0.0 < abs(light.roulette_balance[0]) < 4 * light.standard_error.roulette_balance[0]


def test_without_absorption_the_light_is_the_count_of_packets() -> None:
    white = member(SKIN, np.zeros(3))
    histories = record(white, photons=3200)
    light, count = histories.light(np.zeros((2, 3))), events(histories)
    assert count[[ENDED, SURVIVED]].tolist() == [0, 0]
    assert count.sum() == 3200
    assert np.all(light.absorbed_fraction == 0.0)
    enters = 1.0 - light.reflectance_specular
    assert light.reflectance_diffuse == pytest.approx([enters * count[REFLECTED] / 3200] * 2, rel=1e-14)
    assert light.transmittance == pytest.approx([enters * count[TRANSMITTED] / 3200] * 2, rel=1e-14)


def test_a_clear_layer_is_beer_and_lambert_without_an_error() -> None:
    clear = LayeredMedium([0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [2e-4, 3e-4])
    histories = record(clear, photons=32)
    entries, lengths = histories.batches[0]
    assert entries.tolist() == [0, 1, 2 + TRANSMITTED]
    assert lengths == pytest.approx([2e-4, 3e-4, 0.0], rel=1e-6)
    light = histories.light(np.array([[1000.0, 0.0], [2000.0, 5000.0], [1e-5, 1e5]]))
    # Single precision of lengths: 1e-7 of 1.9; and of the smallest loss as of the largest.
    assert light.transmittance[:2] == pytest.approx(np.exp([-0.2, -1.9]), rel=1e-6)
    assert light.absorbed_fraction[1] == pytest.approx([1 - np.exp(-0.4), np.exp(-0.4) - np.exp(-1.9)], rel=1e-6)
    assert light.absorbed_fraction[2] == pytest.approx([2e-9, 1.0], rel=1e-6)
    assert np.all(errors(light) < 1e-9)


def test_more_absorption_darkens_everything_else() -> None:
    """Of the same packets, so that no error stands in the way."""
    mua = np.array(SKIN.mua_per_m) * np.array([[1.0, factor, 1.0] for factor in (1.0, 3.0, 9.0, 27.0)])
    light = parts(record(SKIN, photons=3200).light(mua))
    for lighter, darker in pairwise(light):
        assert np.all(darker[[0, 1, 2, 4]] < lighter[[0, 1, 2, 4]])
        assert darker[3] > lighter[3]


def test_layers_in_pieces_tell_the_fluence_by_depth() -> None:
    pieces = 6
    split = LayeredMedium([100.0] * pieces, [2e4] * pieces, [0.8] * pieces, [1.4] * pieces, [5e-5] * pieces)
    light = record(split, photons=20_000).light(np.full((1, pieces), 700.0))
    exact = Ordinates().fluence(
        LayeredMedium([700.0], [2e4], [0.8], [1.4], [3e-4]), LightBeam(), np.linspace(0.0, 3e-4, pieces + 1)
    )
    absorbed = exact.fluence_rate_ratio * 700.0 * 5e-5
    assert np.all(np.abs(light.absorbed_fraction[0] - absorbed) <= 4 * errors(light)[0, 2:])


def test_the_result_does_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    mua = np.array(DEEP.mua_per_m) * np.array([[1.0], [4.0]])
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(batches, "threads", lambda threads=threads: threads)
        found.append(record(DEEP, photons=1600, seed=5).light(mua))
    np.testing.assert_array_equal(parts(found[0]), parts(found[1]))
    np.testing.assert_array_equal(errors(found[0]), errors(found[1]))
    other = record(DEEP, photons=1600, seed=6).light(mua)
    assert not np.any(parts(other)[:, 0] == parts(found[0])[:, 0])


def test_members_out_of_range_are_refused() -> None:
    histories = record(SKIN, photons=32)
    with pytest.raises(ValueError, match=r"absorption is \(member, 3\)"):
        histories.light(np.array([300.0, 60.0, 20.0]))
    with pytest.raises(ValueError, match=r"absorption is \(member, 3\)"):
        histories.light(np.array([[300.0, 60.0]]))
    with pytest.raises(ValueError, match="are finite"):
        histories.light(np.array([[300.0, np.nan, 20.0]]))
    with pytest.raises(ValueError, match="member 1 absorbs less in layer 2 than the reference, 19 against 20 /m"):
        histories.light(np.array([[300.0, 60.0, 20.0], [400.0, 80.0, 19.0]]))


def test_a_run_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 photons"):
        record(SKIN, photons=31)
    with pytest.raises(ValueError, match="a semi-infinite layer must absorb"):
        record(member(DEEP, np.array([1.0, 1.0, 0.0])), photons=320)


def test_what_does_not_fit_is_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = record(SKIN, photons=3200)
    monkeypatch.setattr(batches, "MEMORY_BYTES", histories.memory_bytes // 2)
    with pytest.raises(MemoryError, match=r"the record needs about \d+ bytes") as refused:
        record(SKIN, photons=3200)
    # 1024 packets tell the length of a record, of which the spread is about its mean: 10 % are three errors.
    said = float(str(refused.value).split("about ")[1].split()[0])
    assert said == pytest.approx(histories.memory_bytes, rel=0.1)
    with pytest.raises(MemoryError, match=r"the members need about \d+ bytes"):
        histories.light(np.tile(SKIN.mua_per_m, (1000, 1)))
