"""The Monte Carlo light engine: batches of packets on all cores, standard errors from their scatter."""

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from skinbeam.physics.optical import check_layers
from skinbeam.physics.photons import ABSORBED, REFLECTED, ROULETTE, TRANSMITTED, Batch, prepare, trace_batch
from skinbeam.provenance import used
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.medium import Floats, LayeredMedium, LightField

__all__ = ["BATCHES", "MEMORY_BYTES", "MonteCarlo"]

BATCHES = 32  # a standard error from 32 batches is itself good to an eighth
FIRST_ROUND = 64 * 1024  # packets before a wanted error is looked at; then as many again as there were
MOST_PHOTONS = 10**10
MEMORY_BYTES = 2 * 2**30
_WORTH_LOOKING_AT = 0.01  # of the incident power: what is smaller does not keep a run going


@dataclass(frozen=True)
class MonteCarlo:
    """Packets of photons in layers.

    Parameters
    ----------
    photons : packets to launch, at least one a batch; with `error` the most that are launched.
    error : relative standard error at which a run ends, of every part of the light above a hundredth of it: diffuse
        reflectance, transmittance, what each layer absorbs.
    seed : of the random numbers. The same seed gives the same result on any number of threads.
    ring_m, rings : width and number of the rings of a tally by depth and radius; 0 rings for depth alone.
    """

    photons: int = 200_000
    error: float | None = None
    seed: int = 0
    ring_m: float = 0.0
    rings: int = 0

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it runs."""
        return ("cpu",)

    def memory_bytes(self, bins: int) -> int:
        """Return what the tallies need: one for each thread, their sum, and that of their squares."""
        return 8 * bins * (self.rings + 1) * (_threads() + 2)

    def fluence(self, medium: LayeredMedium, beam: LightBeam, z_edges_m: Floats) -> LightField:
        """Return the light in `medium`.

        Raises
        ------
        ValueError : values out of range; fewer packets than batches; a semi-infinite layer that does not absorb.
        MemoryError : the tallies would not fit.
        """
        used("wang1995", "henyey1941", "born1999", "blackman2021", "duff2017")
        optical = [
            np.asarray(values, dtype=np.float64)[None, :]
            for values in (medium.mua_per_m, medium.mus_per_m, medium.g, medium.n, medium.thickness_m)
        ]
        check_layers(optical)
        mua, mus, g, n, thickness = (values[0] for values in optical)
        if self.photons < BATCHES:
            raise ValueError(f"at least {BATCHES} photons, one a batch")
        if math.isinf(thickness[-1]) and mua[-1] == 0.0:
            raise ValueError("a semi-infinite layer must absorb: packets would never end")
        if self.memory_bytes(len(z_edges_m) - 1) > MEMORY_BYTES:
            raise MemoryError(f"the tally needs {self.memory_bytes(len(z_edges_m) - 1)} bytes")
        table = prepare(mua, mus, g, n, thickness, medium.ambient_n, medium.below_n)
        radius = 0.0 if beam.spot_mm is None else beam.spot_mm * 0.5e-3
        options: dict[str, Any] = {
            "edges": np.asarray(z_edges_m, dtype=np.float64),
            "ring": self.ring_m if self.rings else 0.0,
            "rings": self.rings + 1,  # the last holds what is farther out
            "beam": "pencil" if radius == 0.0 else beam.kind,
            "radius": radius,
        }
        tally = _Tally()
        for size in self._rounds():
            for batch, result in _batches(table, size, self.seed, tally.rounds, options):
                tally.add(batch, result, size)
            tally.close_round()
            if self.error is not None and tally.good_to(self.error):
                break
        return _field(tally, medium, options)

    def _rounds(self) -> Iterator[int]:
        """Packets of each round: all at once, or doubling until the error or the most packets are reached."""
        if self.error is None:
            yield self.photons
            return
        done = 0
        while done < self.photons:
            size = min(self.photons - done, max(FIRST_ROUND, done))
            size = max(size, BATCHES)
            yield size
            done += size


class _Tally:
    """Sums of batches, in their order: means, and squares for their scatter."""

    def __init__(self) -> None:
        self.photons, self.rounds = 0, 0
        self._sums = [np.zeros(0)] * BATCHES
        self._fluence: Floats = np.zeros(0)
        self._squares: Floats = np.zeros(0)
        self._plane_squares: Floats = np.zeros(0)
        self._counts = 0

    def add(self, batch: int, found: Batch, size: int) -> None:
        """Add one batch of a round of `size` packets."""
        packets = _share(size, batch)
        self.photons += packets
        self._sums[batch] = found.sums if not self.rounds else self._sums[batch] + found.sums
        if self._counts == 0:
            self._fluence, self._squares = np.zeros_like(found.fluence), np.zeros_like(found.fluence)
            self._plane_squares = np.zeros(len(found.fluence))
        self._counts += 1
        self._fluence += found.fluence
        self._squares += found.fluence**2 / packets
        # Rings of a depth scatter together, so the whole plane has squares of its own.
        self._plane_squares += found.fluence.sum(axis=1) ** 2 / packets

    def close_round(self) -> None:
        """Count a round as done."""
        self.rounds += 1

    @property
    def mean(self) -> Floats:
        """Sums over a packet."""
        return np.asarray(np.sum(self._sums, axis=0) / self.photons)

    @property
    def error(self) -> Floats:
        """Their standard errors: batches are of one size to within a packet."""
        each = np.array(self._sums) / (self.photons / BATCHES)
        return np.asarray(each.std(axis=0, ddof=1) / math.sqrt(BATCHES))

    @property
    def fluence(self) -> tuple[Floats, Floats]:
        """Fluence over a packet and its standard error, (bin, ring)."""
        mean = self._fluence / self.photons
        return mean, self._scatter(self._squares, mean)

    @property
    def plane(self) -> tuple[Floats, Floats]:
        """The same, summed over the rings, (bin,)."""
        mean = self._fluence.sum(axis=1) / self.photons
        return mean, self._scatter(self._plane_squares, mean)

    def _scatter(self, squares: Floats, mean: Floats) -> Floats:
        """Standard error from the scatter of all batches of all rounds, each with the weight of its packets."""
        variance = np.maximum(squares / self.photons - mean**2, 0.0)
        return np.asarray(np.sqrt(variance / (self._counts - 1)))

    def good_to(self, error: float) -> bool:
        """Whether every part of the light that is worth looking at has this relative standard error."""
        mean, spread = np.delete(self.mean, ROULETTE), np.delete(self.error, ROULETTE)
        large = mean > _WORTH_LOOKING_AT
        return bool(np.all(spread[large] <= error * mean[large]))


def _batches(table: Any, size: int, seed: int, number: int, options: dict[str, Any]) -> Iterator[tuple[int, Batch]]:
    """The batches of a round in their order, traced side by side; compiled code lets go of the interpreter."""

    def one(batch: int) -> Batch:
        return trace_batch(table, _share(size, batch), seed=seed, batch=number * BATCHES + batch, **options)

    with ThreadPoolExecutor(max_workers=_threads()) as pool:
        try:
            yield from enumerate(pool.map(one, range(BATCHES)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _share(size: int, batch: int) -> int:
    """Packets of one batch: equal shares, the rest one each to the first."""
    return size // BATCHES + (batch < size % BATCHES)


def _threads() -> int:
    return min(BATCHES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _field(tally: _Tally, medium: LayeredMedium, options: dict[str, Any]) -> LightField:
    """Sums as fractions of the incident power; what the first surface throws back was never launched."""
    specular = ((medium.ambient_n - medium.n[0]) / (medium.ambient_n + medium.n[0])) ** 2
    enters = 1.0 - specular
    height = np.diff(options["edges"])
    rings = options["rings"] - 1
    radii = options["ring"] * np.arange(rings + 1)
    area = np.pi * np.diff(radii**2)

    def parts(sums: Floats, fluence: Floats, whole: Floats) -> dict[str, Any]:
        return {
            "reflectance_diffuse": float(enters * sums[REFLECTED]),
            "transmittance": float(enters * sums[TRANSMITTED]),
            "roulette_balance": float(enters * sums[ROULETTE]),
            "absorbed_fraction": enters * sums[ABSORBED:],
            "fluence_rate_ratio": enters * whole / height,
            "fluence_rate_rz": enters * fluence[:, :rings] / (height[:, None] * area) if rings else None,
        }

    rz, plane = tally.fluence, tally.plane
    error = LightField(0.0, **parts(tally.error, rz[1], plane[1]))
    return LightField(specular, photons=tally.photons, standard_error=error, **parts(tally.mean, rz[0], plane[0]))
