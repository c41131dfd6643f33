"""Trace photon packets on a graphics card, one packet to a thread.

A thread launches the packets of its share one after another, so that no lane waits for the longest path of its warp.
The physics is that of the processor's kernel: the same steps, loaded for the card, and the same sums. Flights are in
single precision; a thread sums in double precision in its own memory and adds to the batch once, at its end. The tally
is updated at each step, in the shared memory of a block where it fits, else in that of the card.

Each thread of each batch has a stream of random numbers of its own, so that packets depend on seed and batch alone.
Additions of threads have no fixed order: two runs agree to the rounding of double precision, not to the bit, and with
the processor, or with a card of another kind, within standard errors.

This module needs numba-cuda; with NUMBA_ENABLE_CUDASIM=1 in the environment it runs in its simulator.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numba import config, cuda, float64

from skinbeam.physics.light import photon_steps
from skinbeam.physics.light.photon_scene import BatchSums, LightTally, PhotonScene
from skinbeam.physics.light.photon_steps import (
    LONG_FLIGHT_CHANCE,
    LONG_FLIGHT_GROWTH,
    LONG_FLIGHT_STEPS,
    PENCIL,
    ROULETTE_BELOW,
    ROULETTE_CHANCE,
)
from skinbeam.physics.light.photons import kernel_numbers, sum_batch
from skinbeam.physics.numerics.memory_layout import (
    CELL_X,
    CELL_Y,
    COLUMNS_X,
    COLUMNS_Y,
    FIRST_DEPTH,
    FREE,
    HALF_X,
    HALF_Y,
    INDEX,
    MUA,
    MUS,
    PART,
    PARTS,
    PER_CELL_X,
    PER_CELL_Y,
    PER_COLUMN_X,
    PER_COLUMN_Y,
    PER_DEPTH,
    PER_RING,
    REFLECTED,
    RINGS,
    ROULETTE,
    SIDES,
    SIZE,
    SPECULAR,
    SURFACE_WEIGHT,
    TENTATIVE,
    THICK,
    TOP,
    G,
)

__all__ = ["CudaTracer", "random_streams"]

F, J, U, W, D = np.float32, np.int32, np.uint32, np.uint64, np.float64

# Threads of a block and of a launch, the same on every card, so that the packets are the same too; the limit of
# registers lets a multiprocessor of a card hold 1024 threads. The simulator runs each thread as a Python thread and
# takes no options.
BLOCK, THREADS = (2, 128) if config.ENABLE_CUDASIM else (128, 128 * 1024)
_OPTIONS = {} if config.ENABLE_CUDASIM else {"max_registers": 64, "cache": True}
THREAD_SUMS = (16, 64, 512)  # numbers of sums that a thread can store
SHARED_BYTES = 16 * 1024  # largest tally in shared memory; more would leave a card with too few blocks
_LARGE_WEIGHT = F(ROULETTE_BELOW)


def _minus_log(u):  # type: ignore[no-untyped-def]
    """Return -ln u by the card's own logarithm."""
    return F(-math.log(u))


def _device_function(function):  # type: ignore[no-untyped-def]
    """Compile a step for the card.

    Fast-math rules are off for `weight_left`, since rounding the weight by chance relies on the order of its sums.
    """
    return cuda.jit(device=True, fastmath=function.__name__ != "weight_left")(function)


_step = photon_steps.load(_device_function, {"minus_log": _minus_log})
next_word, fraction, single, even, azimuth = (
    _step.next_word, _step.fraction, _step.single, _step.even, _step.azimuth,
)  # fmt: skip
minus_log, deflection, deflection_by_table, turned, weight_left = (
    _step.minus_log, _step.deflection, _step.deflection_by_table, _step.turned, _step.weight_left,
)  # fmt: skip
fresnel, folded, inside, voxel, ring, column, bin_at = (
    _step.fresnel, _step.folded, _step.inside, _step.voxel, _step.ring, _step.column, _step.bin_at,
)  # fmt: skip
nearest_wall, launched, roulette = _step.nearest_wall, _step.launched, _step.roulette


@_device_function
def _uniform(a, b):  # type: ignore[no-untyped-def]
    """Return a random number in ]0, 1[ and the state that follows."""
    word, a, b = next_word(a, b)
    return fraction(word), a, b


