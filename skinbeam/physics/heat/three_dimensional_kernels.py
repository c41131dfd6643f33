"""Kernels for heat conduction in three dimensions: explicit stages and implicit solutions along lines.

An explicit stage reads every array once and writes its result once. The flows F(w) of a state w of enthalpies are added
to a state at once,

    out <- c_0 y + c_1 w + c_2 out + m F(w) + g F_0,                                                          (heat 8)

which is any stage of (chebyshev 1). Memory limits the speed: a tile, part of the rows along z in part of the planes, is
processed plane by plane, with the temperatures of three planes in the caches. Long tiles keep the loops long and the
streams from memory unbroken. Tiles do not depend on the number of threads, so that sums do not either. Conductances of
faces are in single precision: this halves the memory, and both cells of a face use the same number, so that the energy
balance still holds.

Implicit steps are (heat 6) with L = L_x + L_y + L_z. One sweep solves along x, in columns side by side; another solves
plane after plane along y and, transposed, along z.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from skinbeam.physics.heat.enthalpy import boiling_capacity_ratio
from skinbeam.physics.heat.problem import IntervalConditions
from skinbeam.physics.heat.surface_exchange import surface_flux
from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS
from skinbeam.physics.numerics.time_stepping import FASTMATH
from skinbeam.physics.numerics.tridiagonal import factor_tridiagonal, solve_tridiagonal, transpose_blocks

__all__ = [
    "FLOWS",
    "SLAB",
    "STAGE",
    "STEP_ERROR",
    "STRIP",
    "Body3D",
    "advance_states",
    "run_first_stage",
    "run_stage",
    "solve_along_lines",
    "write_capacities_3d",
]

Array = NDArray[np.float64]
Singles = NDArray[np.float32]

# Kinds of output: (heat 8); F(w) alone; F(w), and the error of a step from y to w by (chebyshev 2).
STAGE, FLOWS, STEP_ERROR = range(3)
STRIP: Final = 20480  # cells of a tile in a plane: three planes of temperatures are half of a cache of 1 MiB
SLAB: Final = 50  # planes of a tile; temperatures of the planes before and after it are computed twice


class Body3D(NamedTuple):
    """Conductances, heat storage and light of one skin.

    Parameters
    ----------
    gx, gy, gz : conductances of the faces before each cell, W/K: (x + 1, y * z), (x, (y + 1) * z), (x, y * z + 1); a
        face at an end of the grid conducts nothing.
    inside, area, bottom : (x, y) conductance from the first centre to the surface, W/m²K; area, m²; conductance from
        the last centre to the last face where that is held at `bottom_K`, else 0, W/K.
    store, per_store, power : (x, y * z) J/K, the inverse of it, W.
    boiling : (4, x, y * z) start, share, latent and gain of `enthalpy.BoilingCells`; (4, 1, y * z) where nothing boils.
    """

    gx: Singles
    gy: Singles
    gz: Singles
    inside: Array
    area: Array
    bottom: Array
    store: Array
    per_store: Array
    power: Array
    boiling: Array
    boils: bool
    bottom_K: float


@njit(fastmath=FASTMATH, **NJIT_OPTIONS)
def _write_row_temperatures(
    e: Array, per_store: Array, boiling: Array, boils: bool, out: Array
) -> None:  # pragma: no cover
    """Write the temperatures of a row of cells, as `enthalpy.write_temperatures` does."""
    if boils:
        start, share, latent, gain = boiling[0], boiling[1], boiling[2], boiling[3]
        for m in range(len(e)):
            taken = share[m] * (e[m] - start[m])
            out[m] = (e[m] - min(max(taken, 0.0), latent[m]) + gain[m] * max(taken - latent[m], 0.0)) * per_store[m]
    else:
        for m in range(len(e)):
            out[m] = e[m] * per_store[m]


@njit(fastmath=FASTMATH, **NJIT_OPTIONS)
def _run_tile(
    kind: int,
    body: Body3D,
    now: IntervalConditions,
    planes: tuple[int, int],
    first: int,
    last: int,
    c: Array,
    y: Array,
    w: Array,
    rates: Array,
    out: Array,
    room: Array,
    sums: Array,
) -> None:  # pragma: no cover - compiled
    gx, gy, gz, inside, area, bottom, store, per_store, power, boiling, boils, below = body
    on, h, outside = now
    nz = store.shape[1] // area.shape[1]
    nx, cells = w.shape
    size = last - first
    low, high = max(first - nz, 0), min(last + nz, cells)  # cells whose temperatures are needed
    at = low - first + nz
    c0, c1, c2, m, g = c
    if kind != STAGE:
        m = 1.0
    enters = leaves = worst = 0.0
    before, here, after, f = room[0], room[1], room[2], room[3]
    i = planes[0]
    _write_row_temperatures(w[i, low:high], per_store[i, low:high], boiling[:, boils * i, low:high], boils, here[at:])
    if i > 0:
        n = i - 1
        _write_row_temperatures(
            w[n, low:high], per_store[n, low:high], boiling[:, boils * n, low:high], boils, before[at:]
        )
    for i in range(planes[0], planes[1]):
        if i + 1 < nx:
            n = i + 1
            _write_row_temperatures(
                w[n, low:high], per_store[n, low:high], boiling[:, boils * n, low:high], boils, after[at:]
            )
        # The first and the last plane and row, and both ends of a row, have faces that conduct nothing.
        t, t0, t1 = here[nz:], before[nz:], after[nz:]
        a, b, q = gx[i, first:], gx[i + 1, first:], power[i, first:]
        d, tb = gy[i, first:], here
        for k in range(size):
            f[k] = on * q[k] + a[k] * (t0[k] - t[k]) + b[k] * (t1[k] - t[k]) + d[k] * (tb[k] - t[k])
        b, d = gy[i, first + nz :], gz[i, first:]
        t1, tz = here[2 * nz :], here[nz - 1 :]  # in `tz` the cell itself is at index k + 1
        o, y0, w0, f0 = out[i, first:], y[i, first:], w[i, first:], rates[i, first:]
        if kind == STAGE:
            for k in range(size):
                flow = f[k] + b[k] * (t1[k] - tz[k + 1])
                flow += d[k] * (tz[k] - tz[k + 1]) + d[k + 1] * (tz[k + 2] - tz[k + 1])
                o[k] = c0 * y0[k] + c1 * w0[k] + c2 * o[k] + m * flow + g * f0[k]
        else:
            for k in range(size):
                flow = f[k] + b[k] * (t1[k] - tz[k + 1])
                o[k] = flow + d[k] * (tz[k] - tz[k + 1]) + d[k + 1] * (tz[k + 2] - tz[k + 1])
        for k in range(0, size, nz):
            j = (first + k) // nz
            flow = area[i, j] * surface_flux(t[k], inside[i, j], h, outside)[0]
            o[k] += m * flow
            enters += flow
            flow = bottom[i, j] * (t[k + nz - 1] - below)
            o[k + nz - 1] -= m * flow
            leaves += flow
        if kind == STEP_ERROR:
            p = per_store[i, first:]
            share, gain = boiling[1, boils * i, first:], boiling[3, boils * i, first:]
            for k in range(size):
                # A dried cell has the smallest heat capacity and so the largest temperature error.
                most = p[k] * max(1.0 + share[k] * gain[k], 1.0)
                worst = max(worst, abs(0.8 * (y0[k] - w0[k]) + c0 * (f0[k] + o[k])) * most)
        before, here, after = here, after, before
    sums[0], sums[1], sums[2] = enters, -leaves, worst


@njit(cache=True, parallel=True)
def run_stage(
    kind: int, body: Body3D, now: IntervalConditions, c: Array, y: Array, w: Array, rates: Array, out: Array
) -> tuple[float, float, float]:  # pragma: no cover - compiled
    """Write `out` as `kind` says; return the heat flow through top and bottom, W, and the error, K.

    States are (x, y * z). `c` is c_0, c_1, c_2, m and g of (heat 8); for STEP_ERROR its first number is 0.4 dt, and
    `rates` are the flows of y.
    """
    nx, cells = w.shape
    nz = cells // body.area.shape[1]
    strips = (cells + STRIP - 1) // STRIP
    size = ((cells // nz + strips - 1) // strips) * nz
    strips = (cells + size - 1) // size
    slabs = (nx + SLAB - 1) // SLAB
    thick = (nx + slabs - 1) // slabs
    slabs = (nx + thick - 1) // thick
    room, sums = np.zeros((strips * slabs, 4, size + 2 * nz)), np.empty((strips * slabs, 3))
    for n in prange(strips * slabs):
        first, plane = n % strips * size, n // strips * thick
        planes, last = (plane, min(plane + thick, nx)), min(first + size, cells)
        _run_tile(kind, body, now, planes, first, last, c, y, w, rates, out, room[n], sums[n])
    return sums[:, 0].sum(), sums[:, 1].sum(), sums[:, 2].max()


@njit(cache=True, parallel=True)
def run_first_stage(m: float, y: Array, rates: Array, w: Array, v: Array) -> None:  # pragma: no cover - compiled
    """Write y + m F_0 into `w` and y into `v`, the states from which the second stage of (chebyshev 1) starts."""
    for i in prange(len(y)):
        for k in range(y.shape[1]):
            w[i, k] = y[i, k] + m * rates[i, k]
            v[i, k] = y[i, k]


# Implicit solutions along lines: (heat 6).

_COLUMNS = 64  # columns of a sweep along x: their data fit into the second-level cache


@njit(cache=True, parallel=True)
def write_capacities_3d(energy: Array, store: Array, boiling: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write dE/dT of every cell, (x, y * z)."""
    for i in prange(len(energy)):
        for m in range(energy.shape[1]):
            start, share, latent, gain = boiling[:, i, m]
            out[i, m] = store[i, m] / boiling_capacity_ratio(share * (energy[i, m] - start), share, latent, gain)


