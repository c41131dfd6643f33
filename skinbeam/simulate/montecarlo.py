"""The Monte Carlo light engine: batches of packets on all cores, standard errors from their scatter."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.physics import layout
from skinbeam.physics.photons import Batch, Scene, Tally, trace_batch
from skinbeam.provenance import used
from skinbeam.schema.layers import LightBeam
from skinbeam.simulate.beams import Launch
from skinbeam.simulate.checkpoint import load_checkpoint, save_checkpoint
from skinbeam.simulate.medium import Floats, LayeredMedium, LightField
from skinbeam.simulate.space import Layers, Voxels
from skinbeam.simulate.tallies import Mean, Tallies

__all__ = ["BATCHES", "MEMORY_BYTES", "MOST_PHOTONS", "MonteCarlo", "Progress"]

BATCHES = 32  # of a round: a standard error is then itself good to an eighth
# Packets of the first round and of the largest; in between each is as large as all before it. After each the error is
# looked at and the run is kept.
FIRST_ROUND, LARGEST_ROUND = 64 * 1024, 4 * 1024 * 1024
MOST_PHOTONS = 10**10
MEMORY_BYTES = 2 * 2**30
_WORTH_LOOKING_AT = 0.01  # of the incident power: what is smaller does not keep a run going

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class MonteCarlo:
    """Packets of photons in layers, in inclusions or in voxels.

    Parameters
    ----------
    photons : packets to launch, at least one a batch; with `error` the most that are launched.
    error : relative standard error at which a run ends, of every part of the light above a hundredth of it: diffuse
        reflectance, transmittance, what leaves at sides, what each part absorbs.
    seed : of the random numbers. The same seed gives the same result on any number of threads.
    ring_m, rings : width and number of the rings of a tally by depth and radius; 0 rings for depth alone.
    columns, column_m : numbers and widths in x and y of a map about x = y = 0; 0 columns for none.
    batches : of a round; a standard error from n of them is itself good to 1 / √(2n - 2).
    checkpoint : file that holds the run after each round and that a run of the same input goes on from; None for none.
    progress : told of the packets done and of the largest relative standard error, after each batch.
    """

    photons: int = 200_000
    error: float | None = None
    seed: int = 0
    ring_m: float = 0.0
    rings: int = 0
    columns: tuple[int, int] = (0, 0)
    column_m: tuple[float, float] = (0.0, 0.0)
    batches: int = BATCHES
    checkpoint: Path | None = None
    progress: Progress | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it runs."""
        return ("cpu",)

    def memory_bytes(self, depths: int) -> int:
        """Return what the tallies of so many depths need."""
        mapped = self.columns[0] > 0
        columns = self.columns[0] * self.columns[1] + 1 if mapped else self.rings + 1
        return Tallies.bytes_needed(depths * columns, mapped, _threads())

    def fluence(self, medium: LayeredMedium, beam: LightBeam, z_edges_m: Floats) -> LightField:
        """Return the light in `medium`.

        Raises
        ------
        ValueError : values out of range; fewer packets than batches; a semi-infinite layer that does not absorb.
        MemoryError : the tallies would not fit.
        """
        return self.trace(Layers(medium), beam, z_edges_m)

    def trace(self, space: Layers | Voxels, beam: LightBeam, z_edges_m: Floats) -> LightField:
        """Return the light in `space`, its fluence rate between rising depths `z_edges_m`, m.

        Raises
        ------
        ValueError, MemoryError : as for `fluence`.
        InputError : the checkpoint is of another run.
        """
        if self.photons < self.batches or self.batches < 2:
            raise ValueError(f"at least {max(self.batches, 2)} photons, one a batch, and two batches")
        if self.memory_bytes(len(z_edges_m) - 1) > MEMORY_BYTES:
            raise MemoryError(f"the tally needs {self.memory_bytes(len(z_edges_m) - 1)} bytes")
        scene, launch = space.scene(beam)
        used("wang1995", "henyey1941", "born1999", "blackman2021", "duff2017")
        used(*(("amanatides1987", "sassaroli2012") if scene.walked else ("woodcock1965",)))
        tally = Tally(
            np.asarray(z_edges_m, dtype=np.float64), self.ring_m, self.rings, *self.columns, *self.column_m
        )  # fmt: skip
        if launch.specular >= 1.0:
            return _field(_nothing(scene, tally), launch, tally)
        return _field(self._run(scene, tally), launch, tally)

    def _run(self, scene: Scene, tally: Tally) -> Tallies:
        """Trace rounds until there are enough packets or the error is reached."""
        tallies = Tallies()
        if self.checkpoint is not None:
            tallies = load_checkpoint(self.checkpoint, scene, tally, self.seed) or tallies
        for number, size in enumerate(_rounds(self.photons, self.batches)):
            if tallies.batches >= (number + 1) * self.batches:
                continue
            if self._good(tallies):
                break
            for packets, found in _batches(scene, tally, size, self.seed, number, self.batches):
                tallies.add(found, packets)
                if self.progress is not None:
                    self.progress(tallies.packets, tallies.relative_error(_WORTH_LOOKING_AT))
            if self.checkpoint is not None:
                save_checkpoint(self.checkpoint, tallies, scene, tally, self.seed)
        return tallies

    def _good(self, tallies: Tallies) -> bool:
        return self.error is not None and tallies.relative_error(_WORTH_LOOKING_AT) <= self.error


