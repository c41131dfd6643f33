"""How what a patient said is kept: once, and by whoever may write it down, be it the patient alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skinbeam.records.desk.consultations import still_open
from skinbeam.records.desk.judged import course_of, follow_up_of, follow_ups_of, opened, seal
from skinbeam.records.faults import fault
from skinbeam.records.followed import Change, Felt, FollowUp, Moment, Quarter
from skinbeam.records.store import followed, treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.work import Work

__all__ = ["Asked", "Told", "asked_before", "asked_of", "checked", "keep", "keep_said", "to_change"]

_LONGEST_WORDS = 10_000  # characters


@dataclass(frozen=True)
class Told:
    """The answers of a patient.

    Parameters
    ----------
    before : as it is remembered, where it was not asked before the first treatment.
    """

    now: Felt
    before: Felt | None = None
    quarter: Quarter | None = None
    change: Change | None = None
    satisfied_1_5: int | None = None
    words: str = ""


@dataclass(frozen=True)
class Asked:
    """What is asked: of which moment, and whether what was before must be remembered, since nobody asked then."""

    moment: Moment
    remember: bool


def asked_of(one: FollowUp, before: FollowUp | None) -> Asked:
    """Return what a follow-up asks, beside the one that was before the first treatment, if there is one."""
    return Asked(one.moment, one.moment is Moment.AFTER and (before is None or before.said is None))


def keep_said(work: Work, id: str, told: Told, *, alone: bool) -> FollowUp:
    """Keep what a patient said. Raises as `FollowUps.say`."""
    row, held = to_change(work, id)
    if held["said"] is not None:
        raise fault("said-already", "follow-up")
    after = held["moment"] == Moment.AFTER
    numbers = [n for one in (told.now, told.before) if one is not None for n in (one.confidence_0_10, one.pain_0_10)]
    if not all(0 <= number <= 10 for number in numbers) or told.satisfied_1_5 not in (None, *range(1, 6)):
        raise fault("bad-answer", "follow-up")
    if not after and any(one is not None for one in (told.before, told.quarter, told.change, told.satisfied_1_5)):
        raise fault("bad-answer", "follow-up")
    held["said"] = {
        "now": _written(told.now, remembered=not after and _has_begun(work, row)),
        "before": None if told.before is None else _written(told.before, remembered=True),
        "quarter": told.quarter,
        "change": told.change,
        "satisfied_1_5": told.satisfied_1_5,
        "words": checked(told.words),
        "alone": alone,
        "at": now().isoformat(),
        "by": work.actor,
    }
    if not alone and work.actor not in held["opened"]:
        held["opened"].append(work.actor)
    return keep(work, row, held, "follow-up.said")


def asked_before(work: Work, row: followed.FollowUp) -> FollowUp | None:
    """Return what was asked before the first treatment of the course that a follow-up is of; None where nothing was."""
    course = course_of(work, work.get(treated.Treatment, row.treatment_id))
    return next((one for one in follow_ups_of(work, course) if one.moment is Moment.BEFORE), None)


def to_change(work: Work, id: str) -> tuple[followed.FollowUp, dict[str, Any]]:
    """Return a follow-up to which something may be added, and what its sealed column holds.

    Raises
    ------
    AbsentError, ClosedError : there is none, or its consultation is closed.
    """
    row = work.get(followed.FollowUp, id)
    still_open(work, row.consultation_id)
    return row, opened(work, row)


def keep(work: Work, row: followed.FollowUp, held: Mapping[str, Any], action: str) -> FollowUp:
    """Seal and keep a follow-up."""
    seal(work, row, held)
    work.keep(row, action)
    return follow_up_of(work, row)


def checked(words: str) -> str:
    """Return words that are not too long to be kept.

    Raises
    ------
    InputError : `too-long`.
    """
    if len(words) > _LONGEST_WORDS:
        raise fault("too-long", "follow-up", hint={"longest": _LONGEST_WORDS})
    return words


def _written(felt: Felt, *, remembered: bool) -> list[Any]:
    return [felt.confidence_0_10, felt.pain_0_10, remembered]


def _has_begun(work: Work, row: followed.FollowUp) -> bool:
    course = course_of(work, work.get(treated.Treatment, row.treatment_id))
    return any(one.started_at is not None for one in course)
