"""A graphics card beside the processor: do they find the same, and how long does each take?

    python benchmarks/card.py [--photons 20000000] [--cells 96]

Light is the Monte Carlo method on the examples of `examples/light`, heat the explicit steps in three dimensions. Each
runs once before it is timed, so that nothing compiles meanwhile. What the rows mean stands in benchmarks/README.md.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from machine import print_machine
from numba import cuda

from skinbeam.api.light import LightBalance, LightOptions, run_light
from skinbeam.physics.heat.cells import HeatSource, Material, RobinBoundary
from skinbeam.physics.heat.problem import HeatProblem
from skinbeam.physics.heat.three_dimensional import HeatEngine, History3D, conduct_xyz
from skinbeam.physics.heat.three_dimensional_cuda import CudaHeatEngine
from skinbeam.physics.numerics.gpu import missing_cuda_part

LIGHT = Path(__file__).parents[1] / "examples" / "light"
FEW_PHOTONS = 100_000  # a run that compiles, and is not timed
EDGE_M, PULSE_S, AFTER_S = 1e-3, 1e-3, 5e-2

Found = TypeVar("Found")


class ExplicitEngine(HeatEngine):
    """The processor's explicit stages alone, as a card has them."""

    has_implicit_steps = False


def timed(run: Callable[[], Found]) -> tuple[Found, float]:
    start = time.perf_counter()
    found = run()
    return found, time.perf_counter() - start


def shares(balance: LightBalance) -> tuple[np.ndarray, np.ndarray]:
    """Return the diffuse reflectance, the transmittance and the absorbed shares, and their standard errors."""
    errors = balance.standard_error
    assert errors is not None
    names = list(balance.absorbed)
    values, spread = (
        [one.reflectance_diffuse, one.transmittance, *(one.absorbed[name] for name in names)]
        for one in (balance, errors)
    )
    return np.array(values), np.array(spread)


def light(name: str, photons: int) -> None:
    """Print how many packets each traces in a second, and their greatest difference in standard errors."""

    def traced(device: str, count: int, seed: int) -> LightBalance:
        options = LightOptions(method="montecarlo", device=device, photons=count, seed=seed)
        return run_light(LIGHT / f"{name}.toml", options).balance

    found, rates = [], []
    for seed, device in enumerate(("cpu", "cuda")):
        traced(device, FEW_PHOTONS, seed)
        balance, seconds = timed(lambda device=device, seed=seed: traced(device, photons, seed))
        found.append(shares(balance))
        rates.append(photons / seconds / 1e6)
    (here, error), (there, other) = found
    spread = np.hypot(error, other)
    assert np.array_equal(here[spread == 0], there[spread == 0])
    apart = np.max(np.abs(here - there)[spread > 0] / spread[spread > 0], initial=0.0)
    print(
        f"light, {name:24s} processor {rates[0]:7.3g} M packets/s, card {rates[1]:7.3g}, ratio "
        f"{rates[1] / rates[0]:5.1f}; {np.count_nonzero(spread)} shares differ by at most {apart:.1f} standard errors"
    )


def heat(cells: int) -> None:
    """Print how long a pulse and the rest after it take on each, and their greatest relative difference."""
    faces = np.linspace(0.0, EDGE_M, cells + 1)
    middle = (faces[1:] + faces[:-1]) / 2
    across = np.exp(-(((middle - EDGE_M / 2) / (EDGE_M / 6)) ** 2))
    power = 8e10 * across[:, None, None] * across[None, :, None] * np.exp(-middle / 3e-4)
    material = Material(np.full(power.shape, 0.4), np.full(power.shape, 3.6e6))
    source, film = HeatSource(power, [1.0, 0.0]), RobinBoundary(50.0, 295.0)
    problem = HeatProblem(material, 307.0, [PULSE_S, AFTER_S], source, surface=film)

    def marched(engine: type[HeatEngine]) -> History3D:
        return conduct_xyz((faces, faces, faces), problem, engine)

    times, found = [], []
    for engine in (ExplicitEngine, CudaHeatEngine):
        marched(engine)
        history, seconds = timed(lambda engine=engine: marched(engine))
        found.append(history)
        times.append(seconds)
    here, there = found
    apart = max(
        float(np.max(np.abs(getattr(here, field) - getattr(there, field))) / np.max(np.abs(getattr(here, field))))
        for field in ("final", "peak", "heat_gain", "enthalpy")
    )
    print(
        f"heat, {cells}³ cells, {here.steps[0]} explicit steps: processor {times[0]:.2f} s, card {times[1]:.2f} s, "
        f"ratio {times[0] / times[1]:.1f}; they differ by {apart:.0e} of the greatest value"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A graphics card beside the processor.")
    parser.add_argument("--photons", type=int, default=20_000_000)
    parser.add_argument("--cells", type=int, default=96)
    options = parser.parse_args()
    if (lacking := missing_cuda_part()) is not None:
        parser.error(f"this machine has no card that can be measured: {lacking}")
    print_machine("numba-cuda")
    card = cuda.get_current_device()
    print(f"card: {card.name}, compute capability {'.'.join(map(str, card.compute_capability))}")
    for name in ("van-de-hulst-slab", "giovanelli-semi-infinite", "coverslip", "vessel"):
        light(name, options.photons)
    heat(options.cells)


if __name__ == "__main__":
    main()
