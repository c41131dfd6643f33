"""Vessels, lesions, voxels and beams in the Monte Carlo engine: closed forms, symmetries, the exact engine."""

import math

import numpy as np
import pytest

from skinbeam.physics.light import photon_steps
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.light.photons import trace_batch
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import ENGINES
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.light.space import (
    Inclusion,
    LayeredSpace,
    Shape,
    VoxelSpace,
    ball_shape,
    cylinder_shape,
    disc_shape,
    ellipsoid_shape,
    infinite_cylinder_shape,
)

PLAIN = photon_steps.load(lambda step: step)
DERMIS = LayeredMedium([30.0, 60.0], [8e3, 1e4], [0.8, 0.85], [1.4, 1.4], [2e-4, 8e-4])
BLOOD = {"mua_per_m": 2e4, "mus_per_m": 2e4, "g": 0.95}
EDGES_M = np.linspace(0.0, 1e-3, 11)
SPOT = LightBeam(kind="flat", spot_mm=0.6)


def errors(field: LightField) -> LightField:
    assert field.standard_error is not None
    return field.standard_error


def clear(thickness: float = 1e-3, n: float = 1.0, mua: float = 0.0) -> LayeredMedium:
    return LayeredMedium([mua], [0.0], [0.0], [n], [thickness])


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        (cylinder_shape((0.1, -0.2, 0.5), (0.4, 0.3, 0.9), 0.2), math.pi * 0.04 * math.sqrt(0.5)),
        (ball_shape((0.0, 0.1, 0.6), 0.3), 4 / 3 * math.pi * 0.027),
        (ellipsoid_shape((0.1, 0.1, 0.5), (0.4, 0.6, 0.8)), math.pi / 6 * 0.192),
        (disc_shape((0.1, 0.1, 0.5), (0.8, 0.6, 0.2)), math.pi / 4 * 0.48 * 0.2),
    ],
    ids=["cylinder", "ball", "ellipsoid", "disc"],
)
def test_a_shape_holds_its_volume_between_its_depths(shape: Shape, volume: float) -> None:
    """Points thrown into a box of 2 x 2 x 1.2: the share inside is binomial."""
    row = np.array([[*shape.centre, *shape.axes.ravel(), shape.is_ball, 0, 0, 0, 0]], dtype=np.float32)
    points = np.random.default_rng(2).uniform([-1, -1, 0], [1, 1, 1.2], (40_000, 3)).astype(np.float32)
    inside = np.array([bool(PLAIN.inside(row, 0, *point)) for point in points])
    share = volume / 4.8
    assert inside.mean() == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / len(points)))
    low, high = shape.depth_range()
    depths = points[inside, 2]
    assert low <= depths.min()
    assert depths.max() <= high
    # The shape touches its depths: of points inside, some lie in the outer tenth at either end.
    assert depths.min() < low + 0.1 * (high - low)
    assert depths.max() > high - 0.1 * (high - low)


def test_an_inclusion_that_fills_a_layer_is_the_layer() -> None:
    """A plate far wider than light gets, of other optics than the layer around it, against the exact engine."""
    plate = Inclusion([disc_shape((0.0, 0.0, 6e-4), (1.0, 1.0, 4e-4))], mua_per_m=500.0, mus_per_m=1.5e4, g=0.7)
    found = MonteCarlo(photons=64_000).compute_light(
        LayeredSpace(DERMIS, [plate]), LightBeam(kind="pencil"), LightTally(EDGES_M)
    )
    layers = LayeredMedium(
        [30.0, 60.0, 500.0, 60.0],
        [8e3, 1e4, 1.5e4, 1e4],
        [0.8, 0.85, 0.7, 0.85],
        [1.4] * 4,
        [2e-4, 2e-4, 4e-4, 2e-4],
    )
    exact = ENGINES["ordinates"].compute_light(layers, LightBeam(), LightTally(EDGES_M))
    error = errors(found)
    top, dermis, filled = found.absorbed_fraction
    assert abs(dermis - exact.absorbed_fraction[[1, 3]].sum()) < 4 * error.absorbed_fraction[1]
    assert abs(filled - exact.absorbed_fraction[2]) < 4 * error.absorbed_fraction[2]
    assert abs(top - exact.absorbed_fraction[0]) < 4 * error.absorbed_fraction[0]
    assert abs(found.reflectance_diffuse - exact.reflectance_diffuse) < 4 * error.reflectance_diffuse
    assert np.all(np.abs(found.fluence_rate_ratio - exact.fluence_rate_ratio) < 4 * error.fluence_rate_ratio)


