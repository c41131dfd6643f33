"""Estimate the cost of a sweep before it starts, by answering a few of its cases on this machine."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod, sqrt
from statistics import fmean
from typing import ClassVar, Final

import numpy as np

from skinbeam.model.document import DocumentResult
from skinbeam.model.errors import InputError, nearest_name
from skinbeam.model.units import HOUR_S, MEGABYTE
from skinbeam.sweeps.sweep_file import Sweep, SweepQuestion, values_at
from skinbeam.sweeps.worker import FAILED, CaseRow, answer_cases, is_dose_field
from skinbeam.text import render_message

__all__ = ["CostDocument", "SweepCost", "estimate_cost"]

_PILOT_CASES = 20
_GOLDEN: Final = (1.0 + sqrt(5.0)) / 2.0
_BLOCKS = 64  # of a small sweep, so that all workers have some of it
_BLOCK_S = 10.0  # of work in one task: a thousand times the scheduler's overhead
_MANY = 100.0  # hours from which no decimals are printed


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CostDocument(DocumentResult):
    """The cost of a sweep, as `--dry-run` prints it; fields as in `SweepCost`."""

    schema: ClassVar[str] = "skinbeam.sweep/1"

    cases: int
    bytes: int
    core_hours: float
    seconds_per_case: float


@dataclass(frozen=True)
class SweepCost:
    """The cost of a sweep, estimated from a pilot of a few of its cases.

    Parameters
    ----------
    cases : number of cases.
    seconds_per_case : processor time by the pilot: the mean over cases with new skins and those that share skins.
    bytes : size of the results before compression.
    """

    cases: int
    seconds_per_case: float
    bytes: int

    @property
    def core_hours(self) -> float:
        """Processor hours for all cases."""
        return self.cases * self.seconds_per_case / HOUR_S

    @property
    def cases_per_block(self) -> int:
        """Number of cases that one task answers and writes at once."""
        return max(1, min(int(_BLOCK_S / self.seconds_per_case), ceil(self.cases / _BLOCKS)))

    def document(self, sweep: Sweep) -> CostDocument:
        """Return the document that `--dry-run` prints."""
        return CostDocument(
            case_sha256=sweep.sha256(),
            seed=sweep.question.seed,
            cases=self.cases,
            bytes=self.bytes,
            core_hours=self.core_hours,
            seconds_per_case=self.seconds_per_case,
        )

    def sentence(self) -> str:
        """Return the cost as a sentence."""
        hours = f"{self.core_hours:.2g}" if self.core_hours < _MANY else f"{self.core_hours:,.0f}"
        milliseconds = f"{1000.0 * self.seconds_per_case:.3g}"
        size = f"{self.bytes / MEGABYTE:.2g}"
        return render_message(
            "sweep.cost", {"cases": f"{self.cases:,}", "ms": milliseconds, "hours": hours, "megabytes": size}
        )


def estimate_cost(sweep: Sweep) -> SweepCost:
    """Return the cost of a sweep, from up to 20 of its cases, spread over all axes, that are answered on this machine.

    Cases that differ in dose alone take less time, since they share skins and light. Where a dose varies, every second
    case of the pilot is therefore a neighbour of the one before.

    Raises
    ------
    InputError : no case of the pilot can be answered, or an output is in none of their answers.
    """
    cases = prod(sweep.shape)
    of_dose = [all(map(is_dose_field, axis.fields)) for axis in sweep.axes]
    places = _spread_places(sweep.shape, _PILOT_CASES // 2 if any(of_dose) else _PILOT_CASES)
    _timed_row(sweep, places[0])  # compiles and fills caches
    new, alike = [], []
    for place in places:
        new.append(_timed_row(sweep, place))
        if any(of_dose):
            alike.append(_timed_row(sweep, _next_place(place, sweep.shape, of_dose)))
    _check_pilot(sweep.question, [row for row, _ in new + alike])
    of_new, of_alike = (fmean(took for _, took in part) for part in (new, alike or new))
    share = prod(n for n, dose in zip(sweep.shape, of_dose, strict=True) if not dose) / cases
    seconds = share * of_new + (1.0 - share) * of_alike
    return SweepCost(cases, seconds, cases * (8 * len(sweep.question.outputs) + 1))


def _spread_places(shape: Sequence[int], most: int) -> list[tuple[int, ...]]:
    """Return at most `most` places spread over a grid.

    They follow the golden ratio, since even steps could hit a single value of an inner axis.
    """
    cases = prod(shape)
    flat = range(cases) if cases <= most else sorted({int(cases * (k / _GOLDEN % 1.0)) for k in range(most)})
    return [tuple(int(k) for k in np.unravel_index(at, shape)) for at in flat]


def _next_place(place: Sequence[int], shape: Sequence[int], of_dose: Sequence[bool]) -> tuple[int, ...]:
    """Return the next place along the axes of dose, whose case has the same skins and light."""
    return tuple((k + dose) % n for k, n, dose in zip(place, shape, of_dose, strict=True))


def _timed_row(sweep: Sweep, place: Sequence[int]) -> tuple[CaseRow, float]:
    """Return the row of a case, and the processor seconds that it took."""
    began = time.process_time()
    (row,) = answer_cases(sweep.question, [values_at(sweep, place)])
    return row, time.process_time() - began


def _check_pilot(question: SweepQuestion, rows: list[CaseRow]) -> None:
    failed = [row for row in rows if row.status == FAILED]
    if len(failed) == len(rows):
        raise InputError(
            "no-case-answers",
            f"none of {len(rows)} cases that were tried can be answered; the first: {failed[0].message.rstrip('.')}",
            field="axes",
            hint="Mend the case or the fields that vary.",
            file=question.file,
        )
    for k, output in enumerate(question.outputs):
        if all(row.status == FAILED or k in row.absent for row in rows):
            near = nearest_name(output, next(row.paths for row in rows if row.paths))
            raise InputError(
                "unknown-output",
                f'"{output}" is no number in the answer of any case that was tried',
                field="outputs",
                hint=f'Did you mean "{near}"?'
                if near
                else f"A path in what `skinbeam {question.answer} --json` prints.",
                file=question.file,
            )
