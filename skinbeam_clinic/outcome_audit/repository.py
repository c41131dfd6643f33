"""Read the outcomes of all courses of a clinic for statistics, with one entry in the audit log."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import or_

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.database import follow_up_tables, tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicScoped
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.follow_ups.follow_up_grades import build_follow_up
from skinbeam_clinic.follow_ups.models import FollowUpMoment, ImprovementRange, leading_improvement
from skinbeam_clinic.follow_ups.sealed_content import FOLLOW_UP_CONTENT, FollowUpContent
from skinbeam_clinic.patient_links.person import kept_ids
from skinbeam_clinic.plans.document import parse_plan
from skinbeam_clinic.plans.option_ref import OptionRef
from skinbeam_clinic.plans.shared_patterns import has_same_setting
from skinbeam_clinic.pulse_settings import PulseSettings
from skinbeam_clinic.treatments.models import AlsoTreated, find_valid_firings
from skinbeam_clinic.treatments.repository import list_altered_treatments
from skinbeam_clinic.treatments.sealed_content import (
    ADVERSE_EVENT_CONTENT,
    CHECKLIST_CONTENT,
    FIRED_CONTENT,
    AdverseEventContent,
    FiredContent,
)
from skinbeam_clinic.used_cooling import CoolingKind

__all__ = ["CourseOutcome", "FiredSettings", "OutcomeRepository"]

_ENDED_STATES = ("done", "stopped")
# The patient of a consultation and the name of a member never change: saved answers and sign-ins are no change here.
_TABLES = ("treatment", "treated_area", "adverse_event", "follow_up")
_TREATMENT_COLUMNS = (
    "id",
    "consultation_id",
    "plan_id",
    "option",
    "number",
    "device",
    "state",
    "started_by",
    "created_at",
    "ended_at",
)
_FOLLOW_UP_COLUMNS = ("id", "consultation_id", "treatment_id", "seen_at", "noted_by")
_MOST_ENTRIES = 5000  # since the last count: with more, counting again is faster than checking each


@dataclass(frozen=True)
class FiredSettings:
    """The settings that were fired at one area.

    Parameters
    ----------
    device : its name, in the catalogue or of the clinic itself.
    cooling : kind of the cooling; None where it is not recorded.
    """

    device: str
    settings: PulseSettings
    passes: int | None
    cooling: CoolingKind | None = None


@dataclass(frozen=True)
class CourseOutcome:
    """The treatments of one concern of a consultation, under one plan, and their outcome.

    A session that was ordered for another concern counts for this one where the plan has the same setting for both:
    what it foretold is of that setting. Under another one, such as deeper columns, nothing was foretold.

    Parameters
    ----------
    plan_file : name in the file store of the plan under which the first session was done; `option` is its place there.
    operators : ids of all members who treated.
    sessions : how many were done or stopped.
    months_after : of the last follow-up, since the last session; None without a follow-up after it.
    improvement : by the last grade that counts; None without a grade.
    harms : kinds of the adverse events of all sessions.
    pain_0_10 : the worst of each session, as the mean over all sessions; None where it was never recorded.
    days_away : from other people after the last session, as patients said it last; None where none did.
    is_cooled_otherwise : whether an area was cooled otherwise than planned. Where the cooling is not recorded, as in
        sessions of earlier versions, the planned one counts.
    is_altered : whether a record of it cannot be read, since it was altered: what it tells is not the whole course.
    """

    patient_id: str
    plan_file: str
    option: str
    operators: frozenset[str]
    sessions: int
    months_after: float | None
    improvement: ImprovementRange | None
    harms: frozenset[str]
    pain_0_10: float | None
    fired: tuple[FiredSettings, ...]
    days_away: int | None = None
    is_cooled_otherwise: bool = False
    is_altered: bool = False

    @property
    def has_follow_up(self) -> bool:
        """Whether there was a follow-up after the last session."""
        return self.months_after is not None


@dataclass(frozen=True)
class _CourseRecords:
    """What the courses of a clinic consist of.

    Parameters
    ----------
    patients, plan_files : of a consultation, and of a plan.
    areas, events, follow_ups, also : of a treatment; areas by their id, and `also` where there is any.
    """

    patients: Mapping[str, str]
    plan_files: Mapping[str, str]
    areas: Mapping[str, Mapping[str, FiredContent]]
    events: Mapping[str, Sequence[AdverseEventContent]]
    follow_ups: Mapping[str, Sequence[tuple[follow_up_tables.FollowUpRow, FollowUpContent]]]
    also: Mapping[str, Sequence[AlsoTreated]]


class OutcomeRepository(Repository):
    """The courses of a clinic, for statistics."""

    def find_change(self, since: int) -> tuple[int, bool]:
        """Return the end of the audit log, and whether it shows a change of courses since an earlier end."""
        with self._access.reading(AccessRight.OUTCOMES) as work:
            work.log("outcomes.counted", "treatment")
            about = or_(*(AuditEntryRow.subject.startswith(f"{name}/") for name in _TABLES))
            entries = work.entries(AuditEntryRow.seq > since, about, limit=_MOST_ENTRIES)
            changed = not since or len(entries) == _MOST_ENTRIES or any("row" in entry.detail for entry in entries)
            return work.log_length, changed

    def courses(self) -> tuple[CourseOutcome, ...]:
        """Return every course with an ended session in which something was fired.

        It says which of them cannot be read as a whole.
        """
        with self._access.skipping_altered(), self._access.reading(AccessRight.OUTCOMES) as work:
            work.log("outcomes.counted", "treatment")
            return tuple(self._load_courses(work))

    def export_courses(self, form: str) -> tuple[tuple[CourseOutcome, ...], str]:
        """Return every course for a table that leaves the clinic, and the clinic's pseudonym.

        The pseudonym stays the same, so that whoever imports two tables knows that they are from one clinic.
        """
        with self._access.reading(AccessRight.EXPORT) as work:
            work.log("outcomes.exported", "treatment", form=form)
            name = self._access.database.secret.signature("pseudonym of clinic", work.clinic_id.encode())
            return tuple(self._load_courses(work)), "".join(chr(ord("a") + int(sign, 16)) for sign in name[:8])

    def member_names(self) -> Mapping[str, str]:
        """Return the names of the clinic's members by their ids."""
        with self._access.reading_unlogged(AccessRight.OUTCOMES) as work:
            return dict(work.list_names(tables.MemberRow, tables.MemberRow.name))

    def plan(self, course: CourseOutcome) -> bytes:
        """Return the document of a course's plan; `courses` has recorded the reading in the audit log."""
        return self._access.database.files.get(self._access.member.clinic_id, course.plan_file)

    def _load_courses(self, work: ClinicTransaction) -> Iterator[CourseOutcome]:
        table = treatment_tables.TreatmentRow
        ended = [row for (row,) in _load_rows(work, table, _TREATMENT_COLUMNS) if row.state in _ENDED_STATES]
        records = _load_records(work)
        altered = list_altered_treatments(work)
        courses: dict[tuple[str, int], list[tuple[treatment_tables.TreatmentRow, str]]] = defaultdict(list)
        for row in ended:
            fired = find_valid_firings(records.areas.get(row.id, {})).values()
            if row.id in altered or fired:
                sites = {area.site for area in fired}
                for option in (row.option, *self._list_options_of_same_setting(row, records, sites)):
                    courses[row.consultation_id, OptionRef.parse(option).concern].append((row, option))
        for treatments in courses.values():
            treatments.sort(key=lambda treatment: treatment[0].created_at)
            course = _build_course([row for row, _ in treatments], treatments[0][1], records)
            yield replace(course, is_altered=any(row.id in altered for row, _ in treatments))

    def _list_options_of_same_setting(
        self, row: treatment_tables.TreatmentRow, records: _CourseRecords, sites: Collection[str]
    ) -> list[str]:
        """Return the options of the other concerns that a session treats at one of its sites with their own setting."""
        also = [
            other for other in records.also.get(row.id, ()) if any(sites_overlap(other.site, site) for site in sites)
        ]
        if not also:
            return []
        files = self._access.database.files
        plan = parse_plan(files.get(self._access.member.clinic_id, records.plan_files[row.plan_id]))
        return [other.option for other in also if has_same_setting(plan, row.option, other.option)]


