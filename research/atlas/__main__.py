"""`python -m research.atlas -o FILE.json`: answers the atlas, and writes what it says.

The answers lie in a Zarr store beside, so that a run that was cut off goes on, here or on a cluster of Dask.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path

from research.atlas.cells import atlas_cells, atlas_sweep
from research.atlas.summary import summarise_atlas
from skinbeam.model.atomic_files import temporary_path
from skinbeam.sweeps.cost import estimate_cost
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import is_sweep_store


def main() -> None:
    """Print the estimated cost, answer the missing cells, print the time taken, and write the document."""
    parser = argparse.ArgumentParser(prog="python -m research.atlas", description=__doc__)
    parser.add_argument("--people", type=int, default=1000, metavar="N", help="Virtual patients; 1000 without it.")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.json", help="The document.")
    parser.add_argument("--store", type=Path, default=Path("out/atlas.zarr"), metavar="FILE.zarr", help="The answers.")
    parser.add_argument("--cluster", metavar="ADDRESS", help="Scheduler of Dask; this machine without it.")
    parser.add_argument("--workers", type=int, metavar="N", help="On this machine.")
    asked = parser.parse_args()
    asked.store.parent.mkdir(parents=True, exist_ok=True)
    sweep = atlas_sweep(atlas_cells(asked.people))
    cost = None if is_sweep_store(asked.store) else estimate_cost(sweep)
    if cost is not None:
        print(cost.sentence(), file=sys.stderr)
    began = time.perf_counter()
    run_sweep(sweep, asked.store, cost=cost, cluster=asked.cluster, count=asked.workers)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the finished workers on this machine
    clock_s, processor_s = time.perf_counter() - began, spent.ru_utime + spent.ru_stime
    print(f"{clock_s:.0f} s by the clock, {processor_s:.0f} s of processors", file=sys.stderr)
    document = json.dumps(summarise_atlas(asked.store, asked.people), ensure_ascii=False, separators=(",", ":"))
    with temporary_path(asked.output) as file:
        file.write_text(document + "\n", encoding="utf-8")
        file.replace(asked.output)


if __name__ == "__main__":
    main()