def _rounds(photons: int, batches: int) -> Iterator[int]:
    """Packets of each round."""
    done = 0
    while done < photons:
        size = min(max(FIRST_ROUND, done), LARGEST_ROUND)
        # What would be left for a last round of less than a packet a batch comes along.
        size = photons - done if photons - done < size + batches else size
        yield size
        done += size


def _batches(
    scene: Scene, tally: Tally, size: int, seed: int, number: int, batches: int
) -> Iterator[tuple[int, Batch]]:
    """The batches of a round in their order, traced side by side; compiled code lets go of the interpreter."""
    stop = np.zeros(1, np.int8)
    # Equal shares, the rest one each to the first.
    shares = [size // batches + (batch < size % batches) for batch in range(batches)]

    def one(batch: int) -> Batch:
        return trace_batch(scene, tally, shares[batch], seed=seed, batch=number * batches + batch, stop=stop)

    with ThreadPoolExecutor(max_workers=_threads()) as pool:
        try:
            # No more in flight than can be worked on, so that no more tallies than that are in memory.
            ahead = deque(pool.submit(one, batch) for batch in range(min(_threads() + 1, batches)))
            for batch, share in enumerate(shares):
                found = ahead.popleft().result()
                if batch + len(ahead) + 1 < batches:
                    ahead.append(pool.submit(one, batch + len(ahead) + 1))
                yield share, found
        except BaseException:
            stop[0] = 1  # those in flight end at once
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _threads() -> int:
    return min(BATCHES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _nothing(scene: Scene, tally: Tally) -> Tallies:
    """Tallies of a beam that the surface throws back whole."""
    parts = np.zeros(layout.PARTS + 2 * scene.parts)
    bins = np.zeros((len(tally.edges) - 1, tally.columns))
    batch = Batch(parts, bins, bins[None][: int(tally.nx > 0)], np.zeros((2, tally.rings + 1)))
    tallies = Tallies()
    for _ in range(BATCHES):
        tallies.add(batch, 1)
    return tallies


def _field(tallies: Tallies, launch: Launch, tally: Tally) -> LightField:
    """Means as fractions of the incident power; what the surface throws back of all packets alike was not launched."""
    enters = 1.0 - launch.specular
    height = np.diff(tally.edges)
    ring_area = np.pi * tally.ring**2 * (2.0 * np.arange(tally.rings) + 1.0)
    column = height[:, None] * tally.dx * tally.dy
    sums, fluence, plane, absorbed, out = (tallies.mean(name) for name in Tallies.NAMES)
    parts = (len(sums.value) - layout.PARTS) // 2

    def mapped(values: Floats, axis: Floats) -> Floats:
        cells = enters * values[..., :-1] / axis
        return np.moveaxis(cells.reshape(len(height), tally.nx, tally.ny), 0, 2)

    def parts_of(kind: str) -> dict[str, Any]:
        def get(mean: Mean) -> Floats:
            return mean.value if kind == "value" else mean.error

        each = enters * get(sums)
        rings = enters * get(out)[:, : tally.rings] / ring_area if tally.rings else None
        return {
            "reflectance_diffuse": float(each[layout.REFLECTED]),
            "transmittance": float(each[layout.TRANSMITTED]),
            "escaped_sides": float(each[layout.SIDES]),
            "roulette_balance": float(each[layout.ROULETTE]),
            "absorbed_fraction": each[layout.PARTS : layout.PARTS + parts],
            "mean_path_m": each[layout.PARTS + parts :],
            "fluence_rate_ratio": enters * get(plane) / height,
            "fluence_rate_rz": enters * get(fluence)[:, :-1] / (height[:, None] * ring_area) if tally.rings else None,
            "reflectance_r": None if rings is None else rings[0],
            "transmittance_r": None if rings is None else rings[1],
            "fluence_rate_xyz": mapped(get(fluence), column) if tally.nx else None,
            "absorbed_xyz": mapped(get(absorbed)[0], column) if tally.nx else None,
        }

    # One of the two is 0: what every packet loses alike, or what each loses by its angle.
    specular = launch.specular + float(enters * sums.value[layout.SPECULAR])
    error = LightField(float(enters * sums.error[layout.SPECULAR]), **parts_of("error"))
    return LightField(specular, photons=tallies.packets, standard_error=error, **parts_of("value"))