def _load_records(work: ClinicTransaction) -> _CourseRecords:
    kept_by_duplicate = kept_ids(work)  # two records of one person are one person
    consultation, plan, treatment = tables.ConsultationRow, tables.PlanRow, treatment_tables.TreatmentRow
    area, event = treatment_tables.TreatedAreaRow, treatment_tables.AdverseEventRow
    areas: dict[str, dict[str, FiredContent]] = defaultdict(dict)
    for treatment_id, id, fired in work.read_columns(area, area.treatment_id, area.id, sealed=FIRED_CONTENT):
        areas[treatment_id][id] = fired
    events: dict[str, list[AdverseEventContent]] = defaultdict(list)
    for treatment_id, content in work.read_columns(event, event.treatment_id, sealed=ADVERSE_EVENT_CONTENT):
        events[treatment_id].append(content)
    follow_ups: dict[str, list[tuple[follow_up_tables.FollowUpRow, FollowUpContent]]] = defaultdict(list)
    for row, content in _load_rows(work, follow_up_tables.FollowUpRow, _FOLLOW_UP_COLUMNS, FOLLOW_UP_CONTENT):
        follow_ups[row.treatment_id].append((row, content))
    return _CourseRecords(
        patients={
            id: kept_by_duplicate.get(patient_id, patient_id)
            for id, patient_id in work.read_columns(consultation, consultation.id, consultation.patient_id)
        },
        plan_files={id: files["plan.json"] for id, files in work.read_columns(plan, plan.id, plan.files)},
        areas=areas,
        events=events,
        follow_ups=follow_ups,
        also={
            id: checklist.ordered.also
            for id, checklist in work.read_columns(treatment, treatment.id, sealed=CHECKLIST_CONTENT)
            if checklist.ordered.also
        },
    )


