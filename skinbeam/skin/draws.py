"""Reproducible random draws by name and index, and the distribution of literature values.

Draw k of a quantity is the same for any number of requested draws and any start. Each quantity has a stream of its own
in the counter space of Philox (Salmon and others 2011): the counter holds the quantity (a checksum of its name) and the
number of the block of draws. A block is always generated whole, and quantities that are added later do not change the
others.

Results from a few hundred skins must not depend on the seed, so draws are stratified: each 2^m of them that begin at a
multiple of 2^m have one number in each 2^m-th of [0, 1), in random order, for each quantity separately. For a sum of
effects of single quantities little sampling error remains (Latin hypercubes: McKay and others 1979); the whole block is
stratified as those are, every smaller power of two as in scrambled nets (Owen 1997).

`draw_value` is the single rule by which a literature value varies from draw to draw. `normal` and `lognormal` values
have the value as their median and a standard deviation for each side, of the logarithm for `lognormal`: half of the
draws are below the value, and 16 % each below `low` and above `high`, whether these are symmetric about it or not.
`uniform` values are uniform between `low` and `high`, wherever the value is between them. `fixed` values do not vary.
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
_CACHED_BLOCKS = 256  # blocks, 2 MB: the quantities of two skins, which many cases of one seed draw repeatedly


def stream_key(rng: int | np.random.Generator) -> StreamKey:
    """Return the key of all streams, from a seed or drawn once from a generator.

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
    """Protocol of standard random numbers for a range of draws."""

    @property
    def count(self) -> int:
        """Return the number of draws."""
        ...

    def normal(self, name: str) -> Array:
        """Return standard normals of the quantity `name`, (count,)."""
        ...

    def uniform(self, name: str) -> Array:
        """Return numbers in [0, 1) of the quantity `name`, (count,)."""
        ...


@dataclass(frozen=True)
class RandomDraws:
    """Random numbers for the draws `start` to `start + count` under `key`."""

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

    Draw k and its neighbour are in different halves, in random order; of two such pairs that follow each other, the two
    draws in one half are in different quarters, and so on. So digit j of draw k is bit j of k or its opposite, at
    random for each run of 2^j draws and each possible value of the digits before it.
    """
    rng = np.random.Generator(Philox(key=list(key), counter=[0, 0, stream, block]))
    opposite = rng.integers(2, size=(LEVELS, BLOCK // 2))
    k, number = np.arange(BLOCK), np.zeros(BLOCK, dtype=np.int64)
    for level, flips in enumerate(opposite):
        flip = flips[(k >> (level + 1) << level) + number]
        number = 2 * number + ((k >> level & 1) ^ flip)
    # Generator.random can return 0, for which the normal quantile is infinite.
    drawn = np.asarray((number + np.maximum(rng.random(BLOCK), 2.0**-53)) / BLOCK)
    drawn.flags.writeable = False  # the array is shared by many readers
    return drawn


@dataclass(frozen=True)
class MedianDraw:
    """A single draw at the median of every distribution."""

    count: int = 1

    def normal(self, name: str) -> Array:
        """Return 0."""
        return np.zeros(self.count)

    def uniform(self, name: str) -> Array:
        """Return one half."""
        return np.full(self.count, 0.5)


# Variation of literature values.


def draw_value(draws: StandardDraws, name: str, value: SourcedValue) -> Array:
    """Return draws of a literature number by the stream `name`, (count,)."""
    if value.distribution == "uniform":
        return _uniform_value(value, draws.uniform(name))
    return value_at_normal(value, draws.normal(name))


def value_at_normal(value: SourcedValue, normal: ArrayLike) -> Array:
    """Return a literature value at standard normals, such as the ones that are drawn once for each skin.

    Parameters
    ----------
    normal : number of standard deviations from the median; the result has its shape.
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
    """Return the cumulative probabilities of standard normals, uniform from 0 to 1 for random ones."""
    from scipy.special import ndtr  # late: most commands draw nothing

    return np.asarray(ndtr(normal))


def _uniform_value(value: SourcedValue, place: Array) -> Array:
    return np.asarray(value.low + (value.high - value.low) * place)
