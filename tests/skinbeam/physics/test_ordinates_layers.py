"""Discrete ordinates in any layers: energy, bins of depth, samples side by side, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.physics.light.discrete_ordinates import LayeredLight, solve_layers
from skinbeam.physics.light.plane_layers import PlaneLayers

ROUNDING = 1e-12  # sums of some hundred terms of order 1 in double precision


def one(*layers: tuple[float, float, float, float, float], edges=(0.0, 1e-4), streams=16, **outside) -> LayeredLight:
    """Light in one sample; a layer is (mua, mus, g, n, thickness), SI."""
    return solve_layers(PlaneLayers(*np.array(layers, dtype=float).T[:, None, :], **outside), edges, streams=streams)


def balance(light: LayeredLight) -> np.ndarray:
    return (
        light.reflectance_specular + light.reflectance_diffuse + light.transmittance + light.absorbed.sum(axis=1) - 1.0
    )


layer = st.tuples(
    st.one_of(st.just(0.0), st.floats(1e-3, 1e6)),
    st.one_of(st.just(0.0), st.floats(1e-2, 1e6)),
    st.floats(-0.9, 0.99),
    st.sampled_from([1.0, 1.33, 1.37, 1.4, 1.5]),
    st.floats(1e-6, 1.0),
)


@settings(max_examples=60)
@given(st.lists(layer, min_size=1, max_size=4), st.sampled_from([1.0, 1.33, 1.5]), st.sampled_from([1.0, 1.4]))
def test_energy_closes_whatever_the_layers(
    layers: list[tuple[float, float, float, float, float]], ambient: float, below: float
) -> None:
    light = one(*layers, edges=np.linspace(0.0, 1e-3, 8), ambient_n=ambient, below_n=below, streams=8)
    assert abs(balance(light)[0]) < 1e-10
    for values in (light.fluence_rate_ratio, light.absorbed, light.transmittance, light.reflectance_diffuse):
        assert np.all(np.isfinite(values))
    # Eight terms of a strongly backward phase function have negative lobes (at g = -0.83 twice the isotropic value).
    # Light that total reflection traps in a clear layer shows them: 1 m without scatter on 1 m with mus = 1/m and
    # g = -0.83 gives a fluence rate ratio of -0.09. No tissue scatters so.
    if all(g >= -0.5 for _, _, g, _, _ in layers):
        for values in (light.fluence_rate_ratio, light.absorbed):
            assert np.all(values >= -ROUNDING)
    # What leaves cannot be negative where the phase function is not, and its series cut at 8 or more terms is positive
    # for |g| <= 1/2 (least value 0.21). Beyond, its negative lobes may show in light that hardly scatters.
    if all(abs(g) <= 0.5 for _, _, g, _, _ in layers):
        assert np.all(light.transmittance >= -ROUNDING)
        assert np.all(light.reflectance_diffuse >= -ROUNDING)


def test_bins_hold_what_the_layers_absorb() -> None:
    layers = ((800.0, 3e4, 0.9, 1.45, 7e-5), (120.0, 2e4, 0.8, 1.37, 9.3e-4))
    edges = np.concatenate([[0.0], np.sort(np.random.default_rng(3).uniform(0.0, 1e-3, 30)), [7e-5 + 9.3e-4]])
    light = one(*layers, edges=edges)
    split = one(layers[0], layers[1], edges=np.unique([*edges, 7e-5]))
    widths = np.diff(np.unique([*edges, 7e-5]))
    upper = np.unique([*edges, 7e-5])[1:] <= 7e-5 * (1 + 1e-12)
    absorbed = np.where(upper, 800.0, 120.0) * split.fluence_rate_ratio[0] * widths
    assert absorbed[upper].sum() == pytest.approx(light.absorbed[0, 0], rel=1e-12)
    assert absorbed[~upper].sum() == pytest.approx(light.absorbed[0, 1], rel=1e-12)
    # A bin that holds a piece of both layers has the mean over both.
    assert np.sum(light.fluence_rate_ratio[0] * np.diff(edges)) == pytest.approx(
        np.sum(split.fluence_rate_ratio[0] * widths), rel=1e-12
    )


def test_a_very_thick_layer_is_a_semi_infinite_one() -> None:
    edges = np.linspace(0.0, 1e-3, 11)
    thick = one((300.0, 2e4, 0.9, 1.4, 0.2), edges=edges)
    endless = one((300.0, 2e4, 0.9, 1.4, np.inf), edges=edges, below_n=1.7)
    np.testing.assert_allclose(thick.fluence_rate_ratio, endless.fluence_rate_ratio, rtol=1e-11)
    assert endless.transmittance[0] == 0.0


def test_similar_media_reflect_alike() -> None:
    # Similarity of μs (1 − g): in thick, weakly absorbing layers the deep fluence rates differ by a few per cent only.
    edges = np.linspace(2e-3, 4e-3, 5)
    forward = one((20.0, 2e4, 0.9, 1.4, np.inf), edges=edges)
    isotropic = one((20.0, 2e3, 0.0, 1.4, np.inf), edges=edges)
    np.testing.assert_allclose(forward.fluence_rate_ratio, isotropic.fluence_rate_ratio, rtol=0.04)
    assert forward.reflectance_diffuse[0] == pytest.approx(isotropic.reflectance_diffuse[0], rel=0.02)


def test_a_sample_does_not_depend_on_its_neighbours() -> None:
    rng = np.random.default_rng(5)
    shape = (70, 3)
    arguments = (
        10 ** rng.uniform(0, 4, shape),
        10 ** rng.uniform(2, 5, shape),
        rng.uniform(0.0, 0.95, shape),
        rng.choice([1.33, 1.37, 1.4, 1.45], shape),
        10 ** rng.uniform(-5, -3, shape),
    )
    edges = np.linspace(0.0, 1e-3, 21)
    together = solve_layers(PlaneLayers(*arguments), edges)
    for sample in (0, 33, 69):
        alone = solve_layers(PlaneLayers(*(a[sample : sample + 1] for a in arguments)), edges)
        np.testing.assert_array_equal(alone.fluence_rate_ratio[0], together.fluence_rate_ratio[sample])
        np.testing.assert_array_equal(alone.absorbed[0], together.absorbed[sample])


def test_samples_of_the_same_indices_share_directions_without_a_trace() -> None:
    # More samples than are worked on together; the same ones among others of another index, and alone.
    rng = np.random.default_rng(8)
    shape = (40, 3)
    arguments = [
        10 ** rng.uniform(0, 4, shape),
        10 ** rng.uniform(2, 5, shape),
        rng.uniform(0.0, 0.95, shape),
        np.tile([1.4, 1.4, 1.37], (40, 1)),
        10 ** rng.uniform(-5, -3, shape),
    ]
    mixed = [values.copy() for values in arguments]
    mixed[3][::2] = [1.45, 1.4, 1.33]
    edges = np.linspace(0.0, 1e-3, 21)
    shared, among = solve_layers(PlaneLayers(*arguments), edges), solve_layers(PlaneLayers(*mixed), edges)
    for sample in (1, 39):
        alone = solve_layers(PlaneLayers(*(a[sample : sample + 1] for a in arguments)), edges)
        for light in (shared, among):
            for name in ("reflectance_diffuse", "transmittance", "absorbed", "fluence_rate_ratio"):
                np.testing.assert_array_equal(getattr(light, name)[sample], getattr(alone, name)[0])


@pytest.mark.parametrize("indices", ["of every sample", "of each pair"])
def test_layers_shared_with_the_sample_before_leave_no_trace(indices: str) -> None:
    # Pairs that differ in a few layers, as a lesion and the skin around it do, with one index in neighbouring layers.
    rng = np.random.default_rng(9)
    shape = (40, 5)
    drawn = [
        10 ** rng.uniform(0, 4, shape),
        10 ** rng.uniform(2, 5, shape),
        rng.uniform(0.0, 0.95, shape),
        np.tile([1.47, 1.4, 1.4, 1.38, 1.38], (40, 1)),
        10 ** rng.uniform(-5, -3, shape),
    ]
    if indices == "of each pair":
        drawn[3] *= rng.uniform(0.99, 1.01, (40, 1))
    arguments = [np.repeat(values, 2, axis=0) for values in drawn]
    for place in range(1, 80, 2):
        arguments[place % 3][place, rng.choice(5, size=place % 5, replace=False)] *= 0.9
    edges = np.linspace(0.0, 1e-3, 21)
    together = solve_layers(PlaneLayers(*arguments), edges)
    for sample in range(80):
        alone = solve_layers(PlaneLayers(*(a[sample : sample + 1] for a in arguments)), edges)
        for name in ("reflectance_diffuse", "transmittance", "absorbed", "fluence_rate_ratio"):
            np.testing.assert_array_equal(getattr(together, name)[sample], getattr(alone, name)[0])


def test_layers_that_differ_in_nothing_but_the_index_share_nothing() -> None:
    # In a medium without steps every index has the same cosines; of twice the index they are so to the last digit.
    n = np.array([1.0, 2.0, 1.0, 2.0])
    layers = [np.full((4, 1), value) for value in (100.0, 1e4, 0.8)]
    thickness, edges = np.full((4, 1), 1e-3), np.linspace(0.0, 1e-3, 6)
    together = solve_layers(PlaneLayers(*layers, n[:, None], thickness, n, n), edges)
    for sample, index in enumerate(n):
        alone = solve_layers(PlaneLayers(*(a[:1] for a in layers), [[index]], thickness[:1], index, index), edges)
        for name in ("reflectance_diffuse", "transmittance", "absorbed", "fluence_rate_ratio"):
            np.testing.assert_array_equal(getattr(together, name)[sample], getattr(alone, name)[0])


def test_without_bins_the_rest_is_the_same() -> None:
    layers = ((800.0, 3e4, 0.9, 1.45, 7e-5), (120.0, 2e4, 0.8, 1.37, 9.3e-4), (50.0, 1e4, 0.7, 1.4, np.inf))
    binned, plain = one(*layers), one(*layers, edges=None)
    for name in ("reflectance_specular", "reflectance_diffuse", "transmittance", "absorbed"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(binned, name))
    assert plain.fluence_rate_ratio.shape == (1, 0)


def test_edges_may_differ_between_samples_and_reach_below_the_medium() -> None:
    edges = np.array([[0.0, 1e-4, 2e-4], [0.0, 2e-4, 4e-4]])
    both = solve_layers(PlaneLayers(*np.full((5, 2, 1), [[[100.0]], [[1e4]], [[0.8]], [[1.4]], [[2e-4]]])), edges)
    assert both.fluence_rate_ratio[1, 1] == 0.0
    assert both.fluence_rate_ratio[1, 0] == pytest.approx(both.fluence_rate_ratio[0].mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"g": 1.0}, "-1 < g < 1"),
        ({"n": 0.9}, "n >= 1"),
        ({"mua": -1.0}, "not negative"),
        ({"mua": np.nan}, "finite"),
        ({"thickness": 0.0}, "thickness > 0"),
        ({"mua": 0.0, "mus": 0.0, "thickness": np.inf}, "scatter or absorb"),
        ({"z_edges": np.array([0.0, 0.0])}, "rise"),
        ({"z_edges": np.array([-1.0, 1.0])}, "rise"),
        ({"streams": 2}, "streams"),
        ({"ambient_n": 0.5}, "ambient_n"),
    ],
)
def test_what_is_out_of_range_is_refused(change: dict[str, object], words: str) -> None:
    given = {"mua": 10.0, "mus": 1e4, "g": 0.5, "n": 1.4, "thickness": 1e-3, "ambient_n": 1.0}
    options = {"z_edges": np.array([0.0, 1e-3])}
    for name, value in change.items():
        (given if name in given else options)[name] = value
    ambient_n = given.pop("ambient_n")
    layers = PlaneLayers(*(np.array([[value]]) for value in given.values()), ambient_n=ambient_n)
    with pytest.raises(ValueError, match=words):
        solve_layers(layers, **options)


def test_a_single_row_is_not_a_sample() -> None:
    with pytest.raises(ValueError, match=r"\(sample, layer\)"):
        solve_layers(PlaneLayers([1.0], [1.0], [0.0], [1.4], [1.0]), np.array([0.0, 1.0]))
