"""What every light engine promises, run over all that are registered.

An exact engine is held to rounding (1e-10 of the incident power), one with a standard error to four of them, which
fails by chance once in sixteen thousand comparisons.
"""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numba import config

from skinbeam.model.sources import collect_sources, find_source
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.numerics import gpu
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import ENGINES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightEngine, LightField

EXACT = 1e-10
EDGES_M = np.linspace(0.0, 6e-4, 13)
QUANTITIES = ("reflectance_specular", "reflectance_diffuse", "transmittance", "absorbed_fraction", "fluence_rate_ratio")
SKIN = LayeredMedium(
    mua_per_m=[2000.0, 150.0, 40.0],
    mus_per_m=[4e4, 2e4, 1.2e4],
    g=[0.8, 0.9, 0.7],
    n=[1.5, 1.37, 1.44],
    thickness_m=[1e-4, 3e-4, 2e-4],
    ambient_n=1.0,
    below_n=1.33,
)

EVERY = dict(ENGINES)
if gpu.missing_cuda_part() is None and not config.ENABLE_CUDASIM:  # the simulator would take days
    EVERY["montecarlo on a card"] = MonteCarlo(device="cuda")
every_engine = pytest.mark.parametrize("engine", EVERY.values(), ids=EVERY.keys())


def run(engine: LightEngine, medium: LayeredMedium, beam: LightBeam | None = None) -> LightField:
    return engine.compute_light(medium, beam or LightBeam(), LightTally(EDGES_M))


def spread(field: LightField, quantity: str) -> np.ndarray:
    error = field.standard_error
    return EXACT + (0.0 if error is None else 4.0 * np.asarray(getattr(error, quantity)))


def assert_alike(found: LightField, wanted: LightField, relative: float = 1e-9) -> None:
    for quantity in QUANTITIES:
        a, b = np.asarray(getattr(found, quantity)), np.asarray(getattr(wanted, quantity))
        bound = np.hypot(spread(found, quantity), spread(wanted, quantity)) + relative * np.abs(b)
        assert np.all(np.abs(a - b) <= bound), quantity


def total(field: LightField) -> float:
    sums = field.reflectance_specular + field.reflectance_diffuse + field.transmittance
    return float(sums + np.sum(field.absorbed_fraction) + field.roulette_balance)


def layers(*rows: tuple[float, float, float, float, float], **outside: float) -> LayeredMedium:
    return LayeredMedium(*(list(column) for column in zip(*rows, strict=True)), **outside)


@every_engine
def test_energy_closes(engine: LightEngine) -> None:
    assert total(run(engine, SKIN)) == pytest.approx(1.0, abs=EXACT)


@every_engine
def test_energy_closes_without_absorption(engine: LightEngine) -> None:
    field = run(engine, replace(SKIN, mua_per_m=[0.0, 0.0, 0.0]))
    assert np.all(field.absorbed_fraction == 0.0)
    assert total(field) == pytest.approx(1.0, abs=EXACT)


@every_engine
def test_a_layer_in_two_pieces_is_the_same_layer(engine: LightEngine) -> None:
    pieces = LayeredMedium(
        *([values[0], values[1], values[1], values[2]] for values in (SKIN.mua_per_m, SKIN.mus_per_m, SKIN.g, SKIN.n)),
        thickness_m=[1e-4, 1.1e-4, 1.9e-4, 2e-4],
        ambient_n=1.0,
        below_n=1.33,
    )
    split, whole = run(engine, pieces), run(engine, SKIN)
    # The error of a sum is at most the sum of the errors.
    error = None if split.standard_error is None else joined(split.standard_error)
    assert_alike(replace(joined(split), standard_error=error), whole)


def joined(field: LightField) -> LightField:
    """The second and third layer as one."""
    first, second, third, last = field.absorbed_fraction
    return replace(field, absorbed_fraction=np.array([first, second + third, last]))


@every_engine
def test_only_ratios_of_length_matter(engine: LightEngine) -> None:
    shrunk = replace(
        SKIN,
        mua_per_m=[7.0 * mua for mua in SKIN.mua_per_m],
        mus_per_m=[7.0 * mus for mus in SKIN.mus_per_m],
        thickness_m=[thickness / 7.0 for thickness in SKIN.thickness_m],
    )
    assert_alike(engine.compute_light(shrunk, LightBeam(), LightTally(EDGES_M / 7.0)), run(engine, SKIN))


