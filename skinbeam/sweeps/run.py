"""Run a sweep: a pilot that estimates the cost, then block after block on the workers; and `sweep()` for Python.

Each block is written to the store as soon as it is answered.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from skinbeam.model.case_tables import CaseTables
from skinbeam.model.document import DocumentResult
from skinbeam.model.input_files import parse_record, read_toml
from skinbeam.sweeps.axes import Distribution, FieldValue
from skinbeam.sweeps.cluster import ClusterWatch, check_address, open_workers
from skinbeam.sweeps.cost import SweepCost, estimate_cost
from skinbeam.sweeps.dispatcher import Block, Cases, Dispatcher
from skinbeam.sweeps.store import SweepStore, is_sweep_store, load_store, open_store
from skinbeam.sweeps.sweep_file import Sweep, SweepFile, make_sweep, values_at
from skinbeam.sweeps.worker import ANSWERED, FAILED, PARTLY

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "SweepSummary",
    "run_sweep",
    "sweep",
]


def run_sweep(
    sweep: Sweep,
    output: Path,
    *,
    cost: SweepCost | None = None,
    cluster: str | None = None,
    count: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, cases: None,
    on_message: Callable[[str], None] = lambda sentence: None,
) -> "SweepSummary":
    """Answer all cases that are missing in the store at `output`, and return what the store then holds.

    Parameters
    ----------
    cost : of the sweep, where it is known; a new store needs it, and it is estimated by a pilot if missing.
    cluster : address of a Dask scheduler; without it the processors of this machine are used.
    count : workers on this machine; by default one for each processor.
    on_progress : called with the number of finished cases and of all cases.
    on_message : called with a sentence on the workers, and when none is left.

    Raises
    ------
    InputError : as `estimate_cost`, `open_store` and `open_workers`; the scheduler is lost, or all workers have been
        missing for minutes. Running the same command again continues.
    """
    if cluster is not None:
        check_address(cluster)
    if cost is None and not is_sweep_store(output):
        cost = estimate_cost(sweep)
    with open_store(output, sweep, cost) as store:
        missing = store.missing_blocks()
        cases = prod(sweep.shape)
        done = cases - sum(_block_size(block) for block in missing)
        on_progress(done, cases)
        if missing:
            with open_workers(cluster, count, on_message) as client:
                hands = Dispatcher(client, sweep.question, ClusterWatch(client, on_message))
                for block, rows in hands.answer_blocks((block, _cases(sweep, block)) for block in missing):
                    store.write(block, rows)
                    done += len(rows)
                    on_progress(done, cases)
        return _summarise(sweep, store)


def _cases(sweep: Sweep, block: Block) -> Cases:
    places = product(*(range(part.start, part.stop) for part in block))
    return [values_at(sweep, place) for place in places]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SweepSummary(DocumentResult):
    """What a store holds: its cases, the places along each axis, and how many cases have each status."""

    schema: ClassVar[str] = "skinbeam.sweep/1"

    answer: str
    cases: int
    axes: Mapping[str, int]
    answered: int
    partly_unknown: int
    failed: int


def _summarise(sweep: Sweep, store: SweepStore) -> SweepSummary:
    counts = store.counts()
    return SweepSummary(
        case_sha256=sweep.sha256(),
        seed=sweep.question.seed,
        answer=sweep.question.answer,
        cases=prod(sweep.shape),
        axes={axis.name: len(axis.rows) for axis in sweep.axes},
        answered=counts.get(ANSWERED, 0),
        partly_unknown=counts.get(PARTLY, 0),
        failed=counts.get(FAILED, 0),
    )


def _block_size(block: Block) -> int:
    return prod(part.stop - part.start for part in block)


# The Python interface.


def sweep(
    case: Path | str,
    outputs: Sequence[str],
    *,
    axes: Mapping[str, list[FieldValue] | Mapping[str, float | str]] | None = None,
    sample: Mapping[str, int | Mapping[str, Distribution]] | None = None,
    population: Mapping[str, int] | None = None,
    output: Path | str | None = None,
    cluster: str | None = None,
    workers: int | None = None,
    **options: Any,
) -> "xr.Dataset":
    """Answer every case of a grid or a sample over the fields of a case file.

    Parameters
    ----------
    case : path of the case file that is varied.
    outputs : dotted paths of numbers in the answer of one case, such as `harm.p_burn`.
    axes : for each field a list, or `{"from": .., "to": .., "steps": .., "scale": "log"}`.
    sample : `{"n": .., "seed": .., "fields": {..}}` with a distribution for each field.
    population : `{"n": .., "seed": ..}`: number and seed of the virtual patients to draw.
    output : folder of the Zarr store; without it the results are read into memory and the store is deleted.
    cluster, workers : address of a Dask scheduler, or the number of workers on this machine.
    options : `answer` (simulate, threshold or consult), `endpoint`, `of`, `draws`, `seed`.

    Returns
    -------
    A Dataset with an array for each output over the axes, its `status` and `message`, loaded lazily where `output` is
    given.

    Raises
    ------
    InputError : an argument is invalid; the error names it.

    Example
    -------
    >>> from skinbeam import sweep
    >>> if __name__ == "__main__":  # in a script, because the workers import it
    ...     axes = {"settings.pulse_ms": [1.0, 10.0], "settings.fluence_J_cm2": [4.0, 8.0]}
    ...     found = sweep("examples/pulse-in-a-vessel/case.toml", ["harm.p_burn"], axes=axes, draws=20, workers=1)
    ...     print(found["harm.p_burn"].values)
    """
    path = Path(case)
    content = {"case": path.name, "outputs": list(outputs), "axes": dict(axes or {}), **options}
    drawn = {"sample": sample, "population": population}
    content |= {name: dict(table) for name, table in drawn.items() if table}
    read = parse_record(SweepFile, content, file=path.name)
    checked = make_sweep(read, CaseTables(read_toml(path)), path.parent, path.name)
    if output is not None:
        run_sweep(checked, Path(output), cluster=cluster, count=workers)
        return load_store(Path(output))
    with tempfile.TemporaryDirectory(prefix="skinbeam-sweep-") as folder:
        store = Path(folder) / "sweep.zarr"
        run_sweep(checked, store, cluster=cluster, count=workers)
        return load_store(store).load()
