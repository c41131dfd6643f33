"""Steps of lanes of photon packets side by side, in branch-free loops that the compiler vectorises.

Each function takes the lanes from `first` to before `last`. Bounds that are constants where it is called let the
compiler see how long its loop is.

All values that a loop changes are in one array of rows, so that the compiler can see that nothing overlaps. Flights are
in single precision, with depths measured from the top of the slab; sums are in double precision. Look-ups for each lane
(voxels, tables, bins of any spacing, tallies) follow one lane at a time.
"""

import numpy as np

from skinbeam.physics.light import photon_steps
from skinbeam.physics.numerics.memory_layout import (
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
    njit_scalar,
    njit_vectorised,
)

__all__ = [
    "STEPS",
    "collide_lanes",
    "count_absorption",
    "count_fluence",
    "count_parts",
    "deflect_lanes",
    "deflect_lanes_by_table",
    "draw_half_words",
    "draw_words",
    "find_depth_bins",
    "find_place_bins",
    "find_ring_bins",
    "move_lanes",
    "set_ring_media",
    "set_shape_media",
    "set_slab_media",
    "set_voxel_media",
    "uniform_number",
]

F, J, U, W = np.float32, np.int32, np.uint32, np.uint64

# Compiled for the processor.
STEPS = photon_steps.load(njit_vectorised)
next_word, fraction, single, even, azimuth = (
    STEPS.next_word, STEPS.fraction, STEPS.single, STEPS.even, STEPS.azimuth,
)  # fmt: skip
minus_log, deflection, deflection_by_table, turned, weight_left = (
    STEPS.minus_log, STEPS.deflection, STEPS.deflection_by_table, STEPS.turned, STEPS.weight_left,
)  # fmt: skip
folded, inside, voxel, ring, column, bin_at = (
    STEPS.folded, STEPS.inside, STEPS.voxel, STEPS.ring, STEPS.column, STEPS.bin_at,
)  # fmt: skip


