"""Store and read follow-ups before and after a course of treatments: patient reports, grades, paired photographs.

A patient report is stored once and never overwritten. A rater may correct a grade: the earlier grade stays beside the
later one, which is no longer blind. A course is all treatments of one concern in one consultation.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.repository import get_followed_consultation, list_consultation_ids
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.follow_ups.follow_up_grades import (
    followed_concern,
    list_course,
    list_follow_ups,
    list_treating_members,
    load_follow_up,
    treated_options,
)
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    DueFollowUp,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
    ScaleReading,
    TreatmentCourse,
)
from skinbeam_clinic.follow_ups.patient_reports import (
    PatientAnswers,
    check_words,
    find_baseline,
    get_editable,
    mark_read,
    save_content,
    save_report,
)
from skinbeam_clinic.follow_ups.sealed_content import FOLLOW_UP_CONTENT, FollowUpContent, GradeContent
from skinbeam_clinic.patient_links.person import find_kept_patients, list_person_ids
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.treatments.repository import list_fired

__all__ = ["FollowUpRepository", "mark_reports_copied"]

_MOST_SCALES = 20


class FollowUpRepository(Repository):
    """The follow-ups of a clinic."""

    def begin(
        self,
        treatment_id: str,
        moment: FollowUpMoment = FollowUpMoment.AFTER,
        *,
        option: str = "",
        seen_at: datetime.datetime | None = None,
        form_key: str = "",
    ) -> FollowUp:
        """Begin a follow-up after the last treatment of a course, or before the first of it has ended.

        Parameters
        ----------
        treatment_id : any treatment of the course.
        option : position in the plan of an option of the concern that it is about, of those that the treatment treats;
            by default that of its order.
        seen_at : when the patient was present; by default now.
        form_key : of the form, so that a follow-up that is begun twice by it is one (`submission_id`).

        Raises
        ------
        RecordNotFoundError : this clinic has no such treatment, or it treats no such concern.
        InputError : `closed`; `not-treated`: no treatment of the course with a pulse has ended; `asked-before`: there
            is a follow-up before the course already; `too-late`: a treatment has ended, so that the time before can
            only be remembered, which a later follow-up asks for; or `bad-answer`: the time is in the future.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            treatment = work.get(treatment_tables.TreatmentRow, treatment_id)
            concern = OptionRef.parse(option or treatment.option).concern
            if concern not in treated_options(work, treatment):
                raise clinic_error("absent", "treatment")
            course = list_course(work, treatment.consultation_id, concern)
            get_followed_consultation(work, treatment.consultation_id)
            is_own = OptionRef.parse(treatment.option).concern == concern
            about = moment.value if is_own else f"{moment.value} {concern}"
            id, table = submission_id(form_key, treatment_id, about.encode()), follow_up_tables.FollowUpRow
            if sent := work.find(table, id):
                return load_follow_up(work, sent)
            at = now()
            seen = at if seen_at is None else seen_at
            if seen > at:
                raise clinic_error("bad-answer", "seen")
            ended = [treatment for treatment in _list_ended(work, course) if _treatment_end(treatment) <= seen]
            if moment is FollowUpMoment.AFTER and not ended:
                raise clinic_error("not-treated", "treatment")
            if moment is FollowUpMoment.BEFORE:
                if ended:
                    raise clinic_error("too-late", "treatment")
                if any(
                    follow_up.moment is FollowUpMoment.BEFORE for follow_up in list_follow_ups(work, course, concern)
                ):
                    raise clinic_error("asked-before", "treatment")
            followed = ended[-1] if moment is FollowUpMoment.AFTER else course[0]
            by_option = treated_options(work, followed)[concern]
            row = work.new_row(
                table,
                id=id,
                consultation_id=followed.consultation_id,
                treatment_id=followed.id,
                seen_at=seen,
                noted_at=at,
                noted_by=work.actor,
            )
            content = FollowUpContent(moment, option=None if by_option == followed.option else by_option)
            work.seal_record(row, FOLLOW_UP_CONTENT, content)
            work.save(row, "follow-up.begun", moment=moment.value)
            return load_follow_up(work, row)

    def save_report(self, id: str, answers: PatientAnswers, *, self_completed: bool = False) -> FollowUp:
        """Store a patient's report, which is possible once.

        Parameters
        ----------
        self_completed : whether the patient filled in the form alone.

        Raises
        ------
        InputError : `closed`, `said-already`, `too-long`, or `bad-answer`: out of a scale's range, or an answer to a
            question that is asked only after a treatment.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            return save_report(work, id, answers, self_completed=self_completed)

    def mark_report_read(self, id: str) -> FollowUp:
        """Record that the acting member has seen the patient's report; their later grades are no longer blind."""
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(follow_up_tables.FollowUpRow, id)
            _mark_opened(work, row)
            return load_follow_up(work, row)

    def add_grade(
        self,
        id: str,
        quarter: ImprovementQuarter,
        change: AestheticChange,
        *,
        readings: Sequence[ScaleReading] = (),
        notes: str = "",
        hidden: bool = False,
    ) -> FollowUp:
        """Store the acting member's grade; after it they can see the patient's report.

        Their own last grade is not stored a second time: whoever lost the answer sends it again.

        Parameters
        ----------
        hidden : whether it was graded by photographs whose order was hidden from the rater.

        Raises
        ------
        InputError : `closed`, `not-treated`: the follow-up is from before a treatment; `too-long`, or `bad-answer`:
            worse by one scale and not by the other.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row, content = get_editable(work, id)
            if content.moment is not FollowUpMoment.AFTER:
                raise clinic_error("not-treated", "follow-up")
            if (quarter is ImprovementQuarter.WORSE) != (change is AestheticChange.WORSE) or len(
                readings
            ) > _MOST_SCALES:
                raise clinic_error("bad-answer", "follow-up")
            own_grades = [grade for grade in content.grades if grade.rater_id == work.actor]
            last = own_grades[-1] if own_grades else None
            sent = (quarter, change, tuple(readings), check_words(notes))
            # The same after the order was shown is another grade, and not the one by hidden order sent again.
            is_same = last is not None and (last.quarter, last.change, last.readings, last.notes) == sent
            if last is not None and is_same and (hidden or not last.hidden):
                return load_follow_up(work, row)
            pairs = work.rows(follow_up_tables.PhotographPairRow, follow_up_tables.PhotographPairRow.follow_up_id == id)
            measured = work.rows(
                follow_up_tables.PairAnalysisRow,
                follow_up_tables.PairAnalysisRow.pair_id.in_([pair.id for pair in pairs]),
            )
            grade = GradeContent(
                quarter=quarter,
                change=change,
                readings=tuple(readings),
                notes=check_words(notes),
                hidden=hidden and not own_grades and bool(pairs) and work.actor not in content.paired,
                unseen=work.actor not in content.opened,
                treated=work.actor in list_treating_members(work, row),
                graded_at=now(),
                rater="",
                rater_id=work.actor,
                measured=bool(measured) and (bool(own_grades) or work.actor in content.opened),
            )
            graded = replace(mark_read(content, work.actor), grades=(*content.grades, grade))
            return save_content(work, row, graded, "follow-up.graded")

    def add_pair(self, id: str, before_id: str, after_id: str) -> FollowUp:
        """Pair two photographs of the patient; the acting member and who took either know their order.

        Two that are a pair already stay one pair. After a grade there are no new ones: what its rater saw is known.

        Raises
        ------
        RecordNotFoundError : this patient has no such photograph.
        InputError : `closed`, `same-photograph`, or `graded-already`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row, content = get_editable(work, id)
            person = list_person_ids(work, work.get(tables.ConsultationRow, row.consultation_id).patient_id)
            photographs = [work.get(tables.PhotographRow, id) for id in (before_id, after_id)]
            for photograph in photographs:
                if work.get(tables.ConsultationRow, photograph.consultation_id).patient_id not in person:
                    raise clinic_error("absent", "photograph")
            if before_id == after_id:
                raise clinic_error("same-photograph", "photograph")
            table = follow_up_tables.PhotographPairRow
            pairs = work.rows(table, table.follow_up_id == id)
            if all((pair.before_id, pair.after_id) != (before_id, after_id) for pair in pairs):
                if content.grades:
                    raise clinic_error("graded-already", "follow-up")
                pair_row = work.new_row(
                    table,
                    consultation_id=row.consultation_id,
                    follow_up_id=id,
                    before_id=before_id,
                    after_id=after_id,
                )
                work.save(pair_row, "photographs.paired")
            paired = tuple(sorted({*content.paired, work.actor, *(row.added_by for row in photographs)}))
            return save_content(work, row, replace(content, paired=paired), "follow-up.paired")

    def remove_pair(self, id: str, pair_id: str) -> FollowUp:
        """Remove a pair of a follow-up without a grade; the photographs stay.

        Raises
        ------
        InputError : `closed`, or `graded-already`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row, content = get_editable(work, id)
            pair = work.get(follow_up_tables.PhotographPairRow, pair_id)
            if pair.follow_up_id != id:
                raise clinic_error("absent", "photographpair")
            if content.grades:
                raise clinic_error("graded-already", "follow-up")
            work.delete(pair, "photographs.parted")
            return load_follow_up(work, row)

    def get(self, id: str) -> FollowUp:
        """Return a follow-up."""
        with self._access.reading_row(follow_up_tables.FollowUpRow, id, "follow-up.seen") as (work, row):
            return load_follow_up(work, row)

    def of(self, consultation_id: str) -> tuple[FollowUp, ...]:
        """Return the follow-ups of a consultation before and after treatments, oldest first."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "follow-ups.listed") as (work, _):
            table = follow_up_tables.FollowUpRow
            rows = work.rows_of(table, table.consultation_id, consultation_id, table.seen_at)
            return tuple(work.read_each(rows, lambda row: load_follow_up(work, row)))

    def list_courses(self, patient_id: str) -> tuple[TreatmentCourse, ...]:
        """Return the courses of treatments in all records of a patient, the newest consultation first."""
        with self._access.reading_row(tables.PatientRow, patient_id, "follow-ups.listed") as (work, _):
            names = list_consultation_ids(work, list_person_ids(work, patient_id))
            rows = work.rows(treatment_tables.TreatmentRow, treatment_tables.TreatmentRow.consultation_id.in_(names))
            places = {(names.index(row.consultation_id), n) for row in rows for n in treated_options(work, row)}
            return tuple(_read_course(work, names[index], number) for index, number in sorted(places, reverse=True))

    def get_baseline(self, id: str) -> FollowUp | None:
        """Return the follow-up before the first treatment of the same course; None without one."""
        with self._access.reading_row(follow_up_tables.FollowUpRow, id, "follow-up.seen") as (work, row):
            return find_baseline(work, row)

    def list_due(
        self, *, after: datetime.timedelta, overdue: datetime.timedelta, until: datetime.timedelta
    ) -> tuple[DueFollowUp, ...]:
        """Return the patients with a concern that is due for a follow-up and had none since its last treatment.

        Who was treated longest ago is first. Where one order treats several concerns, all are off the list once
        one of them was looked at.

        Parameters
        ----------
        after, overdue, until : times since the last treatment from which a follow-up is due, from which it is overdue,
            and after which it is no longer expected.
        """
        with self._access.reading(AccessRight.READ) as work:
            work.log("follow-ups.due.listed", "follow_up")
            at = now()

            def is_awaited(end: datetime.datetime, seen: datetime.datetime | None) -> bool:
                return end >= at - until and not (seen is not None and seen > end)

            awaited = {
                id
                for id, concerns in _list_ordered_concerns(work).items()
                if any(is_awaited(end, seen) for end, seen in concerns)
            }
            late: dict[str, datetime.datetime] = {}
            for id, end, seen in _list_treated_concerns(work, awaited):
                if end <= at - after and is_awaited(end, seen):
                    late[id] = min(end, late.get(id, end))
            waiting = (
                DueFollowUp(patient.id, patient.pseudonym, id, late[id], late[id] <= at - overdue)
                for id, patient in find_kept_patients(work, late).items()
            )
            return tuple(sorted(waiting, key=lambda follow_up: follow_up.treated_at))


