"""Trace batches of photon packets through slabs, inclusions and voxels on the processor.

Space is a stack of slabs with plane faces, which may hold inclusions or voxels. In a slab every packet flies to a
tentative collision at the rate M, the largest μa + μs there (Woodcock et al. 1965), or to a face. At a tentative
collision in a medium of μa and μs it

    leaves w μa / M of its weight w,
    turns with the probability μs / (M - μa),
    tells of the fluence w / M per volume,                                                                   (light 8)

which needs no face of a vessel or voxel and is exact for any shape of one refractive index. Through voxels of several
indices packets go from face to face (`light.photon_voxels`). At a face of a slab a packet is reflected with Fresnel's
probability. Below a small weight one packet in ten continues with ten times its weight (roulette, counted, so that
energy is conserved to rounding; rules of weight after Wang, Jacques and Zheng 1995). A result depends on seed and batch
alone.
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.physics.light.photon_flight import trace_packets
from skinbeam.physics.light.photon_scene import BatchSums, LightTally, PhotonScene
from skinbeam.physics.light.photon_voxels import walk_voxels
from skinbeam.physics.numerics.memory_layout import FREE, INDEX, LANES, MUA, MUS, PACKET_FIELDS, PARTS

__all__ = ["bin_guide", "kernel_numbers", "random_streams", "sum_batch", "trace_batch"]

Floats = NDArray[np.float64]

_GUIDE = 1024  # number of depth steps in the search guide for uneven bins
_FAR_M = 1e20  # distance of sides that do not exist; no overflow in single precision over the smallest cosine


def trace_batch(
    scene: PhotonScene, tally: LightTally, photons: int, *, seed: int, batch: int, stop: NDArray[np.int8] | None = None
) -> BatchSums:
    """Trace one batch of `photons` packets, at least 1, and return its sums.

    Parameters
    ----------
    seed, batch : select the random numbers.
    stop : one number; when it is set from elsewhere the run ends at once and its result has no meaning.
    """
    parts = scene.parts
    sums = np.zeros(PARTS + 2 * parts)
    counted = np.zeros((tally.quantity_count, tally.bin_count + 1))
    out = np.zeros((2, tally.rings + 1))
    state, stop = random_streams(seed, batch), np.zeros(1, np.int8) if stop is None else stop
    numbers = kernel_numbers(scene, tally)
    if scene.crosses_voxel_faces:
        above_n, below_n = (float(scene.slabs[INDEX, outside]) for outside in (0, -1))
        walk_voxels(
            photons, state[3 * LANES :], stop, above_n, below_n, scene.beam, scene.cube.reshape(-1), scene.cube.shape,
            scene.media, scene.cosines, scene.tabulated, tally.edges, numbers, sums, counted[0], counted[-1], out,
        )  # fmt: skip
        return sum_batch(tally, sums, counted, out)
    flights, chances = np.zeros(LANES, np.uint64), np.zeros(LANES // 2, np.uint64)
    lanes = (
        np.zeros(PACKET_FIELDS * LANES, np.float32), flights, flights.view(np.uint32), chances, chances.view(np.uint32),
        np.zeros(LANES + 1, np.int64), np.zeros((4, parts, 2)), *np.zeros((2, LANES), np.int64), stop,
    )  # fmt: skip
    trace_packets(
        photons, scene.mode, lanes, state, scene.slabs, scene.beam, scene.shapes, scene.cube, scene.media,
        scene.cosines, scene.tabulated, tally.edges, bin_guide(tally.edges), numbers, sums, counted[0], counted[-1],
        out,
    )  # fmt: skip
    return sum_batch(tally, sums, counted, out)


def kernel_numbers(scene: PhotonScene, tally: LightTally) -> Floats:
    """Return the numbers that describe tally and space to the kernels, in the order of `numerics.memory_layout`."""
    step = np.diff(tally.edges)
    even = bool(np.allclose(step, step[0], rtol=1e-9, atol=0.0))
    # No collision is tentative where each slab is its own densest medium.
    slabs = scene.slabs[:, 1:-1]
    tentative = scene.mode > 0 or bool(np.any(slabs[FREE] * (slabs[MUA] + slabs[MUS]) < 0.9999))
    return np.array(
        [
            tally.edges[0], 1.0 / step[0] if even else 0.0, len(step), _inverse_width(tally.ring), tally.rings,
            tally.nx, tally.ny, _inverse_width(tally.dx), _inverse_width(tally.dy), *scene.cell,
            *map(_inverse_width, scene.cell),
            *np.minimum(scene.half, _FAR_M), scene.size, scene.weighs, tentative, scene.splits,
            _inverse_width(scene.ring),
        ]
    )  # fmt: skip


def bin_guide(edges: Floats) -> NDArray[np.int64]:
    """Return the first bin that overlaps each of equal steps over all depths, where the search for a bin begins."""
    # Start half a step early, so that rounding never starts the search behind the bin of a depth.
    starts = edges[0] + (np.arange(_GUIDE) - 0.5) * (edges[-1] - edges[0]) / _GUIDE
    return np.maximum(np.searchsorted(edges, starts, side="right") - 1, 0)


def sum_batch(tally: LightTally, sums: Floats, counted: Floats, out: Floats) -> BatchSums:
    """Return the counts of a kernel, (field, bin + 1), as batch sums, without light above or below the depths."""
    fields = counted[:, :-1].reshape(tally.quantity_count, len(tally.edges) - 1, tally.column_count)
    return BatchSums(sums, fields[0], fields[1:], out)


def _inverse_width(width: float) -> float:
    return 1.0 / width if width else 0.0


def random_streams(seed: int, batch: int) -> NDArray[np.uint64]:
    """Return the states of the random number generators, each of two words, from a hash of seed and batch: never zero.

    Two rows of LANES for flights, two of half as many for chances, one for single draws.
    """
    words = np.random.SeedSequence([seed, batch]).generate_state(3 * LANES + 2, np.uint64)
    return np.asarray(words | np.uint64(1), dtype=np.uint64)
