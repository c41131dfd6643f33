"""What the sealed column of a follow-up holds, and the course of treatments that it is of."""

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from skinbeam.records.followed import Change, Felt, FollowUp, Grade, Moment, Pair, Quarter, Reading, Said
from skinbeam.records.store import followed, treated
from skinbeam.records.store.columns import json_text
from skinbeam.records.store.work import Work

__all__ = [
    "MONTH",
    "Treated",
    "concern_of",
    "course_of",
    "follow_up_of",
    "follow_ups_of",
    "opened",
    "read_follow_up",
    "seal",
]

MONTH = datetime.timedelta(days=365.25 / 12)


class Treated(Protocol):
    """What a follow-up tells of the treatment that it is of."""

    @property
    def plan_id(self) -> str:
        """Of its plan."""

    @property
    def option(self) -> str:
        """Of that plan."""

    @property
    def ended_at(self) -> datetime.datetime | None:
        """When it was over."""


def concern_of(treatment: treated.Treatment) -> str:
    """Return the concern that was treated, by its place in the plan: an option is called by concern and place."""
    return treatment.option.partition(".")[0]


def course_of(work: Work, treatment: treated.Treatment) -> list[treated.Treatment]:
    """Return the treatments of the same concern and consultation by their number."""
    mine = treated.Treatment.consultation_id == treatment.consultation_id
    rows = work.rows(treated.Treatment, mine, order=(treated.Treatment.number, treated.Treatment.created_at))
    return [one for one in rows if concern_of(one) == concern_of(treatment)]


def follow_ups_of(work: Work, course: Sequence[treated.Treatment]) -> list[FollowUp]:
    """Return the follow-ups of a course."""
    mine = followed.FollowUp.treatment_id.in_([one.id for one in course])
    return [follow_up_of(work, row) for row in work.rows(followed.FollowUp, mine, order=(followed.FollowUp.seen_at,))]


def opened(work: Work, row: followed.FollowUp) -> dict[str, Any]:
    """Return what the sealed column holds."""
    held: dict[str, Any] = json.loads(work.open(row, "judged_sealed"))
    return held


def seal(work: Work, row: followed.FollowUp, held: Mapping[str, Any]) -> None:
    """Put it back."""
    work.seal(row, "judged_sealed", json_text(held).encode())


def follow_up_of(work: Work, row: followed.FollowUp) -> FollowUp:
    """Return a follow-up with its pairs."""
    pairs = work.rows(followed.PhotographPair, followed.PhotographPair.follow_up_id == row.id)
    return read_follow_up(row, opened(work, row), work.get(treated.Treatment, row.treatment_id), work.name_of, pairs)


def read_follow_up(
    row: followed.FollowUp,
    held: Mapping[str, Any],
    treatment: Treated,
    named: Callable[[str], str],
    pairs: Sequence[followed.PhotographPair] = (),
) -> FollowUp:
    """Return a follow-up of which everything is read already.

    Parameters
    ----------
    treatment : that it is of.
    named : what those are called who noted it.
    """
    moment = Moment(held["moment"])
    ended = treatment.ended_at if moment is Moment.AFTER else None
    since = datetime.timedelta() if ended is None else row.seen_at - ended
    return FollowUp(
        id=row.id,
        consultation_id=row.consultation_id,
        treatment_id=row.treatment_id,
        plan_id=treatment.plan_id,
        option=treatment.option,
        treated_at=ended,
        moment=moment,
        months_after=round(since / MONTH, 1),
        seen_at=row.seen_at,
        noted_by=named(row.noted_by),
        said=None if held["said"] is None else _said(named, held["said"]),
        grades=tuple(_grade(named, one) for one in held["grades"]),
        pairs=tuple(Pair(one.id, one.before_id, one.after_id) for one in pairs),
        opened_by=tuple(held["opened"]),
        paired_by=tuple(held["paired"]),
    )


def _said(named: Callable[[str], str], held: Mapping[str, Any]) -> Said:
    return Said(
        now=Felt(*held["now"]),
        before=None if held["before"] is None else Felt(*held["before"]),
        quarter=None if held["quarter"] is None else Quarter(held["quarter"]),
        change=None if held["change"] is None else Change(held["change"]),
        satisfied_1_5=held["satisfied_1_5"],
        words=held["words"],
        alone=held["alone"],
        said_at=datetime.datetime.fromisoformat(held["at"]),
        noted_by=named(held["by"]),
    )


def _grade(named: Callable[[str], str], held: Mapping[str, Any]) -> Grade:
    return Grade(
        quarter=Quarter(held["quarter"]),
        change=Change(held["change"]),
        readings=tuple(Reading(*one) for one in held["readings"]),
        notes=held["notes"],
        hidden=held["hidden"],
        unseen=held["unseen"],
        treated=held["treated"],
        graded_at=datetime.datetime.fromisoformat(held["at"]),
        rater=named(held["by"]),
        rater_id=held["by"],
    )
