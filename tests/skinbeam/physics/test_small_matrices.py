"""Small matrices against the routines of NumPy."""

import numpy as np
import pytest

from skinbeam.physics.numerics.small_matrices import (
    apply,
    apply_transposed,
    diagonalise,
    invert,
    multiply,
    solve,
    transpose,
)

SIZES = (1, 2, 3, 7, 14, 40)


@pytest.mark.parametrize("size", SIZES)
def test_products(size: int) -> None:
    rng = np.random.default_rng(size)
    a, b, v = rng.normal(size=(size, size)), rng.normal(size=(size, size + 1)), rng.normal(size=size)
    product, turned, vector = np.empty_like(b), np.empty_like(a), np.empty(size)
    multiply(a, b, product)
    np.testing.assert_allclose(product, a @ b, atol=1e-13)
    transpose(a, turned)
    np.testing.assert_array_equal(turned, a.T)
    apply(a, v, vector)
    np.testing.assert_allclose(vector, a @ v, atol=1e-13)
    apply_transposed(a, v, vector)
    np.testing.assert_allclose(vector, v @ a, atol=1e-13)


@pytest.mark.parametrize("size", SIZES)
def test_solution_needs_no_large_diagonal(size: int) -> None:
    rng = np.random.default_rng(size)
    matrix = np.roll(np.eye(size), 1, axis=0) + 0.1 / size * rng.normal(size=(size, size))
    right = rng.normal(size=(size, 3))
    found = right.copy()
    solve(matrix.copy(), found)
    np.testing.assert_allclose(matrix @ found, right, atol=1e-13)
    inverse = matrix.copy()
    invert(inverse, np.empty(size))
    np.testing.assert_allclose(matrix @ inverse, np.eye(size), atol=1e-13)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["graded", "diagonal", "repeated", "blocks"])
def test_eigenvectors(size: int, kind: str) -> None:
    rng = np.random.default_rng(size)
    a = rng.normal(size=(size, size)) * 10.0 ** -np.linspace(0.0, 3.0, size)
    matrix = a.T @ a
    if kind == "diagonal":
        matrix = np.diag(np.diag(matrix))
    if kind == "repeated":
        matrix = np.eye(size) + np.ones((size, size))
    if kind == "blocks":
        matrix[: size // 2, size // 2 :] = matrix[size // 2 :, : size // 2] = 0.0
    vectors = np.empty((size, size))
    diagonalise(matrix.copy(), vectors, np.empty((4, size)))
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(size), atol=1e-13)
    turned = vectors @ matrix @ vectors.T
    scale = np.max(np.abs(matrix))
    np.testing.assert_allclose(turned - np.diag(np.diag(turned)), 0.0, atol=1e-13 * scale)
    assert turned[0, 0] == pytest.approx(np.min(np.diag(turned)), abs=1e-13 * scale)
