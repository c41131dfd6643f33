"""Points and weights of Gauss and Legendre, which are found once for each number of them."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["gauss_legendre"]

Array = NDArray[np.float64]


@cache
def gauss_legendre(number: int) -> tuple[Array, Array]:
    """Return points between -1 and 1 and their weights, (number,); not to be written to."""
    points, weights = np.polynomial.legendre.leggauss(number)
    for each in (points, weights):
        each.setflags(write=False)
    return points, weights
