"""Quantities of sampled skins by the dotted names of the interface: values of every draw, or why they are unknown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown

__all__ = ["Observed", "join"]

Observed = dict[str, NDArray[np.float64] | Unknown]


def join(parts: Sequence[Observed]) -> Observed:
    """Return the quantities of several chunks of draws as one; unknown in one chunk is unknown in all."""
    joined: Observed = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        unknown = next((value for value in values if isinstance(value, Unknown)), None)
        joined[name] = unknown or np.concatenate([value for value in values if not isinstance(value, Unknown)])
    return joined
