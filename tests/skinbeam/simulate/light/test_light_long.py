"""Checks of light that take minutes: `make validate` runs them and prints what they find."""

import math

import numpy as np
import pytest

from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import ENGINES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.light.space import Inclusion, LayeredSpace, VoxelSpace, infinite_cylinder_shape

pytestmark = pytest.mark.long

EDGES_M = np.array([0.0, 1e-5, 1e-4])


def parts(field: LightField) -> np.ndarray:
    return np.array(
        [field.reflectance_diffuse, field.transmittance, *field.absorbed_fraction, *field.fluence_rate_ratio]
    )


def deviations(medium: LayeredMedium, photons: int, seed: int) -> np.ndarray:
    """Differences from the exact engine over the standard errors, of parts that matter."""
    found = MonteCarlo(photons=photons, seed=seed).compute_light(medium, LightBeam(), LightTally(EDGES_M))
    exact = parts(ENGINES["ordinates"].compute_light(medium, LightBeam(), LightTally(EDGES_M)))
    assert found.standard_error is not None
    worth = exact > 0.01
    return (parts(found)[worth] - exact[worth]) / parts(found.standard_error)[worth]


def test_six_hundred_random_media() -> None:
    """Ten times the packets of the daily test: the errors, and any bias that counts, are a third of its.

    z² has the mean 31 / 29 and the variance 2.5 (32 batches), so the mean of 600 has a standard error of 0.065: four of
    them are 0.26. One part of each medium is taken, so that the 600 are independent.
    """
    rng = np.random.default_rng(2026)
    z = []
    for number in range(600):
        layers = int(rng.integers(1, 5))
        medium = LayeredMedium(
            mua_per_m=list(10.0 ** rng.uniform(0, 4, layers)),
            mus_per_m=list(10.0 ** rng.uniform(2, 4.7, layers)),
            g=list(rng.uniform(-0.5, 0.97, layers)),
            n=list(rng.choice([1.0, 1.33, 1.4, 1.5], layers)),
            thickness_m=list(10.0 ** rng.uniform(-5, -3, layers)),
            ambient_n=float(rng.choice([1.0, 1.33])),
            below_n=float(rng.choice([1.0, 1.4])),
        )
        z.append(rng.choice(deviations(medium, 64_000, number)))
    mean, square = float(np.mean(z)), float(np.mean(np.square(z)))
    print(
        f"\n600 random media, 64 000 packets each: mean z {mean:.3f} (0 ± 0.042), mean z² {square:.3f} (1.069 ± 0.065)"
    )
    assert abs(square - 31 / 29) < 0.26
    assert abs(mean) < 4 * math.sqrt(31 / 29 / 600)


EPIDERMIS, DERMIS, FAT = (2000.0, 3e4, 0.80, 6e-5), (150.0, 2e4, 0.82, 2e-3), (100.0, 1.5e4, 0.85, 5e-3)


def skin(n: float) -> LayeredMedium:
    mua, mus, g, thickness = zip(EPIDERMIS, DERMIS, FAT, strict=True)
    return LayeredMedium(mua, mus, g, [n] * 3, thickness)