def alike(one: LightField, other: LightField) -> None:
    for name in ("reflectance_diffuse", "transmittance", "absorbed_fraction", "fluence_rate_ratio"):
        a, b = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        bound = 4 * np.hypot(getattr(errors(one), name), getattr(errors(other), name))
        assert np.all(np.abs(a - b) <= bound), name


def test_turning_everything_turns_the_light() -> None:
    """Upright light does not tell x from y: a vessel along one is lit like one along the other."""
    along_y = [infinite_cylinder_shape(1e-4, 4e-4, 1e-4)]
    along_x = [cylinder_shape((-1.0, 1e-4, 4e-4), (1.0, 1e-4, 4e-4), 1e-4)]
    tally = LightTally(EDGES_M, nx=6, ny=6, dx=1e-4, dy=1e-4)
    one, other = (
        MonteCarlo(photons=64_000, seed=seed).compute_light(
            LayeredSpace(DERMIS, [Inclusion(shape, **BLOOD)]), SPOT, tally
        )
        for seed, shape in enumerate((along_y, along_x))
    )
    alike(one, other)
    assert one.absorbed_xyz is not None
    assert other.absorbed_xyz is not None
    assert errors(one).absorbed_xyz is not None
    turned = other.absorbed_xyz.transpose(1, 0, 2)
    spread = np.hypot(errors(one).absorbed_xyz, errors(other).absorbed_xyz.transpose(1, 0, 2))
    z = (one.absorbed_xyz - turned)[spread > 0] / spread[spread > 0]
    # 360 cells, nearly normal each: z² has the mean 31 / 29 and a spread of 2.5 at most; five of its standard errors.
    assert abs(np.mean(z**2) - 31 / 29) < 5 * math.sqrt(2.5 / len(z))


def test_a_vessel_in_two_pieces_is_the_same_vessel() -> None:
    whole = Inclusion([cylinder_shape((0, -1e-3, 4e-4), (0, 1e-3, 4e-4), 1e-4)], **BLOOD)
    pieces = [
        cylinder_shape((0, -1e-3, 4e-4), (0, 2e-4, 4e-4), 1e-4),
        cylinder_shape((0, 2e-4, 4e-4), (0, 1e-3, 4e-4), 1e-4),
    ]
    one, other = (
        MonteCarlo(photons=32_000, seed=7).compute_light(LayeredSpace(DERMIS, [inclusion]), SPOT, LightTally(EDGES_M))
        for inclusion in (whole, Inclusion(pieces, **BLOOD))
    )
    # The same packets meet the same medium everywhere, but for rounding at the cut.
    assert one.absorbed_fraction == pytest.approx(other.absorbed_fraction, abs=4 * errors(one).absorbed_fraction[2])


def test_a_map_holds_what_parts_and_planes_hold() -> None:
    tally = LightTally(np.linspace(0.0, 1e-3, 3), nx=400, ny=400, dx=1e-4, dy=1e-4)  # 4 cm wide: nothing is beside it
    field = MonteCarlo(photons=6400).compute_light(
        LayeredSpace(DERMIS, [Inclusion([infinite_cylinder_shape(0, 4e-4, 1e-4)], **BLOOD)]), SPOT, tally
    )
    assert field.absorbed_xyz is not None
    assert field.fluence_rate_xyz is not None
    area, height = 1e-8, 5e-4
    assert field.absorbed_xyz.sum() * area * height == pytest.approx(field.absorbed_fraction.sum(), rel=1e-9)
    assert field.fluence_rate_xyz.sum(axis=(0, 1)) * area == pytest.approx(field.fluence_rate_ratio, rel=1e-9)


