"""The Monte Carlo light engine: batches of packets on all cores or a GPU, with standard errors from their scatter."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.model.errors import NotAvailable
from skinbeam.model.sources import cite_sources
from skinbeam.physics.light.photon_scene import BatchSums, LightTally, PhotonScene
from skinbeam.physics.light.photons import trace_batch
from skinbeam.physics.numerics import gpu, memory_layout
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.batches import (
    BATCHES,
    BatchTallies,
    MeanWithError,
    check_memory,
    packets_per_batch,
    run_in_order,
    thread_count,
)
from skinbeam.simulate.light.checkpoint import load_checkpoint, save_checkpoint
from skinbeam.simulate.light.launch import BeamLaunch
from skinbeam.simulate.light.medium import Floats, LayeredMedium
from skinbeam.simulate.light.protocol import LightField, LightSpace, light_each_medium
from skinbeam.simulate.light.space import LayeredSpace, RingSpace, VoxelSpace
from skinbeam.text import render_message

__all__ = ["MAX_PHOTONS", "MIN_ERROR", "MonteCarlo", "ProgressCallback"]

# Packets of the first round if an error is requested, and of the largest round; in between, each round is as large as
# all before it. After each round the error is checked and the checkpoint is written.
FIRST_ROUND, LARGEST_ROUND = 64 * 1024, 4 * 1024 * 1024
MAX_PHOTONS = 10**10
# Relative error of so many packets whose parts scatter as widely as their mean: a smaller one would not be reached.
MIN_ERROR = 1e-5
GPU_BYTES = 256 * 2**20  # for the tallies of the batches that run on a GPU at once
_ONE_BIN = np.array([0.0, 1.0])  # used if no bins are requested
_SMALLEST_PART = 0.01  # of the incident power: the error of smaller parts does not prolong a run

ProgressCallback = Callable[[int, float], None]
_BatchSource = Callable[[Sequence[int], int], Generator[tuple[int, BatchSums], None, None]]


@dataclass(frozen=True)
class MonteCarlo:
    """Monte Carlo simulation of photon packets in layers, in inclusions or in voxels.

    Parameters
    ----------
    photons : packets to launch, at least one per batch; with `error` the maximum.
    error : relative standard error at which a run ends, of every part of the light above a hundredth of the incident
        power: diffuse reflectance, transmittance, light that leaves through the sides, absorption in each part.
    seed : of the random numbers. On the processor the same seed gives the same result on any number of threads; on a
        GPU it gives the same packets, whose sums differ by the rounding of double precision from run to run. Between
        processor and GPU, or two kinds of GPU, results agree within standard errors.
    batches : per round; a standard error from n of them has a relative error of 1 / √(2n - 2).
    checkpoint : file to which the run is saved after each round and from which a run of the same input continues; None
        for no checkpoint.
    progress : called after each batch with the number of packets and the largest relative standard error.
    device : cpu or cuda.
    split : at an outer face above or below, split each packet into its transmitted and reflected parts instead of
        choosing one at random: more steps per packet, less scatter of escaped light. On the processor, not in voxels of
        several indices.
    """

    photons: int = 200_000
    error: float | None = None
    seed: int = 0
    batches: int = BATCHES
    checkpoint: Path | None = None
    progress: ProgressCallback | None = None
    device: str = "cpu"
    split: bool = False

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices on which the engine runs on this machine."""
        return ("cpu",) if gpu.missing_cuda_part() else ("cpu", "cuda")

    def memory_bytes(self, tally: LightTally) -> int:
        """Return the memory that the tallies need."""
        mapped = tally.nx > 0
        side_by_side = (
            _gpu_batch_count(tally.bin_count, tally.quantity_count) if self.device == "cuda" else thread_count()
        )
        return BatchTallies.bytes_needed(tally.bin_count, mapped, side_by_side)

    def compute_light(self, space: LightSpace, beam: LightBeam, tally: LightTally) -> LightField:
        """Return the light in `space`; all draws use the same random numbers.

        Raises
        ------
        ValueError : values out of range; fewer packets than batches; a semi-infinite layer that does not absorb.
        MemoryError : the tallies would not fit.
        NotAvailable : the device is not available.
        InputError : the checkpoint is of another run.
        """
        if isinstance(space, LayeredMedium):
            if space.draw_count is not None:
                return light_each_medium(self, space, beam, tally)
            space = LayeredSpace(space)
        if tally.edges.size:
            return self._trace(space, beam, tally)
        whole = self._trace(space, beam, replace(tally, edges=_ONE_BIN))
        error = whole.standard_error
        assert error is not None  # Monte Carlo always has one
        return replace(
            whole,
            fluence_rate_ratio=whole.fluence_rate_ratio[:0],
            standard_error=replace(error, fluence_rate_ratio=error.fluence_rate_ratio[:0]),
        )

    def _trace(self, space: LayeredSpace | VoxelSpace | RingSpace, beam: LightBeam, tally: LightTally) -> LightField:
        if self.device not in ("cpu", "cuda"):
            raise ValueError(f'device is cpu or cuda, not "{self.device}"')
        if self.device == "cuda" and (lacking := gpu.missing_cuda_part()):
            raise NotAvailable(render_message(f"light.{lacking}"))
        packets_per_batch(self.photons, self.batches)
        check_memory("the tally needs", self.memory_bytes(tally))
        scene, launch = space.build_scene(beam)
        if self.device == "cuda" and (scene.crosses_voxel_faces or scene.ring):
            raise NotAvailable(render_message("light.no-rings-on-card" if scene.ring else "light.no-walk-on-card"))
        if self.split and (self.device == "cuda" or scene.crosses_voxel_faces):
            raise NotAvailable(render_message("light.no-split"))
        scene = replace(scene, splits=self.split)
        cite_sources("wang1995", "henyey1941", "born1999", "blackman2021", "duff2017")
        cite_sources(*(("amanatides1987", "sassaroli2012") if scene.crosses_voxel_faces else ("woodcock1965",)))
        tally = replace(tally, edges=np.array(tally.edges, dtype=np.float64))  # writable, as kernels know it
        if launch.specular_reflectance >= 1.0:
            return _light_field(_empty_tallies(scene, tally), launch, tally)
        return _light_field(self._run(scene, tally), launch, tally)

    def _run(self, scene: PhotonScene, tally: LightTally) -> BatchTallies:
        """Trace rounds until there are enough packets or the error is reached."""
        tallies = BatchTallies()
        if self.checkpoint is not None:
            tallies = load_checkpoint(self.checkpoint, scene, tally, self.seed, self.device) or tallies
        sizes = [
            int(size) for share in self._round_sizes(tallies.packets) for size in packets_per_batch(share, self.batches)
        ]
        batches = (_gpu_batches if self.device == "cuda" else _cpu_batches)(scene, tally, self.seed)
        if self._is_converged(tallies):
            return tallies
        # Rounds follow without a pause: batches in flight at the end of a run are abandoned.
        with closing(batches(sizes, tallies.batches)) as traced:
            for packets, found in traced:
                tallies.add(found, packets)
                if self.progress is not None:
                    self.progress(tallies.packets, tallies.relative_error(_SMALLEST_PART))
                if tallies.batches % self.batches == 0:
                    if self.checkpoint is not None:
                        save_checkpoint(self.checkpoint, tallies, scene, tally, self.seed, self.device)
                    if self._is_converged(tallies):
                        break
        return tallies

    def _round_sizes(self, traced: int) -> Iterator[int]:
        """Yield the packets of each further round."""
        while (left := self.photons - traced) >= self.batches:
            size = LARGEST_ROUND if self.error is None else min(max(FIRST_ROUND, traced), LARGEST_ROUND)
            # A remainder of less than one packet per batch is added to this round.
            size = left if left < size + self.batches else size
            yield size
            traced += size

    def _is_converged(self, tallies: BatchTallies) -> bool:
        return self.error is not None and tallies.relative_error(_SMALLEST_PART) <= self.error


