"""A step of all lanes side by side: loops without a branch, which the compiler makes into vector instructions.

All that a loop changes lies in one array of rows, so that the compiler can see that nothing overlaps. Flights are in
single precision, with depths measured from the top of the slab; what is summed is in double precision. What is looked
up for each lane (voxels, tables, bins of any spacing, tallies) follows one by one.
"""

import math

import numpy as np

from skinbeam.physics import steps
from skinbeam.physics.layout import (
    LANES,
    MUA,
    MUS,
    P_BEFORE,
    P_BIN,
    P_DUE,
    P_FLUENCE,
    P_FREE,
    P_G,
    P_MUA,
    P_MUS,
    P_PART,
    P_PATH,
    P_SLAB,
    P_THICK,
    P_TOP,
    P_TURN,
    P_UX,
    P_UY,
    P_UZ,
    P_W,
    P_X,
    P_Y,
    P_Z,
    PART,
    G,
    one_by_one,
    side_by_side,
)

__all__ = [
    "STEPS",
    "bins_by_depth",
    "bins_by_place",
    "bins_by_ring",
    "collide",
    "count_fluence",
    "count_left",
    "count_parts",
    "deflect",
    "deflect_by_table",
    "draw",
    "draw_half",
    "in_cube",
    "in_shapes",
    "move",
    "of_slab",
    "uniform",
]

F, J, U, W = np.float32, np.int32, np.uint32, np.uint64

# Compiled for the processor.
STEPS = steps.load(side_by_side)
next_word, fraction, minus_log, deflection, turned, folded, inside = (
    STEPS.next_word, STEPS.fraction, STEPS.minus_log, STEPS.deflection, STEPS.turned, STEPS.folded, STEPS.inside,
)  # fmt: skip


@side_by_side
def draw(state, first, words):  # type: ignore[no-untyped-def]
    """Fill `words` from the generators that begin at `first`."""
    for i in range(LANES):
        words[i], state[first + i], state[first + LANES + i] = next_word(state[first + i], state[first + LANES + i])


@side_by_side
def draw_half(state, first, words):  # type: ignore[no-untyped-def]
    """Fill half as many words, two numbers of 32 bits in each."""
    half = LANES // 2
    for i in range(half):
        words[i], state[first + i], state[first + half + i] = next_word(state[first + i], state[first + half + i])


@one_by_one
def uniform(state):  # type: ignore[no-untyped-def]
    """One number from the stream for single draws."""
    word, state[3 * LANES], state[3 * LANES + 1] = next_word(state[3 * LANES], state[3 * LANES + 1])
    return fraction(word)


@side_by_side
def move(p, words, half_x, half_y):  # type: ignore[no-untyped-def]
    """Fly every lane to its tentative collision; one that would meet a face first stays and is due."""
    for i in range(LANES):
        u = (F(J(U(words[i] >> U(8)))) + F(0.5)) * F(2.0**-24)
        free = minus_log(u) * p[P_FREE * LANES + i]
        ux, uy, uz, z = p[P_UX * LANES + i], p[P_UY * LANES + i], p[P_UZ * LANES + i], p[P_Z * LANES + i]
        x, y = p[P_X * LANES + i], p[P_Y * LANES + i]
        far_x, far_y, far_z = x + ux * free, y + uy * free, z + uz * free
        stays = (abs(far_x) > half_x) | (abs(far_y) > half_y) | (far_z < F(0.0)) | (far_z > p[P_THICK * LANES + i])
        fluence = F(0.0) if stays else p[P_W * LANES + i] * p[P_FREE * LANES + i]
        p[P_X * LANES + i] = x if stays else far_x
        p[P_Y * LANES + i] = y if stays else far_y
        p[P_Z * LANES + i] = z if stays else far_z
        p[P_FLUENCE * LANES + i] = fluence
        p[P_PATH * LANES + i] += fluence


@side_by_side
def in_shapes(p, shapes, cell_x, cell_y, per_x, per_y):  # type: ignore[no-untyped-def]
    """Give every lane the medium at its place: that of the last shape around it, else of its slab."""
    for s in range(len(shapes)):
        mua, mus, g, part = shapes[s, 13], shapes[s, 14], shapes[s, 15], shapes[s, 16]
        for i in range(LANES):
            x = folded(p[P_X * LANES + i], cell_x, per_x)
            y = folded(p[P_Y * LANES + i], cell_y, per_y)
            here = inside(shapes, s, x, y, p[P_Z * LANES + i] + p[P_TOP * LANES + i])
            p[P_MUA * LANES + i] = mua if here else p[P_MUA * LANES + i]
            p[P_MUS * LANES + i] = mus if here else p[P_MUS * LANES + i]
            p[P_G * LANES + i] = g if here else p[P_G * LANES + i]
            p[P_PART * LANES + i] = part if here else p[P_PART * LANES + i]


