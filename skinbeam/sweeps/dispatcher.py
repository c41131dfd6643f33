"""Hands blocks of cases to workers and takes their rows back, whoever dies meanwhile.

Workers that die take with them whatever they had, so that a case which kills its worker is hard to tell from one that
waited beside it. A block that workers keep dying under is therefore tried case by case, and a case under which they die
again once more at the end, with nothing else at any worker: only then it is the one.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from itertools import islice
from math import nan
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from skinbeam._version import __version__
from skinbeam.errors import InputError
from skinbeam.sweeps.answers import FAILED, Row, answer_block
from skinbeam.sweeps.axes import Value
from skinbeam.sweeps.file import Question
from skinbeam.sweeps.watch import Watch, scheduler_lost, workers_of

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Block", "Hands"]

_WAITING = 4  # blocks at the scheduler for each worker: enough that none idles, and memory stays bounded
_LOOK_S = 10.0  # without any result, after which somebody looks whether the cluster is well

Block = tuple[slice, ...]
Cases = list[Mapping[str, Value]]


@dataclass(frozen=True)
class _Whole:
    """A block and its rows, as far as they have come."""

    block: Block
    rows: list[Row | None]


@dataclass(frozen=True)
class _Part:
    """What goes to a worker at once: a block, or one case of it, beside others or with nobody else there."""

    whole: _Whole
    first: int
    cases: Cases
    solitary: bool = False


class Hands:
    """Blocks of a sweep on their way to workers and back.

    Parameters
    ----------
    watch : looks after the cluster while nothing comes.
    """

    def __init__(self, client: "Client", question: Question, watch: Watch) -> None:
        self._client, self._question, self._watch = client, question, watch
        self._out: dict[Any, _Part] = {}
        self._finished: SimpleQueue[Any] = SimpleQueue()

    def answered(self, blocks: Iterable[tuple[Block, Cases]]) -> Iterator[tuple[Block, list[Row]]]:
        """Yield each block with its rows, whichever comes first.

        Raises
        ------
        InputError : the scheduler is lost, or a worker is not like this one.
        """
        ahead = (_Part(_Whole(block, [None] * len(cases)), 0, cases) for block, cases in blocks)
        at_once = _WAITING * max(1, sum(worker["nthreads"] for worker in workers_of(self._client)))
        suspects: list[_Part] = []
        self._give(islice(ahead, at_once))
        while self._out or suspects:
            if not self._out:
                self._give([suspects.pop()])
            part, rows = self._take()
            if rows is None and len(part.cases) > 1:
                self._give(_Part(part.whole, k, [case]) for k, case in enumerate(part.cases))
            elif rows is None and not part.solitary:
                suspects.append(_Part(part.whole, part.first, part.cases, solitary=True))
            else:
                part.whole.rows[part.first : part.first + len(part.cases)] = rows or [self._died()]
                whole = [row for row in part.whole.rows if row is not None]
                if len(whole) == len(part.whole.rows):
                    yield part.whole.block, whole
            self._give(islice(ahead, max(0, at_once - len(self._out))))

    def _give(self, parts: Iterable[_Part]) -> None:
        for part in parts:
            future = self._client.submit(answer_block, __version__, self._question, part.cases, pure=False)
            self._out[future] = part
            future.add_done_callback(self._finished.put)

    def _take(self) -> tuple[_Part, list[Row] | None]:
        """Wait for a part that is finished; without rows where workers died under it again and again."""
        from distributed import KilledWorker
        from distributed.comm import CommClosedError

        while True:
            try:
                future = self._finished.get(timeout=_LOOK_S)
                rows = list(future.result(timeout=_LOOK_S))
            except Empty:
                self._watch.look()
            except TimeoutError:  # it was lost on its way here, and is answered again
                self._watch.look()
                self._finished.put(future)
            except KilledWorker:
                return self._out.pop(future), None
            except (CancelledError, CommClosedError):
                raise scheduler_lost() from None
            except InputError:
                raise
            except Exception as error:  # a worker that cannot even read what it is asked
                raise InputError(
                    "other-version",
                    f"a worker cannot answer: {type(error).__name__}: {error}",
                    field="--cluster",
                    hint=f"Install skinbeam {__version__} there. The same command goes on with what is missing.",
                ) from None
            else:
                self._watch.worked()
                return self._out.pop(future), rows

    def _died(self) -> Row:
        return Row(
            tuple(nan for _ in self._question.outputs), FAILED, "its worker died: too little memory, or a defect"
        )
