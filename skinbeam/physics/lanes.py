"""The kernel that flies packets, `LANES` of them side by side on a core.

A step is a few loops over all lanes without a branch, which the compiler makes into vector instructions: all that they
change lies in one array of rows, so that it can see that nothing overlaps. What differs from lane to lane (tallies,
faces, new packets) follows one by one. Flights are in single precision, with depths measured from the top of the slab;
what is summed is in double precision. Each lane has a stream of random numbers of its own.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from skinbeam.physics import steps

__all__ = [
    "FREE",
    "INDEX",
    "LANES",
    "MUA",
    "MUS",
    "PART",
    "PARTS",
    "REFLECTED",
    "ROULETTE",
    "ROWS",
    "SIDES",
    "SPECULAR",
    "THICK",
    "TOP",
    "TRANSMITTED",
    "G",
    "trace",
]

F, J, U, W = np.float32, np.int32, np.uint32, np.uint64

LANES = 128
ROULETTE_BELOW, ROULETTE_CHANCE = 1e-4, 0.1

# Rows of the array of packets: place, direction, weight, weight on entering the slab, path since; then of the slab
# 1 / M, thickness, top, number; of the medium at the place μa, μs, g, part; of the last step the fluence, the weight
# before, 1 - cos of the turn, whether one by one work is due, and the bin of the tally.
_X, _Y, _Z, _UX, _UY, _UZ, _W, _ENTRY, _PATH = range(9)
_FREE, _THICK, _TOP, _SLAB, _MUA, _MUS, _G, _PART = range(9, 17)
_FLUENCE, _BEFORE, _TURN, _DUE, _BIN = range(17, 22)
ROWS = 22
# Entries of the numbers of tally and space, lengths in m: the tally's first depth, 1 / height and number of even depths
# (1 / height is 0 for others), 1 / width and number of rings, numbers and 1 / width of columns; width and 1 / width of
# the cell that repeats; half widths of the space, width of a voxel; whether packets weigh what the surface lets in, and
# whether collisions are tentative.
(
    FIRST_DEPTH, PER_DEPTH, DEPTHS, PER_RING, RINGS, COLUMNS_X, COLUMNS_Y, PER_COLUMN_X, PER_COLUMN_Y,
    CELL_X, CELL_Y, PER_CELL_X, PER_CELL_Y, HALF_X, HALF_Y, SIZE, WEIGHS, TENTATIVE,
) = range(18)  # fmt: skip
# Rows of the table of slabs, the media above and below among them.
FREE, THICK, TOP, INDEX, MUA, MUS, G, PART = range(8)
# Entries of the sums of a batch; absorbed in each part and path in each part follow.
REFLECTED, TRANSMITTED, SIDES, SPECULAR, ROULETTE, PARTS = range(6)


# What keeps infinities and comparisons as they are, and the order of sums, on which the rounding of weights rests.
_FAST = {"contract", "arcp", "afn", "nsz"}
# The kernels allocate nothing, so Numba's counting of references is off: it took nine tenths of the time of a slab.
_OPTIONS = {"error_model": "numpy", "nogil": True, "_nrt": False}
_loop = njit(fastmath=_FAST, forceinline=True, **_OPTIONS)
_single = njit(forceinline=True, **_OPTIONS)
_step = steps.load(njit(fastmath=_FAST, forceinline=True, **_OPTIONS))
next_word, fraction, minus_log, deflection, turned = (
    _step.next_word, _step.fraction, _step.minus_log, _step.deflection, _step.turned,
)  # fmt: skip
fresnel, folded, inside, nearest_wall, emitted = (
    _step.fresnel, _step.folded, _step.inside, _step.nearest_wall, _step.emitted,
)  # fmt: skip


@_loop
def _draw(state, first, words):  # type: ignore[no-untyped-def]
    """Fill `words` from the generators that begin at `first`."""
    for i in range(LANES):
        words[i], state[first + i], state[first + LANES + i] = next_word(state[first + i], state[first + LANES + i])


@_loop
def _draw_half(state, first, words):  # type: ignore[no-untyped-def]
    """Fill half as many words, two numbers of 32 bits in each."""
    half = LANES // 2
    for i in range(half):
        words[i], state[first + i], state[first + half + i] = next_word(state[first + i], state[first + half + i])


@_single
def _uniform(state):  # type: ignore[no-untyped-def]
    """One number from the stream for single draws."""
    word, state[3 * LANES], state[3 * LANES + 1] = next_word(state[3 * LANES], state[3 * LANES + 1])
    return fraction(word)


@_loop
def _move(p, words, half_x, half_y):  # type: ignore[no-untyped-def]
    """Fly every lane to its tentative collision; one that would meet a face first stays and is due."""
    for i in range(LANES):
        u = (F(J(U(words[i] >> U(8)))) + F(0.5)) * F(2.0**-24)
        free = minus_log(u) * p[_FREE * LANES + i]
        ux, uy, uz, z = p[_UX * LANES + i], p[_UY * LANES + i], p[_UZ * LANES + i], p[_Z * LANES + i]
        x, y = p[_X * LANES + i], p[_Y * LANES + i]
        far_x, far_y, far_z = x + ux * free, y + uy * free, z + uz * free
        stays = (abs(far_x) > half_x) | (abs(far_y) > half_y) | (far_z < F(0.0)) | (far_z > p[_THICK * LANES + i])
        fluence = F(0.0) if stays else p[_W * LANES + i] * p[_FREE * LANES + i]
        p[_X * LANES + i] = x if stays else far_x
        p[_Y * LANES + i] = y if stays else far_y
        p[_Z * LANES + i] = z if stays else far_z
        p[_FLUENCE * LANES + i] = fluence
        p[_PATH * LANES + i] += fluence


@_loop
def _in_shapes(p, shapes, cell_x, cell_y, per_x, per_y):  # type: ignore[no-untyped-def]
    """Give every lane the medium at its place: that of the last shape around it, else of its slab."""
    for s in range(len(shapes)):
        mua, mus, g, part = shapes[s, 13], shapes[s, 14], shapes[s, 15], shapes[s, 16]
        for i in range(LANES):
            x = folded(p[_X * LANES + i], cell_x, per_x)
            y = folded(p[_Y * LANES + i], cell_y, per_y)
            here = inside(shapes, s, x, y, p[_Z * LANES + i] + p[_TOP * LANES + i])
            p[_MUA * LANES + i] = mua if here else p[_MUA * LANES + i]
            p[_MUS * LANES + i] = mus if here else p[_MUS * LANES + i]
            p[_G * LANES + i] = g if here else p[_G * LANES + i]
            p[_PART * LANES + i] = part if here else p[_PART * LANES + i]


@_single
def _of_slab(p, slabs):  # type: ignore[no-untyped-def]
    """Give every lane the medium of its slab."""
    for i in range(LANES):
        slab = int(p[_SLAB * LANES + i])
        p[_MUA * LANES + i] = slabs[MUA, slab]
        p[_MUS * LANES + i] = slabs[MUS, slab]
        p[_G * LANES + i] = slabs[G, slab]
        p[_PART * LANES + i] = slabs[PART, slab]


@_single
def _in_cube(p, cube, media, half_x, half_y, per_size):  # type: ignore[no-untyped-def]
    """Give every lane the medium of the voxel that it is in; rounding at the faces goes to the last voxel."""
    nx, ny, nz = cube.shape
    for i in range(LANES):
        x = min(max(int((p[_X * LANES + i] + half_x) * per_size), 0), nx - 1)
        y = min(max(int((p[_Y * LANES + i] + half_y) * per_size), 0), ny - 1)
        z = min(max(int((p[_Z * LANES + i] + p[_TOP * LANES + i]) * per_size), 0), nz - 1)
        medium = cube[x, y, z]
        p[_MUA * LANES + i] = media[medium, 0]
        p[_MUS * LANES + i] = media[medium, 1]
        p[_G * LANES + i] = media[medium, 2]
        p[_PART * LANES + i] = media[medium, 3]


@_loop
def _deflect(p, words):  # type: ignore[no-untyped-def]
    for i in range(LANES):
        q = (F(J(U(words[LANES + i] >> U(12)))) + F(0.5)) * F(2.0**-19) - F(1.0)
        p[_TURN * LANES + i] = deflection(p[_G * LANES + i], q)


@_single
def _deflect_by_table(p, words, cosines, tabulated):  # type: ignore[no-untyped-def]
    """Turn those lanes by their table whose part has one."""
    steps_count = cosines.shape[1] - 1
    for i in range(LANES):
        row = tabulated[int(p[_PART * LANES + i])]
        if row >= 0:
            at = (F(J(U(words[LANES + i] >> U(12)))) + F(0.5)) * F(2.0**-20) * F(steps_count)
            k = int(at)
            low = cosines[row, k]
            p[_TURN * LANES + i] = low + (at - F(k)) * (cosines[row, k + 1] - low)


@_loop
def _collide(p, words, chances, low):  # type: ignore[no-untyped-def]
    """Leave weight and turn, where a tentative collision is one."""
    for i in range(LANES):
        rest = U(U(U(words[LANES + i] & U(0xFFF)) << U(8)) | U(words[i] & U(0xFF)))
        azimuth = (F(J(rest)) + F(0.5)) * F(2.0**-20) - F(0.5)
        w = p[_W * LANES + i]
        # What stays at a face has no fluence; elsewhere this is w / M.
        fluence = p[_FLUENCE * LANES + i]
        left = fluence * p[_MUA * LANES + i]
        # Where little is left, rounding the weight would always err to the same side: it is rounded by chance, with the
        # azimuth as the chance and the last place of w as its width.
        last_place = J(F(w).view(J) & J(0x7F800000)).view(F) * F(2.0**-23)
        left = left + azimuth * last_place if left > F(0.0) else F(0.0)
        left = left if left < w else w
        after = w - left
        p[_BEFORE * LANES + i] = w
        p[_W * LANES + i] = after
        chance = (F(J(U(chances[i] >> U(8)))) + F(0.5)) * F(2.0**-24)
        turns = chance * after < fluence * p[_MUS * LANES + i]
        due = (fluence == F(0.0)) | (after < low)
        p[_DUE * LANES + i] = J(J(1) if due else J(0)).view(F)
        ux, uy, uz = p[_UX * LANES + i], p[_UY * LANES + i], p[_UZ * LANES + i]
        vx, vy, vz = turned(ux, uy, uz, p[_TURN * LANES + i], azimuth)
        p[_UX * LANES + i] = vx if turns else ux
        p[_UY * LANES + i] = vy if turns else uy
        p[_UZ * LANES + i] = vz if turns else uz


@_loop
def _rings(p, top, per_z, depths, per_ring, rings):  # type: ignore[no-untyped-def]
    """Bin of every lane by depth and ring."""
    last = depths * (rings + J(1))
    for i in range(LANES):
        x, y = p[_X * LANES + i], p[_Y * LANES + i]
        z = (p[_Z * LANES + i] + p[_TOP * LANES + i] - top) * per_z
        ring = math.sqrt(x * x + y * y) * per_ring
        ring = ring if ring < F(rings) else F(rings)
        there = (z >= F(0.0)) & (z < F(depths))
        z = z if there else F(0.0)
        k = J(J(J(z) * J(rings + J(1))) + J(ring))
        p[_BIN * LANES + i] = J(k if there else last).view(F)


@_loop
def _columns(p, top, per_z, depths, nx, ny, per_dx, per_dy, cell_x, cell_y, per_x, per_y):  # type: ignore[no-untyped-def]
    """Bin of every lane by depth and place."""
    columns = J(nx * ny + J(1))
    last = J(depths * columns)
    for i in range(LANES):
        x = folded(p[_X * LANES + i], cell_x, per_x) * per_dx + F(0.5) * F(nx)
        y = folded(p[_Y * LANES + i], cell_y, per_y) * per_dy + F(0.5) * F(ny)
        z = (p[_Z * LANES + i] + p[_TOP * LANES + i] - top) * per_z
        level = (z >= F(0.0)) & (z < F(depths))
        on = (x >= F(0.0)) & (x < F(nx)) & (y >= F(0.0)) & (y < F(ny))
        x, y, z = (x if on else F(0.0)), (y if on else F(0.0)), (z if level else F(0.0))
        column = J(J(J(x) * ny) + J(y))
        k = J(J(J(z) * columns) + J(column if on else J(columns - J(1))))
        p[_BIN * LANES + i] = J(k if level else last).view(F)


@_single
def _uneven(p, edges, columns):  # type: ignore[no-untyped-def]
    """Put the bins of all lanes, found as if at the top, at depths of any spacing."""
    last = len(edges) - 1
    for i in range(LANES):
        z = np.float64(p[_Z * LANES + i]) + np.float64(p[_TOP * LANES + i])
        column = F(p[_BIN * LANES + i]).view(J)
        k = np.searchsorted(edges, z, side="right") - 1
        p[_BIN * LANES + i] = J(k * columns + column if 0 <= k < last else last * columns).view(F)


@_single
def _count(p, fluence, todo):  # type: ignore[no-untyped-def]
    """Count the fluence and list the lanes that are due."""
    due = W(0)
    for i in range(LANES):
        fluence[W(F(p[_BIN * LANES + i]).view(U))] += np.float64(p[_FLUENCE * LANES + i])
        todo[due] = i
        due += W(F(p[_DUE * LANES + i]).view(U))
    return due


@_single
def _count_left(p, absorbed):  # type: ignore[no-untyped-def]
    """Count the weight left by place."""
    for i in range(LANES):
        absorbed[W(F(p[_BIN * LANES + i]).view(U))] += np.float64(p[_BEFORE * LANES + i]) - np.float64(
            p[_W * LANES + i]
        )


@_single
def _count_parts(p, parts):  # type: ignore[no-untyped-def]
    """Count weight left and path by part; neighbours have rows of their own, so that no addition awaits another."""
    for i in range(LANES):
        part = W(p[_PART * LANES + i])
        parts[i & 3, part, 0] += np.float64(p[_BEFORE * LANES + i]) - np.float64(p[_W * LANES + i])
        parts[i & 3, part, 1] += np.float64(p[_FLUENCE * LANES + i])


@_single
def _enter(p, i, slabs, slab):  # type: ignore[no-untyped-def]
    """Give a lane the properties of the slab that it enters."""
    p[_SLAB * LANES + i] = F(slab)
    p[_FREE * LANES + i] = slabs[FREE, slab]
    p[_THICK * LANES + i] = slabs[THICK, slab]
    p[_TOP * LANES + i] = slabs[TOP, slab]
    p[_MUA * LANES + i] = slabs[MUA, slab]
    p[_MUS * LANES + i] = slabs[MUS, slab]
    p[_G * LANES + i] = slabs[G, slab]
    p[_PART * LANES + i] = slabs[PART, slab]
    p[_ENTRY * LANES + i] = p[_W * LANES + i]
    p[_PATH * LANES + i] = F(0.0)


@_single
def _leave(p, i, parts_by_slab, part, sums, count):  # type: ignore[no-untyped-def]
    """Count what a lane left in a slab since it entered: the weight is a difference, so it is exact."""
    if parts_by_slab:
        sums[PARTS + part] += np.float64(p[_ENTRY * LANES + i]) - np.float64(p[_W * LANES + i])
        sums[PARTS + count + part] += np.float64(p[_PATH * LANES + i])


@_single
def _rest(p, i):  # type: ignore[no-untyped-def]
    """Leave a lane without a packet: it flies nowhere and counts nothing."""
    for row in range(ROWS):
        p[row * LANES + i] = F(0.0)
    p[_UZ * LANES + i] = F(1.0)
    p[_SLAB * LANES + i] = F(-1.0)


@_single
def _launch(p, i, slabs, beam, state, numbers, sums):  # type: ignore[no-untyped-def]
    """Put a new packet on a lane, below the surface; False where the beam passes beside a space with sides."""
    x, y, dx, dy, dz = 0.0, 0.0, 0.0, 0.0, 1.0
    if beam[0] != 0.0 or beam[6] != 0.0 or beam[8] != 0.0 or beam[9] != 0.0:
        x, y, dx, dy, dz = emitted(beam, _uniform(state), _uniform(state), _uniform(state), _uniform(state))
    weight = np.float64(1.0)
    if numbers[WEIGHS] > 0.0:  # each packet with what the surface lets in at its angle
        reflected, _ = fresnel(np.float64(slabs[INDEX, 0]), np.float64(slabs[INDEX, 1]), dz)
        weight = np.float64(F(1.0 - reflected))
        sums[SPECULAR] += 1.0 - weight
    index = np.float64(slabs[INDEX, 0]) / np.float64(slabs[INDEX, 1])
    dx, dy = index * dx, index * dy
    p[_X * LANES + i], p[_Y * LANES + i], p[_Z * LANES + i] = F(x), F(y), F(0.0)
    p[_UX * LANES + i], p[_UY * LANES + i] = F(dx), F(dy)
    p[_UZ * LANES + i] = F(math.sqrt(max(0.0, 1.0 - dx * dx - dy * dy)))
    p[_W * LANES + i] = F(weight)
    _enter(p, i, slabs, 1)
    if weight > 0.0 and abs(x) <= numbers[HALF_X] and abs(y) <= numbers[HALF_Y]:
        return True
    sums[SIDES] += weight
    return False


@_single
def _refill(p, i, photons, launched, alive, slabs, beam, state, numbers, sums):  # type: ignore[no-untyped-def]
    """Put the next packet that meets the space on a lane, or leave it empty; what is launched and alive after it."""
    while launched < photons:
        launched += 1
        if _launch(p, i, slabs, beam, state, numbers, sums):
            return launched, alive
    _rest(p, i)
    return launched, alive - 1


@_single
def _at_face(p, i, slabs, state, half_x, half_y, parts_by_slab, sums, count, out, per_ring):  # type: ignore[no-untyped-def]
    """Take a lane to the face before it, and through or back; True where it left."""
    slab = int(p[_SLAB * LANES + i])
    ux, uy, uz = p[_UX * LANES + i], p[_UY * LANES + i], p[_UZ * LANES + i]
    thick = p[_THICK * LANES + i]
    way, axis = nearest_wall(
        p[_X * LANES + i], p[_Y * LANES + i], p[_Z * LANES + i], ux, uy, uz, thick, half_x, half_y
    )  # fmt: skip
    p[_X * LANES + i] += ux * way
    p[_Y * LANES + i] += uy * way
    weight = np.float64(p[_W * LANES + i])
    if axis < 2:
        u = ux if axis == 0 else uy
        reflected, _ = fresnel(np.float64(slabs[INDEX, slab]), np.float64(slabs[INDEX, 0]), abs(np.float64(u)))
        p[_Z * LANES + i] = min(max(p[_Z * LANES + i] + uz * way, F(0.0)), thick)
        if reflected > 0.0 and _uniform(state) < reflected:
            p[(_UX + axis) * LANES + i] = -u
            return False
        _leave(p, i, parts_by_slab, int(p[_PART * LANES + i]), sums, count)
        sums[SIDES] += weight
        return True
    down = uz > F(0.0)
    beyond = slab + 1 if down else slab - 1
    n1, n2 = np.float64(slabs[INDEX, slab]), np.float64(slabs[INDEX, beyond])
    p[_Z * LANES + i] = thick if down else F(0.0)
    if n1 != n2:
        reflected, refracted = fresnel(n1, n2, abs(np.float64(uz)))
        if reflected >= 1.0 or _uniform(state) < reflected:
            p[_UZ * LANES + i] = -uz
            return False
        p[_UX * LANES + i] *= F(n1 / n2)
        p[_UY * LANES + i] *= F(n1 / n2)
        p[_UZ * LANES + i] = F(refracted) if down else F(-refracted)
    _leave(p, i, parts_by_slab, int(slabs[PART, slab]), sums, count)
    if 0 < beyond < slabs.shape[1] - 1:
        p[_Z * LANES + i] = F(0.0) if down else slabs[THICK, beyond]
        _enter(p, i, slabs, beyond)
        return False
    side = 1 if down else 0
    sums[REFLECTED + side] += weight
    if per_ring > 0.0:
        x, y = np.float64(p[_X * LANES + i]), np.float64(p[_Y * LANES + i])
        out[side, min(int(math.sqrt(x * x + y * y) * per_ring), out.shape[1] - 1)] += weight
    return True


@_single
def _roulette(p, i, state, parts_by_slab, sums, count):  # type: ignore[no-untyped-def]
    """Let one light packet in ten go on with ten times its weight; True where it ended."""
    _leave(p, i, parts_by_slab, int(p[_PART * LANES + i]), sums, count)
    weight = p[_W * LANES + i]
    kept = weight * F(1.0 / ROULETTE_CHANCE) if _uniform(state) < ROULETTE_CHANCE else F(0.0)
    sums[ROULETTE] += np.float64(weight) - np.float64(kept)
    p[_W * LANES + i] = kept
    p[_ENTRY * LANES + i] = kept
    p[_PATH * LANES + i] = F(0.0)
    return kept == F(0.0)


def _compiled(edition: int) -> Any:
    """The kernel; the number makes another entry in Numba's cache, which otherwise knows this file alone."""

    @njit(cache=True, **_OPTIONS)
    def fly(  # type: ignore[no-untyped-def]
        photons, mode, lanes, state, slabs, beam, shapes, cube, media, cosines, tabulated, edges, numbers, sums,
        fluence, absorbed, out,
    ):  # fmt: skip
        p, flights, words, chances, real, todo, parts, stop = lanes
        todo[LANES] = edition
        count = (len(sums) - PARTS) // 2
        by_slab = mode == 0
        mapped, even, tentative = numbers[COLUMNS_X] > 0.0, numbers[PER_DEPTH] > 0.0, numbers[TENTATIVE] > 0.0
        top, per_z, depths = F(numbers[FIRST_DEPTH]), F(numbers[PER_DEPTH]), J(numbers[DEPTHS])
        per_ring, rings, nx, ny = F(numbers[PER_RING]), J(numbers[RINGS]), J(numbers[COLUMNS_X]), J(numbers[COLUMNS_Y])
        per_dx, per_dy = F(numbers[PER_COLUMN_X]), F(numbers[PER_COLUMN_Y])
        cell_x, cell_y, per_x, per_y = (
            F(numbers[CELL_X]),
            F(numbers[CELL_Y]),
            F(numbers[PER_CELL_X]),
            F(numbers[PER_CELL_Y]),
        )
        half_x, half_y, per_size = F(numbers[HALF_X]), F(numbers[HALF_Y]), F(1.0 / numbers[SIZE])
        columns = len(fluence) // (len(edges) - 1)
        launched, alive = 0, LANES
        for i in range(LANES):
            launched, alive = _refill(p, i, photons, launched, alive, slabs, beam, state, numbers, sums)
        while alive > 0 and stop[0] == 0:
            _draw(state, 0, flights)
            if tentative:
                _draw_half(state, 2 * LANES, chances)
            _move(p, words, half_x, half_y)
            if mode == 1:
                _of_slab(p, slabs)
                _in_shapes(p, shapes, cell_x, cell_y, per_x, per_y)
            elif mode == 2:
                _in_cube(p, cube, media, half_x, half_y, per_size)
            _deflect(p, words)
            if len(tabulated) > 0:
                _deflect_by_table(p, words, cosines, tabulated)
            _collide(p, words, real, F(ROULETTE_BELOW))
            if mapped:
                _columns(p, top, per_z, depths, nx, ny, per_dx, per_dy, cell_x, cell_y, per_x, per_y)
            else:
                _rings(p, top, per_z, depths, per_ring, rings)
            if not even:
                _uneven(p, edges, columns)
            due = _count(p, fluence, todo)
            if mapped:
                _count_left(p, absorbed)
            if not by_slab:
                _count_parts(p, parts)
            for k in range(due):
                i = todo[k]
                if p[_SLAB * LANES + i] < F(0.0):
                    continue
                if p[_FLUENCE * LANES + i] == F(0.0):
                    ended = _at_face(p, i, slabs, state, half_x, half_y, by_slab, sums, count, out, per_ring)
                else:
                    ended = _roulette(p, i, state, by_slab, sums, count)
                if ended:
                    launched, alive = _refill(p, i, photons, launched, alive, slabs, beam, state, numbers, sums)
        for row in range(4):
            for part in range(count):
                sums[PARTS + part] += parts[row, part, 0]
                sums[PARTS + count + part] += parts[row, part, 1]

    return fly


trace = _compiled(steps.EDITION)