def test_a_cell_does_not_care_where_it_begins() -> None:
    """The cell repeats, so a lesion moved by half of it under light without end is lit the same."""
    cells = [
        LayeredSpace(
            DERMIS,
            [
                Inclusion([ball_shape((x, x, 3e-4), 5e-5)], **BLOOD),
                Inclusion([ball_shape((-x, x, 3e-4), 5e-5)], **BLOOD),
            ],
            (4e-4, 4e-4),
        )
        for x in (5e-5, 1.3e-4)
    ]
    one, other = (
        MonteCarlo(photons=64_000, seed=seed).compute_light(cell, LightBeam(), LightTally(EDGES_M))
        for seed, cell in enumerate(cells)
    )
    alike(one, other)
    # Both balls are alike, too.
    assert abs(np.diff(one.absorbed_fraction[2:])[0]) < 4 * np.hypot(*errors(one).absorbed_fraction[2:])


def test_voxels_of_a_wide_cube_are_layers() -> None:
    """A pencil in a cube of 16 mm: the sides are 8 mm away, and the light decays in 0.3 mm, to exp(-26) there."""
    mua, mus, g = [2000.0, 800.0], [2e4, 1.5e4], [0.7, 0.8]
    cube = np.zeros((32, 32, 4), np.uint8)
    cube[:, :, 1:] = 1
    field = MonteCarlo(photons=64_000).compute_light(
        VoxelSpace(cube, 5e-4, mua, mus, g, 1.4), LightBeam(kind="pencil"), LightTally(np.linspace(0, 2e-3, 5))
    )
    layers = LayeredMedium(mua, mus, g, [1.4, 1.4], [5e-4, 1.5e-3])
    exact = ENGINES["ordinates"].compute_light(layers, LightBeam(), LightTally(np.linspace(0, 2e-3, 5)))
    error = errors(field)
    assert field.escaped_sides == 0.0
    assert np.all(np.abs(field.absorbed_fraction - exact.absorbed_fraction) < 4 * error.absorbed_fraction)
    assert abs(field.reflectance_diffuse - exact.reflectance_diffuse) < 4 * error.reflectance_diffuse
    # Deep bins hold few packets: their means are not normal, so those of the first millimetre alone.
    difference = np.abs(field.fluence_rate_ratio - exact.fluence_rate_ratio)
    assert np.all(difference[:2] < 4 * error.fluence_rate_ratio[:2])


def test_voxels_and_shapes_of_the_same_block_agree() -> None:
    """A block with open sides: half of it one medium and half another, as voxels and as a plate beside the axis."""
    half = (4e-4, 4e-4)
    cube = np.zeros((2, 1, 2), np.uint8)
    cube[1] = 1
    voxels = VoxelSpace(cube.repeat(2, axis=1), 4e-4, [60.0, 2e3], [1e4, 2e4], [0.85, 0.9], 1.4, 1.4, 1.4)
    plate = Inclusion([Shape((0.5, 0.0, 4e-4), np.diag([2.0, 1.0, 1.0]), False)], 2e3, 2e4, 0.9)
    # The unit cylinder stretched to a radius of 0.5 m about x = 0.5 m: its side near x = 0 is flat to a nanometre.
    medium = LayeredMedium([60.0], [1e4], [0.85], [1.4], [8e-4], 1.4, 1.4)
    shapes = LayeredSpace(medium, [plate], half_widths_m=half)
    edges = np.linspace(0, 8e-4, 3)
    one, other = (
        MonteCarlo(photons=64_000, seed=seed).compute_light(
            space, LightBeam(kind="flat", spot_mm=0.6), LightTally(edges)
        )
        for seed, space in enumerate((voxels, shapes))
    )
    alike(one, other)
    assert abs(one.escaped_sides - other.escaped_sides) < 4 * np.hypot(
        errors(one).escaped_sides, errors(other).escaped_sides
    )
    assert one.escaped_sides > 0.2


