"""Quantities of sampled skins by the dotted names of the interface: values of every draw, or why they are unknown."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown

__all__ = ["Observed", "join", "or_unknown"]

Observed = dict[str, NDArray[np.float64] | Unknown]


def join(parts: Sequence[Observed]) -> Observed:
    """Return the quantities of several chunks of draws as one; unknown in one chunk is unknown in all."""
    joined: Observed = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        unknown = next((value for value in values if isinstance(value, Unknown)), None)
        joined[name] = unknown or np.concatenate([value for value in values if not isinstance(value, Unknown)])
    return joined


def or_unknown(compute: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64] | Unknown:
    """Return what `compute` does, or why the model cannot."""
    try:
        return compute()
    except NotAvailable as error:
        return Unknown(error.reason)
