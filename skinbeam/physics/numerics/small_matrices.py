"""Multiply, solve and diagonalise single small matrices inside compiled kernels.

For some ten or twenty rows a call of a library takes longer than the sums. Matrices are (row, column) and contiguous,
and inner loops run along rows, so that they become vector instructions.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.physics.numerics.memory_layout import NJIT_OPTIONS

__all__ = ["apply", "apply_transposed", "diagonalise", "invert", "multiply", "solve", "transpose"]

Array = NDArray[np.float64]

# Steps for all eigenvalues together, per row; about 2 are needed. Only what is not a number uses them up.
MAX_STEPS = 30
EPSILON = float(np.finfo(np.float64).eps)


@njit(cache=True, fastmath={"contract"}, **NJIT_OPTIONS)
def multiply(a: Array, b: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write the product of `a` and `b` to `out`."""
    inner, columns = b.shape
    fours = inner - inner % 4
    for i in range(len(out)):
        row = out[i]
        for j in range(columns):
            row[j] = 0.0
        # Four rows of `b` at a time: each sum is read and written a quarter as often.
        for k in range(0, fours, 4):
            f0, f1, f2, f3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
            b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
            for j in range(columns):
                row[j] += f0 * b0[j] + f1 * b1[j] + f2 * b2[j] + f3 * b3[j]
        for k in range(fours, inner):
            f0, b0 = a[i, k], b[k]
            for j in range(columns):
                row[j] += f0 * b0[j]