@_device_function
def _medium_at(mode, slabs, slab, shapes, cube, media, n, x, y, z):  # type: ignore[no-untyped-def]
    """Return μa, μs, g and part at a place, z from the top of the slab: of the last shape around it, or of the slab."""
    mua, mus, g, part = slabs[slab, MUA], slabs[slab, MUS], slabs[slab, G], slabs[slab, PART]
    if mode == 1:
        x, y, z = folded(x, n[CELL_X], n[PER_CELL_X]), folded(y, n[CELL_Y], n[PER_CELL_Y]), z + slabs[slab, TOP]
        for s in range(len(shapes)):
            if inside(shapes, s, x, y, z):
                mua, mus, g, part = shapes[s, 13], shapes[s, 14], shapes[s, 15], shapes[s, 16]
    elif mode == 2:
        per_size = F(1.0) / n[SIZE]
        i = voxel(x + n[HALF_X], per_size, cube.shape[0])
        j = voxel(y + n[HALF_Y], per_size, cube.shape[1])
        k = voxel(z + slabs[slab, TOP], per_size, cube.shape[2])
        medium = cube[i, j, k]
        mua, mus, g, part = media[medium, 0], media[medium, 1], media[medium, 2], media[medium, 3]
    return mua, mus, g, J(part)


@_device_function
def _bin_of_depth(edges, z):  # type: ignore[no-untyped-def]
    """Return the number of the bin between `edges` that holds a depth: -1 above them, the number of bins below."""
    low, high = 0, len(edges)
    while low < high:
        middle = (low + high) // 2
        if edges[middle] <= z:
            low = middle + 1
        else:
            high = middle
    return F(low - 1)


@_device_function
def _bin_of_place(n, edges, x, y, z, top):  # type: ignore[no-untyped-def]
    """Return the bin of a place, z from the top of a slab."""
    by_step = n[PER_DEPTH] > F(0.0)
    level = (z + top - n[FIRST_DEPTH]) * n[PER_DEPTH] if by_step else _bin_of_depth(edges, D(z) + D(top))
    depths = J(len(edges) - 1)
    if n[COLUMNS_X] > F(0.0):
        nx, ny = J(n[COLUMNS_X]), J(n[COLUMNS_Y])
        x, y = folded(x, n[CELL_X], n[PER_CELL_X]), folded(y, n[CELL_Y], n[PER_CELL_Y])
        return bin_at(level, depths, column(x, y, nx, ny, n[PER_COLUMN_X], n[PER_COLUMN_Y]), J(nx * ny + J(1)))
    rings = J(n[RINGS])
    return bin_at(level, depths, ring(x, y, n[PER_RING], rings), J(rings + J(1)))


@_device_function
def _add_to_sum(own, sums, batch, k, value):  # type: ignore[no-untyped-def]
    """Add to a sum of the thread, or to that of the batch where a thread has no memory for all sums."""
    if len(own) >= sums.shape[1]:
        own[k] += value
    else:
        cuda.atomic.add(sums, (batch, k), value)