@every_engine
def test_a_clear_plate_is_the_closed_form(engine: LightEngine) -> None:
    r1, r2 = (0.52 / 2.52) ** 2, (0.19 / 2.85) ** 2
    field = run(engine, layers((0.0, 0.0, 0.0, 1.52, 6e-4), below_n=1.33))
    assert field.reflectance_specular == pytest.approx(r1, abs=spread(field, "reflectance_specular"))
    passed = (1 - r1) * (1 - r2) / (1 - r1 * r2)
    assert field.transmittance == pytest.approx(passed, abs=spread(field, "transmittance"))
    # Light goes down and comes back: (1 + r2) of what is inside.
    inside = (1 - r1) * (1 + r2) / (1 - r1 * r2)
    assert np.all(np.abs(field.fluence_rate_ratio - inside) <= spread(field, "fluence_rate_ratio"))


@every_engine
def test_beer_lambert_without_scattering(engine: LightEngine) -> None:
    field = run(engine, layers((2500.0, 0.0, 0.7, 1.0, 6e-4)))
    means = -np.diff(np.exp(-2500.0 * EDGES_M)) / (2500.0 * np.diff(EDGES_M))
    assert np.all(np.abs(field.fluence_rate_ratio - means) <= spread(field, "fluence_rate_ratio"))
    assert field.transmittance == pytest.approx(np.exp(-1.5), abs=spread(field, "transmittance"))


@every_engine
def test_fluence_rate_times_absorption_is_what_is_absorbed(engine: LightEngine) -> None:
    field = run(engine, SKIN)
    mua = np.select([EDGES_M[1:] < 1.01e-4, EDGES_M[1:] < 4.01e-4], SKIN.mua_per_m[:2], SKIN.mua_per_m[2])
    absorbed = mua * field.fluence_rate_ratio * np.diff(EDGES_M)
    sums = [absorbed[:2].sum(), absorbed[2:8].sum(), absorbed[8:].sum()]
    assert np.all(np.abs(sums - field.absorbed_fraction) <= spread(field, "absorbed_fraction"))


@every_engine
@pytest.mark.parametrize("kind", ["pencil", "flat", "gaussian"])
def test_the_width_of_the_beam_drops_out_of_plane_integrals(engine: LightEngine, kind: str) -> None:
    beam = LightBeam(kind=kind, spot_mm=None if kind == "pencil" else 3.0)
    assert_alike(run(engine, SKIN, beam), run(engine, SKIN))


@every_engine
def test_more_absorption_darkens_everything_below(engine: LightEngine) -> None:
    fields = [
        run(engine, replace(SKIN, mua_per_m=[SKIN.mua_per_m[0], scale * SKIN.mua_per_m[1], SKIN.mua_per_m[2]]))
        for scale in (1.0, 3.0, 9.0)
    ]
    for lighter, darker in pairwise(fields):
        assert darker.reflectance_diffuse < lighter.reflectance_diffuse
        assert darker.transmittance < lighter.transmittance
        assert np.all(darker.fluence_rate_ratio < lighter.fluence_rate_ratio)
        assert darker.absorbed_fraction[1] > lighter.absorbed_fraction[1]


@every_engine
def test_nothing_leaves_a_semi_infinite_medium_below(engine: LightEngine) -> None:
    field = run(engine, replace(SKIN, thickness_m=[1e-4, 3e-4, math.inf], below_n=1.8))
    assert field.transmittance == 0.0
    assert total(field) == pytest.approx(1.0, abs=EXACT)


@every_engine
def test_the_slab_of_the_tables(engine: LightEngine) -> None:
    # van de Hulst, five decimals, quoted in wang1995.
    field = run(engine, layers((1000.0, 9000.0, 0.75, 1.0, 2e-4)))
    assert field.reflectance_diffuse == pytest.approx(0.09739, abs=1e-5 + spread(field, "reflectance_diffuse"))
    assert field.transmittance == pytest.approx(0.66096, abs=1e-5 + spread(field, "transmittance"))


@every_engine
def test_the_endless_medium_of_the_tables(engine: LightEngine) -> None:
    # Giovanelli, n 1.5, isotropic, albedo 0.9: 0.2600 with the specular part, quoted in wang1995; four decimals.
    field = run(engine, layers((1000.0, 9000.0, 0.0, 1.5, math.inf)))
    whole = field.reflectance_specular + field.reflectance_diffuse
    assert whole == pytest.approx(0.2600, abs=1e-4 + spread(field, "reflectance_diffuse"))


