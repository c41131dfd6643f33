"""Run Monte Carlo batches on all cores and compute means and standard errors from running sums."""

import math
import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.photon_scene import BatchSums
from skinbeam.physics.numerics.memory_layout import PARTS, REFLECTED, ROULETTE, SIDES, TRANSMITTED
from skinbeam.simulate.light.medium import Floats

__all__ = [
    "BATCHES",
    "MEMORY_BYTES",
    "NONE_LEVEL",
    "BatchTallies",
    "MeanWithError",
    "check_memory",
    "long_flight_error",
    "most_of_none",
    "packets_per_batch",
    "run_in_order",
    "thread_count",
]


@compared_by_value
@dataclass(frozen=True)
class MeanWithError:
    """A mean over packets and its standard error, of the same shape."""

    value: Floats
    error: Floats


class _ScatterSums:
    """Running sum of the results of batches, and of their squares over their packets."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.total, self.squares = np.zeros(shape), np.zeros(shape)

    def add(self, batch: Floats, packets: int) -> None:
        _accumulate_batch(self.total.ravel(), self.squares.ravel(), np.ascontiguousarray(batch).ravel(), 1.0 / packets)

    def mean(self, packets: int, batches: int) -> MeanWithError:
        """Return the mean; batches are weighted by their packets, so that unequal batches do no harm."""
        value = self.total / packets
        variance = np.maximum(self.squares / packets - value**2, 0.0)
        return MeanWithError(value, np.sqrt(variance / (batches - 1)))


@njit(cache=True, nogil=True)
def _accumulate_batch(total, squares, found, per_packet):  # type: ignore[no-untyped-def]
    for k in range(len(total)):
        total[k] += found[k]
        squares[k] += found[k] * found[k] * per_packet


class BatchTallies:
    """Running sums over batches: parts of the light, fluence by bin and plane, absorption by bin, escape by ring."""

    NAMES = ("sums", "fluence", "plane", "absorbed", "out")

    def __init__(self) -> None:
        self.packets, self.batches = 0, 0
        self._scatter: dict[str, _ScatterSums] = {}

    def add(self, batch: BatchSums, packets: int) -> None:
        """Add a batch of `packets`."""
        # Bins of a depth scatter together, so the whole plane has squares of its own.
        values = (batch.sums, batch.fluence, batch.fluence.sum(axis=1), batch.absorbed, batch.escaped_by_ring)
        for name, value in zip(self.NAMES, values, strict=True):
            if name not in self._scatter:
                self._scatter[name] = _ScatterSums(value.shape)
            self._scatter[name].add(value, packets)
        self.packets += packets
        self.batches += 1

    def mean(self, name: str) -> MeanWithError:
        """Return the mean over packets of one of `NAMES`."""
        return self._scatter[name].mean(self.packets, self.batches)

    def mean_sums(self) -> MeanWithError:
        """Return the mean parts of the light, with errors that count packets of large weight which no batch traced.

        Where hardly anything is absorbed, few packets on long flights, which roulette makes fewer and heavier, carry
        most of what is absorbed. Most runs trace too few of them, and the scatter of batches is then far too small. A
        roulette at the weight w changes any part by w or less, and nothing on average, so that the standard error of
        the balance of all roulettes bounds what they add to the error of a part. It is taken for a part that is not
        known to a tenth.
        """
        mean = self.mean("sums")
        of_roulette = long_flight_error(float(mean.error[ROULETTE]), self.packets)
        error = mean.error.copy()
        shares = np.r_[REFLECTED, TRANSMITTED, SIDES, PARTS : (PARTS + len(mean.value)) // 2]
        reached = mean.value[shares] > 0.0  # of a part without any light nobody knows here whether light could reach it
        rare = shares[reached & (error[shares] > _RARE_ERROR * mean.value[shares])]
        error[rare] = np.maximum(error[rare], of_roulette)
        return MeanWithError(mean.value, error)

    def state(self) -> dict[str, Floats]:
        """Return all numbers, from which `from_state` restores the same tallies."""
        record = {"counts": np.array([self.packets, self.batches], dtype=np.float64)}
        for name, scatter in self._scatter.items():
            record |= {f"{name}.total": scatter.total, f"{name}.squares": scatter.squares}
        return record

    @classmethod
    def from_state(cls, record: dict[str, Floats]) -> "BatchTallies":
        """Restore the tallies from a `state`."""
        tallies = cls()
        tallies.packets, tallies.batches = (int(count) for count in record["counts"])
        for name in cls.NAMES:
            scatter = _ScatterSums(record[f"{name}.total"].shape)
            scatter.total[:], scatter.squares[:] = record[f"{name}.total"], record[f"{name}.squares"]
            tallies._scatter[name] = scatter
        return tallies

    @staticmethod
    def bytes_needed(bins: int, has_map: bool, threads: int) -> int:
        """Return the memory for so many bins: a batch on each thread and one queued, their sum and its squares."""
        return 8 * bins * (2 if has_map else 1) * (threads + 3)

    def relative_error(self, min_value: float) -> float:
        """Return the largest relative standard error of escaped and absorbed light, of parts that exceed `min_value`.

        Before the second batch it is unknown, and inf is returned.
        """
        if self.batches < 2:
            return math.inf
        mean = self.mean_sums()
        absorbed = np.arange(PARTS, (PARTS + len(mean.value)) // 2)
        among = np.concatenate(([REFLECTED, TRANSMITTED, SIDES], absorbed))
        value, error = mean.value[among], mean.error[among]
        large = value > min_value
        return float(np.max(error[large] / value[large], initial=0.0))


def long_flight_error(balance_error: float, packets: int) -> float:
    """Return the standard error that the roulette of long flights gives the balance of all roulettes; 0 without any."""
    return balance_error if balance_error * math.sqrt(packets) > _LONG_FLIGHT_SCATTER else 0.0


def most_of_none(packets: int, balance_error: float) -> float:
    """Return the most of the incident power that a part can have which no packet reached, at `NONE_LEVEL` confidence.

    Each packet reaches it with the same chance p, none of n with (1 − p)ⁿ ≤ exp(−p n), and no packet on a flight of
    usual length weighs more than 1: the share is at most 3.0 / n (the rule of three). What heavier packets on long
    flights would bring has the standard error of their roulette.

    Parameters
    ----------
    balance_error : standard error of the balance of all roulettes.
    """
    return -math.log(1.0 - NONE_LEVEL) / packets + _NORMAL_END * long_flight_error(balance_error, packets)


NONE_LEVEL = 0.95
_NORMAL_END = 1.645  # standard deviations that 95 in 100 of a normal distribution stay below
# Standard deviation of the balance of roulette for each packet above which long flights are behind it. That of small
# weights gives 0.0003 at most: below 1e-4 one packet in ten goes on, a variance of 9e-8 a play, and 1.1 plays a packet.
_LONG_FLIGHT_SCATTER = 1e-3
# Relative error of a part that few packets carry. Of 300 runs of 4000 and 20,000 packets with 1e-6 to 1e-2 absorbed per
# cm, none was known better than this and yet wrong by more than 3.2 of its errors; at a quarter, some by 100 of them.
_RARE_ERROR = 0.1
BATCHES = 32  # a standard error is then itself good to an eighth
MEMORY_BYTES = 2 * 2**30

Result = TypeVar("Result")


def thread_count() -> int:
    """Return how many batches run at once: one on each core that this process may use."""
    return min(BATCHES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def packets_per_batch(photons: int, batches: int = BATCHES) -> NDArray[np.int64]:
    """Return the packets of each batch, (batch,): equal shares, with the remainder spread over the first batches.

    Raises
    ------
    ValueError : fewer packets than batches, or fewer than two of these.
    """
    if photons < batches or batches < 2:
        raise ValueError(f"at least {max(batches, 2)} photons, one a batch, and two batches")
    return photons // batches + (np.arange(batches) < photons % batches)


def run_in_order(
    work: Callable[[int], Result], count: int, *, abandon: Callable[[], None] = lambda: None
) -> Generator[Result, None, None]:
    """Yield `work` of 0 to `count` in order, computed in parallel threads; compiled code releases the interpreter lock.

    Only as many tasks are in flight as there are threads, plus one, which bounds the results in memory. `abandon` is
    called if the results are no longer wanted, to stop the tasks in flight.
    """
    with ThreadPoolExecutor(max_workers=thread_count()) as pool:
        try:
            ahead = deque(pool.submit(work, number) for number in range(min(thread_count() + 1, count)))
            for number in range(count):
                found = ahead.popleft().result()
                if number + len(ahead) + 1 < count:
                    ahead.append(pool.submit(work, number + len(ahead) + 1))
                yield found
        except BaseException:
            abandon()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def check_memory(description: str, needed: float) -> None:
    """Reject tallies that would not fit into memory.

    Raises
    ------
    MemoryError : more than `MEMORY_BYTES` are needed.
    """
    if needed > MEMORY_BYTES:
        raise MemoryError(f"{description} about {needed:.0f} bytes; at most {MEMORY_BYTES} are taken")