@cache
def _trace_kernel(capacity: int) -> Any:
    """Return the kernel whose threads store `capacity` sums."""

    @cuda.jit(fastmath=True, **_OPTIONS)
    def fly(  # type: ignore[no-untyped-def]
        sizes, states, mode, slabs, beam, shapes, cube, media, cosines, tabulated, edges, n, near_bins, sums, counted,
        out,
    ):  # fmt: skip
        batch, thread, threads = cuda.blockIdx.y, cuda.grid(1), cuda.gridsize(1)
        near = cuda.shared.array(0, float64)
        for k in range(cuda.threadIdx.x, near_bins, cuda.blockDim.x):
            near[k] = 0.0
        own = cuda.local.array(capacity, float64)
        for k in range(capacity):
            own[k] = 0.0
        cuda.syncthreads()
        count = (sums.shape[1] - PARTS) // 2
        share = sizes[batch] // threads + (1 if thread < sizes[batch] % threads else 0)
        a, b = states[batch, thread, 0], states[batch, thread, 1]
        half_x, half_y = n[HALF_X], n[HALF_Y]
        alive, slab, part = False, 1, J(0)
        x, y, z, ux, uy, uz = F(0.0), F(0.0), F(0.0), F(0.0), F(0.0), F(1.0)
        w, entry, path = F(0.0), F(0.0), F(0.0)
        steps, patience = 0, LONG_FLIGHT_STEPS
        while alive or share > 0:
            if not alive:
                share -= 1
                u1, u2, u3, u4 = 0.5, 0.5, 0.5, 0.5
                if beam[0] != PENCIL:
                    u1, a, b = _uniform(a, b)
                    u2, a, b = _uniform(a, b)
                    u3, a, b = _uniform(a, b)
                    u4, a, b = _uniform(a, b)
                x0, y0, ux0, uy0, uz0, weight = launched(
                    beam, D(slabs[0, INDEX]), D(slabs[1, INDEX]), n[SURFACE_WEIGHT] > F(0.0), u1, u2, u3, u4
                )
                _add_to_sum(own, sums, batch, SPECULAR, 1.0 - weight)
                x, y, z, ux, uy, uz = F(x0), F(y0), F(0.0), F(ux0), F(uy0), F(uz0)
                w, entry, path = F(weight), F(weight), F(0.0)
                slab, part = 1, J(slabs[1, PART])
                steps, patience = 0, LONG_FLIGHT_STEPS
                alive = bool(w > F(0.0) and abs(x) <= half_x and abs(y) <= half_y)
                if not alive:
                    _add_to_sum(own, sums, batch, SIDES, weight)
                continue
            word, a, b = next_word(a, b)
            bits, others = U(word & W(0xFFFFFFFF)), U(word >> W(32))
            free = minus_log(single(bits)) * slabs[slab, FREE]
            far_x, far_y, far_z = x + ux * free, y + uy * free, z + uz * free
            thick = slabs[slab, THICK]
            if abs(far_x) > half_x or abs(far_y) > half_y or far_z < F(0.0) or far_z > thick:
                # Move to the face ahead, and through it or back.
                way, axis = nearest_wall(x, y, z, ux, uy, uz, thick, half_x, half_y)
                x += ux * way
                y += uy * way
                u, a, b = _uniform(a, b)
                if axis < 2:
                    steep = ux if axis == 0 else uy
                    z = min(max(z + uz * way, F(0.0)), thick)
                    reflected, refracted = fresnel(D(slabs[slab, INDEX]), D(slabs[0, INDEX]), abs(D(steep)))
                    if u < reflected:
                        ux = -ux if axis == 0 else ux
                        uy = uy if axis == 0 else -uy
                        continue
                    beyond, gone = slab, SIDES
                else:
                    down = uz > F(0.0)
                    beyond = slab + 1 if down else slab - 1
                    gone = REFLECTED + 1 if down else REFLECTED
                    n1, n2 = D(slabs[slab, INDEX]), D(slabs[beyond, INDEX])
                    z = thick if down else F(0.0)
                    if n1 != n2:
                        reflected, refracted = fresnel(n1, n2, abs(D(uz)))
                        if u < reflected:
                            uz = -uz
                            continue
                        ux *= F(n1 / n2)
                        uy *= F(n1 / n2)
                        uz = F(refracted) if down else F(-refracted)
                if mode == 0:
                    _add_to_sum(own, sums, batch, PARTS + part, D(entry) - D(w))
                    _add_to_sum(own, sums, batch, PARTS + count + part, D(path))
                if axis == 2 and 0 < beyond < len(slabs) - 1:
                    slab, part = beyond, J(slabs[beyond, PART])
                    z = F(0.0) if uz > F(0.0) else slabs[slab, THICK]
                    entry, path = w, F(0.0)
                    continue
                _add_to_sum(own, sums, batch, gone, D(w))
                if axis == 2 and n[PER_RING] > F(0.0):
                    cuda.atomic.add(out, (batch, gone - REFLECTED, ring(x, y, n[PER_RING], J(n[RINGS]))), D(w))
                alive = False
                continue
            x, y, z = far_x, far_y, far_z
            mua, mus, g, part = _medium_at(mode, slabs, slab, shapes, cube, media, n, x, y, z)
            # Absorb weight and turn, where a tentative collision is a real one (light 8).
            fluence = w * slabs[slab, FREE]
            about = azimuth(bits, others)
            after = weight_left(w, fluence, mua, about)
            left = D(w) - D(after)
            k = _bin_of_place(n, edges, x, y, z, slabs[slab, TOP])
            if near_bins > 0:
                cuda.atomic.add(near, k, D(fluence))
            else:
                cuda.atomic.add(counted, (batch, 0, k), D(fluence))
            if counted.shape[1] > 1:
                cuda.atomic.add(counted, (batch, 1, k), left)
            if mode == 0:
                path += fluence
            else:
                _add_to_sum(own, sums, batch, PARTS + part, left)
                _add_to_sum(own, sums, batch, PARTS + count + part, D(fluence))
            chance = F(0.0)
            if n[TENTATIVE] > F(0.0):
                word, a, b = next_word(a, b)
                chance = single(U(word >> W(32)))
            if chance * after < fluence * mus:
                v = deflection(g, even(others))
                if len(tabulated) > 0 and tabulated[part] >= 0:
                    v = deflection_by_table(cosines, tabulated[part], others)
                ux, uy, uz = turned(ux, uy, uz, v, about)
            w = after
            steps += 1
            long = steps >= patience
            if w < _LARGE_WEIGHT or long:
                patience = patience * LONG_FLIGHT_GROWTH if long else patience
                u, a, b = _uniform(a, b)
                survived = F(roulette(w, u, LONG_FLIGHT_CHANCE if long else ROULETTE_CHANCE))
                _add_to_sum(own, sums, batch, ROULETTE, D(w) - D(survived))
                if mode == 0:
                    _add_to_sum(own, sums, batch, PARTS + part, D(entry) - D(w))
                    _add_to_sum(own, sums, batch, PARTS + count + part, D(path))
                w, entry, path = survived, survived, F(0.0)
                alive = bool(survived > F(0.0))
        for k in range(min(capacity, sums.shape[1])):
            if own[k] != 0.0:
                cuda.atomic.add(sums, (batch, k), own[k])
        cuda.syncthreads()
        for k in range(cuda.threadIdx.x, near_bins, cuda.blockDim.x):
            if near[k] != 0.0:
                cuda.atomic.add(counted, (batch, 0, k), near[k])

    return fly


