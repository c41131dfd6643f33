"""Reflection of unpolarised light at a smooth step of the refractive index.

Angles are given by the Snell invariant s = n sin θ, which is the same on both sides of every interface of a
layered medium. With cos θ = √(1 − s²/n²) on each side (born1999, section 1.5.2):

    R = ½ [(n₁cos θ₁ − n₂cos θ₂)² / (n₁cos θ₁ + n₂cos θ₂)² + (n₂cos θ₁ − n₁cos θ₂)² / (n₂cos θ₁ + n₁cos θ₂)²],
                                                                                                        (light 6)

and R = 1 where s exceeds the smaller index (total reflection).
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["normal_reflectance", "reflectance"]

Array = NDArray[np.float64]


def normal_reflectance(n_above: Array, n_below: Array) -> Array:
    """Return the reflectance at normal incidence; shapes broadcast, no unit."""
    return ((n_above - n_below) / (n_above + n_below)) ** 2


def reflectance(s_squared: Array, n_above: Array, n_below: Array) -> Array:
    """Return the unpolarised reflectance at invariant s = n sin θ, the same from both sides.

    Parameters
    ----------
    s_squared : s²; shapes broadcast. Where s exceeds both indices the value has no meaning (no such direction).
    n_above, n_below : refractive indices, at least 1.
    """
    # n cos θ on each side; the product with the other index gives the second polarisation.
    above = np.sqrt(np.maximum(n_above**2 - s_squared, 0.0))
    below = np.sqrt(np.maximum(n_below**2 - s_squared, 0.0))
    total = s_squared >= np.minimum(n_above, n_below) ** 2
    above_p, below_p = above * n_below**2, below * n_above**2
    grazing = total & (above + below == 0.0)
    above, above_p = np.where(grazing, 1.0, above), np.where(grazing, 1.0, above_p)
    across = ((above - below) / (above + below)) ** 2
    along = ((above_p - below_p) / (above_p + below_p)) ** 2
    return np.where(total, 1.0, 0.5 * (across + along))
