"""Compare the outcomes of a clinic's courses with the predictions of their signed plans.

A plan never changes, so its predictions are read once; all courses are counted again when the audit log shows a change.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from skinbeam.model.estimate import Unknown
from skinbeam.outcome_audit.outcomes import AuditedCourse, ObservedOutcome, PredictedOutcome
from skinbeam.plan_records.document import read_plan
from skinbeam.plan_records.plan import Plan
from skinbeam.text import current_language
from skinbeam_clinic.machines.clinic_devices import CATALOGUE, ClinicDevices
from skinbeam_clinic.outcome_audit.repository import CourseOutcome
from skinbeam_clinic.outcome_audit.views import OutcomeSummary, TreatmentKind, summarize_outcomes, treatment_kinds
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import ADVERSE_KINDS

__all__ = [
    "ClinicOutcomes",
    "CourseComparison",
    "OutcomeReader",
    "PlanPrediction",
    "read_prediction",
]


@dataclass(frozen=True)
class PlanPrediction:
    """The predictions of a plan for the signed option, with condition, site and phototype."""

    condition: str
    modality: str
    site: str
    severity: str | Unknown
    phototype: str | Unknown
    predicted: PredictedOutcome


def read_prediction(plan: Plan, place: str) -> PlanPrediction:
    """Return the predictions of a plan for the option at a place, such as `0.1`.

    Only harms that can be recorded as adverse events are included: the risk in case of a cooling failure is no
    prediction.
    """
    concern, option = find_option(plan, place)
    return PlanPrediction(
        concern.condition,
        option.modality,
        concern.site,
        concern.severity,
        plan.assessment.phototype,
        PredictedOutcome(
            option.expected.p_at_least["50"],
            {harm.name: harm.p for harm in option.harms if harm.name in ADVERSE_KINDS},
            option.downtime_days,
            option.pain_0_10,
        ),
    )


_HALF_PCT = 50.0
_MOST_PREDICTIONS = 50_000  # in the cache, of a few kilobytes each


@dataclass(frozen=True)
class CourseComparison:
    """A course with its plan's predictions, and the audited outcome made from both."""

    course: CourseOutcome
    prediction: PlanPrediction
    outcome: AuditedCourse


@dataclass(frozen=True)
class ClinicOutcomes:
    """The audited courses of a clinic.

    Parameters
    ----------
    course_count, people : number of courses that were begun, and of their patients.
    comparisons : courses that were followed up after their last session, and cooled as planned.
    cooled_otherwise : number of courses that were followed up, too, and are not compared: the predictions of their
        plans are of skin with the planned cooling.
    altered : number of courses that are not compared, since a record of them cannot be read: a harm may be among them.
    names : names of the clinicians who treated, by their id in the records.
    devices : those that the clinic knows.
    """

    course_count: int
    people: int
    comparisons: tuple[CourseComparison, ...]
    names: Mapping[str, str]
    cooled_otherwise: int = 0
    altered: int = 0
    devices: ClinicDevices = CATALOGUE
    _summaries: dict[tuple[str, str], OutcomeSummary] = field(default_factory=dict)

    @property
    def without_follow_up(self) -> int:
        """The number of courses without a follow-up."""
        return self.course_count - len(self.comparisons) - self.cooled_otherwise - self.altered

    @cached_property
    def kinds(self) -> tuple[tuple[TreatmentKind, ...], int, int]:
        """The kinds of treatment that are shown separately; how many are not, and how many people these have."""
        return treatment_kinds([comparison.outcome for comparison in self.comparisons])

    def summary(self, kind: TreatmentKind | None) -> OutcomeSummary:
        """Return the summary of a kind of treatment, or of all."""
        name = "" if kind is None else kind.name, current_language()
        if name not in self._summaries:
            outcomes = [comparison.outcome for comparison in self.comparisons]
            if kind is not None:
                outcomes = [outcome for outcome in outcomes if f"{outcome.condition}.{outcome.modality}" == kind.name]
            self._summaries[name] = summarize_outcomes(outcomes, self.kinds[0] if kind is None else (kind,))
        return self._summaries[name]


class OutcomeReader:
    """Reads the outcomes of clinics, and caches them until they change."""

    def __init__(self) -> None:
        self._predictions: dict[tuple[str, str, str], PlanPrediction] = {}
        self._read: dict[str, tuple[int, ClinicOutcomes]] = {}
        self._one_at_a_time = threading.Lock()

    def read(self, repositories: ClinicRepositories) -> ClinicOutcomes:
        """Return the predictions and outcomes of every course of a clinic."""
        with self._one_at_a_time:
            since, known = self._read.get(repositories.member.clinic_id, (0, None))
            end, changed = repositories.outcomes.find_change(since)
            if known is None or changed:
                known = self._compare_courses(repositories, repositories.outcomes.courses())
            self._read[repositories.member.clinic_id] = (end, known)
            return known

    def read_for_export(self, repositories: ClinicRepositories, form: str) -> tuple[ClinicOutcomes, str]:
        """Return the same for a table that leaves the clinic, and the clinic's pseudonym."""
        courses, pseudonym = repositories.outcomes.export_courses(form)
        return self._compare_courses(repositories, courses), pseudonym

    def _compare_courses(self, repositories: ClinicRepositories, courses: Sequence[CourseOutcome]) -> ClinicOutcomes:
        whole = [course for course in courses if not course.is_altered]
        followed = [outcome for outcome in whole if outcome.has_follow_up]
        alike = [outcome for outcome in followed if not outcome.is_cooled_otherwise]
        compared = [(outcome, self._compare_course(repositories, outcome)) for outcome in alike]
        return ClinicOutcomes(
            course_count=len(courses),
            people=len({course.patient_id for course in courses}),
            comparisons=tuple(
                CourseComparison(course, prediction, _make_outcome(course, prediction))
                for course, prediction in compared
            ),
            names=repositories.outcomes.member_names(),
            cooled_otherwise=len(followed) - len(alike),
            altered=len(courses) - len(whole),
            devices=repositories.own_devices.read(),
        )

    def _compare_course(self, repositories: ClinicRepositories, course: CourseOutcome) -> PlanPrediction:
        name = repositories.member.clinic_id, course.plan_file, course.option
        if name not in self._predictions:
            if len(self._predictions) >= _MOST_PREDICTIONS:
                self._predictions.clear()
            plan = read_plan(json.loads(repositories.outcomes.plan(course)))
            self._predictions[name] = read_prediction(plan, course.option)
        return self._predictions[name]


def _make_outcome(course: CourseOutcome, prediction: PlanPrediction) -> AuditedCourse:
    half = None if course.improvement is None else course.improvement.low_pct >= _HALF_PCT
    alone = next(iter(course.operators)) if len(course.operators) == 1 else ""
    seen = ObservedOutcome(half, course.harms, course.days_away, course.pain_0_10)
    return AuditedCourse(
        course.patient_id,
        prediction.condition,
        prediction.modality,
        prediction.site,
        prediction.phototype,
        alone,
        prediction.predicted,
        seen,
    )
