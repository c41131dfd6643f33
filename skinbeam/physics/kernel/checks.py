"""Refusal of numbers that no tissue has: what was asked, where, and what was read."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["require"]


def require(holds: NDArray[np.bool_] | bool, rule: str, read: NDArray[np.float64] | float) -> None:
    """Raise ValueError with `rule`, the first place where it does not hold, and the number read there."""
    if np.all(holds):
        return
    if np.ndim(holds) == 0:
        raise ValueError(f"{rule}; read {read}")
    place = tuple(int(i) for i in np.argwhere(~np.asarray(holds))[0])
    value = np.broadcast_to(np.asarray(read), np.shape(holds))[place]
    raise ValueError(f"{rule}; read {value} at index {place}")