def test_sides_reflect_like_the_surface() -> None:
    """In a clear cube of glass a pencil tilted to 45° inside meets sides at 45°: total reflection, so it leaves below.

    The cube stands in air; its lower face is index matched, so that what comes goes out.
    """
    n = 1.5
    tilt = math.degrees(math.asin(n * math.sin(math.radians(30.0))))  # 30° inside, 60° from the normal of a side
    cube = np.zeros((1, 1, 6), np.uint8)
    space = VoxelSpace(cube, 1e-3, [0.0], [0.0], [0.0], n, 1.0, n)
    beam = LightBeam(kind="pencil", angle_deg=tilt)
    field = MonteCarlo(photons=3200).compute_light(space, beam, LightTally(np.array([0.0, 6e-3])))
    assert field.escaped_sides == 0.0
    assert field.transmittance == pytest.approx(1.0 - field.reflectance_specular, rel=1e-12)


@pytest.mark.parametrize("angle", [20.0, 60.0])
def test_oblique_light_goes_the_longer_way(angle: float) -> None:
    """Beer and Lambert along the refracted ray; what the lower face throws back is lost in the absorber to exp(-10)."""
    n, mua, thickness = 1.4, 5e3, 1e-3
    field = MonteCarlo(photons=64_000).compute_light(
        clear(thickness, n, mua), LightBeam(kind="pencil", angle_deg=angle), LightTally(np.array([0.0, 1e-4]))
    )
    inside = math.asin(math.sin(math.radians(angle)) / n)
    a, b = math.radians(angle), inside
    specular = 0.5 * ((math.sin(a - b) / math.sin(a + b)) ** 2 + (math.tan(a - b) / math.tan(a + b)) ** 2)
    assert field.reflectance_specular == pytest.approx(specular, rel=1e-9)
    first = (1 - specular) * math.cos(b) / mua / 1e-4 * (1 - math.exp(-mua * 1e-4 / math.cos(b))) / math.cos(b)
    assert abs(field.fluence_rate_ratio[0] - first) < 4 * errors(field).fluence_rate_ratio[0] + 1e-4


def test_light_finds_the_way_back() -> None:
    """Under light even in radiance a stack passes the same from above and from below, whatever is in it.

    Even radiance is a sum of oblique beams, 2 μ dμ, by Gauss and Legendre in μ²; their six points are good to 1e-4,
    next to errors of 3e-3.
    """
    stack = LayeredMedium([300.0, 50.0], [1e4, 3e4], [0.6, 0.9], [1.3, 1.5], [3e-4, 5e-4])
    back = LayeredMedium(
        *(values[::-1] for values in (stack.mua_per_m, stack.mus_per_m, stack.g, stack.n, stack.thickness_m))
    )
    x, weights = np.polynomial.legendre.leggauss(6)
    passed = []
    for seed, medium in enumerate((stack, back)):
        runs = [
            MonteCarlo(photons=64_000, seed=10 * seed + k).compute_light(
                medium,
                LightBeam(kind="pencil", angle_deg=math.degrees(math.acos(math.sqrt(square)))),
                LightTally(EDGES_M),
            )
            for k, square in enumerate((x + 1) / 2)
        ]
        mean = sum(w / 2 * field.transmittance for w, field in zip(weights, runs, strict=True))
        error = math.sqrt(sum((w / 2 * errors(f).transmittance) ** 2 for w, f in zip(weights, runs, strict=True)))
        passed.append((mean, error))
    (down, e1), (up, e2) = passed
    assert down > 0.1
    assert abs(down - up) < 4 * math.hypot(e1, e2) + 2e-4 * down


