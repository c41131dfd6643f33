"""The parts of the sweep benchmark: rates, workers, tasks, scheduler, store."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import numpy as np
import psutil
from sweep_load import MB, THREADS, Handed, handed_out, idle_cluster

from skinbeam.model.input_files import parse_record, read_toml
from skinbeam.sweeps.cluster import open_workers
from skinbeam.sweeps.cost import SweepCost, estimate_cost
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import open_store
from skinbeam.sweeps.sweep_file import Sweep, SweepFile, make_sweep, values_at
from skinbeam.sweeps.worker import ANSWERED, CaseRow, answer_cases

__all__ = ["VIRTUAL_WORKERS", "Load", "Writes", "load", "per_task", "rates", "two_beside_one", "whole", "writes"]

EXAMPLES = Path(__file__).parent.parent / "examples" / "consultations"
PULSE: Mapping[str, Any] = {
    "skin": {"site": "cheeks", "ita_deg": 45.0},
    "laser": {"device": "ktp-532"},
    "settings": {"fluence_J_cm2": 8.0, "pulse_ms": 10.0, "spot_mm": 4.0},
}
ITA = {"from": -30.0, "to": 60.0}
FLUENCE = {"from": 2.0, "to": 15.0, "scale": "log"}
LENGTH = {"from": 1.0, "to": 50.0, "scale": "log"}
DRAWS = 20
_LOOK_S = 1.0  # a look takes some milliseconds of the processor that workers need
VIRTUAL_WORKERS = 100  # of the scheduler load
# Of one task, s, and how many of them for one core: long tasks are fewer.
TASKS = {0.01: 400, 0.1: 60, 1.0: 8, 10.0: 1}


def grid(ita: int, fluences: int, lengths: int, **asked: Any) -> Sweep:
    """Return a sweep over colour, fluence and pulse of a green laser on cheeks."""
    axes = {
        "skin.ita_deg": ITA | {"steps": ita},
        "settings.fluence_J_cm2": FLUENCE | {"steps": fluences},
        "settings.pulse_ms": LENGTH | {"steps": lengths},
    }
    if asked.get("answer") == "threshold":
        del axes["settings.fluence_J_cm2"]
    told = {"case": "case.toml", "draws": DRAWS, "outputs": ["harm.p_burn", "temperature_C.basal_peak"], "axes": axes}
    return make_sweep(parse_record(SweepFile, told | asked, file="benchmark"), PULSE, Path(), "benchmark")


def plans() -> Sweep:
    """Return a sweep of whole plans over age."""
    axes = {"patient.age_years": {"from": 30.0, "to": 60.0, "steps": 4}}
    told = {"case": "case.toml", "answer": "consult", "outputs": ["seed"], "draws": 200, "axes": axes}
    tables = read_toml(EXAMPLES / "age-spots-III.toml")
    return make_sweep(parse_record(SweepFile, told, file="benchmark"), tables, EXAMPLES, "benchmark")


def cases_of(sweep: Sweep, most: int) -> list[dict[str, Any]]:
    """Return cases all over a sweep, in its order."""
    places = list(product(*map(range, sweep.shape)))
    return [values_at(sweep, place) for place in places[:: max(1, len(places) // most)][:most]]


def rates(scale: float) -> float:
    """Print cases a second and core of each kind of answer; return the seconds of a case of `simulate`."""
    many = max(2, round(8 * scale))
    kinds = {
        f"simulate, {DRAWS} draws, each skin {many * 8} times": grid(2, many, 8),
        f"simulate, {DRAWS} draws, each skin once": grid(max(3, round(24 * scale)), 2, 2),
        f"threshold of a burn, {DRAWS} draws, each skin {many} times": grid(
            2, 2, many, answer="threshold", endpoint="epidermal-necrosis", outputs=["dose"]
        ),
        "consult, one concern, 200 draws": plans(),
    }
    print(f"  {'':52s}{'cases':>7s}{'ms of a core':>14s}{'a second and core':>19s}")
    seconds = []
    for name, sweep in kinds.items():
        cases = cases_of(sweep, 10**6)
        if name.endswith("once"):
            cases = cases[::4]
        if sweep.question.answer == "consult":
            cases = cases[: max(2, round(3 * scale))]
        answer_cases(sweep.question, cases[-1:])  # compiles and fills caches
        cases = cases[:-1] if len(cases) < 100 else cases
        began = time.process_time()
        rows = answer_cases(sweep.question, cases)
        seconds.append((time.process_time() - began) / len(cases))
        failed = sum(row.status != ANSWERED for row in rows)
        print(
            f"  {name:52s}{len(cases):7d}{1e3 * seconds[-1]:14.1f}{1.0 / seconds[-1]:19.2f}"
            + (f"  {failed} not answered" if failed else ""),
            flush=True,
        )
    return seconds[0]


class Peaks:
    """Highest memory, as Linux keeps it, and processor seconds of this process and of all that it starts."""

    def __init__(self) -> None:
        self.peak_mb: dict[int, float] = {}
        self.processor_s: dict[int, float] = {}
        self._over = Event()

    def __enter__(self) -> "Peaks":
        self._before_s = time.process_time()  # what this process did until now is not counted
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._over.wait(_LOOK_S):
            for process in (me, *me.children(recursive=True)):
                try:
                    times = process.cpu_times()
                    told = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                    peak = float(told.partition("VmHWM:")[2].split()[0]) * 1024 / MB
                except (psutil.Error, OSError, IndexError):  # it has ended
                    continue
                self.peak_mb[process.pid] = peak
                earlier = self._before_s if process.pid == me.pid else 0.0
                self.processor_s[process.pid] = times.user + times.system - earlier

    def workers(self) -> list[int]:
        """Return the numbers of those that worked, the busiest last."""
        own = os.getpid()
        return sorted((pid for pid in self.processor_s if pid != own), key=self.processor_s.__getitem__)


class Ran(NamedTuple):
    """A sweep that ran: all of it, and the rate between its first blocks and its last, cases a second."""

    whole_s: float
    steady: float
    peaks: Peaks


def ran(sweep: Sweep, cost: SweepCost, count: int, folder: Path) -> Ran:
    """Run a sweep on so many workers here."""
    heard: list[tuple[float, int]] = []
    with Peaks() as peaks:
        began = time.perf_counter()
        run_sweep(
            sweep,
            folder / f"{count}.zarr",
            cost=cost,
            count=count,
            on_progress=lambda done, _: heard.append((time.perf_counter(), done)),
        )
        whole_s = time.perf_counter() - began
    # Compiled kernels are read with the first blocks, and with the last some workers have nothing left to do.
    (start, before), (end, after) = heard[4 * count], heard[-4 * count]
    return Ran(whole_s, (after - before) / (end - start), peaks)


def two_beside_one(seconds: float, scale: float) -> float:
    """Print what two workers do beside one, and two bare processes beside one; return the seconds a start takes."""
    sweep = grid(4, max(8, round(24 * scale)), 8)
    cases = len(cases_of(sweep, 10**6))
    cost = SweepCost(cases, seconds, 0)
    print(f"  {cases} cases of simulate, {DRAWS} draws, {cost.cases_per_block} a block")
    with tempfile.TemporaryDirectory() as folder:
        one, two = (ran(sweep, cost, count, Path(folder)) for count in (1, 2))
    for name, of_one, of_two in (
        ("steady, cases a second", one.steady, two.steady),
        ("whole, cases a second", cases / one.whole_s, cases / two.whole_s),
    ):
        print(f"  {name:40s}{of_one:8.2f}{of_two:8.2f}  efficiency {of_two / of_one / 2:.2f}")
    start = one.whole_s - cases / one.steady
    own = two.peaks.processor_s[os.getpid()] / two.whole_s
    print(f"  start and end of the workers: {start:.1f} s; client and scheduler beside two: {own:.2f} of a core")
    alone, beside = bare(1, scale), bare(2, scale)
    print(f"  {'bare processes, cases a second':40s}{alone:8.2f}{beside:8.2f}  efficiency {beside / alone / 2:.2f}")
    return start


def bare(count: int, scale: float) -> float:
    """Return the cases that so many processes without Dask answer a second, all together."""
    many = max(40, round(200 * scale))
    words = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{BARE}", str(many)]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return sum(many / float(process.communicate()[0]) for process in processes)


BARE = """
import time
from sweep_parts import answer_cases, cases_of, grid
sweep = grid(2, 20, 10)
cases = cases_of(sweep, 10**6)
answer_cases(sweep.question, cases[:2])
many = int(sys.argv[1])
began = time.perf_counter()
answer_cases(sweep.question, (cases * many)[:many])
print(time.perf_counter() - began)
"""


def per_task(scale: float) -> None:
    """Print what a task takes beyond its work, for short and long ones, on as many workers as there are cores."""
    sweep = grid(2, 2, 2)
    with open_workers(None) as client:
        count = len(client.nthreads())
        handed_out(client, sweep, 40 * count, 1)
        print(f"  {count} workers; {'work of a task':20s}{'tasks':>7s}{'wall s':>9s}{'beyond, ms':>14s}{'share':>9s}")
        for seconds, many in TASKS.items():
            tasks = max(1, round(many * scale)) * count
            took = handed_out(client, sweep, tasks, 1, seconds=seconds)
            beyond = took.wall_s * count / tasks - seconds
            print(
                f"  {'':11s}{f'{1e3 * seconds:g} ms':20s}{tasks:7d}{took.wall_s:9.2f}{1e3 * beyond:14.2f}"
                f"{seconds / (seconds + beyond):12.3f}",
                flush=True,
            )


@dataclass(frozen=True)
class Load:
    """What a task costs each of those who hand it out: of tasks of one case, and of as many as a block holds.

    `bytes_per_s` is what the connection of the scheduler carries.
    """

    small: Handed
    large: Handed
    cases: int
    bytes_per_s: float


def load(tasks: int, cases: int) -> Load:
    """Print what tasks of no work take of a scheduler with a hundred workers on loopback."""
    sweep = grid(2, 2, 200)
    with idle_cluster(VIRTUAL_WORKERS // THREADS) as cluster, open_workers(cluster.address) as client:
        handed_out(client, sweep, 500, 1, cluster)
        small = handed_out(client, sweep, tasks, 1, cluster)
        large = handed_out(client, sweep, max(20, tasks // 100), cases, cluster)
        found = Load(small, large, cases, carried(client))
    print(f"  {'tasks':>9s}{'cases each':>12s}{'wall s':>9s}{'a second':>10s}   µs a task: scheduler, client, workers")
    for took, many in ((small, 1), (large, cases)):
        each = "".join(f"{1e6 * part / took.tasks:9.0f}" for part in (took.scheduler_s, took.client_s, took.workers_s))
        print(f"  {took.tasks:9,d}{many:12d}{took.wall_s:9.1f}{took.tasks_per_s:10.0f}   {each}")
    print(f"  scheduler: {small.scheduler_before_mb:.0f} MB before, {small.scheduler_peak_mb:.0f} MB at most")
    print(f"  a block: {large.sent_bytes:,.0f} bytes out, {large.received_bytes:,.0f} bytes back")
    print(f"  connection: {found.bytes_per_s / MB:.0f} MB/s")
    return found


def carried(client: Any, size: int = 20_000_000) -> float:
    """Return bytes a second that come back through the scheduler."""
    began = time.perf_counter()
    for _ in range(5):
        client.submit(bytes, size, pure=False).result()
    return 5 * size / (time.perf_counter() - began)


class Writes(NamedTuple):
    """What a block takes of the store: processor seconds of the client, and bytes on the disk."""

    seconds: float
    bytes: float


def writes(cases: int) -> Writes:
    """Print what writing blocks takes."""
    sweep = grid(2, 50, cases)
    cost = SweepCost(100 * cases, 10.0 / cases, 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.zarr"
        with open_store(path, sweep, cost) as store:
            blocks, took = store.missing_blocks(), []
            size = len(range(*blocks[0][-1].indices(cases))) * (blocks[0][-2].stop - blocks[0][-2].start)
            numbers = np.random.default_rng(0).random((size, len(sweep.question.outputs)))
            rows = [CaseRow(tuple(row), ANSWERED) for row in numbers.tolist()]
            for block in blocks:
                began = time.process_time()
                store.write(block, rows[: (block[-1].stop - block[-1].start) * (block[-2].stop - block[-2].start)])
                took.append(time.process_time() - began)
        held = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    each = Writes(statistics.fmean(took), held / len(blocks))
    print(f"  {len(blocks)} blocks of {size} cases, two outputs: {1e3 * each.seconds:.1f} ms, {each.bytes:,.0f} bytes")
    return each


def whole(folder: Path) -> None:
    """Print what 20,000 cases take: time, memory, bytes."""
    sweep = grid(20, 50, 20)
    began = time.perf_counter()
    cost = estimate_cost(sweep)
    print(f"  pilot {time.perf_counter() - began:.0f} s: {cost.sentence()}")
    took = ran(sweep, cost, len(os.sched_getaffinity(0)), folder)
    files = [file for file in folder.rglob("*") if file.is_file()]
    print(f"  {took.whole_s:.0f} s, {cost.cases / took.whole_s:.1f} cases a second; steady {took.steady:.1f}")
    print(f"  {sum(file.stat().st_size for file in files):,} bytes in {len(files)} files")
    peaks, own = took.peaks, os.getpid()
    print(f"  client {peaks.peak_mb[own]:.0f} MB at most, {peaks.processor_s[own]:.0f} s of a processor")
    for pid in peaks.workers()[-2:]:
        print(f"  worker {peaks.peak_mb[pid]:.0f} MB at most, {peaks.processor_s[pid]:.0f} s of a processor")
