"""Trace photon packets through a cube of voxels from face to face, where neighbours may differ in refractive index.

The free path is an optical depth of scattering alone, -ln ξ, used up at the rate μs across voxels. A stretch is a
straight way of length l through voxels of one medium, however many. On it a packet of weight w is absorbed
continuously, not at collisions (Sassaroli and Martelli 2012):

    weight left       w (1 - exp(-μa l)),
    fluence, by path  w (1 - exp(-μa l)) / μa,                                                              (light 14)

the exact means over a part. Bins may extend across voxels, so for them a whole stretch is counted at one point of it,
drawn from the density exp(-μa s) that both have on it: without bias in any bin, whatever its bounds, and the absorbed
weights of all bins and of all parts have the same sum.

Voxels are crossed as Amanatides and Woo (1987) do. The voxel of a packet is stored as integers, changed by the face
that it crosses and by nothing else, and its position is stored relative to that voxel, from 0 to 1: rounding can
neither skip a face nor put it elsewhere. Lengths are in widths of a voxel, and all numbers but integers in double
precision. At faces between different indices a packet is reflected with Fresnel's probability, or refracted. Roulette
is as in `photon_steps`; packets that neither leave nor lose weight (total reflection without absorption) play it after
`MAX_PACKET_STEPS` stretches.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from skinbeam.physics.light import photon_steps
from skinbeam.physics.numerics.memory_layout import (
    COLUMNS_X,
    COLUMNS_Y,
    FIRST_DEPTH,
    HALF_X,
    HALF_Y,
    NJIT_OPTIONS,
    PARTS,
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
    TRANSMITTED,
    njit_scalar,
)

__all__ = ["MAX_PACKET_STEPS", "walk_voxels"]

MAX_PACKET_STEPS = 100_000

D, W = np.float64, np.uint64

_THIN = 0.02  # μa l below which series replace exponentials: weight exact to rounding, position to 4e-8
_SMALLEST_COSINE = 1e-12  # smaller cosines are replaced by this one
_COLLISION, _X, _Y, _Z = range(-1, 3)  # how a stretch ends: at a collision, or at a face across this axis

_step = photon_steps.load(njit_scalar)
next_word, fraction, minus_log, deflection, turned = (
    _step.next_word, _step.fraction, _step.minus_log, _step.deflection, _step.turned,
)  # fmt: skip
fresnel, emitted = _step.fresnel, _step.emitted


@njit_scalar
def _uniform_number(state):  # type: ignore[no-untyped-def]
    word, state[0], state[1] = next_word(state[0], state[1])
    return fraction(word)


@njit_scalar
def _mean_weight(x):  # type: ignore[no-untyped-def]
    """Return the mean of exp(-s) over 0 < s < x."""
    if x < _THIN:
        return 1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0))))
    return -math.expm1(-x) / x


@njit_scalar
def _absorption_place(x, u):  # type: ignore[no-untyped-def]
    """Return the fraction of a stretch of depth x = μa l up to which the share u of its absorption has happened."""
    if x < _THIN:
        return u - u * (1.0 - u) * x * (0.5 - x * (1.0 - 2.0 * u) / 6.0)
    return -math.log1p(u * math.expm1(-x)) / x


@njit_scalar
def _voxel_number(far, u, count):  # type: ignore[no-untyped-def]
    """Return the voxel number of a place along an axis, and the position in that voxel.

    A place on a face belongs to the voxel that the packet flies into.
    """
    k = min(max(np.int64(far), 0), count - 1)
    if u < 0.0 and k > 0 and far <= k:
        return k - 1, 1.0
    return k, min(max(far - k, 0.0), 1.0)


@njit_scalar
def _off_face_direction(u, place):  # type: ignore[no-untyped-def]
    """Return a direction component for a packet that flies along the faces across an axis.

    It is tilted away from the nearer face, so that the packet never meets it.
    """
    if u != 0.0:
        return u
    return _SMALLEST_COSINE if place < 0.5 else -_SMALLEST_COSINE


@njit_scalar
def _axis_ways(k, place, u, count):  # type: ignore[no-untyped-def]
    """Return distances along one axis.

    They are the way to the next face, the way from face to face, and the number of faces before the outer one.
    """
    per_u = 1.0 / max(abs(u), _SMALLEST_COSINE)
    return (
        (1.0 - place if u > 0.0 else place) * per_u,
        per_u,
        count - 1 - k if u > 0.0 else k,
    )


@njit_scalar
def _arrival(to, more, u, count):  # type: ignore[no-untyped-def]
    """Return voxel number and position in it along one axis, from the remaining ways."""
    left = min(to * max(abs(u), _SMALLEST_COSINE), 1.0)
    return (count - 1 - more, 1.0 - left) if u > 0.0 else (more, left)


@njit_scalar
def _fly_stretch(cube, at, medium, reach, along_x, along_y, along_z, by_x, by_y, by_z):  # type: ignore[no-untyped-def]
    """Move through voxels of one medium.

    Returns the way, the axis of the face where it ends, whether there is a voxel beyond it and of which medium, the
    index of the last voxel in the cube, and along each axis the remaining way to the next face and the remaining faces.
    """
    to_x, per_x, more_x = along_x
    to_y, per_y, more_y = along_y
    to_z, per_z, more_z = along_z
    axis, inside, there = _COLLISION, True, medium
    while True:
        way = min(to_x, to_y, to_z)
        if way >= reach:
            way, axis = reach, _COLLISION
            break
        if way == to_x:
            axis, more, by = _X, more_x, by_x
        elif way == to_y:
            axis, more, by = _Y, more_y, by_y
        else:
            axis, more, by = _Z, more_z, by_z
        if more == 0:
            inside = False
            break
        there = cube[W(at + by)]
        if there != medium:
            break
        at += by
        if axis == _X:
            to_x, more_x = to_x + per_x, more_x - 1
        elif axis == _Y:
            to_y, more_y = to_y + per_y, more_y - 1
        else:
            to_z, more_z = to_z + per_z, more_z - 1
    return way, axis, inside, there, at, (to_x - way, more_x), (to_y - way, more_y), (to_z - way, more_z)


@njit_scalar
def _bin_number(x, y, z, edges, numbers):  # type: ignore[no-untyped-def]
    """Return the bin of the tally, and the last one for places above or below its depths."""
    depths = len(edges) - 1
    if numbers[PER_DEPTH] > 0.0:
        level = math.floor((z - numbers[FIRST_DEPTH]) * numbers[PER_DEPTH])
    else:
        level = np.int64(np.searchsorted(edges, z, side="right")) - 1
    nx, ny, rings = int(numbers[COLUMNS_X]), int(numbers[COLUMNS_Y]), int(numbers[RINGS])
    columns = nx * ny + 1 if nx > 0 else rings + 1
    if not 0 <= level < depths:
        return W(depths * columns)
    if nx == 0:
        return W(level * columns + int(min(math.sqrt(x * x + y * y) * numbers[PER_RING], numbers[RINGS])))
    column = math.floor(x * numbers[PER_COLUMN_X] + 0.5 * nx)
    row = math.floor(y * numbers[PER_COLUMN_Y] + 0.5 * ny)
    inside = 0 <= column < nx and 0 <= row < ny
    return W(level * columns + (column * ny + row if inside else columns - 1))


@njit_scalar
def _deflection(part, g, state, cosines, tabulated):  # type: ignore[no-untyped-def]
    """Return 1 - cos of a turn, by the table of the part if it has one."""
    u = _uniform_number(state)
    row = tabulated[part] if len(tabulated) > 0 else -1
    if row < 0:
        return deflection(g, 2.0 * u - 1.0)
    at = u * (cosines.shape[1] - 1)
    k = int(at)
    low = D(cosines[row, k])
    return low + (at - k) * (D(cosines[row, k + 1]) - low)


@njit_scalar
def _cross_interface(ux, uy, uz, axis, n, beyond, state):  # type: ignore[no-untyped-def]
    """Return the direction after a face between two indices, and whether the packet went through."""
    u = ux if axis == _X else (uy if axis == _Y else uz)
    reflected, refracted = fresnel(n, beyond, abs(u))
    through = reflected < 1.0 and _uniform_number(state) >= reflected
    u = math.copysign(refracted, u) if through else -u
    ratio = n / beyond if through else 1.0
    return (
        u if axis == _X else ux * ratio,
        u if axis == _Y else uy * ratio,
        u if axis == _Z else uz * ratio,
        through,
    )


def _compile_kernel(edition: int) -> Any:
    """Compile the kernel.

    The number `edition` creates another entry in Numba's cache, which otherwise depends on this file alone.
    """

    @njit(cache=True, **NJIT_OPTIONS)
    def walk(  # type: ignore[no-untyped-def]
        photons, state, stop, above_n, below_n, beam, cube, shape, media, cosines, tabulated, edges, numbers, sums,
        fluence, absorbed, out,
    ):  # fmt: skip
        sums[ROULETTE] *= edition
        count = (len(sums) - PARTS) // 2
        nx, ny, nz = shape
        size, half_x, half_y = numbers[SIZE], numbers[HALF_X], numbers[HALF_Y]
        mapped = numbers[COLUMNS_X] > 0.0
        for _ in range(photons):
            if stop[0] != 0:
                break
            far_x, far_y, ux, uy, uz = emitted(
                beam, _uniform_number(state), _uniform_number(state), _uniform_number(state), _uniform_number(state)
            )  # fmt: skip
            ix, x = _voxel_number((far_x + half_x) / size, ux, nx)
            iy, y = _voxel_number((far_y + half_y) / size, uy, ny)
            iz, z = np.int64(0), 0.0
            at = (ix * ny + iy) * nz
            medium = cube[W(at)]
            n = D(media[medium, 4])
            ux, uy = _off_face_direction(ux, x), _off_face_direction(uy, y)
            weight = 1.0
            if numbers[SURFACE_WEIGHT] > 0.0:  # weight: transmittance of the surface at place and angle
                weight -= fresnel(above_n, n, uz)[0]
                sums[SPECULAR] += 1.0 - weight
            ux, uy = above_n / n * ux, above_n / n * uy
            uz = math.sqrt(max(0.0, 1.0 - ux * ux - uy * uy))
            if abs(far_x) > half_x or abs(far_y) > half_y:
                sums[SIDES] += weight
                continue
            depth = minus_log(_uniform_number(state))  # of scattering, to the next collision
            patience = MAX_PACKET_STEPS
            while weight > 0.0:
                patience -= 1
                if weight < photon_steps.ROULETTE_BELOW or patience == 0:
                    survived = (
                        weight / photon_steps.ROULETTE_CHANCE
                        if _uniform_number(state) < photon_steps.ROULETTE_CHANCE
                        else 0.0
                    )
                    sums[ROULETTE] += weight - survived
                    weight, patience = survived, MAX_PACKET_STEPS
                    if survived == 0.0:
                        break
                mua, mus, part = D(media[medium, 0]) * size, D(media[medium, 1]) * size, int(media[medium, 3])
                from_x, from_y, from_z = ix + x, iy + y, iz + z
                way, axis, inside, there, at, left_x, left_y, left_z = _fly_stretch(
                    cube, at, medium, depth / mus if mus > 0.0 else math.inf,
                    _axis_ways(ix, x, ux, nx), _axis_ways(iy, y, uy, ny), _axis_ways(iz, z, uz, nz),
                    ny * nz if ux > 0.0 else -ny * nz, nz if uy > 0.0 else -nz, 1 if uz > 0.0 else -1,
                )  # fmt: skip
                path = weight * way * _mean_weight(mua * way)
                left = min(path * mua, weight)
                weight -= left
                sums[PARTS + part] += left
                sums[PARTS + count + part] += path * size
                share = way * _absorption_place(mua * way, _uniform_number(state))
                k = _bin_number(
                    (from_x + ux * share) * size - half_x,
                    (from_y + uy * share) * size - half_y,
                    (from_z + uz * share) * size,
                    edges,
                    numbers,
                )
                fluence[k] += path * size
                if mapped:
                    absorbed[k] += left
                ix, x = _arrival(left_x[0], left_x[1], ux, nx)
                iy, y = _arrival(left_y[0], left_y[1], uy, ny)
                iz, z = _arrival(left_z[0], left_z[1], uz, nz)
                if axis == _COLLISION:
                    v = _deflection(part, D(media[medium, 2]), state, cosines, tabulated)
                    ux, uy, uz = turned(ux, uy, uz, v, _uniform_number(state) - 0.5)
                    depth = minus_log(_uniform_number(state))
                    continue
                depth = max(depth - mus * way, 0.0)
                n = D(media[medium, 4])
                beyond = D(media[there, 4]) if inside else (below_n if axis == _Z and uz > 0.0 else above_n)
                if n != beyond:
                    ux, uy, uz, through = _cross_interface(ux, uy, uz, axis, n, beyond, state)
                    if not through:
                        continue
                if not inside:
                    side = SIDES if axis != _Z else (TRANSMITTED if uz > 0.0 else REFLECTED)
                    sums[side] += weight
                    if axis == _Z and numbers[PER_RING] > 0.0:
                        far_x, far_y = (ix + x) * size - half_x, (iy + y) * size - half_y
                        ring = int(min(math.sqrt(far_x * far_x + far_y * far_y) * numbers[PER_RING], numbers[RINGS]))
                        out[side - REFLECTED, ring] += weight
                    break
                medium = there
                if axis == _X:
                    step = 1 if ux > 0.0 else -1
                    ix, x, at = ix + step, (0.0 if ux > 0.0 else 1.0), at + step * ny * nz
                elif axis == _Y:
                    step = 1 if uy > 0.0 else -1
                    iy, y, at = iy + step, (0.0 if uy > 0.0 else 1.0), at + step * nz
                else:
                    step = 1 if uz > 0.0 else -1
                    iz, z, at = iz + step, (0.0 if uz > 0.0 else 1.0), at + step

    return walk


walk_voxels = _compile_kernel(photon_steps.EDITION)
