"""Explicit Runge-Kutta-Chebyshev steps and step size control for the heat solvers.

The steps are of second order, and their stability limit grows with the square of the number of stages. The stages

    w_0 = y,   w_1 = w_0 + m_1 dt F(w_0),
    w_j = (1 - mu_j - nu_j) w_0 + mu_j w_{j-1} + nu_j w_{j-2} + m_j dt F(w_{j-1}) + g_j dt F(w_0)        (chebyshev 1)

are stable for dt rho <= (2/3) (s² - 1) (1 - 2 eps / 15), with s stages and rho the largest rate of decay. The error of
a step is estimated by

    0.8 (y - y') + 0.4 dt (F(y) + F(y'))                                                                 (chebyshev 2)

(Sommeijer, Shampine and Verwer 1997, J. Comput. Appl. Math. 88:315; coefficients of their equations 2.3 and 2.4).
"""

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = [
    "FASTMATH",
    "MAX_STAGES",
    "RKC_COEFFICIENTS",
    "ROSENBROCK_GAMMA",
    "control_step",
    "longest_stable_step",
    "restart_step",
    "stage_count",
]

# Beyond ten stages, an implicit step that solves along lines is cheaper.
MAX_STAGES: Final = 10
_DAMPING: Final = 2.0 / 13.0


def _rkc_coefficients(stages: int) -> NDArray[np.float64]:
    """Return the coefficients mu, nu, m and g of each stage, (stage + 1, 4); row 1 has m alone."""
    w0 = 1.0 + _DAMPING / stages**2
    t, d1, d2 = np.zeros((3, stages + 1))  # Chebyshev's polynomials at w0 and their first two derivatives
    t[0], t[1], d1[1] = 1.0, w0, 1.0
    for j in range(2, stages + 1):
        t[j] = 2 * w0 * t[j - 1] - t[j - 2]
        d1[j] = 2 * t[j - 1] + 2 * w0 * d1[j - 1] - d1[j - 2]
        d2[j] = 4 * d1[j - 1] + 2 * w0 * d2[j - 1] - d2[j - 2]
    w1 = d1[stages] / d2[stages]
    b = np.empty(stages + 1)
    b[2:] = d2[2:] / d1[2:] ** 2
    b[:2] = b[2]
    out = np.zeros((stages + 1, 4))
    out[1, 2] = b[1] * w1
    for j in range(2, stages + 1):
        share = 2 * b[j] * w1 / b[j - 1]
        out[j] = 2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2], share, -(1 - b[j - 1] * t[j - 1]) * share
    return out


# (stages, stage, 4); rows beyond the stages are zero.
RKC_COEFFICIENTS: Final = np.zeros((MAX_STAGES + 1, MAX_STAGES + 1, 4))
for _stages in range(2, MAX_STAGES + 1):
    RKC_COEFFICIENTS[_stages, : _stages + 1] = _rkc_coefficients(_stages)

# Step size control.
#
# The error of a step grows with the third power of its length if it is explicit (chebyshev 2), and with the second
# power if it is implicit along lines (heat 6). The step that would meet the tolerance therefore follows from the error
# of the last step.

_MAX_GROWTH: Final = 3.0  # largest ratio of a step to the one before it
FASTMATH: Final = {"nnan", "nsz", "contract"}  # lets the search for the largest error be vectorised
ROSENBROCK_GAMMA: Final = 1.0 - math.sqrt(0.5)  # a of (heat 6) over the step


@njit(cache=True)
def stage_count(step: float, fastest: float) -> int:  # pragma: no cover - compiled
    """Return the number of stages, at least two, that makes an explicit step stable; `fastest` is a decay rate, 1/s."""
    return max(2, int(np.ceil(np.sqrt(1.0 + 1.54 * step * fastest))))


def longest_stable_step(fastest: float) -> float:
    """Return the longest step, s, that is stable with the largest number of stages."""
    return (MAX_STAGES**2 - 1.001) / (1.54 * fastest)


@njit(cache=True)
def control_step(
    step: float, error: float, tolerance: float, explicit: bool, dt: float, growth_limit: float
) -> tuple[bool, float, float]:  # pragma: no cover - compiled
    """Return whether a step is accepted, how long the next one may be, and by how much the one after it may grow.

    Parameters
    ----------
    dt, growth_limit : the last two results of the previous call. A step may be shorter than `dt`, so that it ends with
        its interval.
    """
    ratio = max(error / tolerance, 1e-3)
    # To first order, this is the step whose error would be nine tenths of the tolerance.
    best = step * 0.9 * ratio ** (-1.0 / 3.0 if explicit else -0.5)
    if error > tolerance:
        return False, best, 1.0
    return True, max(min(best, growth_limit * step), min(dt, best)), _MAX_GROWTH


@njit(cache=True)
def restart_step(fastest: float) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return how long the first step after a switch may be and by how much the one after it may grow.

    A switch excites fast modes: the first steps resolve them, and later ones damp them.
    """
    return 2.0 / fastest, _MAX_GROWTH