@njit(cache=True, fastmath={"contract", "reassoc"}, **NJIT_OPTIONS)
def apply(matrix: Array, vector: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write matrix · vector to `out`."""
    for i in range(len(out)):
        total = 0.0
        for j in range(len(vector)):
            total += matrix[i, j] * vector[j]
        out[i] = total


@njit(cache=True, fastmath={"contract"}, **NJIT_OPTIONS)
def apply_transposed(matrix: Array, vector: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write vector · matrix to `out`."""
    for j in range(len(out)):
        out[j] = 0.0
    for i in range(len(vector)):
        factor = vector[i]
        for j in range(len(out)):
            out[j] += factor * matrix[i, j]


@njit(cache=True, **NJIT_OPTIONS)
def transpose(matrix: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Write the transpose of a square matrix to `out`."""
    for i in range(len(out)):
        for j in range(len(out)):
            out[i, j] = matrix[j, i]


@njit(cache=True, fastmath={"contract"}, **NJIT_OPTIONS)
def solve(matrix: Array, right: Array) -> None:  # pragma: no cover - compiled
    """Replace `right` by the solution of matrix · solution = right; `matrix` is destroyed.

    Gaussian elimination with partial pivoting.
    """
    size, columns = right.shape
    for p in range(size):
        best = p
        for i in range(p + 1, size):
            if abs(matrix[i, p]) > abs(matrix[best, p]):
                best = i
        if best != p:
            for j in range(p, size):
                matrix[p, j], matrix[best, j] = matrix[best, j], matrix[p, j]
            for j in range(columns):
                right[p, j], right[best, j] = right[best, j], right[p, j]
        inverse = 1.0 / matrix[p, p]
        pivot, known = matrix[p], right[p]
        for i in range(p + 1, size):
            row, result, factor = matrix[i], right[i], matrix[i, p] * inverse
            for j in range(p + 1, size):
                row[j] -= factor * pivot[j]
            for j in range(columns):
                result[j] -= factor * known[j]
        matrix[p, p] = inverse
    for i in range(size - 1, -1, -1):
        result = right[i]
        for k in range(i + 1, size):
            known, factor = right[k], matrix[i, k]
            for j in range(columns):
                result[j] -= factor * known[j]
        for j in range(columns):
            result[j] *= matrix[i, i]


@njit(cache=True, fastmath={"contract"}, **NJIT_OPTIONS)
def invert(matrix: Array, order: Array) -> None:  # pragma: no cover - compiled
    """Replace a matrix by its inverse; `order`, (row,), is overwritten.

    Gauss–Jordan elimination with partial pivoting, in place: a third less work than solving for the columns of 1.
    """
    size = len(matrix)
    for p in range(size):
        best = p
        for i in range(p + 1, size):
            if abs(matrix[i, p]) > abs(matrix[best, p]):
                best = i
        order[p] = best
        pivot = matrix[p]
        if best != p:
            other = matrix[best]
            for j in range(size):
                pivot[j], other[j] = other[j], pivot[j]
        inverse = 1.0 / pivot[p]
        pivot[p] = 1.0
        for j in range(size):
            pivot[j] *= inverse
        for i in range(size):
            if i != p:
                row, factor = matrix[i], matrix[i, p]
                row[p] = 0.0
                for j in range(size):
                    row[j] -= factor * pivot[j]
    for p in range(size - 1, -1, -1):
        best = int(order[p])
        if best != p:
            for i in range(size):
                matrix[i, p], matrix[i, best] = matrix[i, best], matrix[i, p]


@njit(cache=True, fastmath={"contract"}, **NJIT_OPTIONS)
def diagonalise(a: Array, vectors: Array, work: Array) -> None:  # pragma: no cover - compiled
    """Compute the eigenvectors of a symmetric matrix; that of the smallest eigenvalue is the first.

    Householder's reduction to a tridiagonal matrix, then steps of the implicit QL method with Wilkinson's shift, as in
    every textbook.

    Parameters
    ----------
    a : the matrix, which is destroyed.
    vectors : output, the eigenvectors as rows.
    work : (4, row), overwritten.
    """
    size = len(a)
    diagonal, beside, scale, along = work[0], work[1], work[2], work[3]
    # Reflections H = 1 − s v vᵀ; each v replaces the end of a row of `a`.
    for k in range(size - 2):
        v = a[k]
        diagonal[k] = v[k]
        squares = 0.0
        for j in range(k + 2, size):
            squares += v[j] * v[j]
        if squares == 0.0:
            beside[k], scale[k] = v[k + 1], 0.0
            continue
        first = v[k + 1]
        beside[k] = -math.copysign(math.sqrt(first * first + squares), first)
        v[k + 1] = first - beside[k]
        s = 2.0 / (v[k + 1] * v[k + 1] + squares)
        scale[k] = s
        for j in range(k + 1, size):
            along[j] = 0.0
        for i in range(k + 1, size):
            factor = s * v[i]
            for j in range(k + 1, size):
                along[j] += factor * a[i, j]
        mixed = 0.0
        for j in range(k + 1, size):
            mixed += along[j] * v[j]
        mixed *= 0.5 * s
        for j in range(k + 1, size):
            along[j] -= mixed * v[j]
        for i in range(k + 1, size):
            f, g = v[i], along[i]
            for j in range(k + 1, size):
                a[i, j] -= f * along[j] + g * v[j]
    for k in range(max(size - 2, 0), size):
        diagonal[k] = a[k, k]
    if size > 1:
        beside[size - 2] = a[size - 2, size - 1]
    beside[size - 1] = 0.0
    # The product of the reflections, from the last to the first; symmetric steps leave its transpose in `vectors`.
    for i in range(size):
        for j in range(size):
            vectors[i, j] = 1.0 if i == j else 0.0
    for k in range(size - 3, -1, -1):
        v = a[k]
        for i in range(k + 1, size):
            row, total = vectors[i], 0.0
            for j in range(k + 1, size):
                total += row[j] * v[j]
            total *= scale[k]
            for j in range(k + 1, size):
                row[j] -= total * v[j]
    _diagonalise_tridiagonal(diagonal, beside, vectors)
    smallest = 0
    for k in range(1, size):
        if diagonal[k] < diagonal[smallest]:
            smallest = k
    if smallest:
        for j in range(size):
            vectors[0, j], vectors[smallest, j] = vectors[smallest, j], vectors[0, j]


@njit(cache=True, fastmath={"contract"}, **NJIT_OPTIONS)
def _diagonalise_tridiagonal(diagonal: Array, beside: Array, vectors: Array) -> None:  # pragma: no cover - compiled
    """Turn the rows of `vectors` into eigenvectors and `diagonal` into eigenvalues."""
    size = len(diagonal)
    low, steps = 0, 0
    while low < size and steps < MAX_STEPS * size:
        high = low
        while high < size - 1:
            if abs(beside[high]) <= EPSILON * (abs(diagonal[high]) + abs(diagonal[high + 1])):
                break
            high += 1
        if high == low:
            low += 1
            continue
        steps += 1
        g = (diagonal[low + 1] - diagonal[low]) / (2.0 * beside[low])
        g = diagonal[high] - diagonal[low] + beside[low] / (g + math.copysign(math.sqrt(g * g + 1.0), g))
        s, c, p = 1.0, 1.0, 0.0
        split = False
        for i in range(high - 1, low - 1, -1):
            f, b = s * beside[i], c * beside[i]
            r = math.sqrt(f * f + g * g)
            beside[i + 1] = r
            if r == 0.0:
                diagonal[i + 1] -= p
                beside[high] = 0.0
                split = True
                break
            inverse = 1.0 / r
            s, c = f * inverse, g * inverse
            g = diagonal[i + 1] - p
            r = (diagonal[i] - g) * s + 2.0 * c * b
            p = s * r
            diagonal[i + 1] = g + p
            g = c * r - b
            here, after = vectors[i], vectors[i + 1]
            for j in range(size):
                x, y = here[j], after[j]
                after[j] = s * x + c * y
                here[j] = c * x - s * y
        if not split:
            diagonal[low] -= p
            beside[low] = g
            beside[high] = 0.0