def mark_reports_copied(work: ClinicTransaction, patient_ids: Collection[str]) -> None:
    """Record that the acting member copies what patients answered and raters graded; later grades are not blind."""
    table = follow_up_tables.FollowUpRow
    for row in work.rows(table, table.consultation_id.in_(list_consultation_ids(work, patient_ids))):
        _mark_opened(work, row)


def _mark_opened(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> None:
    """Record that the acting member has seen the patient's report, unless that is recorded already."""
    content = work.open_record(row, FOLLOW_UP_CONTENT)
    if work.actor not in content.opened:
        save_content(work, row, mark_read(content, work.actor), "follow-up.opened")


def _read_course(work: ClinicTransaction, consultation_id: str, concern: int) -> TreatmentCourse:
    course = list_course(work, consultation_id, concern)
    ended = _list_ended(work, course)
    last = ended[-1] if ended else course[0]
    return TreatmentCourse(
        consultation_id=consultation_id,
        treatment_id=last.id,
        plan_id=last.plan_id,
        option=treated_options(work, last)[concern],
        ordered_option=last.option,
        sessions=len(ended),
        treated_at=last.ended_at,
        follow_ups=tuple(list_follow_ups(work, course, concern)),
    )


_EndAndLook = tuple[datetime.datetime, datetime.datetime | None]


def _list_ordered_concerns(work: ClinicTransaction) -> dict[str, list[_EndAndLook]]:
    """Return when each concern of a consultation was last treated and last looked at, by the orders of its treatments.

    It opens no sealed record, so that it is fast for a whole clinic: what a session treats beside the concern of its
    order, and whether anything was fired, is not known.
    """
    table, follow_up = treatment_tables.TreatmentRow, follow_up_tables.FollowUpRow
    ended = work.newest_moments_by(table, table.ended_at, table.option, table.started_at.is_not(None))
    looked_at = work.newest_moments_by(follow_up, follow_up.seen_at, table.option, follow_up.treatment_id == table.id)
    concerns: dict[str, list[_EndAndLook]] = {}
    for id, options in ended.items():
        seen = _newest_by_concern(looked_at.get(id, {}))
        concerns[id] = [(end, seen.get(concern)) for concern, end in _newest_by_concern(options).items()]
    return concerns


def _newest_by_concern(moments: Mapping[str, datetime.datetime]) -> dict[int, datetime.datetime]:
    """Return the newest time of each concern from those of its options."""
    newest: dict[int, datetime.datetime] = {}
    for option, moment in moments.items():
        concern = OptionRef.parse(option).concern
        newest[concern] = max(moment, newest.get(concern, moment))
    return newest


def _list_treated_concerns(
    work: ClinicTransaction, consultation_ids: Collection[str]
) -> Iterator[tuple[str, datetime.datetime, datetime.datetime | None]]:
    """Yield the consultation of each concern with the end of its last session and when it was last looked at.

    A session counts for each concern that its pulses treat. One in which nothing was fired is none: that is read of the
    newest sessions alone, and of those before only where all of that was struck out.
    """
    table, follow_up = treatment_tables.TreatmentRow, follow_up_tables.FollowUpRow
    rows = work.rows_by(table, table.consultation_id, consultation_ids)
    looked_at = work.rows_by(follow_up, follow_up.consultation_id, consultation_ids, follow_up.seen_at)
    left = [
        [(row, treated_options(work, row)) for row in sorted(treatments, key=_treatment_end)]
        for of in rows.values()
        if (treatments := [row for row in of if row.ended_at and row.started_at])
    ]
    ends: dict[str, dict[int, datetime.datetime]] = defaultdict(dict)
    while left:
        newest = [sessions.pop() for sessions in left]
        fired = {row.id for row in list_fired(work, [row for row, _ in newest])}
        for row, treated in newest:
            for concern in treated if row.id in fired else ():
                ends[row.consultation_id].setdefault(concern, _treatment_end(row))
        remaining = (
            [(row, treated) for row, treated in sessions if treated.keys() - ends[row.consultation_id].keys()]
            for sessions in left
        )
        left = [sessions for sessions in remaining if sessions]
    for id, concerns in ends.items():
        seen: dict[int, datetime.datetime] = {}
        for follow_up_row in looked_at[id]:  # the newest last
            for concern in work.read_each([follow_up_row], partial(followed_concern, work)):  # none of an altered one
                seen[concern] = follow_up_row.seen_at
        yield from ((id, end, seen.get(concern)) for concern, end in concerns.items())


def _list_ended(
    work: ClinicTransaction, course: Sequence[treatment_tables.TreatmentRow]
) -> list[treatment_tables.TreatmentRow]:
    """Return the treatments of a course that have ended, the last one last; one without a pulse is none."""
    ended = [treatment for treatment in course if treatment.ended_at is not None]
    return sorted(list_fired(work, ended), key=_treatment_end)


def _treatment_end(treatment: treatment_tables.TreatmentRow) -> datetime.datetime:
    assert treatment.ended_at is not None
    return treatment.ended_at
