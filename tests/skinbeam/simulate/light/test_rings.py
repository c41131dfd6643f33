"""Light in layers whose optics differ about an axis: against the same layers told in other ways."""

import math
from dataclasses import replace

import numpy as np
import pytest

from skinbeam.model.errors import NotAvailable
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.numerics import gpu
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.light.space import Inclusion, LayeredSpace, RingSpace, disc_shape

MEDIUM = LayeredMedium(
    mua_per_m=[500.0, 900.0, 200.0],
    mus_per_m=[15e3, 8e3, 6e3],
    g=[0.8, 0.85, 0.9],
    n=[1.48, 1.4, 1.44],
    thickness_m=[15.3e-6, 400e-6, math.inf],
)
RING, RINGS = 20e-6, 20
FACES = np.array([0.0, 5e-6, 15.3e-6, 60e-6, 160e-6, 260e-6, 415.3e-6, 600e-6, 900e-6])
LAYER = np.array([0, 0, 1, 1, 1, 1, 2, 2])
BEAM = LightBeam(kind="gaussian", spot_mm=0.2)


def cold() -> RingSpace:
    """Cells of the optics that their layers have."""
    mua, mus = (np.tile(np.array(values)[LAYER], (RINGS, 1)) for values in (MEDIUM.mua_per_m, MEDIUM.mus_per_m))
    return RingSpace(MEDIUM, RING, FACES, mua, mus)


def traced(space: RingSpace | LayeredSpace, seed: int = 0, photons: int = 64_000) -> LightField:
    return MonteCarlo(seed=seed, photons=photons).compute_light(space, BEAM, LightTally(FACES, RING, RINGS))


def test_cells_of_the_optics_of_their_layers_change_nothing() -> None:
    """The same packets meet the same media: not a bit differs, with layers whose faces no level of 1 µm meets."""
    by_ring, by_layer = traced(cold()), traced(LayeredSpace(MEDIUM))
    assert by_ring.fluence_rate_rz is not None
    assert by_layer.fluence_rate_rz is not None
    assert np.array_equal(by_ring.fluence_rate_rz, by_layer.fluence_rate_rz)
    assert by_ring.absorbed_fraction == pytest.approx(by_layer.absorbed_fraction, rel=1e-12)


def test_a_core_is_the_cylinder_that_it_is() -> None:
    """Other numbers for each: z² of the bins has the mean 31 / 29 (as in test_photons), and neighbours share packets.

    Some 160 bins are worth perhaps a tenth of that many, whose mean z² scatters by 2.5^0.5 / 16^0.5 = 0.4: three of
    those.
    """
    core = cold()
    core.mua_per_m[:3, 3:5], core.mus_per_m[:3, 3:5] = 4000.0, 1000.0
    shape = disc_shape((0.0, 0.0, 160e-6), (6 * RING, 6 * RING, 200e-6))
    lit = traced(core, seed=1), traced(LayeredSpace(MEDIUM, [Inclusion([shape], 4000.0, 1000.0, 0.85)]), seed=2)
    first, second = (light.fluence_rate_rz for light in lit)
    errors = [light.standard_error.fluence_rate_rz for light in lit if light.standard_error is not None]
    z = (first - second) / np.hypot(*errors)
    assert np.mean(z**2) < 31 / 29 + 1.2
    untouched = traced(cold(), seed=1).fluence_rate_rz
    assert np.abs((first - untouched) / errors[0]).max() > 20, "the core is seen"


def test_no_light_is_lost() -> None:
    core = cold()
    core.mua_per_m[:, :], core.mus_per_m[:, :] = 3000.0, 2e4
    light = traced(core, photons=3200)
    parts = light.reflectance_specular + light.reflectance_diffuse + light.transmittance + light.roulette_balance
    assert parts + light.absorbed_fraction.sum() == pytest.approx(1.0, abs=1e-12)


def test_rings_that_do_not_fit_are_refused() -> None:
    whole = cold()
    for wrong in (
        {"mua_per_m": whole.mua_per_m[:, :3]},
        {"mus_per_m": -whole.mus_per_m},
        {"ring_width_m": 0.0},
        {"medium": replace(MEDIUM, mua_per_m=[500.0, 900.0, 0.0])},
    ):
        with pytest.raises(ValueError, match=r"rings|absorb"):
            traced(replace(whole, **wrong))


def test_a_card_says_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "missing_cuda_part", lambda: None)
    with pytest.raises(NotAvailable, match="rings"):
        MonteCarlo(device="cuda").compute_light(cold(), BEAM, LightTally(FACES, RING, RINGS))
