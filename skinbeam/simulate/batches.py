"""Batches of packets side by side on all cores, and the means and standard errors that follow from their scatter."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.simulate.medium import Floats
from skinbeam.simulate.montecarlo import BATCHES, MEMORY_BYTES
from skinbeam.simulate.tallies import Mean

__all__ = ["fits", "mean", "shares", "side_by_side"]

Result = TypeVar("Result")


def shares(photons: int) -> NDArray[np.int64]:
    """Return the packets of each batch, (batch,): equal shares, the rest one each to the first.

    Raises
    ------
    ValueError : fewer packets than batches.
    """
    if photons < BATCHES:
        raise ValueError(f"at least {BATCHES} photons, one a batch")
    return photons // BATCHES + (np.arange(BATCHES) < photons % BATCHES)


def side_by_side(work: Callable[[int], Result]) -> list[Result]:
    """Return `work` of each batch, in their order; compiled code lets go of the interpreter."""
    with ThreadPoolExecutor(max_workers=_threads()) as pool:
        return list(pool.map(work, range(BATCHES)))


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


def _threads() -> int:
    return min(BATCHES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