class CudaTracer:
    """A scene and a tally on the graphics card, and the memory for the sums of `batches` at once."""

    def __init__(self, scene: PhotonScene, tally: LightTally, batches: int) -> None:
        self._tally, self._batches = tally, batches
        bins = tally.bin_count + 1
        self._near_bins = bins if tally.quantity_count == 1 and 8 * bins <= SHARED_BYTES else 0
        numbers = tuple(F(value) for value in kernel_numbers(scene, tally))
        arrays = (
            scene.slabs.T, scene.beam, scene.shapes, scene.cube, scene.media, scene.cosines, scene.tabulated,
            tally.edges,
        )  # fmt: skip
        self._space = (scene.mode, *(cuda.to_device(np.ascontiguousarray(array)) for array in arrays), numbers)
        sums = PARTS + 2 * scene.parts
        # A few kernels serve all numbers of parts, since each takes seconds to compile.
        self._fly = _trace_kernel(next((room for room in THREAD_SUMS if room >= sums), THREAD_SUMS[0]))
        shapes = ((batches, sums), (batches, tally.quantity_count, bins), (batches, 2, tally.rings + 1))
        self._zeros = [np.zeros(shape) for shape in shapes]
        self._sums = [cuda.device_array(shape) for shape in shapes]

    def trace(self, sizes: Sequence[int], *, seed: int, first: int) -> Iterator[BatchSums]:
        """Yield the sums of consecutive batches from the batch `first` on.

        `sizes` are the packets of each batch; there may be no more batches than fit in memory at once.
        """
        for sums, zeros in zip(self._sums, self._zeros, strict=True):
            sums.copy_to_device(zeros)
        blocks = -(-min(max(sizes), THREADS // self._batches) // BLOCK)
        states = np.stack([random_streams(seed, first + k, blocks * BLOCK) for k in range(len(sizes))])
        shared = 8 * max(self._near_bins, 1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Grid size")  # a small run is as quick on a few processors
            self._fly[(blocks, len(sizes)), BLOCK, 0, shared](
                cuda.to_device(np.array(sizes)), cuda.to_device(states), *self._space, self._near_bins, *self._sums
            )
        sums, counted, out = (total.copy_to_host() for total in self._sums)
        for k in range(len(sizes)):
            yield sum_batch(self._tally, sums[k], counted[k], out[k])


def random_streams(seed: int, batch: int, threads: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the states of the random number generators, (thread, 2), from a hash of seed and batch: never zero.

    They differ from the processor's, so that the two may be compared, and do not depend on the number of threads.
    """
    words = np.random.SeedSequence([seed, batch], spawn_key=(1,)).generate_state(2 * threads, np.uint64)
    return np.asarray(words | np.uint64(1), dtype=np.uint64).reshape(threads, 2)
