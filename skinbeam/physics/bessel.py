"""Bessel functions of whole order by the trapezium rule on their integral.

    J_n(x) = 1/N sum over j < N of cos(n a_j - x sin a_j),   a_j = 2 pi j / N                                 (bessel 1)

The integrand has the period of the sum, so that the error is J_(N - n)(x) + J_(N + n)(x), below rounding once N exceeds
|x| by some cube roots of it (Abramowitz and Stegun 1964, 9.1.42 to 9.1.45).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bessel"]

Array = NDArray[np.float64]

_MARGIN: Final = 40
_CUBE_ROOTS: Final = 12.0


def bessel(order: int, x: ArrayLike) -> Array:
    """Return J of `order` 0, 1, 2, ... at `x`, in the shape of x, to some 1e-15."""
    values = np.asarray(x, dtype=np.float64)
    largest = float(np.abs(values).max(initial=0.0))
    count = math.ceil(largest + _CUBE_ROOTS * largest ** (1 / 3)) + _MARGIN + order
    total = np.zeros_like(values)
    # The terms of a and pi - a are alike for even orders and opposite in sign of the sine for odd: all are summed.
    for angle in 2 * np.pi * np.arange(count) / count:
        total += np.cos(order * angle - values * math.sin(angle))
    return np.asarray(total / count)
