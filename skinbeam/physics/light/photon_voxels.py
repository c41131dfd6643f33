"""Packets that walk a cube of voxels from face to face, where neighbours may differ in refractive index.

The free path is an optical depth of scattering alone, -ln ξ, used up at the rate μs across voxels. A stretch is a
straight way of length l through voxels of one medium, however many. On it a packet of weight w leaves absorption behind
all the time, not at collisions (Sassaroli and Martelli 2012):

    weight left       w (1 - exp(-μa l)),
    fluence, by path  w (1 - exp(-μa l)) / μa,                                                              (light 14)

the exact means over a part. To bins, which may lie across voxels, all of a stretch is told at one point of it, drawn
from the density exp(-μa s) that both have on it: without bias in any bin, whatever its bounds, and what is left in all
bins sums to what is left in all parts.

Voxels are crossed as Amanatides and Woo (1987) do. Which voxel a packet is in is a matter of whole numbers, changed by
the face that it crosses and by nothing else, and its place is kept within that voxel, from 0 to 1: rounding can neither
skip a face nor put it elsewhere. Lengths are in widths of a voxel, all but integers in double precision. At faces
between different indices a packet is reflected with Fresnel's probability, or refracted. Roulette is as in `steps`;
packets that neither leave nor lose weight, total reflection without absorption, play it after `PATIENCE` stretches.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from skinbeam.physics.kernel.layout import (
    COLUMNS_X,
    COLUMNS_Y,
    FIRST_DEPTH,
    HALF_X,
    HALF_Y,
    OPTIONS,
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
    TRANSMITTED,
    WEIGHS,
    one_by_one,
)
from skinbeam.physics.light import steps

__all__ = ["PATIENCE", "walk"]

PATIENCE = 100_000

D, W = np.float64, np.uint64

_THIN = 0.02  # μa l below which series stand for exponentials, the weight to rounding, its place to 4e-8 of the stretch
_LEVEL = 1e-12  # cosines below this fly as if they were this
_NOWHERE, _X, _Y, _Z = range(-1, 3)  # how a stretch ends: at a collision, or at a face across this axis

_step = steps.load(one_by_one)
next_word, fraction, minus_log, deflection, turned = (
    _step.next_word, _step.fraction, _step.minus_log, _step.deflection, _step.turned,
)  # fmt: skip
fresnel, emitted = _step.fresnel, _step.emitted


@one_by_one
def _uniform(state):  # type: ignore[no-untyped-def]
    word, state[0], state[1] = next_word(state[0], state[1])
    return fraction(word)


@one_by_one
def _mean_weight(x):  # type: ignore[no-untyped-def]
    """Mean of exp(-s) over 0 < s < x."""
    if x < _THIN:
        return 1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0))))
    return -math.expm1(-x) / x


@one_by_one
def _drawn(x, u):  # type: ignore[no-untyped-def]
    """The share of a stretch of depth x = μa l at which the share u of what it absorbs has been left."""
    if x < _THIN:
        return u - u * (1.0 - u) * x * (0.5 - x * (1.0 - 2.0 * u) / 6.0)
    return -math.log1p(u * math.expm1(-x)) / x


@one_by_one
def _voxel(far, u, count):  # type: ignore[no-untyped-def]
    """Number of the voxel of a place along an axis, and the place in it; of a face, what the packet flies into."""
    k = min(max(np.int64(far), 0), count - 1)
    if u < 0.0 and k > 0 and far <= k:
        return k - 1, 1.0
    return k, min(max(far - k, 0.0), 1.0)


@one_by_one
def _off(u, place):  # type: ignore[no-untyped-def]
    """A direction along the faces across an axis, turned off the nearer one, so that it never meets it."""
    if u != 0.0:
        return u
    return _LEVEL if place < 0.5 else -_LEVEL


@one_by_one
def _along(k, place, u, count):  # type: ignore[no-untyped-def]
    """Along one axis: way to the next face, way from face to face, and how many there are before the outer one."""
    per_u = 1.0 / max(abs(u), _LEVEL)
    return (
        (1.0 - place if u > 0.0 else place) * per_u,
        per_u,
        count - 1 - k if u > 0.0 else k,
    )


@one_by_one
def _arrived(to, more, u, count):  # type: ignore[no-untyped-def]
    """Along one axis: number of the voxel and place in it, from what is left of the ways."""
    left = min(to * max(abs(u), _LEVEL), 1.0)
    return (count - 1 - more, 1.0 - left) if u > 0.0 else (more, left)


@one_by_one
def _fly(cube, at, medium, reach, along_x, along_y, along_z, by_x, by_y, by_z):  # type: ignore[no-untyped-def]
    """Fly through voxels of one medium.

    Returns the way, the axis of the face where it ends, whether there is a voxel beyond it and of which medium, where
    in the cube the last one is, and along each axis the way left to the next face and the faces left.
    """
    to_x, per_x, more_x = along_x
    to_y, per_y, more_y = along_y
    to_z, per_z, more_z = along_z
    axis, inside, there = _NOWHERE, True, medium
    while True:
        way = min(to_x, to_y, to_z)
        if way >= reach:
            way, axis = reach, _NOWHERE
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


@one_by_one
def _bin(x, y, z, edges, numbers):  # type: ignore[no-untyped-def]
    """Bin of the tally, and the last one for what is above or below its depths."""
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


@one_by_one
def _turn(part, g, state, cosines, tabulated):  # type: ignore[no-untyped-def]
    """1 - cos of a turn, by the table of the part where it has one."""
    u = _uniform(state)
    row = tabulated[part] if len(tabulated) > 0 else -1
    if row < 0:
        return deflection(g, 2.0 * u - 1.0)
    at = u * (cosines.shape[1] - 1)
    k = int(at)
    low = D(cosines[row, k])
    return low + (at - k) * (D(cosines[row, k + 1]) - low)


@one_by_one
def _bent(ux, uy, uz, axis, n, beyond, state):  # type: ignore[no-untyped-def]
    """Direction after a face between two indices, and whether the packet went through."""
    u = ux if axis == _X else (uy if axis == _Y else uz)
    reflected, refracted = fresnel(n, beyond, abs(u))
    through = reflected < 1.0 and _uniform(state) >= reflected
    u = math.copysign(refracted, u) if through else -u
    ratio = n / beyond if through else 1.0
    return (
        u if axis == _X else ux * ratio,
        u if axis == _Y else uy * ratio,
        u if axis == _Z else uz * ratio,
        through,
    )


def _compiled(edition: int) -> Any:
    """The kernel; the number makes another entry in Numba's cache, which otherwise knows this file alone."""

    @njit(cache=True, **OPTIONS)
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
                beam, _uniform(state), _uniform(state), _uniform(state), _uniform(state)
            )  # fmt: skip
            ix, x = _voxel((far_x + half_x) / size, ux, nx)
            iy, y = _voxel((far_y + half_y) / size, uy, ny)
            iz, z = np.int64(0), 0.0
            at = (ix * ny + iy) * nz
            medium = cube[W(at)]
            n = D(media[medium, 4])
            ux, uy = _off(ux, x), _off(uy, y)
            weight = 1.0
            if numbers[WEIGHS] > 0.0:  # each packet with what the surface lets in at its place and angle
                weight -= fresnel(above_n, n, uz)[0]
                sums[SPECULAR] += 1.0 - weight
            ux, uy = above_n / n * ux, above_n / n * uy
            uz = math.sqrt(max(0.0, 1.0 - ux * ux - uy * uy))
            if abs(far_x) > half_x or abs(far_y) > half_y:
                sums[SIDES] += weight
                continue
            depth = minus_log(_uniform(state))  # of scattering, to the next collision
            patience = PATIENCE
            while weight > 0.0:
                patience -= 1
                if weight < steps.ROULETTE_BELOW or patience == 0:
                    kept = weight / steps.ROULETTE_CHANCE if _uniform(state) < steps.ROULETTE_CHANCE else 0.0
                    sums[ROULETTE] += weight - kept
                    weight, patience = kept, PATIENCE
                    if kept == 0.0:
                        break
                mua, mus, part = D(media[medium, 0]) * size, D(media[medium, 1]) * size, int(media[medium, 3])
                from_x, from_y, from_z = ix + x, iy + y, iz + z
                way, axis, inside, there, at, left_x, left_y, left_z = _fly(
                    cube, at, medium, depth / mus if mus > 0.0 else math.inf,
                    _along(ix, x, ux, nx), _along(iy, y, uy, ny), _along(iz, z, uz, nz),
                    ny * nz if ux > 0.0 else -ny * nz, nz if uy > 0.0 else -nz, 1 if uz > 0.0 else -1,
                )  # fmt: skip
                path = weight * way * _mean_weight(mua * way)
                left = min(path * mua, weight)
                weight -= left
                sums[PARTS + part] += left
                sums[PARTS + count + part] += path * size
                share = way * _drawn(mua * way, _uniform(state))
                k = _bin(
                    (from_x + ux * share) * size - half_x,
                    (from_y + uy * share) * size - half_y,
                    (from_z + uz * share) * size,
                    edges,
                    numbers,
                )
                fluence[k] += path * size
                if mapped:
                    absorbed[k] += left
                ix, x = _arrived(left_x[0], left_x[1], ux, nx)
                iy, y = _arrived(left_y[0], left_y[1], uy, ny)
                iz, z = _arrived(left_z[0], left_z[1], uz, nz)
                if axis == _NOWHERE:
                    v = _turn(part, D(media[medium, 2]), state, cosines, tabulated)
                    ux, uy, uz = turned(ux, uy, uz, v, _uniform(state) - 0.5)
                    depth = minus_log(_uniform(state))
                    continue
                depth = max(depth - mus * way, 0.0)
                n = D(media[medium, 4])
                beyond = D(media[there, 4]) if inside else (below_n if axis == _Z and uz > 0.0 else above_n)
                if n != beyond:
                    ux, uy, uz, through = _bent(ux, uy, uz, axis, n, beyond, state)
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


walk = _compiled(steps.EDITION)