@njit(cache=True, parallel=True)
def advance_states(
    y: Array, store: Array, a: float, x: Array, b: float, z: Array, out: Array
) -> float:  # pragma: no cover - compiled
    """Write y + store (a x + b z), (x, y * z), and return the largest |x + z|."""
    worst = np.empty(len(y))
    for i in prange(len(y)):
        most = 0.0
        for m in range(y.shape[1]):
            out[i, m] = y[i, m] + store[i, m] * (a * x[i, m] + b * z[i, m])
            most = max(most, abs(x[i, m] + z[i, m]))
        worst[i] = most
    return worst.max()


@njit(cache=True, parallel=True)
def solve_along_lines(
    a: float, body: Body3D, film: Array, store: Array, rates: Array
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Replace flows, W, by rates of temperature, K/s, of (heat 6).

    Returns the corrections to the heat flow through top and bottom, W.
    """
    nx, cells = rates.shape
    gx, gy, gz, bottom, nz = body.gx, body.gy, body.gz, body.bottom, cells // body.area.shape[1]
    for n in prange((cells + _COLUMNS - 1) // _COLUMNS):
        _solve_columns(a, n * _COLUMNS, min(n * _COLUMNS + _COLUMNS, cells), gx, store, rates)
    sums = np.empty((nx, 2))
    for i in prange(nx):
        _solve_plane(a, nz, gy[i], gz[i], film[i], bottom[i], store[i], rates[i], sums[i])
    return sums[:, 0].sum(), sums[:, 1].sum()


@njit(cache=True)
def _solve_columns(
    a: float, first: int, last: int, gx: Singles, store: Array, rates: Array
) -> None:  # pragma: no cover - compiled
    """Solve along x, and multiply the resulting rates by the stores."""
    nx = len(rates)
    room = np.empty((5, nx + 1, last - first))
    between, c, x, pivot, upper = room[0], room[1, :nx], room[2, :nx], room[3, :nx], room[4, :nx]
    for i in range(nx):
        between[i], c[i], x[i] = gx[i, first:last], store[i, first:last], rates[i, first:last]
    between[nx] = gx[nx, first:last]
    factor_tridiagonal(c, between, a, pivot, upper)
    solve_tridiagonal(between, a, pivot, upper, x)
    for i in range(nx):
        rates[i, first:last] = c[i] * x[i]


@njit(cache=True)
def _solve_plane(
    a: float, nz: int, gy: Singles, gz: Singles, film: Array, bottom: Array, store: Array, rates: Array, sums: Array
) -> None:  # pragma: no cover - compiled
    """Solve along y, then along z, in one plane of x."""
    ny = len(rates) // nz
    room = np.empty((3, ny, nz))
    c, x, across = store.reshape(ny, nz), rates.reshape(ny, nz), gy.reshape(ny + 1, nz)
    factor_tridiagonal(c, across, a, room[0], room[1])
    solve_tridiagonal(across, a, room[0], room[1], x)
    turned, down = np.empty((4, nz, ny)), np.empty((nz + 1, ny))
    room[2] = c * x
    transpose_blocks(room[2], turned[0])
    transpose_blocks(c, turned[1])
    transpose_blocks(gz[: ny * nz].reshape(ny, nz), down[:nz])
    down[0], down[nz] = film, bottom
    factor_tridiagonal(turned[1], down, a, turned[2], turned[3])
    solve_tridiagonal(down, a, turned[2], turned[3], turned[0])
    transpose_blocks(turned[0], x)
    sums[0], sums[1] = 0.0, 0.0
    for j in range(ny):
        sums[0] -= a * film[j] * turned[0, 0, j]
        sums[1] -= a * bottom[j] * turned[0, nz - 1, j]
