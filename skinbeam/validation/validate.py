"""Build skinbeam.validate/1, the comparison of every published row with the model."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from skinbeam.model.document import build_document, sha256_hex
from skinbeam.model.errors import NotAvailable
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
from skinbeam.validation.verdict import RowVerdict, endpoint_errors, judge_row, row_shares, score_verdicts

__all__ = ["SCHEMA", "validate_document"]

SCHEMA = "skinbeam.validate/1"
DRAWS, SEED = 200, 0
LEAST_RISE = 1.01  # smaller ratios do not count as rising: dose searches end within 1e-3


def validate_document(only: str | None = None) -> dict[str, Any]:
    """Return skinbeam.validate/1 of all groups, or of the named one.

    Raises
    ------
    InputError : no such group; the nearest name is suggested.
    NotAvailable : no row of the group can be posed to the model; the document is then the body of the error.
    """
    verdicts: dict[str, list[RowVerdict]] = {}
    orders: list[dict[str, Any]] = []
    for name, group in row_groups(only).items():
        asked = ModelRuns(group.case, DRAWS, SEED)
        answers = {row.id: asked.answer(row.pose) if row.pose is not None else None for row in group.row}
        verdicts[name] = [judge_row(row, answers[row.id]) for row in group.row]
        orders += [_ordering_record(ordering, name, group, asked, answers) for ordering in group.ordering]
    every = [verdict for found in verdicts.values() for verdict in found]
    body = {
        "draws": DRAWS,
        "shares": vars(row_shares(every)) | {name: row_shares(part) for name, part in _parts(every).items()},
        "groups": [
            {"name": name, **vars(score_verdicts(found))}
            | {part: score_verdicts(part_verdicts) for part, part_verdicts in _parts(found).items()}
            for name, found in verdicts.items()
        ],
        "rows": [_group_record(name, verdict) for name, found in verdicts.items() for verdict in found],
        "orderings": orders,
        "endpoints": endpoint_errors(every),
        "calibrated": [parameter.model_dump() for parameter in calibrated_parameters()],
    }
    # Without --only there are no arguments to hash.
    said = {"only": only} if only is not None else {}
    made = build_document(SCHEMA, case_sha256=sha256_hex(said), seed=SEED, body=body)
    if all(verdict.verdict == "not-posed" for verdict in every):
        raise NotAvailable(render_message("validate.none-posed"), body=made)
    return made


def _parts(verdicts: Sequence[RowVerdict]) -> dict[str, list[RowVerdict]]:
    return {
        "independent": [verdict for verdict in verdicts if verdict.independent],
        "dependent": [verdict for verdict in verdicts if not verdict.independent],
    }


def _group_record(group: str, found: RowVerdict) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id,
        "group": group,
        "quantity": row.quantity,
        "conditions": row.conditions,
        "unit": row.unit,
        "measured": row.model_dump(include={"value", "low", "high", "bound", "words"}, exclude_none=True),
        "computed": found.computed,
        "ratio": found.ratio,
        "tolerance": row.tolerance.model_dump(exclude_none=True),
        "verdict": found.verdict,
        "reason": found.reason,
        "assumed": row.assumed or "",
        "grade": row.grade,
        "source": row.source,
        "independent": found.independent,
        "calibrator": found.calibrator or "",
    }


def _ordering_record(
    ordering: RowOrdering, name: str, group: RowGroup, asked: ModelRuns, answers: Mapping[str, ModelAnswer | None]
) -> dict[str, Any]:
    """Return whether each value is above the one before.

    An ordering with a missing value does not hold, and the record gives the reason.
    """
    by_id = {row.id: row for row in group.row}
    values: list[float] = []
    reason = ""
    for item in ordering.rising:
        answer = answers[item] if isinstance(item, str) else asked.answer(item)
        why = _no_answer_reason(by_id[item] if isinstance(item, str) else None, answer)
        if why:
            reason = why
            break
        assert answer is not None  # or there was a reason
        values.append(answer.value.median if not isinstance(answer.value, Unknown) else answer.insufficient_dose or 0.0)
    holds = not reason and _is_rising(values)
    if not reason and not holds:
        reason = render_message("validate.does-not-rise", {"values": values})
    return {
        "id": ordering.id,
        "group": name,
        "compares": ordering.compares,
        "posed": bool(values) and len(values) == len(ordering.rising),
        "holds": holds,
        "values": values if len(values) == len(ordering.rising) else [],
        "reason": reason,
        "source": ordering.source,
        "independent": not any(map(find_calibrator, _sources(ordering, by_id))),
    }


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
