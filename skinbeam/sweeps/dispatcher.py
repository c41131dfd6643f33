"""Dispatch blocks of cases to workers and collect their rows, even when workers die.

A worker that dies takes all its cases with it, so that a case which kills its worker is hard to tell from one that
waited beside it. A block under which workers keep dying is therefore retried case by case, and a case under which they
die again is retried once more at the end, with no other task running. Only if that fails too, the case is marked as
failed.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from itertools import islice
from math import nan
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from skinbeam._version import __version__
from skinbeam.model.errors import InputError
from skinbeam.sweeps.axes import FieldValue
from skinbeam.sweeps.cluster import ClusterWatch, scheduler_lost_error, scheduler_workers
from skinbeam.sweeps.sweep_file import SweepQuestion
from skinbeam.sweeps.worker import FAILED, CaseRow, answer_block

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Block", "Dispatcher"]

_WAITING = 4  # blocks at the scheduler for each worker: enough that none idles, and memory stays bounded
_CHECK_INTERVAL_S = 10.0  # time without any result after which the cluster is checked

Block = tuple[slice, ...]
Cases = list[Mapping[str, FieldValue]]


@dataclass(frozen=True)
class _PendingBlock:
    """A block with the rows received so far."""

    block: Block
    rows: list[CaseRow | None]


@dataclass(frozen=True)
class _Task:
    """One task for a worker: a whole block or one case of it; a solitary task runs while no other task does."""

    pending_block: _PendingBlock
    first: int
    cases: Cases
    solitary: bool = False


class Dispatcher:
    """Sends the blocks of a sweep to workers and yields their rows.

    Parameters
    ----------
    watch : checks the cluster while no results arrive.
    """

    def __init__(self, client: "Client", question: SweepQuestion, watch: ClusterWatch) -> None:
        self._client, self._question, self._watch = client, question, watch
        self._out: dict[Any, _Task] = {}
        self._finished: SimpleQueue[Any] = SimpleQueue()

    def answer_blocks(self, blocks: Iterable[tuple[Block, Cases]]) -> Iterator[tuple[Block, list[CaseRow]]]:
        """Yield each block with its rows, in the order of completion.

        Raises
        ------
        InputError : the scheduler is lost, or a worker has another version.
        """
        ahead = (_Task(_PendingBlock(block, [None] * len(cases)), 0, cases) for block, cases in blocks)
        at_once = _WAITING * max(1, sum(worker.threads for worker in scheduler_workers(self._client)))
        suspects: list[_Task] = []
        self._submit(islice(ahead, at_once))
        while self._out or suspects:
            if not self._out:
                self._submit([suspects.pop()])
            part, rows = self._wait_for_result()
            if rows is None and len(part.cases) > 1:
                self._submit(_Task(part.pending_block, k, [case]) for k, case in enumerate(part.cases))
            elif rows is None and not part.solitary:
                suspects.append(_Task(part.pending_block, part.first, part.cases, solitary=True))
            else:
                part.pending_block.rows[part.first : part.first + len(part.cases)] = rows or [self._dead_worker_row()]
                whole = [row for row in part.pending_block.rows if row is not None]
                if len(whole) == len(part.pending_block.rows):
                    yield part.pending_block.block, whole
            self._submit(islice(ahead, max(0, at_once - len(self._out))))

    def _submit(self, parts: Iterable[_Task]) -> None:
        for part in parts:
            future = self._client.submit(answer_block, __version__, self._question, part.cases, pure=False)
            self._out[future] = part
            future.add_done_callback(self._finished.put)

    def _wait_for_result(self) -> tuple[_Task, list[CaseRow] | None]:
        """Wait for a finished task; rows are None where workers repeatedly died under it."""
        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        while True:
            try:
                future = self._finished.get(timeout=_CHECK_INTERVAL_S)
                rows = list(future.result(timeout=_CHECK_INTERVAL_S))
            except Empty:
                self._watch.check()
            except TimeoutError:  # the result was lost in transfer, and is computed again
                self._watch.check()
                self._finished.put(future)
            except KilledWorker:
                return self._out.pop(future), None
            except (CancelledError, CommClosedError):
                raise scheduler_lost_error() from None
            except InputError:
                raise
            except Exception as error:  # a worker that cannot read the task
                raise InputError(
                    "other-version",
                    f"a worker cannot answer: {type(error).__name__}: {error}",
                    field="cluster",
                    hint=f"Install skinbeam {__version__} there. The same command goes on with what is missing.",
                ) from None
            else:
                self._watch.record_result()
                return self._out.pop(future), rows

    def _dead_worker_row(self) -> CaseRow:
        return CaseRow(
            tuple(nan for _ in self._question.outputs), FAILED, "its worker died: too little memory, or a defect"
        )
