"""What a signed plan foretold of an option, read from the kept document."""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.outcome_audit.outcomes import AuditedCourse, ObservedOutcome, PredictedOutcome
from skinbeam.text import current_language
from skinbeam_clinic.outcome_audit.repository import CourseOutcome
from skinbeam_clinic.outcome_audit.views import OutcomeSummary, TreatmentKind, summarize_outcomes, treatment_kinds
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
    """What a plan says of the option that was signed, and of whom."""

    condition: str
    modality: str
    site: str
    severity: str | Unknown
    phototype: str | Unknown
    foretold: PredictedOutcome


def read_prediction(plan: Mapping[str, Any], option: str) -> PlanPrediction:
    """Return what a plan's document says of the option at a place, such as `0.1`.

    Of its harms those alone that may be noted as adverse events: what would be if the cooling failed is no forecast.
    """
    place, number = map(int, option.split("."))
    concern = plan["concerns"][place]
    one = concern["options"][number]
    return PlanPrediction(
        concern["condition"],
        one["modality"],
        concern["site"],
        _parse_word(concern["severity"]),
        _parse_word(plan["assessment"]["phototype"]),
        PredictedOutcome(
            _parse_value(one["expected"]["p_at_least"]["50"]),
            {harm["name"]: _parse_value(harm["p"]) for harm in one["harms"] if harm["name"] in ADVERSE_KINDS},
            _parse_value(one["downtime_days"]),
            _parse_value(one["pain_0_10"]),
        ),
    )


def _parse_value(written: Mapping[str, Any]) -> Value:
    return (
        Unknown(written["unknown"])
        if "unknown" in written
        else Estimate(**{**written, "basis": tuple(written["basis"])})
    )


def _parse_word(written: str | Mapping[str, str]) -> str | Unknown:
    return written if isinstance(written, str) else Unknown(written["unknown"])


# Courses of the records and what their plans foretold, joined: the outcomes that are judged.
#
# A plan never changes, so what it foretold is read once; all is counted again when the trail tells of a change.

_HALF_PCT = 50.0
_MOST_PREDICTIONS = 50_000  # of a few kilobytes each: beyond that they are read again


@dataclass(frozen=True)
class CourseComparison:
    """A course with what its plan told of it, and the outcome that both make."""

    course: CourseOutcome
    told: PlanPrediction
    outcome: AuditedCourse


@dataclass(frozen=True)
class ClinicOutcomes:
    """All courses of a clinic.

    Parameters
    ----------
    treated, people : courses that were begun, and how many people have them.
    judged : those that were followed up after their last session.
    names : of who treated, by the name in the records.
    """

    treated: int
    people: int
    judged: tuple[CourseComparison, ...]
    names: Mapping[str, str]
    _learnt: dict[tuple[str, str], OutcomeSummary] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many courses nobody followed up."""
        return self.treated - len(self.judged)

    @cached_property
    def kinds(self) -> tuple[tuple[TreatmentKind, ...], int, int]:
        """The kinds of treatment that are shown by themselves; how many are not, and how many people those have."""
        return treatment_kinds([one.outcome for one in self.judged])

    def learnt(self, kind: TreatmentKind | None) -> OutcomeSummary:
        """Return what the page shows of a kind of treatment, or of all."""
        name = "" if kind is None else kind.name, current_language()
        if name not in self._learnt:
            outcomes = [one.outcome for one in self.judged]
            if kind is not None:
                outcomes = [one for one in outcomes if f"{one.condition}.{one.modality}" == kind.name]
            self._learnt[name] = summarize_outcomes(outcomes, self.kinds[0] if kind is None else (kind,))
        return self._learnt[name]


class OutcomeReader:
    """Reads the outcomes of clinics, and keeps what it has read until it changes."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], PlanPrediction] = {}
        self._read: dict[str, tuple[int, ClinicOutcomes]] = {}
        self._one_at_a_time = threading.Lock()

    def read(self, desk: ClinicRepositories) -> ClinicOutcomes:
        """Return what was foretold and seen of every course of a clinic."""
        with self._one_at_a_time:
            since, known = self._read.get(desk.member.clinic_id, (0, None))
            end = desk.outcomes.changed(since)
            if known is None or end is not None:
                known = self._compare_courses(desk, desk.outcomes.courses())
                self._read[desk.member.clinic_id] = (since if end is None else end, known)
            return known

    def exported(self, desk: ClinicRepositories, form: str) -> tuple[ClinicOutcomes, str]:
        """Return the same for a table that leaves the clinic, and the clinic's pseudonym."""
        courses, pseudonym = desk.outcomes.exported(form)
        return self._compare_courses(desk, courses), pseudonym

    def _compare_courses(self, desk: ClinicRepositories, courses: Sequence[CourseOutcome]) -> ClinicOutcomes:
        told = [(one, self._compare_course(desk, one)) for one in courses if one.followed]
        return ClinicOutcomes(
            treated=len(courses),
            people=len({one.patient_id for one in courses}),
            judged=tuple(CourseComparison(course, one, _make_outcome(course, one)) for course, one in told),
            names=desk.outcomes.names(),
        )

    def _compare_course(self, desk: ClinicRepositories, course: CourseOutcome) -> PlanPrediction:
        name = desk.member.clinic_id, course.plan_file, course.option
        if name not in self._told:
            if len(self._told) >= _MOST_PREDICTIONS:
                self._told.clear()
            self._told[name] = read_prediction(json.loads(desk.outcomes.plan(course)), course.option)
        return self._told[name]


def _make_outcome(course: CourseOutcome, told: PlanPrediction) -> AuditedCourse:
    half = None if course.improved is None else course.improved.low_pct >= _HALF_PCT
    alone = next(iter(course.operators)) if len(course.operators) == 1 else ""
    seen = ObservedOutcome(half, course.harms, None, course.pain_0_10)
    return AuditedCourse(
        course.patient_id, told.condition, told.modality, told.site, told.phototype, alone, told.foretold, seen
    )
