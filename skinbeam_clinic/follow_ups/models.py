"""What came of a treatment, as the records hand it out: what a clinician graded, and what the patient said.

A clinician grades how much better by quarters and by the steps of the Global Aesthetic Improvement Scale, as trials do;
a patient may grade by the same. Satisfaction, confidence and pain are free scales of this project and no validated
instruments.
"""

import datetime
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

from skinbeam.model.estimate import Unknown
from skinbeam.text import render_message

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
    """Whether somebody was asked before the first treatment of a course or after its last."""

    BEFORE = "before"
    AFTER = "after"


class ImprovementQuarter(StrEnum):
    """How much better, in the quarters that trials print; what is no better and no worse lies in the first."""

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
    """A grade in per cent, from `low_pct` to `high_pct`, and whose it is; what is worse has no measure of how much."""

    low_pct: float
    high_pct: float
    rater: Rater


@dataclass(frozen=True)
class SelfRating:
    """Two free scales from 0 to 10: how confident somebody is in their looks, and how much it hurts.

    Parameters
    ----------
    remembered : asked of a time that was past: what is remembered is coloured by what came after.
    """

    confidence_0_10: int
    pain_0_10: int
    remembered: bool = False


@dataclass(frozen=True)
class PatientReport:
    """What a patient said.

    Parameters
    ----------
    now : at this time.
    before : before the first treatment, where it was not asked then.
    quarter, change, satisfied_1_5 : None before a treatment; 5 is very satisfied.
    alone : whether they filled it in themselves, and were not asked by somebody of the clinic.
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


@dataclass(frozen=True)
class ScaleReading:
    """A score by a scale of a condition, before and after; either may not be known."""

    scale: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class ClinicianGrade:
    """What somebody of the clinic graded.

    Parameters
    ----------
    hidden : it was graded by photographs of which the rater was not told which is from before.
    unseen : the rater had not been shown what the patient said.
    treated : the rater had a hand in the treatment.
    rater_id : by which the records know the rater.
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

    @property
    def blinded(self) -> bool:
        """Whether trials would call the rater so."""
        return self.hidden and self.unseen and not self.treated


@dataclass(frozen=True)
class BeforeAfterPair:
    """Two photographs of the same place, by name."""

    id: str
    before_id: str
    after_id: str


@dataclass(frozen=True)
class FollowUp:
    """What was seen and said at one visit before or after a course of treatments.

    Parameters
    ----------
    treatment_id : the first treatment of the course before it, the last one after it.
    plan_id, option : of that treatment: what was foretold, as it was consented to.
    treated_at : when it ended; None of what was asked before it.
    months_after : since then; 0 before.
    grades : oldest first; of one rater the last one counts.
    opened_by, paired_by : names, as the records know them, of those who were shown what the patient said, and of those
        who know which photograph is which since they put them side by side.
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

    def graded_by(self, member_id: str) -> ClinicianGrade | None:
        """Return the grade of a member that counts; None where they gave none."""
        return next((one for one in reversed(self.grades) if one.rater_id == member_id), None)


@dataclass(frozen=True)
class TreatmentCourse:
    """The treatments of one concern in a consultation, and what was asked before and seen after them.

    Parameters
    ----------
    treatment_id, plan_id, option : of the last one.
    sessions : how many have ended.
    treated_at : when the last of these ended; None where none has.
    """

    consultation_id: str
    treatment_id: str
    plan_id: str
    option: str
    sessions: int
    treated_at: datetime.datetime | None
    follow_ups: tuple[FollowUp, ...]

    @property
    def asked_before(self) -> bool:
        """Whether it was asked how it was before the first treatment."""
        return any(one.moment is FollowUpMoment.BEFORE for one in self.follow_ups)


@dataclass(frozen=True)
class DueFollowUp:
    """A patient whose last treatment is so long ago that they should be seen again."""

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
    """Return the improvement that counts: by a blinded rater before another clinician, by a patient where none graded.

    Bounds meet, as in the table of studies: who is better by half lies in the third quarter.
    """
    last = {one.rater_id: one for one in follow_up.grades}.values()
    for one in sorted(last, key=lambda grade: not grade.blinded):
        return ImprovementRange(*_BOUNDS_PCT[one.quarter], "blinded" if one.blinded else "physician")
    if follow_up.said is not None and follow_up.said.quarter is not None:
        return ImprovementRange(*_BOUNDS_PCT[follow_up.said.quarter], "patient")
    return Unknown(render_message("followed.not-graded"))