@njit_vectorised
def draw_words(state, first, last, words):  # type: ignore[no-untyped-def]
    """Fill the words of which each lane takes two, of 32 bits: one at its place, and one `LANES` further on."""
    half = LANES // 2
    for i in range(first // 2, (last + 1) // 2):
        far = half + i
        words[i], state[i], state[LANES + i] = next_word(state[i], state[LANES + i])
        words[far], state[far], state[LANES + far] = next_word(state[far], state[LANES + far])


@njit_vectorised
def draw_half_words(state, first, last, words):  # type: ignore[no-untyped-def]
    """Fill half as many words, each with the random numbers of 32 bits of two neighbouring lanes."""
    one, other = 2 * LANES, 2 * LANES + LANES // 2
    for i in range(first // 2, (last + 1) // 2):
        words[i], state[one + i], state[other + i] = next_word(state[one + i], state[other + i])


@njit_scalar
def uniform_number(state):  # type: ignore[no-untyped-def]
    """Return one random number from the stream for single draws."""
    word, state[3 * LANES], state[3 * LANES + 1] = next_word(state[3 * LANES], state[3 * LANES + 1])
    return fraction(word)


@njit_vectorised
def move_lanes(p, first, last, words, half_x, half_y):  # type: ignore[no-untyped-def]
    """Move each lane to its tentative collision.

    A lane that would meet a face first stays and is marked as due.
    """
    for i in range(first, last):
        free = minus_log(single(words[i])) * p[P_FREE * LANES + i]
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


@njit_vectorised
def set_shape_media(p, first, last, shapes, cell_x, cell_y, per_x, per_y):  # type: ignore[no-untyped-def]
    """Set the medium at the position of every lane: that of the last shape around it, else of its slab."""
    for s in range(len(shapes)):
        mua, mus, g, part = shapes[s, 13], shapes[s, 14], shapes[s, 15], shapes[s, 16]
        for i in range(first, last):
            x = folded(p[P_X * LANES + i], cell_x, per_x)
            y = folded(p[P_Y * LANES + i], cell_y, per_y)
            here = inside(shapes, s, x, y, p[P_Z * LANES + i] + p[P_TOP * LANES + i])
            p[P_MUA * LANES + i] = mua if here else p[P_MUA * LANES + i]
            p[P_MUS * LANES + i] = mus if here else p[P_MUS * LANES + i]
            p[P_G * LANES + i] = g if here else p[P_G * LANES + i]
            p[P_PART * LANES + i] = part if here else p[P_PART * LANES + i]


@njit_scalar
def set_slab_media(p, first, last, slabs):  # type: ignore[no-untyped-def]
    """Set the medium of every lane to that of its slab."""
    for i in range(first, last):
        slab = int(p[P_SLAB * LANES + i])
        p[P_MUA * LANES + i] = slabs[MUA, slab]
        p[P_MUS * LANES + i] = slabs[MUS, slab]
        p[P_G * LANES + i] = slabs[G, slab]
        p[P_PART * LANES + i] = slabs[PART, slab]


@njit_scalar
def set_voxel_media(p, first, last, cube, media, half_x, half_y, per_size):  # type: ignore[no-untyped-def]
    """Set the medium of every lane to that of its voxel."""
    nx, ny, nz = cube.shape
    for i in range(first, last):
        x = voxel(p[P_X * LANES + i] + half_x, per_size, nx)
        y = voxel(p[P_Y * LANES + i] + half_y, per_size, ny)
        z = voxel(p[P_Z * LANES + i] + p[P_TOP * LANES + i], per_size, nz)
        medium = cube[x, y, z]
        p[P_MUA * LANES + i] = media[medium, 0]
        p[P_MUS * LANES + i] = media[medium, 1]
        p[P_G * LANES + i] = media[medium, 2]
        p[P_PART * LANES + i] = media[medium, 3]


@njit_scalar
def set_ring_media(p, first, last, slabs, cube, media, per_ring, per_size):  # type: ignore[no-untyped-def]
    """Set the medium of every lane to that of its ring and level."""
    rings, _, levels = cube.shape
    for i in range(first, last):
        level = slabs[PART, int(p[P_SLAB * LANES + i])] + p[P_Z * LANES + i] * per_size
        medium = cube[
            ring(p[P_X * LANES + i], p[P_Y * LANES + i], per_ring, J(rings - 1)), 0, int(min(level, F(levels - 1)))
        ]
        p[P_MUA * LANES + i] = media[medium, 0]
        p[P_MUS * LANES + i] = media[medium, 1]
        p[P_G * LANES + i] = media[medium, 2]
        p[P_PART * LANES + i] = media[medium, 3]


@njit_vectorised
def deflect_lanes(p, first, last, words):  # type: ignore[no-untyped-def]
    """Draw the deflection of every lane by the law of Henyey and Greenstein."""
    for i in range(first, last):
        p[P_TURN * LANES + i] = deflection(p[P_G * LANES + i], even(words[LANES + i]))


@njit_scalar
def deflect_lanes_by_table(p, first, last, words, cosines, tabulated):  # type: ignore[no-untyped-def]
    """Draw the deflection by table in lanes whose part has a table."""
    for i in range(first, last):
        row = tabulated[int(p[P_PART * LANES + i])]
        if row >= 0:
            p[P_TURN * LANES + i] = deflection_by_table(cosines, row, words[LANES + i])


@njit_vectorised
def collide_lanes(p, first, last, words, chances, low):  # type: ignore[no-untyped-def]
    """Absorb weight and change direction in lanes whose tentative collision is a real one."""
    for i in range(first, last):
        about = azimuth(words[i], words[LANES + i])
        w = p[P_W * LANES + i]
        # A lane that stays at a face adds no fluence; elsewhere this is w / M.
        fluence = p[P_FLUENCE * LANES + i]
        after = weight_left(w, fluence, p[P_MUA * LANES + i], about)
        p[P_BEFORE * LANES + i] = w
        p[P_W * LANES + i] = after
        turns = single(chances[i]) * after < fluence * p[P_MUS * LANES + i]
        due = (fluence == F(0.0)) | (after < low)
        p[P_DUE * LANES + i] = J(J(1) if due else J(0)).view(F)
        ux, uy, uz = p[P_UX * LANES + i], p[P_UY * LANES + i], p[P_UZ * LANES + i]
        vx, vy, vz = turned(ux, uy, uz, p[P_TURN * LANES + i], about)
        p[P_UX * LANES + i] = vx if turns else ux
        p[P_UY * LANES + i] = vy if turns else uy
        p[P_UZ * LANES + i] = vz if turns else uz


@njit_vectorised
def find_ring_bins(p, first, last, top, per_z, depths, per_ring, rings):  # type: ignore[no-untyped-def]
    """Find the bin of every lane by depth and ring."""
    for i in range(first, last):
        level = (p[P_Z * LANES + i] + p[P_TOP * LANES + i] - top) * per_z
        place = ring(p[P_X * LANES + i], p[P_Y * LANES + i], per_ring, rings)
        p[P_BIN * LANES + i] = J(bin_at(level, depths, place, J(rings + J(1)))).view(F)


@njit_vectorised
def find_place_bins(p, first, last, top, per_z, depths, nx, ny, per_dx, per_dy, cell_x, cell_y, per_x, per_y):  # type: ignore[no-untyped-def]
    """Find the bin of every lane by depth and place."""
    for i in range(first, last):
        level = (p[P_Z * LANES + i] + p[P_TOP * LANES + i] - top) * per_z
        x, y = folded(p[P_X * LANES + i], cell_x, per_x), folded(p[P_Y * LANES + i], cell_y, per_y)
        place = column(x, y, nx, ny, per_dx, per_dy)
        p[P_BIN * LANES + i] = J(bin_at(level, depths, place, J(nx * ny + J(1)))).view(F)


@njit_scalar
def find_depth_bins(p, first, last, edges, guide, columns):  # type: ignore[no-untyped-def]
    """Move the bins of all lanes, found as if at the top, to depth bins of any spacing.

    `guide` holds the first bin that overlaps each of equal steps over all depths: the search begins there.
    """
    depths = len(edges) - 1
    per_step = len(guide) / (edges[depths] - edges[0])
    for i in range(first, last):
        z = np.float64(p[P_Z * LANES + i]) + np.float64(p[P_TOP * LANES + i])
        column = F(p[P_BIN * LANES + i]).view(J)
        there = edges[0] <= z < edges[depths]
        k = guide[min(int((z - edges[0]) * per_step), len(guide) - 1)] if there else depths
        while there and z >= edges[k + 1]:
            k += 1
        p[P_BIN * LANES + i] = J(k * columns + column if there else depths * columns).view(F)


@njit_scalar
def count_fluence(p, first, last, fluence, todo):  # type: ignore[no-untyped-def]
    """Add the fluence of all lanes to the tally and list the lanes that are due."""
    due = W(0)
    for i in range(first, last):
        fluence[W(F(p[P_BIN * LANES + i]).view(U))] += np.float64(p[P_FLUENCE * LANES + i])
        todo[due] = i
        due += W(F(p[P_DUE * LANES + i]).view(U))
    return due


@njit_scalar
def count_absorption(p, first, last, absorbed):  # type: ignore[no-untyped-def]
    """Add the absorbed weight to the tally by place."""
    for i in range(first, last):
        absorbed[W(F(p[P_BIN * LANES + i]).view(U))] += np.float64(p[P_BEFORE * LANES + i]) - np.float64(
            p[P_W * LANES + i]
        )


@njit_scalar
def count_parts(p, first, last, parts):  # type: ignore[no-untyped-def]
    """Add absorbed weight and path by part.

    Neighbouring lanes have rows of their own, so that no addition waits for another.
    """
    for i in range(first, last):
        part = W(p[P_PART * LANES + i])
        parts[i & 3, part, 0] += np.float64(p[P_BEFORE * LANES + i]) - np.float64(p[P_W * LANES + i])
        parts[i & 3, part, 1] += np.float64(p[P_FLUENCE * LANES + i])
