"""Heat in three dimensions along lines: (heat 6) with L = L_x + L_y + L_z.

One sweep solves along x, in columns side by side; another takes plane after plane along y and, turned, along z.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from skinbeam.physics.heat.enthalpy import slope_of
from skinbeam.physics.heat.problem import Now
from skinbeam.physics.heat.surface import surface
from skinbeam.physics.heat.xyz_stage import Body
from skinbeam.physics.kernel.tridiagonal import factor, solve, turn

__all__ = ["advance", "along_lines", "films", "stores_xyz"]

Array = NDArray[np.float64]
Singles = NDArray[np.float32]

_COLUMNS = 64  # of a sweep along x: what they need stays in the second cache


@njit(cache=True, parallel=True)
def stores_xyz(energy: Array, store: Array, boiling: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write dE/dT of every cell, (x, y * z)."""
    for i in prange(len(energy)):
        for m in range(energy.shape[1]):
            start, share, latent, gain = boiling[:, i, m]
            out[i, m] = store[i, m] / slope_of(share * (energy[i, m] - start), share, latent, gain)


@njit(cache=True)
def films(t: Array, body: Body, now: Now, out: Array) -> None:  # pragma: no cover - compiled
    """Write the conductance of the film above every column, W/K, for temperatures (x, y) of its first cell."""
    for i in range(t.shape[0]):
        for j in range(t.shape[1]):
            out[i, j] = body.area[i, j] * surface(t[i, j], body.inside[i, j], now.h, now.outside, body.table)[1]


@njit(cache=True, parallel=True)
def advance(
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
def along_lines(
    a: float, body: Body, film: Array, store: Array, rates: Array
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Replace flows, W, by rates of temperature, K/s, of (heat 6); return the mends of top and bottom, W."""
    nx, cells = rates.shape
    gx, gy, gz, bottom, nz = body.gx, body.gy, body.gz, body.bottom, cells // body.area.shape[1]
    for n in prange((cells + _COLUMNS - 1) // _COLUMNS):
        _columns(a, n * _COLUMNS, min(n * _COLUMNS + _COLUMNS, cells), gx, store, rates)
    sums = np.empty((nx, 2))
    for i in prange(nx):
        _plane(a, nz, gy[i], gz[i], film[i], bottom[i], store[i], rates[i], sums[i])
    return sums[:, 0].sum(), sums[:, 1].sum()


@njit(cache=True)
def _columns(
    a: float, first: int, last: int, gx: Singles, store: Array, rates: Array
) -> None:  # pragma: no cover - compiled
    """Solve along x, and make stores times rates of the solution."""
    nx = len(rates)
    room = np.empty((5, nx + 1, last - first))
    between, c, x, pivot, upper = room[0], room[1, :nx], room[2, :nx], room[3, :nx], room[4, :nx]
    for i in range(nx):
        between[i], c[i], x[i] = gx[i, first:last], store[i, first:last], rates[i, first:last]
    between[nx] = gx[nx, first:last]
    factor(c, between, a, pivot, upper)
    solve(between, a, pivot, upper, x)
    for i in range(nx):
        rates[i, first:last] = c[i] * x[i]


@njit(cache=True)
def _plane(
    a: float, nz: int, gy: Singles, gz: Singles, film: Array, bottom: Array, store: Array, rates: Array, sums: Array
) -> None:  # pragma: no cover - compiled
    """Solve along y, then along z, one plane of x."""
    ny = len(rates) // nz
    room = np.empty((3, ny, nz))
    c, x, across = store.reshape(ny, nz), rates.reshape(ny, nz), gy.reshape(ny + 1, nz)
    factor(c, across, a, room[0], room[1])
    solve(across, a, room[0], room[1], x)
    turned, down = np.empty((4, nz, ny)), np.empty((nz + 1, ny))
    room[2] = c * x
    turn(room[2], turned[0])
    turn(c, turned[1])
    turn(gz[: ny * nz].reshape(ny, nz), down[:nz])
    down[0], down[nz] = film, bottom
    factor(turned[1], down, a, turned[2], turned[3])
    solve(down, a, turned[2], turned[3], turned[0])
    turn(turned[0], x)
    sums[0], sums[1] = 0.0, 0.0
    for j in range(ny):
        sums[0] -= a * film[j] * turned[0, 0, j]
        sums[1] -= a * bottom[j] * turned[0, nz - 1, j]
