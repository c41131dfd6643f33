"""How fast sweeps are: cases a second and core, two workers beside one, what a task costs, and what breaks first.

    python benchmarks/sweep.py [--scale 1.0] [--tasks 100000]
    python benchmarks/sweep.py --whole        # 20,000 cases; some eight minutes on two cores

What is measured and what the rows mean stands in benchmarks/README.md. Every number that the model of more workers is
made of is measured in the same run.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import others_seconds, print_machine

# Before arrays are imported: each worker of a sweep has one thread, so here, too.
os.environ |= {"NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

from sweep_parts import VIRTUAL_WORKERS, Load, Writes, load, per_task, rates, two_beside_one, whole, writes

BLOCK_S = 10.0  # of work in a block, as `skinbeam.sweeps.cost` makes them
MANY = (10, 100, 1000)


@contextmanager
def part(title: str) -> Iterator[None]:
    """Print a title, and what other programs of the machine took meanwhile, beyond this one and its workers."""
    print(f"\n{title}", flush=True)
    began, before = time.perf_counter(), others_seconds()
    yield
    used = (others_seconds() - before) / (time.perf_counter() - began)
    print(f"  {time.perf_counter() - began:.0f} s; others used {max(0.0, used):.2f} of a core meanwhile", flush=True)


def model(seconds: float, found: Load, written: Writes) -> None:
    """Print how busy so many workers keep those who are alone, and how many workers make the first of them break.

    A worker that answers a block of T seconds takes 1 / T of them a second from each of the others, and each of those
    stands at its seconds for a block times that. Client and store are one process.
    """
    large = found.large
    each = {
        "scheduler": large.scheduler_s / large.tasks,
        "client": large.client_s / large.tasks + written.seconds,
        "connection of the scheduler": (large.sent_bytes + large.received_bytes) / found.bytes_per_s,
    }
    store = written.seconds / each["client"]
    print(
        f"  blocks of {BLOCK_S:g} s, {found.cases} cases of {1e3 * seconds:.0f} ms; {store:.0%} of the client is store"
    )
    print(f"  {'workers':>9s}{'tasks a second':>16s}" + "".join(f"{name:>30s}" for name in each) + f"{'disk':>12s}")
    for many in MANY:
        tasks = many / BLOCK_S
        shares = "".join(f"{f'{100 * tasks * cost:.1f} % busy':>30s}" for cost in each.values())
        print(f"  {many:9,d}{tasks:16.1f}{shares}{f'{tasks * written.bytes / 1e6:.2f} MB/s':>12s}")
    for name, cost in sorted(each.items(), key=lambda item: -item[1]):
        print(f"  {name}: {1e3 * cost:.2f} ms a block, enough for {BLOCK_S / cost:,.0f} workers")


def main() -> None:
    parser = argparse.ArgumentParser(description="Sweeps: cases a second, workers, tasks, and what breaks first.")
    parser.add_argument("--scale", type=float, default=1.0, help="cases and tasks of every part times this")
    parser.add_argument("--tasks", type=int, default=100_000, help="of the scheduler load")
    parser.add_argument("--whole", action="store_true", help="20,000 cases of simulate instead of all parts")
    asked = parser.parse_args()
    print_machine("dask", "distributed", "zarr")
    if asked.whole:
        with part("20,000 cases of simulate"), tempfile.TemporaryDirectory() as folder:
            whole(Path(folder))
        return
    with part("cases, one core"):
        seconds = rates(asked.scale)
    with part("two workers beside one"):
        two_beside_one(seconds, asked.scale)
    with part("what a task takes beyond its work"):
        per_task(asked.scale)
    cases = max(1, round(BLOCK_S / seconds))
    with part("store, one client"):
        written = writes(cases)
    with part(f"scheduler of {VIRTUAL_WORKERS} workers that do no work, on loopback"):
        found = load(max(200, round(asked.scale * asked.tasks)), cases)
    with part("model of more workers"):
        model(seconds, found, written)


if __name__ == "__main__":
    main()