def _cpu_batches(scene: PhotonScene, tally: LightTally, seed: int) -> _BatchSource:
    """Return a function that traces batches on the cores of the processor."""

    def trace(sizes: Sequence[int], first: int) -> Generator[tuple[int, BatchSums], None, None]:
        stop = np.zeros(1, np.int8)

        def trace_single(batch: int) -> BatchSums:
            return trace_batch(scene, tally, sizes[batch], seed=seed, batch=first + batch, stop=stop)

        # Batches in flight stop at once when the results are no longer wanted.
        with closing(run_in_order(trace_single, len(sizes), abandon=lambda: stop.fill(1))) as found:
            yield from zip(sizes, found, strict=True)

    return trace


def _gpu_batches(scene: PhotonScene, tally: LightTally, seed: int) -> _BatchSource:
    """Return a function that traces batches on the GPU; scene and tally are copied there once per run."""
    from skinbeam.physics.light.photons_cuda import CudaTracer

    together = _gpu_batch_count(tally.bin_count, tally.quantity_count)
    run = CudaTracer(scene, tally, together)

    def trace(every: Sequence[int], first: int) -> Generator[tuple[int, BatchSums], None, None]:
        for start in range(0, len(every), together):
            sizes = every[start : start + together]
            yield from zip(sizes, run.trace(sizes, seed=seed, first=first + start), strict=True)

    return trace


