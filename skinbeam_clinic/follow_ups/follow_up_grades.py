"""Read and write the sealed column of a follow-up, and find the treatments of its course."""

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from skinbeam_clinic.database import follow_up_tables, treatment_tables
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    BeforeAfterPair,
    ClinicianGrade,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
    PatientReport,
    ScaleReading,
    SelfRating,
)

__all__ = [
    "MONTH",
    "TreatmentReference",
    "build_follow_up",
    "concern_number",
    "list_course",
    "list_follow_ups",
    "load_follow_up",
    "open_grades",
    "seal_grades",
]

MONTH = datetime.timedelta(days=365.25 / 12)


class TreatmentReference(Protocol):
    """The fields of a treatment that a follow-up refers to."""

    @property
    def plan_id(self) -> str:
        """Id of its plan."""

    @property
    def option(self) -> str:
        """Position of the treated option in that plan."""

    @property
    def ended_at(self) -> datetime.datetime | None:
        """When it ended; None before."""


def concern_number(treatment: treatment_tables.TreatmentRow) -> str:
    """Return the number of the treated concern in the plan, the first part of an option's position such as `0.1`."""
    return treatment.option.partition(".")[0]


def list_course(
    work: ClinicTransaction, treatment: treatment_tables.TreatmentRow
) -> list[treatment_tables.TreatmentRow]:
    """Return the treatments of the same concern and consultation, sorted by their number."""
    mine = treatment_tables.TreatmentRow.consultation_id == treatment.consultation_id
    rows = work.rows(
        treatment_tables.TreatmentRow,
        mine,
        order=(treatment_tables.TreatmentRow.number, treatment_tables.TreatmentRow.created_at),
    )
    return [one for one in rows if concern_number(one) == concern_number(treatment)]


def list_follow_ups(work: ClinicTransaction, course: Sequence[treatment_tables.TreatmentRow]) -> list[FollowUp]:
    """Return the follow-ups of a course."""
    mine = follow_up_tables.FollowUpRow.treatment_id.in_([one.id for one in course])
    return [
        load_follow_up(work, row)
        for row in work.rows(follow_up_tables.FollowUpRow, mine, order=(follow_up_tables.FollowUpRow.seen_at,))
    ]


def open_grades(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> dict[str, Any]:
    """Return the decrypted content of the sealed column."""
    held: dict[str, Any] = json.loads(work.open(row, "judged_sealed"))
    return held


def seal_grades(work: ClinicTransaction, row: follow_up_tables.FollowUpRow, content: Mapping[str, Any]) -> None:
    """Encrypt and set the content of the sealed column."""
    work.seal(row, "judged_sealed", canonical_json(content).encode())


def load_follow_up(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> FollowUp:
    """Return the follow-up of a row, with its grades, report and pairs."""
    pairs = work.rows(follow_up_tables.PhotographPairRow, follow_up_tables.PhotographPairRow.follow_up_id == row.id)
    return build_follow_up(
        row, open_grades(work, row), work.get(treatment_tables.TreatmentRow, row.treatment_id), work.actor_name, pairs
    )


def build_follow_up(
    row: follow_up_tables.FollowUpRow,
    content: Mapping[str, Any],
    treatment: TreatmentReference,
    name_of: Callable[[str], str],
    pairs: Sequence[follow_up_tables.PhotographPairRow] = (),
) -> FollowUp:
    """Return a follow-up from its row and the decrypted content of its sealed column.

    Parameters
    ----------
    content : content of the sealed column.
    treatment : the treatment that it refers to.
    name_of : returns the name of a member by their id.
    """
    moment = FollowUpMoment(content["moment"])
    ended = treatment.ended_at if moment is FollowUpMoment.AFTER else None
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
        noted_by=name_of(row.noted_by),
        said=None if content["said"] is None else _parse_report(name_of, content["said"]),
        grades=tuple(_parse_grade(name_of, one) for one in content["grades"]),
        pairs=tuple(BeforeAfterPair(one.id, one.before_id, one.after_id) for one in pairs),
        opened_by=tuple(content["opened"]),
        paired_by=tuple(content["paired"]),
    )


def _parse_report(name_of: Callable[[str], str], content: Mapping[str, Any]) -> PatientReport:
    return PatientReport(
        now=SelfRating(*content["now"]),
        before=None if content["before"] is None else SelfRating(*content["before"]),
        quarter=None if content["quarter"] is None else ImprovementQuarter(content["quarter"]),
        change=None if content["change"] is None else AestheticChange(content["change"]),
        satisfied_1_5=content["satisfied_1_5"],
        words=content["words"],
        alone=content["alone"],
        said_at=datetime.datetime.fromisoformat(content["at"]),
        noted_by=name_of(content["by"]),
    )


def _parse_grade(name_of: Callable[[str], str], content: Mapping[str, Any]) -> ClinicianGrade:
    return ClinicianGrade(
        quarter=ImprovementQuarter(content["quarter"]),
        change=AestheticChange(content["change"]),
        readings=tuple(ScaleReading(*one) for one in content["readings"]),
        notes=content["notes"],
        hidden=content["hidden"],
        unseen=content["unseen"],
        treated=content["treated"],
        graded_at=datetime.datetime.fromisoformat(content["at"]),
        rater=name_of(content["by"]),
        rater_id=content["by"],
    )
