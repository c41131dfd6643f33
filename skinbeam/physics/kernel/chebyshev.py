"""Explicit steps of second order whose stability grows with the square of their stages: Runge-Kutta-Chebyshev.

    w_0 = y,   w_1 = w_0 + m_1 dt F(w_0),
    w_j = (1 - mu_j - nu_j) w_0 + mu_j w_{j-1} + nu_j w_{j-2} + m_j dt F(w_{j-1}) + g_j dt F(w_0)        (chebyshev 1)

are stable for dt rho <= (2/3) (s² - 1) (1 - 2 eps / 15), with s stages and rho the largest rate of decay, and the error
of a step is estimated by

    0.8 (y - y') + 0.4 dt (F(y) + F(y'))                                                                 (chebyshev 2)

(Sommeijer, Shampine and Verwer 1997, J. Comput. Appl. Math. 88:315; coefficients of their equations 2.3 and 2.4).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["COEFFICIENTS", "MOST_STAGES"]

# Beyond ten stages, a step that solves along lines is cheaper.
MOST_STAGES: Final = 10
_DAMPING: Final = 2.0 / 13.0


def _coefficients(stages: int) -> NDArray[np.float64]:
    """Return (stage + 1, 4): mu, nu, m and g of each stage; row 1 has m alone."""
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
COEFFICIENTS: Final = np.zeros((MOST_STAGES + 1, MOST_STAGES + 1, 4))
for _stages in range(2, MOST_STAGES + 1):
    COEFFICIENTS[_stages, : _stages + 1] = _coefficients(_stages)