def _gpu_batch_count(bins: int, fields: int) -> int:
    """Return how many batches run on a GPU at once: those of a round, unless their tallies are too large together."""
    return int(np.clip(GPU_BYTES // (8 * bins * fields), 1, BATCHES))


def _empty_tallies(scene: PhotonScene, tally: LightTally) -> BatchTallies:
    """Return the tallies of a beam that the surface reflects completely."""
    parts = np.zeros(memory_layout.PARTS + 2 * scene.parts)
    bins = np.zeros((len(tally.edges) - 1, tally.column_count))
    batch = BatchSums(parts, bins, bins[None][: int(tally.nx > 0)], np.zeros((2, tally.rings + 1)))
    tallies = BatchTallies()
    for _ in range(BATCHES):
        tallies.add(batch, 1)
    return tallies


def _light_field(tallies: BatchTallies, launch: BeamLaunch, tally: LightTally) -> LightField:
    """Return means as fractions of the incident power; specular reflection common to all packets was not launched."""
    enters = 1.0 - launch.specular_reflectance
    height = np.diff(tally.edges)
    ring_area = np.pi * tally.ring**2 * (2.0 * np.arange(tally.rings) + 1.0)
    column = height[:, None] * tally.dx * tally.dy
    sums = tallies.mean_sums()
    fluence, plane, absorbed, out = (tallies.mean(name) for name in BatchTallies.NAMES[1:])
    parts = (len(sums.value) - memory_layout.PARTS) // 2

    def mapped(values: Floats, axis: Floats) -> Floats:
        cells = enters * values[..., :-1] / axis
        return np.moveaxis(cells.reshape(len(height), tally.nx, tally.ny), 0, 2)

    def parts_of(kind: str) -> dict[str, Any]:
        def get(mean: MeanWithError) -> Floats:
            return mean.value if kind == "value" else mean.error

        values = enters * get(sums)
        rings = enters * get(out)[:, : tally.rings] / ring_area if tally.rings else None
        return {
            "reflectance_diffuse": float(values[memory_layout.REFLECTED]),
            "transmittance": float(values[memory_layout.TRANSMITTED]),
            "escaped_sides": float(values[memory_layout.SIDES]),
            "roulette_balance": float(values[memory_layout.ROULETTE]),
            "absorbed_fraction": values[memory_layout.PARTS : memory_layout.PARTS + parts],
            "mean_path_m": values[memory_layout.PARTS + parts :],
            "fluence_rate_ratio": enters * get(plane) / height,
            "fluence_rate_rz": enters * get(fluence)[:, :-1] / (height[:, None] * ring_area) if tally.rings else None,
            "reflectance_r": None if rings is None else rings[0],
            "transmittance_r": None if rings is None else rings[1],
            "fluence_rate_xyz": mapped(get(fluence), column) if tally.nx else None,
            "absorbed_xyz": mapped(get(absorbed)[0], column) if tally.nx else None,
        }

    # One of the two is 0: the specular loss common to all packets, or that of each packet by its angle.
    specular = launch.specular_reflectance + float(enters * sums.value[memory_layout.SPECULAR])
    error = LightField(float(enters * sums.error[memory_layout.SPECULAR]), **parts_of("error"))
    return LightField(specular, photons=tallies.packets, standard_error=error, **parts_of("value"))
