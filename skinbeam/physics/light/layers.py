"""What every light engine asks of layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_layers"]


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
