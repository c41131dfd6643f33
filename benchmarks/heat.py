"""How fast heat is conducted, each beside what the machine can do in the same run.

    python benchmarks/heat.py [--cells 200] [--runs 7]

In three dimensions the bytes of a stage are those of every array once, as in the STREAM triad beside it; what caches
fetch in order to write is counted in neither. What the rows mean stands in benchmarks/README.md.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
from machine import print_machine
from numba import get_num_threads, njit, prange

from skinbeam.physics.heat.axisymmetric import conduct_rz
from skinbeam.physics.heat.boiling import BoilingWater
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary, graded_faces, slab_cells
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction, graded_time_steps
from skinbeam.physics.heat.problem import HeatProblem, IntervalConditions
from skinbeam.physics.heat.three_dimensional_kernels import FLOWS, STAGE, STEP_ERROR, Body3D, run_first_stage, run_stage

K, C = 0.37, 3.76e6  # skin, W/mK and J/m³K
SKINS = 200
# Of a cell, once: y, w, out twice, F_0, 1 / store and light, and three conductances in single precision; flows need
# less, and with the error y and F_0 again. The opening reads y and F_0 and writes two states.
OPENING = -1
BYTES = {
    "opening": (OPENING, 4 * 8),
    "stage": (STAGE, 7 * 8 + 3 * 4),
    "flows": (FLOWS, 4 * 8 + 3 * 4),
    "flows and error": (STEP_ERROR, 6 * 8 + 3 * 4),
}
STAGES = 10  # of a step: the opening, stages, and flows with the error


@njit(parallel=True)
def triad(a: np.ndarray, b: np.ndarray, c: np.ndarray, s: float) -> None:
    for i in prange(len(a)):
        a[i] = b[i] + s * c[i]


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """Wall times, after one run that compiles."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def said(name: str, times: list[float], most: float) -> None:
    print(
        f"{name:58s} median {statistics.median(times):7.3f} s  best {min(times):7.3f} s"
        f"  asked: {most} s  {'met' if statistics.median(times) < most else 'MISSED'}"
    )


def one_dimension(runs: int) -> None:
    faces, _ = graded_faces(np.full((SKINS, 1), 6e-3), finest_m=3e-6, growth=0.0265)
    cells = slab_cells(faces)
    step_s, phase = graded_time_steps([0.03, 0.02, 6e-3, 1.0])
    power = 1e9 * np.exp(-cells.centres / 3e-4) * np.linspace(0.5, 1.5, SKINS)[:, None]
    surface = RobinBoundary(np.where(phase == 0, 4000.0, 20.0), 250.0)
    march = HeatProblem1D(cells, Material(K, C), 307.0, step_s, HeatSource(power, phase == 2), surface)
    times = seconds(lambda: conduct_1d(march, LinearConduction()), runs)
    said(f"1-D, {SKINS} skins x {cells.volumes.shape[1]} cells, {len(step_s)} steps", times, 0.2)


def rings(runs: int) -> None:
    z = graded_faces([[4e-3]], finest_m=4e-6, growth=0.0395)[0][0]
    z = np.interp(np.linspace(0, 1, 97), np.linspace(0, 1, len(z)), z)
    r = graded_faces([[4e-3]], finest_m=1e-5, growth=0.0475)[0][0]
    rc, zc = (r[1:] + r[:-1]) / 2, (z[1:] + z[:-1]) / 2
    light = 8e10 * np.exp(-((rc / 5e-4) ** 2))[:, None] * np.exp(-zc / 3e-4)
    power = light * np.linspace(0.5, 1.5, SKINS)[:, None, None]
    for name, water in (("", None), (", water boils", BoilingWater(373.0, 30.0, 1.4e9, C))):
        taken = []

        def pulse(water: BoilingWater | None = water, taken: list[np.ndarray] = taken) -> None:
            source, film = HeatSource(power, [1, 0, 0, 0]), RobinBoundary(50.0, 295.0)
            history = conduct_rz(
                (r, z), HeatProblem(Material(K, C), 305.0, [1e-2, 1e-2, 0.1, 0.9], source, water, film)
            )
            taken.append(history.steps.sum(axis=1).mean())

        times = seconds(pulse, max(1, runs // 3))
        said(f"r-z, {SKINS} skins x {len(rc)} x {len(zc)} cells{name}, {taken[-1]:.0f} steps", times, 10.0)


def cube(cells: int, runs: int) -> None:
    shape = cells, cells * cells
    per_store, power = np.full(shape, 1 / (C * 1e-15)), np.full(shape, 1e-6)
    y, w, rates, out = (np.full(shape, 300.0 / per_store[0, 0]) for _ in range(4))
    ends = (np.full((cells, cells), value) for value in (1e4, 1e-10, 1e-10))
    gx, gy, gz = (np.full(s, 3.7e-6, np.float32) for s in ((cells + 1, shape[1]), (cells, shape[1] + cells), shape))
    gz = np.concatenate([gz, np.zeros((cells, 1), np.float32)], axis=1)
    store, still = 1 / per_store, np.empty((3, 1, shape[1]))
    body = Body3D(gx, gy, gz, *ends, store, per_store, power, still, False, 300.0)
    now = IntervalConditions(1.0, 50.0, 295.0)
    c = np.array([0.1, 0.2, 0.7, 1e-5, 1e-6])
    n = max(4 * shape[0] * shape[1], 2**25)
    a, b, d = (np.full(n, float(i)) for i in range(3))
    share: dict[str, float] = {}
    for name, (kind, per_cell) in BYTES.items():
        ratios, rates_gb, triads = [], [], []
        # In turn, so that both meet the same machine.
        for run in range(runs + 1):
            start = time.perf_counter()
            if kind == OPENING:
                run_first_stage(1e-5, y, rates, w, out)
            else:
                run_stage(kind, body, now, c, y, w, rates, out)
            middle = time.perf_counter()
            triad(a, b, d, 3.0)
            end = time.perf_counter()
            if run:
                rates_gb.append(per_cell * shape[0] * shape[1] / (middle - start) / 1e9)
                triads.append(24 * n / (end - middle) / 1e9)
                ratios.append(rates_gb[-1] / triads[-1])
        share[name] = statistics.median(ratios)
        print(
            f"{f'3-D, {cells}³ cells, explicit, {name}':58s} {statistics.median(rates_gb):6.1f} GB/s"
            f" ({per_cell} B a cell)  triad {statistics.median(triads):6.1f} GB/s"
            f"  ratio {statistics.median(ratios):.2f}, best {max(ratios):.2f}"
        )
    parts = {"opening": 1, "stage": STAGES - 1, "flows and error": 1}
    moved = sum(count * BYTES[name][1] for name, count in parts.items())
    taken = sum(count * BYTES[name][1] / share[name] for name, count in parts.items())
    name = f"3-D, {cells}³ cells, explicit, a whole step of {STAGES} stages"
    print(f"{name:58s} ratio {moved / taken:.2f}  asked: 0.75  {'met' if moved / taken >= 0.75 else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Heat beside what the machine can do.")
    parser.add_argument("--cells", type=int, default=200, help="along each side of the cube")
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    print_machine()
    print(f"{get_num_threads()} threads; load of the machine before: {os.getloadavg()[0]:.1f}")
    one_dimension(options.runs)
    rings(options.runs)
    cube(options.cells, options.runs)


if __name__ == "__main__":
    main()