@pytest.mark.parametrize(
    ("name", "medium", "photons"),
    [
        ("A, slab of van de Hulst", LayeredMedium([1000.0], [9000.0], [0.75], [1.0], [2e-4]), 100_000_000),
        ("B, three layers, n 1.4", skin(1.4), 20_000_000),
        ("B1, three layers, matched", skin(1.0), 20_000_000),
        ("thick and hardly absorbing", LayeredMedium([10.0], [1e5], [0.9], [1.4], [2e-3]), 2_000_000),
        ("forward peak", LayeredMedium([300.0], [1e5], [0.99], [1.37], [1e-3]), 5_000_000),
        ("backward peak", LayeredMedium([300.0], [2e4], [-0.9], [1.37], [1e-3]), 5_000_000),
        (
            "steep steps of the index",
            LayeredMedium([200.0, 50.0], [5e3, 1e4], [0.5, 0.9], [2.5, 1.2], [3e-4, 1e-3]),
            5_000_000,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_many_packets_meet_the_exact_engine(name: str, medium: LayeredMedium, photons: int) -> None:
    """No part may lie four standard errors off; six parts at most a case, so that chance does it once in 2500."""
    z = deviations(medium, photons, 11)
    print(f"\n{name}, {photons:,} packets: largest deviation {np.abs(z).max():.2f} standard errors of {len(z)} parts")
    assert np.all(np.abs(z) < 4.0)


VESSEL = {"mua_per_m": 23100.0, "mus_per_m": 9400.0, "g": 0.9}
# Absorption of the vessel cube from a tetrahedral code (pmmc 0.3.12, 8e6 photons, prism of the circle's area): gel,
# epidermis, dermis, blood, and their standard errors.
TETRAHEDRA = np.array([[4.812e-6, 0.15761, 0.026662, 0.21485], [1e-9, 4e-5, 5e-6, 1.4e-4]])


def test_the_vessel_cube_of_another_code() -> None:
    layers = LayeredMedium(
        [0.036, 1660.0, 45.9], [0.0, 37600.0, 35700.0], [0.0, 0.9, 0.9], [1.3] * 3, [1e-4, 6e-5, 8.4e-4], 1.3, 1.3
    )
    space = LayeredSpace(
        layers, [Inclusion([infinite_cylinder_shape(0.0, 5e-4, 1e-4)], **VESSEL)], half_widths_m=(5e-4, 5e-4)
    )
    field = MonteCarlo(photons=10_000_000).compute_light(
        space, LightBeam(kind="flat", spot_mm=0.6), LightTally(np.array([0.0, 1e-3]))
    )
    assert field.standard_error is not None
    error = np.hypot(field.standard_error.absorbed_fraction, TETRAHEDRA[1])
    z = (field.absorbed_fraction - TETRAHEDRA[0]) / error
    print(f"\nvessel cube beside a tetrahedral code: {np.array2string(z, precision=2)} standard errors")
    # The other code's errors come from 8 runs or so, and its figures are rounded to five digits: five in place of four.
    assert np.all(np.abs(z) < 5.0)


def test_finer_voxels_come_nearer_to_the_cylinder() -> None:
    """A cylinder in voxels of 40, 20 and 10 µm against the true one: the share of blood tends to its own."""
    layers = LayeredMedium([45.9], [35700.0], [0.9], [1.3], [1e-3], 1.3, 1.3)
    beam, edges = LightBeam(kind="flat", spot_mm=0.6), np.array([0.0, 1e-3])
    true = MonteCarlo(photons=4_000_000).compute_light(
        LayeredSpace(
            layers, [Inclusion([infinite_cylinder_shape(0.0, 5e-4, 1e-4)], **VESSEL)], half_widths_m=(5e-4, 5e-4)
        ),
        beam,
        LightTally(edges),
    )
    assert true.standard_error is not None
    off = []
    for count in (24, 50, 100):
        size = 1e-3 / count
        centre = (np.arange(count) + 0.5) * size
        plane = (centre[:, None] - 5e-4) ** 2 + (centre[None, :] - 5e-4) ** 2 < 1e-8
        cube = np.repeat(plane[:, None, :], count, axis=1).astype(np.uint8)
        found = MonteCarlo(photons=4_000_000, seed=count).compute_light(
            VoxelSpace(cube, size, [45.9, 23100.0], [35700.0, 9400.0], [0.9, 0.9], 1.3, 1.3, 1.3),
            beam,
            LightTally(edges),
        )
        section = plane.sum() * size**2 / (math.pi * 1e-8)
        off.append((found.absorbed_fraction[1] / true.absorbed_fraction[1] - 1.0, section - 1.0))
    print(
        "\nvoxels of 42, 20, 10 µm: blood absorbs "
        + ", ".join(f"{100 * a:+.2f} % (section {100 * s:+.2f} %)" for a, s in off)
    )
    # At 10 µm the section is 0.6 % too large; what it absorbs goes with its width at most.
    assert abs(off[-1][0]) < 0.01
