"""Runs a sweep: a pilot that tells the cost, then block after block on the workers, each written as it comes."""

from collections.abc import Callable
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from skinbeam.sweeps.answers import ANSWERED, FAILED, PARTLY
from skinbeam.sweeps.cases import values_at
from skinbeam.sweeps.cluster import check_address, workers
from skinbeam.sweeps.cost import HEAD, Cost, cost_of
from skinbeam.sweeps.file import Sweep
from skinbeam.sweeps.hands import Block, Cases, Hands
from skinbeam.sweeps.store import Store, is_ours, open_store
from skinbeam.sweeps.watch import Watch

__all__ = ["run_sweep"]


def run_sweep(
    sweep: Sweep,
    output: Path,
    *,
    cost: Cost | None = None,
    cluster: str | None = None,
    count: int | None = None,
    hear: Callable[[int, int], None] = lambda done, cases: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Answer all cases that the store at `output` does not hold yet, and return the document of the sweep.

    Parameters
    ----------
    cost : of the sweep, where it is known; a new store needs it, and takes a pilot without it.
    cluster : address of a scheduler of Dask; this machine's processors without it.
    count : workers on this machine; one a processor without it.
    hear : told how many cases are done, of how many.
    tell : told in a sentence who works, and when nobody does any more.

    Raises
    ------
    InputError : as `cost_of`, `open_store` and `workers`; the scheduler is gone, or all workers are for minutes. The
        same command then goes on.
    """
    if cluster is not None:
        check_address(cluster)
    if cost is None and not is_ours(output):
        cost = cost_of(sweep)
    with open_store(output, sweep, cost) as store:
        missing = store.missing()
        cases = prod(sweep.shape)
        done = cases - sum(_size(block) for block in missing)
        hear(done, cases)
        if missing:
            with workers(cluster, count, tell) as client:
                hands = Hands(client, sweep.question, Watch(client, tell))
                for block, rows in hands.answered((block, _cases(sweep, block)) for block in missing):
                    store.write(block, rows)
                    done += len(rows)
                    hear(done, cases)
        return _document(sweep, store)


def _cases(sweep: Sweep, block: Block) -> Cases:
    places = product(*(range(part.start, part.stop) for part in block))
    return [values_at(sweep, place) for place in places]


def _document(sweep: Sweep, store: Store) -> dict[str, Any]:
    counts = store.counts()
    return {
        **HEAD,
        "seed": sweep.question.seed,
        "answer": sweep.question.answer,
        "cases": prod(sweep.shape),
        "axes": {axis.name: len(axis.rows) for axis in sweep.axes},
        "answered": counts.get(ANSWERED, 0),
        "partly_unknown": counts.get(PARTLY, 0),
        "failed": counts.get(FAILED, 0),
    }


def _size(block: Block) -> int:
    return prod(part.stop - part.start for part in block)
