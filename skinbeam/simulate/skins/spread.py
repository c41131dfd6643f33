"""A literature number with its spread for every drawn skin, by the standard normal draws that the skins carry."""

from math import erf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.sources import Sourced

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["place_of", "spread"]

Floats = NDArray[np.float64]


def place_of(normal: Floats) -> Floats:
    """Return the places of standard normals in their own distribution, (sample,): uniform from 0 to 1."""
    return np.array([(1 + erf(z / sqrt(2))) / 2 for z in normal])


def spread(value: Sourced, skins: "xr.Dataset", name: str) -> Floats:
    """Return a literature number for every draw: its spread is used once a skin, by the standard draw `name`."""
    z = np.asarray(skins[name].values, dtype=np.float64)
    if value.distribution == "lognormal":
        above, below = np.log(value.high / value.value), np.log(value.value / value.low)
        factor: Floats = np.exp(np.where(z > 0, z * above, z * below))
        return value.value * factor
    if value.distribution == "uniform":
        return value.low + (value.high - value.low) * place_of(z)
    if value.distribution == "normal":
        return value.value + np.where(z > 0, z * (value.high - value.value), z * (value.value - value.low))
    return np.full_like(z, value.value)
