"""Packets in voxels of several refractive indices: closed forms, the exact engine, the other kernel, and every edge.

A bound of so many standard errors is of means of 32 batches, so of Student's t with 31 degrees of freedom: beyond 4.5
it is by chance once in eleven thousand comparisons.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.physics.light import photon_voxels as voxel_walk
from skinbeam.physics.light.photon_scene import LightTally, PhotonScene
from skinbeam.physics.light.photons import trace_batch
from skinbeam.physics.light.plane_layers import fresnel_reflectance
from skinbeam.physics.numerics.memory_layout import PARTS, ROULETTE
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import DiscreteOrdinates
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.light.space import VoxelSpace

FAR = 4.5
SIZE = 1e-4
PENCIL = LightBeam(kind="pencil")


def tilted(degrees: float, x_um: float = 0.0) -> LightBeam:
    return LightBeam(kind="pencil", angle_deg=degrees, x_um=x_um)


def in_planes(media: Sequence[int], wide: int) -> np.ndarray:
    """A cube whose planes hold one medium each."""
    return np.ascontiguousarray(np.broadcast_to(np.array(media, np.uint16), (wide, wide, len(media))))


def clear(cube: np.ndarray, n: Sequence[float], mua: Sequence[float], **outside: float) -> VoxelSpace:
    """Voxels that do not scatter."""
    return VoxelSpace(cube, SIZE, mua, [0.0] * len(n), [0.0] * len(n), n, **outside)


def traced(
    space: VoxelSpace,
    beam: LightBeam = PENCIL,
    edges: Any = (0.0, SIZE),
    photons: int = 32_000,
    seed: int = 0,
    **counted: Any,
) -> LightField:
    return MonteCarlo(photons, seed=seed).compute_light(space, beam, LightTally(np.asarray(edges), **counted))


def total(field: LightField) -> float:
    leaves = field.reflectance_specular + field.reflectance_diffuse + field.transmittance + field.escaped_sides
    return leaves + float(field.absorbed_fraction.sum()) + field.roulette_balance


def deviation(found: LightField, wanted: Any, quantity: str) -> Any:
    """Difference from `wanted`, a field or a number, in standard errors of both."""
    errors = [getattr(field.standard_error, quantity) for field in (found, wanted) if isinstance(field, LightField)]
    value = getattr(wanted, quantity) if isinstance(wanted, LightField) else wanted
    error = np.sqrt(sum(np.square(error) for error in errors))
    difference = np.asarray(getattr(found, quantity)) - value
    return np.where(difference == 0.0, 0.0, difference / np.maximum(error, 1e-300))


def stack(n: Sequence[float], mua: Sequence[float], thick: Sequence[float], degrees: float) -> tuple[float, float]:
    """Reflectance and transmittance of clear plates between two media, first and last of `n`, by adding from below."""
    invariant = np.asarray((n[0] * math.sin(math.radians(degrees))) ** 2)
    faces = [float(fresnel_reflectance(invariant, np.asarray(a), np.asarray(b))) for a, b in pairwise(n)]
    reflected, passed = faces[-1], 1.0 - faces[-1]
    for face, index, absorption, depth in list(zip(faces, n[1:], mua, thick, strict=False))[::-1]:
        transmitted = math.exp(-absorption * depth / math.sqrt(1.0 - float(invariant) / index**2))
        back = transmitted**2 * reflected
        passed *= (1.0 - face) * transmitted / (1.0 - face * back)
        reflected = face + (1.0 - face) ** 2 * back / (1.0 - face * back)
    return reflected, passed


# Against layers.


def test_a_hundred_random_layers_of_voxels_agree_with_the_exact_engine() -> None:
    """z² as in `test_two_hundred_random_media_agree_with_the_exact_engine`: mean 31 / 29, four errors of 100 are 0.63.

    Light at a side has come 5 mm through media of 2000 / m at least, and more than exp(-10) = 5e-5 of it cannot be
    left: a hundredth of the standard errors of 6400 packets. 32 directions give the parts to a thousandth, a fifth of
    these errors at worst. The bins cut voxels.
    """
    rng = np.random.default_rng(4)
    z = []
    for number in range(100):
        count = int(rng.integers(2, 5))
        planes = rng.integers(1, 5, count)
        values = {
            "mua_per_m": list(10.0 ** rng.uniform(math.log10(2000.0), 4.0, count)),
            "mus_per_m": list(10.0 ** rng.uniform(2.0, 4.5, count)),
            "g": list(rng.uniform(-0.5, 0.97, count)),
            "n": list(1.0 + 0.1 * rng.permutation(8)[:count]),
        }
        outside = {"ambient_n": float(rng.choice([1.0, 1.33])), "below_n": float(rng.choice([1.0, 1.4]))}
        cube = in_planes(np.repeat(np.arange(count), planes), 100)
        edges = SIZE * np.array([0.0, 0.37, 1.2])
        found = traced(VoxelSpace(cube, SIZE, **values, **outside), edges=edges, photons=6400, seed=number)
        medium = LayeredMedium(**values, thickness_m=list(SIZE * planes), **outside)
        exact = DiscreteOrdinates(streams=32).compute_light(medium, LightBeam(), LightTally(edges))
        error = found.standard_error
        assert error is not None
        parts = [
            (f.reflectance_diffuse, f.transmittance, *f.absorbed_fraction, *f.fluence_rate_ratio)
            for f in (found, exact, error)
        ]
        # Parts that a fifth of the packets or more take part in: their means are nearly normal.
        k = int(rng.choice([k for k, value in enumerate(parts[1]) if value > 0.2]))
        z.append((parts[0][k] - parts[1][k]) / parts[2][k])
        assert found.escaped_sides < math.exp(-10.0)
    assert abs(np.mean(np.square(z)) - 31 / 29) < 0.63
    assert abs(np.mean(z)) < 4 * math.sqrt(31 / 29 / 100)


@pytest.mark.parametrize("degrees", [0.0, 40.0, 75.0])
def test_absorbing_plates_are_the_closed_form(degrees: float) -> None:
    """Beer and Lambert along refracted rays, with every reflection in between.

    A crossing of the plates is 0.4 mm wide at most, the sides are 3 mm away and each turn back at a face keeps less
    than 0.3: what could reach a side is below 0.3^7 = 2e-4 of what turns back at all, itself below 0.3.
    """
    n, mua = (1.0, 1.6, 1.2, 1.33), (2000.0, 900.0)
    space = clear(in_planes([0, 0, 1, 1, 1], 60), n[1:3], mua, below_n=n[3])
    field = traced(space, tilted(degrees), photons=64_000)
    reflected, passed = stack(n, mua, (2 * SIZE, 3 * SIZE), degrees)
    assert abs(deviation(field, passed, "transmittance")) < FAR
    assert abs(deviation(field, reflected - field.reflectance_specular, "reflectance_diffuse")) < FAR
    assert field.escaped_sides < 1e-4


def test_fluence_along_a_ray_is_exponential_in_bins_that_cut_voxels() -> None:
    """Matched to the outside down to the fourth voxel, where the ray ends: means over bins of any width are exact."""
    space = clear(in_planes([0, 0, 0, 1], 9), (1.0, 1.2), (5000.0, 1e9))
    edges = SIZE * np.array([0.0, 0.1, 0.75, 1.0, 1.5, 2.9])
    field = traced(space, edges=edges)
    means = -np.diff(np.exp(-5000.0 * edges)) / (5000.0 * np.diff(edges))
    # What turns back at the fourth voxel, 1/121 of e^-1.5, comes through the bins once more.
    turned = (0.1 / 1.1) ** 2 / 4 * math.exp(-3.0)
    back = turned * np.diff(np.exp(5000.0 * edges)) / (5000.0 * np.diff(edges))
    assert field.standard_error is not None
    assert np.all(np.abs(deviation(field, means + back, "fluence_rate_ratio")) < FAR)


# Steps of the index.


@pytest.mark.parametrize("degrees", [0.0, 30.0, 80.0])
def test_a_high_index_guides_light_down_a_narrow_column(degrees: float) -> None:
    """Where n² > 2 light from air meets every side beyond the critical angle, so a column is an endless plate.

    n sin θ = s < 1 inside, and at a side √(1 - s² / n²) > 1 / n.
    """
    n = (1.0, 1.5, 1.8, 1.45, 1.0)
    space = clear(in_planes([0] * 7 + [1] * 8 + [2] * 6, 2), n[1:4], (0.0, 0.0, 0.0))
    field = traced(space, tilted(degrees, 17.0))
    reflected, passed = stack(n, (0.0,) * 3, (1.0,) * 3, degrees)
    assert reflected + passed == pytest.approx(1.0, abs=1e-12)
    assert field.escaped_sides == 0.0
    assert field.roulette_balance == 0.0
    assert abs(deviation(field, passed, "transmittance")) < FAR


def test_nothing_leaves_outside_the_escape_cone() -> None:
    """At 60° in a column of 1.2 a side is met at the sine √(1 - 0.75 / 1.44) = 0.69, less than 1 / 1.2: it lets out."""
    space = clear(in_planes([0] * 10 + [1] * 10, 2), (1.2, 1.25), (0.0, 0.0))
    assert traced(space, tilted(60.0), photons=3200).escaped_sides > 0.3
    # The same column at 20°: √(1 - 0.117 / 1.44) = 0.96 is more, and no side lets anything out.
    assert traced(space, tilted(20.0), photons=3200).escaped_sides == 0.0


def test_light_is_refracted_at_upright_faces() -> None:
    """From an index matched to the outside into columns of a lower one, of which the last takes all.

    At the angle a in the first column the upright face is met at 90° - a. What turns back there leaves by the
    other side.
    """
    index, lower, degrees, mua = 1.5, 1.1, 50.0, 3000.0
    media = np.repeat(np.array([0, 1, 2], np.uint16), [5, 3, 2])
    cube = np.ascontiguousarray(np.broadcast_to(media[:, None, None], (10, 10, 20)))
    space = clear(cube, (index, lower, lower), (0.0, mua, 1e9), ambient_n=index, below_n=index)
    depths = {"edges": SIZE * np.arange(21.0), "nx": 1, "ny": 1, "dx": 10 * SIZE, "dy": 10 * SIZE}
    field = traced(space, tilted(degrees, -150.0), photons=64_000, **depths)
    along = index * math.cos(math.radians(degrees))
    steep = math.sqrt(1.0 - (along / lower) ** 2)
    turned = float(fresnel_reflectance(np.asarray(along**2), np.asarray(index), np.asarray(lower)))
    assert turned > 0.01
    assert abs(deviation(field, turned, "escaped_sides")) < FAR
    assert field.reflectance_diffuse == field.transmittance == 0.0
    _, first, second = field.absorbed_fraction
    assert first + second == pytest.approx(1.0 - field.escaped_sides, abs=1e-12)
    # Of each packet that passes the same part is left: only μa in single precision rounds.
    assert second / (first + second) == pytest.approx(math.exp(-mua * 3 * SIZE / steep), rel=1e-6)
    # The last column is met, and all that comes there left, at one depth.
    assert field.absorbed_xyz is not None
    by_depth = field.absorbed_xyz[0, 0] * 100 * SIZE**3
    met = int(1.5 / math.tan(math.radians(degrees)) + 3 * along / lower / steep)
    assert by_depth[met] >= second
    assert by_depth[met + 1 :].tolist() == [0.0] * (19 - met)


def test_the_surface_throws_back_by_the_voxel_that_is_met() -> None:
    """Two halves of a clear cube under an endless beam: each a plate of its own."""
    media = np.repeat(np.array([0, 1], np.uint16), [2, 4])
    cube = np.ascontiguousarray(np.broadcast_to(media[:, None, None], (6, 6, 3)))
    field = traced(clear(cube, (1.2, 1.9), (0.0, 0.0)), LightBeam(kind="flat"))
    plates = [stack((1.0, n, 1.0), (0.0,), (SIZE,), 0.0)[1] for n in (1.2, 1.9)]
    first = [((n - 1.0) / (n + 1.0)) ** 2 for n in (1.2, 1.9)]
    assert abs(deviation(field, first[0] / 3 + first[1] * 2 / 3, "reflectance_specular")) < FAR
    assert abs(deviation(field, plates[0] / 3 + plates[1] * 2 / 3, "transmittance")) < FAR
    assert total(field) == pytest.approx(1.0, abs=1e-12)


def test_a_medium_that_no_voxel_holds_makes_no_step() -> None:
    absent, held = (
        VoxelSpace(in_planes(planes, 4), SIZE, [9.0] * 3, [90.0] * 3, [0.5] * 3, (1.3, 1.4, 1.3))
        for planes in ([0, 2, 2], [0, 1, 2])
    )
    assert not absent.build_scene(PENCIL)[0].crosses_voxel_faces
    assert held.build_scene(PENCIL)[0].crosses_voxel_faces


# Against the other kernel.


def mixed(seed: int, n: Any) -> VoxelSpace:
    """Four media in no order, some of them clear of one thing or the other."""
    cube = np.random.default_rng(seed).integers(0, 4, (7, 6, 9))
    return VoxelSpace(cube, SIZE, [0.0, 1500.0, 300.0, 4000.0], [3000.0, 0.0, 2e4, 8000.0], [0.0, 0.3, 0.9, 0.7], n)


@pytest.mark.parametrize(
    "beam", [LightBeam(kind="gaussian", spot_mm=0.4, angle_deg=35.0, y_um=60.0), LightBeam(kind="flat")]
)
def test_both_kernels_agree_on_one_index(beam: LightBeam, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty-odd quantities by maps that cut voxels; one beyond 4.5 errors in a run of two hundred."""
    space, edges = mixed(1, 1.4), SIZE * np.array([0.0, 0.6, 3.1, 9.0])
    options = {"photons": 128_000, "nx": 3, "ny": 2, "dx": 1.7e-4, "dy": 2.3e-4}
    other = traced(space, beam, edges, **options, seed=1)
    monkeypatch.setattr(PhotonScene, "crosses_voxel_faces", True)
    walked = traced(space, beam, edges, **options, seed=2)
    for quantity in (
        "reflectance_diffuse", "transmittance", "escaped_sides", "absorbed_fraction", "mean_path_m",
        "fluence_rate_ratio", "fluence_rate_xyz", "absorbed_xyz",
    ):  # fmt: skip
        values = np.asarray(getattr(other, quantity)) > 0.0
        z = np.asarray(deviation(walked, other, quantity))[values]
        assert z.size, quantity
        assert np.all(np.abs(z) < FAR), quantity
    # Absorption along the path is no guess: a medium that scatters nothing scatters no result either.
    assert walked.absorbed_fraction[0] == other.absorbed_fraction[0] == 0.0


