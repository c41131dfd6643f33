"""Weights that lay values between nodes: smooth by cubic splines, or straight; a photograph needs no more of SciPy."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["cubic", "straight"]

Array = NDArray[np.float64]


def cubic(nodes: Array, at: Array, *, slope: bool = False) -> Array:
    """Return the weights (place, node) of the cubic spline through four rising nodes or more, or of its slope.

    Its third derivative does not jump at the second node and at the last but one ("not a knot"; de Boor 1978).
    """
    width = nodes[-1] - nodes[0]
    t, x = ((values - nodes[0]) / width for values in (nodes, at))
    through = np.linalg.inv(_terms(t, t[2:-2]))
    return np.asarray(_slopes(x, t[2:-2]) @ through / width if slope else _terms(x, t[2:-2]) @ through)


def _terms(x: Array, knots: Array) -> Array:
    """The terms (place, term) of a cubic spline: powers up to the third, and the cube of what lies beyond each knot."""
    return np.concatenate([x[:, None] ** np.arange(4), np.maximum(x[:, None] - knots, 0.0) ** 3], axis=1)


def _slopes(x: Array, knots: Array) -> Array:
    powers = np.stack([np.zeros_like(x), np.ones_like(x), 2 * x, 3 * x**2], axis=1)
    return np.concatenate([powers, 3 * np.maximum(x[:, None] - knots, 0.0) ** 2], axis=1)


def straight(nodes: Array, at: Array) -> Array:
    """Return the weights (place, node) of straight lines between nodes; beyond them their ends are held."""
    return np.stack([np.interp(at, nodes, one) for one in np.eye(nodes.size)], axis=1)
