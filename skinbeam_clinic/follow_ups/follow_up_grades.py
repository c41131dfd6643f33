"""Read follow-ups with the content of their sealed column, and find the treatments of a course."""

import datetime
from collections.abc import Callable, Sequence

from skinbeam.model.units import DAYS_PER_MONTH
from skinbeam_clinic.database import follow_up_tables, treatment_tables
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.follow_ups.models import BeforeAfterPair, FollowUp, FollowUpMoment
from skinbeam_clinic.follow_ups.sealed_content import FOLLOW_UP_CONTENT, FollowUpContent
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.treatments.sealed_content import CHECKLIST_CONTENT

__all__ = [
    "MONTH",
    "build_follow_up",
    "followed_concern",
    "list_course",
    "list_follow_ups",
    "list_treating_members",
    "load_follow_up",
    "treated_options",
]

MONTH = datetime.timedelta(days=DAYS_PER_MONTH)


def treated_options(work: ClinicTransaction, treatment: treatment_tables.TreatmentRow) -> dict[int, str]:
    """Return the number in the plan of each concern that a treatment treats → its option; that of the order first."""
    orders = work.read_each([treatment], lambda row: work.open_record(row, CHECKLIST_CONTENT).ordered)
    options = (treatment.option, *(other.option for order in orders for other in order.also))
    return {OptionRef.parse(option).concern: option for option in options}


def followed_concern(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> int:
    """Return the number in the plan of the concern that a follow-up is about."""
    option = work.open_record(row, FOLLOW_UP_CONTENT).option
    return OptionRef.parse(option or work.get(treatment_tables.TreatmentRow, row.treatment_id).option).concern


def list_course(work: ClinicTransaction, consultation_id: str, concern: int) -> list[treatment_tables.TreatmentRow]:
    """Return the treatments of a consultation that treat a concern, whose number is given, sorted by their number."""
    is_of_course = treatment_tables.TreatmentRow.consultation_id == consultation_id
    rows = work.rows(
        treatment_tables.TreatmentRow,
        is_of_course,
        order=(treatment_tables.TreatmentRow.number, treatment_tables.TreatmentRow.created_at),
    )
    return [row for row in rows if concern in treated_options(work, row)]


def list_follow_ups(
    work: ClinicTransaction, course: Sequence[treatment_tables.TreatmentRow], concern: int
) -> list[FollowUp]:
    """Return the follow-ups of a course that are about its concern."""
    is_of_course = follow_up_tables.FollowUpRow.treatment_id.in_([treatment.id for treatment in course])
    rows = work.rows(follow_up_tables.FollowUpRow, is_of_course, order=(follow_up_tables.FollowUpRow.seen_at,))
    follow_ups = work.read_each(rows, lambda row: load_follow_up(work, row))
    return [follow_up for follow_up in follow_ups if OptionRef.parse(follow_up.option).concern == concern]


def list_treating_members(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> set[str | None]:
    """Return the ids of the members who took part in the treatments of the course of a follow-up."""
    course = list_course(work, row.consultation_id, followed_concern(work, row))
    areas = work.rows(
        treatment_tables.TreatedAreaRow,
        treatment_tables.TreatedAreaRow.treatment_id.in_([treatment.id for treatment in course]),
    )
    return {by for treatment in course for by in (treatment.started_by, treatment.ended_by)} | {
        area.fired_by for area in areas
    }


def load_follow_up(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> FollowUp:
    """Return the follow-up of a row, with its grades, report and pairs."""
    pair = follow_up_tables.PhotographPairRow
    pairs = work.rows_of(pair, pair.follow_up_id, row.id)
    content = work.open_record(row, FOLLOW_UP_CONTENT)
    treatment = work.get(treatment_tables.TreatmentRow, row.treatment_id)
    return build_follow_up(row, content, treatment, work.actor_name, pairs)


def build_follow_up(
    row: follow_up_tables.FollowUpRow,
    content: FollowUpContent,
    treatment: treatment_tables.TreatmentRow,
    name_of: Callable[[str], str],
    pairs: Sequence[follow_up_tables.PhotographPairRow] = (),
) -> FollowUp:
    """Return a follow-up from its row and the content of its sealed column.

    Parameters
    ----------
    name_of : returns the name of a member by their id.
    """
    ended = treatment.ended_at if content.moment is FollowUpMoment.AFTER else None
    since = datetime.timedelta() if ended is None else row.seen_at - ended
    return FollowUp(
        id=row.id,
        consultation_id=row.consultation_id,
        treatment_id=row.treatment_id,
        plan_id=treatment.plan_id,
        option=content.option or treatment.option,
        treated_at=ended,
        moment=content.moment,
        months_after=round(since / MONTH, 1),
        seen_at=row.seen_at,
        noted_by=name_of(row.noted_by),
        said=None if content.report is None else content.report.report(name_of),
        grades=tuple(grade.grade(name_of) for grade in content.grades),
        pairs=tuple(BeforeAfterPair(pair.id, pair.before_id, pair.after_id) for pair in pairs),
        opened_by=content.opened,
        paired_by=content.paired,
    )