def test_rings_agree_between_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    space, edges = mixed(2, 1.0), SIZE * np.linspace(0.0, 9.0, 4)
    options = {"photons": 64_000, "ring": 1.3e-4, "rings": 3}
    other = traced(space, PENCIL, edges, **options, seed=1)
    monkeypatch.setattr(PhotonScene, "crosses_voxel_faces", True)
    walked = traced(space, PENCIL, edges, **options, seed=2)
    for quantity in ("fluence_rate_rz", "reflectance_r", "transmittance_r"):
        assert np.all(np.abs(deviation(walked, other, quantity)) < FAR), quantity


def test_turns_follow_a_table_where_a_part_has_one() -> None:
    """Media whose table is even in the cosine are isotropic, whatever their g."""
    plain = mixed(3, (1.3, 1.4, 1.5, 1.4))
    isotropic, peaked = (replace(plain, g=[g] * 4).build_scene(PENCIL)[0] for g in (0.0, 0.95))
    tabulated = replace(peaked, cosines=np.array([[0.0, 2.0]], np.float32), tabulated=np.zeros(4, np.int32))
    tally = LightTally(SIZE * np.array([0.0, 9.0]))

    def reflected(scene: PhotonScene, seed: int) -> np.ndarray:
        return np.array([trace_batch(scene, tally, 2000, seed=seed, batch=k).sums[0] / 2000 for k in range(32)])

    even, table, forward = (reflected(scene, seed) for seed, scene in enumerate((isotropic, tabulated, peaked)))
    error = math.sqrt((even.var() + table.var()) / 31)
    assert abs(even.mean() - table.mean()) < FAR * error
    assert abs(even.mean() - forward.mean()) > 3 * FAR * error


