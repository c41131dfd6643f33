"""What a sweep takes, told before it starts: a few of its cases are answered here."""

import time
from dataclasses import dataclass
from itertools import islice, product
from math import ceil, prod
from statistics import median
from typing import Any

from skinbeam._version import __version__
from skinbeam.document import round_significant
from skinbeam.errors import InputError, nearest
from skinbeam.messages import text
from skinbeam.sweeps.answers import FAILED, Row, answer_cases
from skinbeam.sweeps.cases import values_at
from skinbeam.sweeps.file import Question, Sweep
from skinbeam.units import HOUR_S, MEGABYTE

__all__ = ["HEAD", "Cost", "cost_of"]

_PILOT_CASES = 20
_BLOCKS = 64  # of a small sweep, so that all workers have some of it
_BLOCK_S = 10.0  # of work in one task: a thousand times what a task costs the scheduler
_MANY = 100.0  # hours that are told without decimals
HEAD: dict[str, Any] = {"schema": "skinbeam.sweep/1", "version": __version__, "warnings": []}


@dataclass(frozen=True)
class Cost:
    """What a sweep takes, by a pilot of a few of its cases.

    Parameters
    ----------
    cases : how many there are.
    seconds_per_case : the median of the pilot on one processor.
    bytes : of the results before they are packed.
    """

    cases: int
    seconds_per_case: float
    bytes: int

    @property
    def core_hours(self) -> float:
        """Hours that one processor takes for all."""
        return self.cases * self.seconds_per_case / HOUR_S

    @property
    def cases_a_block(self) -> int:
        """How many cases one task answers and writes at once."""
        return max(1, min(int(_BLOCK_S / self.seconds_per_case), ceil(self.cases / _BLOCKS)))

    def document(self) -> dict[str, Any]:
        """Return what `--dry-run` prints."""
        measured = {"core_hours": self.core_hours, "seconds_per_case": self.seconds_per_case}
        return (
            HEAD | {"cases": self.cases, "bytes": self.bytes} | {k: round_significant(v) for k, v in measured.items()}
        )

    def sentence(self) -> str:
        """Return the cost in words."""
        hours = f"{self.core_hours:.2g}" if self.core_hours < _MANY else f"{self.core_hours:,.0f}"
        each = f"{1000.0 * self.seconds_per_case:.3g}"
        size = f"{self.bytes / MEGABYTE:.2g}"
        return text("sweep.cost", {"cases": f"{self.cases:,}", "ms": each, "hours": hours, "megabytes": size})


def cost_of(sweep: Sweep) -> Cost:
    """Return the cost of a sweep: up to 20 of its cases, spread over all of it, are answered here.

    Raises
    ------
    InputError : no case of the pilot answers, or an output stands in none of their answers.
    """
    cases = prod(sweep.shape)
    step = max(1, cases // _PILOT_CASES)
    places = list(islice(product(*map(range, sweep.shape)), 0, None, step))[:_PILOT_CASES]
    rows, took = [], []
    for place in [places[0], *places]:  # the first once more: it compiles and fills caches
        began = time.perf_counter()
        rows += answer_cases(sweep.question, [values_at(sweep, place)])
        took.append(time.perf_counter() - began)
    _check_pilot(sweep.question, rows)
    return Cost(cases, median(took[1:]), cases * (8 * len(sweep.question.outputs) + 1))


def _check_pilot(question: Question, rows: list[Row]) -> None:
    failed = [row for row in rows if row.status == FAILED]
    if len(failed) == len(rows):
        raise InputError(
            "no-case-answers",
            f"none of {len(rows) - 1} cases that were tried can be answered; the first: {failed[0].message}",
            field="axes",
            hint="Mend the case or the fields that vary.",
            file=question.file,
        )
    for k, output in enumerate(question.outputs):
        if all(row.status == FAILED or k in row.absent for row in rows):
            near = nearest(output, next(row.paths for row in rows if row.paths))
            raise InputError(
                "unknown-output",
                f'"{output}" is no number in the answer of any case that was tried',
                field="outputs",
                hint=f'Did you mean "{near}"?'
                if near
                else f"A path in what `skinbeam {question.answer} --json` prints.",
                file=question.file,
            )