def counted(beam: LightBeam, share: float, ring: float = 5e-4, rings: int = 40) -> None:
    """Of the light that passes a matched clear slab this share leaves in the first ring below it."""
    photons = 40_000
    scene, _ = LayeredSpace(clear()).build_scene(beam)
    batch = trace_batch(scene, LightTally(np.array([0.0, 1e-3]), ring, rings), photons, seed=3, batch=0)
    spread = math.sqrt(max(share * (1 - share), 1 / photons) / photons)
    assert batch.escaped_by_ring[1, 0] / batch.escaped_by_ring[1].sum() == pytest.approx(share, abs=4 * spread)


@pytest.mark.parametrize(
    ("beam", "share"),
    [
        # Half of the radius holds a quarter of a flat beam, 1 - exp(-1/2) of a Gaussian one, (0.25 - 0.04) / 0.96 of a
        # ring from 0.2 to 1.
        ({"kind": "flat", "spot_mm": 2.0}, 0.25),
        ({"kind": "gaussian", "spot_mm": 2.0}, 1 - math.exp(-0.5)),
        ({"kind": "ring", "spot_mm": 2.0, "inner_mm": 0.4}, 0.21 / 0.96),
        ({"kind": "pencil"}, 1.0),
        # The waist lies at the lower face: a Gaussian of radius 1 mm there.
        ({"kind": "focused", "spot_mm": 5.0, "focus_um": 1000.0, "waist_um": 2000.0}, 1 - math.exp(-0.5)),
        ({"kind": "focused", "spot_mm": 5.0, "focus_um": 1000.0, "waist_um": 0.0}, 1.0),
        # A point fibre on a slab of 1 mm: 0.5 mm away at atan(1/2), of a cone of 60° even in solid angle.
        ({"kind": "fibre", "spot_mm": 1e-6, "half_angle_deg": 60.0}, (1 - math.cos(math.atan(0.5))) / 0.5),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_beams_have_the_shape_that_they_say(beam: dict, share: float) -> None:
    counted(LightBeam(**beam), share)


def test_a_beam_may_stand_beside_the_middle() -> None:
    scene, _ = LayeredSpace(clear()).build_scene(LightBeam(kind="pencil", x_um=2400.0, y_um=700.0))
    batch = trace_batch(scene, LightTally(np.array([0.0, 1e-3]), 5e-4, 10), 320, seed=3, batch=0)
    assert np.flatnonzero(batch.escaped_by_ring[1]).tolist() == [5]  # 2.5 mm from the middle


def test_a_fibre_loses_at_the_surface_what_each_of_its_rays_does() -> None:
    """The mean over the solid angle of the cone of Fresnel's law, by quadrature; a clear matched half below."""
    field = MonteCarlo(photons=64_000).compute_light(
        LayeredMedium([0.0], [0.0], [0.0], [1.4], [1e-3], 1.0, 1.4),
        LightBeam(kind="fibre", spot_mm=0.1, half_angle_deg=70.0),
        LightTally(np.array([0.0, 1e-3])),
    )
    cosine = np.linspace(math.cos(math.radians(70.0)), 1.0, 20_001)
    mean = np.mean([PLAIN.fresnel(1.0, 1.4, value)[0] for value in 0.5 * (cosine[1:] + cosine[:-1])])
    assert abs(field.reflectance_specular - mean) < 4 * errors(field).reflectance_specular
    whole = field.reflectance_specular + field.transmittance + field.roulette_balance
    assert whole == pytest.approx(1.0, abs=1e-12)


def henyey(g: float) -> tuple[list[float], list[float]]:
    """Henyey and Greenstein's law by a table, its points close where it is steep."""
    cosine = 1.0 - 2.0 * np.linspace(1.0, 0.0, 4001) ** 3
    return cosine.tolist(), ((1 - g * g) / (1 + g * g - 2 * g * cosine) ** 1.5).tolist()


def test_a_tabulated_law_of_scattering_is_that_law() -> None:
    """A table of the law itself gives the light of the exact engine; the table is good to 1e-5, errors are 3e-3."""
    space = LayeredSpace(DERMIS, phases={part: henyey(g) for part, g in enumerate(DERMIS.g)})
    found = MonteCarlo(photons=64_000).compute_light(space, LightBeam(), LightTally(EDGES_M))
    exact = ENGINES["ordinates"].compute_light(DERMIS, LightBeam(), LightTally(EDGES_M))
    error = errors(found)
    assert abs(found.reflectance_diffuse - exact.reflectance_diffuse) < 4 * error.reflectance_diffuse
    assert abs(found.transmittance - exact.transmittance) < 4 * error.transmittance
    assert np.all(np.abs(found.fluence_rate_ratio - exact.fluence_rate_ratio) < 4 * error.fluence_rate_ratio)


@pytest.mark.parametrize(
    ("cosine", "density", "mean", "square"),
    [
        ([-1.0, 1.0], [1.0, 1.0], 0.0, 1 / 3),
        ([-1.0, 1.0], [0.0, 1.0], 1 / 3, 1 / 3),  # (1 + μ) / 2
        ([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 0.0, 1 / 6),  # a triangle
        ([-1.0, -0.5, 0.5, 1.0], [0.0, 0.0, 0.0, 1.0], 0.5 + 1 / 3, (0.5 + 1 / 3) ** 2 + 0.25 / 18),
    ],
)
def test_turns_by_a_table_have_its_moments(cosine: list, density: list, mean: float, square: float) -> None:
    """Between the 4096 steps of probability the cosine is straight: moments of pieces, off by 1e-5 at square roots."""
    scene, _ = LayeredSpace(clear(mua=1.0), phases={0: (cosine, density)}).build_scene(LightBeam())
    mu = 1.0 - scene.cosines[0].astype(np.float64)
    assert ((mu[1:] + mu[:-1]) / 2).mean() == pytest.approx(mean, abs=1e-5)
    assert ((mu[1:] ** 2 + mu[1:] * mu[:-1] + mu[:-1] ** 2) / 3).mean() == pytest.approx(square, abs=1e-5)


def test_only_the_part_that_names_a_table_turns_by_it() -> None:
    """A ball that throws all light back, in a clear slab: what misses it goes straight through."""
    back = ([-1.0, -0.99, 1.0], [1.0, 0.0, 0.0])
    ball_of_mirrors = Inclusion([ball_shape((0, 0, 5e-4), 2e-4)], 0.0, 1e5, 0.0)
    field = MonteCarlo(photons=6400).compute_light(
        LayeredSpace(clear(), [ball_of_mirrors], phases={1: back}),
        LightBeam(kind="flat", spot_mm=0.8),
        LightTally(EDGES_M),
    )
    # A quarter of the beam meets the ball and is turned by 172° or more, twenty free paths at most into it.
    assert field.reflectance_diffuse > 0.15
    assert field.transmittance > 0.7


@pytest.mark.parametrize(
    ("space", "beam", "message"),
    [
        (LayeredSpace(DERMIS, [Inclusion([ball_shape((0, 0, 4e-4), 1e-4)], -1.0, 1e4, 0.9)]), SPOT, "not negative"),
        (LayeredSpace(DERMIS, [Inclusion([ball_shape((0, 0, 4e-4), 1e-4)], 1.0, 1e4, 1.0)]), SPOT, "-1 < g < 1"),
        (LayeredSpace(DERMIS, [Inclusion([ball_shape((0, 0, 4e-4), 1e-4)], **BLOOD)]), LightBeam(), "endless beam"),
        (VoxelSpace(np.full((1, 1, 1), 3), 1e-3, [1.0], [1.0], [0.0], 1.4), LightBeam(), "from 0 to 0"),
        (VoxelSpace(np.zeros((1, 1, 1), int), 1e-3, [1.0], [1.0], [0.0], 0.9), LightBeam(), "n >= 1"),
    ],
    ids=["negative", "g", "endless", "index", "n"],
)
def test_a_space_that_cannot_be_is_refused(space: LayeredSpace | VoxelSpace, beam: LightBeam, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MonteCarlo(photons=320).compute_light(space, beam, LightTally(EDGES_M))