# Weight.


def test_series_meet_the_closed_forms() -> None:
    """The mean of exp(-s) to rounding, and the share of a stretch to x³ / 192, the largest that is left out."""
    edge = voxel_walk._THIN
    for x in (1e-9, 1e-4, 0.7 * edge, math.nextafter(edge, 0.0), edge, 1.0, 40.0):
        assert voxel_walk._mean_weight(x) == pytest.approx(-math.expm1(-x) / x, rel=1e-14)
        for u in (1e-6, 0.3, 0.5, 0.9, 1.0 - 1e-9):
            share = voxel_walk._absorption_place(x, u)
            assert math.expm1(-x * share) / math.expm1(-x) == pytest.approx(u, abs=1.1 * edge**3 / 192, rel=1e-13)
            assert 0.0 <= share <= 1.0
    assert (voxel_walk._mean_weight(0.0), voxel_walk._absorption_place(0.0, 0.3)) == (1.0, 0.3)


def test_light_that_neither_leaves_nor_is_absorbed_plays_roulette_too() -> None:
    """Deep, without absorption: of a packet's N collisions more than a stretch's patience for one in a few hundred.

    The light that leaves is all there is, so the roulette brings nothing in the mean.
    """
    cube = in_planes([0] * 10 + [1] * 10, 20)
    space = VoxelSpace(cube, SIZE, [0.0, 0.0], [5e6, 5e6], [0.0, 0.0], (1.5, 1.6), 1.0, 1.0)
    field = traced(space, photons=3200)
    assert field.roulette_balance != 0.0
    assert abs(deviation(field, 0.0, "roulette_balance")) < FAR
    assert total(field) == pytest.approx(1.0, abs=1e-12)


