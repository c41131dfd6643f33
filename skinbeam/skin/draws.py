"""Random numbers by name and draw: draw k of a quantity is the same however many are asked for, and from where.

Each quantity has a stream of its own in the counter space of Philox (Salmon and others 2011): the counter
holds the quantity (a checksum of its name) and the number of the block of draws. A block is always made
whole, and quantities that are added later move nothing.

What a few hundred skins say must not hang on the seed, so draws are stratified: each 2^m of them that begin at a
multiple of 2^m hold one number in each 2^m-th of [0, 1), and which comes when is random, in each quantity for itself.
Of a sum of effects of single quantities little sampling error is left (Latin hypercubes: McKay and others 1979); at
the whole block as in those, at every power of two below as in scrambled nets (Owen 1997).
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.random import Philox
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.sources import SourcedValue

__all__ = [
    "MedianDraw",
    "RandomDraws",
    "StandardDraws",
    "draw_value",
    "normal_cdf",
    "stream_key",
    "value_at_normal",
]

Array = NDArray[np.float64]
LEVELS: Final = 10
BLOCK: Final = 2**LEVELS
StreamKey = tuple[int, int]
_CACHED_BLOCKS = 256  # blocks, 2 MB: the quantities of two skins, which many cases of one seed draw anew


def stream_key(rng: int | np.random.Generator) -> StreamKey:
    """Return the key of all streams: from a seed, or drawn once from a generator.

    Raises
    ------
    ValueError : a negative seed.
    """
    if isinstance(rng, np.random.Generator):
        high, low = (int(word) for word in rng.integers(0, 2**64, size=2, dtype=np.uint64))
    else:
        high, low = (int(word) for word in np.random.SeedSequence(rng).generate_state(2, np.uint64))
    return high, low


class StandardDraws(Protocol):
    """Standard random numbers for a range of draws."""

    @property
    def count(self) -> int:
        """How many draws."""
        ...

    def normal(self, name: str) -> Array:
        """Return standard normals of the quantity `name`, (count,)."""
        ...

    def uniform(self, name: str) -> Array:
        """Return numbers in [0, 1) of the quantity `name`, (count,)."""
        ...


@dataclass(frozen=True)
class RandomDraws:
    """Draws `start` to `start + count` under `key`."""

    key: StreamKey
    count: int
    start: int = 0

    def __post_init__(self) -> None:
        if self.count < 1 or self.start < 0:
            raise ValueError(f"at least one draw, from 0 on: {self.count} from {self.start}")

    def normal(self, name: str) -> Array:
        """Return standard normals of the quantity `name`, (count,)."""
        from scipy.special import ndtri  # late: most commands draw nothing

        return np.asarray(ndtri(self._take(f"normal {name}")))

    def uniform(self, name: str) -> Array:
        """Return numbers in [0, 1) of the quantity `name`, (count,)."""
        return self._take(f"uniform {name}")

    def _take(self, name: str) -> Array:
        stream = zlib.crc32(name.encode())
        first, last = self.start // BLOCK, (self.start + self.count - 1) // BLOCK
        blocks = [_block(self.key, stream, k) for k in range(first, last + 1)]
        skip = self.start - first * BLOCK
        return np.concatenate(blocks)[skip : skip + self.count]


@lru_cache(maxsize=_CACHED_BLOCKS)
def _block(key: StreamKey, stream: int, block: int) -> Array:
    """Return BLOCK numbers in (0, 1), stratified at every power of two.

    Draw k and its neighbour lie in different halves, at random which; of two such pairs that follow each other those in
    one half lie in different quarters, and so on. So digit j of draw k is bit j of k or its opposite, at random for
    each run of 2^j draws and each of what the digits before it can be.
    """
    rng = np.random.Generator(Philox(key=list(key), counter=[0, 0, stream, block]))
    opposite = rng.integers(2, size=(LEVELS, BLOCK // 2))
    k, number = np.arange(BLOCK), np.zeros(BLOCK, dtype=np.int64)
    for level, flips in enumerate(opposite):
        flip = flips[(k >> (level + 1) << level) + number]
        number = 2 * number + ((k >> level & 1) ^ flip)
    # Generator.random can be 0, at which a normal has no end.
    drawn = np.asarray((number + np.maximum(rng.random(BLOCK), 2.0**-53)) / BLOCK)
    drawn.flags.writeable = False  # many read the same
    return drawn


@dataclass(frozen=True)
class MedianDraw:
    """The one draw in the middle of every distribution."""

    count: int = 1

    def normal(self, name: str) -> Array:
        """Return 0."""
        return np.zeros(self.count)

    def uniform(self, name: str) -> Array:
        """Return one half."""
        return np.full(self.count, 0.5)


# The one law by which a literature number varies from draw to draw.
#
# `normal` and `lognormal` numbers have their value in the middle and a standard deviation for each side, of the
# logarithm
# for `lognormal`: half of the draws lie below the value, and 16 % each below `low` and above `high`, whether these lie
# evenly about it or not. `uniform` ones lie evenly between `low` and `high`, wherever the value lies. `fixed` ones are
# the value.


def draw_value(draws: StandardDraws, name: str, value: SourcedValue) -> Array:
    """Return draws of a literature number by the stream `name`, (count,)."""
    if value.distribution == "uniform":
        return _uniform_value(value, draws.uniform(name))
    return value_at_normal(value, draws.normal(name))


def value_at_normal(value: SourcedValue, normal: ArrayLike) -> Array:
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
        return _uniform_value(value, normal_cdf(z))
    return np.full(z.shape, value.value)


def normal_cdf(normal: ArrayLike) -> Array:
    """Return the places of standard normals in their own distribution: uniform from 0 to 1."""
    from scipy.special import ndtr  # late: most commands draw nothing

    return np.asarray(ndtr(normal))


def _uniform_value(value: SourcedValue, place: Array) -> Array:
    return np.asarray(value.low + (value.high - value.low) * place)
