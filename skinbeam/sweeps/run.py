"""Run a sweep: a pilot that estimates the cost, then block after block on the workers.

Each block is written to the store as soon as it is answered.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import ClassVar

from skinbeam.model.document import DocumentResult
from skinbeam.sweeps.cluster import ClusterWatch, check_address, open_workers
from skinbeam.sweeps.cost import SweepCost, estimate_cost
from skinbeam.sweeps.dispatcher import Block, Cases, Dispatcher
from skinbeam.sweeps.store import SweepStore, is_sweep_store, open_store
from skinbeam.sweeps.sweep_file import Sweep, values_at
from skinbeam.sweeps.worker import ANSWERED, FAILED, PARTLY
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "SweepSummary",
    "run_sweep",
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
        done = cases - sum(prod(part.stop - part.start for part in block) for block in missing)
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
        warnings=tuple(_unanswered_warnings(store, counts)),
        answer=sweep.question.answer,
        cases=prod(sweep.shape),
        axes={axis.name: len(axis.rows) for axis in sweep.axes},
        answered=counts.get(ANSWERED, 0),
        partly_unknown=counts.get(PARTLY, 0),
        failed=counts.get(FAILED, 0),
    )


def _unanswered_warnings(store: SweepStore, counts: Mapping[int, int]) -> Iterator[DocumentWarning]:
    """Yield a warning with the first message of the cases that failed, and of those that are partly unknown."""
    for status, code in ((FAILED, "failed"), (PARTLY, "partly-unknown")):
        if counts.get(status):
            words = {"cases": counts[status], "message": store.first_message(status).rstrip(".")}
            yield DocumentWarning(f"{code}-cases", Message(f"sweep.{code}", words))