def test_the_result_does_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    from skinbeam.simulate.light import batches

    fields = []
    for threads in (1, 3):
        monkeypatch.setattr(batches, "thread_count", lambda threads=threads: threads)
        fields.append(traced(mixed(5, (1.0, 1.3, 1.4, 1.5)), photons=3200, nx=3, ny=3, dx=SIZE, dy=SIZE))
    assert fields[0].transmittance == fields[1].transmittance > 0.0
    np.testing.assert_array_equal(fields[0].fluence_rate_xyz, fields[1].fluence_rate_xyz)


# Every edge.


def test_a_ray_along_an_edge_stays_in_one_voxel() -> None:
    """Four columns meet at x = y = 0; the ray goes down one of them, matched to the outside, and sees no other."""
    media = np.array([[0, 1], [2, 3]], np.uint16).repeat(2, 0).repeat(2, 1)
    cube = np.ascontiguousarray(np.broadcast_to(media[:, :, None], (4, 4, 8)))
    mua = np.array([100.0, 200.0, 400.0, 800.0])
    field = traced(clear(cube, (1.5, 1.4, 1.3, 1.0), mua), photons=32)
    assert field.transmittance == pytest.approx(math.exp(-800.0 * 8 * SIZE), rel=1e-6)
    assert field.absorbed_fraction[:3].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("way", [-1, 1])
