"""Processor kernel that traces photon packets, `LANES` of them side by side on a core.

The loops of `photon_lanes` take a step of all lanes. Work that differs between lanes (faces, roulette and new packets)
follows one lane at a time. Each lane has a stream of random numbers of its own, and one more stream serves single
draws.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from skinbeam.physics.light import photon_steps
from skinbeam.physics.light.photon_lanes import (
    STEPS,
    collide_lanes,
    count_absorption,
    count_fluence,
    count_parts,
    deflect_lanes,
    deflect_lanes_by_table,
    draw_half_words,
    draw_words,
    find_depth_bins,
    find_place_bins,
    find_ring_bins,
    move_lanes,
    set_ring_media,
    set_shape_media,
    set_slab_media,
    set_voxel_media,
    uniform_number,
)
from skinbeam.physics.numerics.memory_layout import (
    CELL_X,
    CELL_Y,
    COLUMNS_X,
    COLUMNS_Y,
    DEPTHS,
    FIRST_DEPTH,
    FREE,
    HALF_X,
    HALF_Y,
    INDEX,
    LANES,
    MUA,
    MUS,
    NJIT_OPTIONS,
    P_ENTRY,
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
    P_UX,
    P_UY,
    P_UZ,
    P_W,
    P_X,
    P_Y,
    P_Z,
    PACKET_FIELDS,
    PART,
    PARTS,
    PER_CELL_X,
    PER_CELL_Y,
    PER_COLUMN_X,
    PER_COLUMN_Y,
    PER_DEPTH,
    PER_RING,
    PER_SPACE_RING,
    REFLECTED,
    RINGS,
    ROULETTE,
    SIDES,
    SIZE,
    SPECULAR,
    SPLITS,
    SURFACE_WEIGHT,
    TENTATIVE,
    THICK,
    TOP,
    G,
    njit_scalar,
)

__all__ = ["trace_packets"]

F, J = np.float32, np.int32

_STEPS_BETWEEN_LOOKS = 512  # between two looks for packets on a long flight, a sixteenth of its first steps
_FEW_LANES = 12  # traced one after another they take less time than a step of all lanes

fresnel, nearest_wall, launched, roulette = (
    STEPS.fresnel, STEPS.nearest_wall, STEPS.launched, STEPS.roulette,
)  # fmt: skip


@njit_scalar
def _enter_slab(p, i, slabs, slab):  # type: ignore[no-untyped-def]
    """Set the properties of the slab that a lane enters."""
    p[P_SLAB * LANES + i] = F(slab)
    p[P_FREE * LANES + i] = slabs[FREE, slab]
    p[P_THICK * LANES + i] = slabs[THICK, slab]
    p[P_TOP * LANES + i] = slabs[TOP, slab]
    p[P_MUA * LANES + i] = slabs[MUA, slab]
    p[P_MUS * LANES + i] = slabs[MUS, slab]
    p[P_G * LANES + i] = slabs[G, slab]
    p[P_PART * LANES + i] = slabs[PART, slab]
    p[P_ENTRY * LANES + i] = p[P_W * LANES + i]
    p[P_PATH * LANES + i] = F(0.0)


@njit_scalar
def _leave_slab(p, i, parts_by_slab, part, sums, count):  # type: ignore[no-untyped-def]
    """Add the weight absorbed in a slab since a lane entered it to the sums.

    The weight is a difference of the weights on entering and leaving, so it is exact.
    """
    if parts_by_slab:
        sums[PARTS + part] += np.float64(p[P_ENTRY * LANES + i]) - np.float64(p[P_W * LANES + i])
        sums[PARTS + count + part] += np.float64(p[P_PATH * LANES + i])


@njit_scalar
def _park_lane(p, i):  # type: ignore[no-untyped-def]
    """Leave a lane without a packet: it does not move and adds nothing to the sums."""
    for row in range(PACKET_FIELDS):
        p[row * LANES + i] = F(0.0)
    p[P_UZ * LANES + i] = F(1.0)
    p[P_SLAB * LANES + i] = F(-1.0)


@njit_scalar
def _launch_packet(p, i, slabs, beam, state, numbers, sums):  # type: ignore[no-untyped-def]
    """Put a new packet on a lane, below the surface; return False where the beam misses a space with sides."""
    u1, u2, u3, u4 = 0.5, 0.5, 0.5, 0.5
    if beam[0] != photon_steps.PENCIL:
        u1, u2, u3, u4 = uniform_number(state), uniform_number(state), uniform_number(state), uniform_number(state)
    n1, n2 = np.float64(slabs[INDEX, 0]), np.float64(slabs[INDEX, 1])
    x, y, ux, uy, uz, weight = launched(beam, n1, n2, numbers[SURFACE_WEIGHT] > 0.0, u1, u2, u3, u4)
    sums[SPECULAR] += 1.0 - weight
    p[P_X * LANES + i], p[P_Y * LANES + i], p[P_Z * LANES + i] = F(x), F(y), F(0.0)
    p[P_UX * LANES + i], p[P_UY * LANES + i], p[P_UZ * LANES + i] = F(ux), F(uy), F(uz)
    p[P_W * LANES + i] = F(weight)
    _enter_slab(p, i, slabs, 1)
    if weight > 0.0 and abs(x) <= numbers[HALF_X] and abs(y) <= numbers[HALF_Y]:
        return True
    sums[SIDES] += weight
    return False


@njit_scalar
def _refill_lane(p, i, photons, launched, alive, slabs, beam, state, numbers, sums):  # type: ignore[no-untyped-def]
    """Put the next packet that enters the space on a lane, or leave the lane empty.

    Returns the numbers of launched packets and of occupied lanes.
    """
    while launched < photons:
        launched += 1
        if _launch_packet(p, i, slabs, beam, state, numbers, sums):
            return launched, alive
    _park_lane(p, i)
    return launched, alive - 1


@njit_scalar
def _count_escape(p, i, side, weight, sums, out, per_ring):  # type: ignore[no-untyped-def]
    """Add the weight that leaves above (0) or below (1) to the sums."""
    sums[REFLECTED + side] += weight
    if per_ring > 0.0:
        x, y = np.float64(p[P_X * LANES + i]), np.float64(p[P_Y * LANES + i])
        out[side, min(int(math.sqrt(x * x + y * y) * per_ring), out.shape[1] - 1)] += weight


@njit_scalar
def _cross_face(p, i, slabs, state, half_x, half_y, parts_by_slab, sums, count, out, per_ring, splits):  # type: ignore[no-untyped-def]
    """Move a lane to the face ahead, and through it or back by reflection; return True if the packet left the space."""
    slab = int(p[P_SLAB * LANES + i])
    ux, uy, uz = p[P_UX * LANES + i], p[P_UY * LANES + i], p[P_UZ * LANES + i]
    thick = p[P_THICK * LANES + i]
    way, axis = nearest_wall(
        p[P_X * LANES + i], p[P_Y * LANES + i], p[P_Z * LANES + i], ux, uy, uz, thick, half_x, half_y
    )  # fmt: skip
    p[P_X * LANES + i] += ux * way
    p[P_Y * LANES + i] += uy * way
    weight = np.float64(p[P_W * LANES + i])
    if axis < 2:
        u = ux if axis == 0 else uy
        reflected, _ = fresnel(np.float64(slabs[INDEX, slab]), np.float64(slabs[INDEX, 0]), abs(np.float64(u)))
        p[P_Z * LANES + i] = min(max(p[P_Z * LANES + i] + uz * way, F(0.0)), thick)
        if reflected > 0.0 and uniform_number(state) < reflected:
            p[(P_UX + axis) * LANES + i] = -u
            return False
        _leave_slab(p, i, parts_by_slab, int(p[P_PART * LANES + i]), sums, count)
        sums[SIDES] += weight
        return True
    down = uz > F(0.0)
    beyond = slab + 1 if down else slab - 1
    n1, n2 = np.float64(slabs[INDEX, slab]), np.float64(slabs[INDEX, beyond])
    p[P_Z * LANES + i] = thick if down else F(0.0)
    if n1 != n2:
        reflected, refracted = fresnel(n1, n2, abs(np.float64(uz)))
        if splits and reflected < 1.0 and not 0 < beyond < slabs.shape[1] - 1:
            _leave_slab(p, i, parts_by_slab, int(slabs[PART, slab]), sums, count)
            reflected_weight = F(weight * reflected)
            _count_escape(p, i, 1 if down else 0, weight - np.float64(reflected_weight), sums, out, per_ring)
            p[P_W * LANES + i] = reflected_weight
            p[P_ENTRY * LANES + i] = reflected_weight
            p[P_PATH * LANES + i] = F(0.0)
            p[P_UZ * LANES + i] = -uz
            return reflected_weight == F(0.0)
        if reflected >= 1.0 or uniform_number(state) < reflected:
            p[P_UZ * LANES + i] = -uz
            return False
        p[P_UX * LANES + i] *= F(n1 / n2)
        p[P_UY * LANES + i] *= F(n1 / n2)
        p[P_UZ * LANES + i] = F(refracted) if down else F(-refracted)
    _leave_slab(p, i, parts_by_slab, int(slabs[PART, slab]), sums, count)
    if 0 < beyond < slabs.shape[1] - 1:
        p[P_Z * LANES + i] = F(0.0) if down else slabs[THICK, beyond]
        _enter_slab(p, i, slabs, beyond)
        return False
    _count_escape(p, i, 1 if down else 0, weight, sums, out, per_ring)
    return True


@njit_scalar
def _play_roulette(p, i, chance, state, parts_by_slab, sums, count):  # type: ignore[no-untyped-def]
    """Play Russian roulette with a packet: it continues with 1 / chance of its weight or ends; True if it ended."""
    _leave_slab(p, i, parts_by_slab, int(p[P_PART * LANES + i]), sums, count)
    weight = p[P_W * LANES + i]
    survived = F(roulette(weight, uniform_number(state), chance))
    sums[ROULETTE] += np.float64(weight) - np.float64(survived)
    p[P_W * LANES + i] = survived
    p[P_ENTRY * LANES + i] = survived
    p[P_PATH * LANES + i] = F(0.0)
    return survived == F(0.0)


@njit_scalar
def _step_lanes(first, last, lanes, state, space, tally, fluence, absorbed):  # type: ignore[no-untyped-def]
    """Take one step of the lanes from `first` to before `last`; return how many of them are due for scalar work."""
    p, flights, words, chances, real, todo, parts = lanes[:7]
    mode, slabs, shapes, cube, media, cosines, tabulated, numbers = space
    edges, guide = tally
    top, per_z, depths = F(numbers[FIRST_DEPTH]), F(numbers[PER_DEPTH]), J(numbers[DEPTHS])
    nx, ny = J(numbers[COLUMNS_X]), J(numbers[COLUMNS_Y])
    per_dx, per_dy = F(numbers[PER_COLUMN_X]), F(numbers[PER_COLUMN_Y])
    cell_x, cell_y = F(numbers[CELL_X]), F(numbers[CELL_Y])
    per_x, per_y = F(numbers[PER_CELL_X]), F(numbers[PER_CELL_Y])
    half_x, half_y, per_size = F(numbers[HALF_X]), F(numbers[HALF_Y]), F(1.0 / numbers[SIZE])
    mapped = numbers[COLUMNS_X] > 0.0
    draw_words(state, first, last, flights)
    if numbers[TENTATIVE] > 0.0:
        draw_half_words(state, first, last, chances)
    move_lanes(p, first, last, words, half_x, half_y)
    if mode == 1:
        set_slab_media(p, first, last, slabs)
        set_shape_media(p, first, last, shapes, cell_x, cell_y, per_x, per_y)
    elif mode == 2:
        set_voxel_media(p, first, last, cube, media, half_x, half_y, per_size)
    elif mode == 3:
        set_ring_media(p, first, last, slabs, cube, media, F(numbers[PER_SPACE_RING]), per_size)
    deflect_lanes(p, first, last, words)
    if len(tabulated) > 0:
        deflect_lanes_by_table(p, first, last, words, cosines, tabulated)
    collide_lanes(p, first, last, words, real, F(photon_steps.ROULETTE_BELOW))
    if mapped:
        find_place_bins(p, first, last, top, per_z, depths, nx, ny, per_dx, per_dy, cell_x, cell_y, per_x, per_y)
    else:
        find_ring_bins(p, first, last, top, per_z, depths, F(numbers[PER_RING]), J(numbers[RINGS]))
    if not numbers[PER_DEPTH] > 0.0:
        find_depth_bins(p, first, last, edges, guide, len(fluence) // (len(edges) - 1))
    due = count_fluence(p, first, last, fluence, todo)
    if mapped:
        count_absorption(p, first, last, absorbed)
    if mode != 0:
        count_parts(p, first, last, parts)
    return due


@njit_scalar
def _serve_lane(p, i, state, space, sums, out):  # type: ignore[no-untyped-def]
    """Do the scalar work of a lane that is due: a face or roulette; return True if its packet ended."""
    mode, slabs, numbers = space[0], space[1], space[7]
    count = (len(sums) - PARTS) // 2
    if p[P_FLUENCE * LANES + i] == F(0.0):
        half_x, half_y, per_ring = F(numbers[HALF_X]), F(numbers[HALF_Y]), F(numbers[PER_RING])
        splits = numbers[SPLITS] > 0.0
        return _cross_face(p, i, slabs, state, half_x, half_y, mode == 0, sums, count, out, per_ring, splits)
    return _play_roulette(p, i, photon_steps.ROULETTE_CHANCE, state, mode == 0, sums, count)


@njit_scalar
def _tire_lane(p, i, steps, patience, state, space, sums):  # type: ignore[no-untyped-def]
    """Play the roulette of long flights, where a packet has made so many steps; return True if it ended."""
    if steps < patience[i]:
        return False
    patience[i] *= photon_steps.LONG_FLIGHT_GROWTH
    count = (len(sums) - PARTS) // 2
    return _play_roulette(p, i, photon_steps.LONG_FLIGHT_CHANCE, state, space[0] == 0, sums, count)


@njit_scalar
def _finish_lane(i, steps, lanes, state, space, tally, sums, fluence, absorbed, out):  # type: ignore[no-untyped-def]
    """Trace the packet of a lane to its end, alone: the last few packets of a batch would leave the others idle."""
    p, patience, stop = lanes[0], lanes[8], lanes[9]
    ended = p[P_SLAB * LANES + i] < F(0.0)
    while not ended and stop[0] == 0:
        if _step_lanes(i, i + 1, lanes, state, space, tally, fluence, absorbed) > 0:
            ended = _serve_lane(p, i, state, space, sums, out)
        steps += 1
        if not ended and steps % _STEPS_BETWEEN_LOOKS == 0:
            ended = _tire_lane(p, i, steps, patience, state, space, sums)
    _park_lane(p, i)


def _compile_kernel(edition: int) -> Any:
    """Compile the kernel.

    The number `edition` creates another entry in Numba's cache, which otherwise depends on this file alone.
    """

    @njit(cache=True, **NJIT_OPTIONS)
    def fly(  # type: ignore[no-untyped-def]
        photons, mode, lanes, state, slabs, beam, shapes, cube, media, cosines, tabulated, edges, guide, numbers, sums,
        fluence, absorbed, out,
    ):  # fmt: skip
        p, _, _, _, _, todo, parts, began, patience, stop = lanes
        todo[LANES] = edition
        count = (len(sums) - PARTS) // 2
        space, tally = (mode, slabs, shapes, cube, media, cosines, tabulated, numbers), (edges, guide)
        launched, alive, step, newest = 0, LANES, 0, 0
        for i in range(LANES):
            began[i], patience[i] = 0, photon_steps.LONG_FLIGHT_STEPS
            launched, alive = _refill_lane(p, i, photons, launched, alive, slabs, beam, state, numbers, sums)
        while alive > 0 and stop[0] == 0:
            due = _step_lanes(0, LANES, lanes, state, space, tally, fluence, absorbed)
            step += 1
            for k in range(due):
                i = todo[k]
                if p[P_SLAB * LANES + i] >= F(0.0) and _serve_lane(p, i, state, space, sums, out):
                    launched, alive = _refill_lane(p, i, photons, launched, alive, slabs, beam, state, numbers, sums)
                    began[i], patience[i], newest = step, photon_steps.LONG_FLIGHT_STEPS, step
            if step % _STEPS_BETWEEN_LOOKS != 0:
                continue
            for i in range(LANES):
                if p[P_SLAB * LANES + i] >= F(0.0) and _tire_lane(p, i, step - began[i], patience, state, space, sums):
                    launched, alive = _refill_lane(p, i, photons, launched, alive, slabs, beam, state, numbers, sums)
                    began[i], patience[i], newest = step, photon_steps.LONG_FLIGHT_STEPS, step
            if launched == photons and alive <= _FEW_LANES and step - newest >= photon_steps.LONG_FLIGHT_STEPS:
                for i in range(LANES):
                    _finish_lane(i, step - began[i], lanes, state, space, tally, sums, fluence, absorbed, out)
                alive = 0
        for row in range(4):
            for part in range(count):
                sums[PARTS + part] += parts[row, part, 0]
                sums[PARTS + count + part] += parts[row, part, 1]

    return fly


trace_packets = _compile_kernel(photon_steps.EDITION)