@one_by_one
def of_slab(p, slabs):  # type: ignore[no-untyped-def]
    """Give every lane the medium of its slab."""
    for i in range(LANES):
        slab = int(p[P_SLAB * LANES + i])
        p[P_MUA * LANES + i] = slabs[MUA, slab]
        p[P_MUS * LANES + i] = slabs[MUS, slab]
        p[P_G * LANES + i] = slabs[G, slab]
        p[P_PART * LANES + i] = slabs[PART, slab]


@one_by_one
def in_cube(p, cube, media, half_x, half_y, per_size):  # type: ignore[no-untyped-def]
    """Give every lane the medium of the voxel that it is in; rounding at the faces goes to the last voxel."""
    nx, ny, nz = cube.shape
    for i in range(LANES):
        x = min(max(int((p[P_X * LANES + i] + half_x) * per_size), 0), nx - 1)
        y = min(max(int((p[P_Y * LANES + i] + half_y) * per_size), 0), ny - 1)
        z = min(max(int((p[P_Z * LANES + i] + p[P_TOP * LANES + i]) * per_size), 0), nz - 1)
        medium = cube[x, y, z]
        p[P_MUA * LANES + i] = media[medium, 0]
        p[P_MUS * LANES + i] = media[medium, 1]
        p[P_G * LANES + i] = media[medium, 2]
        p[P_PART * LANES + i] = media[medium, 3]


@side_by_side
def deflect(p, words):  # type: ignore[no-untyped-def]
    """Choose the turn of every lane by the law of Henyey and Greenstein."""
    for i in range(LANES):
        q = (F(J(U(words[LANES + i] >> U(12)))) + F(0.5)) * F(2.0**-19) - F(1.0)
        p[P_TURN * LANES + i] = deflection(p[P_G * LANES + i], q)


@one_by_one
def deflect_by_table(p, words, cosines, tabulated):  # type: ignore[no-untyped-def]
    """Turn those lanes by their table whose part has one."""
    steps_count = cosines.shape[1] - 1
    for i in range(LANES):
        row = tabulated[int(p[P_PART * LANES + i])]
        if row >= 0:
            at = (F(J(U(words[LANES + i] >> U(12)))) + F(0.5)) * F(2.0**-20) * F(steps_count)
            k = int(at)
            low = cosines[row, k]
            p[P_TURN * LANES + i] = low + (at - F(k)) * (cosines[row, k + 1] - low)


@side_by_side
def collide(p, words, chances, low):  # type: ignore[no-untyped-def]
    """Leave weight and turn, where a tentative collision is one."""
    for i in range(LANES):
        rest = U(U(U(words[LANES + i] & U(0xFFF)) << U(8)) | U(words[i] & U(0xFF)))
        azimuth = (F(J(rest)) + F(0.5)) * F(2.0**-20) - F(0.5)
        w = p[P_W * LANES + i]
        # What stays at a face has no fluence; elsewhere this is w / M.
        fluence = p[P_FLUENCE * LANES + i]
        left = fluence * p[P_MUA * LANES + i]
        # Where little is left, rounding the weight would always err to the same side: it is rounded by chance, with the
        # azimuth as the chance and the last place of w as its width.
        last_place = J(F(w).view(J) & J(0x7F800000)).view(F) * F(2.0**-23)
        left = left + azimuth * last_place if left > F(0.0) else F(0.0)
        left = left if left < w else w
        after = w - left
        p[P_BEFORE * LANES + i] = w
        p[P_W * LANES + i] = after
        chance = (F(J(U(chances[i] >> U(8)))) + F(0.5)) * F(2.0**-24)
        turns = chance * after < fluence * p[P_MUS * LANES + i]
        due = (fluence == F(0.0)) | (after < low)
        p[P_DUE * LANES + i] = J(J(1) if due else J(0)).view(F)
        ux, uy, uz = p[P_UX * LANES + i], p[P_UY * LANES + i], p[P_UZ * LANES + i]
        vx, vy, vz = turned(ux, uy, uz, p[P_TURN * LANES + i], azimuth)
        p[P_UX * LANES + i] = vx if turns else ux
        p[P_UY * LANES + i] = vy if turns else uy
        p[P_UZ * LANES + i] = vz if turns else uz


