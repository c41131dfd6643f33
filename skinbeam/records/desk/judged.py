"""What the sealed column of a follow-up holds, and the course of treatments that it is of."""

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skinbeam.records.followed import Change, Felt, FollowUp, Grade, Moment, Pair, Quarter, Reading, Said
from skinbeam.records.store import followed, treated
from skinbeam.records.store.columns import json_text
from skinbeam.records.store.work import Work

__all__ = ["MONTH", "course_of", "follow_up_of", "follow_ups_of", "opened", "read_follow_up", "seal"]

MONTH = datetime.timedelta(days=365.25 / 12)


def course_of(work: Work, treatment: treated.Treatment) -> list[treated.Treatment]:
    """Return the treatments of the same concern and consultation by their number; an option begins with its concern."""
    mine = treated.Treatment.consultation_id == treatment.consultation_id
    concern = treatment.option.partition(".")[0]
    rows = work.rows(treated.Treatment, mine, order=(treated.Treatment.number, treated.Treatment.created_at))
    return [one for one in rows if one.option.partition(".")[0] == concern]


def follow_ups_of(work: Work, course: Sequence[treated.Treatment]) -> list[FollowUp]:
    """Return the follow-ups of a course."""
    mine = followed.FollowUp.treatment_id.in_([one.id for one in course])
    return [follow_up_of(work, row) for row in work.rows(followed.FollowUp, mine)]


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
    ended = work.get(treated.Treatment, row.treatment_id).ended_at
    return read_follow_up(row, opened(work, row), ended, work.name_of, pairs)


def read_follow_up(
    row: followed.FollowUp,
    held: Mapping[str, Any],
    ended: datetime.datetime | None,
    named: Callable[[str], str],
    pairs: Sequence[followed.PhotographPair] = (),
) -> FollowUp:
    """Return a follow-up of which everything is read already.

    Parameters
    ----------
    ended : when its treatment did.
    named : what those are called who noted it.
    """
    moment = Moment(held["moment"])
    since = row.seen_at - ended if moment is Moment.AFTER and ended is not None else datetime.timedelta()
    return FollowUp(
        id=row.id,
        consultation_id=row.consultation_id,
        treatment_id=row.treatment_id,
        moment=moment,
        months_after=round(since / MONTH, 1),
        seen_at=row.seen_at,
        noted_by=named(row.noted_by),
        said=None if held["said"] is None else _said(named, held["said"]),
        grades=tuple(_grade(named, one) for one in held["grades"]),
        pairs=tuple(Pair(one.id, one.before_id, one.after_id) for one in pairs),
        opened_by=tuple(held["opened"]),
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