def _load_rows(
    work: ClinicTransaction, table: type[ClinicScoped], columns: Sequence[str], sealed: SealedRecord[Any] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Yield rows with these columns alone, each followed by the record in its sealed column, if one is asked for."""
    for values in work.read_columns(table, *(getattr(table, name) for name in columns), sealed=sealed):
        yield table(**dict(zip(columns, values, strict=False))), *values[len(columns) :]


def _build_course(rows: Sequence[treatment_tables.TreatmentRow], option: str, records: _CourseRecords) -> CourseOutcome:
    """Return the course of the concern of an option."""
    first, last = rows[0], max(rows, key=lambda treatment: treatment.ended_at or treatment.created_at)
    fired = [(treatment, find_valid_firings(records.areas.get(treatment.id, {})).values()) for treatment in rows]
    worst = [max(pains) for _, held in fired if (pains := [x.pain_0_10 for x in held if x.pain_0_10 is not None])]
    own = [
        (row, held)
        for row, held in records.follow_ups.get(last.id, ())
        if OptionRef.parse(held.option or last.option).concern == OptionRef.parse(option).concern
    ]
    read = (build_follow_up(row, held, last, str) for row, held in own)
    after = sorted(
        (follow_up for follow_up in read if follow_up.moment is FollowUpMoment.AFTER),
        key=lambda follow_up: follow_up.seen_at,
    )
    graded = [
        improvement
        for follow_up in after
        if isinstance(improvement := leading_improvement(follow_up), ImprovementRange)
    ]
    away = [
        follow_up.said.days_away
        for follow_up in after
        if follow_up.said is not None and follow_up.said.days_away is not None
    ]
    return CourseOutcome(
        patient_id=records.patients[first.consultation_id],
        plan_file=records.plan_files[first.plan_id],
        option=option,
        operators=frozenset(treatment.started_by for treatment in rows if treatment.started_by),
        sessions=len(rows),
        months_after=after[-1].months_after if after else None,
        improvement=graded[-1] if graded else None,
        harms=frozenset(event.kind for treatment in rows for event in records.events.get(treatment.id, ())),
        pain_0_10=sum(worst) / len(worst) if worst else None,
        days_away=away[-1] if away else None,
        fired=tuple(
            FiredSettings(
                treatment.device or "", area.settings, area.passes, None if area.cooling is None else area.cooling.kind
            )
            for treatment, held in fired
            for area in held
        ),
        is_cooled_otherwise=any(area.cooling_change is not None for _, held in fired for area in held),
    )