def test_an_edge_is_part_of_the_voxel_that_the_ray_enters(way: int) -> None:
    """From x = 0 a ray goes to the left or, in the cube mirrored, to the right: the first voxel takes all of it."""
    media = np.repeat(np.array([1, 0], np.uint16), 2)[::way]
    cube = np.ascontiguousarray(np.broadcast_to(media[:, None, None], (4, 4, 4)))
    space = clear(cube, (1.0, 1.7), (1e9, 1e9))
    scene, _ = space.build_scene(tilted(45.0))
    scene.beam[6] *= way
    sums = trace_batch(scene, LightTally(np.array([0.0, SIZE])), 10, seed=0, batch=0).sums
    assert sums[PARTS : PARTS + 2] == pytest.approx([10.0, 0.0])


@pytest.mark.parametrize("degrees", [0.0, 30.0, 45.0])
@pytest.mark.parametrize("at", [0.0, 100.0, -400.0, 400.0])
def test_rays_through_edges_and_corners_end(degrees: float, at: float) -> None:
    """At 45° through a board of two media, matched in the mean, a ray meets an edge at every step."""
    cube = (np.indices((8, 8, 8)).sum(axis=0) % 2).astype(np.uint16)
    space = VoxelSpace(cube, SIZE, [0.0, 10.0], [0.0, 100.0], [0.0, 0.9], (1.0, 2.0))
    field = traced(space, tilted(degrees, at), photons=640)
    assert total(field) == pytest.approx(1.0, abs=1e-12)


