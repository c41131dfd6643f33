"""Batches of packets side by side on all cores, and the means and standard errors that follow from their scatter."""

import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.simulate.light.medium import Floats
from skinbeam.simulate.light.tallies import Mean

__all__ = ["BATCHES", "MEMORY_BYTES", "fits", "in_order", "mean", "shares", "side_by_side", "threads"]

BATCHES = 32  # a standard error is then itself good to an eighth
MEMORY_BYTES = 2 * 2**30

Result = TypeVar("Result")


def threads() -> int:
    """Return how many batches run at once: one on each core that this process may use."""
    return min(BATCHES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def shares(photons: int, batches: int = BATCHES) -> NDArray[np.int64]:
    """Return the packets of each batch, (batch,): equal shares, the rest one each to the first.

    Raises
    ------
    ValueError : fewer packets than batches, or fewer than two of these.
    """
    if photons < batches or batches < 2:
        raise ValueError(f"at least {max(batches, 2)} photons, one a batch, and two batches")
    return photons // batches + (np.arange(batches) < photons % batches)


def in_order(
    work: Callable[[int], Result], count: int, *, abandon: Callable[[], None] = lambda: None
) -> Generator[Result, None, None]:
    """Give `work` of 0 to `count` in order, done side by side; compiled code lets go of the interpreter.

    No more is in flight than can be worked on and one in hand, so that no more results than that are in memory.
    `abandon` is called when the results are not wanted any more, to end what is in flight.
    """
    with ThreadPoolExecutor(max_workers=threads()) as pool:
        try:
            ahead = deque(pool.submit(work, number) for number in range(min(threads() + 1, count)))
            for number in range(count):
                found = ahead.popleft().result()
                if number + len(ahead) + 1 < count:
                    ahead.append(pool.submit(work, number + len(ahead) + 1))
                yield found
        except BaseException:
            abandon()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def side_by_side(work: Callable[[int], Result]) -> list[Result]:
    """Return `work` of each batch, in their order."""
    return list(in_order(work, BATCHES))


def mean(found: Floats, packets: NDArray[np.int64]) -> Mean:
    """Return mean and standard error from the sums of batches, (batch, ...), each counted by its packets, (batch,)."""
    weights = packets.reshape(-1, *[1] * (found.ndim - 1))
    value = found.sum(axis=0) / packets.sum()
    variance = np.sum(weights * (found / weights - value) ** 2, axis=0) / packets.sum()
    return Mean(value, np.sqrt(variance / (len(packets) - 1)))


def fits(what: str, needed: float) -> None:
    """Refuse what would not fit into memory.

    Raises
    ------
    MemoryError : more than `MEMORY_BYTES` are needed.
    """
    if needed > MEMORY_BYTES:
        raise MemoryError(f"{what} about {needed:.0f} bytes; at most {MEMORY_BYTES} are taken")
