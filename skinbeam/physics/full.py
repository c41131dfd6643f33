"""Arguments that may be given short, as whole arrays for compiled kernels."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["full"]


def full(values: ArrayLike, *shape: int) -> NDArray[np.float64]:
    """Return a copy of `values` broadcast to `shape`, in C order.

    A copy, since a read-only view is another type to Numba and would be compiled for anew.

    Raises
    ------
    ValueError : a shape that does not fit.
    """
    return np.array(np.broadcast_to(np.asarray(values, dtype=np.float64), shape), order="C")
