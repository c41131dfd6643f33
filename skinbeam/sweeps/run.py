"""Runs a sweep: a pilot that tells the cost, then block after block on the workers, each written as it comes."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from itertools import islice, product
from math import nan, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skinbeam.errors import InputError
from skinbeam.sweeps.answers import ANSWERED, FAILED, PARTLY, Row, answer_cases
from skinbeam.sweeps.axes import Value
from skinbeam.sweeps.cases import values_at
from skinbeam.sweeps.cluster import check_address, workers
from skinbeam.sweeps.cost import HEAD, Cost, cost_of
from skinbeam.sweeps.file import Question, Sweep
from skinbeam.sweeps.store import Store, is_ours, open_store

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["run_sweep"]

_WAITING = 4  # blocks at the scheduler for each worker: enough that none idles, and memory stays bounded

Block = tuple[slice, ...]


def run_sweep(
    sweep: Sweep,
    output: Path,
    *,
    cost: Cost | None = None,
    cluster: str | None = None,
    count: int | None = None,
    hear: Callable[[int, int], None] = lambda done, cases: None,
) -> dict[str, Any]:
    """Answer all cases that the store at `output` does not hold yet, and return the document of the sweep.

    Parameters
    ----------
    cost : of the sweep, where it is known; a new store needs it, and takes a pilot without it.
    cluster : address of a scheduler of Dask; this machine's processors without it.
    count : workers on this machine; one a processor without it.
    hear : told how many cases are done, of how many.

    Raises
    ------
    InputError : as `cost_of`, `open_store` and `workers`; or the scheduler is gone, and the same command then goes on.
    """
    if cluster is not None:
        check_address(cluster)
    if cost is None and not is_ours(output):
        cost = cost_of(sweep)
    with open_store(output, sweep, cost) as store:
        missing = store.missing()
        if missing:
            with workers(cluster, count) as client:
                _run(client, sweep, store, missing, hear)
        return _document(sweep, store)


def _run(client: "Client", sweep: Sweep, store: Store, missing: list[Block], hear: Callable[[int, int], None]) -> None:
    from distributed import as_completed

    cases = prod(sweep.shape)
    done = cases - sum(_size(block) for block in missing)
    hear(done, cases)
    ahead = iter(missing)
    at_once = _WAITING * max(1, sum(client.nthreads().values()))
    waiting = {_submit(client, sweep, block): block for block in islice(ahead, at_once)}
    finished = as_completed(list(waiting))
    for future in finished:
        block = waiting.pop(future)
        store.write(block, _rows(client, sweep, block, future))
        done += _size(block)
        hear(done, cases)
        for following in islice(ahead, 1):
            more = _submit(client, sweep, following)
            waiting[more] = following
            finished.add(more)


def _submit(client: "Client", sweep: Sweep, block: Block) -> Any:
    return client.submit(answer_cases, sweep.question, _cases(sweep, block), pure=False)


def _cases(sweep: Sweep, block: Block) -> list[dict[str, Value]]:
    places = product(*(range(part.start, part.stop) for part in block))
    return [values_at(sweep, place) for place in places]


def _rows(client: "Client", sweep: Sweep, block: Block, future: Any) -> list[Row]:
    """What a block answered; where workers died under it, its cases are tried alone."""
    from distributed import KilledWorker

    try:
        return list(future.result())
    except KilledWorker:
        alone = [client.submit(answer_cases, sweep.question, [case], pure=False) for case in _cases(sweep, block)]
        return [_alone(sweep.question, one) for one in alone]
    except CancelledError:
        raise InputError(
            "scheduler-lost",
            "the scheduler is gone",
            field="--cluster",
            hint="The same command goes on with what is missing.",
        ) from None


def _alone(question: Question, future: Any) -> Row:
    from distributed import KilledWorker

    try:
        row: Row = future.result()[0]
        return row
    except KilledWorker:
        return Row(tuple(nan for _ in question.outputs), FAILED, "its worker died: too little memory, or a defect")


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
