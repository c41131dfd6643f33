"""The one law by which a literature number varies from draw to draw.

`normal` and `lognormal` numbers have their value in the middle and a standard deviation for each side, of the logarithm
for `lognormal`: half of the draws lie below the value, and 16 % each below `low` and above `high`, whether these lie
evenly about it or not. `uniform` ones lie evenly between `low` and `high`, wherever the value lies. `fixed` ones are
the value.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.skin.draws import Draws
from skinbeam.sources import Sourced

__all__ = ["place_of", "spread", "spread_at"]

Array = NDArray[np.float64]


def spread(draws: Draws, name: str, value: Sourced) -> Array:
    """Return draws of a literature number by the stream `name`, (count,)."""
    if value.distribution == "uniform":
        return _between_ends(value, draws.uniform(name))
    return spread_at(value, draws.normal(name))


def spread_at(value: Sourced, normal: ArrayLike) -> Array:
    """Return a literature number at standard normals, such as a skin carries for what is drawn once a skin.

    Parameters
    ----------
    normal : how many standard deviations from the middle; the answer has its shape.
    """
    z = np.asarray(normal, dtype=np.float64)
    if value.distribution == "lognormal":
        above, below = np.log(value.high / value.value), np.log(value.value / value.low)
        return np.asarray(value.value * np.exp(z * np.where(z > 0, above, below)))
    if value.distribution == "normal":
        return np.asarray(value.value + z * np.where(z > 0, value.high - value.value, value.value - value.low))
    if value.distribution == "uniform":
        return _between_ends(value, place_of(z))
    return np.full(z.shape, value.value)


def place_of(normal: ArrayLike) -> Array:
    """Return the places of standard normals in their own distribution: uniform from 0 to 1."""
    from scipy.special import ndtr  # late: most commands draw nothing

    return np.asarray(ndtr(normal))


def _between_ends(value: Sourced, place: Array) -> Array:
    return np.asarray(value.low + (value.high - value.low) * place)
