"""Immutable records of follow-ups: clinicians' grades, patient reports, pairs of photographs, and courses.

A clinician grades improvement by quarters and by the Global Aesthetic Improvement Scale, as trials do; a patient may
use the same scales. Satisfaction, confidence and pain are free scales of this project and no validated instruments.
"""

import datetime
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

from skinbeam.model.estimate import Unknown
from skinbeam.text import render_message
from skinbeam_clinic.plans.option_ref import OptionRef

__all__ = [
    "AestheticChange",
    "BeforeAfterPair",
    "ClinicianGrade",
    "DueFollowUp",
    "FollowUp",
    "FollowUpMoment",
    "ImprovementQuarter",
    "ImprovementRange",
    "PatientReport",
    "ScaleReading",
    "SelfRating",
    "TreatmentCourse",
    "leading_improvement",
]

Rater = Literal["blinded", "physician", "patient"]  # as the table of studies names them


class FollowUpMoment(StrEnum):
    """Time of a follow-up: before the first treatment of a course, or after its last."""

    BEFORE = "before"
    AFTER = "after"


class ImprovementQuarter(StrEnum):
    """Improvement in the quarters that trials report; an unchanged result is in the first quarter."""

    WORSE = "worse"
    FIRST = "0-25"
    SECOND = "26-50"
    THIRD = "51-75"
    FOURTH = "76-100"


class AestheticChange(IntEnum):
    """The five steps of the Global Aesthetic Improvement Scale by their numbers."""

    VERY_MUCH_BETTER = 1
    MUCH_BETTER = 2
    BETTER = 3
    SAME = 4
    WORSE = 5


@dataclass(frozen=True)
class ImprovementRange:
    """Improvement in per cent, from `low_pct` to `high_pct`, with the kind of rater; a worsening is not quantified."""

    low_pct: float
    high_pct: float
    rater: Rater


@dataclass(frozen=True)
class SelfRating:
    """A patient's ratings on two free scales from 0 to 10: confidence in their looks, and pain.

    Parameters
    ----------
    remembered : whether the rating is about a past time; such ratings are biased by later events.
    """

    confidence_0_10: int
    pain_0_10: int
    remembered: bool = False


@dataclass(frozen=True)
class PatientReport:
    """A patient's answers at a follow-up.

    Parameters
    ----------
    now : rating at the time of the report.
    before : remembered rating of the time before the first treatment, if it was not recorded then.
    quarter, change, satisfied_1_5 : None before a treatment; 5 is very satisfied.
    days_away : from other people, after the last session; None where it was not said.
    alone : whether the patient filled in the form alone, without a member of the clinic.
    """

    now: SelfRating
    before: SelfRating | None
    quarter: ImprovementQuarter | None
    change: AestheticChange | None
    satisfied_1_5: int | None
    words: str
    alone: bool
    said_at: datetime.datetime
    noted_by: str
    days_away: int | None = None


@dataclass(frozen=True)
class ScaleReading:
    """Scores on a scale of a condition before and after treatment; None where unknown."""

    scale: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class ClinicianGrade:
    """A grade by a member of the clinic.

    Parameters
    ----------
    hidden : whether it was graded by photographs whose order was hidden from the rater.
    unseen : whether the rater had not seen the patient's answers.
    treated : whether the rater took part in the treatment.
    measured : whether the rater could have seen what was measured on a pair.
    """

    quarter: ImprovementQuarter
    change: AestheticChange
    readings: tuple[ScaleReading, ...]
    notes: str
    hidden: bool
    unseen: bool
    treated: bool
    graded_at: datetime.datetime
    rater: str
    rater_id: str
    measured: bool = False

    @property
    def blinded(self) -> bool:
        """Whether the rater was blinded as in trials: order hidden, answers unseen, and not treating."""
        return self.hidden and self.unseen and not self.treated


@dataclass(frozen=True)
class BeforeAfterPair:
    """Ids of two photographs of the same place, before and after treatment."""

    id: str
    before_id: str
    after_id: str


