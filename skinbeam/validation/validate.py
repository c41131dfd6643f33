"""Compare every published row with the model."""

import itertools
from collections.abc import Mapping, Sequence

from skinbeam.model.estimate import Unknown
from skinbeam.text import render_message
from skinbeam.validation.model_query import ModelAnswer, ModelRuns
from skinbeam.validation.published_rows import (
    PublishedRow,
    RowGroup,
    RowOrdering,
    calibrated_parameters,
    find_calibrator,
    row_groups,
)
from skinbeam.validation.results import OrderingVerdict, ValidationResult
from skinbeam.validation.verdict import RowVerdict, endpoint_errors, judge_row

__all__ = ["validate_model"]

DRAWS, SEED = 200, 0
LEAST_RISE = 1.01  # smaller ratios do not count as rising: dose searches end within 1e-3


def validate_model(only: str | None = None) -> ValidationResult:
    """Return the comparison of every published row with the model, or of the rows of the named group.

    Raises
    ------
    InputError : no such group; the nearest name is suggested.
    """
    verdicts: dict[str, tuple[RowVerdict, ...]] = {}
    orders: list[OrderingVerdict] = []
    for name, group in row_groups(only).items():
        asked = ModelRuns(group.case, DRAWS, SEED)
        answers = {row.id: asked.answer(row.pose) if row.pose is not None else None for row in group.row}
        verdicts[name] = tuple(judge_row(row, answers[row.id]) for row in group.row)
        orders += [_judge_ordering(ordering, name, group, asked, answers) for ordering in group.ordering]
    return ValidationResult(
        only=only,
        draws=DRAWS,
        seed=SEED,
        groups=verdicts,
        orderings=tuple(orders),
        endpoints=endpoint_errors([verdict for found in verdicts.values() for verdict in found]),
        calibrated=tuple(calibrated_parameters()),
    )


def _judge_ordering(
    ordering: RowOrdering, name: str, group: RowGroup, runs: ModelRuns, answers: Mapping[str, ModelAnswer | None]
) -> OrderingVerdict:
    """Return whether each value is above the one before.

    An ordering with a missing value does not hold, and the verdict gives the reason.
    """
    by_id = {row.id: row for row in group.row}
    values: list[float] = []
    reason = ""
    for item in ordering.rising:
        answer = answers[item] if isinstance(item, str) else runs.answer(item)
        why = _no_answer_reason(by_id[item] if isinstance(item, str) else None, answer)
        if why:
            reason = why
            break
        assert answer is not None  # or there was a reason
        values.append(answer.value.median if not isinstance(answer.value, Unknown) else answer.insufficient_dose or 0.0)
    holds = not reason and _is_rising(values)
    if not reason and not holds:
        reason = render_message("validate.does-not-rise", {"values": values})
    is_posed = bool(values) and len(values) == len(ordering.rising)
    return OrderingVerdict(
        id=ordering.id,
        group=name,
        compares=ordering.compares,
        posed=is_posed,
        holds=holds,
        values=tuple(values) if is_posed else (),
        reason=reason,
        source=ordering.source,
        independent=not any(map(find_calibrator, _sources(ordering, by_id))),
    )


def _sources(ordering: RowOrdering, by_id: Mapping[str, PublishedRow]) -> set[str]:
    return {ordering.source, *(by_id[item].source for item in ordering.rising if isinstance(item, str))}


def _no_answer_reason(row: PublishedRow | None, answer: ModelAnswer | None) -> str:
    if answer is None:
        assert row is not None  # a question of its own is always posed
        assert row.not_posed is not None
        return row.not_posed
    if isinstance(answer.value, Unknown) and answer.insufficient_dose is None:
        return answer.value.reason
    return ""


def _is_rising(values: Sequence[float]) -> bool:
    return all(after > LEAST_RISE * before for before, after in itertools.pairwise(values))
