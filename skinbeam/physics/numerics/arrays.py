"""Arguments that may be given short, as whole arrays for compiled kernels."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["full", "rows"]


def full(values: ArrayLike, *shape: int) -> NDArray[np.float64]:
    """Return a copy of `values` broadcast to `shape`, in C order.

    A copy, since a read-only view is another type to Numba and would be compiled for anew.

    Raises
    ------
    ValueError : a shape that does not fit.
    """
    given = np.asarray(values, dtype=np.float64)
    # Of its shape already, as most are: to broadcast takes longer than to copy.
    return np.array(given if given.shape == shape else np.broadcast_to(given, shape), order="C")


def rows(*values: ArrayLike) -> list[NDArray[np.float64]]:
    """Return numbers of one sample or of each as arrays of one shape, (sample,); views, not to be written to.

    Raises
    ------
    ValueError : shapes that do not fit.
    """
    return list(np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in values)))