@dataclass(frozen=True)
class FollowUp:
    """Report and grades of a visit before or after a course of treatments.

    Parameters
    ----------
    treatment_id : the first treatment of the course for a visit before it, the last one for a visit after it.
    plan_id, option : of that treatment, for the predicted outcome that was consented to. Where its pulses treated the
        concern beside that of their order, the option is the concern's own.
    treated_at : when it ended; None for a visit before the course.
    months_after : months since then; 0 for a visit before the course.
    said : the patient's report; None before it.
    grades : oldest first; `valid_grades` are those that count.
    opened_by, paired_by : ids of the members who have seen the patient's report, and of those who know the order of the
        photographs since they paired them.
    """

    id: str
    consultation_id: str
    treatment_id: str
    plan_id: str
    option: str
    treated_at: datetime.datetime | None
    moment: FollowUpMoment
    months_after: float
    seen_at: datetime.datetime
    noted_by: str
    said: PatientReport | None = None
    grades: tuple[ClinicianGrade, ...] = ()
    pairs: tuple[BeforeAfterPair, ...] = ()
    opened_by: tuple[str, ...] = ()
    paired_by: tuple[str, ...] = ()

    @property
    def valid_grades(self) -> tuple[ClinicianGrade, ...]:
        """The grade of each rater that counts.

        It is the last one, of those that they gave before they could see what was measured if there are any.
        """
        unseen_last = sorted(self.grades, key=lambda grade: not grade.measured)
        return tuple({grade.rater_id: grade for grade in unseen_last}.values())

    def is_of(self, treatment_id: str, option: str) -> bool:
        """Return whether it follows this treatment, and the concern of this option."""
        here, there = OptionRef.find(option), OptionRef.find(self.option)
        is_same = option == self.option if here is None or there is None else here.concern == there.concern
        return is_same and self.treatment_id == treatment_id

    def find_grade(self, member_id: str) -> ClinicianGrade | None:
        """Return the last grade of a member; None without one."""
        return next((grade for grade in reversed(self.grades) if grade.rater_id == member_id), None)


@dataclass(frozen=True)
class TreatmentCourse:
    """The treatments of one concern in a consultation, with the follow-ups before and after them.

    Parameters
    ----------
    treatment_id, plan_id : of the last treatment.
    option : by which that treated the concern, or the concern's own where the pulses were ordered for another one.
    ordered_option : by which it was ordered.
    sessions : number of treatments that have ended and in which something was fired.
    treated_at : when the last of these ended; None where none has.
    """

    consultation_id: str
    treatment_id: str
    plan_id: str
    option: str
    ordered_option: str
    sessions: int
    treated_at: datetime.datetime | None
    follow_ups: tuple[FollowUp, ...]

    @property
    def has_baseline(self) -> bool:
        """Whether there is a follow-up from before the first treatment."""
        return any(follow_up.moment is FollowUpMoment.BEFORE for follow_up in self.follow_ups)


@dataclass(frozen=True)
class DueFollowUp:
    """A patient with a concern that is due for a follow-up, and when that was last treated."""

    patient_id: str
    pseudonym: str
    consultation_id: str
    treated_at: datetime.datetime
    overdue: bool


_BOUNDS_PCT = {
    ImprovementQuarter.WORSE: (-100.0, 0.0),
    ImprovementQuarter.FIRST: (0.0, 25.0),
    ImprovementQuarter.SECOND: (25.0, 50.0),
    ImprovementQuarter.THIRD: (50.0, 75.0),
    ImprovementQuarter.FOURTH: (75.0, 100.0),
}


def leading_improvement(follow_up: FollowUp) -> ImprovementRange | Unknown:
    """Return the improvement by the best rater: a blinded rater, else another clinician, else the patient.

    Adjacent ranges share their bounds, as in the table of studies; an improvement by half is in the third quarter.
    """
    for valid_grade in sorted(follow_up.valid_grades, key=lambda grade: not grade.blinded):
        return ImprovementRange(*_BOUNDS_PCT[valid_grade.quarter], "blinded" if valid_grade.blinded else "physician")
    if follow_up.said is not None and follow_up.said.quarter is not None:
        return ImprovementRange(*_BOUNDS_PCT[follow_up.said.quarter], "patient")
    return Unknown(render_message("followed.not-graded"))
