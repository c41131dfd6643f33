"""Means of batches and their standard errors, from sums that grow batch by batch."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from skinbeam.physics.kernel.layout import PARTS, REFLECTED, SIDES, TRANSMITTED
from skinbeam.physics.light.scene import Batch
from skinbeam.simulate.light.medium import Floats

__all__ = ["Mean", "Tallies"]


@dataclass(frozen=True)
class Mean:
    """A mean over packets and its standard error, of any one shape."""

    value: Floats
    error: Floats


class _Scatter:
    """Sum of batches and the sum of their squares over their packets."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.total, self.squares = np.zeros(shape), np.zeros(shape)

    def add(self, found: Floats, packets: int) -> None:
        _accumulate(self.total.ravel(), self.squares.ravel(), np.ascontiguousarray(found).ravel(), 1.0 / packets)

    def mean(self, packets: int, batches: int) -> Mean:
        """Return the mean; each batch counts by its packets, so that one of them more or less does no harm."""
        value = self.total / packets
        variance = np.maximum(self.squares / packets - value**2, 0.0)
        return Mean(value, np.sqrt(variance / (batches - 1)))


@njit(cache=True, nogil=True)
def _accumulate(total, squares, found, per_packet):  # type: ignore[no-untyped-def]
    for k in range(len(total)):
        total[k] += found[k]
        squares[k] += found[k] * found[k] * per_packet


class Tallies:
    """What batches brought: parts of the light, fluence by bin and by plane, absorption by bin, what left by ring."""

    NAMES = ("sums", "fluence", "plane", "absorbed", "out")

    def __init__(self) -> None:
        self.packets, self.batches = 0, 0
        self._scatter: dict[str, _Scatter] = {}

    def add(self, found: Batch, packets: int) -> None:
        """Add a batch of `packets`."""
        # Bins of a depth scatter together, so the whole plane has squares of its own.
        values = (found.sums, found.fluence, found.fluence.sum(axis=1), found.absorbed, found.out)
        for name, value in zip(self.NAMES, values, strict=True):
            if name not in self._scatter:
                self._scatter[name] = _Scatter(value.shape)
            self._scatter[name].add(value, packets)
        self.packets += packets
        self.batches += 1

    def mean(self, name: str) -> Mean:
        """Return the mean over packets of one of `NAMES`."""
        return self._scatter[name].mean(self.packets, self.batches)

    def state(self) -> dict[str, Floats]:
        """Return all numbers, from which `restored` makes the same tallies."""
        record = {"counts": np.array([self.packets, self.batches], dtype=np.float64)}
        for name, scatter in self._scatter.items():
            record |= {f"{name}.total": scatter.total, f"{name}.squares": scatter.squares}
        return record

    @classmethod
    def restored(cls, record: dict[str, Floats]) -> "Tallies":
        """Return the tallies of a `state`."""
        tallies = cls()
        tallies.packets, tallies.batches = (int(count) for count in record["counts"])
        for name in cls.NAMES:
            scatter = _Scatter(record[f"{name}.total"].shape)
            scatter.total[:], scatter.squares[:] = record[f"{name}.total"], record[f"{name}.squares"]
            tallies._scatter[name] = scatter
        return tallies

    @staticmethod
    def bytes_needed(bins: int, mapped: bool, threads: int) -> int:
        """Return what so many bins take: a batch on each thread and one in hand, their sum and its squares."""
        return 8 * bins * (2 if mapped else 1) * (threads + 3)

    def relative_error(self, worth: float) -> float:
        """Return the largest relative standard error of what leaves and what is absorbed, of parts that exceed `worth`.

        Before the second batch nothing is known, and it is inf.
        """
        if self.batches < 2:
            return math.inf
        mean = self.mean("sums")
        absorbed = np.arange(PARTS, (PARTS + len(mean.value)) // 2)
        among = np.concatenate(([REFLECTED, TRANSMITTED, SIDES], absorbed))
        value, error = mean.value[among], mean.error[among]
        large = value > worth
        return float(np.max(error[large] / value[large], initial=0.0))
