"""Check and broadcast array arguments, and compute Gauss-Legendre nodes.

Values that no tissue can have are rejected with the rule, the index and the value.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "broadcast_copy",
    "broadcast_samples",
    "gauss_legendre",
    "require",
]


def require(condition: NDArray[np.bool_] | bool, rule: str, values: NDArray[np.float64] | float) -> None:
    """Raise ValueError with `rule`, the first index where it does not hold, and the value found there (`values`)."""
    if np.all(condition):
        return
    if np.ndim(condition) == 0:
        raise ValueError(f"{rule}; read {values}")
    place = tuple(int(i) for i in np.argwhere(~np.asarray(condition))[0])
    value = np.broadcast_to(np.asarray(values), np.shape(condition))[place]
    raise ValueError(f"{rule}; read {value} at index {place}")


def broadcast_copy(values: ArrayLike, *shape: int) -> NDArray[np.float64]:
    """Return a copy of `values` broadcast to `shape`, in C order.

    The result is a copy because a read-only view is another type to Numba and would be compiled again.

    Raises
    ------
    ValueError : a shape that does not fit.
    """
    given = np.asarray(values, dtype=np.float64)
    # Most arrays already have this shape, and broadcasting takes longer than copying.
    return np.array(given if given.shape == shape else np.broadcast_to(given, shape), order="C")


def broadcast_samples(*values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return scalars or (sample,) arrays broadcast to one shape, (sample,).

    The results are views and must not be written to.

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    return list(np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in values)))


Array = NDArray[np.float64]


@cache
def gauss_legendre(number: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes between -1 and 1 and their weights, (number,).

    The arrays are computed once for each number of nodes and are read-only.
    """
    points, weights = np.polynomial.legendre.leggauss(number)
    for array in (points, weights):
        array.setflags(write=False)
    return points, weights