def lengths(cube: np.ndarray, start: tuple[float, float], degrees: float) -> tuple[float, np.ndarray]:
    """Length of a straight ray in a cube, and in each of its media, in voxels, from a place on its upper face."""
    along = np.array([math.sin(math.radians(degrees)), 0.0, math.cos(math.radians(degrees))])
    place = np.array([*start, 0.0])
    crossed = [
        (np.arange(count + 1) - where) / step
        for count, where, step in zip(cube.shape, place, along, strict=True)
        if step > 1e-12
    ]
    ways = np.unique(np.concatenate([[0.0], *crossed]))
    ways = ways[(ways >= 0.0) & (ways <= min(faces[-1] for faces in crossed))]
    voxels = np.minimum((place + 0.5 * (ways[1:] + ways[:-1])[:, None] * along).astype(int), np.array(cube.shape) - 1)
    return float(np.ptp(ways)), np.bincount(cube[tuple(voxels.T)], np.diff(ways), minlength=int(cube.max()) + 1)


@settings(max_examples=60)
@given(st.data())
def test_a_straight_ray_has_in_each_voxel_its_geometric_length(data: st.DataObject) -> None:
    """Every voxel is a medium of its own; many rays run in a face or through an edge, which is either neighbour's.

    A start in µm is rounded by 1e-16 of some voxels; a ray that meets edges may pass the corner of a voxel beside it.
    """
    shape = data.draw(st.tuples(*[st.integers(1, 4)] * 3))
    cube = np.arange(math.prod(shape), dtype=np.uint16).reshape(shape)
    degrees = data.draw(st.sampled_from([0.0, 30.0, 45.0, math.degrees(math.atan(0.5)), 80.0]))
    start = tuple(
        data.draw(st.sampled_from([0.0, 0.3, 0.5, 1.0, 1.7, 2.0]).filter(lambda x, n=n: x <= n)) for n in shape[:2]
    )
    x, y = ((place - 0.5 * count) * SIZE * 1e6 for place, count in zip(start, shape[:2], strict=True))
    mua = [1e-3] * cube.size
    space = VoxelSpace(cube, SIZE, mua, [0.0] * cube.size, [0.0] * cube.size, [1.0] * cube.size)
    scene, _ = space.build_scene(LightBeam(kind="pencil", angle_deg=degrees, x_um=x, y_um=y))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PhotonScene, "crosses_voxel_faces", True)
        sums = trace_batch(scene, LightTally(np.array([0.0, SIZE])), 4, seed=1, batch=0).sums
    found = sums[PARTS + cube.size :] / 4 / SIZE
    whole, parts = lengths(cube, start, degrees)
    assert found.sum() == pytest.approx(whole, rel=1e-5)
    if not {0.0, 1.0, 2.0}.intersection(start):  # no face is a start, so each voxel of the ray is its only owner
        assert found == pytest.approx(parts, abs=1e-5)


