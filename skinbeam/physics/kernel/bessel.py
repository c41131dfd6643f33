"""Bessel functions by the trapezium rule on their integrals.

    J_n(x) = 1/N sum over j < N of cos(n a_j - x sin a_j),   a_j = 2 pi j / N                                 (bessel 1)

The integrand has the period of the sum, so that the error is J_(N - n)(x) + J_(N + n)(x), below rounding once N exceeds
|x| by some cube roots of it (Abramowitz and Stegun 1964, 9.1.42 to 9.1.45). Likewise, by 9.6.24,

    K_0(x) = h (e^-x / 2 + sum over j > 0 of exp(-x cosh(j h))),                                             (bessel 2)

whose integrand is analytic within pi / 2 of the real axis, and for large x a Gaussian of width 1 / sqrt(x): the error
is some exp(-pi^2 / h) and exp(-2 pi^2 / (x h^2)) of K_0.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bessel", "bessel_k0"]

Array = NDArray[np.float64]

_MARGIN: Final = 40
_CUBE_ROOTS: Final = 12.0
_STEP: Final = 0.04  # of (bessel 2)
_FADED: Final = 745.0  # what exp(-x) no longer holds


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


def bessel_k0(x: ArrayLike) -> Array:
    """Return the modified Bessel function K_0 at `x` > 0, in the shape of x, to some 1e-15 of itself up to 300.

    Raises
    ------
    ValueError : an x that is not above 0.
    """
    values = np.asarray(x, dtype=np.float64)
    if not np.all(values > 0):
        raise ValueError("K of order 0 is infinite at 0 and not real below")
    total = np.exp(-values) / 2
    last = math.acosh(max(_FADED / float(values.min(initial=_FADED)), 1.0))
    for j in range(1, math.ceil(last / _STEP) + 1):
        total += np.exp(-values * math.cosh(j * _STEP))
    return np.asarray(_STEP * total)
