"""Plane layers as arrays, and what every light engine asks of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PlaneLayers", "check_layers"]


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
    """Refuse layers that cannot be; `optical` is mua, mus (1/m), g, n, thickness (m), each (sample, layer).

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
