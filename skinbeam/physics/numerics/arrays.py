"""Refusal of numbers that no tissue has: what was asked, where, and what was read."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "broadcast_copy",
    "broadcast_samples",
    "gauss_legendre",
    "require",
]


def require(holds: NDArray[np.bool_] | bool, rule: str, read: NDArray[np.float64] | float) -> None:
    """Raise ValueError with `rule`, the first place where it does not hold, and the number read there."""
    if np.all(holds):
        return
    if np.ndim(holds) == 0:
        raise ValueError(f"{rule}; read {read}")
    place = tuple(int(i) for i in np.argwhere(~np.asarray(holds))[0])
    value = np.broadcast_to(np.asarray(read), np.shape(holds))[place]
    raise ValueError(f"{rule}; read {value} at index {place}")


# Arguments that may be given short, as whole arrays for compiled kernels.


def broadcast_copy(values: ArrayLike, *shape: int) -> NDArray[np.float64]:
    """Return a copy of `values` broadcast to `shape`, in C order.

    A copy, since a read-only view is another type to Numba and would be compiled for anew.

    Raises
    ------
    ValueError : a shape that does not fit.
    """
    given = np.asarray(values, dtype=np.float64)
    # Of its shape already, as most are: to broadcast takes longer than to copy.
    return np.array(given if given.shape == shape else np.broadcast_to(given, shape), order="C")


def broadcast_samples(*values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return numbers of one sample or of each as arrays of one shape, (sample,); views, not to be written to.

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    return list(np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in values)))


# Points and weights of Gauss and Legendre, which are found once for each number of them.

Array = NDArray[np.float64]


@cache
def gauss_legendre(number: int) -> tuple[Array, Array]:
    """Return points between -1 and 1 and their weights, (number,); not to be written to."""
    points, weights = np.polynomial.legendre.leggauss(number)
    for each in (points, weights):
        each.setflags(write=False)
    return points, weights
