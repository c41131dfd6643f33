"""Plane layers as arrays: validation, depth bins cut at interfaces, and Fresnel reflectance.

Depth bins are cut where layers meet, so that a mean over a bin is a sum of means inside single layers.

For reflection of unpolarised light at a smooth step of the refractive index, angles are given by the Snell invariant s
= n sin θ, which is the same on both sides of every interface of a layered medium. With cos θ = √(1 − s²/n²) on each
side (born1999, section 1.5.2):

    R = ½ [(n₁cos θ₁ − n₂cos θ₂)² / (n₁cos θ₁ + n₂cos θ₂)² + (n₂cos θ₁ − n₁cos θ₂)² / (n₂cos θ₁ + n₁cos θ₂)²],
                                                                                                        (light 6)

and R = 1 where s exceeds the smaller index (total reflection).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "PlaneLayers",
    "check_layers",
    "fresnel_reflectance",
    "normal_reflectance",
]


class PlaneLayers(NamedTuple):
    """Plane layers of many samples, the uppermost first.

    Parameters
    ----------
    mua, mus : absorption and scattering coefficients, 1/m, (sample, layer).
    g : mean cosine of scattering, −1 < g < 1.
    n : refractive index, at least 1.
    thickness : m, above 0; that of the last layer may be inf (nothing then comes from below, `below_n` is not used).
    ambient_n, below_n : refractive indices above and below, scalars or (sample,).
    """

    mua: ArrayLike
    mus: ArrayLike
    g: ArrayLike
    n: ArrayLike
    thickness: ArrayLike
    ambient_n: ArrayLike = 1.0
    below_n: ArrayLike = 1.0


def check_layers(optical: Sequence[NDArray[Any]]) -> None:
    """Reject layers that are not physical; `optical` is mua, mus (1/m), g, n, thickness (m), each (sample, layer).

    Raises
    ------
    ValueError : shapes or values out of range, or a semi-infinite layer that neither scatters nor absorbs.
    """
    mua, mus, g, n, thickness = optical
    if mua.ndim != 2 or 0 in mua.shape:
        raise ValueError(f"mua, mus, g, n and thickness are (sample, layer), not {mua.shape}")
    if not (np.all(np.isfinite(mua)) and np.all(np.isfinite(mus)) and np.all(mua >= 0.0) and np.all(mus >= 0.0)):
        raise ValueError("mua and mus are finite and not negative")
    if not (np.all(np.abs(g) < 1.0) and np.all(n >= 1.0) and np.all(np.isfinite(n)) and np.all(thickness > 0.0)):
        raise ValueError("-1 < g < 1, n >= 1 and thickness > 0")
    if np.any(np.isinf(thickness[:, :-1])):
        raise ValueError("only the last layer may be semi-infinite")
    if np.any(np.isinf(thickness[:, -1]) & (mua[:, -1] + mus[:, -1] == 0.0)):
        raise ValueError("a semi-infinite layer must scatter or absorb")


Array = NDArray[np.float64]

# Fresnel reflectance: (light 6).


def normal_reflectance(n_above: Array, n_below: Array) -> Array:
    """Return the reflectance at normal incidence; shapes broadcast, no unit."""
    return ((n_above - n_below) / (n_above + n_below)) ** 2


def fresnel_reflectance(s_squared: Array, n_above: Array, n_below: Array) -> Array:
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