INDICES = st.sampled_from([1.0, 1.33, 1.4, 1.5, 3.0])


@settings(max_examples=150)
@given(st.data())
def test_any_cube_closes_its_energy_and_ends(data: st.DataObject) -> None:
    """Nothing is lost, nothing is told outside the cube, and bins hold what parts hold.

    Sums to 200 round by 200 × 2^-54 at most in each addition, at random: in a million of them by 1e-11, which is less
    than 1e-12 of the 200 packets.
    """
    count = data.draw(st.integers(2, 4))
    shape = data.draw(st.tuples(*[st.integers(1, 5)] * 3))
    cube = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).integers(0, count, shape)
    mua, mus = (
        data.draw(st.lists(st.sampled_from([0.0, 1e-3, 100.0, 1e4, 1e6]), min_size=count, max_size=count))
        for _ in range(2)
    )
    g = data.draw(st.lists(st.sampled_from([-0.9, 0.0, 0.8, 0.99]), min_size=count, max_size=count))
    n = data.draw(st.lists(INDICES, min_size=count, max_size=count))
    half = np.array(shape[:2]) * SIZE / 2.0
    beam = LightBeam(
        kind="pencil",
        angle_deg=data.draw(st.sampled_from([0.0, 10.0, 45.0, 84.9])),
        x_um=data.draw(st.sampled_from([0.0, 0.25, 0.999999])) * half[0] * 1e6,
        y_um=data.draw(st.sampled_from([0.0, -0.25, -0.999999])) * half[1] * 1e6,
    )
    space = VoxelSpace(cube, SIZE, mua, mus, g, n, data.draw(INDICES), data.draw(INDICES))
    scene, launch = space.build_scene(beam)
    if launch.specular_reflectance >= 1.0:
        return
    tally = LightTally(SIZE * np.arange(shape[2] + 1.0), nx=shape[0], ny=shape[1], dx=SIZE, dy=SIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PhotonScene, "crosses_voxel_faces", True)
        batch = trace_batch(scene, tally, 200, seed=1, batch=0)
    leaves, absorbed, path = batch.sums[:PARTS], batch.sums[PARTS : PARTS + count], batch.sums[PARTS + count :]
    assert np.all(np.delete(batch.sums, ROULETTE) >= 0.0)
    assert (leaves.sum() + absorbed.sum()) / 200 == pytest.approx(1.0, abs=1e-12)
    assert absorbed == pytest.approx(np.float32(mua) * path, rel=1e-9)
    assert batch.absorbed[0].sum() == pytest.approx(absorbed.sum(), rel=1e-12)
    assert batch.fluence.sum() == pytest.approx(path.sum(), rel=1e-12)
    # Bins are voxels, so each holds its own medium's part, but for stretches of length 0 on a face, to rounding.
    assert batch.fluence[:, -1].sum() <= 1e-12 * path.sum()
    by_voxel = np.moveaxis(batch.absorbed[0][:, :-1].reshape(shape[2], *shape[:2]), 0, 2)
    assert [by_voxel[cube == medium].sum() for medium in range(count)] == pytest.approx(list(absorbed), abs=2e-10)
