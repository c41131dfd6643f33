"""Factor and solve many tridiagonal systems at once: each column of an array is a line of cells, solved down the rows.

    store_i u_i + a [ g_i (u_i - u_{i-1}) + g_{i+1} (u_i - u_{i+1}) ] = x_i,     u = 0 beyond both ends       (lines 1)

The solution is Thomas's elimination. A row follows from the row before, and its columns are independent: the inner
loops run along memory and become vector instructions. Each loop writes to one row alone, so that the compiler has few
overlaps to rule out.
"""

from numba import njit
from numpy import float64
from numpy.typing import NDArray

from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS

__all__ = ["factor_tridiagonal", "solve_tridiagonal", "transpose_blocks"]

Array = NDArray[float64]


@njit(**NJIT_OPTIONS)
def factor_tridiagonal(
    store: Array, between: Array, a: float, pivot: Array, upper: Array
) -> None:  # pragma: no cover - compiled
    """Compute `pivot` and `upper`, (row, column), from stores (row, column) and conductances (row + 1, column)."""
    rows, columns = store.shape
    for i in range(rows):
        s, above, below, p, u = store[i], between[i], between[i + 1], pivot[i], upper[i]
        if i == 0:
            for j in range(columns):
                p[j] = 1.0 / (s[j] + a * (above[j] + below[j]))
        else:
            v = upper[i - 1]
            for j in range(columns):
                p[j] = 1.0 / (s[j] + a * (above[j] * (1.0 - v[j]) + below[j]))
        for j in range(columns):
            u[j] = a * below[j] * p[j]


@njit(**NJIT_OPTIONS)
def solve_tridiagonal(
    between: Array, a: float, pivot: Array, upper: Array, x: Array
) -> None:  # pragma: no cover - compiled
    """Replace the right-hand sides `x`, (row, column), by the solution."""
    rows, columns = x.shape
    here, p = x[0], pivot[0]
    for j in range(columns):
        here[j] *= p[j]
    for i in range(1, rows):
        here, before, g, p = x[i], x[i - 1], between[i], pivot[i]
        for j in range(columns):
            here[j] = (here[j] + a * g[j] * before[j]) * p[j]
    for i in range(rows - 2, -1, -1):
        here, after, u = x[i], x[i + 1], upper[i]
        for j in range(columns):
            here[j] += u[j] * after[j]


@njit(**NJIT_OPTIONS)
def transpose_blocks(a: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write the transpose of `a` to `out`, in blocks that fit into the first-level cache."""
    rows, columns = a.shape
    for first in range(0, rows, 8):
        last = min(first + 8, rows)
        for j in range(columns):
            to = out[j]
            for i in range(first, last):
                to[i] = a[i, j]
