"""The tables of the light benchmark.

Engines take turns run by run, every other round the other way round, so that a machine that slows down or speeds up
does so for all of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from light_cases import LAYERED, VESSEL, Layered
from light_mcml import Figure, Mcml
from machine import others_seconds

from skinbeam.model.units import CM, PER_CM
from skinbeam.physics.light.discrete_ordinates import LayeredLight, solve_layers
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.light.plane_layers import PlaneLayers
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.engines import DiscreteOrdinates
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.light.space import Inclusion, LayeredSpace, infinite_cylinder_shape

__all__ = ["print_tables"]

HERE = Path(__file__).parent
PENCIL = LightBeam(kind="pencil")
# Photons of a run, ours and MCML's, and of one part of MCML's scatter.
# Ours and MCML's take about four seconds each.
PHOTONS = {"A": (120_000_000, 20_000_000, 5000), "B": (4_000_000, 200_000, 1000), "B1": (6_000_000, 300_000, 1000)}
VESSEL_PHOTONS = 4_000_000
PEERS = {"pmcxcl": (200_000, 10_000), "pmmc": (1_000_000, 20_000)}  # photons of a run, and of a part of the scatter
PEER_PARTS = 50  # a variance from 50 parts is itself good to 20 %
IMPORTS = """
import numpy as np
from skinbeam.physics.light.plane_layers import PlaneLayers
from skinbeam.physics.light.discrete_ordinates import LayeredLight as Light, solve_layers as solve
from skinbeam.physics.light.photon_scene import LightTally as Tally
from skinbeam.simulate.layers_schema.layers import LightBeam
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
"""
FIRST_CALL = f"""{IMPORTS}
slab = LayeredMedium([1000.0], [9000.0], [0.75], [1.0], [2e-4])
tally = Tally(np.linspace(0.0, 2e-4, 101), 2e-6, 100)
MonteCarlo(photons=32).light(slab, LightBeam(kind="pencil"), tally)
"""


class Ours:
    """The Monte Carlo engine on one case; keeps what its runs found."""

    def __init__(self, case: Layered, photons: int) -> None:
        self.case, self.photons = case, photons
        self.medium = medium(case)
        self.edges = case.bin * CM * np.arange(case.depths + 1)
        self.fields: list[LightField] = []
        self._trace(10_000, 0)  # compiles, or loads what was compiled

    def rate(self, run: int) -> float:
        """Photons per second of one run, whose number is the seed."""
        start = time.perf_counter()
        self.fields.append(self._trace(self.photons, run))
        return self.photons / (time.perf_counter() - start)

    def figures(self) -> dict[str, Figure]:
        """Where the light goes, from all runs, by the standard errors that the engine gave."""
        each = [parts(self.case, light) for light in self.fields]
        errors = [parts(self.case, light.standard_error) for light in self.fields if light.standard_error is not None]
        found = {}
        for name in each[0]:
            variance = statistics.fmean(error[name] ** 2 for error in errors)
            mean = statistics.fmean(one[name] for one in each)
            found[name] = Figure(mean, (variance / len(errors)) ** 0.5, variance * self.photons)
        return found

    def exact(self) -> dict[str, float]:
        """The same from discrete ordinates."""
        return parts(self.case, DiscreteOrdinates().compute_light(self.medium, PENCIL, LightTally(self.edges)))

    def _trace(self, photons: int, seed: int) -> LightField:
        tally = LightTally(self.edges, self.case.bin * CM, self.case.rings)
        return MonteCarlo(photons=photons, seed=seed).compute_light(self.medium, PENCIL, tally)


class OursVessel:
    """The Monte Carlo engine on the vessel cube, with a true cylinder and a map of absorption; keeps what it found."""

    def __init__(self, photons: int) -> None:
        self.photons = photons
        self.fields: list[LightField] = []
        # Light that is turned by nothing (g = 1) is not scattered.
        tissues = [tissue if tissue.g < 1.0 else replace(tissue, mus=0.0, g=0.0) for tissue in VESSEL.layers]
        rest = VESSEL.edge - sum(tissue.thickness for tissue in tissues)
        layers = LayeredMedium(
            [t.mua * PER_CM for t in tissues],
            [t.mus * PER_CM for t in tissues],
            [t.g for t in tissues],
            [t.n for t in tissues],
            [(t.thickness or rest) * CM for t in tissues],
            tissues[0].n,
            tissues[-1].n,
        )
        blood = VESSEL.blood
        cylinder = infinite_cylinder_shape(0.0, VESSEL.depth * CM, VESSEL.radius * CM)
        inclusion = Inclusion([cylinder], blood.mua * PER_CM, blood.mus * PER_CM, blood.g)
        half = VESSEL.edge * CM / 2.0
        self.space = LayeredSpace(layers, [inclusion], half_widths_m=(half, half))
        self.edges = np.linspace(0.0, VESSEL.edge * CM, VESSEL.voxels + 1)
        self._trace(10_000, 0)

    def rate(self, run: int) -> float:
        """Photons per second of one run, whose number is the seed."""
        start = time.perf_counter()
        self.fields.append(self._trace(self.photons, run))
        return self.photons / (time.perf_counter() - start)

    def figures(self) -> dict[str, Figure]:
        """What each tissue absorbs, from all runs, by the standard errors that the engine gave."""
        found = {}
        for part, tissue in enumerate((*VESSEL.layers, VESSEL.blood)):
            errors = [field.standard_error.absorbed_fraction[part] for field in self.fields if field.standard_error]
            variance = statistics.fmean(error**2 for error in errors)
            mean = statistics.fmean(field.absorbed_fraction[part] for field in self.fields)
            found[f"A {tissue.name}"] = Figure(mean, (variance / len(errors)) ** 0.5, variance * self.photons)
        return found

    def _trace(self, photons: int, seed: int) -> LightField:
        voxel = VESSEL.edge * CM / VESSEL.voxels
        tally = LightTally(self.edges, nx=VESSEL.voxels, ny=VESSEL.voxels, dx=voxel, dy=voxel)
        beam = LightBeam(kind="flat", spot_mm=20.0 * VESSEL.beam_radius)
        return MonteCarlo(photons=photons, seed=seed).compute_light(self.space, beam, tally)


class Peer:
    """pmcxcl or pmmc on the vessel cube, a process a run."""

    def __init__(self, python: Path, name: str, cores: tuple[int, ...], scale: float) -> None:
        self.python, self.name, self.cores = python, name, cores
        self.photons, self.part = (round(scale * photons) for photons in PEERS[name])

    def rate(self, run: int) -> float:
        """Photons per second of one run, without the start of the process and compiling."""
        return self.photons / self._parts(self.photons, 1, run + 1)[0]["seconds"]

    def figures(self) -> dict[str, Figure]:
        """What each tissue absorbs, from the scatter of small parts."""
        runs = [run["absorbed"] for run in self._parts(self.part, PEER_PARTS, 1000)]
        found = {}
        for name in runs[0]:
            variance = statistics.variance(run[name] for run in runs)
            mean = statistics.fmean(run[name] for run in runs)
            found[f"A {name}"] = Figure(mean, (variance / len(runs)) ** 0.5, variance * self.part)
        return found

    def _parts(self, photons: int, parts: int, seed: int) -> list[dict[str, Any]]:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "parts.json")
            numbers = {"--photons": [photons], "--parts": [parts], "--seed": [seed], "--cores": self.cores}
            words = [word for option, values in numbers.items() for word in (option, *map(str, values))]
            command = [self.python, HERE / "light_peers.py", self.name, *words, "--out", out]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace")
            if not out.is_file():
                raise SystemExit(f"{self.name} failed:\n{done.stdout[-500:]}{done.stderr[-2000:]}")
            return json.loads(out.read_text())


def medium(case: Layered) -> LayeredMedium:
    layers = case.layers
    return LayeredMedium(
        [t.mua * PER_CM for t in layers],
        [t.mus * PER_CM for t in layers],
        [t.g for t in layers],
        [t.n for t in layers],
        [t.thickness * CM for t in layers],
    )


def parts(case: Layered, light: LightField) -> dict[str, float]:
    """Diffuse reflectance, and absorption by layer."""
    absorbed = zip(case.layers, light.absorbed_fraction.tolist(), strict=True)
    return {"Rd": light.reflectance_diffuse, **{f"A {t.name}": value for t, value in absorbed}}


def alternate(engines: Mapping[str, Callable[[int], float]], runs: int) -> dict[str, list[float]]:
    """Rates of the engines, run by run in turn; prints their table."""
    rates: dict[str, list[float]] = {name: [] for name in engines}
    start, before = time.perf_counter(), others_seconds()
    for run in range(runs):
        for name in list(engines)[:: -1 if run % 2 else 1]:
            rates[name].append(engines[name](run))
    others = max(0.0, others_seconds() - before) / (time.perf_counter() - start)
    print(f"  {'photons per second':28s}{'min':>14s}{'median':>14s}{'first over it':>15s}")
    first = statistics.median(next(iter(rates.values())))
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"  {name:28s}{min(values):14,.0f}{median:14,.0f}{first / median:15.2f}")
    print(f"  {runs} runs each; others used {others:.2f} of a core meanwhile")
    return rates


def merits(figures: Mapping[str, Mapping[str, Figure]], rates: Mapping[str, list[float]]) -> None:
    """Print means with errors and figures of merit, 1 / (variance x time), of each quantity and engine."""
    print(f"  {'':14s}{'engine':20s}{'mean':>12s}{'error':>10s}{'merit, 1/s':>14s}{'first over it':>15s}")
    for name in next(iter(figures.values())):
        first = 0.0
        for engine, found in figures.items():
            figure = found[name]
            merit = statistics.median(rates[engine]) / figure.variance
            first = first or merit
            numbers = f"{figure.mean:12.6g}{figure.error:10.2g}{merit:14.4g}{first / merit:15.2f}"
            print(f"  {name:14s}{engine:20s}{numbers}")


def layered(name: str, options: argparse.Namespace, cores: tuple[int, ...]) -> None:
    """One case of layers: rates, figures of merit, deviations from the exact values."""
    case = LAYERED[name]
    heading(f"{name}: {case.title}; pencil beam, tally of {case.depths} depths x {case.rings} rings")
    photons, peer_photons, part = (max(1000, round(options.photons_scale * count)) for count in PHOTONS[name])
    ours = Ours(case, photons)
    engines: dict[str, Callable[[int], float]] = {"skinbeam": ours.rate}
    if there(options.mcml):
        mcml = Mcml(options.mcml, case, cores)
        engines["MCML"] = lambda _: mcml.rate(peer_photons)
    rates = alternate(engines, options.runs)
    figures = {"skinbeam": ours.figures()}
    if there(options.mcml):
        figures["MCML"] = mcml.figures(part)
    merits(figures, rates)
    print(f"  {'':14s}{'exact':>12s}{'skinbeam - exact, standard errors':>40s}")
    for quantity, exact in ours.exact().items():
        found = figures["skinbeam"][quantity]
        print(f"  {quantity:14s}{exact:12.6f}{(found.mean - exact) / found.error:40.2f}")


def vessel(options: argparse.Namespace, cores: tuple[int, ...]) -> None:
    """The vessel cube: a map of absorption in voxels, from pmmc in its tetrahedra alone."""
    heading(f"C: {VESSEL.title}")
    peers: dict[str, OursVessel | Peer] = {"skinbeam": OursVessel(round(options.photons_scale * VESSEL_PHOTONS))}
    for name in PEERS if there(options.peers_python) else ():
        if subprocess.run([options.peers_python, "-c", f"import {name}"], capture_output=True).returncode:
            print(f"  {name}: skipped, the interpreter of --peers-python has none")
        else:
            peers[name] = Peer(options.peers_python, name, cores, options.photons_scale)
    rates = alternate({name: peer.rate for name, peer in peers.items()}, options.runs)
    merits({name: peer.figures() for name, peer in peers.items()}, rates)


def exact_solver() -> None:
    """Time of one wavelength in the exact solver, call by call, absorption changed from call to call."""
    heading("exact layered solver, one wavelength a call")
    print(f"  {'case':6s}{'streams':>9s}{'depths':>8s}{'min, ms':>10s}{'median, ms':>12s}{'Rd':>12s}{'off by':>12s}")
    rows = (("B", 16, 0), ("B", 20, 0), ("B", 20, 1), ("B", 64, 1), ("B", 64, 360), ("B1", 8, 0), ("B1", 64, 1))
    for name, streams, depths in rows:
        layers = medium(LAYERED[name])
        converged = every_part(solved(layers, None, 120))
        edges = np.linspace(0.0, sum(layers.thickness_m), depths + 1) if depths else None
        found = every_part(solved(layers, edges, streams))
        off = np.max(np.abs(found / converged - 1.0))
        times = []
        for scale in np.linspace(1.0, 1.5, 100):
            darker = LayeredMedium(
                [scale * mua for mua in layers.mua_per_m], layers.mus_per_m, layers.g, layers.n, layers.thickness_m
            )
            start = time.perf_counter()
            solved(darker, edges, streams)
            times.append(1e3 * (time.perf_counter() - start))
        figures = f"{min(times):10.2f}{statistics.median(times):12.2f}{found[0]:12.6f}{off:12.1e}"
        print(f"  {name:6s}{streams:9d}{depths:8d}{figures}")


def solved(layers: LayeredMedium, edges: np.ndarray | None, streams: int) -> LayeredLight:
    """The light of one wavelength, with its fluence rate between the depths `edges`."""
    return solve_layers(PlaneLayers(*(column[None] for column in layers.columns)), edges, streams=streams)


def every_part(light: LayeredLight) -> np.ndarray:
    """Diffuse reflectance, transmittance, absorption by layer."""
    return np.array([light.reflectance_diffuse[0], light.transmittance[0], *light.absorbed[0]])


def scaling(options: argparse.Namespace, allowed: list[int]) -> None:
    """Two cores beside one."""
    heading("two cores beside one")
    if len(allowed) < 2:
        print("  skipped: one core only")
        return
    for name in ("A", "B"):
        ours = Ours(LAYERED[name], max(1000, round(options.photons_scale * PHOTONS[name][0])))

        def on(count: int, ours: Ours = ours) -> Callable[[int], float]:
            def rate(run: int) -> float:
                os.sched_setaffinity(0, allowed[:count])
                return ours.rate(run)

            return rate

        alternate({f"{name}, 2 cores": on(2), f"{name}, 1 core": on(1)}, options.runs)


def compiling(runs: int) -> None:
    """The first call in a new process: with no compiled kernels, with them, and the imports alone."""
    heading("first call, seconds of the whole process")

    def seconds(code: str, cache: str) -> float:
        # The package names Numba's cache folder by this one, whatever NUMBA_CACHE_DIR says.
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "XDG_CACHE_HOME": cache})
        return time.perf_counter() - start

    cold, warm, floor = [], [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(seconds(FIRST_CALL, cache))
            warm.append(seconds(FIRST_CALL, cache))
            floor.append(seconds(IMPORTS, cache))
    imports = statistics.median(floor)
    print(f"  {'imports alone':34s}{imports:8.2f}")
    for name, values in (("compiling, less the imports", cold), ("kernels from disk, less the imports", warm)):
        print(f"  {name:34s}{statistics.median(values) - imports:8.2f}")


def there(program: Path | None) -> bool:
    return program is not None and program.is_file()


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def print_tables(options: argparse.Namespace, allowed: list[int]) -> None:
    """Measure and print all there is, on the first `options.cores` of the `allowed` cores."""
    cores = tuple(allowed[: options.cores])
    print(f"{len(cores)} of {len(allowed)} cores used")
    for option, path, names in (
        ("--mcml", options.mcml, "MCML"),
        ("--peers-python", options.peers_python, "pmcxcl, pmmc"),
    ):
        if not there(path):
            print(f"{names}: skipped, {'no program at' if path else 'no'} {option}")
    for name in LAYERED:
        layered(name, options, cores)
    vessel(options, cores)
    exact_solver()
    compiling(options.runs)
    scaling(options, allowed)