@every_engine
def test_light_dies_away_in_the_deep_as_diffusion_says(engine: LightEngine) -> None:
    """Isotropic scattering, albedo 0.99: deep light falls as exp(-k z), of which 0.99 atanh(k) = k in mean free paths.

    Ten free paths down other modes are exp(-10) of it, and the end at 40 sends back exp(-50 k): 2e-4 of it at most.
    Plain diffusion's k of sqrt(3 (1 - 0.99)) = 0.1732 is off by 0.4 %, which is seen.
    """
    k = 0.17
    for _ in range(2000):  # each brings it 2 % nearer
        k = math.tanh(k / 0.99)
    edges = np.array([0.0, 10.0, 11.0, 14.0, 15.0]) * 1e-4
    field = engine.compute_light(layers((100.0, 9900.0, 0.0, 1.0, 4e-3)), LightBeam(), LightTally(edges))
    near, far = field.fluence_rate_ratio[[1, 3]]
    error = 0.0
    if field.standard_error is not None:
        error = float(np.hypot(*(field.standard_error.fluence_rate_ratio[[1, 3]] / [near, far])))
    assert math.log(near / far) == pytest.approx(4.0 * k, abs=4.0 * error + 3e-4)


@every_engine
@pytest.mark.parametrize("g", [-0.999, 0.0, 0.999])
def test_every_peak_of_scattering_is_allowed(engine: LightEngine, g: float) -> None:
    """Turning light back wholly is isotropic scattering's cousin; hardly turning it is next to no scattering."""
    field = run(engine, layers((500.0, 5000.0, g, 1.4, 6e-4)))
    assert total(field) == pytest.approx(1.0, abs=EXACT)
    if g > 0.99:
        # μs (1 - g) d = 0.003: of the light inside, at most about twice that is lost from the straight way.
        straight = run(engine, layers((500.0, 0.0, 0.0, 1.4, 6e-4)))
        assert field.transmittance == pytest.approx(
            straight.transmittance, abs=0.006 + spread(field, "transmittance") + spread(straight, "transmittance")
        )


@every_engine
def test_repeating_gives_the_same(engine: LightEngine) -> None:
    first, second = run(engine, SKIN), run(engine, SKIN)
    # Additions on a card have no order: to the rounding of a batch's millions.
    rounding = 1e-10 if getattr(engine, "device", "cpu") == "cuda" else 0.0
    for quantity in QUANTITIES:
        np.testing.assert_allclose(getattr(first, quantity), getattr(second, quantity), rtol=rounding)


@every_engine
def test_out_of_range_is_refused(engine: LightEngine) -> None:
    with pytest.raises(ValueError, match="-1 < g < 1"):
        run(engine, replace(SKIN, g=[0.8, 1.0, 0.7]))


@every_engine
def test_draws_are_lit_as_each_of_them_is(engine: LightEngine) -> None:
    """Three skins at once, with depths of their own: what one gets does not depend on the others."""
    media = [replace(SKIN, mua_per_m=[scale * mua for mua in SKIN.mua_per_m]) for scale in (1.0, 0.3, 5.0)]
    together = LayeredMedium.concatenate(media)
    edges = np.outer([1.0, 0.9, 0.5], EDGES_M)
    field = engine.compute_light(together, LightBeam(), LightTally(edges))
    assert field.fluence_rate_ratio.shape == (3, len(EDGES_M) - 1)
    alone = [engine.compute_light(together.select_draw(k), LightBeam(), LightTally(edges[k])) for k in range(3)]
    assert field.photons == sum(one.photons for one in alone)
    rounding = 1e-10 if getattr(engine, "device", "cpu") == "cuda" else 0.0
    for k, one in enumerate(alone):
        for quantity in QUANTITIES:
            np.testing.assert_allclose(getattr(field, quantity)[k], getattr(one, quantity), rtol=rounding)
    assert np.array_equal(field.select_draws(slice(1, 3)).absorbed_fraction, field.absorbed_fraction[1:])


@every_engine
def test_without_depths_the_rest_is_given(engine: LightEngine) -> None:
    whole, plain = run(engine, SKIN), engine.compute_light(SKIN, LightBeam(), LightTally())
    assert plain.fluence_rate_ratio.size == 0
    assert_alike(
        replace(plain, fluence_rate_ratio=whole.fluence_rate_ratio, standard_error=whole.standard_error), whole
    )


@every_engine
def test_sources_are_named_whenever_light_is_computed(engine: LightEngine) -> None:
    for _ in range(2):
        with collect_sources() as sources:
            run(engine, SKIN)
        assert "born1999" in sources, "an engine cites `born1999` for reflection and refraction at surfaces"
        assert all(find_source(key).citation for key in sources)


@every_engine
def test_an_error_is_stated_or_the_method_is_exact(engine: LightEngine) -> None:
    field = run(engine, SKIN)
    assert (field.standard_error is None) == (field.photons == 0)
    assert set(engine.devices) <= {"cpu", "cuda"}
