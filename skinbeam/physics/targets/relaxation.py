"""How fast a vessel full of blood cools in dermis, which conducts heat worse than blood does.

The usual d²/16κ (`vessel.relaxation_time`) is of a cylinder in a medium like itself. There a uniform cylinder, heated
at once, has after that time left of its mean rise (Carslaw and Jaeger 1959, 13.4, integrated over the radius)

    1 - exp(-2) (I0(2) + I1(2)) = 0.476.                                                        (relaxation 1)

The time in which blood in dermis falls to the same share is found by marching the lumen and its surroundings; in one
medium it is d²/16κ again.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.targets.vessel import radial_response, relaxation_time

__all__ = ["LEFT", "lumen_relaxation_time"]

Array = NDArray[np.float64]

_BESSEL = sum(1 / math.factorial(k) ** 2 + 1 / (math.factorial(k) * math.factorial(k + 1)) for k in range(20))
LEFT: Final = 1 - math.exp(-2) * _BESSEL  # I0(2) + I1(2) = sum of (1/k!)² and 1/(k! (k+1)!)

_UNIT_M = 100e-6  # any diameter serves: time goes with its square
_FLASH = 1e-3  # length of the heating in relaxation times
_STEPS = 400
_LONGEST = 4.0  # end of the march in relaxation times of the slower medium


def lumen_relaxation_time(
    diameter_m: ArrayLike, *, blood: tuple[float, float], dermis: tuple[ArrayLike, ArrayLike]
) -> Array:
    """Return the time in which the mean rise of a heated lumen falls to `LEFT`, s, (sample,).

    Parameters
    ----------
    diameter_m : scalar or (sample,).
    blood, dermis : conductivity W/mK and heat capacity J/m³K; those of the dermis (sample,).

    Raises
    ------
    ValueError : a diameter that is not positive.
    """
    k, c = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in dermis)
    diameter = np.asarray(diameter_m, dtype=np.float64)
    if np.any(diameter <= 0):
        raise ValueError("a diameter must be positive")
    slowest = float(relaxation_time(_UNIT_M, min(blood[0] / blood[1], float((k / c).min()))))
    fastest = float(relaxation_time(_UNIT_M, max(blood[0] / blood[1], float((k / c).max()))))
    flash = _FLASH * fastest
    steps = np.diff(np.concatenate(([0.0], np.geomspace(flash, _LONGEST * slowest, _STEPS))))
    on = np.zeros(_STEPS)
    on[0] = 1.0
    # The wall is dermis here; its thickness only places cells.
    lumen = radial_response(
        np.full((k.size, 1), _UNIT_M), _UNIT_M / 10, 1.0, steps, on, blood=blood, dermis=(k[:, None], c[:, None])
    ).lumen[:, 0, 1:]
    # From the middle of the flash on, its heat has spread as if given at once.
    times = np.cumsum(steps) - flash / 2
    given = flash / blood[1]
    at = np.array([np.interp(-LEFT, -row / given, times) for row in lumen])
    return np.asarray(at * (diameter / _UNIT_M) ** 2)