@side_by_side
def bins_by_ring(p, top, per_z, depths, per_ring, rings):  # type: ignore[no-untyped-def]
    """Bin of every lane by depth and ring."""
    last = depths * (rings + J(1))
    for i in range(LANES):
        x, y = p[P_X * LANES + i], p[P_Y * LANES + i]
        z = (p[P_Z * LANES + i] + p[P_TOP * LANES + i] - top) * per_z
        ring = math.sqrt(x * x + y * y) * per_ring
        ring = ring if ring < F(rings) else F(rings)
        there = (z >= F(0.0)) & (z < F(depths))
        z = z if there else F(0.0)
        k = J(J(J(z) * J(rings + J(1))) + J(ring))
        p[P_BIN * LANES + i] = J(k if there else last).view(F)


@side_by_side
def bins_by_place(p, top, per_z, depths, nx, ny, per_dx, per_dy, cell_x, cell_y, per_x, per_y):  # type: ignore[no-untyped-def]
    """Bin of every lane by depth and place."""
    columns = J(nx * ny + J(1))
    last = J(depths * columns)
    for i in range(LANES):
        x = folded(p[P_X * LANES + i], cell_x, per_x) * per_dx + F(0.5) * F(nx)
        y = folded(p[P_Y * LANES + i], cell_y, per_y) * per_dy + F(0.5) * F(ny)
        z = (p[P_Z * LANES + i] + p[P_TOP * LANES + i] - top) * per_z
        level = (z >= F(0.0)) & (z < F(depths))
        on = (x >= F(0.0)) & (x < F(nx)) & (y >= F(0.0)) & (y < F(ny))
        x, y, z = (x if on else F(0.0)), (y if on else F(0.0)), (z if level else F(0.0))
        column = J(J(J(x) * ny) + J(y))
        k = J(J(J(z) * columns) + J(column if on else J(columns - J(1))))
        p[P_BIN * LANES + i] = J(k if level else last).view(F)


@one_by_one
def bins_by_depth(p, edges, guide, columns):  # type: ignore[no-untyped-def]
    """Put the bins of all lanes, found as if at the top, at depths of any spacing.

    `guide` holds the first bin that reaches into each of even steps over all depths: the search begins there.
    """
    last = len(edges) - 1
    per_step = len(guide) / (edges[last] - edges[0])
    for i in range(LANES):
        z = np.float64(p[P_Z * LANES + i]) + np.float64(p[P_TOP * LANES + i])
        column = F(p[P_BIN * LANES + i]).view(J)
        there = edges[0] <= z < edges[last]
        k = guide[min(int((z - edges[0]) * per_step), len(guide) - 1)] if there else last
        while there and z >= edges[k + 1]:
            k += 1
        p[P_BIN * LANES + i] = J(k * columns + column if there else last * columns).view(F)


@one_by_one
def count_fluence(p, fluence, todo):  # type: ignore[no-untyped-def]
    """Count the fluence and list the lanes that are due."""
    due = W(0)
    for i in range(LANES):
        fluence[W(F(p[P_BIN * LANES + i]).view(U))] += np.float64(p[P_FLUENCE * LANES + i])
        todo[due] = i
        due += W(F(p[P_DUE * LANES + i]).view(U))
    return due


@one_by_one
def count_left(p, absorbed):  # type: ignore[no-untyped-def]
    """Count the weight left by place."""
    for i in range(LANES):
        absorbed[W(F(p[P_BIN * LANES + i]).view(U))] += np.float64(p[P_BEFORE * LANES + i]) - np.float64(
            p[P_W * LANES + i]
        )


@one_by_one
def count_parts(p, parts):  # type: ignore[no-untyped-def]
    """Count weight left and path by part; neighbours have rows of their own, so that no addition awaits another."""
    for i in range(LANES):
        part = W(p[P_PART * LANES + i])
        parts[i & 3, part, 0] += np.float64(p[P_BEFORE * LANES + i]) - np.float64(p[P_W * LANES + i])
        parts[i & 3, part, 1] += np.float64(p[P_FLUENCE * LANES + i])
