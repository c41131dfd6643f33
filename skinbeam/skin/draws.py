"""Random numbers by name and draw: draw k of a quantity is the same however many are asked for, and from where.

Each quantity has a stream of its own in the counter space of Philox (Salmon and others 2011): the counter
holds the quantity (a checksum of its name) and the number of the block of draws. A block is always made
whole, and quantities that are added later move nothing.
"""

import zlib
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from skinbeam.sources import Sourced

__all__ = ["Draws", "Median", "RandomDraws", "key_of", "spread"]

Array = NDArray[np.float64]
BLOCK: Final = 1024
GOLDEN: Final = 0.6180339887498949  # its multiples, modulo 1, leave gaps as even as can be at every length
Key = tuple[int, int]


def key_of(rng: int | np.random.Generator) -> Key:
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


class Draws(Protocol):
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

    def even(self, name: str) -> Array:
        """Return numbers in [0, 1) that cover it evenly however few they are, (count,)."""
        ...


@dataclass(frozen=True)
class RandomDraws:
    """Draws `start` to `start + count` under `key`."""

    key: Key
    count: int
    start: int = 0

    def __post_init__(self) -> None:
        if self.count < 1 or self.start < 0:
            raise ValueError(f"at least one draw, from 0 on: {self.count} from {self.start}")

    def normal(self, name: str) -> Array:
        """Return standard normals of the quantity `name`, (count,)."""
        return self._take(name, "normal")

    def uniform(self, name: str) -> Array:
        """Return numbers in [0, 1) of the quantity `name`, (count,)."""
        return self._take(name, "uniform")

    def even(self, name: str) -> Array:
        """Return the additive recurrence of the golden ratio from a random start: (start + k GOLDEN) modulo 1."""
        origin = RandomDraws(self.key, 1).uniform(name)[0]
        return np.asarray((origin + GOLDEN * np.arange(self.start, self.start + self.count)) % 1.0)

    def _take(self, name: str, law: str) -> Array:
        stream = zlib.crc32(f"{law} {name}".encode())
        first, last = self.start // BLOCK, (self.start + self.count - 1) // BLOCK
        blocks = []
        for block in range(first, last + 1):
            generator = np.random.Generator(np.random.Philox(key=list(self.key), counter=[0, 0, stream, block]))
            blocks.append(generator.standard_normal(BLOCK) if law == "normal" else generator.random(BLOCK))
        skip = self.start - first * BLOCK
        return np.concatenate(blocks)[skip : skip + self.count]


@dataclass(frozen=True)
class Median:
    """The one draw in the middle of every distribution."""

    count: int = 1

    def normal(self, name: str) -> Array:
        """Return 0."""
        return np.zeros(self.count)

    def uniform(self, name: str) -> Array:
        """Return one half."""
        return np.full(self.count, 0.5)

    def even(self, name: str) -> Array:
        """Return one half."""
        return self.uniform(name)


def spread(draws: Draws, name: str, value: Sourced) -> Array:
    """Return draws of a literature number, (count,).

    `low` and `high` are one standard deviation each way (normal, lognormal) or the ends (uniform).
    """
    if value.distribution == "uniform":
        return value.low + (value.high - value.low) * draws.uniform(name)
    if value.distribution == "normal":
        return value.value + 0.5 * (value.high - value.low) * draws.normal(name)
    if value.distribution == "lognormal":
        return np.asarray(value.value * np.exp(0.5 * np.log(value.high / value.low) * draws.normal(name)))
    return np.full(draws.count, value.value)
